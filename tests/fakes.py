"""The ports of the fleet in memory: a clock that is set, ids and chance from a seed, a broker that follows a script."""

from bisect import bisect_left, bisect_right, insort
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice, takewhile
from random import Random
from typing import Any

from chalicelib.fleet import delivering, ids
from chalicelib.fleet.audit import AuditEntry
from chalicelib.fleet.certificates import CaCertificates
from chalicelib.fleet.claims import Claim
from chalicelib.fleet.commands import Command
from chalicelib.fleet.configuration import Configuration, Update
from chalicelib.fleet.decoders import DecoderRecord, Directory, Listed
from chalicelib.fleet.devices import ROOT_GROUP, Device, Interface
from chalicelib.fleet.errors import (
    CommandDuplicate,
    DeviceDuplicate,
    GroupNotFound,
    InterfaceDuplicate,
    TenantDuplicate,
    UserDuplicate,
)
from chalicelib.fleet.facets import MOST_COUNTED, Facet, facets
from chalicelib.fleet.groups import Group, GroupTree
from chalicelib.fleet.keys import ApiKey
from chalicelib.fleet.limiting import Windows
from chalicelib.fleet.mailbox import Mailbox
from chalicelib.fleet.messages import DataMessage, StreamUse
from chalicelib.fleet.passwords import Cost
from chalicelib.fleet.ports import Outcome, Page
from chalicelib.fleet.presence import Route
from chalicelib.fleet.queues import QueuedMessage
from chalicelib.fleet.records import Record
from chalicelib.fleet.resources import Offer
from chalicelib.fleet.tenants import Tenant
from chalicelib.fleet.users import User
from tests.fake_gateways import MemoryGateways
from tests.fake_queues import (
    ListedPushes,
    MemoryConsumers,
    MemoryPolicies,
    MemoryQueued,
    MemoryQueues,
    PlainFormats,
    ScriptedWebhooks,
)
from tests.fake_resources import MemoryCatalog, MemoryFiles, MemoryResources

START = 1_800_000_000_000
"""What a new clock shows: a moment in 2027."""

Id = tuple[str, str]


@dataclass
class SetClock:
    at: int = START

    def now(self) -> int:
        return self.at

    def advance(self, *, seconds: float = 0, ms: int = 0) -> int:
        self.at += int(seconds * 1000) + ms
        return self.at


@dataclass
class MemoryTenants:
    rows: dict[str, Tenant] = field(default_factory=dict)

    def create(self, tenant: Tenant) -> bool:
        if any(t.name.casefold() == tenant.name.casefold() for t in self.rows.values()):
            raise TenantDuplicate("a tenant with this name exists already")
        if tenant.id in self.rows:
            return False
        self.rows[tenant.id] = tenant
        return True

    def get(self, tenant: str) -> Tenant | None:
        return self.rows.get(tenant)


@dataclass
class MemoryKeys:
    rows: dict[Id, ApiKey] = field(default_factory=dict)

    def get(self, tenant: str, key: str) -> ApiKey | None:
        return self.rows.get((tenant, key))

    def current(self, tenant: str, key: str) -> ApiKey | None:
        return self.get(tenant, key)

    def put(self, key: ApiKey) -> None:
        self.rows[key.tenant, key.id] = key

    def replace(self, old: ApiKey, new: ApiKey) -> bool:
        stored = self.get(old.tenant, old.id)
        if stored is None or stored.revision != old.revision:
            return False
        self.put(replace(new, revision=old.revision + 1))
        return True

    def delete(self, tenant: str, key: str) -> None:
        self.rows.pop((tenant, key), None)

    def all(self, tenant: str) -> list[ApiKey]:
        return [k for (t, _), k in sorted(self.rows.items()) if t == tenant]


