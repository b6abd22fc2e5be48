from urllib.parse import urlencode

import pytest

from chalicelib.dialects.ibm import inventory
from chalicelib.fleet.access.roles import Role
from chalicelib.fleet.inventory import devices
from chalicelib.fleet.inventory.records import Device
from tests.dialects.ibm.client import V1, Client
from tests.fakes import START

pytestmark = pytest.mark.row("H1")
ADDRESS = {"address": {"number": 29, "street": "Acacia Road"}}


@pytest.fixture
def client() -> Client:
    return Client()


def test_the_organization_tells_its_id_and_name(client: Client) -> None:
    body = client.get(f"{V1}/").body
    assert body == {"id": client.org, "name": "acme", "created": body["created"], "updated": body["created"]}


def test_the_final_slash_may_be_missing(client: Client) -> None:
    assert client.get(V1).body == client.get(f"{V1}/").body


def test_a_registered_device_is_answered_with_its_password_and_location(client: Client) -> None:
    reply = client.call("POST", f"{V1}/devices", {"type": "pump", "id": "p.1", "metadata": ADDRESS})
    assert reply.status == 201
    assert reply.headers["Location"] == f"https://{client.host}{V1}/devices/pump/p.1"
    assert reply.body["uuid"] == f"d:{client.org}:pump:p.1"
    assert (reply.body["type"], reply.body["id"], reply.body["metadata"]) == ("pump", "p.1", ADDRESS)
    assert reply.body["registration"]["auth"] == {"id": client.credentials[0], "type": "apikey"}
    assert len(reply.body["password"]) >= 18


def test_the_password_is_shown_once_and_kept_only_as_a_digest(client: Client) -> None:
    token = client.registered()
    assert "password" not in client.get(f"{V1}/devices/pump/p1").body
    assert token not in repr(client.ports.devices.rows)


def test_a_password_may_be_brought_along(client: Client) -> None:
    assert client.registered(password="correct horse") == "correct horse"


def test_a_short_password_is_refused(client: Client) -> None:
    reply = client.call("POST", f"{V1}/devices", {"type": "pump", "id": "p1", "password": "short"})
    assert (reply.status, reply.error) == (400, "CUDRS0007E")


@pytest.mark.parametrize(("type_", "id_"), [("", "p1"), ("pump", "a b"), ("p/q", "x"), ("pump", "x" * 37), (7, "x")])
def test_a_name_that_the_manual_forbids_is_refused(client: Client, type_: object, id_: object) -> None:
    reply = client.call("POST", f"{V1}/devices", {"type": type_, "id": id_})
    assert (reply.status, len(reply.body["violations"])) == (400, 1)


def test_a_device_is_registered_once(client: Client) -> None:
    client.registered()
    reply = client.call("POST", f"{V1}/devices", {"type": "pump", "id": "p1"})
    assert (reply.status, reply.error) == (409, "CUDRS0010E")
    assert "message" in reply.body


def test_the_list_holds_every_device(client: Client) -> None:
    for type_, id_ in (("pump", "p1"), ("valve.v2", "v1"), ("pump", "p2")):
        client.registered(type_, id_)
    listed = {(d["type"], d["id"]) for d in client.get(f"{V1}/devices").body}
    assert listed == {("pump", "p1"), ("valve.v2", "v1"), ("pump", "p2")}


def test_the_list_of_a_type_holds_its_devices_only(client: Client) -> None:
    for type_, id_ in (("pump", "p1"), ("pump2", "p1"), ("pum", "p1"), ("pump", "p2")):
        client.registered(type_, id_)
    assert [d["id"] for d in client.get(f"{V1}/devices/pump").body] == ["p1", "p2"]


def test_types_are_listed_with_their_counts(client: Client) -> None:
    for type_, id_ in (("pump", "p1"), ("valve", "v1"), ("pump", "p2")):
        client.registered(type_, id_)
    expected = [{"deviceType": "pump", "count": 2}, {"deviceType": "valve", "count": 1}]
    assert client.get(f"{V1}/device-types").body == expected


def test_an_update_replaces_the_metadata(client: Client) -> None:
    client.registered(metadata=ADDRESS)
    reply = client.call("PUT", f"{V1}/devices/pump/p1", {"metadata": {"room": 7}})
    assert (reply.status, reply.body["metadata"]) == (200, {"room": 7})
    assert client.get(f"{V1}/devices/pump/p1").body["metadata"] == {"room": 7}


def test_an_update_may_be_a_posted_form(client: Client) -> None:
    client.registered()
    form = urlencode({"metadata": '{"room": 7}'}).encode()
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    reply = client.call("POST", f"{V1}/devices/pump/p1", raw=form, headers=kind)
    assert (reply.status, reply.body["metadata"]) == (200, {"room": 7})


@pytest.mark.parametrize("raw", [b"", b"metadata=", b"metadata={", b"metadata=3", b"other=1", b"\xff"])
def test_a_form_without_metadata_is_refused(client: Client, raw: bytes) -> None:
    client.registered()
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    assert client.call("POST", f"{V1}/devices/pump/p1", raw=raw, headers=kind).status == 400


