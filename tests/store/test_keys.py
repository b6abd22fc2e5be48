from dataclasses import replace

from chalicelib.fleet.access.records import ApiKey
from chalicelib.fleet.access.roles import Role
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.presence.claims import Claim
from chalicelib.fleet.tenancy.records import Limit, Use


def key(tenant: str) -> ApiKey:
    limits = (Limit(Use.MESSAGES, 10, 60, "master"),)
    return ApiKey(tenant, "1" * 24, frozenset({Role.DATA_R}), 5, b"salt", b"digest", limits=limits, idle=7, used=6)


def test_the_newest_reader_wins(ports: Ports, tenant: str) -> None:
    made = key(tenant)
    ports.keys.put(made)
    assert ports.keys.get(tenant, made.id) == made
    assert ports.keys.replace(made, replace(made, label="first"))
    assert not ports.keys.replace(made, replace(made, label="second"))
    assert ports.keys.current(tenant, made.id) == replace(made, label="first", revision=1)


def test_what_was_replaced_is_read_at_once_where_it_was_replaced(ports: Ports, tenant: str) -> None:
    made = key(tenant)
    ports.keys.put(made)
    ports.keys.get(tenant, made.id)
    ports.keys.replace(made, replace(made, active=False))
    found = ports.keys.get(tenant, made.id)
    assert found is not None
    assert not found.active


def test_a_deleted_key_is_not_written_back(ports: Ports, tenant: str) -> None:
    made = key(tenant)
    ports.keys.put(made)
    ports.keys.delete(tenant, made.id)
    assert not ports.keys.replace(made, replace(made, label="late"))
    assert ports.keys.current(tenant, made.id) is None


def test_the_clients_of_a_key_are_listed_in_pages(ports: Ports, tenant: str) -> None:
    for number in range(5):
        ports.claims.put_new(Claim(f"{tenant}-{number}", tenant, "x", "device", "k1", 1))
    ports.claims.put_new(Claim(f"{tenant}-other", tenant, "x", "device", "k2", 1))
    ports.claims.put_new(Claim(f"{tenant}-none", tenant, "x", "device", None, 1))
    first = ports.claims.of_key(tenant, "k1", after=None, limit=3)
    second = ports.claims.of_key(tenant, "k1", after=first.cursor, limit=3)
    assert [*first.items, *second.items] == [f"{tenant}-{number}" for number in range(5)]
    assert second.cursor is None
    assert ports.claims.of_key("other", "k1", after=None, limit=3).items == []


def test_a_signpost_leads_to_the_first_that_put_it_up(ports: Ports, tenant: str) -> None:
    first, second = key(tenant), replace(key(f"{tenant}x"), id="2" * 24)
    name = f"1.{tenant}"
    assert ports.keys.put_signpost(name, first) is None
    assert ports.keys.put_signpost(name, first) is None
    assert ports.keys.put_signpost(name, second) == (tenant, first.id)
    assert ports.keys.put_signpost(name, second, instead_of=("another", "key")) == (tenant, first.id)
    ports.keys.remove_signpost(name, (second.tenant, second.id))
    assert ports.keys.signpost(name) == (tenant, first.id)
    assert ports.keys.put_signpost(name, second, instead_of=(tenant, first.id)) is None
    ports.keys.remove_signpost(name, (second.tenant, second.id))
    assert ports.keys.put_signpost(name, first) is None
    ports.keys.remove_signpost(name, (tenant, first.id))
    ports.keys.remove_signpost(name, (tenant, first.id))
