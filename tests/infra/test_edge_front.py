"""What the edge serves of HTTP: downloads by itself, every other path from the stage's API."""

import json
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPResponse
from typing import Any

import pytest
import requests

from infra.edge.front import MAX_BODY, Front, with_health
from infra.local.http_server import RAW_HEADERS, HttpServer, bind
from tests.clients import PATIENCE_S

LARGE = bytes(range(256)) * 40_000


def api(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    """A stage's API: it shows what it got; a large file is elsewhere."""
    path, method = environ["PATH_INFO"], environ["REQUEST_METHOD"]
    if path == "/api/dl/large":
        start_response("307 Temporary Redirect", [("Location", f"http://{environ['HTTP_HOST']}/store"), *EMPTY])
        return []
    if path == "/store":
        assert method == "GET", "a signed URL opens for nothing else"
        start_response("200 OK", [("Content-Length", str(len(LARGE))), ("ETag", '"e"')])
        return [LARGE]
    if path == "/api/gone":
        start_response("404 Not Found", [("X-Own", "a"), ("Set-Cookie", "1"), ("Set-Cookie", "2"), *EMPTY])
        return []
    shown = {
        "method": method,
        "uri": environ["REQUEST_URI"],
        "headers": [[name.lower(), value] for name, value in environ[RAW_HEADERS]],
        "body": environ["wsgi.input"].read().decode(),
    }
    body = json.dumps(shown).encode()
    start_response("200 OK", [("Content-Length", str(len(body))), ("Content-Type", "application/json")])
    return [body]


EMPTY = [("Content-Length", "0")]


@contextmanager
def serving(application: Any) -> Iterator[str]:
    """With the bound of body that a front has, or the API's."""
    listener = bind("127.0.0.1", 0)
    server = HttpServer(
        application, listener, name="test", threads=2, max_body=getattr(application, "max_body", MAX_BODY)
    )
    server.start()
    yield f"http://127.0.0.1:{server.port}"
    server.stop(2)
    listener.close()


@pytest.fixture(scope="module")
def behind() -> Iterator[str]:
    with serving(api) as url:
        yield f"{url}/api"


@pytest.fixture(scope="module")
def front(behind: str) -> Iterator[str]:
    with serving(Front(behind, everything=True)) as url:
        yield url


@pytest.fixture(scope="module")
def plain(behind: str) -> Iterator[str]:
    with serving(Front(behind, everything=False)) as url:
        yield url


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_a_request_reaches_the_api_as_it_was_sent(front: str, behind: str, method: str) -> None:
    answer = requests.request(
        method,
        f"{front}/v1/things/a%2Fb?x=1&x=%7C",
        data=b"body" if method in {"POST", "PUT", "PATCH"} else None,
        headers={"X-API-Key": "k", "Accept-Encoding": "gzip"},
        timeout=PATIENCE_S,
    ).json()
    headers = dict(answer["headers"])
    assert (answer["method"], answer["uri"]) == (method, "/api/v1/things/a%2Fb?x=1&x=%7C")
    assert answer["body"] == ("body" if method in {"POST", "PUT", "PATCH"} else "")
    assert (headers["x-api-key"], headers["accept-encoding"]) == ("k", "gzip")
    assert headers["host"] == behind.removeprefix("http://").removesuffix("/api")
    assert headers["x-forwarded-for"] == "127.0.0.1"


def test_who_the_client_says_it_is_is_not_passed_on(front: str) -> None:
    answer = requests.get(front, headers={"X-Forwarded-For": "10.9.8.7"}, timeout=PATIENCE_S).json()
    assert [value for name, value in answer["headers"] if name == "x-forwarded-for"] == ["127.0.0.1"]


def test_an_answer_comes_back_as_it_was(front: str) -> None:
    answer = requests.get(f"{front}/gone", timeout=PATIENCE_S)
    assert (answer.status_code, answer.headers["X-Own"]) == (404, "a")
    assert answer.raw.headers.getlist("Set-Cookie") == ["1", "2"]


@pytest.mark.parametrize("door", ["front", "plain"])
def test_a_file_that_lambda_cannot_carry_comes_without_a_redirect(request: pytest.FixtureRequest, door: str) -> None:
    url = f"{request.getfixturevalue(door)}/dl/large"
    answer = requests.get(url, allow_redirects=False, timeout=PATIENCE_S)
    assert (answer.status_code, answer.headers["Content-Length"]) == (200, str(len(LARGE)))
    assert answer.content == LARGE
    head = requests.head(url, allow_redirects=False, timeout=PATIENCE_S)
    assert (head.status_code, head.headers["Content-Length"], head.content) == (200, str(len(LARGE)), b"")


def test_without_tls_there_are_downloads_and_nothing_else(plain: str) -> None:
    assert requests.get(f"{plain}/dl/small", timeout=PATIENCE_S).json()["uri"] == "/api/dl/small"
    for path in ("/", "/v1/things", "/dl", "/api/dl/x"):
        assert requests.get(plain + path, headers={"X-API-Key": "k"}, timeout=PATIENCE_S).status_code == 403
    assert requests.post(f"{plain}/dl/small", timeout=PATIENCE_S).status_code == 405


ESCAPES = (
    "@{}/x",
    ":80@{}/x",
    "{}",
    "\\\\@{}/x",
    "#@{}/x",
    "?@{}/x",
    "*",
    "http:{}/x",
    "ftp://{}/x",
    "user:pass@{}/x",
)


@pytest.mark.parametrize("escape", ESCAPES)
def test_a_request_goes_to_the_api_and_to_no_other_host(front: str, escape: str) -> None:
    """A base URL with any of these behind it would name another host, or none."""
    with serving(api) as other:
        assert sent(front, escape.format(other.removeprefix("http://"))) == (400, None)


@pytest.mark.parametrize(
    ("target", "asked"),
    [
        ("http://elsewhere.example/v1/x?y=1", "/api/v1/x?y=1"),
        ("HTTPS://u:p@elsewhere.example:1/v1/x", "/api/v1/x"),
        ("http://elsewhere.example?y=1", "/api/?y=1"),
        ("//elsewhere.example/v1/x", "/api//elsewhere.example/v1/x"),
        ("/@elsewhere.example/v1/x", "/api/@elsewhere.example/v1/x"),
        ("/v1/x?next=http://elsewhere.example/../y", "/api/v1/x?next=http://elsewhere.example/../y"),
        ("/v1/.../a..b/.c", "/api/v1/.../a..b/.c"),
    ],
)
def test_what_looks_like_another_host_is_a_path_of_the_api(front: str, target: str, asked: str) -> None:
    assert sent(front, target) == (200, asked)


CLIMBS = ("..", "%2e%2e", ".%2E", "x/../..", "x/%2e%2e%2f..", "..\\..", "..%5c", ".", "/..", "x/..")


@pytest.mark.parametrize("climb", CLIMBS)
@pytest.mark.parametrize("door", ["front", "plain"])
def test_no_path_leads_out_of_what_was_asked_for(request: pytest.FixtureRequest, door: str, climb: str) -> None:
    """Without TLS `/dl/../v1` would be a request with a key that everybody on the way can read."""
    for target in (f"/dl/{climb}/v1/things", f"http://elsewhere.example/dl/{climb}/v1/things", f"/{climb}"):
        assert sent(request.getfixturevalue(door), target) == (400, None)


@pytest.mark.parametrize(
    ("door", "length", "status"), [("plain", 8_192, 413), ("plain", 0, 200), ("front", 8_192, 200)]
)
def test_a_request_for_a_file_has_no_body(request: pytest.FixtureRequest, door: str, length: int, status: int) -> None:
    url = request.getfixturevalue(door)
    assert requests.get(f"{url}/dl/small", data=b"x" * length, timeout=PATIENCE_S).status_code == status


@pytest.mark.parametrize("door", ["front", "plain"])
@pytest.mark.parametrize("names", ["", "Host: a\r\nHost: b\r\n", "Host: a\r\nX-Key: k\r\nhost: a\r\n"])
def test_a_request_names_one_host(request: pytest.FixtureRequest, door: str, names: str) -> None:
    heard = heard_of(request.getfixturevalue(door), f"GET /dl/x HTTP/1.1\r\n{names}\r\n")
    assert heard.startswith(b"HTTP/1.1 400 ")
    assert b"a request names one Host" in heard


def test_http_1_0_needs_no_host(front: str) -> None:
    assert heard_of(front, "GET /x HTTP/1.0\r\n\r\n").startswith(b"HTTP/1.0 200 ")


@pytest.mark.parametrize(
    "head",
    [
        "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n",
        "POST /x HTTP/1.1\r\nHost: a\r\ntransfer-encoding: chunked\r\ncontent-length: 0\r\n",
        "POST /x HTTP/1.1\r\nHost: a\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\nContent-Length: 90\r\n",
        "POST /x HTTP/1.0\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n",
    ],
)
def test_behind_a_body_of_two_lengths_comes_no_other_request(front: str, head: str) -> None:
    heard = heard_of(front, f"{head}\r\n2\r\n{{}}\r\n0\r\n\r\nGET /behind HTTP/1.1\r\nHost: a\r\n\r\n")
    assert heard.split(b"\r\n")[0].endswith(b" 200 OK")
    assert heard.count(b"HTTP/1.") == 1
    assert b"\r\nConnection: close\r\n" in heard


def heard_of(url: str, said: str) -> bytes:
    """All that is answered until the server closes the connection."""
    host, port = url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), PATIENCE_S) as connection:
        connection.sendall(said.encode())
        return b"".join(iter(lambda: connection.recv(4_096), b""))


def sent(url: str, target: str) -> tuple[int, str | None]:
    """The status, and what the API was asked for, of a request whose target stays as it is."""
    host, _, port = url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), PATIENCE_S) as connection:
        connection.sendall(f"GET {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        with HTTPResponse(connection) as answer:
            answer.begin()
            told = json.loads(answer.read())
            return answer.status, told.get("uri")


def test_an_api_that_is_away_is_502() -> None:
    with (
        bind("127.0.0.1", 0) as closed,
        serving(Front(f"http://127.0.0.1:{closed.getsockname()[1]}", everything=True)) as url,
    ):
        assert requests.get(url, timeout=PATIENCE_S).status_code == 502


@pytest.mark.parametrize(("failing", "status"), [([], 200), (["mqtt"], 503)])
def test_health_is_the_edges_own_answer(failing: list[str], status: int) -> None:
    with serving(with_health(api, lambda: failing)) as url:
        answer = requests.get(f"{url}/health", timeout=PATIENCE_S)
        assert answer.status_code == status
        assert answer.json().get("failing", []) == failing
        assert requests.get(url, timeout=PATIENCE_S).json()["uri"] == "/"
