"""Manual 8.1."""

from typing import Any

import pytest

from chalicelib.fleet.inventory.records import MOST
from tests.dialects.live_objects.client import DEVICES, Client
from tests.dialects.live_objects.conftest import URN

pytestmark = pytest.mark.row("B4")
GROUPS = "/api/v1/deviceMgt/groups"


def made(client: Client, name: str, parent: str | None = None) -> str:
    reply = client.call("POST", GROUPS, {"pathNode": name, "parentId": parent})
    assert reply.status == 201
    return str(reply.body["id"])


@pytest.fixture
def france(client: Client) -> str:
    """The tree of the manual's samples: /france/lyon, /france/paris and /italia."""
    made(client, "italia")
    france = made(client, "france")
    made(client, "lyon", france)
    made(client, "paris", france)
    return france


def paths(client: Client, **query: Any) -> list[str]:
    return [group["path"] for group in client.get(GROUPS, **query).body]


def test_a_group_is_created_below_its_parent(client: Client) -> None:
    france = made(client, "france")
    reply = client.call("POST", GROUPS, {"pathNode": "lyon", "parentId": france, "description": "City of Lyon"})
    assert reply.status == 201
    assert reply.body == {
        "id": reply.body["id"],
        "pathNode": "lyon",
        "path": "/france/lyon",
        "parentId": france,
        "description": "City of Lyon",
        "created": "2027-01-15T08:00:00.000Z",
        "updated": "2027-01-15T08:00:00.000Z",
    }
    assert len(reply.body["id"]) == 6
    assert client.get(f"{GROUPS}/{reply.body['id']}").body == reply.body


def test_every_tenant_has_a_root(client: Client) -> None:
    root = {"id": "root", "path": "/", "created": "2027-01-15T08:00:00.000Z", "updated": "2027-01-15T08:00:00.000Z"}
    assert client.get(f"{GROUPS}/root").body == root
    assert client.get(GROUPS).body == [root]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("groupPath=/france", ["/france"]),
        ("groupPath=/*", ["/france", "/france/lyon", "/france/paris", "/italia"]),
        ("groupPath=/france/*", ["/france", "/france/lyon", "/france/paris"]),
        ("groupPath=/france/*/", ["/france/lyon", "/france/paris"]),
        ("parentId=root", ["/france", "/italia"]),
        ("parentId={france}&groupPath=/*", ["/france/lyon", "/france/paris"]),
        ("parentId={france}&groupPath=/france/*", ["/france/lyon", "/france/paris"]),
        ("parentId=root&groupPath=/france/*", []),
    ],
)
def test_the_samples_of_the_manual_answer_as_it_says(client: Client, france: str, query: str, found: list[str]) -> None:
    """8.1.4.1."""
    asked = dict(part.split("=") for part in query.format(france=france).split("&"))
    assert paths(client, **asked) == found


def test_a_list_without_filters_begins_with_the_root(client: Client, france: str) -> None:
    assert paths(client) == ["/", "/france", "/france/lyon", "/france/paris", "/italia"]
    assert paths(client, groupPath="/*/") == ["/france", "/italia"]
    assert paths(client, groupPath="/spain/*") == []


def test_a_list_is_paged_and_counted_when_asked(client: Client, france: str) -> None:
    reply = client.call("GET", GROUPS, headers={"X-Total-Count": "true"}, limit=2, offset=1)
    assert [group["path"] for group in reply.body] == ["/france", "/france/lyon"]
    assert reply.headers["X-Total-Count"] == "5"


def test_a_renamed_group_takes_what_is_below_it_along(client: Client, france: str) -> None:
    client.ports.clock.advance(seconds=1)
    reply = client.call("PUT", f"{GROUPS}/{france}", {"pathNode": "gaul", "description": "old"})
    assert (reply.status, reply.body["path"], reply.body["description"]) == (200, "/gaul", "old")
    assert reply.body["updated"] == "2027-01-15T08:00:01.000Z"
    assert paths(client, groupPath="/gaul/*") == ["/gaul", "/gaul/lyon", "/gaul/paris"]


def test_a_moved_group_takes_what_is_below_it_along(client: Client, france: str) -> None:
    europe = made(client, "europe")
    reply = client.call("PUT", f"{GROUPS}/{france}", {"parentId": europe})
    assert (reply.body["path"], reply.body["parentId"], reply.body["pathNode"]) == ("/europe/france", europe, "france")
    assert "/europe/france/lyon" in paths(client)


