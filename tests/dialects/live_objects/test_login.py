"""Logging in tells nothing, locks nobody else out and keeps nobody else waiting."""

import threading

import pytest

from chalicelib.fleet.access import callers, users
from chalicelib.fleet.access.attempts import A_MINUTE, LOCKED, MOST_FAILURES, network
from chalicelib.fleet.access.passwords import Hasher
from chalicelib.fleet.errors import Unauthenticated
from tests.dialects.live_objects.client import DEVICES, Client, Reply
from tests.fakes import CountingHasher

USERS = "/api/v0/users"
PASSWORD, WRONG = "Corr3ct-horse", "Wr0ng-horse"
HOME, ELSEWHERE = "192.0.2.1", "198.51.100.7"


@pytest.fixture
def ada(client: Client) -> Client:
    for login, state in (("ada", "enabled"), ("bob", "enabled"), ("gone", "disabled")):
        body = {"login": login, "email": f"{login}@example.com", "roles": [], "tenantId": client.tenant.id}
        made = client.call("POST", USERS, {**body, "password": PASSWORD}).body
        client.call("POST", f"{USERS}/{made['id']}", {"state": state})
    return client


def log_in(client: Client, password: str = PASSWORD, login: str = "ada", address: str = HOME) -> Reply:
    client.address = address
    return client.call("POST", "/api/v0/auth", {"password": password, "login": login}, key=None)


def lock(client: Client, login: str = "ada", address: str = HOME) -> None:
    for _ in range(MOST_FAILURES):
        assert log_in(client, WRONG, login, address).status == 401


@pytest.mark.parametrize("password", [PASSWORD, WRONG])
@pytest.mark.parametrize("login", ["ada", "nobody", "gone", "locked", "locked nobody", "ada@example.com"])
def test_scrypt_is_called_once_for_every_kind_of_name(ada: Client, login: str, password: str) -> None:
    if login.startswith("locked"):
        login = "nobody" if login.endswith("nobody") else "ada"
        lock(ada, login)
    ada.ports.hasher.calls = 0
    log_in(ada, password, login)
    assert ada.ports.hasher.calls == 1


def test_what_is_refused_looks_the_same(ada: Client) -> None:
    lock(ada, "bob")
    replies = [
        log_in(ada, *tried) for tried in ((WRONG, "ada"), (PASSWORD, "nobody"), (PASSWORD, "bob"), (PASSWORD, "gone"))
    ]
    assert {(r.status, r.code, r.body["message"]) for r in replies} == {
        (401, "UNAUTHORIZED", replies[0].body["message"])
    }


def test_a_name_is_locked_for_whoever_guessed_it(ada: Client) -> None:
    lock(ada, address=ELSEWHERE)
    assert log_in(ada, address=ELSEWHERE).status == 401
    assert log_in(ada, address=HOME).status == 200
    assert log_in(ada, login="bob", address=ELSEWHERE).status == 200
    ada.ports.clock.advance(ms=LOCKED)
    assert log_in(ada, address=ELSEWHERE).status == 200


def test_a_lock_ends_though_it_is_tried_on(ada: Client) -> None:
    lock(ada)
    for _ in range(5):
        ada.ports.clock.advance(ms=LOCKED // 5)
        log_in(ada, WRONG)
    # Only what was counted as a failure begins the time anew.
    assert log_in(ada).status == 200


def test_a_household_counts_as_one(ada: Client) -> None:
    lock(ada, address="2001:db8:1:2::1")
    assert log_in(ada, address="2001:db8:1:2:ffff::9").status == 401
    assert log_in(ada, address="2001:db8:1:3::1").status == 200


@pytest.mark.parametrize(
    ("address", "counted"),
    [("192.0.2.1", "192.0.2.1"), ("2001:db8::1", "2001:db8::/64"), ("", ""), ("somewhere", "somewhere")],
)
def test_an_address_counts_by_its_network(address: str, counted: str) -> None:
    assert network(address) == counted


def test_an_address_tries_so_many_names_a_minute(ada: Client) -> None:
    tried = [log_in(ada, WRONG, f"name {n}", ELSEWHERE) for n in range(A_MINUTE + 2)]
    assert [r.status for r in tried] == [401] * A_MINUTE + [429] * 2
    assert int(tried[-1].headers["Retry-After"]) <= 60
    assert log_in(ada, address=HOME).status == 200
    ada.ports.clock.advance(seconds=60)
    assert log_in(ada, address=ELSEWHERE).status == 200


def test_an_attempt_is_counted_before_it_is_decided(ada: Client) -> None:
    """Guesses that come at the same time would otherwise all see the same count."""
    seen: list[int] = []

    class Looking(CountingHasher):
        def matches(self, text: str, kept: object, *, patient: bool = False) -> bool:  # noqa: ARG002
            seen.append(
                sum(r.body["failures"] for r in ada.ports.records.rows.values() if r.kind.startswith("attempts"))
            )
            return False

    ada.ports.hasher = Looking(ada.ports.hasher.cost, b"")
    for _ in range(3):
        log_in(ada)
    assert seen == [1, 2, 3]


def test_no_name_and_no_address_is_kept(ada: Client) -> None:
    log_in(ada, WRONG)
    assert not any("ada" in str(record) or HOME in str(record) for record in ada.ports.records.rows.values())


def test_a_password_that_changes_while_it_is_compared_opens_nothing(ada: Client) -> None:
    class Changing(CountingHasher):
        def matches(self, text: str, kept: object, *, patient: bool = False) -> bool:
            fits = super().matches(text, kept, patient=patient)  # type: ignore[arg-type]
            user = ada.ports.users.named("ada")
            assert user is not None
            users.set_password(ada.ports, callers.of_key(ada.master), user.id, "N3w-horse-now", None)
            return fits

    ada.ports.hasher = Changing(ada.ports.hasher.cost, b"")
    with pytest.raises(Unauthenticated):
        users.log_in(ada.ports, "ada", PASSWORD, HOME)
    assert not [key for key in ada.ports.keys.all(ada.tenant.id) if key.session]


def test_while_passwords_are_compared_others_are_answered(ada: Client) -> None:
    """Each that is compared takes a processor: a few wait, the rest are told to come back, and no GET waits for any."""
    go, statuses = threading.Event(), list[int]()

    class Waiting(CountingHasher):
        def _scrypt(self, *arguments: object) -> bytes:
            assert go.wait(20)
            return super()._scrypt(*arguments)  # type: ignore[arg-type]

    ada.ports.hasher = Waiting(ada.ports.hasher.cost, b"")
    threads = [
        threading.Thread(target=lambda n=n: statuses.append(log_in(ada, login="nobody", address=f"192.0.2.{n}").status))
        for n in range(20)
    ]
    for thread in threads:
        thread.start()
    refused = 20 - 1 - Hasher.WAITING
    while len(statuses) < refused:
        assert ada.get(DEVICES).status == 200
    assert statuses == [429] * refused
    go.set()
    for thread in threads:
        thread.join(20)
    assert sorted(statuses) == [401] * (1 + Hasher.WAITING) + [429] * refused
