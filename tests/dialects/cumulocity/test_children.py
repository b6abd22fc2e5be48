"""Children of managed objects (reference, "Child operations")."""

import pytest

from chalicelib.fleet.inventory import heights
from tests.dialects.cumulocity.client import Client

pytestmark = pytest.mark.row("G3")
OBJECTS = "/inventory/managedObjects"
KINDS = ("childDevices", "childAssets", "childAdditions")


@pytest.fixture
def client() -> Client:
    return Client()


@pytest.mark.parametrize("kind", KINDS)
def test_children_are_listed_in_order_of_joining_page_by_page(client: Client, kind: str) -> None:
    parent = client.made(OBJECTS, {})["id"]
    path = f"{OBJECTS}/{parent}/{kind}"
    children = [client.made(OBJECTS, {"n": n})["id"] for n in range(3)]
    client.made(path, {"managedObject": {"id": children[0]}})
    client.made(path, {"managedObject": {"self": f"https://acme.example.com{OBJECTS}/{children[1]}"}})
    client.made(path, {"references": [{"managedObject": {"id": number}} for number in children[1:2]]})
    client.made(path, {"references": [{"managedObject": {"id": number}} for number in children[1:]]})
    pages = [client.get(path, pageSize=2, currentPage=n, withTotalPages="true").body for n in (1, 2)]
    listed = [one["managedObject"]["id"] for page in pages for one in page["references"]]
    assert listed == children
    assert "next" in pages[0]
    assert "next" not in pages[1]
    assert pages[1]["statistics"] == {"currentPage": 2, "pageSize": 2, "totalPages": 2}


def test_a_child_may_be_made_where_it_is_to_be(client: Client) -> None:
    parent = client.made(OBJECTS, {})["id"]
    made = client.made(f"{OBJECTS}/{parent}/childDevices", {"name": "Child", "c8y_IsDevice": {}})
    assert client.get(f"{OBJECTS}/{parent}/childDevices/{made['id']}").body["managedObject"]["name"] == "Child"
    assert client.call("DELETE", f"{OBJECTS}/{parent}/childDevices/{made['id']}").status == 204
    assert client.get(f"{OBJECTS}/{parent}/childDevices").body["references"] == []
    assert client.get(f"{OBJECTS}/{made['id']}").status == 200


def test_what_cannot_be_a_child_is_not_made(client: Client) -> None:
    parent = client.made(OBJECTS, {})["id"]
    for _ in range(heights.DEEPEST):
        parent = client.made(f"{OBJECTS}/{parent}/childAssets", {})["id"]
    before = client.get(f"{OBJECTS}/count").raw
    body = {"name": "One too many", "c8y_IsDevice": {}, "externalIds": [{"type": "c8y_Serial", "externalId": "1"}]}
    assert client.call("POST", f"{OBJECTS}/{parent}/childAssets", body).status == 422
    assert client.get(f"{OBJECTS}/count").raw == before
    assert client.get("/identity/externalIds/c8y_Serial/1").status == 404


def test_of_several_references_all_are_children_or_none(client: Client) -> None:
    parent, present, other = (client.made(OBJECTS, {})["id"] for _ in range(3))
    path = f"{OBJECTS}/{parent}/childAssets"
    client.made(path, {"managedObject": {"id": present}})
    references = [{"managedObject": {"id": number}} for number in (present, other, parent)]
    assert client.call("POST", path, {"references": references}).status == 422
    assert [one["managedObject"]["id"] for one in client.get(path).body["references"]] == [present]
    assert client.made(path, {"references": references[:2]})["references"]
    assert len(client.get(path).body["references"]) == 2


def test_nothing_is_below_itself(client: Client) -> None:
    above, below = (client.made(OBJECTS, {})["id"] for _ in range(2))
    client.made(f"{OBJECTS}/{above}/childAssets", {"managedObject": {"id": below}})
    reply = client.call("POST", f"{OBJECTS}/{below}/childAssets", {"managedObject": {"id": above}})
    assert (reply.status, reply.error) == (422, "undefined/validationError")


def test_children_of_strangers_are_not_there(client: Client) -> None:
    other = Client(client.ports, "other")
    parent, foreign = client.made(OBJECTS, {})["id"], other.made(OBJECTS, {})["id"]
    assert client.call("POST", f"{OBJECTS}/{parent}/childAssets", {"managedObject": {"id": foreign}}).status == 404
    assert other.get(f"{OBJECTS}/{parent}/childAssets").status == 404
