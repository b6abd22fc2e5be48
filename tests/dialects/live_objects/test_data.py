"""The data store over HTTP: POST, bulk, and reading by page and time."""

import json
from typing import Any

import pytest

from chalicelib.fleet.data.records import DataMessage
from chalicelib.fleet.ids import repeatable_id
from tests.dialects.live_objects.client import DEVICES, Client
from tests.dialects.live_objects.conftest import URN

pytestmark = pytest.mark.row("E1")
STREAM = "/api/v0/data/streams/urn:lo:nsid:sensor:temp001!measures"
BULK = "/api/v0/data/bulk"


def sender(client: Client) -> dict[str, Any]:
    """What a message says of the key that it came with."""
    return {"apiKeyId": client.master.id, "roles": sorted(client.master.roles)}


def test_a_message_is_accepted_with_202_and_read_as_it_was_sent(client: Client) -> None:
    body = {
        "value": {"temp": 22.0, "nested": {"list": [1, {"deep": None}]}},
        "timestamp": "2016-08-24T10:32:52.598Z",
        "model": "MyModel",
        "tags": ["Motor", "Engine"],
        "location": {"lat": 45.000009, "lon": -30.00001, "alt": 5.0, "accuracy": 10.0, "provider": "GPS"},
        "metadata": {"source": "urn:tenant:x!y", "encoding": "mine"},
    }
    reply = client.call("POST", STREAM, body)
    assert (reply.status, reply.raw) == (202, b"")
    (found,) = client.get(STREAM).body
    assert found == {
        **body,
        "id": found["id"],
        "streamId": "urn:lo:nsid:sensor:temp001!measures",
        "metadata": {"source": "urn:tenant:x!y", "connector": "http", "encoding": "mine", **sender(client)},
        "created": "2027-01-15T08:00:00.000Z",
    }


def test_a_message_without_time_is_of_the_moment_it_came(client: Client) -> None:
    client.call("POST", STREAM, {"value": {}})
    (found,) = client.get(STREAM).body
    assert found["timestamp"] == found["created"] == "2027-01-15T08:00:00.000Z"


def test_a_source_that_is_a_device_lends_its_group_and_tags(client: Client) -> None:
    client.call("POST", DEVICES, {"id": URN, "tags": ["own"]})
    client.call("POST", STREAM, {"value": {}, "tags": ["sent"], "metadata": {"source": URN}})
    (found,) = client.get(STREAM).body
    group = {"id": "root", "path": "/"}
    assert found["metadata"] == {"source": URN, "connector": "http", "group": group, **sender(client)}
    assert found["tags"] == ["sent", "own"]


def test_two_messages_of_one_moment_are_both_kept(client: Client) -> None:
    for number in range(2):
        client.call("POST", STREAM, {"value": {"n": number}, "timestamp": "2016-08-24T10:32:52Z"})
    assert len(client.get(STREAM).body) == 2


def test_a_stream_is_read_newest_first_and_goes_on_after_a_bookmark(client: Client) -> None:
    for minute in range(5):
        client.call("POST", STREAM, {"value": {"n": minute}, "timestamp": f"2016-08-24T10:0{minute}:00Z"})
    first = client.get(STREAM, limit=2).body
    assert [message["value"]["n"] for message in first] == [4, 3]
    second = client.get(STREAM, limit=2, bookmarkId=first[-1]["id"]).body
    assert [message["value"]["n"] for message in second] == [2, 1]


@pytest.mark.parametrize(
    ("bounds", "found"),
    [
        ("2016-08-24T10:01:00Z,2016-08-24T10:03:00Z", [2, 1]),
        ("2016-08-24T10:03:00Z,", [4, 3]),
        (",2016-08-24T10:01:00Z", [0]),
        (",", [4, 3, 2, 1, 0]),
        ("2016-08-24T12:03:00+02:00,", [4, 3]),
    ],
)
def test_a_range_of_time_begins_with_and_ends_before_its_bounds(client: Client, bounds: str, found: list[int]) -> None:
    for minute in range(5):
        client.call("POST", STREAM, {"value": {"n": minute}, "timestamp": f"2016-08-24T10:0{minute}:00Z"})
    assert [message["value"]["n"] for message in client.get(STREAM, timeRange=bounds).body] == found


