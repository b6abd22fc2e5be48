from dataclasses import replace

import pytest

from chalicelib.fleet.access import callers, inheriting, keys, tenants
from chalicelib.fleet.access.records import NOTED, ApiKey, KeyRequest
from chalicelib.fleet.access.roles import ALL_ROLES, Role
from chalicelib.fleet.errors import Contended, Invalid, KeyNotFound
from chalicelib.fleet.presence.claims import Claim
from chalicelib.fleet.tenancy.records import Share
from chalicelib.triggers import downlink
from tests.fakes import MemoryKeys, MemoryPorts

HALF = frozenset({Role.DATA_R})


@pytest.fixture
def ports() -> MemoryPorts:
    return MemoryPorts()


@pytest.fixture
def master(ports: MemoryPorts) -> ApiKey:
    return tenants.create(ports, "acme")[1]


def child_of(ports: MemoryPorts, master: ApiKey, parent: ApiKey) -> ApiKey:
    return keys.create_child(ports, callers.of_key(master), parent.id, KeyRequest(roles=parent.roles))[0]


class Overtaken(MemoryKeys):
    """Somebody else changes the key between our reading and our writing."""

    def __init__(self, keys: MemoryKeys, meanwhile: ApiKey) -> None:
        super().__init__(keys.rows)
        self.meanwhile: ApiKey | None = meanwhile

    def replace(self, old: ApiKey, new: ApiKey) -> bool:
        key, self.meanwhile = self.meanwhile, None
        if key is not None:
            super().replace(self.rows[key.tenant, key.id], key)
        return super().replace(old, new)


class Late(MemoryKeys):
    """The parent is changed just before its new child is stored."""

    def __init__(self, keys: MemoryKeys, parent: ApiKey, changed: ApiKey | None) -> None:
        super().__init__(keys.rows)
        self.parent, self.changed = parent, changed

    def put(self, key: ApiKey, share: Share | None = None) -> None:
        if self.changed is None:
            self.delete(self.parent.tenant, self.parent.id)
        else:
            super().put(self.changed)
        super().put(key, share)


class Besieged(Late):
    """And others write the new child before it can be narrowed."""

    def replace(self, old: ApiKey, new: ApiKey) -> bool:
        super().replace(old, replace(old, label="theirs"))
        return super().replace(old, new)


def test_a_child_that_cannot_be_narrowed_is_not_handed_out(ports: MemoryPorts, master: ApiKey) -> None:
    parent, _ = keys.mint(ports, master.tenant, roles=ALL_ROLES, parent=master)
    ports.keys = Besieged(ports.keys, parent, replace(parent, roles=HALF))
    with pytest.raises(Contended, match="written by others"):
        child_of(ports, master, parent)


@pytest.mark.parametrize("narrowed", [True, False])
def test_a_new_child_can_be_changed_as_it_was_handed_out(
    ports: MemoryPorts,
    master: ApiKey,
    narrowed: bool,  # noqa: FBT001 - a parameter
) -> None:
    parent, _ = keys.mint(ports, master.tenant, roles=ALL_ROLES, parent=master)
    if narrowed:
        ports.keys = Late(ports.keys, parent, replace(parent, roles=HALF))
    child = child_of(ports, master, parent)
    assert child.roles == (HALF if narrowed else ALL_ROLES)
    assert ports.keys.replace(child, replace(child, label="mine"))


def test_the_use_of_a_key_that_ends_unused_is_written_once_a_minute(ports: MemoryPorts, master: ApiKey) -> None:
    request = KeyRequest(roles=HALF, idle=3_600_000)
    key, secret = keys.create_child(ports, callers.of_key(master), master.id, request)
    keys.authenticate(ports, secret)
    first, written = ports.clock.now(), []
    for ms in (NOTED - 1, 1, 1, NOTED - 2, 1):
        ports.clock.advance(ms=ms)
        keys.authenticate(ports, secret)
        written.append(ports.keys.rows[key.tenant, key.id].used)
    assert written == [first, first + NOTED, first + NOTED, first + NOTED, first + 2 * NOTED]


def test_a_change_of_the_child_meanwhile_lasts(ports: MemoryPorts, master: ApiKey) -> None:
    parent = child_of(ports, master, master)
    child = child_of(ports, master, parent)
    ports.keys = Overtaken(ports.keys, replace(child, label="meanwhile"))
    inheriting.pass_on(ports, replace(parent, roles=HALF))
    found = ports.keys.rows[child.tenant, child.id]
    assert (found.label, found.roles) == ("meanwhile", HALF)


