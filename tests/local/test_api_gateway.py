"""The API front: what API Gateway hands to a function, and what it answers by itself."""

import base64
import http.client
import json
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from chalice.app import Blueprint, Chalice, CORSConfig, Response

from chalicelib.web.application import ANY
from infra.local.api_gateway import MAX_BODY, ApiGateway
from infra.local.http_server import HttpServer, bind
from tests.clients import PATIENCE_S

MEETING = threading.Barrier(2, timeout=PATIENCE_S)
blueprint = Blueprint(__name__)


def event_served_by(app: Chalice) -> dict[str, Any]:
    assert app.current_request is not None
    event: dict[str, Any] = app.current_request.to_original_event()
    return event


def make_app() -> Chalice:
    app = Chalice(app_name="toy", configure_logs=False)

    @app.route("/things/{name}/parts/{part}", methods=["GET", "PUT", "HEAD"], content_types=["text/plain", "image/png"])
    def things(name: str, part: str) -> dict[str, Any]:
        return {**event_served_by(app), "arguments": [name, part]}

    @app.route("/things/fixed/parts/{part}")
    def fixed(part: str) -> dict[str, Any]:
        return {"fixed": part}

    @app.route("/body", methods=["POST"], content_types=["text/plain", "application/json", "application/octet-stream"])
    def body() -> dict[str, Any]:
        event = event_served_by(app)
        return {"body": event["body"], "isBase64Encoded": event["isBase64Encoded"]}

    @app.route("/image")
    def image() -> Response:
        return Response(b"\x89PNG\x00\xff", headers={"Content-Type": "image/png"})

    @app.route("/headers")
    def headers() -> Response:
        return Response(
            "no",
            status_code=401,
            headers={
                "WWW-Authenticate": "Basic",
                "Set-Cookie": ["a=1", "b=2"],
                "X-Own": "1",
                "Date": "Mon",
                "Server": "mine",
                "Content-MD5": "m",
                "Via": "1.1 x",
                "Trailer": "x",
            },
        )

    @app.route("/shared", cors=CORSConfig(allow_origin="https://example.com"))
    def shared() -> str:
        return "shared"

    @app.route("/sized", methods=["HEAD"])
    def sized() -> Response:
        return Response("", headers={"Content-Length": "4711"})

    @app.route("/boom")
    def boom() -> None:
        raise KeyError("boom")

    @app.route("/any", methods=[ANY], content_types=[])
    def everything() -> None:
        """Chalice has no such method: a request of any other comes as far as its own refusal."""

    add_greedy(app)
    app.register_blueprint(blueprint)
    return app


def add_greedy(app: Chalice) -> None:
    @app.route("/greedy/{proxy+}", methods=["GET", "POST"], content_types=[])
    def greedy() -> dict[str, Any]:
        return event_served_by(app)

    @app.route("/greedy/known", methods=["GET"], content_types=[])
    def known() -> dict[str, Any]:
        return event_served_by(app)


@blueprint.route("/meet/{name}")
def meet(name: str) -> dict[str, Any]:
    MEETING.wait()
    request = blueprint.current_request
    assert request is not None
    return {"name": name, "query": request.to_original_event()["queryStringParameters"]}


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    gateway = ApiGateway(
        make_app(),
        function_arn="arn:aws:lambda:eu-west-1:123456789012:function:toy",
        account="123456789012",
        ready=lambda: True,
    )
    server = HttpServer(gateway, bind("127.0.0.1", 0), name="test", threads=4, max_body=4 * MAX_BODY)
    server.start()
    yield server.port
    server.stop(2)


def ask(
    port: int, method: str, target: str, body: Any = None, headers: dict[str, str] | None = None, **more: Any
) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
    try:
        connection.request(method, target, body, {"Accept": "*/*", **(headers or {})}, **more)
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()
    finally:
        connection.close()


