"""Users that devices are: `device_{id}`, made when a registration is accepted (reference, "Device credentials").

Their passwords are 192 bits of chance, so that a salted digest keeps them. One that somebody chose, for a file of many
devices, is kept by a digest under the stage key, which no copy of the tables has, and guesses at it are counted. A user
that is deleted leaves a trace for a day: whoever was about to give it the password of an older registration finds it.
"""

import hashlib
import hmac
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from chalicelib.dialects.cumulocity import device_sessions
from chalicelib.fleet.access import attempts, callers, users
from chalicelib.fleet.access.callers import Caller
from chalicelib.fleet.access.proven import Known
from chalicelib.fleet.access.roles import Role
from chalicelib.fleet.compare_and_set import AGAIN, Again, change_record, insist, new_draw
from chalicelib.fleet.documents import Record
from chalicelib.fleet.errors import Unauthenticated, UserNotFound
from chalicelib.fleet.frozen import dataclass
from chalicelib.fleet.ports import Ports

KIND = "cumulocity.deviceUser"
PREFIX = users.FOR_DEVICES
ROLE = "ROLE_DEVICE"
"""What the vendor calls all that such a user may do."""
ROLES = frozenset({Role.DEVICE_R, Role.DEVICE_W, Role.DATA_R, Role.DATA_W})
"""What it may do with what it owns, and with nothing else."""
CHANCE = 24
"""Bytes that a password is made from."""
_SALT = 16
_TRACE = 86_400
_GENERATION, _PURPOSE = "generation", "cumulocity device password"
_LONGEST_KEY = 900
"""Bytes of a name that a key holds; a longer one is found by its digest."""
_PAGE = 100


@dataclass(frozen=True, slots=True)
class DeviceUser:
    """`issued` (ms) is when it was given its password, `used` whether it has come in with it since."""

    record: Record

    @property
    def tenant(self) -> str:
        return self.record.tenant

    @property
    def name(self) -> str:
        return str(self.record.body["name"])

    @property
    def enabled(self) -> bool:
        return bool(self.record.body["enabled"])

    @property
    def issued(self) -> int:
        return int(self.record.body["issued"])

    @property
    def used(self) -> bool:
        return bool(self.record.body["used"])

    @property
    def digest(self) -> str:
        return str(self.record.body["digest"])

    @property
    def gone(self) -> bool:
        return "digest" not in self.record.body

    def fits(self, password: str) -> bool:
        body = self.record.body
        return hmac.compare_digest(_digest(password, body["salt"]), self.digest)


def name_of(device: str) -> str:
    """What the user of the device that calls itself so is called."""
    return PREFIX + device


def device_of(name: str) -> str:
    """What the device of that user calls itself."""
    return name.removeprefix(PREFIX)


def find(ports: Ports, tenant: str, name: str) -> DeviceUser | None:
    """None for one that is not, or no longer, there."""
    record = ports.records.get(tenant, KIND, _key(name)) if name.startswith(PREFIX) else None
    found = DeviceUser(record) if record is not None else None
    return found if found is not None and not found.gone else None


def get(ports: Ports, tenant: str, name: str) -> DeviceUser:
    """Errors: UserNotFound."""
    found = find(ports, tenant, name)
    if found is None:
        raise UserNotFound(f"there is no user {name[:64]}")
    return found


def every(ports: Ports, tenant: str) -> Iterator[DeviceUser]:
    after: str | None = None
    while True:
        page = ports.records.page(tenant, KIND, after=after, limit=_PAGE)
        yield from (found for record in page.items if not (found := DeviceUser(record)).gone)
        after = page.cursor
        if after is None:
            return


