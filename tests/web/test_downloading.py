"""`/dl/{token}` through API Gateway's events and Chalice."""

import hashlib
import io
from collections.abc import Mapping

import pytest

from chalicelib.fleet.resources.links import LINK_VALID, token
from chalicelib.fleet.resources.records import CARRIED, Link
from chalicelib.web import downloading
from infra.local.api_gateway import ApiGateway
from infra.local.http_server import RAW_HEADERS
from tests.dialects.served import application
from tests.fakes import MemoryPorts

CONTENT = bytes(range(256)) * 9
MD5 = hashlib.md5(CONTENT, usedforsecurity=False).hexdigest()


class Site:
    def __init__(self) -> None:
        self.ports = MemoryPorts()
        app = application([downloading.API], lambda: self.ports)
        self.gateway = ApiGateway(app, function_arn="arn:aws:lambda:x:1:function:api", account="1", ready=lambda: True)
        self.token = self.link(CONTENT)

    def link(self, content: bytes) -> str:
        name = f"file{len(self.ports.links.rows)}"
        self.ports.files.put(name, content)
        made = Link(
            token(self.ports.chance(17)),
            name,
            len(content),
            hashlib.md5(content, usedforsecurity=False).hexdigest(),
            self.ports.clock.now() + LINK_VALID * 1000,
        )
        self.ports.links.put(made)
        return made.token

    def ask(self, name: str | None = None, method: str = "GET", **headers: str) -> tuple[int, Mapping[str, str], bytes]:
        environ = {
            "REQUEST_METHOD": method,
            "REQUEST_URI": f"/dl/{name or self.token}",
            "QUERY_STRING": "",
            RAW_HEADERS: list(headers.items()),
            "wsgi.input": io.BytesIO(b""),
        }
        started: list[tuple[str, list[tuple[str, str]]]] = []
        body = b"".join(self.gateway(environ, lambda status, sent: started.append((status, sent))))
        status, sent = started[0]
        return int(status.split()[0]), dict(sent), body


@pytest.fixture
def site() -> Site:
    return Site()


@pytest.mark.parametrize("accept", [{}, {"Accept": "*/*"}, {"Accept": "text/html"}])
def test_a_file_comes_as_it_is(site: Site, accept: dict[str, str]) -> None:
    status, headers, body = site.ask(**accept)
    assert (status, body) == (200, CONTENT)
    assert headers["Content-Length"] == str(len(CONTENT))
    assert headers["Content-Type"] == "application/octet-stream"
    assert headers["ETag"] == f'"{MD5}"'


def test_head_tells_the_length_without_reading_the_file(site: Site) -> None:
    site.ports.files.rows.clear()
    status, headers, body = site.ask(method="HEAD")
    assert (status, body, headers["ETag"]) == (200, b"", f'"{MD5}"')
    assert headers["Content-Length"] == str(len(CONTENT))


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [("bytes=0-0", 0, 0), ("bytes=10-", 10, 2303), ("bytes=-4", 2300, 2303), ("bytes=2300-9999", 2300, 2303)],
)
def test_a_download_is_resumed(site: Site, asked: str, first: int, last: int) -> None:
    status, headers, body = site.ask(Range=asked)
    assert (status, body) == (206, CONTENT[first : last + 1])
    assert headers["Content-Range"] == f"bytes {first}-{last}/{len(CONTENT)}"


@pytest.mark.parametrize("asked", ["bytes=0-1,5-6", "bytes=5-4", "lines=1-2", "bytes=-", "bytes=²-", "bytes=٣-٤"])
def test_what_is_no_single_range_gets_all(site: Site, asked: str) -> None:
    assert site.ask(Range=asked)[0::2] == (200, CONTENT)


@pytest.mark.parametrize("asked", ["bytes=2304-", "bytes=9999-10000", "bytes=-0"])
def test_a_range_beyond_the_end_is_refused(site: Site, asked: str) -> None:
    status, headers, _ = site.ask(Range=asked)
    assert (status, headers["Content-Range"]) == (416, f"bytes */{len(CONTENT)}")


def test_an_empty_file_is_a_file(site: Site) -> None:
    status, headers, body = site.ask(site.link(b""))
    assert (status, body, headers["Content-Length"]) == (200, b"", "0")


@pytest.mark.parametrize("name", ["x", "0" * 26, "0" * 25 + "%C2%B2", "%00", "Z" * 26])
def test_an_unknown_link_is_404(site: Site, name: str) -> None:
    status, headers, body = site.ask(name)
    assert status == 404
    assert headers["Content-Type"] == "application/json"
    assert b'"code"' in body


def test_a_link_ends(site: Site) -> None:
    site.ports.clock.advance(seconds=LINK_VALID - 1)
    assert site.ask()[0] == 200
    site.ports.clock.advance(seconds=1)
    assert site.ask()[0] == 404


def test_the_link_of_a_deleted_file_is_404(site: Site) -> None:
    site.ports.files.delete("file0")
    assert site.ask()[0] == 404


def test_what_lambda_cannot_answer_is_read_in_ranges_or_elsewhere(site: Site) -> None:
    content = bytes(CARRIED + 1)
    big = site.link(content)
    status, headers, _ = site.ask(big)
    assert status == 307
    assert headers["Location"].startswith("https://files.test/")
    status, headers, body = site.ask(big, Range="bytes=1-")
    assert (status, len(body), headers["Content-Range"]) == (206, CARRIED, f"bytes 1-{CARRIED}/{CARRIED + 1}")
    status, headers, body = site.ask(big, Range="bytes=0-")
    assert (status, body) == (307, b"")
    assert site.ask(site.link(bytes(CARRIED)))[0] == 200
