"""Reads that may be a minute old: what every message of a device needs and hardly ever changes."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Generic, TypeVar

from pynamodb.connection import Connection

from chalicelib.fleet.access.records import ApiKey
from chalicelib.fleet.data.records import DecoderRecord, Directory, Listed
from chalicelib.fleet.inventory.managed_objects import ManagedObject
from chalicelib.fleet.inventory.records import Device, Interface
from chalicelib.fleet.ports import Claims, Clock, Page
from chalicelib.fleet.presence.claims import Change, Claim
from chalicelib.fleet.presence.records import interface_key
from chalicelib.fleet.tenancy.records import Settings, Share
from chalicelib.store.claims import ClaimTable
from chalicelib.store.decoders import DecoderTable
from chalicelib.store.devices import DeviceTable
from chalicelib.store.keys import KeyTable
from chalicelib.store.tenants import TenantTable

MAX_AGE = 60_000
LOOK_AGAIN = 2_000
"""How long (ms) a decoder that was not there is not looked for again."""
_MAX_ENTRIES = 20_000
_FOR_EVER = 1 << 62
T = TypeVar("T")


class Cache(Generic[T]):
    """Values by name for MAX_AGE ms. Absence is not remembered: what was not there may be made any moment."""

    def __init__(self, clock: Clock, max_age: int = MAX_AGE) -> None:
        self._clock = clock
        self._max_age = max_age
        self._entries: dict[str, tuple[int, T]] = {}

    def get(self, name: str, read: Callable[[], T | None]) -> T | None:
        now = self._clock.now()
        entry = self._entries.get(name)
        if entry is not None and now - entry[0] < self._max_age:
            return entry[1]
        value = read()
        if value is not None:
            self.put(name, value)
        return value

    def put(self, name: str, value: T) -> None:
        if len(self._entries) >= _MAX_ENTRIES:
            self._entries.clear()
        self._entries[name] = (self._clock.now(), value)

    def has(self, name: str) -> bool:
        return self.get(name, lambda: None) is not None

    def forget(self, name: str) -> None:
        self._entries.pop(name, None)


class CachedTenants(TenantTable):
    """What is set for a tenant, read once a minute and instance, also where nothing is: half a read unit."""

    def __init__(self, connection: Connection, clock: Clock) -> None:
        super().__init__(connection)
        self._cache: Cache[Settings] = Cache(clock)

    def settings(self, tenant: str) -> Settings:
        read = partial(TenantTable.settings, self, tenant)
        return self._cache.get(tenant, read) or Settings(tenant)

    def replace_settings(self, old: Settings, new: Settings) -> bool:
        written = super().replace_settings(old, new)
        self._cache.forget(old.tenant)
        return written


class CurrentKeys(KeyTable):
    """Keys as they are now, by signposts that are read once, since they change only where their key has gone."""

    def __init__(self, clock: Clock) -> None:
        self._posts: Cache[tuple[str, str]] = Cache(clock, _FOR_EVER)
        self._imports: Cache[bool] = Cache(clock)

    def signpost(self, name: str, *, fresh: bool = False) -> tuple[str, str] | None:
        if fresh:
            self._posts.forget(name)
        return self._posts.get(name, lambda: KeyTable.signpost(self, name))

    def remove_signpost(self, name: str, leads_to: tuple[str, str]) -> None:
        super().remove_signpost(name, leads_to)
        self._posts.forget(name)

    def imports(self) -> bool:
        return bool(self._imports.get("", lambda: KeyTable.imports(self)))

    def note_import(self) -> None:
        super().note_import()
        self._imports.forget("")


class CachedKeys(CurrentKeys):
    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self._cache: Cache[ApiKey] = Cache(clock)

    def get(self, tenant: str, key: str) -> ApiKey | None:
        return self._cache.get(tenant + key, lambda: KeyTable.get(self, tenant, key))

    def put(self, key: ApiKey, share: Share | None = None) -> None:
        super().put(key, share)
        self._cache.forget(key.tenant + key.id)

    def replace(self, old: ApiKey, new: ApiKey) -> bool:
        self._cache.forget(old.tenant + old.id)
        written = super().replace(old, new)
        self._cache.forget(old.tenant + old.id)
        return written

    def delete(self, tenant: str, key: str, share: Share | None = None) -> None:
        super().delete(tenant, key, share)
        self._cache.forget(tenant + key)


class Announcing:
    """The claims, telling a cache beside them what was written."""

    def __init__(self, cache: Cache[Claim], source: Claims | None = None) -> None:
        self._cache = cache
        self._source: Claims = source or ClaimTable()

    def get(self, client: str) -> Claim | None:
        return self._source.get(client)

    def glance(self, client: str) -> Claim | None:
        return self._source.glance(client)

    def current(self, client: str) -> Claim | None:
        self._cache.forget(client)
        return self._source.current(client)

    def put_new(self, claim: Claim, share: Share | None = None) -> bool:
        return self._source.put_new(claim, share)

    def replace(self, old: Claim, new: Claim, share: Share | None = None, returned: Share | None = None) -> bool:
        written = self._source.replace(old, new, share, returned)
        self._cache.forget(old.client)
        return written

    def of_key(self, tenant: str, key_id: str, *, after: str | None, limit: int) -> Page[str]:
        return self._source.of_key(tenant, key_id, after=after, limit=limit)

    def guests(self, tenant: str, keys: Iterable[str]) -> int:
        return self._source.guests(tenant, keys)


class CachedClaims(Announcing):
    """For what clients send: an id rests on its way to another tenant for longer than its claim is remembered.

    A claim on its way is not remembered: its holder may connect any moment.
    """

    def get(self, client: str) -> Claim | None:
        return self._kept(client, lambda: self._look(client))

    def current(self, client: str) -> Claim | None:
        self._cache.forget(client)
        return self._kept(client, lambda: self._source.current(client))

    def _look(self, client: str) -> Claim | None:
        """Half a read unit for what is settled, which may be that old anyway; what is on its way is read as it is now.

        A claim whose fence has just opened would otherwise be taken for one that only its former holder can have.
        """
        claim = self._source.glance(client)
        return claim if claim is not None and claim.settled else self._source.current(client)

    def _kept(self, client: str, read: Callable[[], Claim | None]) -> Claim | None:
        claim = self._cache.get(client, read)
        if claim is not None and not claim.settled:
            self._cache.forget(client)
        return claim


class AnnouncingDevices(DeviceTable):
    """The devices, telling caches beside them what was written."""

    def __init__(self, source: DeviceTable, cache: Cache[Device], owners: Cache[str], claims: Cache[Claim]) -> None:
        super().__init__(source.connection)
        self._cache = cache
        self._owners = owners
        self._claims = claims

    def create(
        self,
        device: Device,
        share: Share | None = None,
        claims: Sequence[Change] = (),
        known_as: ManagedObject | None = None,
    ) -> None:
        super().create(device, share, claims, known_as)
        self._changed(claims)

    def replace(
        self, old: Device, new: Device, claims: Sequence[Change] = (), known_as: ManagedObject | None = None
    ) -> bool:
        written = super().replace(old, new, claims, known_as)
        self._forget(old)
        self._changed(claims)
        return written

    def known(self, tenant: str, device: str) -> Device | None:
        return self._cache.get(tenant + device, lambda: DeviceTable.known(self, tenant, device))

    def move_interface(self, source: Device, target: Device, interface: Interface) -> bool:
        written = super().move_interface(source, target, interface)
        self._forget(source)
        self._forget(target)
        return written

    def delete(self, device: Device, share: Share | None = None, claims: Sequence[Change] = ()) -> bool:
        written = super().delete(device, share, claims)
        self._forget(device)
        self._changed(claims)
        return written

    def _changed(self, claims: Sequence[Change]) -> None:
        for change in claims:
            self._claims.forget(change.new.client)

    def _forget(self, device: Device) -> None:
        self._cache.forget(device.tenant + device.id)
        for interface in device.interfaces:
            self._owners.forget(device.tenant + interface.key)


class CachedDevices(AnnouncingDevices):
    """Only for reading what enriches a message: a change made elsewhere is seen after MAX_AGE at the latest."""

    def get(self, tenant: str, device: str) -> Device | None:
        return self._cache.get(tenant + device, lambda: self._look(tenant, device))

    def foresee(self, names: Sequence[tuple[str, str]]) -> None:
        for device in self.glances([name for name in names if not self._cache.has("".join(name))]):
            self._cache.put(device.tenant + device.id, device)

    def _look(self, tenant: str, device: str) -> Device | None:
        """Half a read unit; one that is not there yet may have been registered this moment."""
        return self.glance(tenant, device) or DeviceTable.get(self, tenant, device)

    def owner(self, tenant: str, connector: str, node: str) -> str | None:
        name = tenant + interface_key(connector, node)
        return self._owners.get(name, lambda: DeviceTable.owner(self, tenant, connector, node))


class CachedDecoders(DecoderTable):
    """For decoding messages: a warm function reads nothing, also where a tenant has no such decoder.

    A name that is not there, or not enabled, is looked for again, but not for each message. A record is kept under the
    version that the directory names, so that it is never older than the directory.
    """

    def __init__(self, source: DecoderTable, directories: Cache[Directory], clock: Clock) -> None:
        super().__init__(source.connection)
        self._directories = directories
        self._records: Cache[DecoderRecord] = Cache(clock)
        self._looked: Cache[bool] = Cache(clock, LOOK_AGAIN)

    def directory(self, tenant: str) -> Directory:
        return self._directories.get(tenant, partial(self._look, tenant)) or Directory(tenant)

    def named(self, tenant: str, encoding: str) -> Listed | None:
        entry = self.directory(tenant).named(encoding)
        if (entry is None or not entry.enabled) and not self._looked.get(tenant, lambda: None):
            self._directories.forget(tenant)
            entry = self.directory(tenant).named(encoding)
        return entry

    def records(self, tenant: str, entries: Sequence[Listed]) -> list[DecoderRecord]:
        found = [self._records.get(f"{tenant}{e.id}{e.version}", partial(self._read, tenant, e)) for e in entries]
        return [record for record in found if record is not None]

    def _look(self, tenant: str) -> Directory:
        self._looked.get(tenant, lambda: True)
        return super().directory(tenant)

    def _read(self, tenant: str, entry: Listed) -> DecoderRecord | None:
        return next(iter(super().records(tenant, [entry])), None)


class AnnouncingDecoders(DecoderTable):
    """The decoders, telling a cache beside them what was written."""

    def __init__(self, source: DecoderTable, directories: Cache[Directory]) -> None:
        super().__init__(source.connection)
        self._directories = directories

    def put(self, old: Directory, new: Directory, record: DecoderRecord) -> bool:
        written = super().put(old, new, record)
        self._directories.forget(old.tenant)
        return written

    def remove(self, old: Directory, new: Directory, decoder: str) -> bool:
        written = super().remove(old, new, decoder)
        self._directories.forget(old.tenant)
        return written
