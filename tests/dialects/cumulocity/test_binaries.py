"""Files as managed objects (reference, "Binaries")."""

from typing import Any

import pytest

from chalicelib.fleet import sweeping
from chalicelib.fleet.resources import attachments
from chalicelib.fleet.resources.records import CARRIED
from tests.dialects.cumulocity.client import Client, Reply
from tests.dialects.cumulocity.forms import HEADERS, WITHOUT_BOUNDARY, form

pytestmark = pytest.mark.row("G3")

PATH, OBJECTS = "/inventory/binaries", "/inventory/managedObjects"
BYTES = bytes(range(256)) + b"\r\n--\r\n"
HOUR = 3_600_000


@pytest.fixture
def client() -> Client:
    return Client()


def upload(client: Client, content: bytes = BYTES, told: Any = None, **how: Any) -> Reply:
    return client.call("POST", PATH, raw=form(content, told, **how), headers=HEADERS)


def made(client: Client, content: bytes = BYTES, told: Any = None, **how: Any) -> str:
    reply = upload(client, content, told, **how)
    assert reply.status == 201, reply.raw
    return str(reply.body["id"])


def test_what_is_uploaded_is_an_object_and_comes_back_as_it_was(client: Client) -> None:
    reply = upload(client, told={"name": "fw.bin", "type": "c8y_upload", "mine": {"a": 1}}, kind="image/png")
    assert reply.status == 201
    body = reply.body
    assert (body["name"], body["type"], body["contentType"], body["length"]) == (
        "fw.bin",
        "c8y_upload",
        "image/png",
        len(BYTES),
    )
    assert (body["c8y_IsBinary"], body["mine"]) == ({}, {"a": 1})
    assert reply.headers["Location"] == body["self"] == f"http://acme.example.com{PATH}/{body['id']}"
    found = client.get(f"{PATH}/{body['id']}")
    assert (found.status, found.raw, found.headers["Content-Type"]) == (200, BYTES, "image/png")
    assert found.headers["Content-Disposition"] == 'attachment; filename="fw.bin"'
    assert (found.headers["X-Content-Type-Options"], "sandbox" in found.headers["Content-Security-Policy"]) == (
        "nosniff",
        True,
    )
    assert client.get(f"{OBJECTS}/{body['id']}").body["length"] == len(BYTES)
    assert client.call("POST", PATH, raw=form(b"x"), headers=HEADERS, accept=None).raw == b""


@pytest.mark.parametrize(
    ("told", "how", "name", "kind"),
    [
        (None, {}, None, "application/octet-stream"),
        (None, {"name": "a.txt", "kind": "text/plain"}, "a.txt", "text/plain"),
        ({"name": "b", "type": "text/plain"}, {"name": "a"}, "b", "text/plain"),
        ('{ "name": "c", type: "text/plain" }', {"name": "a"}, "a", "application/octet-stream"),
        ('["no object"]', {"name": "a"}, "a", "application/octet-stream"),
        ({"name": "b"}, {"kind": "text/plain; charset=utf-8"}, "b", "text/plain; charset=utf-8"),
        ({"name": "b"}, {"kind": "no type"}, "b", "application/octet-stream"),
    ],
)
def test_a_form_says_as_much_as_it_does(
    client: Client, told: Any, how: dict[str, str], name: str | None, kind: str
) -> None:
    body = upload(client, b"hello", told, **how).body
    assert (body.get("name"), body["contentType"]) == (name, kind)
    found = client.get(f"{PATH}/{body['id']}")
    assert (found.raw, found.headers["Content-Type"]) == (b"hello", kind)
    assert found.headers["Content-Disposition"] == f'attachment; filename="{name or body["id"]}"'


def test_the_boundary_may_be_missing_and_names_may_be_of_any_script(client: Client) -> None:
    sent = form(b"x", {"name": 'ü "q"\r\n.txt'})
    body = client.call("POST", PATH, raw=sent, headers=WITHOUT_BOUNDARY).body
    said = client.get(f"{PATH}/{body['id']}").headers["Content-Disposition"]
    assert said == "attachment; filename=\"? _q_.txt\"; filename*=UTF-8''%C3%BC%20%22q%22.txt"


def test_parts_of_a_file_are_read_alone(client: Client) -> None:
    path = f"{PATH}/{made(client, b'0123456789')}"

    def part(asked: str) -> tuple[int, bytes, str | None]:
        reply = client.call("GET", path, headers={"Range": asked})
        return reply.status, reply.raw, reply.headers.get("Content-Range")

    assert part("bytes=2-4") == (206, b"234", "bytes 2-4/10")
    assert part("bytes=8-") == (206, b"89", "bytes 8-9/10")
    assert part("bytes=-3") == (206, b"789", "bytes 7-9/10")
    assert part("bytes=10-")[0] == 416
    assert part("lines=1-2") == (200, b"0123456789", None)
    assert client.get(f"{PATH}/{made(client, b'')}").raw == b""


def test_a_file_is_replaced_and_deleted_with_its_object(client: Client) -> None:
    number = made(client, b"old", {"name": "a.txt"})
    changed = client.call("PUT", f"{PATH}/{number}", raw=b"newer", headers={"Content-Type": "text/plain"})
    assert (changed.status, changed.body["length"], changed.body["contentType"]) == (201, 5, "text/plain")
    assert client.get(f"{PATH}/{number}").raw == b"newer"
    assert client.get(f"{PATH}/{number}").headers["Content-Disposition"] == 'attachment; filename="a.txt"'
    assert len(client.ports.files.rows) == 1
    assert client.call("DELETE", f"{PATH}/{number}").status == 204
    assert (client.get(f"{PATH}/{number}").status, client.get(f"{OBJECTS}/{number}").status) == (404, 404)
    assert not client.ports.files.rows
    other = made(client)
    assert client.call("DELETE", f"{OBJECTS}/{other}").status == 204
    assert not client.ports.files.rows


