"""Objects that are made with their external ids, and several at once (reference, "Create a managed object")."""

from typing import Any

import pytest

from chalicelib.fleet.inventory import devices
from chalicelib.fleet.tenancy import settings
from chalicelib.fleet.tenancy.records import Stored
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


class TestChangingMany:
    """Several objects by one PUT."""

    def test_all_of_them_are_changed(self, client: Client) -> None:
        one, other = (client.made(PATH, {"name": name, "old": 1})["id"] for name in "ab")
        body = {"managedObjects": [{"id": one, "name": "c", "old": None}, {"id": other, "new": {"x": 2}}]}
        reply = client.call("PUT", PATH, body)
        assert reply.status == 200
        assert [(found["name"], "old" in found, found.get("new")) for found in reply.body["managedObjects"]] == [
            ("c", False, None),
            ("b", True, {"x": 2}),
        ]
        assert client.get(f"{PATH}/{other}").body["new"] == {"x": 2}
        assert client.call("PUT", PATH, body, accept=None).raw == b""

    @pytest.mark.parametrize(
        ("bad", "status"),
        [({"id": "12"}, 404), ({}, 422), ({"id": "{one}"}, 422), ({"name": 1}, 422), ({"$a": 1}, 422), (1, 422)],
    )
    def test_where_one_is_wrong_none_is_changed(self, client: Client, bad: Any, status: int) -> None:
        one, other = (client.made(PATH, {"name": name})["id"] for name in "ab")
        if isinstance(bad, dict):
            bad = {"id": other, **bad} if bad and bad.get("id") is None else bad
            bad = {"id": one} if bad.get("id") == "{one}" else bad
        reply = client.call("PUT", PATH, {"managedObjects": [{"id": one, "name": "c"}, bad]})
        assert reply.status == status, reply.raw
        assert client.get(f"{PATH}/{one}").body["name"] == "a"

    def test_what_fails_on_the_way_is_undone(self, client: Client) -> None:
        one, other = (client.made(PATH, {"name": name, "f": 1})["id"] for name in "ab")
        # Each fragment is small enough, all of them together are not.
        known = client.ports.objects.rows[client.tenant.id, other]
        big = {"id": other, "c8y_IsDevice": {}}
        settings.set_quotas(client.ports, client.tenant.id, {Stored.DEVICES: 0})
        reply = client.call("PUT", PATH, {"managedObjects": [{"id": one, "name": "c", "f": 2, "g": 3}, big]})
        assert reply.status >= 400
        found = client.get(f"{PATH}/{one}").body
        assert (found["name"], found["f"], "g" in found) == ("a", 1, False)
        assert known.name == client.get(f"{PATH}/{other}").body["name"]

    def test_one_of_another_tenant_is_not_there(self, client: Client) -> None:
        stranger = Client(client.ports, "stranger")
        one, foreign = client.made(PATH, {"name": "a"})["id"], stranger.made(PATH, {"name": "b"})["id"]
        body = {"managedObjects": [{"id": one, "name": "c"}, {"id": foreign, "name": "c"}]}
        assert client.call("PUT", PATH, body).status == 404
        assert (client.get(f"{PATH}/{one}").body["name"], stranger.get(f"{PATH}/{foreign}").body["name"]) == ("a", "b")

    def test_there_are_fifty_at_most(self, client: Client) -> None:
        assert client.call("PUT", PATH, {"managedObjects": [{"id": str(n)} for n in range(1, 52)]}).status == 422
        assert client.call("PUT", PATH, {"managedObjects": []}).status == 200
