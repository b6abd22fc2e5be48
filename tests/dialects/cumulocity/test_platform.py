"""What every request meets: credentials, the shape of errors, where links lead."""

import pytest

from chalicelib.dialects.cumulocity import ROOTS
from tests.dialects.cumulocity.client import Client


@pytest.fixture
def client() -> Client:
    return Client()


def test_the_platform_says_where_its_parts_are(client: Client) -> None:
    told = client.get("/platform").body
    assert told["inventory"]["managedObjects"]["self"].endswith("://acme.example.com/inventory/managedObjects")
    assert told["identity"]["externalId"].endswith("/identity/externalIds/{type}/{externalId}")
    assert told["deviceControl"] == client.get("/devicecontrol").body


def test_the_tenant_is_that_of_the_credentials(client: Client) -> None:
    assert client.get("/tenant/currentTenant").body["name"] == client.tenant.id
    key = ("whoever", client.secret)
    assert client.call("GET", "/tenant/currentTenant", auth=key).body["name"] == client.tenant.id


@pytest.mark.parametrize(
    "auth",
    [None, ("acme/someone", "wrong"), ("t0/someone", ""), ("nobody", "x" * 32)],
    ids=["none", "another password", "an empty one", "an unknown key"],
)
def test_who_is_not_known_is_told_so_in_the_vendors_shape(client: Client, auth: tuple[str, str] | None) -> None:
    reply = client.call("GET", "/tenant/currentTenant", auth=auth)
    assert (reply.status, reply.error) == (401, "security/Unauthorized")
    assert reply.message == "Invalid credentials! : Bad credentials"


def test_a_key_of_another_tenant_is_not_good_here(client: Client) -> None:
    other = Client(client.ports, "other")
    assert client.call("GET", "/platform", auth=(f"{other.tenant.id}/someone", client.secret)).status == 401


def test_a_tenant_that_was_not_enabled_has_no_such_api() -> None:
    assert Client(enabled=False).get("/tenant/currentTenant").status == 401


@pytest.mark.parametrize("root", ROOTS)
def test_an_unknown_path_is_not_found_at_any_depth(client: Client, root: str) -> None:
    reply = client.get(f"/{root}/nothing/of/the/kind/is/here")
    assert (reply.status, set(reply.body)) == (404, {"error", "message", "info"})


def test_a_method_that_is_not_there_names_those_that_are(client: Client) -> None:
    reply = client.call("PATCH", "/platform")
    assert (reply.status, reply.headers["Allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize("path", ["/inventory//managedObjects/", "/inventory/managedObjects//"])
def test_slashes_too_many_count_for_nothing(path: str) -> None:
    assert Client().get(path, pageSize=1, withTotalPages="true").body["statistics"]["totalPages"] == 0


def test_a_post_may_be_meant_as_another_method() -> None:
    client = Client()
    number = client.made("/inventory/managedObjects", {"name": "a"})["id"]
    one = f"/inventory/managedObjects/{number}"
    changed = client.call("POST", one, {"name": "b"}, headers={"X-HTTP-METHOD": "PUT"})
    assert (changed.status, changed.body["name"]) == (200, "b")
    assert client.call("GET", one, headers={"X-HTTP-METHOD": "DELETE"}).body["name"] == "b"
    assert client.call("POST", one, headers={"X-Http-Method": "delete"}).status == 204
    assert client.get(one).status == 404
    assert client.call("POST", one, headers={"X-HTTP-METHOD": "FLY"}).status == 405


@pytest.mark.parametrize(
    "host",
    [
        "c8y.eu-west-3.example.com.cn",
        "acme.example.com:8443",
        "192.0.2.7:80",
        "[2001:db8::1]:443",
        "iot_1",
        "example.com.",
    ],
)
def test_addresses_are_of_the_host_that_was_asked(host: str) -> None:
    body = Client().call("GET", "/inventory/managedObjects", headers={"Host": host}).body
    assert body["self"].partition("://")[2].startswith(f"{host}/inventory/managedObjects")


@pytest.mark.parametrize(
    "host",
    [
        "evil.example/x",
        "a@b.example",
        "a b",
        "<script>",
        "a:b",
        "a:80:80",
        "[::1",
        "a?x",
        "a#x",
        "a\\b",
        "-a",
        "x" * 256,
        "\u00e9.example",
    ],
)
def test_what_is_no_host_is_refused_and_stands_in_no_address(host: str) -> None:
    client = Client()
    reply = client.call("GET", "/inventory/managedObjects", headers={"Host": host})
    assert (reply.status, reply.error) == (400, "general/badRequest")
    public = client.call("GET", "/tenant/loginOptions", auth=None, headers={"Host": host})
    assert host not in public.raw.decode()


def test_how_it_came_is_for_the_gateway_to_say() -> None:
    body = Client().call("GET", "/platform", headers={"X-Forwarded-Proto": "javascript"}).body
    assert body["self"].partition("://")[0] in ("http", "https")
