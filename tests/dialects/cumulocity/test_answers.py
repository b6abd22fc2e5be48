"""What the description of the API says that operations answer is what they answer."""

import json
from typing import Any
from urllib.parse import urlencode

import pytest

from chalicelib.dialects.cumulocity import rest
from chalicelib.web import schemas
from chalicelib.web.routes import Route, function
from tests.dialects.cumulocity.client import Client
from tests.dialects.cumulocity.furnished import furnish

pytestmark = pytest.mark.row("G1")
DESCRIBED = rest.API.answers()
SAID = {
    "/measurement/measurements/series": {"dateFrom": "2020-01-01", "dateTo": "2100-01-01"},
    "/event/events": {"withTotalPages": "true"},
}


@pytest.fixture(scope="module")
def world() -> tuple[Client, dict[str, str]]:
    client = Client()
    return client, furnish(client, "word")


def described() -> list[Route]:
    """Devices of the tenant have no users of their own here."""
    every = [r for r in rest.routes() if r.method == "GET" and function(r.handler) in DESCRIBED]
    return [route for route in every if not route.path.endswith("{id}/user")]


@pytest.mark.parametrize("route", described(), ids=lambda route: route.path)
def test_an_answer_is_as_described(world: tuple[Client, dict[str, str]], route: Route) -> None:
    client, names = world
    path, query = route.path, dict(SAID.get(route.path, {}))
    if route.path.startswith(("/measurement", "/event")) and "{" not in route.path:
        query["source"] = names["id"]
    if route.path.startswith("/tenant/system/options/"):
        names = {"category": "files", "key": "max.size"}
    for name, value in names.items():
        path = path.replace(f"{{{name}}}", value)
    reply = client.get(path, **query)
    assert reply.status == 200, reply.raw
    schemas.check(DESCRIBED[function(route.handler)], reply.body)


@pytest.mark.parametrize(
    ("path", "several"),
    [
        ("/alarm/alarms", False),
        ("/event/events", False),
        ("/event/events", True),
        ("/measurement/measurements", False),
        ("/measurement/measurements", True),
    ],
)
def test_what_was_made_is_as_described(world: tuple[Client, dict[str, str]], path: str, *, several: bool) -> None:
    client, names = world
    name = path.rpartition("/")[2]
    said = {"source": {"id": names["id"]}, "type": "made", "text": "x", "time": "2026-01-02T03:04:05Z"}
    body: dict[str, Any] = {**said, "severity": "MINOR", "c8y_T": {"T": {"value": 1}}}
    made = client.made(path, {name: [body, body]} if several else body)
    (route,) = [r for r in rest.routes() if (r.method, r.path) == ("POST", path)]
    schemas.check(DESCRIBED[function(route.handler)], made)
    assert (name in made) is several


def test_lists_that_are_described_have_elements(world: tuple[Client, dict[str, str]]) -> None:
    client, names = world
    for name in ("alarm", "event"):
        assert client.get(f"/{name}/{name}s", source=names["id"]).body[f"{name}s"]
    assert client.get("/devicecontrol/operations").body["operations"]


def check(method: str, path: str, body: Any) -> None:
    (route,) = [r for r in rest.routes() if (r.method, r.path) == (method, path)]
    schemas.check(DESCRIBED[function(route.handler)], body)


def test_upserts_are_as_described(world: tuple[Client, dict[str, str]]) -> None:
    client, names = world
    said = {"source": {"id": names["id"]}, "type": "upserted", "text": "x", "time": "2026-01-02T03:04:05Z"}
    for status, mode in ((201, "TRANSIENT"), (201, "PERSISTENT"), (200, "PERSISTENT")):
        way = {"X-Cumulocity-Processing-Mode": mode}
        reply = client.call("POST", "/alarm/alarms/upsert", {**said, "severity": "MINOR"}, headers=way)
        assert reply.status == status
        check("POST", "/alarm/alarms/upsert", reply.body)
    client.call("POST", "/tenant/options", {"category": "alarm.type.mapping", "key": "none", "value": "NONE"})
    reply = client.call("POST", "/alarm/alarms/upsert", {**said, "type": "none", "severity": "MINOR"})
    check("POST", "/alarm/alarms/upsert", reply.body)
    assert reply.body["alarm"]["self"].endswith("/null")


