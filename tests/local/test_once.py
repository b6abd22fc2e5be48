"""The link that signs in to the console of a local stack: once, for a minute, from this machine."""

import io
import json
from collections.abc import Iterable
from typing import Any

import pytest

from infra.local.http_server import RAW_HEADERS, StartResponse
from infra.local.once import LASTS_S, PATH, OneTimeSignIn

KEY = "0123456789abcdef0123456789abcdef"


class Asking:
    """Asks a sign-in whose clock stands still unless `now` is moved."""

    def __init__(self, peer: str | None = None) -> None:
        self.now = 1000.0
        numbers = iter(range(100))
        self.door = OneTimeSignIn(
            self._other,
            lambda: KEY,
            peer_of=lambda _port: peer,
            now=lambda: self.now,
            chance=lambda: f"code-{next(numbers)}",
        )
        self.status = ""

    def ask(self, body: Any = None, *, method: str = "POST", path: str = PATH, **fields: str) -> Any:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        key = fields.pop("key", None)
        environ = {
            "PATH_INFO": path,
            "REQUEST_METHOD": method,
            "REMOTE_ADDR": "127.0.0.1",
            "REMOTE_PORT": "54321",
            "HTTP_HOST": "localhost:18080",
            RAW_HEADERS: [] if key is None else [("x-api-key", key)],
            "wsgi.input": io.BytesIO(content),
            **fields,
        }
        return json.loads(b"".join(self.door(environ, self._start)))

    def _start(self, status: str, _headers: object) -> None:
        self.status = status[:3]

    def _other(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        start_response("299 Other", [])
        return [json.dumps(environ["PATH_INFO"]).encode()]


def test_a_code_signs_in_once() -> None:
    asking = Asking()
    code = asking.door.code()
    assert asking.ask({"code": code}) == {"apiKey": KEY}
    assert asking.ask({"code": code})["code"] == "UNAUTHORIZED"
    assert asking.status == "401"


def test_its_minute_ends() -> None:
    asking = Asking()
    code, late = asking.door.code(), asking.door.code()
    asking.now += LASTS_S - 0.1
    assert asking.ask({"code": code}) == {"apiKey": KEY}
    asking.now += 0.1
    assert "apiKey" not in asking.ask({"code": late})


@pytest.mark.parametrize(
    "body", [{}, {"code": ""}, {"code": None}, {"code": ["code-0"]}, [], b"\xff", b"", b"[" * 4096]
)
def test_nothing_else_is_a_code(body: Any) -> None:
    asking = Asking()
    asking.door.code()
    assert (asking.ask(body)["code"], asking.status) == ("UNAUTHORIZED", "401")


@pytest.mark.parametrize(
    "fields",
    [
        {"REMOTE_ADDR": "192.0.2.7"},
        {"HTTP_HOST": "homeport.example.test:18080"},
        {"HTTP_HOST": ""},
        {"HTTP_HOST": "["},
        {"HTTP_HOST": "[::1"},
        {"HTTP_HOST": "localhost@elsewhere.test"},
        {"HTTP_ORIGIN": "http://["},
        {"HTTP_ORIGIN": "https://elsewhere.test"},
        {"HTTP_ORIGIN": "null"},
        {"HTTP_ORIGIN": "http://localhost:1"},
    ],
)
def test_it_is_for_this_machine_by_its_own_name_alone(fields: dict[str, str]) -> None:
    asking = Asking()
    code = asking.door.code()
    assert (asking.ask({"code": code}, **fields)["code"], asking.status) == ("FORBIDDEN", "403")
    assert asking.ask({"code": code}, HTTP_ORIGIN="http://localhost:18080") == {"apiKey": KEY}


def test_who_comes_through_tls_is_where_they_come_from() -> None:
    asking = Asking(peer="192.0.2.7")
    assert asking.ask({"code": asking.door.code()})["code"] == "FORBIDDEN"


def test_who_has_the_key_is_given_another_code() -> None:
    asking = Asking()
    code = asking.ask({}, key=KEY)["code"]
    assert asking.ask({"code": code}) == {"apiKey": KEY}
    assert asking.ask({}, key=KEY[:-1] + "0")["code"] == "UNAUTHORIZED"


@pytest.mark.parametrize(("method", "path"), [("GET", PATH), ("POST", "/console/session"), ("POST", f"{PATH}/x")])
def test_all_else_goes_on(method: str, path: str) -> None:
    asking = Asking()
    assert (asking.ask({}, method=method, path=path), asking.status) == (path, "299")
