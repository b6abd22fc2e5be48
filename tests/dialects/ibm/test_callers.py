"""Who it was, in the audit log and in a claim: devices with a token of their own have no key, and get none made up."""

import base64

import pytest

from chalicelib.dialects.ibm.rest.access import authenticate
from chalicelib.fleet.access.callers import Kind
from chalicelib.web.request import Headers, Request
from tests.dialects.ibm.site import Site


@pytest.fixture
def site() -> Site:
    return Site()


def test_who_was_refused_is_told(site: Site) -> None:
    site.client.registered()
    client = f"d:{site.org}:pump:p1"
    site.knock(client, "use-token-auth", "guess")
    (entry,) = site.refusals()
    assert entry.source == {"client": client, "connector": "mqtt", "device": site.client.fleet_id()}
    assert entry.content == {"username": "use-token-auth"}


def test_a_connection_with_a_token_of_its_own_has_no_key(site: Site) -> None:
    claim = site.client.ports.claims.get(site.device())
    assert claim is not None
    assert claim.key is None
    assert claim.named().endswith("K")


@pytest.mark.parametrize("kind", [Kind.KEY, Kind.DEVICE])
def test_a_request_is_of_the_kind_that_it_proves(site: Site, kind: Kind) -> None:
    token = site.client.registered()
    username, password = site.client.credentials if kind is Kind.KEY else ("use-token-auth", token)
    basic = base64.b64encode(f"{username}:{password}".encode()).decode()
    headers = Headers({"Host": f"{site.org}.messaging.example.com", "Authorization": f"Basic {basic}"})
    caller = authenticate(site.client.ports, Request(path={"type_id": "pump", "device_id": "p1"}, headers=headers))
    assert (caller.kind, caller.tenant) == (kind, site.org)
    assert (caller.key is not None, caller.device is not None) == (kind is Kind.KEY, kind is Kind.DEVICE)
