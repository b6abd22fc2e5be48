"""Managed objects (reference, "Managed objects")."""

import pytest

from chalicelib.fleet.access.roles import Role
from tests.dialects.cumulocity.client import Client

pytestmark = pytest.mark.row("G3")
PATH = "/inventory/managedObjects"


@pytest.fixture
def client() -> Client:
    return Client()


def test_what_is_made_is_there_as_it_was_said(client: Client) -> None:
    reply = client.call("POST", PATH, {"name": "Room", "type": "room", "size": {"m2": 12.5}})
    assert reply.status == 201
    assert reply.headers["Location"] == reply.body["self"]
    found = client.get(f"{PATH}/{reply.body['id']}").body
    assert found == reply.body
    assert (found["name"], found["type"], found["size"]) == ("Room", "room", {"m2": 12.5})
    assert found["childDevices"]["references"] == []


def test_an_answer_has_a_body_only_where_the_client_accepts_one(client: Client) -> None:
    reply = client.call("POST", PATH, {"name": "a"}, accept=None)
    assert (reply.status, reply.raw) == (201, b"")
    number = reply.headers["Location"].rpartition("/")[2]
    assert client.call("PUT", f"{PATH}/{number}", {"name": "b"}, accept=None).raw == b""
    assert client.call("PUT", f"{PATH}/{number}", {"name": "b"}, accept="*/*").body["name"] == "b"


@pytest.mark.parametrize(
    ("accept", "told"),
    [
        ("application/json", "application/json;charset=UTF-8"),
        ("*/*", "application/vnd.com.nsn.cumulocity.managedObject+json;charset=UTF-8;ver=0.9"),
        (
            "application/vnd.com.nsn.cumulocity.managedObject+json",
            "application/vnd.com.nsn.cumulocity.managedObject+json;charset=UTF-8;ver=0.9",
        ),
    ],
)
def test_the_content_type_is_the_vendors_unless_plain_json_was_asked_for(
    client: Client, accept: str, told: str
) -> None:
    assert client.call("POST", PATH, {}, accept=accept).headers["Content-Type"] == told


def test_properties_are_merged_and_null_takes_one_away(client: Client) -> None:
    number = client.made(PATH, {"name": "a", "one": {"x": 1}, "two": 2})["id"]
    changed = client.call("PUT", f"{PATH}/{number}", {"one": {"y": 2}, "two": None, "id": "1", "owner": "me"}).body
    assert (changed["one"], "two" in changed, changed["id"]) == ({"y": 2}, False, number)
    assert client.call("PUT", f"{PATH}/{number}", {}).body == {"id": number}


def test_a_device_is_a_device_of_the_fleet(client: Client) -> None:
    number = client.made(PATH, {"name": "Sensor", "c8y_IsDevice": {}})["id"]
    device = client.ports.devices.get(client.tenant.id, f"urn:lo:nsid:c8y:{number}")
    assert device is not None
    assert device.name == "Sensor"
    assert client.call("DELETE", f"{PATH}/{number}").status == 204
    assert client.ports.devices.get(client.tenant.id, device.id) is None
    assert client.get(f"{PATH}/{number}").error == "inventory/notFound"


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'"x"', b'{"a.b": 1}', b'{"$x": 1}', b'{"name": 3}', b"\xff"])
def test_what_cannot_be_kept_is_refused(client: Client, body: bytes) -> None:
    reply = client.call("POST", PATH, raw=body)
    assert (reply.status, reply.error) == (422, "undefined/validationError")


def test_a_reader_changes_nothing(client: Client) -> None:
    reader = client.credentials_with(Role.DEVICE_R)
    reply = client.call("POST", PATH, {}, auth=reader)
    assert (reply.status, reply.error, reply.message) == (403, "security/Forbidden", "Access is denied")


def test_another_tenants_object_is_not_there(client: Client) -> None:
    number = client.made(PATH, {})["id"]
    other = Client(client.ports, "other")
    for method in ("GET", "PUT", "DELETE"):
        assert other.call(method, f"{PATH}/{number}", {} if method == "PUT" else None).status == 404
