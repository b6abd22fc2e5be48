"""Basic credentials: scrypt is counted, and nobody who was revoked comes in a minute later."""

import threading
from collections.abc import Callable
from dataclasses import replace

import pytest

from chalicelib.fleet.access import attempts, basic, callers, tenants, users
from chalicelib.fleet.access.callers import Caller, Kind
from chalicelib.fleet.access.passwords import Cost
from chalicelib.fleet.access.proven import LASTS, Proven
from chalicelib.fleet.access.records import Tenant, User, UserRequest, UserState
from chalicelib.fleet.access.roles import Role
from chalicelib.fleet.errors import Unauthenticated
from tests.fakes import CountingHasher, MemoryPorts

PASSWORD, WRONG, NEW = "Corr3ct-horse", "Wr0ng-horse", "N3w-horse-now"
HOME, ELSEWHERE = "203.0.113.7", "198.51.100.9"
READ = frozenset({Role.DEVICE_R})


class Site:
    def __init__(self) -> None:
        self.ports = MemoryPorts()
        self.tenant, master, _ = tenants.create(self.ports, "acme")
        self.by = callers.of_key(master)
        made = User(self.tenant.id, self.ports.new_id(1), "ada", "ada@example.org", READ, 1)
        self.user = users.create(self.ports, self.by, made, PASSWORD)
        self.hashed = self.calls

    @property
    def calls(self) -> int:
        return self.ports.hasher.calls

    @property
    def compared(self) -> int:
        """How often scrypt was called since the user was made."""
        return self.calls - self.hashed

    def ask(self, password: str = PASSWORD, *, name: str = "ada", address: str = HOME) -> Caller:
        return basic.authenticate(self.ports, name, password, address=address)

    def anew(self) -> None:
        """Another process, which has seen nothing."""
        self.ports.proven = Proven(b"another process" * 3)


@pytest.fixture
def site() -> Site:
    return Site()


def test_scrypt_is_paid_once_a_process(site: Site) -> None:
    for _ in range(200):
        caller = site.ask()
        site.ports.clock.advance(seconds=7)
    assert caller == Caller(site.tenant.id, READ, Kind.USER, user=site.user.id)
    assert site.compared == 1
    site.anew()
    site.ask()
    assert site.compared == 2


def test_within_a_minute_nothing_is_read(site: Site) -> None:
    site.ask()
    site.ports.users.rows.clear()
    site.ports.clock.advance(ms=LASTS - 1)
    assert site.ask().user == site.user.id
    site.ports.clock.advance(ms=1)
    with pytest.raises(Unauthenticated):
        site.ask()


REVOCATIONS: dict[str, Callable[[Site], object]] = {
    "disabled": lambda s: users.update(s.ports, s.by, s.user.id, UserRequest(state=UserState.DISABLED)),
    "deleted": lambda s: users.delete(s.ports, s.by, s.user.id),
    "another password": lambda s: users.set_password(s.ports, s.by, s.user.id, NEW, None),
    "another name": lambda s: users.update(s.ports, s.by, s.user.id, UserRequest(login="ada2")),
}


@pytest.mark.parametrize("how", REVOCATIONS)
def test_who_was_revoked_is_out_within_a_minute(site: Site, how: str) -> None:
    site.ask()
    REVOCATIONS[how](site)
    site.ports.clock.advance(ms=LASTS)
    for _ in range(2):
        with pytest.raises(Unauthenticated):
            site.ask()


def test_other_roles_hold_within_a_minute_without_scrypt(site: Site) -> None:
    site.ask()
    users.update(site.ports, site.by, site.user.id, UserRequest(roles=frozenset({Role.DATA_R})))
    site.ports.clock.advance(ms=LASTS)
    assert site.ask().roles == {Role.DATA_R}
    assert site.compared == 1


def test_a_new_password_opens_at_once(site: Site) -> None:
    site.ask()
    users.set_password(site.ports, site.by, site.user.id, NEW, None)
    assert site.ask(NEW).user == site.user.id


def test_a_wrong_password_is_never_remembered(site: Site) -> None:
    site.ask()
    for _ in range(3):
        with pytest.raises(Unauthenticated):
            site.ask(WRONG)
    assert site.compared == 4
    assert site.ask().user == site.user.id


