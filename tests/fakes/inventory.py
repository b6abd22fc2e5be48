"""Devices with their groups, mailboxes and configurations in memory."""

import json
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from typing import Any

from chalicelib.fleet.configuration.records import Configuration
from chalicelib.fleet.errors import (
    DeviceDuplicate,
    GroupNotFound,
    InterfaceDuplicate,
    NumberTaken,
)
from chalicelib.fleet.inventory.facets import MOST_COUNTED, Facet, facets
from chalicelib.fleet.inventory.managed_objects import ManagedObject
from chalicelib.fleet.inventory.records import ROOT_GROUP, Device, Group, GroupTree, Interface
from chalicelib.fleet.ports import Page
from chalicelib.fleet.presence.claims import Change
from chalicelib.fleet.presence.mailbox import Mailbox
from chalicelib.fleet.tenancy.records import Share
from chalicelib.store.devices import DEVICE
from tests.fakes.access import MemoryClaims
from tests.fakes.objects import MemoryObjects
from tests.fakes.resources import MemoryResources
from tests.fakes.usages import MemoryUsages

Id = tuple[str, str]


def page_of(ids: list[str], *, after: str | None, limit: int, descending: bool) -> Page[str]:
    rest = [i for i in sorted(ids, reverse=descending) if after is None or (i < after if descending else i > after)]
    return Page(rest[:limit], rest[limit - 1] if len(rest) > limit else None)


@dataclass
class MemoryGroups:
    trees: dict[str, GroupTree] = field(default_factory=dict)

    def tree(self, tenant: str) -> GroupTree:
        return self.trees.get(tenant, GroupTree(tenant))

    def known(self, tenant: str, group: str) -> GroupTree:  # noqa: ARG002 - always fresh
        return self.tree(tenant)

    def put(self, tree: GroupTree, group: Group) -> bool:
        return self._write(tree, {**tree.groups, group.id: group})

    def remove(self, tree: GroupTree, group: str) -> bool:
        return self._write(tree, {name: g for name, g in tree.groups.items() if name != group})

    def _write(self, tree: GroupTree, groups: dict[str, Group]) -> bool:
        if self.tree(tree.tenant).revision != tree.revision:
            return False
        self.trees[tree.tenant] = GroupTree(tree.tenant, tree.revision + 1, groups)
        return True


@dataclass
class MemoryMailboxes:
    rows: dict[Id, Mailbox] = field(default_factory=dict)

    def get(self, tenant: str, device: str) -> Mailbox | None:
        return self.rows.get((tenant, device))

    def glance(self, tenant: str, device: str) -> Mailbox | None:
        return self.get(tenant, device)

    def foreseen(self, names: Sequence[tuple[str, str]]) -> AbstractContextManager[object]:
        return nullcontext(names)

    def some(self, tenant: str, devices: Sequence[str]) -> dict[str, Mailbox]:
        return {device: self.rows[tenant, device] for device in devices if (tenant, device) in self.rows}

    def online(self, tenant: str, *, after: str | None, limit: int, descending: bool = False) -> Page[str]:
        every = [d for (t, d), mailbox in self.rows.items() if t == tenant and mailbox.online]
        return page_of(every, after=after, limit=limit, descending=descending)

    def count_online(self, tenant: str, most: int) -> int:
        return len(self.online(tenant, after=None, limit=most).items)

    def replace(self, old: Mailbox, new: Mailbox) -> bool:
        stored = self.rows.get((old.tenant, old.device))
        if stored is None or stored.revision != old.revision:
            return False
        self.rows[old.tenant, old.device] = replace(new, revision=old.revision + 1)
        return True


@dataclass
class MemoryConfigurations:
    rows: dict[Id, Configuration] = field(default_factory=dict)

    def get(self, tenant: str, device: str) -> Configuration | None:
        return self.rows.get((tenant, device))

    def replace(self, old: Configuration, new: Configuration) -> bool:
        stored = self.rows.get((old.tenant, old.device))
        if (stored.revision if stored else 0) != old.revision:
            return False
        self.rows[old.tenant, old.device] = replace(new, revision=old.revision + 1)
        return True


