"""External ids (reference, "Identity")."""

from urllib.parse import quote

import pytest

from tests.dialects.cumulocity.client import Client

pytestmark = pytest.mark.row("G2")
OBJECTS, IDS = "/inventory/managedObjects", "/identity/externalIds"


@pytest.fixture
def client() -> Client:
    return Client()


def named(client: Client, value: str, type_: str = "c8y_Serial") -> str:
    """The number of a new object with that external id."""
    number = str(client.made(OBJECTS, {"name": value})["id"])
    client.made(f"/identity/globalIds/{number}/externalIds", {"type": type_, "externalId": value})
    return number


@pytest.mark.parametrize("value", ["4711", "a/b", "x y", "d:%2F:ü", "é" * 200])
def test_an_object_is_found_by_its_external_id(client: Client, value: str) -> None:
    number = named(client, value)
    found = client.get(f"{IDS}/c8y_Serial/{quote(value, safe='')}").body
    assert (found["managedObject"]["id"], found["externalId"]) == (number, value)
    (only,) = client.get(f"/identity/globalIds/{number}/externalIds").body["externalIds"]
    assert only == found


@pytest.mark.parametrize("said", [("c8y_Serial", "."), ("c8y_Serial", ".."), ("..", "4711")])
def test_what_no_address_holds_is_no_external_id(client: Client, said: tuple[str, str]) -> None:
    body = dict(zip(("type", "externalId"), said, strict=True))
    number = client.made(OBJECTS, {})["id"]
    for path, sent in ((f"/identity/globalIds/{number}/externalIds", body), (OBJECTS, {"externalIds": [body]})):
        reply = client.call("POST", path, sent)
        assert (reply.status, "which no address holds" in reply.message) == (422, True)
    for close in ("...", ".a", "..a"):
        assert named(client, close)


def test_an_external_id_belongs_to_one_object_until_it_is_taken_away(client: Client) -> None:
    named(client, "4711")
    other = client.made(OBJECTS, {})["id"]
    body = {"type": "c8y_Serial", "externalId": "4711"}
    reply = client.call("POST", f"/identity/globalIds/{other}/externalIds", body)
    assert (reply.status, reply.error) == (409, "identity/Duplicate")
    assert client.call("DELETE", f"{IDS}/c8y_Serial/4711").status == 204
    assert client.get(f"{IDS}/c8y_Serial/4711").error == "identity/notFound"
    assert client.call("POST", f"/identity/globalIds/{other}/externalIds", body).status == 201


def test_what_is_missing_is_named_in_the_vendors_words(client: Client) -> None:
    number = client.made(OBJECTS, {})["id"]
    reply = client.call("POST", f"/identity/globalIds/{number}/externalIds", {})
    assert (reply.status, reply.message) == (422, "Following mandatory fields should be included: externalId,type")


def test_several_are_sought_at_once_and_the_unknown_left_out(client: Client) -> None:
    numbers = [named(client, value) for value in ("a", "b")]
    sought = [{"type": "c8y_Serial", "externalId": value} for value in ("a", "nobody", "b")]
    found = client.call("POST", "/identity/search", {"externalIds": sought}).body["externalIds"]
    assert [one["managedObject"]["id"] for one in found] == numbers


def test_the_same_external_id_is_another_one_in_another_tenant(client: Client) -> None:
    named(client, "4711")
    other = Client(client.ports, "other")
    assert other.get(f"{IDS}/c8y_Serial/4711").status == 404
    assert named(other, "4711") != ""
