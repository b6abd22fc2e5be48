"""Events of API Gateway to the whole site: what each dialect answers, at any depth, and bodies that are no JSON."""

import base64
import json
from collections.abc import Mapping
from typing import Any

import pytest

from chalicelib.dialects.ibm.rest import APIS as IBM
from chalicelib.dialects.live_objects.errors import explain
from chalicelib.dialects.live_objects.rest import APIS as LIVE_OBJECTS
from chalicelib.fleet.access import callers
from chalicelib.fleet.access.records import ApiKey
from chalicelib.fleet.ports import Ports
from chalicelib.web.application import Application
from chalicelib.web.request import Answer, Raw, Request
from chalicelib.web.routes import Api, Route
from tests.dialects.served import application
from tests.fakes import MemoryPorts

CSV, JSON, FORM = "text/csv", "application/json", "multipart/form-data"
PNG = b"\x89PNG\x00\xff"


def echo(_ports: Ports, request: Request) -> Answer:
    return Answer(Raw(request.raw, request.headers.get("content-type", "none")))


def shown(_ports: Ports, request: Request) -> Answer:
    return Answer(Raw(b"a;b", CSV)) if request.offered == CSV else Answer({"a": "b"})


def read(_ports: Ports, request: Request) -> Answer:
    return Answer({"body": request.body, "raw": len(request.raw)})


def half(_ports: Ports, _request: Request) -> Answer:
    return Answer({"half": "\ud800 é"})


def image(_ports: Ports, _request: Request) -> Answer:
    return Answer(Raw(PNG, "image/png"), headers={"Cache-Control": "no-store"})


def silent(_ports: Ports, request: Request) -> Answer:
    return Answer({"a": 1} if request.headers.get("accept") else None, 201, {"Location": "/odd/1"})


ODD = Api(
    "odd",
    ("/odd",),
    (
        Route("POST", "/odd/bytes", echo, "any bytes", reads=("*/*",), max_body=64, public=True),
        Route("POST", "/odd/forms", echo, "forms", reads=(FORM,), public=True),
        Route("POST", "/odd/both", read, "both", schema={"type": "object"}, reads=("text/*",), public=True),
        Route("GET", "/odd/shown", shown, "both ways", offers=(JSON, CSV), public=True),
        Route("GET", "/odd/half", half, "half of a surrogate pair", public=True),
        Route("GET", "/odd/image", image, "an image", public=True),
        Route("POST", "/odd/silent", silent, "a body for who wants one", public=True),
        Route("GET", "/odd/pages/{path+}", image, "pages", public=True),
    ),
    lambda _ports, _request: callers.of_key(ApiKey("tenant", "id", frozenset(), 0)),
    explain,
)
APP = application([*LIVE_OBJECTS, *IBM, ODD], MemoryPorts)


def asked(
    method: str,
    path: str,
    body: bytes = b"",
    *,
    resource: str | None = "/{proxy+}",
    app: Application = APP,
    **headers: str,
) -> dict[str, Any]:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    context = {"httpMethod": method, "requestId": "r", **({} if resource is None else {"resourcePath": resource})}
    event = {
        "httpMethod": method,
        "path": path,
        "headers": sent or None,
        "multiValueHeaders": {name: [value] for name, value in sent.items()} or None,
        "pathParameters": {"proxy": "whatever"},
        "multiValueQueryStringParameters": None,
        "stageVariables": None,
        "requestContext": context,
        "body": base64.b64encode(body).decode() if body else None,
        "isBase64Encoded": bool(body),
    }
    returned: dict[str, Any] = app(event, None)
    return returned


def content(returned: Mapping[str, Any]) -> bytes:
    body = str(returned["body"])
    return base64.b64decode(body) if returned.get("isBase64Encoded") else body.encode()


def header(returned: Mapping[str, Any], name: str) -> Any:
    return {key.lower(): value for key, value in returned["headers"].items()}.get(name.lower())


NINE = "/a/b/c/d/e/f/g/h/i"


