"""Options of the tenant (reference, "Options")."""

import pytest

from chalicelib.dialects.cumulocity import options
from chalicelib.fleet.access.roles import Role
from tests.dialects.cumulocity.client import Client

PATH = "/tenant/options"


@pytest.fixture
def client() -> Client:
    return Client()


def put(client: Client, category: str, key: str, value: str) -> None:
    reply = client.call("POST", PATH, {"category": category, "key": key, "value": value})
    assert reply.status == 200, reply.raw
    assert reply.body["self"].endswith(f"{PATH}/{category}/{key}")


def test_an_option_is_made_changed_read_and_deleted(client: Client) -> None:
    put(client, "alarm.type.mapping", "c8y_Fire", "CRITICAL|Fire")
    one = f"{PATH}/alarm.type.mapping/c8y_Fire"
    assert client.get(one).body["value"] == "CRITICAL|Fire"
    assert client.call("PUT", one, {"value": "MAJOR"}).body["value"] == "MAJOR"
    put(client, "alarm.type.mapping", "c8y_Fire", "MINOR")
    assert client.get(one).body["value"] == "MINOR"
    assert client.call("DELETE", one).status == 204
    for method in ("GET", "DELETE"):
        assert client.call(method, one).status == 404
    assert client.call("PUT", one, {"value": "x"}).status == 404


@pytest.mark.parametrize(("category", "key"), [(".", "k"), ("..", "k"), ("c", "."), ("c", "..")])
def test_what_no_address_holds_is_no_option(client: Client, category: str, key: str) -> None:
    reply = client.call("POST", PATH, {"category": category, "key": key, "value": "v"})
    assert (reply.status, "which no address holds" in reply.message) == (422, True)
    assert client.call("PUT", f"{PATH}/c", {"fine": "v", "..": "v"}).status == 422
    assert client.get(PATH).body["options"] == []


def test_options_are_listed_and_those_of_a_category_are_values_by_key(client: Client) -> None:
    for category, key in (("b", "2"), ("a", "1"), ("b", "1")):
        put(client, category, key, f"{category}{key}")
    listed = client.get(PATH, pageSize=2, withTotalPages="true").body
    assert [(one["category"], one["key"]) for one in listed["options"]] == [("a", "1"), ("b", "1")]
    assert listed["statistics"]["totalPages"] == 2
    assert [one["key"] for one in client.get(PATH, pageSize=2, currentPage=2).body["options"]] == ["2"]
    assert client.call("PUT", f"{PATH}/b", {"2": "new", "3": "more"}).body == {"1": "b1", "2": "new", "3": "more"}
    assert client.get(f"{PATH}/b").body == {"1": "b1", "2": "new", "3": "more"}
    assert client.get(f"{PATH}/nothing").body == {}


def test_secrets_are_shown_to_nobody(client: Client) -> None:
    put(client, "sms", "credentials.password", "hidden")
    for path in (PATH, f"{PATH}/sms", f"{PATH}/sms/credentials.password"):
        reply = client.get(path)
        assert b"hidden" not in reply.raw
        assert b"<<Encrypted>>" in reply.raw


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "Following mandatory fields should be included: category,key,value"),
        ({"category": "a", "key": "b"}, "Following mandatory fields should be included: value"),
        ({"category": "", "key": "b", "value": "c"}, "category is a text of 1 to 256 characters"),
        ({"category": "a", "key": "k" * 257, "value": "c"}, "key is a text of 1 to 256 characters"),
        ({"category": "é" * 128, "key": "é" * 128, "value": "c"}, "category and key are too long together"),
        ({"category": "a", "key": "b", "value": 1}, "value is a text"),
        ({"category": "a", "key": "b", "value": "v" * 10_001}, "value has at most 10000 characters"),
    ],
)
def test_what_is_no_option_is_refused(client: Client, body: dict[str, object], message: str) -> None:
    reply = client.call("POST", PATH, body)
    assert (reply.status, reply.error, reply.message) == (422, "undefined/validationError", message)


def test_of_a_category_all_are_written_or_none(client: Client) -> None:
    assert client.call("PUT", f"{PATH}/c", {"good": "1", "bad": 2}).status == 422
    assert client.get(f"{PATH}/c").body == {}


def test_of_a_category_none_are_written_where_not_all_have_room(client: Client) -> None:
    for n in range(options.MOST - 1):
        options.put(client.ports, client.tenant.id, options.Option("c", f"{n}", ""))
    reply = client.call("PUT", f"{PATH}/c", {"0": "changed", "one more": "x", "two more": "x"})
    assert (reply.status, reply.message) == (422, "a tenant has at most 500 options")
    assert client.get(f"{PATH}/c/0").body["value"] == ""
    assert client.get(f"{PATH}/c/one%20more").status == 404
    assert client.call("PUT", f"{PATH}/c", {"0": "changed", "one more": "x"}).status == 200


def test_a_tenant_has_so_many(client: Client) -> None:
    for n in range(options.MOST):
        options.put(client.ports, client.tenant.id, options.Option("c", f"{n}", ""))
    put(client, "c", "1", "changed")
    reply = client.call("POST", PATH, {"category": "c", "key": "more", "value": ""})
    assert (reply.status, reply.message) == (422, "a tenant has at most 500 options")


def test_options_need_the_roles_of_settings(client: Client) -> None:
    put(client, "c", "k", "v")
    reader = client.credentials_with(Role.SETTINGS_R)
    assert client.call("GET", PATH, auth=reader).status == 200
    assert client.call("PUT", f"{PATH}/c/k", {"value": "x"}, auth=reader).status == 403
    assert client.call("GET", PATH, auth=client.credentials_with(Role.DEVICE_R)).status == 403
    assert not Client(client.ports, "other").get(PATH).body["options"]


def test_what_holds_for_every_tenant_is_read(client: Client) -> None:
    path = "/tenant/system/options"
    (one,) = client.get(path).body["options"]
    assert (one["category"], one["key"], int(one["value"]) > 4_000_000) == ("files", "max.size", True)
    assert client.get(f"{path}/files/max.size").body == one
    assert client.get(f"{path}/files/none").status == 404
