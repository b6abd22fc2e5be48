"""Client ids name their organization: whoever else has one gives it back."""

import pytest

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
