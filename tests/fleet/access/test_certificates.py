"""How many CA certificates a tenant may have, also where several are uploaded at once."""

import datetime as dt

import pytest

from chalicelib.fleet.access import certificates, tenants
from chalicelib.fleet.access.certificates import MOST, MOST_OF_A_SUBJECT
from chalicelib.fleet.errors import LimitReached
from tests import pki
from tests.fakes import START, MemoryPorts

NOW = dt.datetime.fromtimestamp(START / 1000, dt.UTC)


class Broker:
    """While it is told of a CA, somebody uploads another one."""

    def __init__(self, ports: MemoryPorts, tenant: str, other: str) -> None:
        self._ports, self._tenant, self._other, self._trust = ports, tenant, other, ports.trust

    def accept(self, pem: str) -> str:
        self._ports.trust = self._trust
        certificates.add(self._ports, self._tenant, self._other, "")
        return self._trust.accept(pem)


@pytest.fixture
def tenant(ports: MemoryPorts) -> str:
    return tenants.create(ports, "acme")[0].id


def upload(ports: MemoryPorts, tenant: str, count: int, name: str = "") -> None:
    for number in range(count):
        certificates.add(ports, tenant, pki.authority(name or f"CA {number}", now=NOW).pem, "")


def names(ports: MemoryPorts, tenant: str) -> int:
    return len(ports.authorities.get(tenant).entries)


def test_the_eleventh_is_refused(ports: MemoryPorts, tenant: str) -> None:
    upload(ports, tenant, MOST)
    with pytest.raises(LimitReached):
        certificates.add(ports, tenant, pki.authority("one more", now=NOW).pem, "")
    assert names(ports, tenant) == MOST


def test_of_two_that_come_at_once_for_the_last_place_one_is_refused(ports: MemoryPorts, tenant: str) -> None:
    upload(ports, tenant, MOST - 1)
    ports.trust = Broker(ports, tenant, pki.authority("first", now=NOW).pem)  # type: ignore[assignment]
    with pytest.raises(LimitReached):
        certificates.add(ports, tenant, pki.authority("second", now=NOW).pem, "")
    assert names(ports, tenant) == MOST


def test_so_it_is_with_those_of_one_subject(ports: MemoryPorts, tenant: str) -> None:
    upload(ports, tenant, MOST_OF_A_SUBJECT - 1, "Acme")
    ports.trust = Broker(ports, tenant, pki.authority("Acme", now=NOW).pem)  # type: ignore[assignment]
    with pytest.raises(LimitReached):
        certificates.add(ports, tenant, pki.authority("Acme", now=NOW).pem, "")
    assert names(ports, tenant) == MOST_OF_A_SUBJECT
