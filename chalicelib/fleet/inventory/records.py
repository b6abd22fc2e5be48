"""Devices with their interfaces, and the groups that they stand in."""

from collections.abc import Iterator, Mapping
from dataclasses import field, replace
from typing import Any

from chalicelib.fleet.errors import GroupNotFound, Invalid
from chalicelib.fleet.fields import Field
from chalicelib.fleet.frozen import dataclass
from chalicelib.fleet.presence.records import interface_key
from chalicelib.fleet.shapes import Extensible

ROOT_GROUP = "root"
MAX_INTERFACES = 10
"""So that a device with all its properties and definitions fits into one item of the store."""
ROOT_PATH = "/"
LONGEST_NAME = 255
"""Characters of a device's name, where a dialect lets clients give it one."""
MOST = 1_000
"""Groups that a tenant may have: all of them are read with one query."""
BELOW, CHILDREN = "/*", "/*/"


@dataclass(frozen=True, slots=True)
class Interface(Extensible):
    """One access of a device to the platform: (connector, node) is unique in the tenant.

    `dialect` names who encodes for it; `definition` is the dialect's own.
    """

    connector: str
    node: str
    dialect: str
    created: int
    updated: int
    enabled: bool = True
    definition: Mapping[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> str:
        return interface_key(self.connector, self.node)


@dataclass(frozen=True, slots=True)
class Location(Extensible):
    """Degrees, and metres above the sea."""

    lat: float
    lon: float
    alt: float | None = None


@dataclass(frozen=True, slots=True)
class Device(Extensible):
    """A device as registered. `attributes` holds what a dialect owns, under that dialect's name.

    `number` is that of the managed object that it is, where the tenant has those; `moves` counts its groups.
    """

    tenant: str
    id: str
    created: int
    updated: int
    revision: int = 0
    name: str | None = None
    description: str | None = None
    stream: str | None = None
    tags: tuple[str, ...] = ()
    properties: Mapping[str, str] = field(default_factory=dict)
    group: str = ROOT_GROUP
    interfaces: tuple[Interface, ...] = ()
    location: Location | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict)
    number: str | None = None
    moves: int = 0

    @property
    def data_stream(self) -> str:
        return self.stream or self.id

    def interface(self, connector: str, node: str) -> Interface | None:
        key = interface_key(connector, node)
        return next((i for i in self.interfaces if i.key == key), None)

    def with_interface(self, interface: Interface) -> "Device":
        """The device with that interface added, or put in the place of the one with the same key."""
        others = tuple(i for i in self.interfaces if i.key != interface.key)
        return replace(self, interfaces=(*others, interface))

    @property
    def full(self) -> bool:
        return len(self.interfaces) >= MAX_INTERFACES

    def joined_by(self, interface: Interface) -> "Device":
        """The device with one interface more. Errors: Invalid (it has as many as a device may have)."""
        if self.full:
            raise Invalid(f"a device has at most {MAX_INTERFACES} interfaces", Field.INTERFACES)
        return self.with_interface(interface)

    def without_interface(self, interface: Interface) -> "Device":
        return replace(self, interfaces=tuple(i for i in self.interfaces if i.key != interface.key))


@dataclass(frozen=True, slots=True)
class Group(Extensible):
    """`name` is the last part of the path. While `closing`, it is being deleted and takes no devices. Times in ms.

    `number` is that of the managed object that it stands for, if any.
    """

    tenant: str
    id: str
    name: str
    parent: str
    created: int
    updated: int
    description: str | None = None
    closing: bool = False
    number: str | None = None


@dataclass(frozen=True, slots=True)
class GroupTree:
    """All groups of a tenant but the root, by their ids."""

    tenant: str
    revision: int = 0
    groups: Mapping[str, Group] = field(default_factory=dict)

    def __contains__(self, group: str) -> bool:
        return group == ROOT_GROUP or group in self.groups

    def get(self, group: str) -> Group:
        """Errors: GroupNotFound, also for the root, which has no record."""
        if group not in self.groups:
            raise GroupNotFound(f"group {group[:64]} not found")
        return self.groups[group]

    def numbered(self, number: str) -> Group | None:
        """The group that stands for that managed object."""
        return next((group for group in self.groups.values() if group.number == number), None)

    def path(self, group: str) -> str:
        """The whole path; the root's for a group that is not, or no longer, there."""
        names: list[str] = []
        while group in self.groups and len(names) <= MOST:
            names.append(self.groups[group].name)
            group = self.groups[group].parent
        return ROOT_PATH + "/".join(reversed(names))

    def at(self, path: str) -> str | None:
        """The id of the group with this path."""
        group = ROOT_GROUP
        for name in path.strip("/").split("/") if path.strip("/") else ():
            found = next((g.id for g in self.children(group) if g.name == name), None)
            if found is None:
                return None
            group = found
        return group

    def children(self, group: str) -> Iterator[Group]:
        return (g for g in self.groups.values() if g.parent == group)

    def within(self, group: str) -> frozenset[str]:
        """The group and all below it."""
        below: dict[str, list[str]] = {}
        for other in self.groups.values():
            below.setdefault(other.parent, []).append(other.id)
        found, waiting = set(), [group]
        while waiting:
            found.add(waiting[-1])
            waiting.extend(below.get(waiting.pop(), ()))
        return frozenset(found)

    def matching(self, pattern: str) -> frozenset[str]:
        """Ids by path: `/x` that group, `/x/*` it and all below, `/x/*/` only those directly below."""
        for ending, choose in ((CHILDREN, self._below), (BELOW, self.within)):
            if pattern.endswith(ending):
                group = self.at(pattern.removesuffix(ending))
                return choose(group) if group else frozenset()
        group = self.at(pattern)
        return frozenset({group} if group else ())

    def _below(self, group: str) -> frozenset[str]:
        return frozenset(g.id for g in self.children(group))
