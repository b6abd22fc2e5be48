"""An organization and its spaces, which are the fleet's groups by numbers."""

from typing import Any

import pytest

from chalicelib.fleet.inventory import groups
from tests.dialects.xyte.client import Client

SPACES = "/core/v1/organization/spaces"
DEVICES = "/core/v1/organization/devices"
PROOF = {"mac": "00:11:22:AA:bb:cc", "sn": "SN-1"}


@pytest.fixture
def client() -> Client:
    return Client()


def test_an_organization_is_a_tenant(client: Client) -> None:
    reply = client.call("GET", "/core/v1/organization/info")
    assert reply.body == {"id": client.tenant.id, "name": "acme"}


def test_spaces_are_groups_with_numbers_that_stay(client: Client) -> None:
    root = {"id": 1, "name": "/", "full_path": "/", "parent_id": None, "description": None}
    assert client.call("GET", SPACES).body == {"items": [root], "next_page": None}
    house = client.made(SPACES, {"name": "House", "description": "ours"})
    assert house == {"id": 2, "name": "House", "full_path": "/House", "parent_id": 1, "description": "ours"}
    room = client.made(SPACES, {"name": "Room", "parent_id": 2})
    assert (room["id"], room["full_path"]) == (3, "/House/Room")
    elsewhere = groups.create(client.ports, client.tenant.id, "Yard", "root", None)
    assert client.call("GET", f"{SPACES}/4").body["name"] == elsewhere.name
    assert client.call("DELETE", f"{SPACES}/3").body == {"success": True}
    assert client.call("GET", f"{SPACES}/3").status == 404
    assert client.made(SPACES, {"name": "Room", "parent_id": 2})["id"] == 5
    first = client.call("GET", SPACES, per_page=2).body
    rest = client.call("GET", SPACES, per_page=2, page=first["next_page"]).body
    assert [one["id"] for one in first["items"] + rest["items"]] == [1, 2, 4, 5]
    assert rest["next_page"] is None


def test_a_space_is_renamed_and_moved(client: Client) -> None:
    for name in ("a", "b"):
        client.made(SPACES, {"name": name})
    moved = client.call("PUT", f"{SPACES}/3", {"name": "c", "parent_id": 2})
    assert (moved.status, moved.body["full_path"]) == (200, "/a/c")
    for body in ({"parent_id": 9}, {"parent_id": 3}, {"name": "x/y"}, {"name": " "}):
        assert client.call("PUT", f"{SPACES}/3", body).status == 422
    assert client.call("PUT", f"{SPACES}/1", {"name": "x"}).status == 422
    assert client.call("DELETE", f"{SPACES}/2").status == 422
    assert client.call("DELETE", f"{SPACES}/1").status == 422
    assert client.call("PUT", f"{SPACES}/9", {"name": "x"}).status == 404
    assert client.call("POST", SPACES, {"name": "a"}).status == 422


def test_a_path_is_found_or_made(client: Client) -> None:
    made = client.call("POST", f"{SPACES}/find_or_create", {"full_path": "/a/b c/d"})
    assert (made.status, made.body["full_path"]) == (201, "/a/b c/d")
    found = client.call("POST", f"{SPACES}/find_or_create", {"full_path": "a/b c/d/"})
    assert (found.status, found.body) == (200, made.body)
    assert client.call("POST", f"{SPACES}/find_or_create", {"full_path": "/"}).body["id"] == 1
    for path in ("", "a/*", "x" * 129):
        assert client.call("POST", f"{SPACES}/find_or_create", {"full_path": path}).status == 422


def test_a_device_is_claimed_into_a_space(client: Client) -> None:
    device = client.register(client.model())
    space = client.made(SPACES, {"name": "Kitchen"})
    wanted: dict[str, Any] = {**PROOF, "space_id": space["id"]}
    assert client.call("POST", f"{DEVICES}/claim", wanted).body["space"] == {"id": 2, "full_path": "/Kitchen"}
    assert device.call("GET").body["space"] == {"id": 2, "full_path": "/Kitchen"}
    assert client.call("DELETE", f"{SPACES}/2").status == 422


@pytest.mark.parametrize("number", ["0", "x", "-1", "9" * 20])
def test_what_is_no_number_of_a_space_is_said(client: Client, number: str) -> None:
    assert client.call("GET", f"{SPACES}/{number}").status == 422
