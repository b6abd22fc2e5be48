"""Managed objects as they are kept, with external ids and hierarchy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from chalicelib.fleet.ports.answers import Page

if TYPE_CHECKING:
    from chalicelib.fleet.inventory.managed_objects import (
        ChildKind,
        ExternalId,
        Leaving,
        Link,
        ManagedObject,
        ObjectFacet,
    )


class Objects(Protocol):
    """An object that is leaving is not there for anybody but who clears up behind it."""

    def create(self, made: ManagedObject, named: Sequence[ExternalId] = ()) -> bool:
        """All or nothing; False if the number is taken. ExternalIdDuplicate, TooLarge."""

    def get(self, tenant: str, number: str) -> ManagedObject | None: ...
    def some(self, tenant: str, numbers: Sequence[str]) -> list[ManagedObject]:
        """Those that are there, in the order they were asked for."""

    def replace(self, old: ManagedObject, new: ManagedObject) -> bool:
        """Its facets move along; its place in the hierarchy stays what it is. TooLarge."""

    def page(self, tenant: str, *, after: str | None, limit: int, descending: bool = False) -> Page[ManagedObject]:
        """By number; a page may be short although there is a cursor, and a new object come a moment late."""

    def with_facet(
        self, tenant: str, facet: ObjectFacet, value: str, *, after: str | None, limit: int, descending: bool = False
    ) -> Page[ManagedObject]:
        """As `page`, of those with that value alone, and never late."""

    def beginning(
        self, tenant: str, facet: ObjectFacet, prefix: str, *, after: str | None, limit: int
    ) -> Page[ManagedObject]:
        """Those with a value that begins so, by value and then by number; the cursor is opaque."""

    def leave(self, old: ManagedObject, cascade: frozenset[ChildKind] = frozenset(), *, data: bool = False) -> bool:
        """Hide it, unchanged since it was read, until it is erased."""

    def leaving(self, tenant: str, number: str) -> Leaving | None: ...
    def left(self) -> Iterator[tuple[str, str]]:
        """(tenant, number) of all objects that are leaving, the lowest first within a shard; a moment late."""

    def erase(self, tenant: str, number: str) -> None:
        """What is left of it, but for external ids and links."""

    def named(self, tenant: str, type_: str, value: str) -> ExternalId | None:
        """Also of an object that is leaving."""

    def names(self, tenant: str, number: str) -> list[ExternalId]:
        """In order of type and value."""

    def name(self, external: ExternalId) -> bool:
        """False if somebody has it, or the object is not there."""

    def unname(self, external: ExternalId) -> None:
        """If that object has it."""

    def join(self, link: Link, child: ManagedObject, above: Mapping[str, tuple[ManagedObject, int]]) -> bool:
        """Make a child of it; False if that, the child or one of `above` is not as it was read.

        `above` are the parent and all above that, by their numbers, as read and with the height that each is to have.
        """

    def lower(self, old: ManagedObject, height: int) -> bool:
        """Give it that height; False if it gained a child or parent since it was read."""

    def count_alarms(self, old: ManagedObject, alarms: Mapping[str, int]) -> bool:
        """So many are open, by severity; False if they were counted, or the object left, since it was read."""

    def part(self, link: Link, child: ManagedObject | None) -> bool:
        """Take the link away, None for a child that is not there; False if the child is not as it was read."""

    def link(self, tenant: str, parent: str, kind: ChildKind, child: str) -> Link | None: ...
    def children(self, tenant: str, parent: str, kind: ChildKind, *, after: str | None, limit: int) -> Page[Link]:
        """In order of joining; the cursor is a link's `order`. Also those that are leaving."""

    def family(self, tenant: str, parent: str, most: int) -> list[Link] | None:
        """All its children of whatever kind, each kind in order of joining; None where there are more than `most`."""

    def count_children(self, tenant: str, parent: str, kind: ChildKind, most: int) -> int: ...
    def parents(self, tenant: str, child: str) -> list[Link]:
        """Also those that are leaving."""
