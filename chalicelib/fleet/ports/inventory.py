"""What the fleet is made of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from chalicelib.fleet.inventory.facets import MOST_COUNTED, Facet
from chalicelib.fleet.ports.answers import Page
from chalicelib.fleet.ports.objects import Objects

if TYPE_CHECKING:
    from chalicelib.fleet.inventory.managed_objects import ManagedObject
    from chalicelib.fleet.inventory.records import Device, Group, GroupTree, Interface
    from chalicelib.fleet.presence.claims import Change
    from chalicelib.fleet.tenancy.records import Share


class Devices(Protocol):
    """Devices with their interfaces; (connector, node) is unique in a tenant, a device is created with its mailbox."""

    def create(
        self,
        device: Device,
        share: Share | None = None,
        claims: Sequence[Change] = (),
        known_as: ManagedObject | None = None,
    ) -> None:
        """All or nothing, as is everything that writes `claims` with a device, which raises ClientTaken for one.

        `known_as` is a new object that it is, by its number.
        DeviceDuplicate, InterfaceDuplicate, GroupNotFound, QuotaReached, NumberTaken.
        """

    def get(self, tenant: str, device: str) -> Device | None: ...
    def known(self, tenant: str, device: str) -> Device | None:
        """As it was a minute ago at most."""

    def foresee(self, names: Sequence[tuple[str, str]]) -> None:
        """Those of that (tenant, id) are asked for next: where they may be a while old, they are read together."""

    def some(self, tenant: str, devices: Sequence[str]) -> list[Device]:
        """Those that are there, in the order they were asked for."""

    def replace(
        self, old: Device, new: Device, claims: Sequence[Change] = (), known_as: ManagedObject | None = None
    ) -> bool:
        """Also moves the entries of interfaces and facets. InterfaceDuplicate, GroupNotFound, NumberTaken."""

    def move_interface(self, source: Device, target: Device, interface: Interface) -> bool:
        """Take the interface from one device and give it to the other, both unchanged since they were read."""

    def delete(self, device: Device, share: Share | None = None, claims: Sequence[Change] = ()) -> bool:
        """The object that it is leaves with it."""

    def owner(self, tenant: str, connector: str, node: str) -> str | None:
        """The device that has this interface."""

    def page(self, tenant: str, *, after: str | None, limit: int, descending: bool = False) -> Page[Device]: ...
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
        """Of the next `limit` devices those whose records have all of `texts` in them, and whose ids all of `parts`.

        The cursor is the last one that was looked at. Records are not read for it: there may be some that have a text
        elsewhere than its caller means.
        """
        ...

    def nth(
        self,
        tenant: str,
        number: int,
        facet: tuple[Facet, str] | None = None,
        *,
        after: str | None,
        descending: bool = False,
    ) -> str | None:
        """The id of the device with that number, from 1, of all or of those with a facet; only keys are read."""
        ...

    def with_facet(
        self, tenant: str, facet: Facet, value: str, *, after: str | None, limit: int, descending: bool = False
    ) -> Page[Device]:
        """As `page`, of those with that value alone; a page may be short although there is a cursor."""

    def grouped(self, tenant: str, group: str, *, after: str | None, limit: int) -> list[str]:
        """Ids of the devices in a group itself, in order."""

    def values(self, tenant: str, facet: Facet, most: int) -> list[str]:
        """The values that occur."""

    def count(self, tenant: str, facet: Facet = Facet.GROUP, value: str | None = None, most: int = MOST_COUNTED) -> int:
        """How many there are, with that value if one is named; no further than `most`."""

    def census(self, tenant: str) -> int:
        """How many there are now, however long it takes to count them."""


class Groups(Protocol):
    def tree(self, tenant: str) -> GroupTree: ...
    def known(self, tenant: str, group: str) -> GroupTree:
        """The tree as it was a minute ago at most; it holds `group` if there is such a group."""

    def put(self, tree: GroupTree, group: Group) -> bool:
        """A compare-and-set on the tree's revision, as is `remove`."""

    def remove(self, tree: GroupTree, group: str) -> bool: ...


class InventoryPorts(Protocol):
    @property
    def devices(self) -> Devices: ...
    @property
    def groups(self) -> Groups: ...
    @property
    def objects(self) -> Objects: ...