def issue(ports: Ports, tenant: str, name: str, password: str, at: int, group: str | None = None) -> bool:
    """Give the user, made now if there is none, the password of `at` (ms); False where it has a later one, or is gone.

    The same again changes nothing. `group` is the number of what the first device that it makes is to be an asset of.
    """
    salt = ports.chance(_SALT).hex()
    kept = {"salt": salt, "digest": _digest(password, salt)}
    return _issue(ports, tenant, name, password, {**kept, "issued": at, "used": False, "enabled": True, "group": group})


def choose(ports: Ports, tenant: str, name: str, password: str, at: int) -> bool:
    """As `issue`, of a password that somebody chose; one that the user has already is not written again."""
    present = find(ports, tenant, name)
    if present is not None and _is_right(ports, present, password):
        return True
    given = {**_chosen(ports, password), "issued": at, "used": False, "enabled": True, "group": None}
    return _issue(ports, tenant, name, password, given)


def _issue(ports: Ports, tenant: str, name: str, password: str, given: Mapping[str, Any]) -> bool:
    at = int(given["issued"])

    def issued() -> bool | Again:
        old = ports.records.get(tenant, KIND, _key(name))
        if old is None:
            # Two polls of one registration at the same time: one of them makes the user.
            return ports.records.create(Record(tenant, KIND, _key(name), {"name": name, **given})) or AGAIN
        present = DeviceUser(old)
        if present.issued == at and not present.gone:
            return _is_right(ports, present, password)
        if present.issued >= at:
            return False
        # A poll that took long, and the registration after it: the later password stays.
        if not ports.records.replace(old, replace(old, body={**_bare(old.body), **given}, expires=None)):
            return AGAIN
        if not present.gone and not _is_right(ports, present, password):
            device_sessions.close(ports, tenant, name)
        return True

    return insist(ports, f"the user {name[:64]}", issued)


def change(ports: Ports, tenant: str, name: str, *, enabled: bool) -> DeviceUser:
    """Known everywhere after a minute, and then no session of one that is disabled is open. Errors: UserNotFound."""
    after = _changed(ports, tenant, name, lambda _: {"enabled": enabled})
    if not enabled:
        device_sessions.close(ports, tenant, name, after.issued)
    return after


def let_in_since(ports: Ports, tenant: str, name: str) -> int | None:
    """Since when (ms) the user has the password that lets it in; None where nothing does."""
    found = find(ports, tenant, name)
    return found.issued if found is not None and found.enabled else None


