"""What a device tells regularly, and what it is answered: whether something waits for it (Send Telemetry).

Of a device that nobody owns the last one is noted beside its entry, and nobody sees it. An owner's is a message of the
device's stream. Whose it is is remembered for a minute: what is not there any more is looked up again.
"""

from collections.abc import Mapping
from typing import Any

from chalicelib.dialects.xyte import flags, hearing, identities, owning, statuses
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


def send(ports: Ports, found: Identity, said: Telemetry, event: str, arrived: int | None = None) -> dict[str, Any]:
    """What waits for the device. `event` is the id of the request, or of a message that `arrived` then (ms).

    Errors: Unauthenticated (it is gone).
    """
    present: Identity | None = found
    for look in range(_LOOKS):
        if present is None:
            raise Unauthenticated("the device was deleted")
        answer = _send(ports, present, said, event, arrived, again=look > 0)
        if answer is not None:
            return answer
        # Claimed, given up or deleted since it was remembered.
        present = owning.present(ports, present)
    raise Contended("whose the device is changes all the time")


def _send(
    ports: Ports, found: Identity, said: Telemetry, event: str, arrived: int | None, *, again: bool
) -> dict[str, Any] | None:
    """None where the device is not whose it was remembered to be."""
    if found.owner is None:
        return _note(ports, found, said, again=again)
    mailbox = ports.mailboxes.get(found.owner, found.device)
    device = _device(ports, found.owner, found.device) if mailbox is not None else None
    if mailbox is None or device is None:
        return None
    messages.store(ports, _message(ports, device, found, said, event, arrived), device=device.id, sparing=True)
    kept = said.at is None and device.data_stream == device.id
    if arrived is not None:
        # Of a session the broker tells, and nobody hears an answer; a message of one may come late.
        return {}
    heard = _heard(ports, mailbox, found, said, kept=kept)
    return None if heard is None else flags.of(ports, found, heard, device)


def _heard(ports: Ports, mailbox: Mailbox, found: Identity, said: Telemetry, *, kept: bool) -> Mailbox | None:
    if said.status == statuses.OFFLINE:
        return hearing.left(ports, found, mailbox)
    return hearing.heard(ports, found, mailbox, kept=kept, faulty=said.status == statuses.ERROR)


def _device(ports: Ports, tenant: str, device: str) -> Device | None:
    """One that was claimed just now may not be found yet where reads need not be consistent."""
    return ports.devices.known(tenant, device) or ports.devices.get(tenant, device)


def _note(ports: Ports, found: Identity, said: Telemetry, *, again: bool) -> dict[str, Any] | None:
    if found.parent is not None and not again:
        parent = identities.find(ports, found.parent)
        if parent is not None and parent.owner is not None:
            # It was left behind when its parent was claimed: it follows, if there is room for it.
            return None
    noted = {"status": said.status, "telemetries": said.values, "at": ports.clock.now(), "message": said.message}
    return flags.unclaimed() if ports.directory.note(found.entry, noted) else None


def _message(
    ports: Ports, device: Device, found: Identity, said: Telemetry, event: str, arrived: int | None
) -> DataMessage:
    now = ports.clock.now() if arrived is None else arrived
    at = clamped(said.at, now)
    group = {"id": device.group, "path": group_paths.path_of(ports, device.tenant, device.group)}
    extra: dict[str, Any] = {"status": said.status}
    if said.message is not None:
        extra["message"] = said.message
    if said.override:
        extra["override"] = True
    return DataMessage(
        device.tenant,
        message_id(at, now, event),
        device.data_stream,
        at,
        now,
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
