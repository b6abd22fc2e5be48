"""Temporary keys of those who proved themselves otherwise."""

import pytest

from chalicelib.fleet.access import basic, callers, keys, sessions, tenants, users
from chalicelib.fleet.access.records import ApiKey, KeyRequest, User, UserRequest, UserState
from chalicelib.fleet.access.roles import Role
from chalicelib.fleet.errors import Forbidden, Unauthenticated, UnknownCredential
from tests.fakes import START, MemoryPorts

READ = frozenset({Role.DEVICE_R, Role.BUS_R})
BUS = frozenset({Role.BUS_R})
PASSWORD = "Corr3ct-horse-7"


@pytest.fixture
def master(ports: MemoryPorts) -> ApiKey:
    return tenants.create(ports, "acme")[1]


def child(ports: MemoryPorts, parent: ApiKey, **wanted: object) -> ApiKey:
    request = KeyRequest(roles=READ, **wanted)  # type: ignore[arg-type]
    return keys.create_child(ports, callers.of_key(parent), parent.id, request)[0]


def test_the_session_of_a_key_may_do_the_same_for_eight_hours(ports: MemoryPorts, master: ApiKey) -> None:
    parent = child(ports, master, queues=frozenset({"q"}), label="a label of 24 characters")
    key, secret = sessions.begin(ports, callers.of_key(parent))
    assert (key.roles, key.queues, key.session, key.parent) == (READ, frozenset({"q"}), True, parent.id)
    assert key.valid_to == START + 8 * 3_600_000
    assert keys.authenticate(ports, secret) == key


def test_it_never_lasts_longer_than_the_key(ports: MemoryPorts, master: ApiKey) -> None:
    parent = child(ports, master, valid_to=START + 60_000)
    assert sessions.begin(ports, callers.of_key(parent))[0].valid_to == START + 60_000


def test_it_ends_with_the_key(ports: MemoryPorts, master: ApiKey) -> None:
    parent = child(ports, master)
    _, secret = sessions.begin(ports, callers.of_key(parent))
    keys.delete(ports, callers.of_key(master), parent.id)
    with pytest.raises(UnknownCredential):
        keys.authenticate(ports, secret)


def test_it_is_narrowed_with_the_key(ports: MemoryPorts, master: ApiKey) -> None:
    parent = child(ports, master)
    key, _ = sessions.begin(ports, callers.of_key(parent))
    keys.update(ports, callers.of_key(master), parent.id, KeyRequest(roles=frozenset({Role.DEVICE_R})))
    assert keys.get(ports, master.tenant, key.id).roles == {Role.DEVICE_R}


def test_a_key_that_ended_since_it_was_proven_begins_none(ports: MemoryPorts, master: ApiKey) -> None:
    parent = child(ports, master)
    proven = callers.of_key(parent)
    keys.delete(ports, callers.of_key(master), parent.id)
    with pytest.raises(Unauthenticated):
        sessions.begin(ports, proven)
    assert [key.session for key in ports.keys.all(master.tenant)] == [False]


def test_a_key_that_was_narrowed_since_it_was_proven_gives_no_more(ports: MemoryPorts, master: ApiKey) -> None:
    parent = child(ports, master)
    proven = callers.of_key(parent)
    keys.update(ports, callers.of_key(master), parent.id, KeyRequest(roles=BUS))
    key, _ = sessions.begin(ports, proven)
    assert (key.roles, keys.get(ports, master.tenant, key.id).roles) == (BUS, BUS)


def test_sessions_begin_no_sessions_and_devices_none(ports: MemoryPorts, master: ApiKey) -> None:
    session, _ = sessions.begin(ports, callers.of_key(child(ports, master)))
    device = callers.of_device(master.tenant, "d", frozenset({Role.DEVICE_ACCESS}), "d")
    for caller in (callers.of_key(session), device, callers.of_operator(master.tenant)):
        with pytest.raises(Forbidden):
            sessions.begin(ports, caller)


def test_a_person_who_came_with_a_password_is_given_a_session_of_theirs(ports: MemoryPorts, master: ApiKey) -> None:
    user = User(master.tenant, "u", "ann", "ann@acme.test", READ, START)
    users.create(ports, callers.of_key(master), user, PASSWORD)
    key, _ = sessions.begin(ports, basic.authenticate(ports, "ann", PASSWORD))
    assert (key.user, key.roles, key.session) == ("u", READ, True)


@pytest.mark.parametrize("how", ["another password", "disabled", "deleted"])
def test_a_password_that_is_believed_for_a_minute_begins_no_session_once_it_is_over(
    ports: MemoryPorts, master: ApiKey, how: str
) -> None:
    admin = callers.of_key(master)
    users.create(ports, admin, User(master.tenant, "u", "ann", "ann@acme.test", READ, START), PASSWORD)
    basic.authenticate(ports, "ann", PASSWORD)
    match how:
        case "disabled":
            users.update(ports, admin, "u", UserRequest(state=UserState.DISABLED))
        case "deleted":
            users.delete(ports, admin, "u")
        case _:
            users.set_password(ports, admin, "u", "An0ther-horse", None)
    with pytest.raises(Unauthenticated):
        sessions.begin(ports, basic.authenticate(ports, "ann", PASSWORD))
    assert [key for key in ports.keys.all(master.tenant) if key.session] == []


def test_nobody_is_taken_for_a_user_who_proved_nothing(ports: MemoryPorts, master: ApiKey) -> None:
    for number, password in enumerate((PASSWORD, None)):
        user = User(master.tenant, f"u{number}", f"ann{number}", f"ann{number}@acme.test", READ, START)
        users.create(ports, callers.of_key(master), user, password)
        with pytest.raises(Unauthenticated):
            sessions.begin(ports, callers.of_user(master.tenant, user.id, READ))


def test_a_renewed_secret_ends_the_sessions_of_the_one_before(ports: MemoryPorts, master: ApiKey) -> None:
    parent, other = child(ports, master), child(ports, master)
    _, secret = sessions.begin(ports, callers.of_key(parent))
    kept, _ = sessions.begin(ports, callers.of_key(other))
    below = child(ports, parent)
    keys.update(ports, callers.of_key(master), parent.id, KeyRequest(), renew=True)
    with pytest.raises(UnknownCredential):
        keys.authenticate(ports, secret)
    left = {key.id for key in ports.keys.all(master.tenant)}
    assert {parent.id, other.id, kept.id, below.id} <= left


def test_a_secret_that_was_renewed_since_it_was_proven_begins_none(ports: MemoryPorts, master: ApiKey) -> None:
    parent = child(ports, master)
    proven = callers.of_key(parent)
    keys.update(ports, callers.of_key(master), parent.id, KeyRequest(), renew=True)
    with pytest.raises(Unauthenticated):
        sessions.begin(ports, proven)
    assert [key for key in ports.keys.all(master.tenant) if key.session] == []
