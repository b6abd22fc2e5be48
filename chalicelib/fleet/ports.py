"""What the fleet needs from the world, as Protocols. `wiring` says who serves them; tests bring fakes.

Every `replace(old, new)` is a compare-and-set on `revision`: it stores `new` with the next revision only if the stored
revision is still that of `old`, and says whether it did.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Generic, Protocol, TypeVar

from chalicelib.fleet.audit import AuditEntry
from chalicelib.fleet.catalog import Resource, ResourceVersion
from chalicelib.fleet.certificates import CaCertificates
from chalicelib.fleet.claims import Claim
from chalicelib.fleet.commands import Command
from chalicelib.fleet.configuration import Configuration, Update
from chalicelib.fleet.consumers import Consumer, Link
from chalicelib.fleet.decoders import DecoderRecord, Directory, Listed
from chalicelib.fleet.devices import Device, Interface
from chalicelib.fleet.events import Event
from chalicelib.fleet.facets import MOST_COUNTED, Facet
from chalicelib.fleet.gateways import Gateway, Waiting
from chalicelib.fleet.groups import Group, GroupTree
from chalicelib.fleet.keys import ApiKey
from chalicelib.fleet.limiting import Windows
from chalicelib.fleet.mailbox import Mailbox
from chalicelib.fleet.messages import DataMessage, StreamUse
from chalicelib.fleet.passwords import Cost
from chalicelib.fleet.policies import ActionPolicy
from chalicelib.fleet.presence import Route
from chalicelib.fleet.pushing import Push, PushResult
from chalicelib.fleet.queues import Queue, QueuedMessage
from chalicelib.fleet.records import Record
from chalicelib.fleet.resources import DeviceResources, Offer
from chalicelib.fleet.tenants import Tenant
from chalicelib.fleet.users import User

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
    def get(self, tenant: str, key: str) -> ApiKey | None:
        """As it was a minute ago at most."""

    def current(self, tenant: str, key: str) -> ApiKey | None: ...
    def put(self, key: ApiKey) -> None: ...
    def replace(self, old: ApiKey, new: ApiKey) -> bool: ...
    def delete(self, tenant: str, key: str) -> None: ...
    def all(self, tenant: str) -> list[ApiKey]: ...


class Users(Protocol):
    """Logins and e-mail addresses are unique in the whole installation, in any case."""

    def create(self, user: User) -> None:
        """Errors: UserDuplicate."""

    def get(self, tenant: str, user: str) -> User | None: ...
    def named(self, name: str) -> User | None:
        """By login or e-mail address."""

    def replace(self, old: User, new: User) -> bool:
        """Errors: UserDuplicate."""

    def delete(self, user: User) -> bool:
        """Unless it was written since it was read."""

    def all(self, tenant: str) -> list[User]: ...


class Authorities(Protocol):
    def get(self, tenant: str) -> CaCertificates:
        """Empty where the tenant has none."""

    def replace(self, old: CaCertificates, new: CaCertificates) -> bool: ...


class Trust(Protocol):
    def accept(self, pem: str) -> None:
        """From now on the broker lets clients connect whose certificates this CA signed. Invalid, LimitReached."""


class Claims(Protocol):
    def get(self, client: str) -> Claim | None: ...
    def put_new(self, claim: Claim) -> bool:
        """False if somebody holds this client id already."""

    def replace(self, old: Claim, new: Claim) -> bool:
        """False if what is stored is not `old` any more: changed, released, or somebody else's by now."""

    def of_key(self, tenant: str, key_id: str, *, after: str | None, limit: int) -> Page[str]:
        """Clients whose last connection was opened with that key, in order; a moment late."""

    def release(self, tenant: str, client: str) -> None: ...


class Devices(Protocol):
    """Devices with their interfaces; (connector, node) is unique in a tenant, a device is created with its mailbox."""

    def create(self, device: Device) -> None:
        """All or nothing. DeviceDuplicate, InterfaceDuplicate, GroupNotFound."""

    def get(self, tenant: str, device: str) -> Device | None: ...
    def some(self, tenant: str, devices: Sequence[str]) -> list[Device]:
        """Those that are there, in the order they were asked for."""

    def replace(self, old: Device, new: Device) -> bool:
        """Also moves the entries of interfaces and facets. InterfaceDuplicate, GroupNotFound."""

    def move_interface(self, source: Device, target: Device, interface: Interface) -> bool:
        """Take the interface from one device and give it to the other, both unchanged since they were read."""

    def delete(self, device: Device) -> bool: ...
    def owner(self, tenant: str, connector: str, node: str) -> str | None:
        """The device that has this interface."""

    def page(self, tenant: str, *, after: str | None, limit: int, descending: bool = False) -> Page[Device]: ...
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


