"""How much a tenant may store; `tests/store/test_usages.py` has the contract of the tables."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from chalicelib.fleet.access import callers, keys, tenants, users
from chalicelib.fleet.access.records import ApiKey, KeyRequest, User
from chalicelib.fleet.data import decoders
from chalicelib.fleet.data.records import DecoderKind, DecoderRecord
from chalicelib.fleet.errors import DeviceDuplicate, GroupDuplicate, QuotaReached
from chalicelib.fleet.events import policies
from chalicelib.fleet.events.records import ActionPolicy, QueuePublish
from chalicelib.fleet.inventory import devices, groups
from chalicelib.fleet.inventory.managed_objects import ManagedObject
from chalicelib.fleet.inventory.records import ROOT_GROUP, Device
from chalicelib.fleet.presence.claims import Change
from chalicelib.fleet.queues import lifecycle
from chalicelib.fleet.resources import catalog
from chalicelib.fleet.resources.records import Resource, ResourceVersion
from chalicelib.fleet.tenancy import quotas, settings
from chalicelib.fleet.tenancy.quotas import SETTLED
from chalicelib.fleet.tenancy.records import Cause, Share, Stored, Usage, Way
from tests.fakes import START, MemoryDevices, MemoryPorts

CONTENT = b"firmware"
MD5 = hashlib.md5(CONTENT, usedforsecurity=False).hexdigest()


class Site:
    """A tenant; `make` and `remove` take the number of the thing."""

    def __init__(self) -> None:
        self.ports = MemoryPorts()
        tenant, self.master, _ = tenants.create(self.ports, "acme")
        self.tenant = tenant.id
        self.made: dict[tuple[Stored, int], str] = {}

    def limit(self, stored: Stored, most: int | None) -> None:
        settings.set_quotas(self.ports, self.tenant, {stored: most})

    def make(self, stored: Stored, number: int) -> None:
        self.made[stored, number] = MAKING[stored](self, number)

    def remove(self, stored: Stored, number: int) -> None:
        REMOVING[stored](self, self.made[stored, number])

    def refused(self, stored: Stored, number: int) -> bool:
        try:
            self.make(stored, number)
        except QuotaReached:
            return True
        return False

    def log(self) -> list[tuple[Cause, Way | None, object]]:
        found = self.ports.audit.page(self.tenant, start=0, end=self.ports.clock.now() + 1, descending=False)
        return [(e.cause, e.way, e.content.get("stored")) for e in found]


def device(site: Site, number: int) -> str:
    return devices.register(site.ports, Device(site.tenant, f"d{number}", START, START)).id


def key(site: Site, _: int) -> str:
    return keys.create_child(site.ports, callers.of_key(site.master), site.master.id, KeyRequest())[0].id


def user(site: Site, number: int) -> str:
    name = f"user{number}"
    made = User(site.tenant, site.ports.new_id(START), name, f"{name}@example.com", frozenset(), START)
    return users.create(site.ports, callers.of_key(site.master), made).id


def resource(site: Site, number: int) -> str:
    return catalog.create(site.ports, Resource(site.tenant, f"r{number}", START, START)).id


def policy(site: Site, number: int) -> str:
    return policies.save(site.ports, ActionPolicy(site.tenant, f"p{number}", "d", "n", START)).id


def decoder(site: Site, number: int) -> str:
    name = f"{number:024x}"
    record = DecoderRecord(site.tenant, name, f"e{number}", DecoderKind.BINARY, START, START, source="int x;")
    return decoders.create(site.ports, record).id


MAKING: dict[Stored, Callable[[Site, int], str]] = {
    Stored.DEVICES: device,
    Stored.GROUPS: lambda s, n: groups.create(s.ports, s.tenant, f"g{n}", ROOT_GROUP, None).id,
    Stored.KEYS: key,
    Stored.USERS: user,
    Stored.RESOURCES: resource,
    Stored.DECODERS: decoder,
    Stored.POLICIES: policy,
    Stored.QUEUES: lambda s, n: lifecycle.create(s.ports, s.tenant, f"q{n}").name,
}
REMOVING: dict[Stored, Callable[[Site, str], None]] = {
    Stored.DEVICES: lambda s, name: devices.delete(s.ports, s.tenant, name),
    Stored.GROUPS: lambda s, name: groups.delete(s.ports, s.tenant, name),
    Stored.KEYS: lambda s, name: keys.delete(s.ports, callers.of_key(s.master), name),
    Stored.USERS: lambda s, name: users.delete(s.ports, callers.of_key(s.master), name),
    Stored.RESOURCES: lambda s, name: catalog.delete(s.ports, s.tenant, name),
    Stored.DECODERS: lambda s, name: decoders.delete(s.ports, s.tenant, DecoderKind.BINARY, name),
    Stored.POLICIES: lambda s, name: policies.delete(s.ports, s.tenant, name),
    Stored.QUEUES: lambda s, name: lifecycle.delete(s.ports, s.tenant, name),
}


@pytest.fixture
def site() -> Site:
    return Site()


def test_everything_with_a_number_has_a_quota() -> None:
    assert set(MAKING) == set(REMOVING) == set(Stored) - {Stored.RESOURCE_BYTES}


@pytest.mark.parametrize("stored", MAKING)
class TestEveryKind:
    def test_what_was_there_before_counts_and_what_goes_makes_room(self, site: Site, stored: Stored) -> None:
        site.make(stored, 1)
        site.limit(stored, 2)
        site.make(stored, 2)
        assert site.refused(stored, 3)
        site.remove(stored, 1)
        site.make(stored, 4)
        assert site.refused(stored, 5)

    def test_what_is_refused_is_told_to_the_audit_log(self, site: Site, stored: Stored) -> None:
        site.limit(stored, 0)
        assert site.refused(stored, 1)
        assert site.log() == [(Cause.QUOTA, Way.HTTP, stored.value)]

    def test_a_lifted_quota_lets_everything_in_and_a_new_one_counts_anew(self, site: Site, stored: Stored) -> None:
        site.limit(stored, 1)
        site.make(stored, 1)
        site.limit(stored, None)
        site.make(stored, 2)
        site.ports.clock.advance(ms=1)
        site.limit(stored, 3)
        site.make(stored, 3)
        assert site.refused(stored, 4)

    def test_a_lowered_quota_takes_nothing_away_and_lets_nothing_in(self, site: Site, stored: Stored) -> None:
        for number in (1, 2, 3):
            site.make(stored, number)
        site.limit(stored, 1)
        assert site.refused(stored, 4)
        site.remove(stored, 1)
        assert site.refused(stored, 4)
        site.remove(stored, 2)
        site.remove(stored, 3)
        site.make(stored, 4)

    def test_another_tenant_has_its_own(self, site: Site, stored: Stored) -> None:
        other = Site.__new__(Site)
        other.ports, other.made = site.ports, {}
        tenant, other.master, _ = tenants.create(site.ports, "other")
        other.tenant = tenant.id
        site.limit(stored, 1)
        site.make(stored, 1)
        other.make(stored, 101)
        assert site.refused(stored, 2)
        other.make(stored, 102)


@pytest.mark.parametrize("stored", MAKING)
def test_without_a_quota_nothing_is_counted(site: Site, stored: Stored) -> None:
    site.make(stored, 1)
    site.remove(stored, 1)
    assert site.ports.usages.rows == {}


class Meanwhile(MemoryDevices):
    """Somebody else does something just before a device is stored."""

    def __init__(self, known: MemoryDevices, meanwhile: Callable[[], object]) -> None:
        super().__init__(known.mailboxes, known.configurations, known.resources, known.groups, known.usages)
        self.rows, self.owners = known.rows, known.owners
        self.meanwhile: Callable[[], object] | None = meanwhile

    def create(
        self,
        device: Device,
        share: Share | None = None,
        claims: Sequence[Change] = (),
        known_as: ManagedObject | None = None,
    ) -> None:
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile:
            meanwhile()
        super().create(device, share, claims, known_as)


def test_of_two_creations_at_once_that_find_room_for_one_one_passes(site: Site) -> None:
    site.limit(Stored.DEVICES, 2)
    site.make(Stored.DEVICES, 1)
    site.ports.devices = Meanwhile(site.ports.devices, lambda: site.make(Stored.DEVICES, 2))
    assert site.refused(Stored.DEVICES, 3)
    assert site.ports.devices.census(site.tenant) == 2


def test_a_count_that_was_overtaken_is_made_again(site: Site) -> None:
    site.limit(Stored.DEVICES, 2)
    site.make(Stored.DEVICES, 1)
    usage = site.ports.usages.get(site.tenant, Stored.DEVICES)
    site.make(Stored.DEVICES, 2)
    assert not site.ports.usages.replace(usage, Usage(site.tenant, Stored.DEVICES, 1, START))
    assert site.refused(Stored.DEVICES, 3)


def test_what_an_instance_that_did_not_know_of_the_quota_stored_is_counted_after_a_while(site: Site) -> None:
    site.limit(Stored.DEVICES, 3)
    site.make(Stored.DEVICES, 1)
    for name in ("unseen1", "unseen2"):
        site.ports.devices.create(Device(site.tenant, name, START, START))
    site.ports.clock.advance(ms=SETTLED - 1)
    site.make(Stored.DEVICES, 2)
    site.ports.clock.advance(ms=1)
    assert site.refused(Stored.DEVICES, 3)


def test_a_clock_that_is_behind_that_of_the_operator_counts_all_the_same(site: Site) -> None:
    site.limit(Stored.DEVICES, 1)
    site.ports.clock.advance(seconds=-300)
    site.make(Stored.DEVICES, 1)
    assert site.refused(Stored.DEVICES, 2)


def test_what_fails_for_another_reason_takes_nothing(site: Site) -> None:
    site.limit(Stored.DEVICES, 2)
    site.make(Stored.DEVICES, 1)
    with pytest.raises(DeviceDuplicate):
        site.make(Stored.DEVICES, 1)
    site.make(Stored.DEVICES, 2)
    with pytest.raises(DeviceDuplicate):
        site.make(Stored.DEVICES, 2)


def test_the_name_of_a_group_that_is_taken_is_not_told_as_a_quota(site: Site) -> None:
    site.limit(Stored.GROUPS, 2)
    site.make(Stored.GROUPS, 1)
    with pytest.raises(GroupDuplicate):
        site.make(Stored.GROUPS, 1)


def test_a_policy_that_is_there_may_be_changed_at_the_limit(site: Site) -> None:
    site.limit(Stored.POLICIES, 1)
    site.make(Stored.POLICIES, 1)
    site.make(Stored.POLICIES, 1)
    assert site.refused(Stored.POLICIES, 2)


def test_a_policy_makes_no_queue_beyond_the_limit(site: Site) -> None:
    site.limit(Stored.QUEUES, 0)
    wanted = ActionPolicy(site.tenant, "p", "d", "n", START, queues=(QueuePublish("a", "q"),))
    with pytest.raises(QuotaReached):
        policies.save(site.ports, wanted)
    assert site.ports.policies.all(site.tenant) == []


def test_sessions_are_no_keys_that_count(site: Site) -> None:
    site.limit(Stored.KEYS, 1)
    made = User(site.tenant, "u", "ada", "ada@example.com", frozenset(), START)
    users.create(site.ports, callers.of_key(site.master), made, "Secret-1234")
    sessions = [users.log_in(site.ports, "ada", "Secret-1234")[1] for _ in range(3)]
    site.make(Stored.KEYS, 1)
    for session in sessions:
        keys.delete(site.ports, callers.of_key(site.master), session.id)
    assert site.refused(Stored.KEYS, 2)


def test_a_key_that_is_deleted_with_what_is_below_it_makes_room_for_all(site: Site) -> None:
    site.limit(Stored.KEYS, 2)
    parent: ApiKey = keys.create_child(site.ports, callers.of_key(site.master), site.master.id, KeyRequest())[0]
    keys.create_child(site.ports, callers.of_key(site.master), parent.id, KeyRequest())
    assert site.refused(Stored.KEYS, 1)
    keys.delete(site.ports, callers.of_key(site.master), parent.id)
    site.make(Stored.KEYS, 1)
    site.make(Stored.KEYS, 2)
    assert site.refused(Stored.KEYS, 3)


class TestBytes:
    def version(self, site: Site, number: int) -> ResourceVersion:
        file = f"file{number}"
        return ResourceVersion(site.tenant, "r1", f"v{number}", START, START, MD5, len(CONTENT), file)

    def add(self, site: Site, number: int) -> None:
        catalog.add_version(site.ports, self.version(site, number), CONTENT)

    def test_files_of_resources_are_limited_together(self, site: Site) -> None:
        site.make(Stored.RESOURCES, 1)
        self.add(site, 1)
        site.limit(Stored.RESOURCE_BYTES, 2 * len(CONTENT) + 1)
        self.add(site, 2)
        with pytest.raises(QuotaReached):
            self.add(site, 3)
        assert set(site.ports.files.rows) == {"file1", "file2"}
        catalog.delete_version(site.ports, site.tenant, "r1", "v1")
        self.add(site, 3)

    def test_a_file_that_is_announced_takes_its_room_at_once(self, site: Site) -> None:
        site.make(Stored.RESOURCES, 1)
        site.limit(Stored.RESOURCE_BYTES, 1000)
        catalog.announce_version(site.ports, replace(self.version(site, 1), size=900))
        with pytest.raises(QuotaReached):
            catalog.announce_version(site.ports, replace(self.version(site, 2), size=101))

    def test_a_resource_gives_back_what_all_its_versions_took(self, site: Site) -> None:
        site.limit(Stored.RESOURCE_BYTES, 2 * len(CONTENT))
        site.make(Stored.RESOURCES, 1)
        self.add(site, 1)
        self.add(site, 2)
        site.remove(Stored.RESOURCES, 1)
        assert site.ports.usages.rows[site.tenant, Stored.RESOURCE_BYTES].used == 0


def test_without_room_nobody_asks_for_ever(site: Site) -> None:
    site.limit(Stored.DEVICES, 0)
    asked: list[Share | None] = []

    def store(share: Share | None) -> None:
        asked.append(share)
        raise QuotaReached("always")

    with pytest.raises(QuotaReached):
        quotas.within(site.ports, site.tenant, Stored.DEVICES, store)
    assert len(asked) == 2
