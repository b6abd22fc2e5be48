"""What is refused of a device: in its tenant's audit log, as often as that takes it."""

from collections.abc import Mapping, Sequence
from typing import Any

from chalicelib.fleet.ports import Ports
from chalicelib.fleet.tenancy import audit
from chalicelib.fleet.tenancy.records import Way
from chalicelib.fleet.twin.identities import Speaker

_TOLD = 5


def refuse(ports: Ports, speaker: Speaker, event: str, reason: str, content: Mapping[str, Any] | None = None) -> None:
    audit.refuse(
        ports,
        speaker.tenant,
        at=ports.clock.now(),
        event=event,
        reason=reason,
        source={
            "connector": speaker.interface.connector,
            "nodeId": speaker.interface.node,
            "deviceId": speaker.device.id,
        },
        content=content,
        way=Way.COAP,
    )


def complain(ports: Ports, speaker: Speaker, event: str, complaints: Sequence[str]) -> None:
    """Of a payload of which the rest was taken."""
    if complaints:
        more = f" and {len(complaints) - _TOLD} more" if len(complaints) > _TOLD else ""
        refuse(ports, speaker, event, "; ".join(complaints[:_TOLD]) + more)
