"""Objects that are made with their external ids, and several at once (reference, "Create a managed object")."""

from typing import Any

import pytest

from chalicelib.fleet.inventory import devices
from tests.dialects.cumulocity.client import Client

PATH = "/inventory/managedObjects"
VENDOR = "application/vnd.com.nsn.cumulocity.managedObjectCollection+json"


@pytest.fixture
def client() -> Client:
    return Client()


def named(value: str, type_: str = "c8y_Serial") -> dict[str, Any]:
    return {"externalIds": [{"type": type_, "externalId": value}]}


def count(client: Client) -> Any:
    return client.get(f"{PATH}/count").body


def test_an_object_is_made_with_its_external_ids(client: Client) -> None:
    made = client.made(PATH, {"name": "a", **named("1")})
    assert "externalIds" not in made
    assert client.get("/identity/externalIds/c8y_Serial/1").body["managedObject"]["id"] == made["id"]
    again = client.call("POST", PATH, {"name": "b", **named("1")})
    assert (again.status, again.error) == (409, "identity/Duplicate")
    assert count(client) == 1


@pytest.mark.parametrize(
    "given",
    [
        "1",
        [1],
        [{"type": "c8y_Serial"}],
        [{"type": "homeport_Urn", "externalId": "x"}],
        [{"externalId": 1, "type": "a"}],
    ],
)
def test_external_ids_that_are_none_are_refused(client: Client, given: Any) -> None:
    reply = client.call("POST", PATH, {"externalIds": given})
    assert (reply.status, reply.error) == (422, "undefined/validationError")
    assert count(client) == 0


@pytest.mark.parametrize("content_type", ["application/json", VENDOR])
def test_several_are_made_at_once(client: Client, content_type: str) -> None:
    several = [{"name": "a", **named("1")}, {"name": "b", "c8y_IsDevice": {}}]
    reply = client.call("POST", PATH, {"managedObjects": several}, headers={"Content-Type": content_type})
    assert reply.status == 201
    assert [one["name"] for one in reply.body["managedObjects"]] == ["a", "b"]
    assert count(client) == 2
    number = reply.body["managedObjects"][1]["id"]
    assert devices.get(client.ports, client.tenant.id, f"urn:lo:nsid:c8y:{number}").name == "b"


@pytest.mark.parametrize(
    ("last", "status"),
    [
        ({"name": 1}, 422),
        ({"a.b": 1}, 422),
        (named("taken"), 409),
        (named("2"), 409),
        ("no object", 422),
    ],
)
def test_of_several_all_are_made_or_none(client: Client, last: Any, status: int) -> None:
    client.made(PATH, named("taken"))
    several = [{"name": "a", "c8y_IsDevice": {}}, named("2"), last]
    assert client.call("POST", PATH, {"managedObjects": several}).status == status
    assert count(client) == 1
    assert not client.ports.devices.page(client.tenant.id, after=None, limit=10).items
    assert client.get("/identity/externalIds/c8y_Serial/2").status == 404


def test_of_several_there_are_at_most_50(client: Client) -> None:
    assert client.call("POST", PATH, {"managedObjects": [{}] * 51}).status == 422
    assert count(client) == 0
    assert client.call("POST", PATH, {}, headers={"Content-Type": VENDOR}).status == 422


def test_a_fragment_has_at_most_50_levels(client: Client) -> None:
    deep: Any = 1
    for _ in range(51):
        deep = [deep]
    reply = client.call("POST", PATH, {"deep": deep})
    assert (reply.status, reply.error) == (422, "undefined/validationError")