def test_moving_a_group_writes_none_of_its_devices(client: Client, france: str) -> None:
    client.call("POST", DEVICES, {"id": URN, "group": {"path": "/france/lyon"}})
    before = dict(client.ports.devices.rows)
    client.call("PUT", f"{GROUPS}/{france}", {"pathNode": "gaul"})
    assert client.ports.devices.rows == before
    assert client.get(f"{DEVICES}/{URN}").body["group"]["path"] == "/gaul/lyon"


@pytest.mark.parametrize("below", ["itself", "a child"])
def test_a_group_is_not_moved_below_itself(client: Client, france: str, below: str) -> None:
    parent = france if below == "itself" else client.get(GROUPS, groupPath="/france/lyon").body[0]["id"]
    reply = client.call("PUT", f"{GROUPS}/{france}", {"parentId": parent})
    assert (reply.status, reply.code) == (400, "GENERIC_INVALID_PARAMETER_ERROR")


def test_a_path_belongs_to_one_group(client: Client, france: str) -> None:
    for reply in (
        client.call("POST", GROUPS, {"pathNode": "france"}),
        client.call("PUT", f"{GROUPS}/{made(client, 'spain')}", {"pathNode": "italia"}),
    ):
        assert (reply.status, reply.code) == (409, "DM_GROUP_DUPLICATE")
    assert made(client, "lyon") != made(client, "italia", france)


def test_a_parent_that_does_not_exist_is_not_found(client: Client, france: str) -> None:
    for reply in (
        client.call("POST", GROUPS, {"pathNode": "x", "parentId": "abcdef"}),
        client.call("PUT", f"{GROUPS}/{france}", {"parentId": "abcdef"}),
    ):
        assert (reply.status, reply.code) == (404, "DM_GROUP_NOT_FOUND")


def test_a_group_that_names_no_parent_comes_below_the_root(client: Client) -> None:
    europe = made(client, "europe")
    france = made(client, "france", europe)
    kept = client.call("PUT", f"{GROUPS}/{france}", {"pathNode": "gaul", "parentId": europe, "description": "d"})
    assert kept.body["path"] == "/europe/gaul"
    moved = client.call("PUT", f"{GROUPS}/{france}", {})
    assert (moved.body["path"], moved.body["parentId"], moved.body["description"]) == ("/gaul", "root", "d")


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_a_group_that_does_not_exist_is_not_found(client: Client, method: str) -> None:
    reply = client.call(method, f"{GROUPS}/abcdef", {} if method == "PUT" else None)
    assert (reply.status, reply.code) == (404, "DM_GROUP_NOT_FOUND")


@pytest.mark.parametrize("name", ["", "a/b", "x" * 256, "dot.", None, 7, "line\n"])
def test_a_name_has_the_letters_that_the_vendor_allows(client: Client, name: Any) -> None:
    reply = client.call("POST", GROUPS, {"pathNode": name})
    assert (reply.status, reply.code) == (400, "GENERIC_INVALID_PARAMETER_ERROR")
    assert "pathNode" in reply.body["message"]


def test_a_name_has_accents_and_blanks(client: Client) -> None:
    made(client, "Côte d'Azur - 06_a")
    assert paths(client, groupPath="/Côte d'Azur - 06_a") == ["/Côte d'Azur - 06_a"]


def test_a_path_stays_within_its_length(client: Client) -> None:
    deep = made(client, "c" * 60, made(client, "b" * 100))
    assert client.call("POST", GROUPS, {"pathNode": "d" * 93, "parentId": deep}).status == 400
    other = made(client, "e" * 154)
    assert client.call("PUT", f"{GROUPS}/{deep}", {"parentId": other}).status == 200
    assert client.call("PUT", f"{GROUPS}/{other}", {"pathNode": "e" * 200}).status == 400


def test_a_group_with_devices_or_groups_is_not_deleted(client: Client, france: str) -> None:
    lyon = client.get(GROUPS, groupPath="/france/lyon").body[0]["id"]
    client.call("POST", DEVICES, {"id": URN, "group": {"id": lyon}})
    for group in (france, lyon, "root"):
        reply = client.call("DELETE", f"{GROUPS}/{group}")
        assert (reply.status, reply.code) == (403, "DM_GROUP_UNDELETABLE")
    assert client.call("POST", DEVICES, {"id": f"{URN}b", "group": {"id": lyon}}).status == 200


