"""What holds for every route of both versions: whose it is, and that nothing sent to it is our fault."""

import json
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib.dialects.ibm.identity import api_key_name
from chalicelib.dialects.ibm.rest import routes
from chalicelib.fleet.access import callers
from chalicelib.fleet.access.keys import create_child
from chalicelib.fleet.access.records import KeyRequest
from chalicelib.web.routes import Route
from tests.dialects.ibm.client import V2, Client
from tests.dialects.ibm.furnished import furnish
from tests.dialects.ibm.site import Site

ROUTES = routes()
NAMES = [f"{route.method} {route.path}" for route in ROUTES]
SECRET = "only-of-acme"
BODIES: dict[str, Any] = {
    "POST /api/v0001/devices": {"type": "pump", "id": "p1"},
    "PUT": {"metadata": {}, "enabled": True, "latitude": 1, "longitude": 2},
    "POST": {"metadata": {}, "id": "x", "deviceId": "p1", "message": "m", "severity": 1, "errorCode": 1},
}


@pytest.fixture(scope="module")
def site() -> Site:
    return Site()


@pytest.fixture(scope="module")
def known(site: Site) -> dict[str, str]:
    """What the organization has: one of everything."""
    return furnish(site, SECRET)


def body_of(route: Route) -> Any:
    return BODIES.get(f"{route.method} {route.path}", BODIES.get(route.method))


@pytest.mark.parametrize("route", ROUTES, ids=NAMES)
def test_another_organization_finds_and_changes_nothing(site: Site, known: dict[str, str], route: Route) -> None:
    other = Client(site.client.ports, f"other {route.method} {route.path}")
    before = repr(site.client.get(f"{V2}/device/types/pump/devices/p1").body)
    reply = other.call(route.method, route.path.format_map(known), body_of(route))
    assert SECRET.encode() not in reply.raw
    assert b"12.3456" not in reply.raw
    assert site.org.encode() not in reply.raw.replace(route.path.format_map(known).encode(), b"")
    assert repr(site.client.get(f"{V2}/device/types/pump/devices/p1").body) == before


@pytest.mark.parametrize(
    "route", [r for r in ROUTES if r.roles], ids=[f"{r.method} {r.path}" for r in ROUTES if r.roles]
)
def test_a_key_without_roles_is_refused(site: Site, known: dict[str, str], route: Route) -> None:
    by, nothing = callers.of_key(site.client.key), KeyRequest(roles=frozenset())
    key, token = create_child(site.client.ports, by, site.client.key.id, nothing)
    auth = (api_key_name(site.org, key.id), token)
    assert site.client.call(route.method, route.path.format_map(known), body_of(route), auth=auth).status == 403


@pytest.mark.parametrize("route", ROUTES, ids=NAMES)
def test_without_credentials_nothing_is_served(site: Site, known: dict[str, str], route: Route) -> None:
    assert site.client.call(route.method, route.path.format_map(known), body_of(route), auth=None).status == 401


JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.integers() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["id", "type", "typeId", "deviceId", "metadata", "devices", "action", "x"]), inner
        )
    ),
    max_leaves=6,
)
QUERIES = st.dictionaries(
    st.sampled_from(
        ["top", "start", "end", "summarize", "summarize_type", "evt_type", "_limit", "_bookmark", "_sort", "x"]
    ),
    st.text(max_size=12),
    max_size=3,
)
SEGMENTS = st.text(min_size=1, max_size=12).filter(lambda s: s not in (".", ".."))


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(ROUTES), st.data())
def test_whatever_is_sent_is_answered_or_refused_in_the_vendor_s_shape(
    site: Site, route: Route, data: st.DataObject
) -> None:
    segments = data.draw(st.lists(SEGMENTS | st.sampled_from(["pump", "p1"]), min_size=5, max_size=5))
    parts = iter(segments)
    path = "/".join(quote(next(parts), safe="") if part.startswith("{") else part for part in route.path.split("/"))
    raw = data.draw(JSON.map(lambda value: json.dumps(value).encode()) | st.binary(max_size=30))
    kind = data.draw(st.sampled_from(["application/json", "text/plain", "application/x-www-form-urlencoded", "x/y"]))
    headers = {
        "Content-Type": kind,
        "cursorId": data.draw(st.sampled_from(["", "x"])),
        "Cookie": "iotHistorianSessionId=1",
    }
    query: Any = data.draw(QUERIES)
    fresh = Client(name="fuzz")
    reply = fresh.call(route.method, path, raw=raw, headers=headers, **query)
    assert reply.status < 500, reply.raw
    if reply.status >= 400:
        assert reply.body["message"].startswith(reply.error)