@pytest.mark.parametrize("resource", ["/{proxy+}", "/{proxy*}", "/api/{proxy+}", "/", "", None])
@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/v1/deviceMgt/devices", 401),
        ("GET", "/api/v1/deviceMgt/devices/", 401),
        ("DELETE", "/api/v1/deviceMgt/devices", 405),
        ("GET", f"/api{NINE}", 404),
        ("OPTIONS", "/api/v1/deviceMgt/devices", 204),
    ],
)
def test_whatever_gateway_calls_the_resource_the_path_counts(
    resource: str | None, method: str, path: str, status: int
) -> None:
    assert asked(method, path, resource=resource)["statusCode"] == status


@pytest.mark.parametrize("depth", ["", "/x", NINE, NINE * 5, "//", "/%2F", "/;"])
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_an_unknown_path_is_404_in_the_shape_of_its_dialect(depth: str, method: str) -> None:
    assert json.loads(content(asked(method, f"/api{depth}")))["code"] == "GENERIC_NOT_FOUND_ERROR"
    for version in ("v0001", "v0002"):
        told = asked(method, f"/api/{version}/none{depth}")
        assert (told["statusCode"], json.loads(content(told))["exception"]["id"]) == (404, "CUDRS0003E")


def test_a_method_that_is_not_there_is_405_in_the_shape_of_its_dialect() -> None:
    told = asked("POST", "/api/v0002/device/types/a/devices/b")
    assert json.loads(content(told))["exception"]["id"] == "CUDRS0004E"
    assert (told["statusCode"], header(told, "Allow")) == (405, "GET, HEAD, PUT, DELETE")
    told = asked("DELETE", "/api/v0/whoami/")
    assert json.loads(content(told))["code"] == "GENERIC_METHOD_NOT_ALLOWED_ERROR"
    assert (told["statusCode"], header(told, "Allow")) == (405, "GET, HEAD")


@pytest.mark.parametrize("path", ["/api/v1/%ff", "/api/v1/deviceMgt/devices/%c3%28"])
def test_a_path_that_is_no_utf8_is_refused(path: str) -> None:
    told = asked("GET", path)
    assert (told["statusCode"], json.loads(content(told))["code"]) == (400, "GENERIC_INVALID_PARAMETER_ERROR")


def test_a_path_of_no_root_is_nobodys() -> None:
    told = asked("GET", "/elsewhere/x")
    assert (told["statusCode"], json.loads(content(told))["code"]) == (404, "NOT_FOUND")


@pytest.mark.parametrize("kind", ["text/plain", FORM, "application/octet-stream", "image/png"])
def test_a_route_that_reads_bytes_gets_them_as_they_came(kind: str) -> None:
    sent = bytes(range(0, 256, 8))
    told = asked("POST", "/odd/bytes", sent, Content_Type=kind)
    assert (told["statusCode"], header(told, "Content-Type"), content(told)) == (200, kind, sent)


def test_text_goes_as_text_and_what_is_none_in_base64() -> None:
    told = asked("POST", "/odd/bytes", "ä;1\r\n".encode(), Content_Type=CSV)
    assert ("isBase64Encoded" in told, told["body"]) == (False, "ä;1\r\n")
    told = asked("POST", "/odd/bytes", b"\xe4;1", Content_Type=CSV)
    assert (told["isBase64Encoded"], content(told)) == (True, b"\xe4;1")


def test_what_is_read_raw_is_bounded() -> None:
    assert asked("POST", "/odd/bytes", b"x" * 64)["statusCode"] == 200
    assert asked("POST", "/odd/bytes", b"x" * 65)["statusCode"] == 413


def test_only_what_a_route_reads_is_taken() -> None:
    assert asked("POST", "/odd/forms", b"--x", Content_Type=f"{FORM}; boundary=x")["statusCode"] == 200
    told = asked("POST", "/odd/forms", b"{}", Content_Type=JSON)
    assert (told["statusCode"], json.loads(content(told))["code"]) == (415, "GENERIC_UNSUPPORTED_MEDIA_TYPE_ERROR")


