"""What a device that is awake is asked next."""

from chalicelib.fleet.frozen import dataclass
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.twin import observing, operating, registering
from chalicelib.fleet.twin.identities import Speaker
from chalicelib.fleet.twin.observing import Begin, End
from chalicelib.fleet.twin.records import Operation


@dataclass(frozen=True, slots=True)
class Later:
    """Nothing before `at` (ms)."""

    at: int


def take(ports: Ports, speaker: Speaker, holder: str, *, awaited: bool) -> Begin | End | Operation | Later | None:
    """Observations first, then operations; nothing for a device that is away or asleep.

    `holder` is the run that will send it, `awaited` says that the device has just shown up.
    """
    tenant, device, node = speaker.tenant, speaker.device.id, speaker.interface.node
    presence = registering.present(ports, tenant, device, node)
    if presence is None or not presence.online or presence.asleep:
        return None
    observation = observing.take(ports, tenant, device, holder)
    if observation is not None:
        return observation
    operation = operating.take(ports, tenant, device, holder, awaited=awaited)
    return Later(operation) if isinstance(operation, int) else operation
