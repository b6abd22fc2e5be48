"""Devices as IBM knows them, on the fleet's records: what both REST versions, bulk calls and MQTT have in common.

What only this dialect knows of a device is in its attributes under `ibm`: `token`, `metadata`, `deviceInfo`,
`registration`, `location`, `mgmt`, `status`, `gateway`.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import field, replace
from typing import Any

from chalicelib.dialects.ibm import tokens
from chalicelib.dialects.ibm.identity import DIALECT, Name, api_key_name, fleet_prefix, is_name, name_of
from chalicelib.fleet.access.callers import Caller, Kind
from chalicelib.fleet.errors import DeviceNotFound, Forbidden, Invalid
from chalicelib.fleet.frozen import dataclass
from chalicelib.fleet.inventory import devices
from chalicelib.fleet.inventory.records import Device, Interface
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.presence.records import MQTT

_BATCH = 100
_LONGEST_NAME = 1_024
METADATA = {
    "type": ["object", "null"],
    "propertyNames": {"maxLength": _LONGEST_NAME, "description": f"is a name of at most {_LONGEST_NAME} characters"},
}
"""Schema of what a client says of a device in its own words."""
_ADDRESSABLE = re.compile(r"[A-Za-z0-9._-]{1,128}")


@dataclass(frozen=True, slots=True)
class Owned:
    """A device of the fleet with its name here."""

    name: Name
    device: Device


@dataclass(frozen=True, slots=True)
class Registration:
    """What a client says of a new device; without `token` one is generated."""

    name: Name
    token: str | None = None
    own: Mapping[str, Any] = field(default_factory=dict)
    gateway: bool = False


def own(device: Device) -> Mapping[str, Any]:
    """What this dialect keeps of a device; empty for one that came in through another."""
    found = device.attributes.get(DIALECT)
    return found if isinstance(found, Mapping) else {}


def checked_name(type_: Any, id_: Any) -> Name:
    """Errors: Invalid (manual 3.1.6)."""
    for text, field_ in ((type_, "type"), (id_, "id")):
        if not is_name(text):
            raise Invalid(
                f"{field_} has 1 to 36 letters, digits, hyphens, underscores and full stops, and is neither . nor ..",
                field_,
            )
    return Name(type_, id_)


def is_addressable(name: Name) -> bool:
    """Whether it can be a name at all: what cannot would only look like another's."""
    return all(_ADDRESSABLE.fullmatch(part) for part in (name.type, name.id))


def addressed(type_: str, id_: str) -> Name:
    """The name in a path or topic. DeviceNotFound for what can be no name."""
    if not is_addressable(Name(type_, id_)):
        raise DeviceNotFound("there is no such device")
    return Name(type_, id_)


def metadata(device: Device) -> Mapping[str, Any] | None:
    """The client's own data of a device; for one that came in through another dialect its properties."""
    kept = own(device).get("metadata", device.properties or None)
    return kept if isinstance(kept, Mapping) else None


def register(ports: Ports, by: Caller, wanted: Registration) -> tuple[Device, str]:
    """The new device and its token, which is nowhere else. Errors: Invalid, DeviceDuplicate, InterfaceDuplicate."""
    now = ports.clock.now()
    token = tokens.minted(ports) if wanted.token is None else tokens.chosen(wanted.token)
    kept = tokens.kept(ports, token, generated=wanted.token is None)
    client = wanted.name.client(by.tenant, "g" if wanted.gateway else "d")
    interface = Interface(MQTT, client, DIALECT, now, now)
    registered = {"auth": _registrar(by), "date": now}
    device = Device(
        by.tenant,
        wanted.name.fleet_id,
        now,
        now,
        name=wanted.name.id,
        interfaces=(interface,),
        attributes={DIALECT: {**wanted.own, "token": kept, "registration": registered}},
    )
    return devices.register(ports, device, entitled=True), token


def _registrar(by: Caller) -> dict[str, str]:
    """A key by its name, a gateway by its client id (manual 3.1.6)."""
    if by.key is not None:
        return {"id": api_key_name(by.tenant, by.key.id), "type": "apikey"}
    if by.kind is Kind.GATEWAY and by.name is not None:
        return {"id": by.name, "type": "gateway"}
    raise Forbidden("devices are registered by API keys and gateways only")


def change_own(
    ports: Ports, tenant: str, device_id: str, change: Callable[[Mapping[str, Any]], Mapping[str, Any]]
) -> Device:
    """Replace what this dialect keeps of a device. Errors: DeviceNotFound, and what `change` raises."""

    def changed(device: Device) -> Device:
        return replace(device, attributes={**device.attributes, DIALECT: dict(change(own(device)))})

    return devices.update(ports, tenant, device_id, changed)


def every(ports: Ports, tenant: str, *, type_: str | None = None, after: str | None = None) -> Iterator[Owned]:
    """All devices that have a name here, or those of one type, in order of their fleet ids; behind the one `after`."""
    if type_ is not None and not _ADDRESSABLE.fullmatch(type_):
        return
    prefix = fleet_prefix(type_) if type_ is not None else ""
    after = max(after or "", prefix) or None
    while True:
        page = ports.devices.page(tenant, after=after, limit=_BATCH)
        for device in page.items:
            if not device.id.startswith(prefix):
                return
            name = name_of(device.id)
            if name is not None:
                yield Owned(name, device)
        if page.cursor is None:
            return
        after = page.cursor


def client_of(device: Device) -> str:
    """The MQTT client id, or for a device of another dialect what it would be."""
    ours = next((i.node for i in device.interfaces if i.dialect == DIALECT), None)
    name = name_of(device.id)
    return ours or (name.client(device.tenant) if name else device.id)