@pytest.mark.parametrize(
    ("kind", "sent", "status", "body"),
    [
        (JSON, b'{"a": 1}', 200, {"a": 1}),
        ("application/vnd.x+json", b'{"a": 1}', 200, {"a": 1}),
        (JSON, b"[]", 400, None),
        ("text/plain", b"[", 200, None),
        ("image/png", b"{}", 415, None),
    ],
)
def test_a_route_reads_json_beside_other_types(kind: str, sent: bytes, status: int, body: Any) -> None:
    told = asked("POST", "/odd/both", sent, Content_Type=kind)
    assert told["statusCode"] == status
    if status == 200:
        assert json.loads(content(told)) == {"body": body, "raw": len(sent)}


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (None, JSON),
        ("*/*", JSON),
        (CSV, CSV),
        ("text/*", CSV),
        ("application/json;q=0.1, text/csv", CSV),
        ("application/xml, */*;q=0.1", JSON),
        ("application/json;q=0, */*", CSV),
        ("TEXT/CSV; charset=utf-8", CSV),
    ],
)
def test_a_client_gets_what_it_likes_best(accept: str | None, expected: str) -> None:
    told = asked("GET", "/odd/shown", Accept=accept) if accept else asked("GET", "/odd/shown")
    assert (told["statusCode"], header(told, "Content-Type")) == (200, expected)


@pytest.mark.parametrize(
    "accept", ["application/vnd.ms-excel", "text/html;q=1", "application/json;q=0", "text/csv;q=x"]
)
def test_a_client_that_takes_nothing_of_it_gets_406_in_the_shape_of_the_dialect(accept: str) -> None:
    told = asked("GET", "/odd/shown", Accept=accept)
    assert (told["statusCode"], json.loads(content(told))["code"]) == (406, "GENERIC_NOT_ACCEPTABLE_ERROR")


def test_bytes_go_with_their_headers_and_head_tells_their_length() -> None:
    for path in ("/odd/image", "/odd/pages/a/b.png"):
        told = asked("GET", path)
        assert (content(told), header(told, "Content-Type"), header(told, "Cache-Control")) == (
            PNG,
            "image/png",
            "no-store",
        )
        told = asked("HEAD", path)
        assert (told["statusCode"], content(told), header(told, "Content-Length")) == (200, b"", str(len(PNG)))


def test_head_is_get_without_its_body_but_with_its_length() -> None:
    body = content(asked("GET", "/odd/shown"))
    told = asked("HEAD", "/odd/shown")
    assert (content(told), header(told, "Content-Length")) == (b"", str(len(body)))
    assert header(asked("HEAD", "/odd/shown", Accept="x/y"), "Content-Length") != "0"
    assert asked("HEAD", "/odd/silent")["statusCode"] == 405


def test_an_answer_may_have_no_body() -> None:
    told = asked("POST", "/odd/silent")
    assert (told["statusCode"], told["body"], header(told, "Location")) == (201, "", "/odd/1")
    assert json.loads(content(asked("POST", "/odd/silent", Accept="*/*"))) == {"a": 1}


@pytest.mark.parametrize(
    "body", [rb'{"\ud800":1,"\ud800":2}', rb'{"a":{"x\uDFFF":1,"x\udfff":2}}', rb'{"\ud800":1}', rb'["\udc00"]']
)
def test_half_of_a_surrogate_pair_is_refused_wherever_it_stands(body: bytes) -> None:
    told = asked("POST", "/odd/both", body, Content_Type=JSON)
    assert (told["statusCode"], json.loads(content(told))["code"]) == (400, "GENERIC_INVALID_PARAMETER_ERROR")


def test_what_has_no_utf_8_is_answered_as_the_escape_that_it_came_as() -> None:
    told = asked("GET", "/odd/half")
    assert (told["statusCode"], content(told)) == (200, rb'{"half":"\ud800 \u00e9"}'.replace(rb"\u00e9", "é".encode()))
    assert json.loads(content(told)) == {"half": "\ud800 é"}
