"""Who speaks over an MQTT connection, and of which object: the device itself, or what is below it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from chalicelib.dialects.cumulocity import appearing, device_users, naming, owners
from chalicelib.dialects.cumulocity import objects as shapes
from chalicelib.dialects.cumulocity.keeping import Source
from chalicelib.dialects.cumulocity.modes import Mode
from chalicelib.dialects.registry import Malformed
from chalicelib.dialects.topics import Uplink
from chalicelib.fleet import ids
from chalicelib.fleet.access import callers
from chalicelib.fleet.access.callers import Caller
from chalicelib.fleet.access.proven import Known
from chalicelib.fleet.access.records import UserState
from chalicelib.fleet.errors import Unauthenticated
from chalicelib.fleet.inventory import objects
from chalicelib.fleet.inventory.managed_objects import ChildKind, ManagedObject
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.presence.claims import Claim


@dataclass(slots=True)
class Speaker:
    """One publish. `about` is the serial of what it is about, empty for the device that is connected."""

    ports: Ports
    claim: Claim
    uplink: Uplink
    mode: Mode = Mode.PERSISTENT
    about: str = ""
    _caller: Caller | None = None
    _agent: ManagedObject | None = None
    _target: ManagedObject | None = None
    _source: Source | None = None
    _known: dict[str, ManagedObject] = field(default_factory=dict)

    @property
    def tenant(self) -> str:
        return self.claim.tenant

    @property
    def caller(self) -> Caller:
        """Errors: Unauthenticated (it may be here no more)."""
        if self._caller is None:
            self._caller = present(self.ports, self.claim)
        return self._caller

    @property
    def agent(self) -> ManagedObject:
        """The object that the connected device is. Errors: Malformed (it was deleted)."""
        if self._agent is None:
            number = object_number(self.ports, self.tenant, self.claim.device or "")
            found = self.ports.objects.get(self.tenant, number) if number is not None else None
            if found is None:
                raise _deleted(self.claim)
            self._agent = found
        return self._agent

    @property
    def target(self) -> ManagedObject:
        """What the publish is about; a child that nobody has heard of is made. Errors: Malformed, Forbidden."""
        if self._target is None:
            self._target = self.agent if self.about in ("", self.claim.own_node) else self._child(self.about)
        return self._target

    @property
    def source(self) -> Source:
        """What its messages are of; of the device itself that costs no look at its object."""
        if self._source is None:
            if self.about in ("", self.claim.own_node):
                device = self.ports.devices.get(self.tenant, self.claim.device or "")
                if device is None:
                    raise _deleted(self.claim)
                self._source = Source(self.tenant, device.id, device)
            else:
                found = self.target
                self._source = Source(self.tenant, found.source, objects.device_of(self.ports, found))
        return self._source

    @property
    def owner(self) -> str:
        return owners.of(self.caller)

    @property
    def serial(self) -> str:
        """What the target is called."""
        return self.about or self.claim.own_node

    def stamp(self, row: int) -> str:
        """When a row was said: what came later has a greater one, and what comes again has the same."""
        at = self.uplink.at
        return ids.ordered_id(at, at, self.uplink.event, row)

    def changed(self, found: ManagedObject) -> None:
        """The target as it is by now."""
        self._target = found
        if self._agent is not None and self._agent.id == found.id:
            self._agent = found

    def _child(self, serial: str) -> ManagedObject:
        found = appearing.named(self.ports, self.tenant, serial)
        if found is not None and appearing.below(self.ports, self.agent, found):
            return found
        wanted = child_draft(serial, self.owner, undescribed=True)
        return appearing.child(self.ports, self.agent, self.agent, serial, wanted, ChildKind.DEVICE)[0]


def child_draft(
    serial: str,
    owner: str,
    name: str = "",
    type_: str = "",
    *,
    marker: bool = True,
    undescribed: bool = False,
    more: Mapping[str, Any] | None = None,
) -> objects.Draft:
    return objects.Draft(
        name=name or appearing.default_name(serial),
        type=type_ or appearing.CHILD_TYPE,
        owner=owner,
        fragments={**({shapes.IS_DEVICE: {}} if marker else {}), **(more or {})},
        named=[(naming.SERIAL, serial)],
        indexed=shapes.INDEXED,
        undescribed=undescribed,
    )


def object_number(ports: Ports, tenant: str, device: str) -> str | None:
    """The number of the object that a device is, whatever dialect it came in by first."""
    number = naming.number_of(device)
    if number is not None:
        return number
    found = ports.devices.get(tenant, device)
    return found.number if found is not None else None


def present(ports: Ports, claim: Claim) -> Caller:
    """Who came in, as long as they may be there: looked up once a minute. Errors: Unauthenticated."""
    digest, now = ports.proven.digest("\0mqtt", claim.tenant, claim.username, claim.key or ""), ports.clock.now()
    known = ports.proven.get(digest)
    if known is not None and known.fresh(now):
        return known.caller
    caller = _looked_up(ports, claim)
    if caller is None:
        ports.background.disconnect(claim.client, claim.tenant)
        raise Unauthenticated("whoever this connection belongs to is disabled, or gone")
    ports.proven.keep(digest, Known(caller, None, now))
    return caller


def _looked_up(ports: Ports, claim: Claim) -> Caller | None:
    if claim.key is not None:
        key = ports.keys.get(claim.tenant, claim.key)
        return callers.of_key(key) if key is not None else None
    name = claim.username.partition("/")[2]
    if name.startswith(device_users.PREFIX):
        device = device_users.find(ports, claim.tenant, name)
        return device_users.caller(claim.tenant, name) if device is not None and device.enabled else None
    person = ports.users.named(name)
    if person is None or person.tenant != claim.tenant or person.state is not UserState.ENABLED:
        return None
    return callers.of_user(claim.tenant, person.id, person.roles)


def _deleted(claim: Claim) -> Malformed:
    return Malformed(f"device {claim.device} was deleted; connect again to register it anew")
