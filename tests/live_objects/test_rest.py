"""The REST API of a running stack, as a customer's script calls it; resource by resource in tests/dialects."""

import itertools
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.clients import PATIENCE_S, Rest, until
from tests.local.running import RunningStack

DEVICES = "/api/v1/deviceMgt/devices"
KEYS = "/api/v0/apiKeys"
_numbers = itertools.count(1)


@pytest.fixture
def rest(stack: RunningStack) -> Iterator[Rest]:
    rest = Rest(stack)
    yield rest
    rest.close()


@pytest.fixture
def urn() -> str:
    return f"urn:lo:nsid:rest:d{next(_numbers)}"


def refusal(answer: requests.Response) -> tuple[int, str]:
    body = answer.json()
    assert set(body) == {"id", "code", "message"}, body
    return answer.status_code, body["code"]


def sent(stack: RunningStack, path: str, body: bytes, **headers: str) -> requests.Response:
    named = {"X-API-Key": stack.api_key, "Content-Type": "application/json", **headers}
    return requests.post(stack.url + path, data=body, headers=named, timeout=30)


@pytest.mark.row("B1")
def test_a_device_lives_from_registration_to_deletion(rest: Rest, urn: str) -> None:
    interface = {"connector": "mqtt", "enabled": True, "definition": {"clientId": f"{urn}:node"}}
    made = rest.post(DEVICES, {"id": urn, "name": "é 😀", "interfaces": [interface]})
    assert rest.get(f"{DEVICES}/{urn}") == made
    assert rest.ok("PATCH", f"{DEVICES}/{urn}", {"id": urn, "tags": ["a"]})["tags"] == ["a"]
    assert refusal(rest.call("POST", DEVICES, {"id": urn})) == (409, "DM_DEVICE_DUPLICATE")
    taken = rest.call("POST", DEVICES, {"id": f"{urn}b", "interfaces": [interface]})
    assert refusal(taken) == (409, "DM_INTERFACE_DUPLICATE")
    assert rest.call("DELETE", f"{DEVICES}/{urn}").status_code == 204
    assert refusal(rest.call("GET", f"{DEVICES}/{urn}")) == (404, "DM_DEVICE_NOT_FOUND")
    assert rest.post(DEVICES, {"id": urn, "interfaces": [interface]})["interfaces"]


def test_a_list_is_paged_counted_and_continued(rest: Rest, stack: RunningStack) -> None:
    prefix = f"urn:lo:nsid:paged{next(_numbers)}"
    for number in range(7):
        rest.post(DEVICES, {"id": f"{prefix}:{number}", "tags": [prefix[12:]]})
    # the index that lists are read from follows in a moment on AWS
    until(lambda: len(rest.get(DEVICES, tags=prefix[12:])) == 7)
    page = rest.get(DEVICES, tags=prefix[12:], limit=3, offset=2)
    assert [device["id"][-1] for device in page] == ["2", "3", "4"]
    after = rest.get(DEVICES, tags=prefix[12:], bookmarkId=page[-1]["id"])
    assert [device["id"][-1] for device in after] == ["5", "6"]
    headers = {"X-API-Key": stack.api_key, "X-Total-Count": "true"}
    counted = requests.get(stack.url + DEVICES, params={"tags": prefix[12:]}, headers=headers, timeout=30)
    assert counted.headers["X-Total-Count"] == "7"