@dataclass
class MemoryUsers:
    rows: dict[Id, User] = field(default_factory=dict)

    def create(self, user: User) -> None:
        self._ensure_free(user)
        self.rows[user.tenant, user.id] = user

    def get(self, tenant: str, user: str) -> User | None:
        return self.rows.get((tenant, user))

    def named(self, name: str) -> User | None:
        return next((u for u in self.rows.values() if name.casefold() in u.names), None)

    def replace(self, old: User, new: User) -> bool:
        if not self._unchanged(old):
            return False
        self._ensure_free(new)
        self.rows[old.tenant, old.id] = replace(new, revision=old.revision + 1)
        return True

    def delete(self, user: User) -> bool:
        return self._unchanged(user) and bool(self.rows.pop((user.tenant, user.id)))

    def all(self, tenant: str) -> list[User]:
        return [u for (t, _), u in sorted(self.rows.items()) if t == tenant]

    def _unchanged(self, user: User) -> bool:
        stored = self.rows.get((user.tenant, user.id))
        return stored is not None and stored.revision == user.revision

    def _ensure_free(self, user: User) -> None:
        others = (u for u in self.rows.values() if (u.tenant, u.id) != (user.tenant, user.id))
        if any(u.names & user.names for u in others):
            raise UserDuplicate("a user with this login or e-mail address exists already")


@dataclass
class MemoryAuthorities:
    rows: dict[str, CaCertificates] = field(default_factory=dict)

    def get(self, tenant: str) -> CaCertificates:
        return self.rows.get(tenant, CaCertificates(tenant))

    def replace(self, old: CaCertificates, new: CaCertificates) -> bool:
        if self.get(old.tenant).revision != old.revision:
            return False
        self.rows[old.tenant] = replace(new, revision=old.revision + 1)
        return True


@dataclass
class ListedTrust:
    accepted: list[str] = field(default_factory=list)

    def accept(self, pem: str) -> None:
        self.accepted.append(pem)


@dataclass
class MemoryClaims:
    rows: dict[str, Claim] = field(default_factory=dict)

    def get(self, client: str) -> Claim | None:
        return self.rows.get(client)

    def put_new(self, claim: Claim) -> bool:
        return self.rows.setdefault(claim.client, claim) is claim

    def replace(self, old: Claim, new: Claim) -> bool:
        if self.rows.get(old.client) != old:
            return False
        self.rows[old.client] = new
        return True

    def of_key(self, tenant: str, key_id: str, *, after: str | None, limit: int) -> Page[str]:
        found = sorted(c.client for c in self.rows.values() if (c.tenant, c.key) == (tenant, key_id))
        rest = [client for client in found if after is None or client > after]
        return Page(rest[:limit], rest[limit - 1] if len(rest) > limit else None)

    def release(self, tenant: str, client: str) -> None:
        held = self.rows.get(client)
        if held is not None and held.tenant == tenant:
            del self.rows[client]


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
    rows: dict[Id, Device] = field(default_factory=dict)
    owners: dict[tuple[str, str], str] = field(default_factory=dict)

    def create(self, device: Device) -> None:
        if (device.tenant, device.id) in self.rows:
            raise DeviceDuplicate("a device with this id exists already")
        self._ensure_grouped(device)
        self._ensure_free(device.tenant, device.interfaces)
        self.rows[device.tenant, device.id] = device
        self.mailboxes.rows[device.tenant, device.id] = Mailbox(device.tenant, device.id, revision=device.created)
        self._own(device)

    def get(self, tenant: str, device: str) -> Device | None:
        return self.rows.get((tenant, device))

    def replace(self, old: Device, new: Device) -> bool:
        if not self._unchanged(old):
            return False
        if new.group != old.group:
            self._ensure_grouped(new)
        before = {i.key for i in old.interfaces}
        self._ensure_free(old.tenant, tuple(i for i in new.interfaces if i.key not in before))
        self._disown(old)
        self._store(old, new)
        return True

    def move_interface(self, source: Device, target: Device, interface: Interface) -> bool:
        if not self._unchanged(source) or not self._unchanged(target):
            return False
        self._store(source, source.without_interface(interface))
        self._store(target, target.with_interface(interface))
        return True

    def delete(self, device: Device) -> bool:
        if not self._unchanged(device):
            return False
        self._disown(device)
        kept: tuple[dict[Id, Any], ...] = (self.mailboxes.rows, self.configurations.rows, self.resources.rows)
        for rows in (self.rows, *kept):
            rows.pop((device.tenant, device.id), None)
        return True

    def owner(self, tenant: str, connector: str, node: str) -> str | None:
        return self.owners.get((tenant, f"{connector}:{node}"))

    def page(self, tenant: str, *, after: str | None, limit: int, descending: bool = False) -> Page[Device]:
        every = sorted((d for (t, _), d in self.rows.items() if t == tenant), key=lambda d: d.id, reverse=descending)
        rest = [d for d in every if after is None or (d.id < after if descending else d.id > after)]
        return Page(rest[:limit], rest[limit - 1].id if len(rest) > limit else None)

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

    def _ensure_free(self, tenant: str, interfaces: tuple[Interface, ...]) -> None:
        if any((tenant, i.key) in self.owners for i in interfaces):
            raise InterfaceDuplicate("an interface with this connector and node exists already")


