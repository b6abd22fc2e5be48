"""Dumps: whole or in pieces, as they are or in a form (Send Dump, Append Dump File)."""

import pytest

from chalicelib.dialects.xyte import dumps
from chalicelib.fleet.documents import Record
from tests.dialects.xyte.claimed import Owned, owning
from tests.dialects.xyte.client import Reply

OF_ORGANIZATION = "/core/v1/organization/devices/{}/dumps"
FORM = b'--b\r\nContent-Disposition: form-data; name="data"; filename="x"\r\n\r\nin a form\r\n--b--\r\n'


@pytest.fixture
def owned() -> Owned:
    return owning()


def send(owned: Owned, body: bytes, path: str = "text%2Fplain/log.txt", kind: str = "text/plain") -> Reply:
    return owned.device.call("POST", f"/dumps/{path}", raw=body, headers={"Content-Type": kind})


def append(owned: Owned, dump: str, body: bytes, kind: str = "application/octet-stream") -> Reply:
    return owned.device.call("PUT", f"/dumps/{dump}", raw=body, headers={"Content-Type": kind})


def listed(owned: Owned) -> list[dict[str, object]]:
    return list(owned.organization.call("GET", OF_ORGANIZATION.format(owned.device.id)).body["items"])


def content(owned: Owned) -> bytes:
    return b"".join(owned.ports.files.rows[name] for name in owned.ports.files.rows if name.startswith(dumps.PREFIX))


@pytest.mark.row("I5")
def test_a_dump_is_sent_and_goes_on_and_its_owner_finds_it(owned: Owned) -> None:
    reply = send(owned, b"first \xff")
    assert (reply.status, reply.body) == (201, {"id": reply.body["id"], "length": 7})
    more = append(owned, reply.body["id"], b"second")
    assert (more.status, more.body) == (200, {"id": reply.body["id"], "length": 13})
    assert content(owned) == b"first \xffsecond"
    (found,) = listed(owned)
    urls = found["urls"]
    assert isinstance(urls, list)
    assert len(urls) == 2
    assert {name: found[name] for name in ("mime_type", "filename", "length")} == {
        "mime_type": "text/plain",
        "filename": "log.txt",
        "length": 13,
    }


@pytest.mark.parametrize("kind", ["multipart/form-data; boundary=b", "multipart/form-data"])
def test_it_may_come_in_a_form(owned: Owned, kind: str) -> None:
    reply = send(owned, FORM, kind=kind)
    assert (reply.status, reply.body["length"]) == (201, 9)
    assert append(owned, reply.body["id"], FORM, kind).body["length"] == 18
    assert content(owned) == b"in a formin a form"


def test_a_form_without_the_field_is_told_so(owned: Owned) -> None:
    assert send(owned, FORM.replace(b"data", b"file"), kind="multipart/form-data; boundary=b").status == 422


@pytest.mark.parametrize("path", ["text/plain/log.txt", "[object%20Object]", "x", ""])
def test_other_paths_lead_nowhere(owned: Owned, path: str) -> None:
    reply = send(owned, b"x", path)
    assert (reply.status, list(reply.body)) == (404 if "/" in path or not path else 405, ["error"])


def test_what_an_agent_takes_for_an_id_is_not_found(owned: Owned) -> None:
    reply = append(owned, "[object%20Object]", b"x")
    assert (reply.status, reply.body) == (404, {"error": "Dump not found"})


def test_the_whole_has_a_limit_and_so_has_a_request(owned: Owned) -> None:
    piece = b"x" * (4 * 1024 * 1024)
    dump = send(owned, piece).body["id"]
    for _ in range(4):
        assert append(owned, dump, piece).status == 200
    assert append(owned, dump, b"x").status == 413
    assert send(owned, b"x" * (5 * 1024 * 1024)).status == 413
    assert len(content(owned)) == dumps.LARGEST


def test_two_pieces_at_once_are_both_kept(owned: Owned) -> None:
    dump, replace = send(owned, b"1").body["id"], owned.ports.records.replace

    others = [b"22"]

    def meanwhile(old: Record, new: Record) -> bool:
        if others:
            append(owned, dump, others.pop())
        return replace(old, new)

    owned.ports.records.replace = meanwhile  # type: ignore[method-assign]
    assert append(owned, dump, b"333").body["length"] == 6
    assert listed(owned)[0]["length"] == 6


def test_others_have_none_of_it(owned: Owned) -> None:
    dump = send(owned, b"x").body["id"]
    stranger = owning(ports=owned.ports, name="strangers", mac="00:00:00:00:00:03", sn="SN-3")
    assert append(stranger, dump, b"y").status == 404
    path = OF_ORGANIZATION.format(owned.device.id)
    assert stranger.organization.call("GET", path).status == 404
    unclaimed = owned.organization.register(owned.model, mac="00:00:00:00:00:09", sn="SN-9")
    assert unclaimed.call("POST", "/dumps/a%2Fb/c", raw=b"x").status == 422


def test_what_is_forgotten_leaves_nothing(owned: Owned) -> None:
    send(owned, b"x")
    dumps.forget(owned.ports, owned.tenant, owned.urn)
    assert (listed(owned), content(owned)) == ([], b"")
