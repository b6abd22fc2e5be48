"""What a device tells regularly, and what it is answered: whether something waits for it (Send Telemetry).

Of a device that nobody owns the last one is noted beside its entry, and nobody sees it. An owner's is a message of the
device's stream. Whose it is is remembered for a minute: what is not there any more is looked up again.
"""

from collections.abc import Mapping
from typing import Any

from chalicelib.dialects.xyte import deciding, flags, hearing, identities, owning, statuses
from chalicelib.dialects.xyte.deciding import Owned
from chalicelib.dialects.xyte.identities import CONNECTOR, Identity
from chalicelib.fleet import times
from chalicelib.fleet.data import messages
from chalicelib.fleet.data.records import DataMessage, clamped, message_id
from chalicelib.fleet.errors import Contended, Invalid, Unauthenticated
from chalicelib.fleet.frozen import dataclass
from chalicelib.fleet.inventory import group_paths
from chalicelib.fleet.inventory.records import Device
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.presence.mailbox import Mailbox

STATUSES = (statuses.ONLINE, statuses.OFFLINE, statuses.ERROR)
LONGEST_VALUE = 1_000
"""Bytes of a text."""
LONGEST_MESSAGE = 1_000
_LOOKS = 3


@dataclass(frozen=True, slots=True)
class Telemetry:
    """`at` (ms) is the device's own time, None where it tells none."""

    status: str
    values: Mapping[str, Any]
    at: int | None = None
    override: bool = False
    message: str | None = None


def read(body: Mapping[str, Any]) -> Telemetry:
    """Errors: Invalid."""
    if body.get("status") not in STATUSES:
        raise Invalid(f"Status must be one of {', '.join(STATUSES)}", "status")
    values = body.get("telemetries") or {}
    if not isinstance(values, Mapping):
        raise Invalid("Telemetries must be an object", "telemetries")
    for name, value in values.items():
        if not (value is None or isinstance(value, str | int | float)):
            raise Invalid(f"Common telemetries.{name[:64]} must be string, number or boolean", "telemetries")
        if isinstance(value, str) and len(value.encode(errors="surrogatepass")) > LONGEST_VALUE:
            raise Invalid(f"Common telemetries.{name[:64]} is too long (maximum is {LONGEST_VALUE})", "telemetries")
    override, message = body.get("override"), body.get("message")
    if not isinstance(override, bool | None):
        raise Invalid("Override must be a boolean", "override")
    if not (message is None or isinstance(message, str)):
        raise Invalid("Message must be a string", "message")
    return Telemetry(body["status"], values, _moment(body.get("timestamp")), bool(override), message)


def send(ports: Ports, found: Identity, said: Telemetry, event: str) -> dict[str, Any]:
    """What waits for the device; `event` is the id of its request.

    Errors: Unauthenticated (it is gone), Contended.
    """
    present: Identity | None = found
    for look in range(_LOOKS):
        if present is None:
            raise Unauthenticated("the device was deleted")
        if present.owner is None:
            if note(ports, present, said, followed=look > 0):
                return flags.unclaimed()
        elif (owned := deciding.in_place(ports, present)) is not None:
            answer = _owners(ports, owned, said, event)
            if answer is not None:
                return answer
        # Claimed, given up or deleted since it was remembered, and not kept anywhere yet.
        present = owning.present(ports, present)
    raise Contended("whose the device is changes all the time")


def note(ports: Ports, found: Identity, said: Telemetry, *, followed: bool = False) -> bool:
    """Of a device that nobody owns; False where somebody does by now, or it is gone.

    False also for a child that has not `followed` its parent to its owner yet.
    """
    if found.parent is not None and not followed:
        parent = identities.find(ports, found.parent)
        if parent is not None and parent.owner is not None:
            # It was left behind when its parent was claimed: it follows, if there is room for it.
            return False
    noted = {"status": said.status, "telemetries": said.values, "at": ports.clock.now(), "message": said.message}
    return ports.directory.note(found.entry, noted)


def keep(ports: Ports, found: Identity, tenant: str, said: Telemetry, event: str, arrived: int) -> None:
    """A message `event` of a session of that tenant's, which the broker took then (ms). Of the session that one tells.

    Nothing is kept where the tenant has the device no more.
    """
    device = _device(ports, tenant, found.device)
    if device is not None:
        _store(ports, device, found, said, event, arrived)


def _owners(ports: Ports, owned: Owned, said: Telemetry, event: str) -> dict[str, Any] | None:
    """None where its owner has it no more, and it was not kept."""
    found, device = owned.identity, _device(ports, owned.tenant, owned.device)
    if device is None:
        return None
    _store(ports, device, found, said, event, ports.clock.now())
    heard = _heard(ports, owned.mailbox, found, said, kept=said.at is None and device.data_stream == device.id)
    # Given up as it was kept: it was its owner's all the same, and what waits now its next telemetry is told.
    return flags.unclaimed() if heard is None else flags.of(ports, found, heard, device)


def _store(ports: Ports, device: Device, found: Identity, said: Telemetry, event: str, arrived: int) -> None:
    messages.store(ports, _message(ports, device, found, said, event, arrived), device=device.id, sparing=True)


def _heard(ports: Ports, mailbox: Mailbox, found: Identity, said: Telemetry, *, kept: bool) -> Mailbox | None:
    if said.status == statuses.OFFLINE:
        return hearing.left(ports, found, mailbox)
    return hearing.heard(ports, found, mailbox, kept=kept, faulty=said.status == statuses.ERROR)


def _device(ports: Ports, tenant: str, device: str) -> Device | None:
    """One that was claimed just now may not be found yet where reads need not be consistent."""
    return ports.devices.known(tenant, device) or ports.devices.get(tenant, device)


def _message(ports: Ports, device: Device, found: Identity, said: Telemetry, event: str, arrived: int) -> DataMessage:
    at = clamped(said.at, arrived)
    group = {"id": device.group, "path": group_paths.path_of(ports, device.tenant, device.group)}
    extra: dict[str, Any] = {"status": said.status}
    if said.message is not None:
        extra["message"] = said.message
    if said.override:
        extra["override"] = True
    return DataMessage(
        device.tenant,
        message_id(at, arrived, event),
        device.data_stream,
        at,
        arrived,
        dict(said.values),
        found.model.name,
        device.tags,
        metadata={"source": device.id, "connector": CONNECTOR, "group": group},
        extra=extra,
    )


def _moment(sent: Any) -> int | None:
    """Errors: Invalid."""
    if sent is None:
        return None
    try:
        return times.read(sent)
    except (ValueError, OverflowError) as error:
        raise Invalid("Timestamp is no moment", "timestamp") from error
