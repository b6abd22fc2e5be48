from dataclasses import replace

import pytest

from chalicelib.fleet.access import adopting, callers, keys, tenants
from chalicelib.fleet.access.records import ApiKey, KeyRequest
from chalicelib.fleet.access.roles import ALL_ROLES, Role
from chalicelib.fleet.errors import (
    Conflict,
    Forbidden,
    Invalid,
    KeyNotFound,
    TenantDuplicate,
    Unauthenticated,
    UnknownCredential,
)
from tests.fakes import START, MemoryPorts

READ = frozenset({Role.DEVICE_R})
READ_AND_WRITE = frozenset({Role.DEVICE_R, Role.DEVICE_W})


@pytest.fixture
def master(ports: MemoryPorts) -> ApiKey:
    return tenants.create(ports, "acme")[1]


def child(ports: MemoryPorts, parent: ApiKey, request: KeyRequest | None = None) -> ApiKey:
    return keys.create_child(ports, callers.of_key(parent), parent.id, request or KeyRequest(roles=READ_AND_WRITE))[0]


def test_a_tenant_comes_with_a_master_key_that_may_do_everything(ports: MemoryPorts) -> None:
    tenant, master, secret = tenants.create(ports, " acme ")
    assert (tenant.name, len(tenant.id)) == ("acme", 6)
    assert (master.roles, master.master) == (ALL_ROLES, True)
    assert keys.authenticate(ports, secret) == master


def test_a_tenants_name_is_its_own(ports: MemoryPorts) -> None:
    tenants.create(ports, "acme")
    with pytest.raises(TenantDuplicate):
        tenants.create(ports, "acme")


@pytest.mark.parametrize("name", ["", "   ", "x" * 129, "a\nb"])
def test_a_tenants_name_is_printable_and_short(ports: MemoryPorts, name: str) -> None:
    with pytest.raises(Invalid):
        tenants.create(ports, name)


@pytest.mark.parametrize("presented", [None, ""])
def test_nothing_is_no_credential(ports: MemoryPorts, presented: str | None) -> None:
    with pytest.raises(Unauthenticated):
        keys.authenticate(ports, presented)


def test_a_key_that_was_deleted_belongs_to_nobody(ports: MemoryPorts, master: ApiKey) -> None:
    key, secret = keys.create_child(ports, callers.of_key(master), master.id, KeyRequest(roles=READ))
    keys.delete(ports, callers.of_key(master), key.id)
    with pytest.raises(UnknownCredential):
        keys.authenticate(ports, secret)


def test_a_key_opens_from_its_first_to_its_last_moment(ports: MemoryPorts, master: ApiKey) -> None:
    request = KeyRequest(roles=READ, valid_from=START + 10, valid_to=START + 20)
    _, secret = keys.create_child(ports, callers.of_key(master), master.id, request)
    for late, good in [(0, False), (10, True), (19, True), (20, False)]:
        ports.clock.at = START + late
        if good:
            assert keys.authenticate(ports, secret)
        else:
            with pytest.raises(Unauthenticated):
                keys.authenticate(ports, secret)


def test_a_disabled_key_opens_nothing_until_it_is_enabled(ports: MemoryPorts, master: ApiKey) -> None:
    key, secret = keys.create_child(ports, callers.of_key(master), master.id, KeyRequest(roles=READ, active=False))
    with pytest.raises(Unauthenticated):
        keys.authenticate(ports, secret)
    keys.update(ports, callers.of_key(master), key.id, KeyRequest(active=True))
    assert keys.authenticate(ports, secret)


def test_a_renewed_key_has_another_secret_and_the_same_id(ports: MemoryPorts, master: ApiKey) -> None:
    key, old = keys.create_child(ports, callers.of_key(master), master.id, KeyRequest(roles=READ))
    renewed, new = keys.update(ports, callers.of_key(master), key.id, KeyRequest(), renew=True)
    assert renewed.id == key.id
    assert keys.authenticate(ports, new)
    with pytest.raises(UnknownCredential):
        keys.authenticate(ports, old)


@pytest.mark.parametrize(
    "request_",
    [
        KeyRequest(roles=ALL_ROLES),
        KeyRequest(roles=READ, label="x" * 25),
        KeyRequest(roles=READ, description="x" * 141),
        KeyRequest(roles=READ, valid_from=START + 60, valid_to=START + 50),
        KeyRequest(roles=READ, valid_to=START + 101),
        KeyRequest(roles=READ, valid_from=START - 1),
        KeyRequest(roles=READ, queues=frozenset({"q2"})),
        KeyRequest(roles=READ, queues=frozenset()),
    ],
)
def test_a_child_has_no_more_than_its_parent(ports: MemoryPorts, master: ApiKey, request_: KeyRequest) -> None:
    limits = KeyRequest(READ_AND_WRITE, valid_from=START, valid_to=START + 100, queues=frozenset({"q1"}))
    parent = child(ports, master, limits)
    with pytest.raises(Invalid):
        keys.create_child(ports, callers.of_key(master), parent.id, request_)