def test_unknown_names_cost_what_known_ones_do(site: Site) -> None:
    with pytest.raises(Unauthenticated):
        site.ask(name="nobody")
    assert site.compared == 1


def test_a_user_of_another_tenant_is_unknown(site: Site) -> None:
    site.ports.tenants.create(Tenant("other1", "other", 1))
    with pytest.raises(Unauthenticated):
        basic.authenticate(site.ports, "ada", PASSWORD, address=HOME, tenant="other1")
    named = basic.authenticate(site.ports, "ada@example.org", PASSWORD, address=HOME, tenant=site.tenant.id)
    assert named.user == site.user.id


def test_who_guesses_meets_the_lock_though_the_client_is_remembered(site: Site) -> None:
    site.ask()
    refused = 0
    for number in range(attempts.MOST_FAILURES + basic.AT_ONCE):
        with pytest.raises(Unauthenticated):
            site.ask(f"{WRONG}{number}", address=ELSEWHERE)
        refused += 1
    site.ports.clock.advance(seconds=60)
    with pytest.raises(Unauthenticated):
        site.ask(PASSWORD, address=ELSEWHERE)
    assert site.ask().user == site.user.id
    assert refused == attempts.MOST_FAILURES + basic.AT_ONCE


def test_requests_at_once_wait_for_the_first_of_them(site: Site) -> None:
    go, found = threading.Event(), list[str | None]()

    class Waiting(CountingHasher):
        def _scrypt(self, text: str, salt: bytes, cost: Cost) -> bytes:
            assert go.wait(60)
            return super()._scrypt(text, salt, cost)

    site.ports.hasher = waiting = Waiting(site.ports.hasher.cost, bytes(32))
    threads = [threading.Thread(target=lambda: found.append(site.ask().user)) for _ in range(12)]
    for thread in threads:
        thread.start()
    go.set()
    for thread in threads:
        thread.join()
    assert found == [site.user.id] * 12
    assert waiting.calls == 1


def test_requests_at_once_in_processes_that_have_seen_nothing_lock_nobody_out(site: Site) -> None:
    """Each is counted before it is decided: what is undecided is no failure yet."""
    most = attempts.MOST_FAILURES + basic.AT_ONCE
    begun = [attempts.begin(site.ports, "ada", HOME, most) for _ in range(basic.AT_ONCE)]
    assert not any(attempt.locked for attempt in begun)
    assert site.ask().user == site.user.id


def test_what_is_remembered_is_of_one_name_and_one_password_and_one_network() -> None:
    proven = Proven(bytes(32))
    same = proven.digest("", "ada", "secret", HOME)
    assert same == proven.digest("", "ada", "secret", HOME)
    others = [("", "adas", "ecret", HOME), ("a", "da", "secret", HOME), ("", "ada", "secret", ELSEWHERE)]
    assert same not in [proven.digest(*other) for other in others]
    assert same != Proven(b"1" * 32).digest("", "ada", "secret", HOME)


def test_neither_name_nor_password_is_kept(site: Site) -> None:
    site.ask()
    kept = repr(vars(site.ports.proven))
    assert PASSWORD not in kept
    assert "ada" not in kept


def test_a_user_whose_state_changes_back_is_let_in_again(site: Site) -> None:
    site.ask()
    users.update(site.ports, site.by, site.user.id, UserRequest(state=UserState.SUSPENDED))
    site.ports.clock.advance(ms=LASTS)
    with pytest.raises(Unauthenticated):
        site.ask()
    users.update(site.ports, site.by, site.user.id, UserRequest(state=UserState.ENABLED))
    assert site.ask() == replace(site.ask(), roles=READ)


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("::FFFF:cb00:7107", "203.0.113.7"),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
        ("nowhere", "nowhere"),
    ],
)
def test_an_address_counts_by_its_network(address: str, place: str) -> None:
    assert attempts.network(address) == place


def test_who_guesses_over_ipv4_locks_out_nobody_else_on_a_socket_for_both(site: Site) -> None:
    for number in range(attempts.MOST_FAILURES + basic.AT_ONCE):
        with pytest.raises(Unauthenticated):
            site.ask(f"{WRONG}{number}", address=f"::ffff:{ELSEWHERE}")
    assert site.ask(address=f"::ffff:{HOME}").user == site.user.id