def event_of(port: int, target: str, **further: Any) -> dict[str, Any]:
    headers = {"Content-Type": "text/plain", **further.pop("headers", {})}
    status, _, body = ask(port, further.pop("method", "GET"), target, headers=headers, **further)
    assert status == 200, body
    found: dict[str, Any] = json.loads(body)
    return found


def test_path_parameters_stay_percent_encoded(port: int) -> None:
    event = event_of(port, "/things/urn%3Alo%2F%C3%BC:1/parts/a%20b;c")

    assert event["arguments"] == ["urn%3Alo%2F%C3%BC:1", "a%20b;c"]
    assert event["pathParameters"] == {"name": "urn%3Alo%2F%C3%BC:1", "part": "a%20b;c"}
    assert event["resource"] == "/things/{name}/parts/{part}"
    assert event["path"] == "/things/urn%3Alo%2F%C3%BC:1/parts/a%20b;c"


def test_a_literal_segment_goes_before_a_parameter_and_a_trailing_slash_changes_nothing(port: int) -> None:
    assert json.loads(ask(port, "GET", "/things/fixed/parts/1/")[2]) == {"fixed": "1"}


@pytest.mark.parametrize(
    ("path", "resource", "proxy"),
    [
        ("/greedy/a", "/greedy/{proxy+}", "a"),
        ("/greedy/a/", "/greedy/{proxy+}", "a/"),
        ("/greedy/a//b", "/greedy/{proxy+}", "a//b"),
        ("/greedy/a%2Fb;c/%C3%BC/d", "/greedy/{proxy+}", "a%2Fb;c/%C3%BC/d"),
        ("/greedy/1/2/3/4/5/6/7/8/9", "/greedy/{proxy+}", "1/2/3/4/5/6/7/8/9"),
        ("/greedy/known", "/greedy/known", None),
        ("/greedy/known/x", "/greedy/{proxy+}", "known/x"),
    ],
)
def test_a_greedy_parameter_takes_all_that_is_left_of_the_path(
    port: int, path: str, resource: str, proxy: str | None
) -> None:
    event = event_of(port, path)

    assert (event["resource"], event["requestContext"]["resourcePath"]) == (resource, resource)
    assert (event["path"], event["pathParameters"]) == (path, None if proxy is None else {"proxy": proxy})


@pytest.mark.parametrize("path", ["/greedy", "/greedy/"])
def test_a_greedy_parameter_takes_at_least_something(port: int, path: str) -> None:
    assert ask(port, "GET", path)[0] == 403


def test_a_query_is_split_at_semicolons(port: int) -> None:
    event = event_of(port, "/things/a/parts/b?q=a==1;b==2&r=a%3Bb")

    assert event["multiValueQueryStringParameters"] == {"q": ["a==1"], "b": ["=2"], "r": ["a;b"]}


def test_headers_between_client_and_gateway_stay_there(port: int) -> None:
    event = event_of(port, "/things/a/parts/b", headers={"Content-MD5": "x", "TE": "trailers", "X-Own": "1"})

    assert not {"content-md5", "te"} & {name.lower() for name in event["headers"]}
    assert event["headers"]["X-Own"] == "1"


def test_repeated_query_parameters_come_as_lists_and_the_last_one_alone(port: int) -> None:
    event = event_of(port, "/things/a/parts/b?x=1&x=%C3%BC+2&y=&z=%ff")

    assert event["multiValueQueryStringParameters"] == {"x": ["1", "ü 2"], "y": [""], "z": ["�"]}
    assert event["queryStringParameters"] == {"x": "ü 2", "y": "", "z": "�"}
    assert event_of(port, "/things/a/parts/b")["queryStringParameters"] is None