def test_a_range_may_come_as_two_values(client: Client) -> None:
    for minute in range(5):
        client.call("POST", STREAM, {"value": {"n": minute}, "timestamp": f"2016-08-24T10:0{minute}:00Z"})

    def found(*bounds: str) -> list[int]:
        return [message["value"]["n"] for message in client.get(STREAM, timeRange=list(bounds)).body]

    assert found("2016-08-24T10:01:00Z", "2016-08-24T10:03:00Z") == [2, 1]
    assert found("2016-08-24T10:03:00Z", "") == [4, 3]
    assert found("", "2016-08-24T10:01:00Z") == [0]
    assert client.get(STREAM, timeRange=["2016-08-24", "2016-08-25", "2016-08-26"]).status == 400


def test_messages_of_one_request_and_stamp_are_kept_in_their_order(client: Client) -> None:
    name, stamp = STREAM.rpartition("/")[2], "2026-11-30T05:00:00Z"
    rows = [{"streamId": name, "value": {"n": n}, "timestamp": stamp} for n in range(1000)]
    assert client.call("POST", "/api/v0/data/bulk", rows).status == 202
    found: list[Any] = []
    bookmark: dict[str, Any] = {}
    while page := client.get(STREAM, limit=300, **bookmark).body:
        found += [message["value"]["n"] for message in page]
        bookmark = {"bookmarkId": page[-1]["id"]}
    assert found == list(reversed(range(1000)))
    assert len(page_id := client.get(STREAM, limit=1).body[0]["id"]) == 32
    assert set(page_id) <= set("0123456789abcdef")


