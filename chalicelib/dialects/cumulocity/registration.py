"""Devices that ask for credentials of their own (reference, "Device credentials"; "New device requests").

Somebody registers an id, the device comes with the bootstrap user, somebody accepts it, and the next time that it
comes it is given its credentials. An answer may be lost and devices ask twice: for LASTING, and until they come in with
them, they are given the same again. A device names no tenant when it asks, so that an id waits in one tenant only.

| from | what happens | to |
|---|---|---|
| | somebody registers it | WAITING |
| WAITING | the device asks | PENDING |
| WAITING, PENDING | somebody accepts it | ACCEPTED |
| ACCEPTED | the device asks | DELIVERED |
| DELIVERED | the device comes in, or LASTING is over | ENDED |
| any | somebody deletes it, or nobody asks for WAITS | ENDED |
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from enum import StrEnum
from typing import Any

from chalicelib.dialects.cumulocity import device_users, fragments, naming, security_tokens, waiting
from chalicelib.dialects.cumulocity.device_users import DeviceUser
from chalicelib.dialects.cumulocity.errors import RequestNotFound
from chalicelib.dialects.cumulocity.waiting import key_of
from chalicelib.fleet.access import sealing
from chalicelib.fleet.compare_and_set import AGAIN, Again, change_record, insist
from chalicelib.fleet.documents import Record
from chalicelib.fleet.errors import Invalid, LimitReached
from chalicelib.fleet.frozen import dataclass
from chalicelib.fleet.ports import Ports

KIND = "cumulocity.request"
ACCEPTED = "accepted"
"""What is put off for a device that may be listening when it is accepted: `{tenant, device, client}`."""
LONGEST = 1_000
"""Characters of the id that a device calls itself by."""
LASTING = 10 * 60_000
"""How long (ms) credentials are given again."""
WAITS = 30 * 86_400_000
"""How long (ms) an id waits for its device."""
MOST = 1_000
"""Ids that wait in a tenant."""
RESERVED = fragments.UNREACHABLE | {"acceptAll", "limit"}
"""Ids that have no address: HTTP clients take the first two out of a path, and at the others something else is."""
_DAY = 86_400_000
_TRACE = 3_600
_PURPOSE = "cumulocity registration"


class Status(StrEnum):
    WAITING = "WAITING_FOR_CONNECTION"
    PENDING = "PENDING_ACCEPTANCE"
    ACCEPTED = "ACCEPTED"
    DELIVERED = "DELIVERED"
    ENDED = "ENDED"


@dataclass(frozen=True, slots=True)
class NewDevice:
    """An id that was registered, and how far it is. `created` in ms."""

    record: Record

    @property
    def id(self) -> str:
        return str(self.record.body["id"])

    @property
    def status(self) -> Status:
        return Status(self.record.body["status"])

    @property
    def created(self) -> int:
        return int(self.record.body["created"])

    @property
    def owner(self) -> str:
        return str(self.record.body["owner"])

    @property
    def said(self) -> Mapping[str, Any]:
        """What was said of the device when it was registered."""
        found: Mapping[str, Any] = self.record.body["said"]
        return found

    def live(self, now: int) -> bool:
        return self.status is not Status.ENDED and now < int(self.record.body["until"])


@dataclass(frozen=True, slots=True)
class Credentials:
    tenant: str
    user: str
    password: str


def create(ports: Ports, tenant: str, device: str, owner: str, said: Mapping[str, Any]) -> NewDevice:
    """Let an id wait for its device. One whose credentials were delivered already is registered anew.

    Errors: Invalid (it waits already, here or in another tenant), LimitReached.
    """
    ensure_id(device)
    now = ports.clock.now()
    if ports.records.count(tenant, KIND) >= MOST and len(every(ports, tenant)) >= MOST:
        raise LimitReached(f"{MOST} devices wait already")
    waiting.claim(ports, tenant, device, now + WAITS, lambda other: _waits(ports, other, device, now))
    body = {"id": device, "status": Status.WAITING.value, "created": now, "owner": owner, "said": dict(said)}
    wanted = Record(tenant, KIND, key_of(device), _until(body, now + WAITS), expires=_seconds(now + WAITS))

    def made() -> NewDevice | Again:
        old = ports.records.get(tenant, KIND, wanted.id)
        if old is None:
            # Two who register one id at the same time: one of them does.
            return NewDevice(wanted) if ports.records.create(wanted) else AGAIN
        present = NewDevice(old)
        if present.live(now) and present.status is not Status.DELIVERED and old.body != wanted.body:
            raise Invalid(f"the device {device[:64]} is registered already", "id")
        # It may end, or be registered by somebody else, at the same time.
        again = replace(old, body=wanted.body, expires=wanted.expires)
        return NewDevice(again) if ports.records.replace(old, again) else AGAIN

    return insist(ports, "this registration", made)


def find(ports: Ports, tenant: str, device: str) -> NewDevice:
    """Errors: RequestNotFound."""
    record = ports.records.get(tenant, KIND, key_of(device))
    if record is None or not NewDevice(record).live(ports.clock.now()):
        raise _missing(device)
    return NewDevice(record)


def every(ports: Ports, tenant: str) -> list[NewDevice]:
    """Those of a tenant, the first one that was registered first."""
    now, after = ports.clock.now(), None
    found: list[NewDevice] = []
    while True:
        page = ports.records.page(tenant, KIND, after=after, limit=MOST)
        found += [one for record in page.items if (one := NewDevice(record)).live(now)]
        after = page.cursor
        if after is None:
            return sorted(found, key=lambda one: (one.created, one.id))


def accept(ports: Ports, tenant: str, device: str, token: str | None) -> NewDevice:
    """Let the device have its credentials; again changes nothing. `token` is the one that it has to show.

    Errors: RequestNotFound, Invalid (the device has shown another one, or none).
    """

    def accepted(found: NewDevice) -> dict[str, Any] | None:
        if found.status not in (Status.WAITING, Status.PENDING):
            return None
        shown = found.record.body.get("shown") if found.status is Status.PENDING else None
        if found.status is Status.PENDING and not security_tokens.is_same(ports, _context(found), shown, token):
            raise Invalid("the security token is not the one that the device has shown", "securityToken")
        wanted = None if token is None else security_tokens.sealed(ports, _context(found), token)
        return {**found.record.body, "status": Status.ACCEPTED.value, "wanted": wanted}

    after = _change(ports, tenant, device, accepted)
    client = after.record.body.get("client")
    if client is not None and after.status is Status.ACCEPTED:
        matter = {"kind": ACCEPTED, "tenant": tenant, "device": device, "client": client}
        ports.background.later(naming.DIALECT, matter, 0)
    return after


def delete(ports: Ports, tenant: str, device: str) -> None:
    """Errors: RequestNotFound."""
    _change(ports, tenant, device, lambda found: {**_bare(found), "status": Status.ENDED.value}, ending=True)


def used(ports: Ports, user: DeviceUser) -> None:
    """The device has come in with the credentials that it was given: nobody is given them again."""
    device = device_users.device_of(user.name)

    def ended(found: NewDevice) -> dict[str, Any] | None:
        ours = found.status is Status.DELIVERED and found.record.body.get("delivered") == user.issued
        return {**_bare(found), "status": Status.ENDED.value} if ours else None

    try:
        _change(ports, user.tenant, device, ended, ending=True)
    except RequestNotFound:
        return


def poll(
    ports: Ports, device: str, token: str | None = None, *, tenant: str | None = None, client: str | None = None
) -> Credentials:
    """What a device is answered that asks for its credentials; `tenant` is the only one that it can mean, if any.

    `client` is its MQTT client id, where it may be told as soon as it is accepted.
    Errors: RequestNotFound (not yet, or not at all), Invalid.
    """
    _ensure_length(device)
    if token is not None:
        security_tokens.ensure(token)
    claim = waiting.find(ports, device)
    if claim is None or tenant not in (None, waiting.holder(claim)):
        raise _nothing(device)
    holder = waiting.holder(claim)
    password, now = ports.chance(device_users.CHANCE).hex(), ports.clock.now()

    def polled(found: NewDevice) -> dict[str, Any] | None:
        return _polled(ports, found, token, password, now, client)

    try:
        found = _change(ports, holder, device, polled)
    except RequestNotFound:
        raise _nothing(device) from None
    if found.status is not Status.DELIVERED:
        waiting.keep(ports, claim, int(found.record.body["until"]))
        raise _nothing(device)
    user = device_users.name_of(device)
    try:
        given = sealing.unseal(ports, _PURPOSE, _context(found), found.record.body["sealed"]).decode()
    except sealing.Unsealable:
        raise _nothing(device) from None
    if not device_users.issue(ports, holder, user, given, found.record.body["delivered"], found.said.get("groupId")):
        raise _nothing(device)
    return Credentials(holder, user, given)


def _polled(
    ports: Ports, found: NewDevice, token: str | None, password: str, now: int, client: str | None
) -> dict[str, Any] | None:
    body = found.record.body
    if found.status in (Status.ACCEPTED, Status.DELIVERED):
        if not security_tokens.is_same(ports, _context(found), body.get("wanted"), token):
            raise _nothing(found.id)
        if found.status is Status.DELIVERED:
            return None
        sealed = sealing.seal(ports, _PURPOSE, _context(found), password.encode())
        delivered = {"status": Status.DELIVERED.value, "sealed": sealed, "delivered": now}
        return _until({**body, **delivered}, now + LASTING)
    known = security_tokens.is_same(ports, _context(found), body.get("shown"), token)
    same = client in (None, body.get("client"))
    if found.status is Status.PENDING and known and same and not _late(body, now):
        return None
    shown = None if token is None else security_tokens.sealed(ports, _context(found), token)
    pending = {"status": Status.PENDING.value, "shown": shown, **({} if client is None else {"client": client})}
    return _until({**body, **pending}, now + WAITS)


def _change(
    ports: Ports,
    tenant: str,
    device: str,
    change: Callable[[NewDevice], dict[str, Any] | None],
    *,
    ending: bool = False,
) -> NewDevice:
    """The registration after a change of its body. Errors: RequestNotFound."""
    now = ports.clock.now()

    def changed(record: Record) -> Record | None:
        found = NewDevice(record)
        if not found.live(now):
            raise _missing(device)
        body = change(found)
        if body is None:
            return None
        return replace(record, body=body, expires=now // 1000 + _TRACE if ending else _seconds(body["until"]))

    after, _ = change_record(
        ports,
        "this registration",
        lambda: ports.records.get(tenant, KIND, key_of(device)),
        # The device asks while somebody accepts, deletes or registers it again, or asks twice at once: one comes first,
        # and of two askings only one makes the password that both are given.
        ports.records.replace,
        changed,
    )
    if after is None:
        raise _missing(device)
    return NewDevice(after)


def _waits(ports: Ports, tenant: str, device: str, now: int) -> bool:
    record = ports.records.get(tenant, KIND, key_of(device))
    return record is not None and NewDevice(record).live(now)


def _bare(found: NewDevice) -> dict[str, Any]:
    """Without what nobody needs any more."""
    return {name: value for name, value in found.record.body.items() if name not in ("sealed", "shown", "wanted")}


def _until(body: dict[str, Any], until: int) -> dict[str, Any]:
    return {**body, "until": until}


def _late(body: Mapping[str, Any], now: int) -> bool:
    """Whether it was kept for the last time a day ago."""
    return int(body["until"]) < now + WAITS - _DAY


def _context(found: NewDevice) -> str:
    return f"{found.record.tenant} {found.record.id} {found.created}"


def _seconds(moment: int) -> int:
    return -(-moment // 1000)


def ensure_id(device: str) -> None:
    """That a device may be registered by it. Errors: Invalid."""
    _ensure_length(device)
    if device in RESERVED or not device.isprintable():
        none = ", ".join(sorted(RESERVED))
        raise Invalid(f"the id of a device has printable characters, and is none of {none}", "id")


def _ensure_length(device: str) -> None:
    if not 0 < len(device) <= LONGEST:
        raise Invalid(f"the id of a device has 1 to {LONGEST} characters", "id")


def _missing(device: str) -> RequestNotFound:
    return RequestNotFound(f"Could not find newDeviceRequest by ID {device[:64]}.")


def _nothing(device: str) -> RequestNotFound:
    return RequestNotFound(f"There is no newDeviceRequest for device id {device[:64]}.")
