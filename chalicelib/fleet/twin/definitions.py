"""Definitions of objects: which resources they have, of what type, and what may be done with them."""

from collections.abc import Iterable, Mapping
from dataclasses import field

from chalicelib.fleet.frozen import dataclass
from chalicelib.fleet.shapes import Extensible
from chalicelib.fleet.twin.paths import Path
from chalicelib.fleet.twin.values import ResourceType

FIRST_VERSION = "1.0"
CUSTOM_IDS = range(10_241, 42_801)
"""Objects that a tenant may define."""

_RESOURCE = len(("object", "instance", "resource"))


@dataclass(frozen=True, slots=True)
class ResourceDefinition(Extensible):
    """`operations` is made of R, W and E; `type` is None for what can only be executed."""

    id: int
    name: str
    operations: str
    type: ResourceType | None
    multiple: bool = False
    mandatory: bool = False
    description: str = ""


@dataclass(frozen=True, slots=True)
class ObjectDefinition(Extensible):
    """`urn` without its version where that is 1.0; `owner` is the tenant of a custom definition."""

    id: int
    version: str
    urn: str
    name: str
    multiple: bool
    mandatory: bool
    resources: Mapping[int, ResourceDefinition] = field(default_factory=dict)
    description: str = ""
    owner: str | None = None

    @property
    def operations(self) -> str:
        """R if any resource can be read, W if any can be written."""
        return "".join(each for each in "RW" if any(each in one.operations for one in self.resources.values()))

    @property
    def order(self) -> tuple[int, ...]:
        """Of versions of one object."""
        return tuple(int(each) for each in self.version.split("."))


class Definitions:
    """Those that one tenant sees: a custom one beats every public one of its object."""

    def __init__(self, public: Iterable[ObjectDefinition], custom: Iterable[ObjectDefinition] = ()) -> None:
        self._of: dict[int, dict[str, ObjectDefinition]] = {}
        for definition in public:
            self._of.setdefault(definition.id, {})[definition.version] = definition
        for own in sorted(custom, key=lambda each: each.order):
            kept = self._of.get(own.id, {})
            others = {version: each for version, each in kept.items() if each.owner is not None}
            self._of[own.id] = {**others, own.version: own}

    def of(self, object_id: int, version: str | None = None) -> ObjectDefinition | None:
        """The version that a device says it has; without one, or where it is unknown, 1.0, and else the highest."""
        known = self._of.get(object_id)
        if not known:
            return None
        found = known.get(version or FIRST_VERSION) or known.get(FIRST_VERSION)
        return found or max(known.values(), key=lambda each: each.order)

    def all(self) -> list[ObjectDefinition]:
        return [
            each for _, known in sorted(self._of.items()) for each in sorted(known.values(), key=lambda one: one.order)
        ]

    def resource(self, path: Path, versions: Mapping[int, str] | None = None) -> ResourceDefinition | None:
        """Of a resource, or of the one that an instance is of; `versions` are those of a device's objects."""
        if len(path) < _RESOURCE:
            return None
        object_id = path[0]
        found = self.of(object_id, versions.get(object_id) if versions else None)
        return found.resources.get(path[2]) if found else None