@dataclass
class MemoryCommands:
    """Also keeps an index by device and one by `check_at`, so that neither costs more as the store grows."""

    rows: dict[Id, Command] = field(default_factory=dict)
    by_device: dict[Id, list[str]] = field(default_factory=dict)
    by_check: list[tuple[int, str, str, str]] = field(default_factory=list)

    def create(self, command: Command) -> None:
        if (command.tenant, command.id) in self.rows:
            raise CommandDuplicate(f"command {command.id} exists already")
        self.rows[command.tenant, command.id] = command
        insort(self.by_device.setdefault((command.tenant, command.device), []), command.id)
        self._index(command)

    def get(self, tenant: str, command: str) -> Command | None:
        return self.rows.get((tenant, command))

    def replace(self, old: Command, new: Command) -> bool:
        stored = self.rows.get((old.tenant, old.id))
        if stored is None or stored.revision != old.revision:
            return False
        self.rows[old.tenant, old.id] = replace(new, revision=old.revision + 1)
        if stored.check_at != new.check_at:
            self._unindex(stored)
            self._index(new)
        return True

    def delete(self, tenant: str, command: str) -> None:
        gone = self.rows.pop((tenant, command), None)
        if gone is not None:
            self.by_device[tenant, gone.device].remove(command)
            self._unindex(gone)

    def of_device(
        self, tenant: str, device: str, *, start: int | None, end: int | None, descending: bool
    ) -> Iterator[Command]:
        known = self.by_device.get((tenant, device), [])
        for command_id in list(reversed(known)) if descending else list(known):
            at = ids.moment(command_id)
            if (start is None or at >= start) and (end is None or at < end):
                yield self.rows[tenant, command_id]

    def count(self, tenant: str, device: str, *, start: int | None, end: int | None) -> int:
        return sum(1 for _ in self.of_device(tenant, device, start=start, end=end, descending=False))

    def due(self, *, after: int, until: int) -> Iterator[tuple[str, str, str]]:
        low, high = bisect_right(self.by_check, (after + 1,)), bisect_right(self.by_check, (until + 1,))
        for _, tenant, device, command in self.by_check[low:high]:
            yield tenant, device, command

    def _index(self, command: Command) -> None:
        if command.check_at is not None:
            insort(self.by_check, (command.check_at, command.tenant, command.device, command.id))

    def _unindex(self, command: Command) -> None:
        if command.check_at is not None:
            self.by_check.remove((command.check_at, command.tenant, command.device, command.id))


@dataclass
class MemoryDecoders:
    directories: dict[str, Directory] = field(default_factory=dict)
    rows: dict[Id, DecoderRecord] = field(default_factory=dict)

    def directory(self, tenant: str) -> Directory:
        return self.directories.get(tenant, Directory(tenant))

    def named(self, tenant: str, encoding: str) -> Listed | None:
        return self.directory(tenant).named(encoding)

    def records(self, tenant: str, entries: Sequence[Listed]) -> list[DecoderRecord]:
        return [self.rows[tenant, e.id] for e in entries if (tenant, e.id) in self.rows]

    def put(self, old: Directory, new: Directory, record: DecoderRecord) -> bool:
        if not self._replaced(old, new):
            return False
        self.rows[record.tenant, record.id] = record
        return True

    def remove(self, old: Directory, new: Directory, decoder: str) -> bool:
        if not self._replaced(old, new):
            return False
        del self.rows[old.tenant, decoder]
        return True

    def _replaced(self, old: Directory, new: Directory) -> bool:
        if self.directory(old.tenant).revision != old.revision:
            return False
        self.directories[old.tenant] = replace(new, revision=old.revision + 1)
        return True