def test_a_child_inherits_what_it_does_not_ask_for(ports: MemoryPorts, master: ApiKey) -> None:
    limits = KeyRequest(READ_AND_WRITE, valid_from=START, valid_to=START + 100, queues=frozenset({"q1"}))
    parent = child(ports, master, limits)
    grandchild = keys.create_child(ports, callers.of_key(master), parent.id, KeyRequest(roles=READ))[0]
    assert (grandchild.valid_from, grandchild.valid_to, grandchild.queues) == (START, START + 100, frozenset({"q1"}))
    assert grandchild.parent == parent.id


def test_nobody_touches_a_key_that_can_do_more(ports: MemoryPorts, master: ApiKey) -> None:
    strong, weak = child(ports, master), child(ports, master, KeyRequest(roles=READ))
    with pytest.raises(Forbidden):
        keys.create_child(ports, callers.of_key(weak), strong.id, KeyRequest(roles=READ))
    with pytest.raises(Forbidden):
        keys.update(ports, callers.of_key(weak), strong.id, KeyRequest(label="mine"))
    with pytest.raises(Forbidden):
        keys.delete(ports, callers.of_key(weak), strong.id)


@pytest.mark.parametrize("request_", [KeyRequest(active=False), KeyRequest(valid_to=START), KeyRequest(roles=READ)])
def test_the_master_key_stays_what_it_is(ports: MemoryPorts, master: ApiKey, request_: KeyRequest) -> None:
    with pytest.raises(Forbidden):
        keys.update(ports, callers.of_key(master), master.id, request_)
    with pytest.raises(Forbidden):
        keys.delete(ports, callers.of_key(master), master.id)


def test_a_key_is_deleted_with_all_below_it(ports: MemoryPorts, master: ApiKey) -> None:
    parent = child(ports, master)
    below = keys.create_child(ports, callers.of_key(master), parent.id, KeyRequest(roles=READ))[0]
    beside = child(ports, master)
    keys.delete(ports, callers.of_key(master), parent.id)
    assert {k.id for k in ports.keys.all(master.tenant)} == {master.id, beside.id}
    with pytest.raises(KeyNotFound):
        keys.get(ports, master.tenant, below.id)


def test_another_tenants_key_is_not_there(ports: MemoryPorts, master: ApiKey) -> None:
    stranger = replace(tenants.create(ports, "other")[1])
    with pytest.raises(KeyNotFound):
        keys.update(ports, callers.of_key(stranger), master.id, KeyRequest(label="mine"))


FOREIGN = "0123456789abcdef0123456789abcdef"


def adopted(ports: MemoryPorts) -> tuple[ApiKey, ApiKey]:
    """A master key, and a key below it whose secret was made elsewhere."""
    _, master, _ = tenants.create(ports, "acme")
    request = KeyRequest(roles=frozenset({Role.DEVICE_ACCESS}))
    return master, adopting.adopt(ports, callers.of_key(master), master.id, FOREIGN, request)


def test_a_secret_made_elsewhere_opens_the_key_that_adopted_it(ports: MemoryPorts) -> None:
    _, key = adopted(ports)
    found = keys.authenticate(ports, FOREIGN)
    assert (found.id, found.roles) == (key.id, frozenset({Role.DEVICE_ACCESS}))


def test_a_secret_is_adopted_once_in_the_whole_installation(ports: MemoryPorts) -> None:
    adopted(ports)
    _, other, _ = tenants.create(ports, "umbrella")
    with pytest.raises(Conflict):
        adopting.adopt(ports, callers.of_key(other), other.id, FOREIGN, KeyRequest(roles=frozenset()))


def test_deleting_the_key_shuts_the_secret_out(ports: MemoryPorts) -> None:
    master, key = adopted(ports)
    keys.delete(ports, callers.of_key(master), key.id)
    with pytest.raises(UnknownCredential):
        keys.authenticate(ports, FOREIGN)


@pytest.mark.parametrize("secret", ["", "short", "x" * 31, "x" * 33, "0123456789abcdef0123456789abcde!", "é" * 32])
def test_only_what_looks_like_a_secret_is_adopted(ports: MemoryPorts, secret: str) -> None:
    _, master, _ = tenants.create(ports, "acme")
    with pytest.raises(Invalid):
        adopting.adopt(ports, callers.of_key(master), master.id, secret, KeyRequest(roles=frozenset()))


def test_a_tenant_may_have_the_id_that_its_clients_carry(ports: MemoryPorts) -> None:
    assert tenants.create(ports, "acme", "org4p2")[0].id == "org4p2"
    with pytest.raises(TenantDuplicate):
        tenants.create(ports, "umbrella", "org4p2")


@pytest.mark.parametrize("wanted", ["", "short", "toolong", "ORG4P2", "a/b#cd"])
def test_a_wanted_id_has_six_digits_and_small_letters(ports: MemoryPorts, wanted: str) -> None:
    with pytest.raises(Invalid):
        tenants.create(ports, "acme", wanted)