def test_a_change_of_the_key_meanwhile_lasts(ports: MemoryPorts, master: ApiKey) -> None:
    key = child_of(ports, master, master)
    ports.keys = Overtaken(ports.keys, replace(key, roles=HALF))
    after, _ = keys.update(ports, callers.of_key(master), key.id, KeyRequest(label="new"))
    assert (after.label, after.roles) == ("new", HALF)


def test_a_parent_that_loses_rights_meanwhile_takes_them_from_its_new_child(ports: MemoryPorts, master: ApiKey) -> None:
    parent = child_of(ports, master, master)
    ports.keys = Late(ports.keys, parent, replace(parent, roles=HALF))
    assert child_of(ports, master, parent).roles == HALF


def test_a_parent_that_is_deleted_meanwhile_leaves_no_child(ports: MemoryPorts, master: ApiKey) -> None:
    parent = child_of(ports, master, master)
    ports.keys = Late(ports.keys, parent, None)
    with pytest.raises(KeyNotFound):
        child_of(ports, master, parent)
    assert [key.id for key in ports.keys.all(master.tenant)] == [master.id]


def test_passing_on_again_finds_what_was_left(ports: MemoryPorts, master: ApiKey) -> None:
    parent = child_of(ports, master, master)
    child = child_of(ports, master, parent)
    narrower = replace(parent, roles=HALF)
    ports.keys.put(narrower)
    inheriting.pass_on(ports, narrower)
    assert ports.keys.rows[child.tenant, child.id].roles == HALF


def test_the_connections_of_a_key_are_closed_and_no_others(ports: MemoryPorts, master: ApiKey) -> None:
    for number in range(250):
        ports.claims.put_new(Claim(f"c{number:03}", master.tenant, "x", "device", master.id, 1))
    ports.claims.put_new(Claim("other", master.tenant, "x", "device", "another key", 1))
    downlink.disconnect(ports, {"tenant": master.tenant, "key": master.id, "after": None}, 30_000)
    assert ports.background.disconnects == [f"c{number:03}" for number in range(250)]


def test_what_cannot_be_closed_in_time_goes_on_later(ports: MemoryPorts, master: ApiKey) -> None:
    for number in range(150):
        ports.claims.put_new(Claim(f"c{number:03}", master.tenant, "x", "device", master.id, 1))
    downlink.disconnect(ports, {"tenant": master.tenant, "key": master.id, "after": None}, 0)
    assert len(ports.background.disconnects) == 100
    ((tenant, key, after),) = ports.background.revocations
    downlink.disconnect(ports, {"tenant": tenant, "key": key, "after": after}, 0)
    assert len(set(ports.background.disconnects)) == 150


def test_all_rights_stay_where_nothing_is_taken(master: ApiKey) -> None:
    child = replace(master, id="1" * 24, master=False, parent=master.id)
    assert inheriting.narrowed(child, master) == child
    assert child.roles == ALL_ROLES


HOUR = 3_600_000


@pytest.mark.parametrize(("asked", "got"), [(None, HOUR), (HOUR // 2, HOUR // 2), (HOUR, HOUR)])
def test_a_key_goes_unused_no_longer_than_its_parent(
    ports: MemoryPorts, master: ApiKey, asked: int | None, got: int
) -> None:
    by = callers.of_key(master)
    parent, _ = keys.create_child(ports, by, master.id, KeyRequest(roles=HALF, idle=HOUR))
    child, _ = keys.create_child(ports, by, parent.id, KeyRequest(roles=HALF, idle=asked))
    assert child.idle == got
    with pytest.raises(Invalid):
        keys.create_child(ports, by, parent.id, KeyRequest(roles=HALF, idle=HOUR + 1))
    with pytest.raises(Invalid):
        keys.update(ports, by, child.id, KeyRequest(idle=HOUR + 1))


def test_a_parent_that_may_go_unused_for_less_shortens_it_for_those_below(ports: MemoryPorts, master: ApiKey) -> None:
    by = callers.of_key(master)
    parent, _ = keys.create_child(ports, by, master.id, KeyRequest(roles=HALF))
    below, _ = keys.create_child(ports, by, parent.id, KeyRequest(roles=HALF))
    lowest, _ = keys.create_child(ports, by, below.id, KeyRequest(roles=HALF, idle=HOUR // 4))
    keys.update(ports, by, parent.id, KeyRequest(idle=HOUR))
    idle = {key.id: key.idle for key in ports.keys.all(master.tenant)}
    assert (idle[below.id], idle[lowest.id]) == (HOUR, HOUR // 4)