@dataclass
class MemoryDevices:
    mailboxes: MemoryMailboxes
    configurations: MemoryConfigurations
    resources: MemoryResources
    groups: MemoryGroups = field(default_factory=MemoryGroups)
    usages: MemoryUsages = field(default_factory=MemoryUsages)
    claims: MemoryClaims = field(default_factory=MemoryClaims)
    rows: dict[Id, Device] = field(default_factory=dict)
    owners: dict[tuple[str, str], str] = field(default_factory=dict)
    objects: MemoryObjects = field(default_factory=MemoryObjects)

    def create(
        self,
        device: Device,
        share: Share | None = None,
        claims: Sequence[Change] = (),
        known_as: ManagedObject | None = None,
    ) -> None:
        if (device.tenant, device.id) in self.rows:
            raise DeviceDuplicate("a device with this id exists already")
        self._ensure_grouped(device)
        self.claims.ensure(claims)
        self._ensure_free(device.tenant, device.interfaces)
        self._ensure_new(known_as)
        self.usages.take(share)
        self.claims.enter(claims)
        self.rows[device.tenant, device.id] = device
        self.mailboxes.rows[device.tenant, device.id] = Mailbox(device.tenant, device.id, revision=device.created)
        self._number(known_as)
        self._own(device)

    def get(self, tenant: str, device: str) -> Device | None:
        return self.rows.get((tenant, device))

    def known(self, tenant: str, device: str) -> Device | None:
        return self.get(tenant, device)

    def replace(
        self, old: Device, new: Device, claims: Sequence[Change] = (), known_as: ManagedObject | None = None
    ) -> bool:
        if not self._unchanged(old):
            return False
        if new.group != old.group:
            self._ensure_grouped(new)
        self.claims.ensure(claims)
        before = {i.key for i in old.interfaces}
        self._ensure_free(old.tenant, tuple(i for i in new.interfaces if i.key not in before))
        self._ensure_new(known_as)
        self._disown(old)
        self.claims.enter(claims)
        self._store(old, new)
        self._number(known_as)
        return True

    def move_interface(self, source: Device, target: Device, interface: Interface) -> bool:
        if not self._unchanged(source) or not self._unchanged(target):
            return False
        self._store(source, source.without_interface(interface))
        self._store(target, target.with_interface(interface))
        return True

    def delete(self, device: Device, share: Share | None = None, claims: Sequence[Change] = ()) -> bool:
        if not self._unchanged(device):
            return False
        self.claims.ensure(claims)
        self.claims.enter(claims)
        self._disown(device)
        kept: tuple[dict[Id, Any], ...] = (self.mailboxes.rows, self.configurations.rows, self.resources.rows)
        for rows in (self.rows, *kept):
            rows.pop((device.tenant, device.id), None)
        if device.number is not None:
            self.objects.hide(device.tenant, device.number)
        self.usages.give_back(share)
        return True

    def owner(self, tenant: str, connector: str, node: str) -> str | None:
        return self.owners.get((tenant, f"{connector}:{node}"))

    def page(self, tenant: str, *, after: str | None, limit: int, descending: bool = False) -> Page[Device]:
        every = sorted((d for (t, _), d in self.rows.items() if t == tenant), key=lambda d: d.id, reverse=descending)
        rest = [d for d in every if after is None or (d.id < after if descending else d.id > after)]
        return Page(rest[:limit], rest[limit - 1].id if len(rest) > limit else None)

    def saying(
        self,
        tenant: str,
        texts: Sequence[str],
        parts: Sequence[str],
        *,
        after: str | None,
        limit: int,
        descending: bool,
    ) -> Page[Device]:
        page = self.page(tenant, after=after, limit=limit, descending=descending)
        said = [(device, DEVICE.dump(device)) for device in page.items]
        escaped = [json.dumps(text, ensure_ascii=False)[1:-1] for text in texts]
        found = [d for d, doc in said if all(t in doc for t in escaped) and all(part in d.id for part in parts)]
        return Page(found, page.cursor)

    def nth(
        self,
        tenant: str,
        number: int,
        facet: tuple[Facet, str] | None = None,
        *,
        after: str | None,
        descending: bool = False,
    ) -> str | None:
        every = [d for (t, d) in self.rows if t == tenant] if facet is None else self._having(tenant, *facet)
        ids = page_of(every, after=after, limit=number, descending=descending).items
        return ids[-1] if len(ids) == number else None

    def foresee(self, names: Sequence[tuple[str, str]]) -> None:
        """Each is read when it is asked for."""

    def some(self, tenant: str, devices: Sequence[str]) -> list[Device]:
        return [self.rows[tenant, device] for device in devices if (tenant, device) in self.rows]

    def with_facet(
        self, tenant: str, facet: Facet, value: str, *, after: str | None, limit: int, descending: bool = False
    ) -> Page[Device]:
        page = page_of(self._having(tenant, facet, value), after=after, limit=limit, descending=descending)
        return Page(self.some(tenant, page.items), page.cursor)

    def grouped(self, tenant: str, group: str, *, after: str | None, limit: int) -> list[str]:
        found = self._having(tenant, Facet.GROUP, group)
        return list(page_of(found, after=after, limit=limit, descending=False).items)

    def values(self, tenant: str, facet: Facet, most: int) -> list[str]:
        found = {v for (t, _), d in self.rows.items() if t == tenant for f, v in facets(d) if f is facet}
        return sorted(found)[:most]

    def count(self, tenant: str, facet: Facet = Facet.GROUP, value: str | None = None, most: int = MOST_COUNTED) -> int:
        every = [d for (t, _), d in self.rows.items() if t == tenant]
        return min(most, sum(f is facet and value in (None, v) for d in every for f, v in facets(d)))

    def census(self, tenant: str) -> int:
        return sum(t == tenant for t, _ in self.rows)

    def _having(self, tenant: str, facet: Facet, value: str) -> list[str]:
        return [d.id for (t, _), d in self.rows.items() if t == tenant and (facet, value) in facets(d)]

    def _ensure_grouped(self, device: Device) -> None:
        group = self.groups.tree(device.tenant).groups.get(device.group)
        if device.group != ROOT_GROUP and (group is None or group.closing):
            raise GroupNotFound("the group was deleted just now")

    def _unchanged(self, device: Device) -> bool:
        stored = self.rows.get((device.tenant, device.id))
        return stored is not None and stored.revision == device.revision

    def _store(self, old: Device, new: Device) -> None:
        self.rows[old.tenant, old.id] = replace(new, revision=old.revision + 1)
        self._own(new)

    def _own(self, device: Device) -> None:
        self.owners |= {(device.tenant, i.key): device.id for i in device.interfaces}

    def _disown(self, device: Device) -> None:
        for interface in device.interfaces:
            self.owners.pop((device.tenant, interface.key), None)

    def _ensure_new(self, known_as: ManagedObject | None) -> None:
        if known_as is not None and (known_as.tenant, known_as.id) in self.objects.rows:
            raise NumberTaken("another object was given this number at the same time")

    def _number(self, known_as: ManagedObject | None) -> None:
        if known_as is not None:
            self.objects.create(known_as)

    def _ensure_free(self, tenant: str, interfaces: tuple[Interface, ...]) -> None:
        if any((tenant, i.key) in self.owners for i in interfaces):
            raise InterfaceDuplicate("an interface with this connector and node exists already")