@dataclass
class MemoryMessages:
    """Also keeps each stream's ids in order, so that a page costs a page."""

    rows: dict[tuple[str, str], dict[str, DataMessage]] = field(default_factory=dict)
    order: dict[tuple[str, str], list[str]] = field(default_factory=dict)

    used: dict[Id, dict[str, StreamUse]] = field(default_factory=dict)

    def put(self, message: DataMessage) -> bool:
        stream = (message.tenant, message.stream)
        if message.id in self.rows.setdefault(stream, {}):
            return False
        insort(self.order.setdefault(stream, []), message.id)
        self.rows[stream][message.id] = message
        return True

    def count(self, tenant: str, device: str, stream: str, at: int) -> None:
        uses = self.used.setdefault((tenant, device), {})
        uses[stream] = StreamUse(stream, uses[stream].count + 1 if stream in uses else 1, at)

    def streams(self, tenant: str, device: str) -> list[StreamUse]:
        return list(self.used.get((tenant, device), {}).values())

    def page(
        self, tenant: str, stream: str, *, start: int | None, end: int | None, before: str | None, limit: int
    ) -> list[DataMessage]:
        known = self.order.get((tenant, stream), [])
        high = bisect_left(known, before) if before is not None else len(known)
        found = (self.rows[tenant, stream][known[n]] for n in range(high - 1, -1, -1))
        until_start = takewhile(lambda m: start is None or m.timestamp >= start, found)
        return list(islice((m for m in until_start if end is None or m.timestamp < end), limit))


@dataclass
class MemoryRecords:
    rows: dict[tuple[str, str, str], Record] = field(default_factory=dict)

    def create(self, record: Record) -> bool:
        return self.rows.setdefault((record.tenant, record.kind, record.id), record) is record

    def get(self, tenant: str, kind: str, record: str) -> Record | None:
        return self.rows.get((tenant, kind, record))

    def replace(self, old: Record, new: Record) -> bool:
        stored = self.rows.get((old.tenant, old.kind, old.id))
        if stored is None or stored.revision != old.revision:
            return False
        self.rows[old.tenant, old.kind, old.id] = replace(new, revision=old.revision + 1)
        return True

    def delete(self, tenant: str, kind: str, record: str) -> None:
        self.rows.pop((tenant, kind, record), None)

    def page(self, tenant: str, kind: str, *, after: str | None, limit: int) -> Page[Record]:
        every = sorted((r for (t, k, _), r in self.rows.items() if (t, k) == (tenant, kind)), key=lambda r: r.id)
        rest = [r for r in every if after is None or r.id > after]
        return Page(rest[:limit], rest[limit - 1].id if len(rest) > limit else None)

    def count(self, tenant: str, kind: str) -> int:
        return sum((t, k) == (tenant, kind) for t, k, _ in self.rows)


@dataclass
class MemoryAudit:
    rows: dict[Id, AuditEntry] = field(default_factory=dict)

    def put(self, entry: AuditEntry) -> None:
        self.rows.setdefault((entry.tenant, entry.id), entry)

    def page(self, tenant: str, *, start: int, end: int, descending: bool) -> Iterator[AuditEntry]:
        every = sorted((e for e in self.rows.values() if e.tenant == tenant), key=lambda e: e.id, reverse=descending)
        return (e for e in every if start <= e.at < end)


@dataclass
class ScriptedDelivery:
    """Answers with what `outcomes` holds next, else CONFIRMED; `meanwhile` runs while the downlink is under way.

    `subscriptions` is what the broker would list for a client: absent = not connected.
    """

    outcomes: deque[Outcome] = field(default_factory=deque)
    subscriptions: dict[str, frozenset[str]] = field(default_factory=dict)
    sessions: dict[str, list[str]] = field(default_factory=dict)
    sent: list[tuple[str, str, bytes]] = field(default_factory=list)
    commands: list[tuple[Route, Command]] = field(default_factory=list)
    updates: list[tuple[Route, Update]] = field(default_factory=list)
    offers: list[tuple[Route, Offer]] = field(default_factory=list)
    queued: list[tuple[str, bytes]] = field(default_factory=list)
    timeouts: list[int] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    disconnected: list[str] = field(default_factory=list)
    meanwhile: Callable[[], object] = lambda: None

    def command(self, route: Route, command: Command, timeout: int) -> Outcome:
        self.commands.append((route, command))
        return self._outcome(timeout)

    def configuration(self, route: Route, update: Update, timeout: int) -> Outcome:
        self.updates.append((route, update))
        return self._outcome(timeout)

    def resource(self, route: Route, offer: Offer, timeout: int) -> Outcome:
        self.offers.append((route, offer))
        return self._outcome(timeout)

    def messages(self, batch: Sequence[tuple[Route, QueuedMessage]], interval: int) -> list[Outcome]:
        self.queued += [(route.client, message.payload) for route, message in batch]
        return [self._outcome(interval) for _ in batch]

    def capabilities(self, route: Route) -> frozenset[str] | None:
        self.asked.append(route.client)
        return self.subscriptions.get(route.client)

    def message(self, route: Route, topic: str, payload: bytes, timeout: int) -> Outcome:
        outcome = self._outcome(timeout)
        if outcome is Outcome.CONFIRMED:
            self.sent.append((route.client, topic, payload))
        return outcome

    def filters(self, client: str) -> list[str] | None:
        return self.sessions.get(client)

    def disconnect(self, client: str) -> None:
        self.disconnected.append(client)

    def _outcome(self, timeout: int) -> Outcome:
        self.timeouts.append(timeout)
        meanwhile, self.meanwhile = self.meanwhile, lambda: None
        meanwhile()
        return self.outcomes.popleft() if self.outcomes else Outcome.CONFIRMED