class Catalog(Protocol):
    """Resources and their versions."""

    def create(self, resource: Resource) -> bool:
        """False if the id is taken."""

    def get(self, tenant: str, resource: str) -> Resource | None: ...
    def replace(self, old: Resource, new: Resource) -> bool: ...
    def delete(self, tenant: str, resource: str) -> None: ...
    def all(self, tenant: str) -> list[Resource]: ...
    def add_version(self, version: ResourceVersion) -> bool:
        """False if the version exists, or the resource does not."""

    def version(self, tenant: str, resource: str, version: str) -> ResourceVersion | None: ...
    def replace_version(self, old: ResourceVersion, new: ResourceVersion) -> bool: ...
    def delete_version(self, version: ResourceVersion) -> None: ...
    def versions(self, tenant: str, resource: str) -> list[ResourceVersion]: ...


class Gateways(Protocol):
    def get(self, tenant: str, client: str) -> Gateway | None: ...
    def replace(self, old: Gateway, new: Gateway) -> bool: ...
    def wait(self, waiting: Waiting) -> None:
        """Note the device, in the place of an older note of it."""

    def waiting(self, tenant: str, client: str) -> Iterator[Waiting]: ...
    def woken(self, waiting: Waiting) -> None:
        """Drop this note, but none that was written since."""


class Resources(Protocol):
    """What each device has and is to have."""

    def get(self, tenant: str, device: str) -> DeviceResources | None: ...
    def replace(self, old: DeviceResources, new: DeviceResources) -> bool:
        """Errors: TooLarge."""


class Files(Protocol):
    """Contents by name; URLs are valid for `seconds`, and MD5 sums hexadecimal digits."""

    def put(self, name: str, body: bytes) -> None: ...
    def delete(self, name: str) -> None: ...
    def holds(self, name: str, md5: str, size: int) -> bool:
        """Whether this very content is there."""

    def download_url(self, name: str, seconds: int) -> str: ...
    def upload_url(self, name: str, md5: str, size: int, seconds: int) -> str:
        """For one PUT of this very content, with its size and MD5 sum in the header fields of RFC 9110 and RFC 1864."""


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
    def put(self, message: DataMessage) -> bool:
        """False if it is there already."""

    def count(self, tenant: str, device: str, stream: str, at: int) -> None:
        """One more message of that device in that stream."""

    def streams(self, tenant: str, device: str) -> list[StreamUse]:
        """At most 1000 of them."""

    def page(
        self, tenant: str, stream: str, *, start: int | None, end: int | None, before: str | None, limit: int
    ) -> list[DataMessage]:
        """Newest first; `start` inclusive, `end` exclusive, `before` the id of the last one seen."""


class Queues(Protocol):
    """Queues as they stand. Everything but `create` changes single fields, whoever else writes at the same time."""

    def create(self, queue: Queue) -> bool:
        """False if the name is taken."""

    def get(self, tenant: str, queue: str) -> Queue | None: ...
    def all(self, tenant: str) -> list[Queue]: ...
    def delete(self, queue: Queue) -> None:
        """That queue, not a later one of the same name."""

    def draw(self, queue: Queue, size: int, count: int = 1) -> Queue | None:
        """The queue with `count` messages of `size` bytes in all more; None if it is gone."""

    def attend(self, tenant: str, queue: str, *, attended: bool) -> Queue | None: ...
    def lease(self, queue: Queue, holder: str, now: int, until: int) -> bool:
        """True if nobody else holds it at `now`."""

    def release(self, queue: Queue, holder: str) -> None: ...
    def move_tail(self, queue: Queue, tail: int) -> None:
        """Only forward."""

    def attended(self) -> Iterator[tuple[str, str]]:
        """(tenant, queue) of all with `attended`."""


class QueuedMessages(Protocol):
    def put(self, *messages: QueuedMessage) -> None:
        """All of one queue; in as few calls as it takes."""

    def known(self, queue: Queue, at: int, event: str) -> bool:
        """Whether this event, which arrived at `at`, is in the queue."""

    def oldest(self, queue: Queue, now: int, *, limit: int) -> list[QueuedMessage]:
        """In order of their positions, without those that are too old at `now`."""

    def newest(self, queue: Queue) -> QueuedMessage | None: ...
    def delete(self, message: QueuedMessage) -> None: ...


