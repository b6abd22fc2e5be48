"""Whoever was let in before something was taken from them gives none of it back to themselves."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from chalicelib.fleet.access import callers, keys, tenants, users
from chalicelib.fleet.access.callers import Caller
from chalicelib.fleet.access.passwords import Password
from chalicelib.fleet.access.records import ApiKey, KeyRequest, User, UserRequest, UserState
from chalicelib.fleet.access.roles import Role
from chalicelib.fleet.errors import FleetError, Forbidden, KeyNotFound, Unauthenticated, UserNotFound
from tests.fakes import START, CountingHasher, MemoryPorts
from tests.fakes.access import MemoryKeys

SOME = frozenset({Role.API_KEY_R, Role.API_KEY_W, Role.USER_W, Role.DATA_R})
FEWER = SOME - {Role.DATA_R}
PASSWORD, ITS_OWN, NEW = "Corr3ct-horse", "It5-own-horse", "N3w-horse-now"


class Tenant:
    def __init__(self) -> None:
        self.ports = MemoryPorts()
        _, master, _ = tenants.create(self.ports, "acme")
        self.admin = callers.of_key(master)
        made, _ = keys.create_child(self.ports, self.admin, master.id, KeyRequest(roles=SOME))
        self.key, self.key_id = callers.of_key(made), made.id
        user = User(master.tenant, "u", "ada", "ada@example.org", SOME, START)
        users.create(self.ports, self.admin, user, PASSWORD)
        _, session, _ = users.log_in(self.ports, "ada", PASSWORD)
        self.user = callers.of_key(session)

    def change_key(self, by: Caller, *, renew: bool = False, **wanted: object) -> None:
        keys.update(self.ports, by, self.key_id, KeyRequest(**wanted), renew=renew)  # type: ignore[arg-type]

    def change_user(self, by: Caller, **wanted: object) -> None:
        users.update(self.ports, by, "u", UserRequest(**wanted))  # type: ignore[arg-type]

    def set_password(self, by: Caller, new: str, old: str | None = None) -> None:
        users.set_password(self.ports, by, "u", new, old)


@pytest.fixture
def tenant() -> Tenant:
    return Tenant()


Step = Callable[[Tenant], None]
KEYS: dict[str, tuple[Step, Step, type[FleetError]]] = {
    "roles": (lambda t: t.change_key(t.admin, roles=FEWER), lambda t: t.change_key(t.key, roles=SOME), Forbidden),
    "its end": (
        lambda t: t.change_key(t.admin, valid_to=START + 1000),
        lambda t: t.change_key(t.key, valid_to=START + 9000),
        Forbidden,
    ),
    "queues": (
        lambda t: t.change_key(t.admin, queues=frozenset({"q"})),
        lambda t: t.change_key(t.key, queues=frozenset({"p"})),
        Forbidden,
    ),
    "being active": (
        lambda t: t.change_key(t.admin, active=False),
        lambda t: t.change_key(t.key, active=True),
        Unauthenticated,
    ),
    "its secret": (
        lambda t: t.change_key(t.admin, renew=True),
        lambda t: t.change_key(t.key, renew=True),
        Unauthenticated,
    ),
    "itself": (
        lambda t: keys.delete(t.ports, t.admin, t.key_id),
        lambda t: t.change_key(t.key, label="here"),
        KeyNotFound,
    ),
}
USERS: dict[str, tuple[Step, Step, type[FleetError]]] = {
    "roles": (lambda t: t.change_user(t.admin, roles=FEWER), lambda t: t.change_user(t.user, roles=SOME), Forbidden),
    "being enabled": (
        lambda t: t.change_user(t.admin, state=UserState.DISABLED),
        lambda t: t.change_user(t.user, state=UserState.ENABLED),
        Unauthenticated,
    ),
    "the password": (
        lambda t: t.set_password(t.admin, NEW),
        lambda t: t.set_password(t.user, ITS_OWN, PASSWORD),
        Unauthenticated,
    ),
    "themselves": (
        lambda t: users.delete(t.ports, t.admin, "u"),
        lambda t: t.change_user(t.user, language="fr"),
        UserNotFound,
    ),
}


@pytest.mark.parametrize("what", KEYS)
def test_a_key_gives_itself_nothing_back(tenant: Tenant, what: str) -> None:
    take, give_back, error = KEYS[what]
    take(tenant)
    before = tenant.ports.keys.current(tenant.admin.tenant, tenant.key_id)
    with pytest.raises(error):
        give_back(tenant)
    assert tenant.ports.keys.current(tenant.admin.tenant, tenant.key_id) == before


@pytest.mark.parametrize("what", USERS)
def test_users_give_themselves_nothing_back(tenant: Tenant, what: str) -> None:
    take, give_back, error = USERS[what]
    take(tenant)
    before = tenant.ports.users.get(tenant.admin.tenant, "u")
    with pytest.raises(error):
        give_back(tenant)
    assert tenant.ports.users.get(tenant.admin.tenant, "u") == before


def test_a_password_that_changes_while_another_is_compared_stays(tenant: Tenant) -> None:
    """The old one was the right one when it was compared."""
    usual = tenant.ports.hasher

    class Slow(CountingHasher):
        def matches(self, text: str, kept: Password | None, *, patient: bool = False) -> bool:
            tenant.ports.hasher = usual
            tenant.set_password(tenant.admin, NEW)
            return super().matches(text, kept, patient=patient)

    tenant.ports.hasher = Slow(usual.cost, bytes(32))
    with pytest.raises(Unauthenticated):
        tenant.set_password(tenant.user, ITS_OWN, PASSWORD)
    assert users.log_in(tenant.ports, "ada", NEW)[0].id == "u"


def test_what_was_left_to_them_they_change_themselves(tenant: Tenant) -> None:
    tenant.change_key(tenant.admin, roles=FEWER)
    tenant.change_key(tenant.key, roles=FEWER - {Role.USER_W}, label="less")
    tenant.change_user(tenant.user, roles=FEWER)
    tenant.set_password(tenant.user, NEW, PASSWORD)
    assert keys.get(tenant.ports, tenant.admin.tenant, tenant.key_id).roles == FEWER - {Role.USER_W}
    assert users.get(tenant.ports, tenant.admin.tenant, "u").roles == FEWER


def test_a_secret_whose_answer_was_lost_is_not_taken_for_that_of_somebody_else(tenant: Tenant) -> None:
    """It is written, nobody hears of it, and somebody writes the key before that is found out."""
    lost = list[ApiKey]()

    class Losing(MemoryKeys):
        def replace(self, old: ApiKey, new: ApiKey) -> bool:
            written = super().replace(old, new)
            if lost or not written:
                return written
            lost.append(new)
            noted = self.current(new.tenant, new.id)
            assert noted is not None
            assert super().replace(noted, replace(noted, used=START))
            return False

    known = tenant.ports.keys
    tenant.ports.keys = Losing(known.rows, known.usages, known.posts)
    _, secret = keys.update(tenant.ports, tenant.key, tenant.key_id, KeyRequest(), renew=True)
    assert len(lost) == 1
    assert keys.authenticate(tenant.ports, secret).id == tenant.key_id
