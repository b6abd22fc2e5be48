"""Secrets that name nobody: found by a keyed digest, through rotations of what keys it."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from chalicelib.fleet.access import adopting, callers, keys, secrets, signposts, stage_key, tenants
from chalicelib.fleet.access.records import ApiKey, KeyRequest
from chalicelib.fleet.access.roles import Role
from chalicelib.fleet.access.stage_key import SETTLED
from chalicelib.fleet.errors import Conflict, UnknownCredential
from tests import long_secrets
from tests.fakes import MemoryKeys, MemoryPorts

ACCESS = KeyRequest(roles=frozenset({Role.DEVICE_ACCESS}))
FOREIGN = "0123456789abcdef0123456789ABCDEF"


@pytest.fixture
def ports() -> MemoryPorts:
    return MemoryPorts()


@pytest.fixture
def master(ports: MemoryPorts) -> ApiKey:
    return tenants.create(ports, "acme")[1]


def made(ports: MemoryPorts, master: ApiKey) -> tuple[ApiKey, str]:
    return keys.create_child(ports, callers.of_key(master), master.id, ACCESS)


def rotate(ports: MemoryPorts) -> None:
    ports.stage_key.key = stage_key.rotated(ports.stage_key.key, ports.clock.now(), ports.chance(32))


def previous(ports: MemoryPorts) -> int:
    return signposts.left(ports, ports.stage_key.key.generations[-1])


def test_a_secret_opens_its_key(ports: MemoryPorts, master: ApiKey) -> None:
    key, secret = made(ports, master)
    assert keys.authenticate(ports, secret) == key


def test_the_tables_hold_no_digest_that_could_be_made_without_the_stage_key(ports: MemoryPorts, master: ApiKey) -> None:
    _, secret = made(ports, master)
    ports.stage_key.key = stage_key.first(b"x" * 32)
    with pytest.raises(UnknownCredential):
        keys.authenticate(ports, secret)


@pytest.mark.parametrize(
    "junk",
    ["junk", "a" * 32, "0123456789abcdef" * 2, "A" * 32, "z" * 79, "é" * 32, "0" * 31, secrets.mint(bytes(13)).upper()],
)
def test_junk_costs_no_read(ports: MemoryPorts, junk: str) -> None:
    assert keys.owner(ports, junk) is None
    assert ports.keys.followed == []


def test_what_looks_like_a_secret_costs_one_read_a_generation(ports: MemoryPorts) -> None:
    assert keys.owner(ports, secrets.mint(b"made up by hand")) is None
    assert len(ports.keys.followed) == 1


def test_secrets_made_elsewhere_are_looked_for_once_there_are_any(ports: MemoryPorts, master: ApiKey) -> None:
    assert keys.owner(ports, FOREIGN) is None
    assert ports.keys.followed == []
    key = adopting.adopt(ports, callers.of_key(master), master.id, FOREIGN, ACCESS)
    assert keys.authenticate(ports, FOREIGN).id == key.id
    assert keys.owner(ports, FOREIGN.lower()) is None


def test_the_secret_that_an_adopting_key_was_made_with_opens_nothing(ports: MemoryPorts, master: ApiKey) -> None:
    adopting.adopt(ports, callers.of_key(master), master.id, FOREIGN, ACCESS)
    assert len(ports.keys.posts) == 2  # the master's, and that of the foreign secret


def test_a_secret_of_the_long_form_stays_good(ports: MemoryPorts, master: ApiKey) -> None:
    key, _ = made(ports, master)
    text = long_secrets.made(key.tenant, key.id, bytes(32))
    ports.keys.put(replace(key, digest=secrets.digest(text, key.salt), signpost=None))
    assert keys.authenticate(ports, text).id == key.id
    assert keys.owner(ports, long_secrets.made(key.tenant, key.id, b"\1" * 32)) is None


def test_a_renewed_key_opens_by_its_new_secret_alone(ports: MemoryPorts, master: ApiKey) -> None:
    key, old = made(ports, master)
    _, new = keys.update(ports, callers.of_key(master), key.id, KeyRequest(), renew=True)
    assert keys.owner(ports, old) is None
    assert keys.authenticate(ports, str(new)).id == key.id
    assert len(ports.keys.posts) == 2


def test_a_deleted_key_leaves_no_signpost(ports: MemoryPorts, master: ApiKey) -> None:
    key, _ = made(ports, master)
    keys.create_child(ports, callers.of_key(master), key.id, ACCESS)
    keys.delete(ports, callers.of_key(master), key.id)
    assert list(ports.keys.posts.values()) == [(master.tenant, master.id)]


def test_a_new_generation_is_written_with_when_everybody_knows_it(ports: MemoryPorts, master: ApiKey) -> None:
    rotate(ports)
    assert str(made(ports, master)[0].signpost).startswith("1.")
    ports.clock.advance(ms=SETTLED)
    assert str(made(ports, master)[0].signpost).startswith("2.")


def test_a_secret_moves_to_the_new_generation_when_it_is_used(ports: MemoryPorts, master: ApiKey) -> None:
    key, secret = made(ports, master)
    rotate(ports)
    assert previous(ports) == 2  # the master's and this one
    ports.clock.advance(ms=SETTLED)
    assert keys.authenticate(ports, secret).id == key.id
    assert previous(ports) == 1
    ports.keys.followed.clear()
    assert keys.authenticate(ports, secret).id == key.id
    assert len(ports.keys.followed) == 1
    # What is moved outlives the generation that it came from.
    rotate(ports)
    ports.clock.advance(ms=SETTLED)
    assert keys.authenticate(ports, secret).id == key.id


def test_a_secret_that_moves_while_its_key_changes_moves_next_time(ports: MemoryPorts, master: ApiKey) -> None:
    key, secret = made(ports, master)
    rotate(ports)
    ports.clock.advance(ms=SETTLED)

    class Beaten(type(ports.keys)):  # type: ignore[misc]
        def replace(self, _old: ApiKey, _new: ApiKey) -> bool:
            return False

    kept = ports.keys
    ports.keys = Beaten(kept.rows, kept.usages, kept.posts)
    assert keys.authenticate(ports, secret).id == key.id
    ports.keys = kept
    assert previous(ports) == 2
    keys.authenticate(ports, secret)
    assert previous(ports) == 1


def test_a_rotation_waits_for_the_one_before(ports: MemoryPorts) -> None:
    rotate(ports)
    with pytest.raises(Conflict):
        rotate(ports)
    ports.clock.advance(ms=SETTLED)
    rotate(ports)
    assert [g.number for g in ports.stage_key.key.generations] == [3, 2]


class Meanwhile(MemoryKeys):
    """Somebody else acts after it was seen that nobody has the secret, and before it is taken."""

    def __init__(self, known: MemoryKeys, act: Callable[[], object]) -> None:
        super().__init__(known.rows, posts=known.posts)
        self.act: Callable[[], object] | None = act

    def replace(self, old: ApiKey, new: ApiKey) -> bool:
        act, self.act = self.act, None
        if act is not None:
            act()
        return super().replace(old, new)


@pytest.mark.parametrize("same", [False, True])
def test_of_two_that_take_over_one_secret_at_once_the_first_has_it(
    ports: MemoryPorts, master: ApiKey, *, same: bool
) -> None:
    """Two tenants, or one twice."""
    other = master if same else tenants.create(ports, "other")[1]
    first = list[ApiKey]()

    def take() -> None:
        first.append(adopting.adopt(ports, callers.of_key(other), other.id, FOREIGN, ACCESS))

    ports.keys = Meanwhile(ports.keys, take)
    before = len(ports.keys.all(master.tenant))
    with pytest.raises(Conflict):
        adopting.adopt(ports, callers.of_key(master), master.id, FOREIGN, ACCESS)
    assert keys.authenticate(ports, FOREIGN) == first[0]
    assert len(ports.keys.all(master.tenant)) == before + same


def test_a_secret_whose_key_was_deleted_by_a_process_that_died_can_be_taken_over(
    ports: MemoryPorts, master: ApiKey
) -> None:
    gone = adopting.adopt(ports, callers.of_key(master), master.id, FOREIGN, ACCESS)
    ports.keys.delete(gone.tenant, gone.id)
    other = tenants.create(ports, "other")[1]
    key = adopting.adopt(ports, callers.of_key(other), other.id, FOREIGN, ACCESS)
    assert keys.authenticate(ports, FOREIGN).id == key.id


def test_whoever_goes_late_takes_down_nobody_elses_signpost(ports: MemoryPorts, master: ApiKey) -> None:
    gone = adopting.adopt(ports, callers.of_key(master), master.id, FOREIGN, ACCESS)
    ports.keys.delete(gone.tenant, gone.id)
    other = tenants.create(ports, "other")[1]
    key = adopting.adopt(ports, callers.of_key(other), other.id, FOREIGN, ACCESS)
    signposts.take_down(ports, gone)
    assert keys.authenticate(ports, FOREIGN).id == key.id
