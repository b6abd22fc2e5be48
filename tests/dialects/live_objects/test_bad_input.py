"""Whatever is sent: an answer in the vendor's shape, and never our fault."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib.dialects.live_objects.rest import routes
from tests.dialects.live_objects.client import DEVICES, Client, Reply
from tests.dialects.live_objects.conftest import URN
from tests.dialects.live_objects.test_routes import filled, path_of

WITH_BODY = [route for route in routes() if route.schema is not None]


def names_in(schema: Any) -> set[str]:
    """Every field name that a schema knows."""
    if isinstance(schema, dict):
        return set(schema.get("properties", ())) | {name for inner in schema.values() for name in names_in(inner)}
    return {name for inner in schema for name in names_in(inner)} if isinstance(schema, list) else set()


NAMES = st.sampled_from(sorted({name for route in WITH_BODY for name in names_in(route.schema)}))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.just(URN),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES | st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


def is_vendor_shaped(reply: Reply) -> bool:
    body = reply.body
    return set(body) == {"id", "code", "message"} and all(isinstance(v, str) and v for v in body.values())


def refused(client: Client, raw: bytes, content_type: str = "application/json") -> Reply:
    reply = client.call("POST", DEVICES, raw=raw, headers={"Content-Type": content_type})
    assert is_vendor_shaped(reply)
    return reply


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"   ",
        b"{",
        b"not json",
        b"[]",
        b"null",
        b'"text"',
        b"17",
        b'{"id": NaN}',
        b'{"id": Infinity}',
        b'{"id": 1e400}',
        b'{"id": ' + b"9" * 400 + b"}",
        b'{"id": ' + b"9" * 10_000 + b"}",
        b'{"id": "a", "id": "b"}',
        b'{"id": "\\ud800"}',
        b'{"id": "\xff\xfe"}',
        b'{"name": "\xc3"}',
        b"[" * 100_000,
        b'{"a":' * 20_000 + b"1" + b"}" * 20_000,
        '{"id": "x"}'.encode("utf-16"),
        b"\x00\x01\x02",
        b"{'id': 'x'}",
    ],
    ids=lambda raw: repr(raw[:24]),
)
def test_a_body_that_is_no_json_object_is_an_invalid_parameter(client: Client, raw: bytes) -> None:
    reply = refused(client, raw)
    assert (reply.status, reply.code) == (400, "GENERIC_INVALID_PARAMETER_ERROR")


@pytest.mark.parametrize("size", [600_000, 1_000_000, 3_000_000])
def test_a_body_that_is_too_big_is_refused(client: Client, size: int) -> None:
    reply = refused(client, json.dumps({"id": URN, "name": "x" * size}).encode())
    assert (reply.status, reply.code) == (413, "GENERIC_INVALID_PARAMETER_ERROR")


@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "application/x-www-form-urlencoded", "application/xml", "application/json; charset=latin-1", "x"],
)
def test_another_content_type_is_refused(client: Client, content_type: str) -> None:
    reply = refused(client, b'{"id": "x"}', content_type)
    assert (reply.status, reply.code) == (415, "GENERIC_UNSUPPORTED_MEDIA_TYPE_ERROR")


@pytest.mark.parametrize(
    "content_type", ["application/json", "Application/JSON; charset=UTF-8", "application/vnd.x+json", ""]
)
def test_json_is_json_by_every_name(client: Client, content_type: str) -> None:
    reply = client.call("POST", DEVICES, raw=b'{"id": "' + URN.encode() + b'"}', headers={"Content-Type": content_type})
    assert reply.status == 200


@pytest.mark.parametrize("path", ["%FF", "%E0%A4", "a%00b"])
def test_a_path_that_is_no_text_is_refused(client: Client, path: str) -> None:
    reply = client.get(f"{DEVICES}/{path}")
    assert (reply.status, reply.code) == (400, "GENERIC_INVALID_PARAMETER_ERROR")


@pytest.fixture(scope="module")
def shared() -> tuple[Client, dict[str, str]]:
    client = Client()
    return client, filled(client)


bounded = settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@bounded
@given(route=st.sampled_from(WITH_BODY), body=JSON)
def test_any_json_is_answered_or_refused(shared: tuple[Client, dict[str, str]], route: Any, body: Any) -> None:
    client, names = shared
    reply = client.call(route.method, path_of(route, names), raw=json.dumps(body).encode())
    assert reply.status < 500
    assert reply.status < 400 or is_vendor_shaped(reply)


@bounded
@given(route=st.sampled_from(WITH_BODY), data=st.data())
def test_a_body_that_is_nearly_right_is_answered_or_refused(
    shared: tuple[Client, dict[str, str]], route: Any, data: st.DataObject
) -> None:
    client, names = shared
    reply = client.call(route.method, path_of(route, names), raw=json.dumps(data.draw(near(route.schema))).encode())
    assert reply.status < 500
    assert reply.status < 400 or is_vendor_shaped(reply)


@bounded
@given(route=st.sampled_from(routes()), text=st.text(max_size=40), data=st.data())
def test_any_parameter_is_answered_or_refused(
    shared: tuple[Client, dict[str, str]], route: Any, text: str, data: st.DataObject
) -> None:
    client, names = shared
    name = data.draw(st.sampled_from([p.name for p in route.parameters] or ["x"]))
    path = path_of(route, names | {name: text.replace("/", "-") or "-"} if name in names else names)
    query: dict[str, Any] = {} if name in names else {name: text.encode(errors="replace")}
    reply = client.call(route.method, path, **query)
    assert reply.status < 500
    assert reply.status < 400 or is_vendor_shaped(reply)


@bounded
@given(route=st.sampled_from(WITH_BODY), raw=st.binary(max_size=64))
def test_any_bytes_are_answered_or_refused(shared: tuple[Client, dict[str, str]], route: Any, raw: bytes) -> None:
    client, names = shared
    reply = client.call(route.method, path_of(route, names), raw=raw)
    assert reply.status < 500
    assert reply.status < 400 or is_vendor_shaped(reply)


def near(schema: Any) -> st.SearchStrategy[Any]:
    """Values of a schema's shape with leaves of any kind, mostly of the right one."""
    kinds = schema.get("type", ())
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if "const" in schema:
        return st.just(schema["const"]) | JSON
    if "enum" in schema:
        return st.sampled_from(schema["enum"]) | JSON
    if "object" in kinds:
        inner = {name: near(each) for name, each in schema.get("properties", {}).items()}
        needed = {name: inner.pop(name) for name in schema.get("required", ()) if name in inner}
        if inner or needed:
            return st.fixed_dictionaries(needed, optional=inner)
        values = schema.get("additionalProperties")
        return st.dictionaries(st.text(max_size=8), near(values) if isinstance(values, dict) else JSON, max_size=3)
    if "array" in kinds:
        return st.lists(near(schema.get("items", {})), max_size=3)
    plain = {
        "string": st.text(max_size=12) | st.just(URN) | st.just("mqtt"),
        "integer": st.integers(),
        "number": st.floats(),
        "boolean": st.booleans(),
        "null": st.none(),
    }
    return st.one_of([plain[kind] for kind in kinds]) if kinds else JSON
