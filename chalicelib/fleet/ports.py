"""What the fleet needs from the world, as Protocols. `wiring` says who serves them; tests bring fakes.

Every `replace(old, new)` is a compare-and-set on `revision`: it stores `new` with the next revision only if the stored
revision is still that of `old`, and says whether it did.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Generic, Protocol, TypeVar

from chalicelib.fleet.audit import AuditEntry
from chalicelib.fleet.claims import Claim
from chalicelib.fleet.commands import Command
from chalicelib.fleet.configuration import Configuration, Update
from chalicelib.fleet.decoders import DecoderRecord, Directory, Listed
from chalicelib.fleet.devices import Device, Interface
from chalicelib.fleet.keys import ApiKey
from chalicelib.fleet.mailbox import Mailbox
from chalicelib.fleet.messages import DataMessage
from chalicelib.fleet.presence import Route
from chalicelib.fleet.records import Record
from chalicelib.fleet.tenants import Tenant

T = TypeVar("T")


class Outcome(Enum):
    """What became of a downlink."""

    CONFIRMED = "the client acknowledged it"
    CONCLUDED = "the client acknowledged it, and has no way to say more"
    UNCONFIRMED = "it may have arrived; no acknowledgement came in time"
    ABSENT = "the client is not connected"
    REFUSED = "it can never be delivered like this"
    BUSY = "our side could not send it now"


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """A page of a list, and the cursor that continues it (None at the end)."""

    items: Sequence[T]
    cursor: str | None


class Clock(Protocol):
    def now(self) -> int: ...


class Tenants(Protocol):
    def create(self, tenant: Tenant) -> bool:
        """False if the id is taken; TenantDuplicate if the name is."""

    def get(self, tenant: str) -> Tenant | None: ...


class Keys(Protocol):
    def get(self, tenant: str, key: str) -> ApiKey | None: ...
    def put(self, key: ApiKey) -> None: ...
    def delete(self, tenant: str, key: str) -> None: ...
    def all(self, tenant: str) -> list[ApiKey]: ...


class Claims(Protocol):
    def get(self, client: str) -> Claim | None: ...
    def put_new(self, claim: Claim) -> bool:
        """False if somebody holds this client id already."""

    def put(self, claim: Claim) -> None: ...
    def release(self, tenant: str, client: str) -> None: ...


class Devices(Protocol):
    """Devices with their interfaces; (connector, node) is unique in a tenant, a device is created with its mailbox."""

    def create(self, device: Device) -> None:
        """All or nothing. DeviceDuplicate, InterfaceDuplicate."""

    def get(self, tenant: str, device: str) -> Device | None: ...
    def replace(self, old: Device, new: Device) -> bool:
        """Also moves the (connector, node) entries of added and removed interfaces. InterfaceDuplicate."""

    def move_interface(self, source: Device, target: Device, interface: Interface) -> bool:
        """Take the interface from one device and give it to the other, both unchanged since they were read."""

    def delete(self, device: Device) -> bool: ...
    def owner(self, tenant: str, connector: str, node: str) -> str | None:
        """The device that has this interface."""

    def page(self, tenant: str, *, after: str | None, limit: int, descending: bool = False) -> Page[Device]: ...
    def count(self, tenant: str) -> int: ...


class Mailboxes(Protocol):
    def get(self, tenant: str, device: str) -> Mailbox | None: ...
    def replace(self, old: Mailbox, new: Mailbox) -> bool: ...


class Commands(Protocol):
    def create(self, command: Command) -> None: ...
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


class Decoders(Protocol):
    """Every change is a compare-and-set on the directory, and writes directory and decoder together."""

    def directory(self, tenant: str) -> Directory:
        """Empty where the tenant has no decoders."""

    def named(self, tenant: str, encoding: str) -> Listed | None: ...
    def records(self, tenant: str, entries: Sequence[Listed]) -> list[DecoderRecord]:
        """Those that are still there, in no order."""

    def put(self, old: Directory, new: Directory, record: DecoderRecord) -> bool: ...
    def remove(self, old: Directory, new: Directory, decoder: str) -> bool: ...


class Messages(Protocol):
    def put(self, message: DataMessage) -> None: ...
    def page(
        self, tenant: str, stream: str, *, start: int | None, end: int | None, before: str | None, limit: int
    ) -> list[DataMessage]:
        """Newest first; `start` inclusive, `end` exclusive, `before` the id of the last one seen."""


class Records(Protocol):
    """What a dialect keeps for itself; ids are in order within a kind."""

    def create(self, record: Record) -> bool:
        """False if there is one with this id."""

    def get(self, tenant: str, kind: str, record: str) -> Record | None: ...
    def replace(self, old: Record, new: Record) -> bool: ...
    def delete(self, tenant: str, kind: str, record: str) -> None: ...
    def page(self, tenant: str, kind: str, *, after: str | None, limit: int) -> Page[Record]: ...
    def count(self, tenant: str, kind: str) -> int: ...


class AuditLog(Protocol):
    def put(self, entry: AuditEntry) -> None: ...
    def page(self, tenant: str, *, start: int, end: int, descending: bool) -> Iterator[AuditEntry]: ...


class Delivery(Protocol):
    def command(self, route: Route, command: Command, timeout: int) -> Outcome: ...
    def configuration(self, route: Route, update: Update, timeout: int) -> Outcome: ...
    def capabilities(self, route: Route) -> frozenset[str] | None:
        """What the broker says the client is subscribed to, as capabilities; None if it is not connected."""

    def disconnect(self, client: str) -> None: ...


class Deadlines(Protocol):
    """May fail to start one: the sweep finds what is due all the same, only later."""

    def start(self, name: str, due: int, subject: dict[str, Any]) -> None: ...
    def stop(self, name: str) -> None: ...


class Background(Protocol):
    """Work that goes on after the caller was answered."""

    def deliver(self, tenant: str, device: str) -> None: ...
    def disconnect(self, client: str) -> None: ...


class Ports(Protocol):
    @property
    def clock(self) -> Clock: ...
    @property
    def tenants(self) -> Tenants: ...
    @property
    def keys(self) -> Keys: ...
    @property
    def claims(self) -> Claims: ...
    @property
    def devices(self) -> Devices: ...
    @property
    def mailboxes(self) -> Mailboxes: ...
    @property
    def commands(self) -> Commands: ...
    @property
    def configurations(self) -> Configurations: ...
    @property
    def decoders(self) -> Decoders: ...
    @property
    def messages(self) -> Messages: ...
    @property
    def records(self) -> Records: ...
    @property
    def audit(self) -> AuditLog: ...
    @property
    def delivery(self) -> Delivery: ...
    @property
    def deadlines(self) -> Deadlines: ...
    @property
    def background(self) -> Background: ...
    def new_id(self, at: int) -> str: ...
    def chance(self, count: int) -> bytes: ...
