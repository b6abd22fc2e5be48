from dataclasses import replace

from chalicelib.fleet.certificates import CaCertificate, CaCertificates
from chalicelib.fleet.ports import Ports
from chalicelib.store.authorities import AuthoritiesTable


def test_the_newest_reader_wins(ports: Ports, tenant: str) -> None:
    empty = ports.authorities.get(tenant)
    assert empty == CaCertificates(tenant)
    filled = replace(empty, entries=(CaCertificate("a", "pem", "é", 7, 5),))
    assert ports.authorities.replace(empty, filled)
    assert not ports.authorities.replace(empty, filled)
    assert ports.authorities.get(tenant) == replace(filled, revision=1)
    assert ports.authorities.replace(ports.authorities.get(tenant), CaCertificates(tenant))
    assert ports.authorities.get(tenant).entries == ()


def test_a_broker_that_starts_finds_those_of_all_tenants(dynamodb: Ports, tenant: str) -> None:
    empty = CaCertificates(tenant)
    filled = replace(empty, entries=(CaCertificate("a", "pem", "", 7, 5),))
    dynamodb.authorities.replace(empty, filled)
    assert replace(filled, revision=1) in list(AuthoritiesTable().everyone())
