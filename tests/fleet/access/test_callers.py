"""What each kind of caller has, and what it may do to keys and users."""

from dataclasses import replace

import pytest

from chalicelib.fleet.access import callers, certificates, doors, keys, limiting, tenants, users
from chalicelib.fleet.access.callers import Caller, Kind
from chalicelib.fleet.access.doors import Door
from chalicelib.fleet.access.records import ApiKey, KeyRequest, User
from chalicelib.fleet.access.roles import ALL_ROLES, Role
from chalicelib.fleet.errors import Forbidden, Invalid, RateLimitReached, UserNotFound
from chalicelib.fleet.tenancy import settings
from chalicelib.fleet.tenancy.records import Use
from tests.fakes import MemoryPorts

ADMIN = frozenset({Role.USER_W, Role.API_KEY_W, Role.DEVICE_R})
ACCESS = frozenset({Role.DEVICE_ACCESS})


@pytest.fixture
def ports() -> MemoryPorts:
    return MemoryPorts()


@pytest.fixture
def master(ports: MemoryPorts) -> ApiKey:
    return tenants.create(ports, "acme")[1]


def kinds(master: ApiKey) -> dict[Kind, Caller]:
    tenant = master.tenant
    return {
        Kind.KEY: callers.of_key(replace(master, master=False, id="another")),
        Kind.USER: callers.of_user(tenant, "ada", ADMIN),
        Kind.DEVICE: callers.of_device(tenant, "pump", ACCESS, "d:acme01:t:pump"),
        Kind.GATEWAY: callers.of_gateway(tenant, "gateway", ACCESS, "g:acme01:t:gateway"),
        Kind.OPERATOR: callers.of_operator(tenant),
    }


def test_only_a_key_has_queues_limits_and_an_end(master: ApiKey) -> None:
    bounded = callers.of_key(replace(master, queues=frozenset({"q"}), valid_to=7))
    assert (bounded.queues, bounded.ends) == (frozenset({"q"}), 7)
    for kind, caller in kinds(master).items():
        assert caller.kind is kind
        assert (caller.queues, caller.limits, caller.ends, caller.master) == (frozenset(), (), None, False)
        assert (caller.key is not None) == (kind is Kind.KEY)


def test_a_session_is_its_user(master: ApiKey) -> None:
    session = callers.of_key(replace(master, user="ada", session=True, master=False))
    assert (session.kind, session.user) == (Kind.USER, "ada")
    assert session.key is not None


def test_the_audit_log_names_what_there_is(master: ApiKey) -> None:
    told = {kind: {**callers.about(caller), **callers.told(caller)} for kind, caller in kinds(master).items()}
    assert told == {
        Kind.KEY: {"key": "another"},
        Kind.USER: {"user": "ada"},
        Kind.DEVICE: {"device": "pump"},
        Kind.GATEWAY: {"device": "gateway"},
        Kind.OPERATOR: {},
    }


@pytest.mark.parametrize("kind", [Kind.DEVICE, Kind.GATEWAY])
def test_devices_have_no_hand_in_keys_and_users(ports: MemoryPorts, master: ApiKey, kind: Kind) -> None:
    """Whatever roles they were given."""
    by = replace(kinds(master)[kind], roles=ALL_ROLES)
    below = keys.create_child(ports, callers.of_key(master), master.id, KeyRequest(roles=ACCESS))[0]
    with pytest.raises(Forbidden):
        keys.create_child(ports, by, below.id, KeyRequest(roles=ACCESS))
    with pytest.raises(Forbidden):
        keys.update(ports, by, below.id, KeyRequest(label="mine"))
    with pytest.raises(Forbidden):
        keys.delete(ports, by, below.id)
    with pytest.raises(UserNotFound):
        users.keep(ports, by, {})


def test_a_person_without_a_session_changes_keys_as_one_with_it(ports: MemoryPorts, master: ApiKey) -> None:
    by = callers.of_user(master.tenant, "ada", ADMIN)
    key, _ = keys.create_child(ports, by, master.id, KeyRequest(roles=frozenset({Role.DEVICE_R})))
    assert keys.update(ports, by, key.id, KeyRequest(label="mine"))[0].label == "mine"
    with pytest.raises(Forbidden):
        keys.create_child(ports, by, master.id, KeyRequest(roles=ACCESS))
    with pytest.raises(Forbidden):
        keys.update(ports, by, master.id, KeyRequest(label="mine"))
    keys.delete(ports, by, key.id)
    with pytest.raises(Invalid):
        users.log_out(ports, by)


def test_the_operator_may_change_every_key_but_not_take_the_master_key(ports: MemoryPorts, master: ApiKey) -> None:
    by = callers.of_operator(master.tenant)
    key, _ = keys.create_child(ports, by, master.id, KeyRequest(roles=ALL_ROLES))
    keys.delete(ports, by, key.id)
    assert keys.update(ports, by, master.id, KeyRequest(), renew=True)[1]
    with pytest.raises(Forbidden):
        keys.delete(ports, by, master.id)


BOUND = {
    "queues": {"queues": frozenset({"q"})},
    "an end": {"valid_to": 9_000_000_000_000},
    "a client certificate": {"client_certificate_required": True, "ca_certificates": ("ca",)},
}


@pytest.mark.parametrize("how", BOUND)
def test_a_key_that_is_bound_makes_no_user_who_is_not(ports: MemoryPorts, master: ApiKey, how: str) -> None:
    by = callers.of_key(replace(master, **BOUND[how]))  # type: ignore[arg-type]
    with pytest.raises(Forbidden):
        users.create(ports, by, User(master.tenant, "u", "ada", "ada@example.org", frozenset(), 1))


def test_a_door_looks_at_roles_whoever_has_them(master: ApiKey) -> None:
    opened = {kind for kind, caller in kinds(master).items() if _opens(caller)}
    assert opened == {Kind.KEY, Kind.DEVICE, Kind.GATEWAY, Kind.OPERATOR}


def _opens(caller: Caller) -> bool:
    try:
        doors.ensure_open(Door(ACCESS), caller)
    except Forbidden:
        return False
    return True


@pytest.mark.parametrize("kind", Kind)
def test_the_limits_of_a_tenant_hold_for_every_kind(ports: MemoryPorts, master: ApiKey, kind: Kind) -> None:
    settings.set_limits(ports, master.tenant, {Use.REQUESTS: (1, 60)})
    caller = kinds(master)[kind]
    limiting.request(ports, caller)
    with pytest.raises(RateLimitReached):
        limiting.request(ports, caller)
    (entry,) = ports.audit.rows.values()
    assert {**entry.source, **entry.content} == {
        "connector": "http",
        **callers.about(caller),
        **callers.told(caller),
    }


def test_only_a_key_asks_for_a_client_certificate(ports: MemoryPorts, master: ApiKey) -> None:
    bound = replace(master, client_certificate_required=True, ca_certificates=("ca",))
    with pytest.raises(Forbidden):
        certificates.ensure_fits(ports, callers.of_key(bound), None, None)
    certificates.ensure_fits(ports, kinds(master)[Kind.DEVICE], "anything", "pump")