def test_a_deleted_device_is_gone(client: Client) -> None:
    client.registered()
    reply = client.call("DELETE", f"{V1}/devices/pump/p1")
    assert (reply.status, reply.raw) == (204, b"")
    assert client.get(f"{V1}/devices/pump/p1").status == 404


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_an_unknown_device_is_not_found(client: Client, method: str) -> None:
    reply = client.call(method, f"{V1}/devices/pump/p9")
    assert (reply.status, reply.error) == (404, "CUDRS0012E")


@pytest.mark.parametrize("path", ["pump/a:b", "a:pump/b", "pump/a%23b", "pump/%2e%2e", "pump/ä"])
def test_a_path_that_only_looks_like_a_device_s_finds_none(client: Client, path: str) -> None:
    client.registered("pump", "a.b")
    client.registered("a", "pump.b")
    assert client.get(f"{V1}/devices/{path}").status == 404


def test_the_oldest_clients_name_the_organization_in_the_path(client: Client) -> None:
    base, host = f"{V1}/organizations/{client.org}", "internetofthings.ibmcloud.com"
    assert client.call("POST", f"{base}/devices", {"type": "pump", "id": "p1"}, host=host).status == 201
    assert [d["id"] for d in client.call("GET", f"{base}/devices", host=host).body] == ["p1"]
    assert client.call("DELETE", f"{base}/devices/pump/p1", host=host).status == 204


def test_another_organization_in_the_path_is_refused(client: Client) -> None:
    assert client.get(f"{V1}/organizations/zzzzzz/devices").status == 403


def test_another_organization_in_the_host_name_is_refused(client: Client) -> None:
    reply = client.call("GET", f"{V1}/devices", host="zzzzzz.internetofthings.ibmcloud.com")
    assert (reply.status, reply.error) == (403, "CUDRS0022E")


@pytest.mark.parametrize("host", ["localhost:8443", "127.0.0.1", "mobile.example.com", "", "user@localhost"])
def test_any_other_host_name_will_do(client: Client, host: str) -> None:
    assert client.call("GET", f"{V1}/devices", headers={"Host": host}).status == 200


def test_a_request_without_credentials_is_asked_for_them(client: Client) -> None:
    reply = client.call("GET", f"{V1}/devices", auth=None)
    assert (reply.status, reply.error) == (401, "CUDRS0020E")


@pytest.mark.parametrize("value", ["", "Basic", "Basic ?", "Basic eA==", "Basic eDo=", "Bearer x", "Basic /////w=="])
def test_a_header_that_holds_no_credentials_is_refused(client: Client, value: str) -> None:
    assert client.call("GET", f"{V1}/devices", headers={"Authorization": value}).status == 401


def test_a_wrong_token_is_refused(client: Client) -> None:
    name, token = client.credentials
    assert client.call("GET", f"{V1}/devices", auth=(name, token[:-1] + "x")).status == 403


def test_a_token_goes_with_its_own_key_only(client: Client) -> None:
    name, _ = client.credentials_with(Role.DEVICE_R)
    assert client.call("GET", f"{V1}/devices", auth=(name, client.token)).status == 403


def test_a_key_does_what_its_roles_allow(client: Client) -> None:
    auth = client.credentials_with(Role.DEVICE_R)
    assert client.call("GET", f"{V1}/devices", auth=auth).status == 200
    assert client.call("POST", f"{V1}/devices", {"type": "pump", "id": "p1"}, auth=auth).status == 403


def test_an_unknown_path_is_answered_in_the_same_shape(client: Client) -> None:
    reply = client.get(f"{V1}/nothing/here")
    assert (reply.status, reply.error) == (404, "CUDRS0003E")


def test_organizations_with_the_same_names_see_their_own_only(client: Client) -> None:
    other = Client(client.ports, "globex")
    client.registered(metadata={"of": "acme"})
    assert other.get(f"{V1}/devices").body == []
    other.registered(metadata={"of": "globex"})
    assert client.get(f"{V1}/devices/pump/p1").body["metadata"] == {"of": "acme"}
    assert other.call("DELETE", f"{V1}/devices/pump/p1").status == 204
    assert client.get(f"{V1}/devices/pump/p1").status == 200


def test_a_device_of_another_dialect_is_listed_with_its_properties(client: Client) -> None:
    device = Device(client.org, "urn:lo:nsid:sensor:s:1", START, START, properties={"room": "7"})
    devices.register(client.ports, device)
    (listed,) = client.get(f"{V1}/devices").body
    assert (listed["type"], listed["id"], listed["metadata"]) == ("sensor", "s.1", {"room": "7"})


def test_what_other_dialects_keep_of_a_device_survives_an_update(client: Client) -> None:
    device = Device(client.org, "urn:lo:nsid:sensor:s1", START, START, attributes={"other": {"a": 1}}, tags=("x",))
    devices.register(client.ports, device)
    client.call("PUT", f"{V1}/devices/sensor/s1", {"metadata": {"b": 2}})
    kept = devices.get(client.ports, client.org, device.id)
    assert (kept.attributes["other"], kept.tags, inventory.own(kept)) == ({"a": 1}, ("x",), {"metadata": {"b": 2}})
