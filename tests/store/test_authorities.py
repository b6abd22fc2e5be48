from dataclasses import replace

from chalicelib.fleet.access.records import CaCertificate, CaCertificates
from chalicelib.fleet.ports import Ports
from chalicelib.store.authorities import AuthoritiesTable
from chalicelib.store.tables import shared_connection


def test_the_newest_reader_wins(ports: Ports, tenant: str) -> None:
    empty = ports.authorities.get(tenant)
    assert empty == CaCertificates(tenant)
    filled = replace(empty, entries=(CaCertificate("a", "pem", "é", 7, 5),))
    assert ports.authorities.replace(empty, filled)
    assert not ports.authorities.replace(empty, filled)
    assert ports.authorities.get(tenant) == replace(filled, revision=1)
    assert ports.authorities.replace(ports.authorities.get(tenant), CaCertificates(tenant))
    assert ports.authorities.get(tenant).entries == ()


def test_a_certificate_is_held_as_long_as_any_tenant_has_it(ports: Ports, tenant: str) -> None:
    other = f"{tenant}x"
    shared = CaCertificate("a", "pem", "", 7, 5, registration=f"of {tenant}")
    for holder in (tenant, other):
        assert ports.authorities.replace(CaCertificates(holder), CaCertificates(holder, entries=(shared,)))
    for holder in (tenant, other):
        assert ports.authorities.is_held(shared.registration)
        assert ports.authorities.replace(ports.authorities.get(holder), CaCertificates(holder))
    assert not ports.authorities.is_held(shared.registration)


def test_a_list_that_lost_a_race_holds_nothing(ports: Ports, tenant: str) -> None:
    late = CaCertificate("a", "pem", "", 7, 5, registration=f"late {tenant}")
    ports.authorities.replace(CaCertificates(tenant), CaCertificates(tenant))
    assert not ports.authorities.replace(CaCertificates(tenant), CaCertificates(tenant, entries=(late,)))
    assert not ports.authorities.is_held(late.registration)


def test_a_broker_that_starts_finds_those_of_all_tenants(dynamodb: Ports, tenant: str) -> None:
    empty = CaCertificates(tenant)
    filled = replace(empty, entries=(CaCertificate("a", "pem", "", 7, 5),))
    dynamodb.authorities.replace(empty, filled)
    assert replace(filled, revision=1) in list(AuthoritiesTable(shared_connection()).everyone())
