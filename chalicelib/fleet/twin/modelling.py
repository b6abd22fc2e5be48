"""The definitions that a tenant sees: the public ones, those that the operator added, and its own."""

from functools import cache

from chalicelib.fleet.errors import DefinitionDuplicate, DefinitionNotFound, Forbidden, LimitReached
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.twin import library
from chalicelib.fleet.twin.definitions import Definitions, ObjectDefinition
from chalicelib.fleet.twin.library import EVERYBODY, KIND, definition_of
from chalicelib.fleet.twin.public import public_objects

MOST_CUSTOM = 100


def seen(ports: Ports, tenant: str) -> Definitions:
    """Costs two reads; where nothing was added, nothing more."""
    own = custom(ports, tenant)
    # A first page is what a device's message may be told from memory: nothing more is asked where it is empty.
    added = ports.records.page(EVERYBODY, KIND, after=None, limit=1).items
    if not own and not added:
        return _shipped()
    return Definitions(library.published(ports) if added else public_objects(), own)


def custom(ports: Ports, tenant: str) -> list[ObjectDefinition]:
    """The tenant's own; no more than MOST_CUSTOM."""
    found = ports.records.page(tenant, KIND, after=None, limit=MOST_CUSTOM).items
    return [definition_of(record.body) for record in found]


def define(ports: Ports, tenant: str, definition: ObjectDefinition, *, override: bool) -> None:
    """Errors: DefinitionDuplicate, LimitReached."""
    record = library.record_of(tenant, definition)
    if ports.records.count(tenant, KIND) >= MOST_CUSTOM and ports.records.get(tenant, KIND, record.id) is None:
        raise LimitReached(f"a tenant has at most {MOST_CUSTOM} object definitions of its own")
    while not ports.records.create(record):
        if not override:
            raise DefinitionDuplicate(f"{definition.urn} is defined already: say override=true to replace it")
        known = ports.records.get(tenant, KIND, record.id)
        # two imports may come at once: whoever comes second replaces what the first has left
        if known is not None and ports.records.replace(known, record):
            return


def remove(ports: Ports, tenant: str, urn: str) -> None:
    """Errors: DefinitionNotFound; Forbidden, for a public one."""
    definition = named(ports, tenant, urn)
    if definition.owner is None:
        raise Forbidden(f"{definition.urn} is public and cannot be removed")
    ports.records.delete(tenant, KIND, library.record_of(tenant, definition).id)


def named(ports: Ports, tenant: str, urn: str) -> ObjectDefinition:
    """By its id, however that is spelled. Errors: DefinitionNotFound."""
    asked = _parts(urn)
    for definition in seen(ports, tenant).all():
        if asked is not None and (str(definition.id), definition.version) == asked:
            return definition
    raise DefinitionNotFound(f"object definition {urn[:128]} not found")


def _parts(urn: str) -> tuple[str, str] | None:
    """Object and version of `urn:oma:lwm2m:5:1.1`, `urn:oma:lwm2m:{kind}:5:1.1`, or either without a version."""
    parts = urn.lower().split(":")
    if parts[:3] != ["urn", "oma", "lwm2m"] or len(parts) <= len(("urn", "oma", "lwm2m")):
        return None
    rest = parts[3:] if parts[3].isdigit() else parts[4:]
    match rest:
        case [number]:
            return number, "1.0"
        case [number, version]:
            return number, version
    return None


@cache
def _shipped() -> Definitions:
    return Definitions(public_objects())