class Consumers(Protocol):
    def get(self, tenant: str, client: str) -> Consumer | None: ...
    def replace(self, old: Consumer, new: Consumer) -> bool:
        """`old` with revision 0 stands for none."""

    def link(self, link: Link) -> None: ...
    def links(self, tenant: str, queue: str) -> list[Link]: ...
    def unlink(self, link: Link) -> None:
        """Unless it was given anew since."""


class Policies(Protocol):
    def all(self, tenant: str) -> list[ActionPolicy]: ...
    def known(self, tenant: str) -> list[ActionPolicy]:
        """As `all`, and may be a minute old."""

    def put(self, policy: ActionPolicy) -> None: ...
    def delete(self, tenant: str, policy: str) -> None: ...


class Formats(Protocol):
    """How dialects write what is told to others."""

    def event(self, dialect: str | None, event: Event) -> bytes:
        """Without a dialect, as the one does whose requests name where to tell."""

    def is_queue(self, kind: str) -> bool:
        """Whether a destination of that kind is a queue."""


class Pushes(Protocol):
    def send(self, *pushes: Push) -> None:
        """Keep them until they were posted."""


class Webhooks(Protocol):
    def post(self, url: str, headers: Mapping[str, str], body: bytes, timeout: int) -> PushResult:
        """`timeout` in ms for all of it. TargetRefused, PushFailed."""


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
    def resource(self, route: Route, offer: Offer, timeout: int) -> Outcome: ...
    def messages(self, batch: Sequence[tuple[Route, QueuedMessage]], interval: int) -> list[Outcome]:
        """All at the same time, each confirmed; takes at least `interval` ms, so that callers keep a rate."""

    def capabilities(self, route: Route) -> frozenset[str] | None:
        """What the broker says the client is subscribed to, as capabilities; None if it is not connected."""

    def message(self, route: Route, topic: str, payload: bytes, timeout: int) -> Outcome:
        """Any message to one client."""

    def filters(self, client: str) -> list[str] | None:
        """What the client's session is subscribed to, connected or kept; None if it has none."""

    def disconnect(self, client: str) -> None: ...


class Deadlines(Protocol):
    """May fail to start one: the sweep finds what is due all the same, only later."""

    def start(self, name: str, due: int, subject: dict[str, Any]) -> None: ...
    def stop(self, name: str) -> None: ...


class Background(Protocol):
    """Work that goes on after the caller was answered."""

    def deliver(self, tenant: str, device: str) -> None: ...
    def disconnect(self, client: str) -> None: ...
    def revoke(self, tenant: str, key: str, after: str | None = None) -> None:
        """Close all connections of a key, from the client `after` on."""

    def pump(self, tenant: str, queue: str) -> None: ...
    def purge(self, tenant: str, queue: str, queue_id: str) -> None: ...


class Ports(Protocol):
    @property
    def clock(self) -> Clock: ...
    @property
    def tenants(self) -> Tenants: ...
    @property
    def keys(self) -> Keys: ...
    @property
    def users(self) -> Users: ...
    @property
    def password_cost(self) -> Cost: ...
    @property
    def windows(self) -> Windows: ...
    @property
    def authorities(self) -> Authorities: ...
    @property
    def trust(self) -> Trust: ...
    @property
    def claims(self) -> Claims: ...
    @property
    def devices(self) -> Devices: ...
    @property
    def groups(self) -> Groups: ...
    @property
    def mailboxes(self) -> Mailboxes: ...
    @property
    def commands(self) -> Commands: ...
    @property
    def configurations(self) -> Configurations: ...
    @property
    def gateways(self) -> Gateways: ...
    @property
    def catalog(self) -> Catalog: ...
    @property
    def resources(self) -> Resources: ...
    @property
    def files(self) -> Files: ...
    @property
    def decoders(self) -> Decoders: ...
    @property
    def messages(self) -> Messages: ...
    @property
    def queues(self) -> Queues: ...
    @property
    def queued(self) -> QueuedMessages: ...
    @property
    def consumers(self) -> Consumers: ...
    @property
    def policies(self) -> Policies: ...
    @property
    def formats(self) -> Formats: ...
    @property
    def pushes(self) -> Pushes: ...
    @property
    def webhooks(self) -> Webhooks: ...
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