@dataclass
class ListedDeadlines:
    """`running` are those started and not stopped; with `failing` none can be started."""

    running: dict[str, tuple[int, Mapping[str, Any]]] = field(default_factory=dict)
    failing: bool = False

    def start(self, name: str, due: int, subject: dict[str, Any]) -> None:
        if not self.failing:
            self.running[name] = (due, subject)

    def stop(self, name: str) -> None:
        self.running.pop(name, None)


@dataclass
class QueuedBackground:
    deliveries: deque[Id] = field(default_factory=deque)
    disconnects: list[str] = field(default_factory=list)
    revocations: list[tuple[str, str, str | None]] = field(default_factory=list)
    pumps: deque[Id] = field(default_factory=deque)
    purges: list[tuple[str, str, str]] = field(default_factory=list)

    def deliver(self, tenant: str, device: str) -> None:
        self.deliveries.append((tenant, device))

    def disconnect(self, client: str) -> None:
        self.disconnects.append(client)

    def revoke(self, tenant: str, key: str, after: str | None = None) -> None:
        self.revocations.append((tenant, key, after))

    def pump(self, tenant: str, queue: str) -> None:
        self.pumps.append((tenant, queue))

    def purge(self, tenant: str, queue: str, queue_id: str) -> None:
        self.purges.append((tenant, queue, queue_id))


class MemoryPorts:
    """All ports; `seed` decides ids and chance. `run_background` does what a handler asked to be done after it."""

    def __init__(self, seed: int = 1) -> None:
        self.random = Random(seed)
        self.clock = SetClock()
        self.tenants = MemoryTenants()
        self.keys = MemoryKeys()
        self.users = MemoryUsers()
        self.password_cost = Cost(n=2, r=1, p=1)
        self.windows = Windows()
        self.authorities = MemoryAuthorities()
        self.trust = ListedTrust()
        self.claims = MemoryClaims()
        self.mailboxes = MemoryMailboxes()
        self.configurations = MemoryConfigurations()
        self.resources = MemoryResources()
        self.groups = MemoryGroups()
        self.devices = MemoryDevices(self.mailboxes, self.configurations, self.resources, self.groups)
        self.gateways = MemoryGateways()
        self.catalog = MemoryCatalog()
        self.files = MemoryFiles()
        self.commands = MemoryCommands()
        self.decoders = MemoryDecoders()
        self.messages = MemoryMessages()
        self.queues = MemoryQueues()
        self.queued = MemoryQueued()
        self.consumers = MemoryConsumers()
        self.policies = MemoryPolicies()
        self.formats = PlainFormats()
        self.pushes = ListedPushes()
        self.webhooks = ScriptedWebhooks()
        self.records = MemoryRecords()
        self.audit = MemoryAudit()
        self.delivery = ScriptedDelivery()
        self.deadlines = ListedDeadlines()
        self.background = QueuedBackground()

    def new_id(self, at: int) -> str:
        return ids.timed_id(at, self.chance(7))

    def chance(self, count: int) -> bytes:
        return self.random.randbytes(count)

    def run_background(self) -> None:
        while self.background.deliveries:
            tenant, device = self.background.deliveries.popleft()
            delivering.deliver(self, tenant, device, self.clock.now() + 60_000)
