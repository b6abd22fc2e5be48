"""Client ids name their organization: whoever else has one gives it back."""

import pytest

from chalicelib.fleet.errors import InterfaceDuplicate
from chalicelib.fleet.inventory import devices
from chalicelib.fleet.inventory.records import Device, Interface
from chalicelib.fleet.presence import fencing
from tests.dialects.ibm.client import Client
from tests.dialects.ibm.site import Site


@pytest.fixture
def site() -> Site:
    return Site()


def test_nobody_else_can_keep_a_device_out_by_taking_its_client_id(site: Site) -> None:
    ports, other = site.client.ports, Client(site.client.ports, "globex")
    client = f"d:{site.org}:pump:p1"
    assert site.knock(client, "json+device", other.token)["isAuthenticated"]
    ports.delivery.live.add(client)
    token = site.client.registered()
    for _ in range(2):
        assert not site.knock(client, "use-token-auth", token)["isAuthenticated"]
        assert not site.knock(client, "json+device", other.token)["isAuthenticated"]
        ports.run_background()
        assert client not in ports.delivery.live
    ports.clock.advance(ms=ports.fence_rest)
    assert not site.knock(client, "json+device", other.token)["isAuthenticated"]
    assert site.knock(client, "use-token-auth", token)["isAuthenticated"]


def test_an_application_takes_its_client_id_back_from_whoever_has_it(site: Site) -> None:
    ports, other = site.client.ports, Client(site.client.ports, "globex")
    client = f"a:{site.org}:app"
    assert site.knock(client, "json+device", other.token)["isAuthenticated"]
    assert not site.knock(client, *site.client.credentials)["isAuthenticated"]
    ports.run_background()
    ports.clock.advance(ms=ports.fence_rest)
    assert not site.knock(client, "json+device", other.token)["isAuthenticated"]
    assert site.knock(client, *site.client.credentials)["isAuthenticated"]
    assert not site.knock(client, "json+device", other.token)["isAuthenticated"]


@pytest.fixture
def away(site: Site) -> str:
    """A durable application that is not connected, and whose client id nobody holds meanwhile."""
    application, device = site.application("ledger", "iot-2/type/+/id/+/evt/+/fmt/+", durable=True), site.device()
    site.disconnect(application, durable=True)
    site.client.ports.run_background()
    assert site.client.ports.claims.rows[application].vacant
    site.publish(device, "iot-2/evt/status/fmt/json", {"d": {"n": 1}})
    return application


@pytest.mark.parametrize("mode", ["json+device", "connector", "application"])
def test_nobody_else_gets_the_id_of_an_application_that_is_away_or_what_waits_for_it(
    site: Site, away: str, mode: str
) -> None:
    ports, other = site.client.ports, Client(site.client.ports, "globex")
    for _ in range(3):
        assert not site.knock(away, mode, other.token)["isAuthenticated"]
        ports.run_background()
        ports.clock.advance(ms=ports.fence_rest)
    assert site.knock(away, *site.client.credentials)["isAuthenticated"]
    site.connect(away)
    assert [body["d"]["n"] for _, body in site.received(away)] == [1]


def test_nobody_else_registers_a_device_under_the_id_of_an_application_that_is_away(site: Site, away: str) -> None:
    ports, other = site.client.ports, Client(site.client.ports, "globex")
    now = ports.clock.now()
    interface = Interface("mqtt", away, "live_objects", now, now)
    with pytest.raises(InterfaceDuplicate):
        devices.register(ports, Device(other.org, "urn:lo:nsid:lab:1", now, now, interfaces=(interface,)))
    assert site.knock(away, *site.client.credentials)["isAuthenticated"]
    site.connect(away)
    assert [body["d"]["n"] for _, body in site.received(away)] == [1]


def test_an_operator_may_give_it_away_all_the_same(site: Site, away: str) -> None:
    ports, other = site.client.ports, Client(site.client.ports, "globex")
    fencing.give(ports, away, other.org)
    ports.run_background()
    ports.clock.advance(ms=ports.fence_rest)
    assert site.knock(away, "json+device", other.token)["isAuthenticated"]


def test_another_dialect_of_the_same_organization_may_have_it(site: Site, away: str) -> None:
    assert site.knock(away, "json+device", site.client.token)["isAuthenticated"]


def test_the_id_of_a_device_that_was_removed_waits_for_its_organization(site: Site) -> None:
    ports, other = site.client.ports, Client(site.client.ports, "globex")
    client = site.device()
    devices.delete(ports, site.org, "urn:lo:nsid:pump:p1")
    ports.run_background()
    ports.clock.advance(ms=ports.fence_rest)
    assert not site.knock(client, "json+device", other.token)["isAuthenticated"]
    token = site.client.registered()
    assert site.knock(client, "use-token-auth", token)["isAuthenticated"]


@pytest.mark.parametrize("knocks", [0, 1, 3])
def test_a_departure_that_is_told_more_than_once_takes_nothing_from_an_application(site: Site, knocks: int) -> None:
    ports, other = site.client.ports, Client(site.client.ports, "globex")
    application, device = site.application("ledger", "iot-2/type/+/id/+/evt/+/fmt/+", durable=True), site.device()
    site.disconnect(application, durable=True)
    for _ in range(knocks):
        assert not site.knock(application, "json+device", other.token)["isAuthenticated"]
    site.publish(device, "iot-2/evt/status/fmt/json", {"d": {"n": 1}})
    ports.background.fences.extend(tuple(ports.background.fences))
    ports.run_background()
    assert ports.claims.rows[application].vacant
    assert site.knock(application, *site.client.credentials)["isAuthenticated"]
    site.connect(application)
    assert [body["d"]["n"] for _, body in site.received(application)] == [1]
