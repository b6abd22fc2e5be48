"""What devices and applications publish (manual 5.2.3, 5.3.3 and 5.3.4), turned into calls of use cases."""

from collections.abc import Callable

from chalicelib.dialects.ibm import payload, topics
from chalicelib.dialects.ibm.payload import Said
from chalicelib.dialects.registry import Malformed
from chalicelib.dialects.topics import Direction, Uplink, matches
from chalicelib.fleet import messages
from chalicelib.fleet.claims import Claim
from chalicelib.fleet.ports import Ports


def receive(ports: Ports, claim: Claim, uplink: Uplink) -> None:
    """Dispatch by topic. Malformed for a topic or a payload that this client may not send."""
    for topic in topics.TOPICS:
        ours = topic.direction is Direction.UP and topic.mode == claim.mode
        if ours and topic.handler and matches(topic.filter, uplink.topic):
            HANDLERS[topic.handler](ports, claim, uplink)
            return
    raise Malformed(f"a {claim.mode} may not publish on topic {uplink.topic}")


def event(ports: Ports, claim: Claim, uplink: Uplink) -> None:
    """`iot-2/evt/{event}/fmt/{format}`: the connection says whose event it is."""
    device = ports.devices.get(claim.tenant, claim.device or "")
    if device is None:
        raise Malformed(f"device {claim.device} was deleted")
    _, _, name, _, format_ = uplink.topic.split("/")
    said = Said(name, format_, uplink.payload, uplink.at, uplink.event)
    messages.store(ports, payload.message(device, said, claim.connector), device=device.id)


HANDLERS: dict[str, Callable[[Ports, Claim, Uplink], None]] = {
    "event": event,
}
