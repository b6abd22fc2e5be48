"""Manual 8.1.1: counting the fleet."""

from typing import Any

import pytest

from chalicelib.fleet.inventory import counting
from chalicelib.fleet.presence.records import Presence
from tests.dialects.live_objects.client import DEVICES, Client

pytestmark = pytest.mark.row("B7")
COUNT = "/api/v1/deviceMgt/devicesCount"
GROUPS = "/api/v1/deviceMgt/groups"


@pytest.fixture
def fleet(client: Client) -> Client:
    """Three devices: one in the root, two in /a/b; two have interfaces, one of them is connected."""
    a = client.call("POST", GROUPS, {"pathNode": "a"}).body["id"]
    client.call("POST", GROUPS, {"pathNode": "b", "parentId": a})
    for number, path in enumerate(("/", "/a/b", "/a/b")):
        interfaces = [{"connector": "mqtt", "definition": {"clientId": f"c{number}"}}] if number else []
        body = {"id": f"urn:lo:nsid:n:{number}", "group": {"path": path}, "interfaces": interfaces}
        assert client.call("POST", DEVICES, {**body, "tags": ["x", f"t{number}"]}).status == 200
    box = client.ports.mailboxes.rows[client.tenant.id, "urn:lo:nsid:n:1"]
    client.ports.mailboxes.replace(box, box.with_presence("mqtt:c1", Presence("live_objects", "c1", "s", since=1)))
    return client


def counts(client: Client, **query: Any) -> dict[str, int]:
    reply = client.get(COUNT, **query)
    assert (reply.status, reply.body["complete"]) == (200, True)
    return {entry["value"]: entry["count"] for entry in reply.body["counts"]}


def test_devices_are_counted_by_group(fleet: Client) -> None:
    assert counts(fleet) == {"/": 1, "/a": 0, "/a/b": 2}
    assert counts(fleet, by="group", includeSubPath="true") == {"/": 3, "/a": 2, "/a/b": 2}


def test_devices_are_counted_by_tag_connector_and_status(fleet: Client) -> None:
    assert counts(fleet, by="tag") == {"x": 3, "t0": 1, "t1": 1, "t2": 1}
    assert counts(fleet, by="connector") == {"mqtt": 2}
    assert counts(fleet, by="status") == {"ONLINE": 1, "OFFLINE": 2}
    assert fleet.get(COUNT).body["total"] == 3


def test_a_device_that_leaves_is_counted_no_more(fleet: Client) -> None:
    fleet.call("DELETE", f"{DEVICES}/urn:lo:nsid:n:1")
    assert counts(fleet, by="tag") == {"x": 2, "t0": 1, "t2": 1}
    assert counts(fleet, by="status") == {"ONLINE": 0, "OFFLINE": 2}


def test_a_count_that_is_not_complete_says_so(client: Client) -> None:
    for number in range(counting.MOST_VALUES + 1):
        client.call("POST", DEVICES, {"id": f"urn:lo:nsid:n:{number}", "tags": [f"t{number}"]})
    reply = client.get(COUNT, by="tag")
    assert (reply.body["complete"], len(reply.body["counts"])) == (False, counting.MOST_VALUES)


def test_it_says_when_was_counted(fleet: Client) -> None:
    before = fleet.get(COUNT).body["countedAt"]
    fleet.ports.clock.advance(seconds=2)
    fleet.call("DELETE", f"{DEVICES}/urn:lo:nsid:n:1")
    after = fleet.get(COUNT).body
    assert (after["total"], after["countedAt"] > before) == (2, True)


def test_what_cannot_be_counted_by_is_refused(client: Client) -> None:
    reply = client.get(COUNT, by="colour")
    assert (reply.status, reply.code) == (400, "GENERIC_INVALID_PARAMETER_ERROR")
