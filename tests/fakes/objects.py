"""Managed objects with external ids and hierarchy in memory."""

from bisect import insort
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from chalicelib.fleet.errors import ExternalIdDuplicate
from chalicelib.fleet.ids import sortable
from chalicelib.fleet.inventory.managed_objects import (
    ChildKind,
    ExternalId,
    Leaving,
    Link,
    ManagedObject,
    ObjectFacet,
    facet_value,
    facets,
)
from chalicelib.fleet.ports import Page

Id = tuple[str, str]
Wanted = Callable[[ManagedObject], bool]
_WRITTEN_APART = ("parents", "lineage", "height", "joined", "alarms", "alarms_counted")


@dataclass
class MemoryObjects:
    rows: dict[Id, ManagedObject] = field(default_factory=dict)
    hidden: dict[Id, Leaving] = field(default_factory=dict)
    externals: dict[tuple[str, str, str], ExternalId] = field(default_factory=dict)
    down: dict[tuple[str, str, ChildKind], list[tuple[str, str]]] = field(default_factory=dict)
    up: dict[Id, dict[tuple[ChildKind, str], Link]] = field(default_factory=dict)

    def create(self, made: ManagedObject, named: Sequence[ExternalId] = ()) -> bool:
        if (made.tenant, made.id) in self.rows:
            return False
        taken = next((e for e in named if (e.tenant, e.type, e.value) in self.externals), None)
        if taken is not None:
            raise ExternalIdDuplicate(f"another object has the external id {taken.type} {taken.value[:64]}")
        self.rows[made.tenant, made.id] = made
        self.externals |= {(e.tenant, e.type, e.value): e for e in named}
        return True

    def get(self, tenant: str, number: str) -> ManagedObject | None:
        return None if (tenant, number) in self.hidden else self.rows.get((tenant, number))

    def some(self, tenant: str, numbers: Sequence[str]) -> list[ManagedObject]:
        return [found for number in numbers if (found := self.get(tenant, number)) is not None]

    def replace(self, old: ManagedObject, new: ManagedObject) -> bool:
        stored = self.get(old.tenant, old.id)
        if stored is None or stored.revision != old.revision:
            return False
        place = {name: getattr(stored, name) for name in _WRITTEN_APART}
        self.rows[old.tenant, old.id] = replace(new, revision=old.revision + 1, **place)
        return True

    def page(self, tenant: str, *, after: str | None, limit: int, descending: bool = False) -> Page[ManagedObject]:
        return self._page(tenant, lambda _: True, after=after, limit=limit, descending=descending)

    def with_facet(
        self, tenant: str, facet: ObjectFacet, value: str, *, after: str | None, limit: int, descending: bool = False
    ) -> Page[ManagedObject]:
        wanted = (facet, facet_value(value))
        return self._page(tenant, lambda o: wanted in facets(o), after=after, limit=limit, descending=descending)

    def beginning(
        self, tenant: str, facet: ObjectFacet, prefix: str, *, after: str | None, limit: int
    ) -> Page[ManagedObject]:
        found = sorted(
            (f"{value}#{sortable(o.id)}", o.id)
            for (t, _), o in self.rows.items()
            for name, value in facets(o)
            if t == tenant and name is facet and value.startswith(facet_value(prefix))
        )
        rest = [(place, number) for place, number in found if after is None or place > after]
        page = self.some(tenant, [number for _, number in rest[:limit]])
        return Page(page, rest[limit - 1][0] if len(rest) > limit else None)

    def leave(self, old: ManagedObject, cascade: frozenset[ChildKind] = frozenset(), *, data: bool = False) -> bool:
        stored = self.get(old.tenant, old.id)
        if stored is None or stored.revision != old.revision:
            return False
        self.hide(old.tenant, old.id, cascade, data=data)
        return True

    def hide(
        self, tenant: str, number: str, cascade: frozenset[ChildKind] = frozenset(), *, data: bool = False
    ) -> None:
        """Whatever it is by now, as a device does that is deleted."""
        known = self.rows.get((tenant, number))
        before = self.hidden.get((tenant, number))
        chosen, with_data = (cascade, data) if before is None else (before.cascade, before.data)
        device = known.device if known else None
        file = known.attachment.file if known and known.attachment else None
        self.hidden[tenant, number] = Leaving(tenant, number, device, chosen, with_data, file)

    def count_alarms(self, old: ManagedObject, alarms: Mapping[str, int]) -> bool:
        stored = self.get(old.tenant, old.id)
        if stored is None or stored.alarms_counted != old.alarms_counted:
            return False
        counted = replace(stored, alarms=dict(alarms), alarms_counted=stored.alarms_counted + 1)
        self.rows[old.tenant, old.id] = counted
        return True

    def leaving(self, tenant: str, number: str) -> Leaving | None:
        return self.hidden.get((tenant, number))

    def left(self) -> Iterator[tuple[str, str]]:
        return iter(sorted(self.hidden, key=lambda name: (sortable(name[1]), name[0])))

    def erase(self, tenant: str, number: str) -> None:
        self.rows.pop((tenant, number), None)
        self.hidden.pop((tenant, number), None)

    def named(self, tenant: str, type_: str, value: str) -> ExternalId | None:
        return self.externals.get((tenant, type_, value))

    def names(self, tenant: str, number: str) -> list[ExternalId]:
        found = [e for (t, _, _), e in self.externals.items() if t == tenant and e.object == number]
        return sorted(found, key=lambda e: (e.type, e.value))

    def name(self, external: ExternalId) -> bool:
        place = (external.tenant, external.type, external.value)
        if place in self.externals or self.get(external.tenant, external.object) is None:
            return False
        self.externals[place] = external
        return True

    def unname(self, external: ExternalId) -> None:
        place = (external.tenant, external.type, external.value)
        if self.externals.get(place) == external:
            del self.externals[place]

    def join(self, link: Link, child: ManagedObject, above: Mapping[str, tuple[ManagedObject, int]]) -> bool:
        present = [self.get(child.tenant, child.id), *(self.get(o.tenant, o.id) for o, _ in above.values())]
        read = [(child, True), *((found, height != found.height) for found, height in above.values())]
        for now, (then, exactly) in zip(present, read, strict=True):
            if now is None or now.lineage != then.lineage or (exactly and now.height != then.height):
                return False
        if (link.kind, link.parent) in self.up.get((link.tenant, link.child), {}):
            return False
        insort(self.down.setdefault((link.tenant, link.parent, link.kind), []), (link.order, link.child))
        self.up.setdefault((link.tenant, link.child), {})[link.kind, link.parent] = link
        for found, height in above.values():
            now = self.rows[found.tenant, found.id]
            joined = now.joined + (found.id == link.parent)
            self.rows[found.tenant, found.id] = replace(now, height=max(now.height, height), joined=joined)
        self._moved(child, 1)
        return True

    def lower(self, old: ManagedObject, height: int) -> bool:
        now = self.get(old.tenant, old.id)
        if now is None or (now.lineage, now.height, now.joined) != (old.lineage, old.height, old.joined):
            return False
        self.rows[old.tenant, old.id] = replace(now, height=height)
        return True

    def part(self, link: Link, child: ManagedObject | None) -> bool:
        stored = self.get(link.tenant, link.child)
        if child is not None:
            there = (link.kind, link.parent) in self.up.get((link.tenant, link.child), {})
            if not there or stored is None or stored.lineage != child.lineage:
                return False
            self._moved(child, -1)
        self.up.get((link.tenant, link.child), {}).pop((link.kind, link.parent), None)
        children = self.down.get((link.tenant, link.parent, link.kind), [])
        if (link.order, link.child) in children:
            children.remove((link.order, link.child))
        return True

    def link(self, tenant: str, parent: str, kind: ChildKind, child: str) -> Link | None:
        return self.up.get((tenant, child), {}).get((kind, parent))

    def children(self, tenant: str, parent: str, kind: ChildKind, *, after: str | None, limit: int) -> Page[Link]:
        every = [pair for pair in self.down.get((tenant, parent, kind), []) if after is None or pair[0] > after]
        found = [Link(tenant, parent, kind, child, order) for order, child in every[:limit]]
        return Page(found, found[-1].order if len(every) > limit else None)

    def family(self, tenant: str, parent: str, most: int) -> list[Link] | None:
        kinds = sorted(ChildKind)
        found = [
            Link(tenant, parent, kind, child, order)
            for kind in kinds
            for order, child in self.down.get((tenant, parent, kind), [])
        ]
        return found if len(found) <= most else None

    def count_children(self, tenant: str, parent: str, kind: ChildKind, most: int) -> int:
        return min(most, len(self.down.get((tenant, parent, kind), [])))

    def parents(self, tenant: str, child: str) -> list[Link]:
        return sorted(self.up.get((tenant, child), {}).values(), key=lambda link: link.order)

    def _moved(self, child: ManagedObject, step: int) -> None:
        now = self.rows[child.tenant, child.id]
        self.rows[child.tenant, child.id] = replace(now, parents=now.parents + step, lineage=now.lineage + 1)

    def _page(
        self, tenant: str, wanted: Wanted, *, after: str | None, limit: int, descending: bool
    ) -> Page[ManagedObject]:
        every = sorted((int(n) for (t, n), o in self.rows.items() if t == tenant and wanted(o)), reverse=descending)
        rest = [n for n in every if after is None or (n < int(after) if descending else n > int(after))]
        page = self.some(tenant, [str(n) for n in rest[:limit]])
        return Page(page, str(rest[limit - 1]) if len(rest) > limit else None)
