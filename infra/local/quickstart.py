"""QuickStart beside the broker: IBM's organization that anybody may enter (IBM manual 5.2.5 and 5.3.9)."""

from collections.abc import Iterable
from typing import Any

from chalicelib.dialects.ibm import quickstart
from infra.local.iot_core import Guests, Relayed, Rule


class QuickStart:
    """`arn` is what stands before `topic/…` in the ARNs of the broker."""

    rules = tuple(Rule(*rule) for rule in quickstart.RULES)

    def __init__(self, arn: str) -> None:
        self._arn = arn
        self._visits = quickstart.Visits()

    def recognises(self, client_id: str) -> bool:
        return quickstart.recognises(client_id)

    def authorize(self, event: dict[str, Any]) -> dict[str, Any]:
        return quickstart.authorize(str(event["protocolData"]["mqtt"].get("clientId", "")), self._arn)

    def relay(self, function: str, event: dict[str, Any]) -> Iterable[Relayed]:
        for told in self._visits.heard(function, event):
            yield Relayed(told.message.topic, told.message.payload, told.present)


def guests(most: int, *, region: str, account: str) -> Guests | None:
    """None where nobody may come without credentials, as is the default."""
    return Guests(QuickStart(f"arn:aws:iot:{region}:{account}:"), most) if most else None
