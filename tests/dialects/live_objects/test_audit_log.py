from typing import Any

import pytest

from chalicelib.fleet.tenancy import audit
from tests.dialects.live_objects.client import Client

pytestmark = pytest.mark.row("A7")
PATH = "/api/v0/auditlog/messages"


def refused(client: Client, *devices: str) -> None:
    for device in devices:
        now = client.ports.clock.advance(seconds=1)
        audit.refuse(
            client.ports,
            client.tenant.id,
            at=now,
            event=f"{now}",
            reason=f"no topic for {device}",
            source={"deviceId": device, "connector": "mqtt"},
            content={"topic": "dev/nothing"},
        )


def test_an_entry_says_what_about_whom_and_why(client: Client) -> None:
    refused(client, "a")
    assert client.get(PATH).body == [
        {
            "timestamp": "2027-01-15T08:00:01.000Z",
            "created": "2027-01-15T08:00:01.000Z",
            "level": "error",
            "category": "connectivity",
            "subcategory": "mqtt",
            "type": "mqtt_debug_logs",
            "description": "no topic for a",
            "source": {"deviceId": "a", "connector": "mqtt"},
            "content": {"reason": "no topic for a", "topic": "dev/nothing"},
        }
    ]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, ["c", "b", "a"]),
        ({"sort": "asc"}, ["a", "b", "c"]),
        ({"limit": 1, "offset": 1}, ["b"]),
        ({"level": "error", "source.deviceId": "b"}, ["b"]),
        ({"level": "info"}, []),
        ({"source.nothing.deeper": "x"}, []),
        ({"content.topic": "dev/nothing", "sort": "asc"}, ["a", "b", "c"]),
        ({"@any": "TOPIC FOR C"}, ["c"]),
        ({"@any": ["topic", "for b"]}, ["b"]),
        ({"from": "2027-01-15T08:00:02Z"}, ["c", "b"]),
        ({"to": "2027-01-15T08:00:02Z"}, ["a"]),
        ({"from": "1970-01-01T00:00:00Z", "to": "9999-01-01T00:00:00Z"}, ["c", "b", "a"]),
        ({"from": "2028-01-01T00:00:00Z"}, []),
    ],
)
def test_the_log_is_read_by_time_page_and_field(client: Client, query: Any, found: list[str]) -> None:
    refused(client, "a", "b", "c")
    assert [message["source"]["deviceId"] for message in client.get(PATH, **query).body] == found


@pytest.mark.parametrize("query", [{"from": "x"}, {"limit": 1001}, {"offset": 10_000}, {"sort": "up"}])
def test_a_page_that_cannot_be_found_is_refused(client: Client, query: Any) -> None:
    reply = client.get(PATH, **query)
    assert (reply.status, reply.code) == (400, "GENERIC_INVALID_PARAMETER_ERROR")
    assert next(iter(query)) in reply.body["message"]