@pytest.mark.parametrize("size", [100, 40_000, 1_000_000])
def test_a_value_of_any_size_is_stored_and_read(rest: Rest, size: int) -> None:
    stream = f"/api/v0/data/streams/rest-{next(_numbers)}"
    # what does not compress goes to the object store
    text = "".join(chr(0x4E00 + (n * 7919) % 20_000) for n in range(size // 3))
    assert rest.call("POST", stream, {"value": {"text": text}}).status_code == 202
    assert rest.get(stream)[0]["value"] == {"text": text}


@pytest.mark.row("E1")
def test_a_stream_is_read_by_time_and_bookmark(rest: Rest) -> None:
    stream = f"/api/v0/data/streams/rest-{next(_numbers)}"
    messages = [{"value": {"n": n}, "timestamp": f"2024-01-01T00:00:0{n}.000Z"} for n in range(6)]
    for message in messages:
        assert rest.call("POST", stream, message).status_code == 202
    page = rest.get(stream, limit=2, timeRange="2024-01-01T00:00:01Z,2024-01-01T00:00:05Z")
    assert [message["value"]["n"] for message in page] == [4, 3]
    assert [m["value"]["n"] for m in rest.get(stream, bookmarkId=page[-1]["id"])] == [2, 1, 0]


def test_the_streams_of_a_device_are_counted(rest: Rest, urn: str) -> None:
    rest.post(DEVICES, {"id": urn})
    message = {"value": {}, "metadata": {"source": urn}, "streamId": f"{urn}!a"}
    assert rest.call("POST", "/api/v0/data/bulk", [message, message]).status_code == 202
    (use,) = rest.get(f"{DEVICES}/{urn}/data/streams")
    assert (use["streamId"], use["count"]) == (f"{urn}!a", 2)


@pytest.mark.row("A2")
def test_a_key_is_made_limited_renewed_and_deleted(rest: Rest, stack: RunningStack) -> None:
    master = rest.get(f"{KEYS}/current_key")
    key = rest.post(KEYS, {"parentId": master["id"], "roles": ["DEVICE_R"], "label": "reader"})
    reader = Rest(stack, key["value"])
    assert isinstance(reader.get(DEVICES), list)
    assert refusal(reader.call("POST", DEVICES, {"id": "x"})) == (403, "GENERIC_ACTION_FORBIDDEN_ERROR")
    renewed = rest.post(f"{KEYS}/{key['id']}", {"regenerateValue": True})["value"]
    reader.close()
    for path in (f"{KEYS}/{key['id']}", f"{KEYS}/{key['id']}"):
        last = rest.call("DELETE", path)
    assert refusal(last) == (404, "API_KEY_NOT_FOUND")
    gone = requests.get(stack.url + DEVICES, headers={"X-API-Key": renewed}, timeout=30)
    assert refusal(gone) == (403, "GENERIC_ACTION_FORBIDDEN_ERROR")


@pytest.mark.row("A3")
@pytest.mark.parametrize(
    ("body", "headers", "expected"),
    [
        (b"{", {}, (400, "GENERIC_INVALID_PARAMETER_ERROR")),
        (b"[1]", {}, (400, "GENERIC_INVALID_PARAMETER_ERROR")),
        (b'{"id": "\xff"}', {}, (400, "GENERIC_INVALID_PARAMETER_ERROR")),
        (b'{"id": 1e999}', {}, (400, "GENERIC_INVALID_PARAMETER_ERROR")),
        (b'{"id": "' + b"x" * 1_000_000 + b'"}', {}, (413, "GENERIC_INVALID_PARAMETER_ERROR")),
        (b"{}", {"Content-Type": "text/plain"}, (415, "GENERIC_UNSUPPORTED_MEDIA_TYPE_ERROR")),
        (b"{}", {"X-API-Key": ""}, (401, "UNAUTHORIZED")),
        (b"{}", {"X-API-Key": "junk"}, (403, "GENERIC_ACTION_FORBIDDEN_ERROR")),
    ],
    ids=["broken", "a list", "no UTF-8", "too large", "1 MB", "text", "no key", "junk key"],
)
def test_bad_input_is_refused_in_the_vendors_shape(
    stack: RunningStack, body: bytes, headers: dict[str, str], expected: tuple[int, str]
) -> None:
    assert refusal(sent(stack, DEVICES, body, **headers)) == expected


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("PUT", DEVICES, (405, "GENERIC_METHOD_NOT_ALLOWED_ERROR")),
        ("GET", "/api/v1/nothing/here", (404, "GENERIC_NOT_FOUND_ERROR")),
        ("GET", f"{DEVICES}/not-a-urn", (400, "GENERIC_INVALID_PARAMETER_ERROR")),
        ("GET", f"{DEVICES}/%FF", (400, "GENERIC_INVALID_PARAMETER_ERROR")),
    ],
)
def test_what_is_not_served_is_refused_in_the_vendors_shape(
    rest: Rest, method: str, path: str, expected: tuple[int, str]
) -> None:
    assert refusal(rest.call(method, path)) == expected


def test_the_longest_names_fit_into_the_store(rest: Rest) -> None:
    longest = f"urn:lo:nsid:{'n' * 128}:{'i' * 125}{next(_numbers):03d}"
    interface = {"connector": "mqtt", "definition": {"clientId": f"{next(_numbers):0128d}"}}
    assert rest.post(DEVICES, {"id": longest, "interfaces": [interface]})["id"] == longest
    value = {"type": "STRING", "value": "€" * 2000}
    parameters = {f"{number:03d}{'k' * 125}": value for number in range(23)}
    assert rest.call("POST", f"{DEVICES}/{longest}/config", {"parameters": parameters}).status_code == 200
    assert len(rest.get(f"{DEVICES}/{longest}/config/parameters")) == 23
    stream = "é" * 512
    message: dict[str, Any] = {"streamId": stream, "value": {}, "metadata": {"source": longest}}
    assert rest.call("POST", "/api/v0/data/bulk", [message]).status_code == 202
    assert rest.get(f"{DEVICES}/{longest}/data/streams")[0]["streamId"] == stream
    assert rest.call("DELETE", f"{DEVICES}/{longest}").status_code == 204


def test_a_command_that_is_asked_for_twice_with_one_key_is_one_command(stack: RunningStack) -> None:
    rest = Rest(stack)
    urn = "urn:lo:nsid:repeating:d1"
    rest.post("/api/v1/deviceMgt/devices", {"id": urn})
    path = f"{stack.url}/api/v1/deviceMgt/devices/{urn}/commands"
    headers = {"X-API-Key": stack.api_key, "Idempotency-Key": "order-17"}
    body = {"request": {"connector": "mqtt", "value": {"req": "on"}}}
    made = [requests.post(path, json=body, headers=headers, timeout=PATIENCE_S).json()["id"] for _ in range(2)]
    other = requests.post(
        path, json={"request": {"connector": "mqtt", "value": {"req": "off"}}}, headers=headers, timeout=PATIENCE_S
    )
    rest.close()
    assert made[0] == made[1]
    assert other.status_code == 409
