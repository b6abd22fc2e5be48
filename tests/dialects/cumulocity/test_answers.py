"""What the description of the API says that operations answer is what they answer."""

from typing import Any

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


def test_every_get_that_answers_json_is_described() -> None:
    roots = ("/inventory", "/identity", "/measurement", "/event", "/alarm")
    left = {r.path for r in rest.routes() if r.method == "GET" and function(r.handler) not in DESCRIBED}
    files = {"/inventory/binaries/{id}", "/event/events/{eventId}/binaries"}
    assert {path for path in left if path.startswith(roots)} == {*roots, *files}