def test_an_empty_group_is_deleted(client: Client, france: str) -> None:
    lyon = client.get(GROUPS, groupPath="/france/lyon").body[0]["id"]
    client.call("POST", DEVICES, {"id": URN, "group": {"id": lyon}})
    client.call("PATCH", f"{DEVICES}/{URN}", {"id": URN, "group": {"path": "/france/paris"}})
    assert client.call("DELETE", f"{GROUPS}/{lyon}").status == 204
    assert client.get(f"{GROUPS}/{lyon}").status == 404
    assert paths(client, groupPath="/france/*/") == ["/france/paris"]


def test_the_root_cannot_be_changed(client: Client) -> None:
    reply = client.call("PUT", f"{GROUPS}/root", {"pathNode": "x"})
    assert (reply.status, reply.code) == (403, "GENERIC_ACTION_FORBIDDEN_ERROR")


@pytest.mark.parametrize(
    "named", [{"path": "/france/lyon"}, {"id": "{lyon}"}, {"id": "{lyon}", "path": "/france/lyon"}]
)
def test_a_device_is_registered_in_a_group_by_path_or_id(client: Client, france: str, named: dict[str, str]) -> None:
    lyon = client.get(GROUPS, groupPath="/france/lyon").body[0]["id"]
    group = {name: value.format(lyon=lyon) for name, value in named.items()}
    reply = client.call("POST", DEVICES, {"id": URN, "group": group})
    assert reply.body["group"] == {"id": lyon, "path": "/france/lyon"}
    assert client.get(DEVICES).body[0]["group"] == reply.body["group"]
    assert client.get(f"{DEVICES}/{URN}").body["group"] == reply.body["group"]


@pytest.mark.parametrize("named", [{"path": "/spain"}, {"id": "abcdef"}, {"id": "root", "path": "/spain"}])
def test_a_device_is_not_put_into_a_group_that_does_not_exist(
    client: Client, device: str, named: dict[str, str]
) -> None:
    for reply in (
        client.call("POST", DEVICES, {"id": f"{URN}b", "group": named}),
        client.call("PATCH", device, {"id": URN, "group": named}),
    ):
        assert (reply.status, reply.code) == (404, "DM_GROUP_NOT_FOUND")


def test_a_path_and_an_id_that_mean_two_groups_mean_none(client: Client, france: str) -> None:
    reply = client.call("POST", DEVICES, {"id": URN, "group": {"id": france, "path": "/italia"}})
    assert (reply.status, reply.code) == (404, "DM_GROUP_NOT_FOUND")


def test_a_device_goes_back_to_the_root(client: Client, france: str) -> None:
    client.call("POST", DEVICES, {"id": URN, "group": {"id": france}})
    reply = client.call("PATCH", f"{DEVICES}/{URN}", {"id": URN, "group": {"id": "root"}})
    assert reply.body["group"] == {"id": "root", "path": "/"}


def test_devices_are_listed_by_group(client: Client, france: str) -> None:
    for number, path in enumerate(("/", "/france", "/france/lyon", "/italia")):
        client.call("POST", DEVICES, {"id": f"urn:lo:nsid:n:{number}", "group": {"path": path}})
    found = {
        query: [int(d["id"][-1]) for d in client.get(DEVICES, groupPath=query).body]
        for query in ("/france", "/france/*", "/*", "/", "france/lyon", "/spain")
    }
    assert found == {
        "/france": [1], "/france/*": [1, 2], "/*": [0, 1, 2, 3], "/": [0], "france/lyon": [2], "/spain": []
    }  # fmt: skip
    assert [d["id"][-1] for d in client.get(DEVICES, groupId=france).body] == ["1"]


def test_a_message_says_which_group_its_source_is_in(client: Client, france: str) -> None:
    client.call("POST", DEVICES, {"id": URN, "group": {"id": france}})
    client.call("POST", "/api/v0/data/streams/s", {"value": {"t": 1}, "metadata": {"source": URN}})
    (message,) = client.get("/api/v0/data/streams/s").body
    assert message["metadata"]["group"] == {"id": france, "path": "/france"}


def test_a_tenant_has_a_bounded_number_of_groups(client: Client) -> None:
    tree = client.ports.groups.tree(client.tenant.id)
    made(client, "first")
    (first,) = client.ports.groups.tree(client.tenant.id).groups.values()
    many = {f"{n:06}": first for n in range(MOST)}
    client.ports.groups.trees[client.tenant.id] = type(tree)(client.tenant.id, 1, many)
    reply = client.call("POST", GROUPS, {"pathNode": "more"})
    assert (reply.status, reply.code) == (403, "GENERIC_ACTION_FORBIDDEN_ERROR")