def test_a_file_goes_with_the_object_that_it_is_below(client: Client) -> None:
    number = made(client)
    parent = client.made(OBJECTS, {"name": "package"})["id"]
    client.made(f"{OBJECTS}/{parent}/childAdditions", {"managedObject": {"id": number}})
    assert client.call("DELETE", f"{OBJECTS}/{parent}", forceCascade="true").status == 204
    assert not client.ports.files.rows


def test_files_are_listed_and_nothing_else_is(client: Client) -> None:
    first, second = made(client, told={"name": "a", "type": "x"}), made(client, told={"name": "b"})
    other = client.made(OBJECTS, {"name": "no file"})["id"]
    body = client.get(PATH, withTotalPages="true").body
    assert [one["id"] for one in body["managedObjects"]] == [first, second]
    assert (body["statistics"]["totalPages"], body["managedObjects"][0]["self"].rpartition("/")[0]) == (
        1,
        f"http://acme.example.com{PATH}",
    )
    assert [one["id"] for one in client.get(PATH, type="x").body["managedObjects"]] == [first]
    assert [one["id"] for one in client.get(PATH, ids=f"{other},{second}").body["managedObjects"]] == [second]
    assert len(client.get(PATH, pageSize=1).body["managedObjects"]) == 1


def test_what_is_no_file_is_refused(client: Client) -> None:
    plain = client.made(OBJECTS, {"name": "no file"})["id"]
    for method in ("GET", "PUT", "DELETE"):
        assert client.call(method, f"{PATH}/{plain}", raw=b"x").status == 404
        assert client.call(method, f"{PATH}/12", raw=b"x").status == 404
    assert client.get(f"{OBJECTS}/{plain}").status == 200
    missing = form(b"x").replace(b'name="file"', b'name="data"')
    reply = client.call("POST", PATH, raw=missing, headers=HEADERS)
    assert (reply.status, reply.message) == (422, "Following mandatory fields should be included: file")
    assert client.call("POST", PATH, raw=b"no form", headers=WITHOUT_BOUNDARY).status == 422
    assert client.call("POST", PATH, raw=form(b"x", {"$bad": 1}), headers=HEADERS).status == 422
    assert client.call("POST", PATH, raw=form(bytes(CARRIED)), headers=HEADERS).status == 413
    assert not client.ports.files.rows


def test_a_file_of_another_tenant_is_not_there(client: Client) -> None:
    stranger = Client(client.ports, "stranger")
    number = made(client)
    for method in ("GET", "PUT", "DELETE"):
        assert stranger.call(method, f"{PATH}/{number}", raw=b"x").status == 404
    assert stranger.get(PATH).body["managedObjects"] == []
    assert client.get(f"{PATH}/{number}").raw == BYTES


def test_an_upload_that_nobody_came_to_name_is_removed(client: Client) -> None:
    number = made(client)
    kept = set(client.ports.files.rows)
    # As of a function that died between the file and its object.
    found = client.ports.objects.rows.pop((client.tenant.id, number))
    client.ports.clock.advance(ms=HOUR)
    sweeping.sweep(client.ports)
    assert not client.ports.files.rows
    client.ports.objects.rows[client.tenant.id, number] = found
    other = made(client)
    client.ports.clock.advance(ms=HOUR)
    sweeping.sweep(client.ports)
    assert attachments.UPLOADS.count(client.ports, client.tenant.id) == 0
    assert client.get(f"{PATH}/{other}").raw == BYTES
    assert kept.isdisjoint(client.ports.files.rows)


def test_a_page_of_somebodys_file_does_not_run(client: Client) -> None:
    number = made(client, b"<script>alert(1)</script>", {"name": "a.html"}, kind="text/html")
    headers = client.get(f"{PATH}/{number}").headers
    assert headers["Content-Disposition"].startswith("attachment")
    assert headers["Content-Security-Policy"].startswith("sandbox")


@pytest.mark.parametrize(
    "said", [{"c8y_IsBinary": None}, {"length": 9}, {"contentType": "text/html"}, {"length": None, "contentType": None}]
)
def test_what_the_file_is_is_not_said_by_its_object(client: Client, said: dict[str, Any]) -> None:
    number = made(client, told={"name": "fw.bin", "mine": 1}, kind="image/png")
    before = client.get(f"{OBJECTS}/{number}").body
    assert client.call("PUT", f"{OBJECTS}/{number}", {**said, "mine": 2}).status == 200
    assert client.call("PUT", OBJECTS, {"managedObjects": [{"id": number, **said}]}).status == 200
    after = client.get(f"{OBJECTS}/{number}").body
    assert {**after, "lastUpdated": ""} == {**before, "mine": 2, "lastUpdated": ""}
    assert [one["id"] for one in client.get(PATH).body["managedObjects"]] == [number]


def test_an_object_without_a_file_says_of_one_what_it_likes_and_is_none(client: Client) -> None:
    number = client.made(OBJECTS, {"c8y_IsBinary": {}, "length": 5})["id"]
    assert client.call("PUT", f"{OBJECTS}/{number}", {"length": 6}).body["length"] == 6
    assert client.get(PATH).body["managedObjects"] == []
    assert client.get(f"{PATH}/{number}").status == 404