def test_searches_of_external_ids_are_as_described(world: tuple[Client, dict[str, str]]) -> None:
    client, names = world
    sought = [{"type": names["type"], "externalId": one} for one in (names["externalId"], "nobody's")]
    reply = client.call("POST", "/identity/search", {"externalIds": sought})
    check("POST", "/identity/search", reply.body)
    assert len(reply.body["externalIds"]) == 1


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "/tenant/options/{category}", {"one": "1"}),
        ("PUT", "/tenant/options/{category}/{key}", {"value": "2"}),
        ("PUT", "/user/{tenantId}/users/{userId}", {"firstName": "Nina"}),
        ("POST", "/user/{tenantId}/groups/{groupId}/users", {"user": {"id": "word-user"}}),
        ("POST", "/user/{tenantId}/users/{userId}/roles", {"role": {"id": "ROLE_INVENTORY_READ"}}),
        ("PUT", "/inventory/managedObjects", {"managedObjects": [{"id": "{id}", "c8y_X": {}}]}),
        ("PUT", "/inventory/managedObjects/{id}", {}),
        ("POST", "/devicecontrol/newDeviceRequests/acceptAll", None),
    ],
)
def test_a_change_is_answered_as_described(
    world: tuple[Client, dict[str, str]], method: str, path: str, body: Any
) -> None:
    client, names = world
    said, asked = json.dumps(body), path
    for name, value in names.items():
        asked, said = asked.replace(f"{{{name}}}", value), said.replace(f"{{{name}}}", value)
    reply = client.call(method, asked, json.loads(said))
    assert reply.status in {200, 201}, reply.raw
    check(method, path, reply.body)


def test_registrations_by_a_file_are_as_described(world: tuple[Client, dict[str, str]]) -> None:
    client, _ = world
    file = b"ID,CREDENTIALS,AUTH_TYPE\nrow-1,A pass-w0rd,BASIC\nrow-2,short,BASIC\n"
    reply = client.call("POST", "/devicecontrol/bulkNewDeviceRequests", raw=file)
    check("POST", "/devicecontrol/bulkNewDeviceRequests", reply.body)
    assert (reply.body["numberOfCreated"], reply.body["numberOfFailed"]) == (1, 1)


def test_the_current_user_and_a_token_are_as_described(world: tuple[Client, dict[str, str]]) -> None:
    client, names = world
    person = (f"{client.tenant.id}/{names['userId']}", "A pass-w0rd")
    check("PUT", "/user/currentUser", client.call("PUT", "/user/currentUser", {"lastName": "N"}, auth=person).body)
    check("GET", "/user/currentUser", client.call("GET", "/user/currentUser", auth=person).body)
    form = urlencode({"grant_type": "PASSWORD", "username": person[0], "password": person[1]}).encode()
    way = {"Content-Type": "application/x-www-form-urlencoded"}
    token = client.call("POST", "/tenant/oauth/token", raw=form, headers=way, auth=None)
    check("POST", "/tenant/oauth/token", token.body)


FILES = {"/inventory/binaries/{id}", "/event/events/{eventId}/binaries"}
NOTHING = {
    "PUT /alarm/alarms",
    "PUT /user/currentUser/password",
    "PUT /user/{tenantId}/users/{userId}/password",
    "POST /user/logout",
}
"""What answers no body."""


def test_every_answer_of_json_is_described() -> None:
    left = {(r.method, r.path) for r in rest.routes() if function(r.handler) not in DESCRIBED and r.method != "DELETE"}
    assert {path for method, path in left if method == "GET"} == FILES
    assert {f"{method} {path}" for method, path in left if method != "GET"} == NOTHING