def test_header_names_come_as_sent_and_repeated_ones_as_lists(port: int) -> None:
    request = (
        b"GET /things/a/parts/b HTTP/1.1\r\nHost: localhost:1\r\nX-aPi-KEY: k\r\nX-Twice: 1\r\nX-Twice: 2\r\n"
        b"Accept: */*\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n"
    )

    event = json.loads(exchange(port, request).partition(b"\r\n\r\n")[2])

    assert event["headers"]["X-aPi-KEY"] == "k"
    assert event["multiValueHeaders"]["X-Twice"] == ["1", "2"]
    assert event["headers"]["X-Twice"] == "2"
    assert event["headers"]["X-Forwarded-Proto"] == "http"


def exchange(port: int, request: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S) as connection:
        connection.sendall(request)
        parts = []
        while part := connection.recv(65536):
            parts.append(part)
    return b"".join(parts)


def test_the_request_context_tells_who_asked_for_what(port: int) -> None:
    context = event_of(port, "/things/a/parts/b", headers={"User-Agent": "me/1"})["requestContext"]

    assert context["identity"]["sourceIp"] == "127.0.0.1"
    assert context["identity"]["userAgent"] == "me/1"
    assert context["resourcePath"] == "/things/{name}/parts/{part}"
    assert (context["httpMethod"], context["stage"], context["path"]) == ("GET", "api", "/api/things/a/parts/b")
    assert len(context["requestId"]) == 36
    assert context["requestTimeEpoch"] > 0


@pytest.mark.parametrize(("method", "target"), [("GET", "/nowhere"), ("DELETE", "/body"), ("OPTIONS", "/body")])
def test_what_has_no_route_is_refused_as_api_gateway_does(port: int, method: str, target: str) -> None:
    status, headers, body = ask(port, method, target)

    assert status == 403
    assert json.loads(body) == {"message": "Missing Authentication Token"}
    assert headers["x-amzn-ErrorType"] == "MissingAuthenticationTokenException"


def test_text_bodies_come_as_text_and_broken_utf8_with_replacement_characters(port: int) -> None:
    _, _, answer = ask(port, "POST", "/body", b'{"a":"\xc3\xbc\xff"}', {"Content-Type": "application/json"})

    assert json.loads(answer) == {"body": '{"a":"ü�"}', "isBase64Encoded": False}


def test_bodies_of_a_binary_type_come_exactly_in_base64(port: int) -> None:
    sent = bytes(range(256))

    _, _, answer = ask(port, "POST", "/body", sent, {"Content-Type": "application/octet-stream"})

    assert json.loads(answer) == {"body": base64.b64encode(sent).decode(), "isBase64Encoded": True}


def test_chunked_bodies_arrive_whole(port: int) -> None:
    parts = iter([b"one,", b"two"])

    _, _, answer = ask(port, "POST", "/body", parts, {"Content-Type": "text/plain"}, encode_chunked=True)

    assert json.loads(answer)["body"] == "one,two"


def test_a_body_of_ten_megabytes_passes_and_a_longer_one_is_413(port: int) -> None:
    headers = {"Content-Type": "text/plain"}

    assert ask(port, "POST", "/body", b"x" * MAX_BODY, headers)[0] == 200
    status, _, answer = ask(port, "POST", "/body", b"x" * (MAX_BODY + 1), headers)
    assert (status, json.loads(answer)) == (413, {"message": "Request Too Long"})


def test_binary_answers_come_as_bytes(port: int) -> None:
    status, headers, body = ask(port, "GET", "/image", headers={"Accept": "image/png"})

    assert (status, headers["Content-Type"], body) == (200, "image/png", b"\x89PNG\x00\xff")


def test_head_has_no_body_and_the_length_that_the_function_says(port: int) -> None:
    status, headers, body = ask(port, "HEAD", "/things/a/parts/b", headers={"Content-Type": "text/plain"})

    assert (status, body, headers.get("Content-Length")) == (200, b"", None)

    status, headers, body = ask(port, "HEAD", "/sized")

    assert (status, body, headers["Content-Length"]) == (200, b"", "4711")


