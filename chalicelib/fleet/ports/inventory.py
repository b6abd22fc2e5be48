"""What the fleet is made of, and what each device waits for and is to have."""

from collections.abc import Iterator, Sequence
from typing import Protocol

from chalicelib.fleet.commands.records import Command
from chalicelib.fleet.configuration.records import Configuration
from chalicelib.fleet.inventory.facets import MOST_COUNTED, Facet
from chalicelib.fleet.inventory.managed_objects import ManagedObject
from chalicelib.fleet.inventory.records import Device, Group, GroupTree, Interface
from chalicelib.fleet.ports.answers import Page
from chalicelib.fleet.presence.claims import Change
from chalicelib.fleet.presence.gateways import Gateway, Waiting
from chalicelib.fleet.presence.mailbox import Mailbox
from chalicelib.fleet.resources.records import Entrances, Link, Resource, ResourceVersion
from chalicelib.fleet.resources.updates import DeviceResources
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


class Mailboxes(Protocol):
    def get(self, tenant: str, device: str) -> Mailbox | None: ...
    def some(self, tenant: str, devices: Sequence[str]) -> dict[str, Mailbox]:
        """By device."""

    def online(self, tenant: str, *, after: str | None, limit: int, descending: bool = False) -> Page[str]:
        """Devices with a connected interface, in order of their ids; a moment late."""

    def count_online(self, tenant: str, most: int) -> int: ...
    def replace(self, old: Mailbox, new: Mailbox) -> bool: ...


class Commands(Protocol):
    def create(self, command: Command) -> None:
        """Errors: CommandDuplicate."""

    def get(self, tenant: str, command: str) -> Command | None: ...
    def replace(self, old: Command, new: Command) -> bool: ...
    def delete(self, tenant: str, command: str) -> None: ...
    def of_device(
        self, tenant: str, device: str, *, start: int | None, end: int | None, descending: bool
    ) -> Iterator[Command]:
        """In order of creation; lazily, so that a page costs a page."""

    def count(self, tenant: str, device: str, *, start: int | None, end: int | None) -> int: ...
    def due(self, *, after: int, until: int) -> Iterator[tuple[str, str, str]]:
        """(tenant, device, command) of all with after < check_at <= until, nearest first within a shard."""


class Configurations(Protocol):
    def get(self, tenant: str, device: str) -> Configuration | None: ...
    def replace(self, old: Configuration, new: Configuration) -> bool: ...


class Gateways(Protocol):
    def get(self, tenant: str, client: str) -> Gateway | None: ...
    def replace(self, old: Gateway, new: Gateway) -> bool: ...
    def wait(self, waiting: Waiting) -> None:
        """Note the device, in the place of an older note of it."""

    def waiting(self, tenant: str, client: str) -> Iterator[Waiting]: ...
    def woken(self, waiting: Waiting) -> None:
        """Drop this note, but none that was written since."""


class Catalog(Protocol):
    """Resources and their versions."""

    def create(self, resource: Resource, share: Share | None = None) -> bool:
        """False if the id is taken. QuotaReached."""

    def get(self, tenant: str, resource: str) -> Resource | None: ...
    def replace(self, old: Resource, new: Resource) -> bool: ...
    def delete(self, tenant: str, resource: str, share: Share | None = None) -> None: ...
    def all(self, tenant: str) -> list[Resource]: ...
    def add_version(self, version: ResourceVersion, share: Share | None = None) -> bool:
        """False if the version exists, or the resource does not. QuotaReached."""

    def version(self, tenant: str, resource: str, version: str) -> ResourceVersion | None: ...
    def replace_version(self, old: ResourceVersion, new: ResourceVersion) -> bool: ...
    def delete_version(self, version: ResourceVersion, share: Share | None = None) -> None: ...
    def versions(self, tenant: str, resource: str) -> list[ResourceVersion]: ...


class Resources(Protocol):
    """What each device has and is to have."""

    def get(self, tenant: str, device: str) -> DeviceResources | None: ...
    def replace(self, old: DeviceResources, new: DeviceResources) -> bool:
        """Errors: TooLarge."""


class Files(Protocol):
    """Contents by name; URLs are valid for `seconds`, and MD5 sums hexadecimal digits."""

    def put(self, name: str, body: bytes) -> None: ...
    def read(self, name: str, first: int, last: int) -> bytes:
        """From byte `first` to byte `last`, both included. Errors: FileNotFoundError."""

    def delete(self, name: str) -> None: ...
    def holds(self, name: str, md5: str, size: int) -> bool:
        """Whether this very content is there."""

    def download_url(self, name: str, seconds: int) -> str: ...
    def upload_url(self, name: str, md5: str, size: int, seconds: int) -> str:
        """For one PUT of this very content, with its size and MD5 sum in the header fields of RFC 9110 and RFC 1864."""


class Links(Protocol):
    @property
    def entrances(self) -> Entrances: ...
    def put(self, link: Link) -> None: ...
    def get(self, token: str) -> Link | None:
        """Also one that has ended, until it is cleared away."""
