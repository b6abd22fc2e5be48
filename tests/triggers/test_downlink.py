"""Connections that are closed in the background: whose they are is looked at when it is done."""

import pytest

from chalicelib.fleet.access import callers, tenants
from chalicelib.fleet.access.records import ApiKey
from chalicelib.fleet.presence import fencing
from chalicelib.fleet.presence.admitting import Candidate, admit
from chalicelib.triggers import downlink
from tests.fakes import MemoryPorts

CLIENT = "urn:lo:nsid:x:1"
DEVICE = Candidate(CLIENT, "live_objects", "device", connector="mqtt", device=CLIENT)


@pytest.fixture
def ports() -> MemoryPorts:
    return MemoryPorts()


def tenant(ports: MemoryPorts, name: str) -> ApiKey:
    return tenants.create(ports, name)[1]


def asked(ports: MemoryPorts, whose: str | None) -> list[str]:
    """Which connections are closed by what was asked for that tenant's sake."""
    event = {"v": 2, "kind": "disconnect", "client": CLIENT, **({"tenant": whose} if whose else {})}
    downlink.disconnect(ports, event, 30_000)
    return ports.delivery.disconnected


def test_it_is_closed_while_the_id_is_that_tenants(ports: MemoryPorts) -> None:
    old = tenant(ports, "old")
    admit(ports, callers.of_key(old), DEVICE)
    assert asked(ports, old.tenant) == [CLIENT]


def test_what_comes_when_the_id_is_anothers_closes_nothing(ports: MemoryPorts) -> None:
    old, new = tenant(ports, "old"), tenant(ports, "new")
    admit(ports, callers.of_key(old), DEVICE)
    fencing.give(ports, CLIENT, new.tenant)
    ports.run_background()
    ports.clock.advance(ms=ports.fence_rest)
    admit(ports, callers.of_key(new), DEVICE)
    ports.delivery.disconnected.clear()
    assert asked(ports, old.tenant) == []
    assert asked(ports, new.tenant) == [CLIENT]


def test_an_id_that_nobody_has_claimed_and_one_whose_tenant_is_not_named_are_closed(ports: MemoryPorts) -> None:
    assert asked(ports, "anybody") == [CLIENT]
    admit(ports, callers.of_key(tenant(ports, "old")), DEVICE)
    assert asked(ports, None) == [CLIENT, CLIENT]