def test_pages_go_on_from_a_message_whose_id_is_of_the_old_length(client: Client) -> None:
    name, at = STREAM.rpartition("/")[2], client.ports.clock.now()
    for n in range(4):
        old = repeatable_id(at + n // 2, f"e{n}")
        client.ports.messages.put(DataMessage(client.tenant.id, old, name, at + n // 2, at, {"old": True}), 60)
    client.ports.clock.advance(ms=1)
    for n in range(3):
        client.call("POST", STREAM, {"value": {"n": n}})
    found: list[Any] = []
    bookmark: dict[str, Any] = {}
    while page := client.get(STREAM, limit=1, **bookmark).body:
        found.append(page[0]["id"])
        bookmark = {"bookmarkId": page[0]["id"]}
    assert len(set(found)) == 7
    assert found == sorted(found, reverse=True)


@pytest.mark.parametrize(
    "query", [{"timeRange": "2016-08-24T10:01:00Z"}, {"timeRange": "a,b"}, {"bookmarkId": "x"}, {"limit": "1001"}]
)
def test_a_page_that_cannot_be_found_is_refused(client: Client, query: Any) -> None:
    reply = client.get(STREAM, **query)
    assert (reply.status, reply.code) == (400, "GENERIC_INVALID_PARAMETER_ERROR")
    assert next(iter(query)) in reply.body["message"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("value", 7),
        ("value", [1]),
        ("value", None),
        ("value", {"$set": 1}),
        ("value", {"a": [{"b.c": 1}]}),
        ("timestamp", "noon"),
        ("timestamp", 1472034772598),
        ("model", "with blank"),
        ("model", "with.dot"),
        ("tags", "x"),
        ("tags", [1]),
        ("location", {"lat": 1}),
        ("location", {"lat": "1", "lon": 1}),
        ("location", {"lat": 1, "lon": 181}),
        ("metadata", []),
        ("metadata", {"source": 1}),
    ],
)
def test_a_field_out_of_its_bounds_is_named(client: Client, field: str, value: Any) -> None:
    reply = client.call("POST", STREAM, {"value": {}, field: value})
    assert (reply.status, reply.code) == (400, "GENERIC_INVALID_PARAMETER_ERROR")
    assert field in reply.body["message"]
    assert client.get(STREAM).body == []


@pytest.mark.parametrize("name", ["has%20blank", "a%27b", "a%22b", "a;b", "a%7Bb", "a(b", "%5C", "x" * 513])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_the_name_of_a_stream_has_no_quotes_brackets_and_blanks(client: Client, name: str, method: str) -> None:
    reply = client.call(method, f"/api/v0/data/streams/{name}", {"value": {}} if method == "POST" else None)
    assert (reply.status, reply.code) == (400, "GENERIC_INVALID_PARAMETER_ERROR")


def test_a_value_has_at_most_one_mebibyte(client: Client) -> None:
    fits = {"value": {"v": "x" * ((1 << 20) - 8)}}
    assert client.call("POST", STREAM, fits).status == 202
    reply = client.call("POST", STREAM, {"value": {"v": "x" * ((1 << 20) - 7)}})
    assert (reply.status, reply.code) == (400, "GENERIC_INVALID_PARAMETER_ERROR")


def test_an_answer_has_as_many_documents_as_fit_into_one(client: Client) -> None:
    for _ in range(8):
        client.call("POST", STREAM, {"value": {"v": "x" * 900_000}})
        client.ports.clock.advance(seconds=1)
    seen: list[str] = []
    while page := client.get(STREAM, **({"bookmarkId": seen[-1]} if seen else {})):
        if not page.body:
            break
        assert len(page.raw) < 6_000_000
        seen += [message["id"] for message in page.body]
    assert len(set(seen)) == len(seen) == 8


def test_a_bulk_is_stored_in_its_streams(client: Client) -> None:
    body = [{"streamId": "a", "value": {"n": 1}}, {"streamId": "b", "value": {"n": 2}}, {"streamId": "a", "value": {}}]
    assert client.call("POST", BULK, body).status == 202
    assert len(client.get("/api/v0/data/streams/a").body) == 2
    assert client.get("/api/v0/data/streams/b").body[0]["value"] == {"n": 2}


@pytest.mark.parametrize("bad", [{"value": {}}, {"streamId": "a b", "value": {}}, {"streamId": "a", "value": 1}, 7])
def test_a_bulk_with_one_bad_message_stores_none(client: Client, bad: Any) -> None:
    reply = client.call("POST", BULK, [{"streamId": "a", "value": {}}, bad])
    assert (reply.status, reply.code) == (400, "GENERIC_INVALID_PARAMETER_ERROR")
    assert reply.body["message"].startswith("[1]")
    assert client.get("/api/v0/data/streams/a").body == []


@pytest.mark.parametrize("body", [[], {}, [{"streamId": "a", "value": {}}] * 1001])
def test_a_bulk_has_one_to_a_thousand_messages(client: Client, body: Any) -> None:
    assert client.call("POST", BULK, body).status == 400


def test_the_characters_of_a_value_come_back_as_they_went(client: Client) -> None:
    value = {"текст": "日本 😀 \u0000 \ufffd", "большое": 2**63, "small": -1e-300}
    client.call("POST", STREAM, {"value": value})
    client.call("POST", STREAM, raw=json.dumps({"value": value}, ensure_ascii=False).encode())
    assert [message["value"] for message in client.get(STREAM).body] == [value, value]


def test_the_streams_of_a_device_are_counted_the_latest_first(client: Client, device: str) -> None:
    for stream in ("a", "b", "a"):
        client.ports.clock.advance(seconds=1)
        client.call("POST", f"/api/v0/data/streams/{stream}", {"value": {}, "metadata": {"source": URN}})
    assert client.get(f"{device}/data/streams").body == [
        {"streamId": "a", "count": 2, "lastUpdate": "2027-01-15T08:00:03.000Z"},
        {"streamId": "b", "count": 1, "lastUpdate": "2027-01-15T08:00:02.000Z"},
    ]
    assert len(client.get(f"{device}/data/streams", limit=1).body) == 1


def test_the_streams_of_a_device_that_is_not_registered_are_not_found(client: Client) -> None:
    reply = client.get(f"{DEVICES}/{URN}/data/streams")
    assert (reply.status, reply.code) == (404, "DM_DEVICE_NOT_FOUND")
