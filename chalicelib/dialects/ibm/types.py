"""Device types of v0002. A type is there once it was made, or as soon as a device of any dialect has it."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from chalicelib.dialects.ibm.identity import fleet_prefix, is_name, name_of
from chalicelib.fleet.compare_and_set import change_record, create_record
from chalicelib.fleet.documents import Record
from chalicelib.fleet.errors import Conflict, Invalid, NotFound
from chalicelib.fleet.ports import Ports

KIND = "ibm.types"
CLASSES = ("Device", "Gateway")
_BEYOND = "~"


def create(ports: Ports, tenant: str, body: dict[str, Any]) -> Record:
    """Errors: Invalid, Conflict."""
    if not is_name(body["id"]):
        raise Invalid(
            "id has 1 to 36 letters, digits, hyphens, underscores and full stops, and is neither . nor ..", "id"
        )
    now = ports.clock.now()
    kept = {name: body[name] for name in ("description", "deviceInfo", "metadata") if body.get(name) is not None}
    record = Record(
        tenant, KIND, body["id"], {**kept, "classId": body.get("classId") or "Device", "created": now, "updated": now}
    )
    # Two clients making one type at the same time: one of them makes it.
    if not create_record(record, ports.records.create, lambda: ports.records.get(tenant, KIND, record.id)):
        raise Conflict(f"device type {body['id']} exists already")
    return record


def get(ports: Ports, tenant: str, type_: str) -> Record:
    """Errors: NotFound."""
    found = ports.records.get(tenant, KIND, type_)
    if found is not None:
        return found
    if not is_name(type_) or not has_devices(ports, tenant, type_):
        raise NotFound(f"there is no device type {type_[:64]}")
    return Record(tenant, KIND, type_, {"classId": "Device"})


def is_gateway(ports: Ports, tenant: str, type_: str) -> bool:
    """Whether devices of that type are gateways, which come in with a client id of their own kind."""
    found = ports.records.get(tenant, KIND, type_)
    return found is not None and found.body.get("classId") == "Gateway"


def update(ports: Ports, tenant: str, type_: str, changes: dict[str, Any]) -> Record:
    """Errors: NotFound."""
    now = ports.clock.now()

    def read() -> Record:
        return get(ports, tenant, type_)

    def write(old: Record, new: Record) -> bool:
        # Two clients at once. One that nobody made is there only because a device has it: the first change makes it.
        return ports.records.replace(old, new) or ("created" not in old.body and ports.records.create(new))

    def changed(old: Record) -> Record:
        return replace(old, body={**old.body, **changes, "updated": now})

    return change_record(ports, f"device type {type_}", read, write, changed)[0]


def delete(ports: Ports, tenant: str, type_: str) -> None:
    """Errors: NotFound, Conflict (it has devices)."""
    get(ports, tenant, type_)
    if has_devices(ports, tenant, type_):
        raise Conflict(f"device type {type_} has devices")
    ports.records.delete(tenant, KIND, type_)


def every(ports: Ports, tenant: str, after: str | None) -> Iterator[Record]:
    """All types behind the one `after`, in order of their ids."""
    made = _records(ports, tenant, after)
    used = (Record(tenant, KIND, type_, {"classId": "Device"}) for type_ in sorted(_used(ports, tenant)))
    implied = (record for record in used if after is None or record.id > after)
    one, other = next(made, None), next(implied, None)
    while one or other:
        if one and (not other or one.id <= other.id):
            if other and other.id == one.id:
                other = next(implied, None)
            yield one
            one = next(made, None)
        elif other:
            yield other
            other = next(implied, None)


def has_devices(ports: Ports, tenant: str, type_: str) -> bool:
    prefix = fleet_prefix(type_)
    return any(d.id.startswith(prefix) for d in ports.devices.page(tenant, after=prefix, limit=1).items)


def _records(ports: Ports, tenant: str, after: str | None) -> Iterator[Record]:
    while True:
        page = ports.records.page(tenant, KIND, after=after, limit=100)
        yield from page.items
        if page.cursor is None:
            return
        after = page.cursor


def _used(ports: Ports, tenant: str) -> Iterator[str]:
    """The types that devices have: one read a type, as each read skips the rest of the last one."""
    after: str | None = None
    while found := ports.devices.page(tenant, after=after, limit=1).items:
        name = name_of(found[0].id)
        after = found[0].id
        if name is not None:
            yield name.type
            after = fleet_prefix(name.type) + _BEYOND
