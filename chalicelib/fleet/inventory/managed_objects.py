"""Managed objects: whatever an inventory holds, devices among them, with external ids and places in a hierarchy."""

from collections.abc import Iterable, Mapping
from dataclasses import field
from enum import StrEnum
from typing import Any

from chalicelib.fleet.frozen import dataclass
from chalicelib.fleet.resources.records import Attachment
from chalicelib.fleet.shapes import Extensible

MOST_FACETS = 18
"""Names of fragments that an object is found by: a device, its object and all their facets fit into one transaction."""
MORE = "*"
"""Stands among the names for those of an object that has more of them."""
_LONGEST_VALUE = 200
"""Characters of a value that count in its facet: with all escapes they fit into a key."""


GROUP, UNCONNECTED = "group", "device"
"""Origin of an object that was made for a group of the fleet, and for a device that no dialect has an interface of."""


class ChildKind(StrEnum):
    DEVICE = "device"
    ASSET = "asset"
    ADDITION = "addition"


class ObjectFacet(StrEnum):
    """What objects can be found by without looking at every one. `ORIGIN` is the dialect that a device came in by."""

    TYPE = "type"
    OWNER = "owner"
    NAME = "name"
    FRAGMENT = "fragment"
    ORIGIN = "origin"
    ROOT = "root"


@dataclass(frozen=True, slots=True)
class ManagedObject(Extensible):
    """`id` is a number (`ids.number`), `fragments` are JSON by name, `device` is the id of the device that it is.

    `origin` is the dialect that its device came in by, of an object that was made for one, or GROUP. `indexed` names
    fragments that go first where only MOST_FACETS are found by; what is not there changes nothing. `promoted` where it
    may have sent data before it was a device. `attachment` is a file that goes with it.

    It is `undescribed` where it was made for a device that connected, and nobody has named it yet. `stamps` tell, by
    fragment, when the device spoke of it last (`ids.ordered_id`): what it had said before that may arrive later.

    Kept by the hierarchy alone: `parents` counts them, `lineage` grows with each that comes or goes, `joined` with each
    child that comes, and no more than `height` levels are below. Times in ms.

    Kept by alarms alone: `alarms` counts those that are open by severity, `alarms_counted` how often that was done.
    """

    tenant: str
    id: str
    created: int
    updated: int
    revision: int = 0
    name: str | None = None
    type: str | None = None
    owner: str | None = None
    device: str | None = None
    origin: str | None = None
    fragments: Mapping[str, Any] = field(default_factory=dict)
    indexed: tuple[str, ...] = ()
    promoted: bool = False
    parents: int = 0
    lineage: int = 0
    height: int = 0
    joined: int = 0
    alarms: Mapping[str, int] = field(default_factory=dict)
    alarms_counted: int = 0
    attachment: Attachment | None = None
    undescribed: bool = False
    stamps: Mapping[str, str] = field(default_factory=dict)

    @property
    def source(self) -> str:
        """What messages and alarms name it by."""
        return self.device or self.id

    @property
    def sources(self) -> tuple[str, ...]:
        """What those that are there may name it by."""
        return (self.source, self.id) if self.promoted else (self.source,)


@dataclass(frozen=True, slots=True)
class ExternalId:
    """(type, value) is unique in the tenant; `object` is the number of the object that has it."""

    tenant: str
    type: str
    value: str
    object: str


@dataclass(frozen=True, slots=True)
class Link:
    """A child of an object. `order` sorts the children of one kind by when they joined."""

    tenant: str
    parent: str
    kind: ChildKind
    child: str
    order: str


@dataclass(frozen=True, slots=True)
class Leaving:
    """An object that is hidden and whose traces are being removed, with its device and children of these kinds.

    `data` where what it sent goes as well; `file` is the name of the file that it has.
    """

    tenant: str
    id: str
    device: str | None = None
    cascade: frozenset[ChildKind] = frozenset()
    data: bool = False
    file: str | None = None


def facets(found: ManagedObject) -> frozenset[tuple[ObjectFacet, str]]:
    """Under which values an object is found."""
    single = {
        ObjectFacet.TYPE: found.type,
        ObjectFacet.OWNER: found.owner,
        ObjectFacet.NAME: found.name,
        ObjectFacet.ORIGIN: found.origin,
        ObjectFacet.ROOT: None if found.parents else "",
    }
    pairs = {(facet, facet_value(value)) for facet, value in single.items() if value is not None}
    return frozenset(pairs | {(ObjectFacet.FRAGMENT, facet_value(name)) for name in _indexed(found)})


def facet_value(value: str) -> str:
    """As much of a value as its facet tells; whoever finds by a longer one looks at what was found."""
    return value[:_LONGEST_VALUE]


def _indexed(found: ManagedObject) -> Iterable[str]:
    first = [name for name in found.indexed if name in found.fragments]
    names = list(dict.fromkeys([*first, *sorted(found.fragments)]))
    return names if len(names) <= MOST_FACETS else [*names[:MOST_FACETS], MORE]
