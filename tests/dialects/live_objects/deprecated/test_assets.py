"""Devices as assets: `/api/v0/assets`."""

from typing import Any

import pytest

from chalicelib.fleet.inventory.records import Device, Interface
from chalicelib.fleet.presence.records import Capability, Presence
from tests.dialects.live_objects.client import DEVICES, Client
from tests.fakes import START

ASSETS = "/api/v0/assets"
ASSET = f"{ASSETS}/sensor/temp001"
URN = "urn:lo:nsid:sensor:temp001"
GROUPS = "/api/v0/groups"


def online(client: Client, urn: str) -> None:
    mailbox = client.ports.mailboxes.rows[client.tenant.id, urn]
    presence = Presence("live_objects", urn, session="s", since=START, capabilities=frozenset(Capability))
    assert client.ports.mailboxes.replace(mailbox, mailbox.with_presence(f"mqtt:{urn}", presence))


class TestAssets:
    def test_an_asset_is_a_device_named_by_two_parts(self, client: Client) -> None:
        group = client.call("POST", GROUPS, {"pathNode": "france"}).body["id"]
        body = {
            "namespace": "sensor",
            "id": "temp001",
            "name": "Thermometer",
            "description": "On the roof",
            "groupPath": "/france",
            "tags": ["roof"],
            "properties": {"maker": "acme"},
        }
        made = client.call("POST", ASSETS, body)
        assert made.status == 200
        assert made.body == {
            **body,
            "groupId": group,
            "connected": False,
            "creationTs": START,
            "lastUpdateTs": START,
        }
        assert client.get(ASSET).body == made.body
        assert client.get(f"{DEVICES}/{URN}").body["group"] == {"id": group, "path": "/france"}

    @pytest.mark.usefixtures("asset")
    def test_one_that_is_there_is_a_conflict(self, client: Client) -> None:
        reply = client.call("POST", ASSETS, {"namespace": "sensor", "id": "temp001"})
        assert (reply.status, reply.code) == (409, "DM_DEVICE_DUPLICATE")

    @pytest.mark.parametrize(
        "body", [{"id": "a"}, {"namespace": "n"}, {"namespace": "a b", "id": "x"}, {"namespace": "n", "id": "a/b"}]
    )
    def test_an_asset_has_both_parts(self, client: Client, body: dict[str, str]) -> None:
        assert client.call("POST", ASSETS, body).status == 400

    def test_a_group_that_is_not_there_is_not_found(self, client: Client) -> None:
        reply = client.call("POST", ASSETS, {"namespace": "n", "id": "i", "groupId": "nobody"})
        assert (reply.status, reply.code) == (404, "DM_GROUP_NOT_FOUND")

    def test_an_update_changes_what_it_names(self, client: Client, asset: str) -> None:
        client.call("PUT", asset, {"name": "one", "tags": ["a"]})
        changed = client.call("PUT", asset, {"name": "two"}).body
        assert (changed["name"], changed["tags"]) == ("two", ["a"])

    def test_a_deleted_one_is_gone(self, client: Client, asset: str) -> None:
        assert client.call("DELETE", asset).status == 200
        for method in ("GET", "DELETE"):
            reply = client.call(method, asset)
            assert (reply.status, reply.code) == (404, "DM_DEVICE_NOT_FOUND")

    def test_one_that_is_connected_says_so(self, client: Client) -> None:
        interface = Interface("mqtt", URN, "live_objects", START, START)
        client.ports.devices.create(Device(client.tenant.id, URN, START, START, interfaces=(interface,)))
        online(client, URN)
        assert client.get(ASSET).body["connected"] is True
        assert client.get(ASSETS, connected="true").body["totalCount"] == 1
        assert client.get(ASSETS, connected="false").body["totalCount"] == 0

    def test_namespaces_are_those_that_devices_have(self, client: Client) -> None:
        for namespace, number in (("b", 1), ("a", 1), ("a", 2), ("a-b", 1), ("a0", 1)):
            client.call("POST", ASSETS, {"namespace": namespace, "id": str(number)})
        assert client.get("/api/v0/inventory/namespaces").body == ["a", "a-b", "a0", "b"]


class TestListOfAssets:
    @pytest.fixture(autouse=True)
    def fleet(self, client: Client) -> None:
        for namespace, name in (("b", "three"), ("a", "two"), ("a", "one")):
            body = {"namespace": namespace, "id": name, "name": f"of {name}", "tags": [name], "properties": {"p": name}}
            client.call("POST", ASSETS, body)
            client.ports.clock.advance(seconds=1)

    def ids(self, client: Client, **query: Any) -> list[str]:
        reply = client.get(ASSETS, **query)
        assert reply.status == 200, reply.raw
        return [f"{one['namespace']}:{one['id']}" for one in reply.body["data"]]

    def test_it_has_pages(self, client: Client) -> None:
        body = client.get(ASSETS, page=1, size=2).body
        assert (body["page"], body["size"], body["totalCount"]) == (1, 2, 3)
        assert [one["id"] for one in body["data"]] == ["three"]

    @pytest.mark.parametrize(
        ("sort", "expected"),
        [
            ("namespace", ["a:one", "a:two", "b:three"]),
            ("-namespace", ["b:three", "a:two", "a:one"]),
            ("id", ["a:one", "b:three", "a:two"]),
            ("creationTs", ["b:three", "a:two", "a:one"]),
            ("-lastUpdateTs", ["a:one", "a:two", "b:three"]),
            ("connected,-id", ["a:two", "b:three", "a:one"]),
            ("groupPath,id", ["a:one", "b:three", "a:two"]),
        ],
    )
    def test_it_is_sorted(self, client: Client, sort: str, expected: list[str]) -> None:
        assert self.ids(client, sort=sort) == expected

    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            ({"namespace": "a"}, ["a:one", "a:two"]),
            ({"id": "t*"}, ["a:two", "b:three"]),
            ({"id": "*e"}, ["a:one", "b:three"]),
            ({"id": "one"}, ["a:one"]),
            ({"namespace": "a", "id": "one"}, ["a:one"]),
            ({"namespace": "b", "id": "one"}, []),
            ({"name": "*hre*"}, ["b:three"]),
            ({"tags": "two"}, ["a:two"]),
            ({"property.p": "one"}, ["a:one"]),
            ({"groupPath": "/*"}, ["a:one", "a:two", "b:three"]),
            ({"groupId": "root"}, ["a:one", "a:two", "b:three"]),
            ({"connected": "true"}, []),
        ],
    )
    def test_it_is_filtered(self, client: Client, query: dict[str, str], expected: list[str]) -> None:
        assert self.ids(client, **query) == expected
        assert client.get(ASSETS, **query).body["totalCount"] == len(expected)

    @pytest.mark.parametrize("query", [{"sort": "name"}, {"size": 0}, {"size": 1001}, {"page": -1}, {"connected": "x"}])
    def test_what_it_cannot_do_is_refused(self, client: Client, query: dict[str, Any]) -> None:
        assert client.get(ASSETS, **query).status == 400

    def test_it_goes_as_far_as_other_lists(self, client: Client) -> None:
        assert client.get(ASSETS, page=11, size=1000).status == 400
        assert client.get(ASSETS, page=10, size=1000).status == 200
