from dataclasses import replace

import pytest

from chalicelib.fleet.access.passwords import Cost, Password
from chalicelib.fleet.access.records import ApiKey, User, UserState
from chalicelib.fleet.access.roles import Role
from chalicelib.fleet.errors import UserDuplicate
from chalicelib.fleet.ports import Ports


def user(tenant: str, name: str = "ada") -> User:
    login = f"{name}-{tenant}"
    return User(tenant, f"id-{name}", login, f"{login}@Example.com", frozenset({Role.DATA_R, Role.USER_W}), 5)


def test_a_user_is_read_with_all_it_holds(ports: Ports, tenant: str) -> None:
    kept = Password(b"\x00salt", b"\x00digest", Cost(2, 1, 1))
    made = replace(user(tenant), password=kept, state=UserState.SUSPENDED, authenticated=7)
    ports.users.create(made)
    assert ports.users.get(tenant, made.id) == made
    assert ports.users.all(tenant) == [made]
    assert ports.users.get("other", made.id) is None


def test_a_user_is_found_by_either_name_in_any_case(ports: Ports, tenant: str) -> None:
    made = user(tenant)
    ports.users.create(made)
    assert ports.users.named(made.login.upper()) == ports.users.named(made.email.upper()) == made
    assert ports.users.named("nobody") is None


def test_a_name_belongs_to_one_user_whatever_the_tenant(ports: Ports, tenant: str) -> None:
    ports.users.create(user(tenant))
    other = replace(user(tenant + "x", "bob"), email=user(tenant).email.lower())
    with pytest.raises(UserDuplicate):
        ports.users.create(other)
    assert ports.users.all(tenant + "x") == []


def test_the_newest_reader_wins(ports: Ports, tenant: str) -> None:
    made = user(tenant)
    ports.users.create(made)
    assert ports.users.replace(made, replace(made, authenticated=1))
    assert not ports.users.replace(made, replace(made, authenticated=1))
    assert not ports.users.replace(made, replace(made, login=f"new-{tenant}"))
    assert not ports.users.delete(made)


def test_a_renamed_user_gives_up_the_old_name(ports: Ports, tenant: str) -> None:
    made = user(tenant)
    ports.users.create(made)
    assert ports.users.replace(made, replace(made, login=f"new-{tenant}"))
    found = ports.users.named(f"new-{tenant}")
    assert found is not None
    assert found.revision == 1
    assert ports.users.named(made.login) is None
    ports.users.create(replace(user(tenant, "bob"), login=made.login))


def test_a_name_that_is_taken_is_not_given(ports: Ports, tenant: str) -> None:
    made, other = user(tenant), user(tenant, "bob")
    ports.users.create(made)
    ports.users.create(other)
    with pytest.raises(UserDuplicate):
        ports.users.replace(other, replace(other, login=made.login))
    assert ports.users.get(tenant, other.id) == other


def test_a_deleted_user_leaves_no_name(ports: Ports, tenant: str) -> None:
    made = user(tenant)
    ports.users.create(made)
    assert ports.users.delete(made)
    assert ports.users.named(made.login) is None
    ports.users.create(made)


def test_the_key_of_a_session_is_read_with_its_user(ports: Ports, tenant: str) -> None:
    key = ApiKey(tenant, "2" * 24, frozenset(), 5, user="u", session=True, valid_to=1_900_000_000_000)
    ports.keys.put(key)
    assert ports.keys.get(tenant, key.id) == key
