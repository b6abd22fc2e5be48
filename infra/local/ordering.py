"""Which events run behind which: a device's own in order, but for its answers, which wait for no data of its own.

Lambda runs asynchronous invocations side by side. Here a device that sends faster than this machine works would
otherwise let its commands run out while its answers to them stand behind its messages. And tenants take turns, so
that one with a thousand devices does not hold up another's one.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any

from chalicelib.dialects.topics import matches
from infra.local.turns import Place

TELL_TENANT = "tellTenant"
"""What a broker of ours adds to an authorizer's event, to hear in the answer whose the client is."""
_MOST_CLIENTS = 100_000

Authorize = Callable[[dict[str, Any]], dict[str, Any]]


ALONE = Place(None, None)


class Ordering:
    """`answers` are filters of the topics on which clients answer what was sent to them. Thread-safe."""

    def __init__(self, answers: Sequence[str] = ()) -> None:
        self._answers = answers
        self._lock = threading.Lock()
        self._tenants: OrderedDict[str, str] = OrderedDict()

    def place(self, event: Any) -> Place:
        return Place(self._lane(event), self._group(event))

    def _lane(self, event: Any) -> Hashable | None:
        client = _client(event)
        if client is None:
            return None
        topic = event.get("topic")
        answers = isinstance(topic, str) and any(matches(known, topic) for known in self._answers)
        return (client, "answers") if answers else client

    def _group(self, event: Any) -> Hashable | None:
        """The event's tenant, as far as that is known, or else its client."""
        client = _client(event)
        if client is None:
            tenant = event.get("tenant") if isinstance(event, Mapping) else None
            return tenant if isinstance(tenant, str) else None
        with self._lock:
            return self._tenants.get(client, client)

    def learning(self, authorize: Authorize) -> Authorize:
        """The same authorizer, whose answers tell who a client's tenant is."""

        def asked(event: dict[str, Any]) -> dict[str, Any]:
            answer = authorize({**event, TELL_TENANT: True})
            client = event["protocolData"]["mqtt"].get("clientId")
            tenant = answer.get("tenant") if isinstance(answer, dict) else None
            if isinstance(client, str) and isinstance(tenant, str):
                self._learn(client, tenant)
            return answer

        return asked

    def _learn(self, client: str, tenant: str) -> None:
        with self._lock:
            self._tenants[client] = tenant
            self._tenants.move_to_end(client)
            if len(self._tenants) > _MOST_CLIENTS:
                self._tenants.popitem(last=False)


def _client(event: Any) -> str | None:
    if not isinstance(event, Mapping):
        return None
    client = event.get("client") or event.get("clientId")
    return client if isinstance(client, str) else None