def delete(ports: Ports, tenant: str, name: str) -> None:
    """Known everywhere after a minute, and then no session of it is open. Errors: UserNotFound."""
    now = ports.clock.now()

    def deleted(record: Record) -> Record:
        if DeviceUser(record).gone:
            raise UserNotFound(f"there is no user {name[:64]}")
        # No password of a registration before this is given to it any more.
        return replace(record, body={"name": name, "issued": now}, expires=now // 1000 + _TRACE)

    found, _ = change_record(
        ports,
        f"the user {name[:64]}",
        lambda: ports.records.get(tenant, KIND, _key(name)),
        # A registration that is accepted at the same time: one of them is the later one.
        ports.records.replace,
        deleted,
    )
    if found is None:
        raise UserNotFound(f"there is no user {name[:64]}")
    device_sessions.close(ports, tenant, name)


def authenticate(
    ports: Ports,
    tenant: str,
    name: str,
    password: str,
    first: Callable[[DeviceUser], None],
    address: str = "",
    *,
    anew: bool = False,
) -> Caller | None:
    """The device that comes with its password; None where there is no such user.

    `first` is told of the first time that it does. It is looked at `anew` for what outlives a request. Errors:
    Unauthenticated (wrong, or disabled), RateLimitReached (too many guesses from this address at what somebody chose).
    """
    digest = ports.proven.digest("\0device", tenant, name, password)
    known = ports.proven.get(digest)
    now = ports.clock.now()
    if known is not None and known.fresh(now) and not anew:
        return known.caller
    found = find(ports, tenant, name)
    if found is None:
        return None
    if _GENERATION in found.record.body:
        attempts.guess(ports, tenant, f"device {name}", address)
    if not (_is_right(ports, found, password) and found.enabled):
        raise Unauthenticated("the password is wrong, or the device is disabled")
    if not found.used:
        first(found)
        _changed(ports, tenant, name, lambda present: {"used": True} if present.issued == found.issued else {})
    _refresh(ports, found, password, now)
    come = caller(tenant, name)
    ports.proven.keep(digest, Known(come, None, now))
    return come


def caller(tenant: str, name: str) -> Caller:
    return callers.of_device(tenant, None, ROLES, name)


def proven(ports: Ports, tenant: str, name: str, password: str) -> str:
    """The digest that is kept of that password, if it is still the user's. Errors: Unauthenticated."""
    found = find(ports, tenant, name)
    if found is None or not (_is_right(ports, found, password) and found.enabled):
        raise Unauthenticated("the password is another one by now, or the device is disabled")
    return found.digest


def take_group(ports: Ports, tenant: str, name: str) -> str | None:
    """What `issue` has said, the first time that it is asked for."""
    found = find(ports, tenant, name)
    group = found.record.body.get("group") if found is not None else None
    if group is None:
        return None
    draw = new_draw(ports)

    def taken(present: DeviceUser) -> dict[str, Any]:
        # A device that makes two objects at once: one of them is the first.
        return {} if present.record.body.get("group") is None else {"group": None, "taken": draw}

    return str(group) if _changed(ports, tenant, name, taken).record.body.get("taken") == draw else None


def _changed(ports: Ports, tenant: str, name: str, change_: Callable[[DeviceUser], dict[str, Any]]) -> DeviceUser:
    def changed(record: Record) -> Record | None:
        found = DeviceUser(record)
        if found.gone:
            raise UserNotFound(f"there is no user {name[:64]}")
        return replace(record, body={**record.body, **change_(found)})

    after, _ = change_record(
        ports,
        f"the user {name[:64]}",
        lambda: ports.records.get(tenant, KIND, _key(name)),
        # Its first login and somebody who disables it, or registers it again: each has to last.
        ports.records.replace,
        changed,
    )
    if after is None:
        raise UserNotFound(f"there is no user {name[:64]}")
    return DeviceUser(after)


def _is_right(ports: Ports, found: DeviceUser, password: str) -> bool:
    body = found.record.body
    if found.gone or _GENERATION not in body:
        return not found.gone and found.fits(password)
    generations = ports.stage_key.current().generations
    generation = next((one for one in generations if one.number == body[_GENERATION]), None)
    made = "" if generation is None else generation.digest(_PURPOSE, _digest(password, body["salt"])).hex()
    return hmac.compare_digest(made, str(body["digest"]))


def _chosen(ports: Ports, password: str) -> dict[str, Any]:
    generation, salt = ports.stage_key.current().writing(ports.clock.now()), ports.chance(_SALT).hex()
    digest = generation.digest(_PURPOSE, _digest(password, salt)).hex()
    return {"salt": salt, "digest": digest, _GENERATION: generation.number}


def _refresh(ports: Ports, found: DeviceUser, password: str, now: int) -> None:
    """Keep what somebody chose under the stage key of now, as older ones are forgotten."""
    kept = found.record.body.get(_GENERATION)
    if kept is not None and kept != ports.stage_key.current().writing(now).number:
        fresh = _chosen(ports, password)
        _changed(ports, found.tenant, found.name, lambda one: fresh if one.issued == found.issued else {})


def _bare(body: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if name != _GENERATION}


def _digest(password: str, salt: str) -> str:
    return hashlib.sha256(f"{salt}{password}".encode(errors="surrogatepass")).hexdigest()


def _key(name: str) -> str:
    encoded = name.encode(errors="surrogatepass")
    return name if len(encoded) <= _LONGEST_KEY else f"{PREFIX}#{hashlib.sha256(encoded).hexdigest()}"
