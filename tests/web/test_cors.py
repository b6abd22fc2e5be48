"""Pages of other sites, and HEAD."""

import io
from collections.abc import Collection, Mapping
from typing import Any

import pytest

from chalicelib.dialects.live_objects.rest import API
from chalicelib.fleet.access import tenants
from chalicelib.web import cors
from infra.local.api_gateway import ApiGateway
from infra.local.http_server import RAW_HEADERS
from tests.dialects.served import application
from tests.fakes import MemoryPorts

OURS = "https://console.example.com"
DEVICES = "/api/v1/deviceMgt/devices"


class Site:
    def __init__(self, origins: Collection[str]) -> None:
        self.ports = MemoryPorts()
        _, _, self.key = tenants.create(self.ports, "acme")
        app = application([API], lambda: self.ports, origins)
        self.gateway = ApiGateway(app, function_arn="arn:aws:lambda:x:1:function:api", account="1", ready=lambda: True)

    def ask(self, method: str, path: str = DEVICES, **headers: str) -> tuple[int, Mapping[str, str], bytes]:
        environ: dict[str, Any] = {
            "REQUEST_METHOD": method,
            "REQUEST_URI": path,
            "QUERY_STRING": "",
            RAW_HEADERS: [(name.replace("_", "-"), value) for name, value in headers.items()],
            "wsgi.input": io.BytesIO(b""),
        }
        started: list[tuple[str, list[tuple[str, str]]]] = []
        body = b"".join(self.gateway(environ, lambda status, sent: started.append((status, sent))))
        status, sent = started[0]
        return int(status.split()[0]), dict(sent), body


@pytest.fixture(scope="module")
def site() -> Site:
    return Site({OURS})


def test_a_page_of_the_list_may_ask(site: Site) -> None:
    asked = {"Origin": OURS, "Access_Control_Request_Method": "POST", "Access_Control_Request_Headers": "x-api-key"}
    status, headers, body = site.ask("OPTIONS", **asked)
    assert (status, body) == (204, b"")
    assert headers["Access-Control-Allow-Origin"] == OURS
    assert headers["Access-Control-Allow-Headers"] == "x-api-key"
    assert "POST" in headers["Access-Control-Allow-Methods"].split(", ")
    status, headers, _ = site.ask("GET", Origin=OURS, X_API_Key=site.key)
    assert (status, headers["Access-Control-Allow-Origin"], headers["Vary"]) == (200, OURS, "Origin")
    assert "Access-Control-Allow-Credentials" not in headers


def test_a_page_of_the_list_reads_refusals_too(site: Site) -> None:
    status, headers, _ = site.ask("GET", Origin=OURS)
    assert (status, headers["Access-Control-Allow-Origin"]) == (401, OURS)


@pytest.mark.parametrize("origin", ["https://evil.example", "null", f"{OURS}.evil.example", f"{OURS}:444", ""])
def test_other_pages_may_not(site: Site, origin: str) -> None:
    for method in ("OPTIONS", "GET"):
        _, headers, _ = site.ask(method, Origin=origin, X_API_Key=site.key)
        assert not any(name.startswith("Access-Control") for name in headers)
        assert headers["Vary"] == "Origin"


def test_any_page_may_where_the_list_says_so() -> None:
    granted = cors.headers("https://a.example", cors.origins("*"))
    assert granted["Access-Control-Allow-Origin"] == "https://a.example"


def test_without_a_list_nothing_is_said() -> None:
    assert cors.headers(OURS, cors.origins("")) == cors.preflight(OURS, "x", "GET", ()) == {}


def test_a_list_is_read_as_it_is_written() -> None:
    assert cors.origins(" https://a.example/, http://b.example:8080 ,") == {
        "https://a.example",
        "http://b.example:8080",
    }


def test_head_is_get_without_its_body(site: Site) -> None:
    status, headers, body = site.ask("HEAD", X_API_Key=site.key)
    assert (status, body, headers["Content-Type"]) == (200, b"", "application/json")
    assert site.ask("HEAD")[0] == 401
    assert site.ask("HEAD", "/api/v1/nothing/here")[0] == 404


def test_head_of_what_cannot_be_got_is_refused(site: Site) -> None:
    status, headers, _ = site.ask("HEAD", f"{DEVICES}/urn:lo:nsid:a:b/config/parameters/p/status", X_API_Key=site.key)
    assert (status, headers["Allow"]) == (405, "PUT")


def test_options_says_what_there_is(site: Site) -> None:
    status, headers, _ = site.ask("OPTIONS")
    assert (status, headers["Allow"]) == (204, "GET, HEAD, POST, OPTIONS")