def test_answers_keep_repeated_headers_and_lose_those_that_belong_to_the_gateway(port: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
    connection.request("GET", "/headers", headers={"Accept": "*/*"})
    answer = connection.getresponse()
    headers = answer.getheaders()
    answer.read()
    connection.close()

    assert answer.status == 401
    assert [value for name, value in headers if name == "Set-Cookie"] == ["a=1", "b=2"]
    renamed = {name.removeprefix("x-amzn-Remapped-"): v for name, v in headers if name.startswith("x-amzn-Remapped-")}
    assert renamed == {"WWW-Authenticate": "Basic", "Date": "Mon", "Server": "mine", "Content-MD5": "m"}
    assert not {"www-authenticate", "via", "trailer"} & {name.lower() for name, _ in headers}
    assert ("X-Own", "1") in headers


def test_the_gateway_answers_preflight_of_routes_with_cors(port: int) -> None:
    status, headers, _ = ask(port, "OPTIONS", "/shared")

    assert status == 200
    assert headers["Access-Control-Allow-Origin"] == "https://example.com"
    assert headers["Access-Control-Allow-Methods"] == "GET,OPTIONS"


def test_an_error_of_a_view_is_the_answer_of_the_app_and_not_of_the_front(port: int) -> None:
    status, _, body = ask(port, "GET", "/boom")

    assert (status, json.loads(body)["Code"]) == (500, "InternalServerError")


def test_requests_that_are_served_at_once_see_each_their_own_request(port: int) -> None:
    answers: dict[str, Any] = {}

    def meet_as(name: str) -> None:
        answers[name] = json.loads(ask(port, "GET", f"/meet/{name}?own={name}")[2])

    threads = [threading.Thread(target=meet_as, args=(name,)) for name in ("a", "b")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert answers == {name: {"name": name, "query": {"own": name}} for name in ("a", "b")}


@pytest.mark.parametrize(
    ("method", "status"),
    [*((method, 405) for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")), ("PROPFIND", 403)],
)
def test_any_stands_for_the_methods_that_gateway_knows(port: int, method: str, status: int) -> None:
    assert ask(port, method, "/any")[0] == status


def test_health_is_the_fronts_own_answer(port: int) -> None:
    assert json.loads(ask(port, "GET", "/health")[2]) == {"status": "UP"}


@pytest.mark.parametrize(
    ("ready", "failing", "status", "shown"),
    [
        (True, [], 200, {"status": "UP"}),
        (False, ["mqtt"], 503, {"status": "STARTING"}),
        (True, ["mqtt"], 503, {"status": "DOWN", "failing": ["mqtt"]}),
    ],
)
def test_health_names_what_has_failed(*, ready: bool, failing: list[str], status: int, shown: dict[str, Any]) -> None:
    arn = "arn:aws:lambda:eu-west-1:123456789012:function:toy"
    gateway = ApiGateway(
        make_app(), function_arn=arn, account="123456789012", ready=lambda: ready, failing=lambda: failing
    )
    server = HttpServer(gateway, bind("127.0.0.1", 0), name="test", threads=1, max_body=1)
    server.start()
    answer = ask(server.port, "GET", "/health")
    server.stop(2)
    assert (answer[0], json.loads(answer[2])) == (status, shown)


@pytest.mark.parametrize(
    "request_line",
    [
        b"GET / / HTTP/1.1",
        b"\x16\x03\x01",
        b"GET /%zz HTTP/1.1",
        b"GET http://other/health HTTP/1.1",
        b"GET // HTTP/1.1",
    ],
)
def test_no_request_line_brings_the_front_down(port: int, request_line: bytes) -> None:
    answer = exchange(port, request_line + b"\r\nHost: x\r\nConnection: close\r\n\r\n")

    assert answer.startswith((b"HTTP/1.1 ", b"HTTP/1.0 "))
    assert b" 500 " not in answer.split(b"\r\n")[0]
    assert ask(port, "GET", "/health")[0] == 200
