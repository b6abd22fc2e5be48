"""Devices and groups that came in by another dialect, as managed objects: how they are shown, named and changed.

What they are stays the fleet's: it is read with them, and changed there. Other fragments are kept beside it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from chalicelib.dialects.cumulocity import availability, times
from chalicelib.dialects.cumulocity.objects import AGENT, HOLDER, IS_DEVICE, IS_GROUP
from chalicelib.fleet.errors import DeviceNotFound, Invalid
from chalicelib.fleet.inventory import devices
from chalicelib.fleet.inventory.managed_objects import GROUP, UNCONNECTED, ExternalId, ManagedObject
from chalicelib.fleet.inventory.records import LONGEST_NAME, Device, Location
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.presence import relaying
from chalicelib.fleet.presence.mailbox import Mailbox
from chalicelib.fleet.presence.records import MQTT
from chalicelib.web import schemas
from chalicelib.web.schemas import Schema

TYPES: Mapping[str, str | None] = {
    "live_objects": "homeport_LiveObjects",
    UNCONNECTED: "homeport_LiveObjects",
    "lwm2m": "homeport_LwM2M",
    "xyte": "homeport_Xyte",
    "ibm": None,
}
"""By the dialect that a device came in by: the type that all of those have, None where each has one of its own."""
GROUP_TYPE, SUBGROUP_TYPE = "c8y_DeviceGroup", "c8y_DeviceSubgroup"
"""Of groups that were made there, at the root and below it."""
POSITION, PROPERTIES, TAGS = "c8y_Position", "homeport_Properties", "homeport_Tags"
AVAILABILITY, CONNECTION = availability.AVAILABILITY, availability.CONNECTION
PRESENCE = frozenset({AVAILABILITY, CONNECTION, AGENT})
COMPUTED = frozenset({IS_DEVICE, POSITION, PROPERTIES, TAGS}) | PRESENCE
"""Fragments that are not kept with the object."""
SUPPORTED = "c8y_SupportedOperations"
OPERATIONS: Mapping[str, tuple[str, ...]] = {
    "lwm2m": ("c8y_Restart", "c8y_Firmware"),
    "xyte": ("c8y_Restart", "c8y_Firmware", "c8y_LogfileRequest"),
}
"""By the dialect that a device came in by: operations that mean something to it, unless somebody said which do."""
UNINDEXED = COMPUTED | {SUPPORTED}
"""Fragments that one of these devices may have, and that no index tells of."""
_URN, _IBM, _PREFIX = "homeport_Urn", "homeport_Ibm", "homeport_"
_IBM_KINDS = ("d", "g")
_NULLABLE: Mapping[str, Schema] = {
    POSITION: {
        "type": ["object", "null"],
        "required": ["lat", "lng"],
        "properties": {
            "lat": {"type": "number", "minimum": -90, "maximum": 90},
            "lng": {"type": "number", "minimum": -180, "maximum": 180},
            "alt": {"type": ["number", "null"]},
        },
    },
    PROPERTIES: {
        "type": ["object", "null"],
        "maxProperties": 100,
        "propertyNames": {"maxLength": 128, "pattern": r"^[^$.]+$", "description": "is no name: it has $ or a dot"},
        "additionalProperties": {"type": "string", "maxLength": 256},
    },
    TAGS: {
        "type": ["array", "null"],
        "maxItems": 40,
        "items": {"type": "string", "minLength": 1, "maxLength": 32},
    },
}
_SENT: Schema = {
    "type": "object",
    "properties": {"name": {"type": "string", "maxLength": LONGEST_NAME}, **_NULLABLE},
}


@dataclass(slots=True)
class Known:
    """The devices behind objects of one request, read for many at once; their presence where that is wanted."""

    ports: Ports
    tenant: str
    presence: bool = True
    _devices: dict[str, Device] = field(default_factory=dict)
    _mailboxes: dict[str, Mailbox] = field(default_factory=dict)

    def note(self, device: Device) -> None:
        """One that was read already."""
        self._devices[device.id] = device

    def read(self, found: Sequence[ManagedObject]) -> None:
        """Whatever of them is to be shown soon."""
        wanted = [one.device for one in found if one.origin and one.device and one.device not in self._devices]
        if wanted:
            self._devices.update({device.id: device for device in self.ports.devices.some(self.tenant, wanted)})
        if not self.presence:
            return
        watched = [
            one.device for one in found if not one.origin and one.device and availability.required(one) is not None
        ]
        if unread := [device for device in (*wanted, *watched) if device not in self._mailboxes]:
            boxes = self.ports.mailboxes.some(self.tenant, unread)
            self._mailboxes.update(relaying.seen_all(self.ports, boxes))

    def shown(self, found: ManagedObject) -> ManagedObject:
        """The object as it is shown; one of a device that is not read yet is read now."""
        if found.origin == GROUP:
            kind = SUBGROUP_TYPE if found.parents else GROUP_TYPE
            return replace(found, type=kind, fragments={**found.fragments, IS_GROUP: {}})
        if not found.origin and found.device in self._mailboxes:
            told = availability.shown(self.ports, found, self._mailboxes[found.device])
            return replace(found, fragments={**found.fragments, **told})
        if not found.origin or not found.device:
            return found
        if found.device not in self._devices:
            self.read([found])
        device = self._devices.get(found.device)
        if device is None:
            return found
        return _shown(found, device, self._mailboxes.get(device.id))

    def names(self, found: ManagedObject) -> list[str]:
        """Values of the external ids that follow from its device."""
        device = self._devices.get(found.device or "")
        return [value for _, value in _names(device, found.origin)] if device else []


def names(ports: Ports, found: ManagedObject) -> list[ExternalId]:
    """External ids of the object: those that it was given, and those that follow from its device."""
    given = ports.objects.names(found.tenant, found.id)
    device = ports.devices.get(found.tenant, found.device) if found.origin and found.device else None
    own = _names(device, found.origin) if device else ()
    return [*given, *(ExternalId(found.tenant, type_, value, found.id) for type_, value in own)]


def named(ports: Ports, tenant: str, type_: str, value: str) -> ManagedObject | None:
    """The object of the device from which that external id follows."""
    if type_ == _URN:
        owners = [value]
    elif type_ == _IBM:
        found = (ports.devices.owner(tenant, MQTT, f"{kind}:{tenant}:{value}") for kind in _IBM_KINDS)
        owners = [owner for owner in found if owner]
    elif is_ours(type_):
        owners = [ports.devices.owner(tenant, type_.removeprefix(_PREFIX), value) or ""]
    else:
        return None
    device = ports.devices.get(tenant, owners[0]) if owners and owners[0] else None
    one = ports.objects.get(tenant, device.number) if device and device.number else None
    return one if one and one.origin else None


def is_ours(type_: str) -> bool:
    """Whether external ids of the type follow from devices, so that nobody gives them or takes them away."""
    return type_.startswith(_PREFIX)


def change(ports: Ports, found: ManagedObject, sent: Mapping[str, Any]) -> None:
    """Change the device that the object is, as far as a body says something of it. Errors: Invalid, DeviceNotFound."""
    told = {name: sent[name] for name in ("name", POSITION, PROPERTIES, TAGS) if name in sent}
    if found.device is None or not told:
        return
    if not found.origin:
        # What it is told of itself is kept as it was sent: the fleet has its name and place as well.
        told = {name: told[name] for name in ("name", POSITION) if name in told and _is_right(name, told[name])}
    changes = _change(schemas.check(_SENT, told))
    try:
        devices.update(ports, found.tenant, found.device, changes)
    except DeviceNotFound:
        # One that could not be registered yet is told its name when it is.
        if found.origin:
            raise


def _is_right(name: str, value: Any) -> bool:
    try:
        schemas.check(_SENT, {name: value})
    except Invalid:
        return False
    return True


def _change(told: Mapping[str, Any]) -> Callable[[Device], Device]:
    changes: dict[str, Any] = {}
    if told.get("name") is not None:
        changes["name"] = told["name"]
    if POSITION in told:
        changes["location"] = _location(told[POSITION])
    if PROPERTIES in told:
        changes["properties"] = dict(told[PROPERTIES] or {})
    if TAGS in told:
        changes["tags"] = tuple(dict.fromkeys(told[TAGS] or ()))
    return lambda device: replace(device, **changes)


def _location(position: Mapping[str, Any] | None) -> Location | None:
    if position is None:
        return None
    alt = position.get("alt")
    return Location(float(position["lat"]), float(position["lng"]), None if alt is None else float(alt))


def _shown(found: ManagedObject, device: Device, mailbox: Mailbox | None) -> ManagedObject:
    usual = OPERATIONS.get(found.origin or "")
    fragments = {
        **({SUPPORTED: list(usual)} if usual else {}),
        **{name: value for name, value in found.fragments.items() if name not in COMPUTED},
        IS_DEVICE: {},
        PROPERTIES: dict(device.properties),
        TAGS: list(device.tags),
    }
    place = device.location
    if place is not None:
        alt = {} if place.alt is None else {"alt": place.alt}
        fragments[POSITION] = {"lat": place.lat, "lng": place.lon, **alt}
    if mailbox is not None:
        fragments |= _presence(mailbox)
    return replace(
        found,
        name=device.name or _own_name(device),
        type=_type(device, found.origin),
        owner=HOLDER,
        updated=max(found.updated, device.updated),
        fragments=fragments,
    )


def _presence(mailbox: Mailbox) -> dict[str, Any]:
    relayed = any(presence.relayed for presence in mailbox.presence.values())
    heard = max((presence.last_contact or 0 for presence in mailbox.presence.values()), default=0)
    last = {"lastMessage": times.render(heard)} if heard else {}
    return {
        AVAILABILITY: {"status": "AVAILABLE" if mailbox.online else "UNAVAILABLE", **last},
        CONNECTION: {"status": "CONNECTED" if mailbox.online else "DISCONNECTED"},
        **({} if relayed else {AGENT: {}}),
    }


def _type(device: Device, origin: str | None) -> str | None:
    kind = TYPES.get(origin or "")
    if kind is not None:
        return kind
    return next((name.partition(":")[0] for type_, name in _names(device, origin) if type_ == _IBM), None)


def _own_name(device: Device) -> str:
    """What a device without a name is called by."""
    return next((name.partition(":")[2] for type_, name in _names(device, "ibm") if type_ == _IBM), device.id)


def _names(device: Device, origin: str | None) -> Iterator[tuple[str, str]]:
    yield _URN, device.id
    for interface in device.interfaces:
        yield f"{_PREFIX}{interface.connector}", interface.node
        kind, _, rest = interface.node.partition(":")
        if origin == interface.dialect == "ibm" and kind in _IBM_KINDS:
            yield _IBM, rest.partition(":")[2]
