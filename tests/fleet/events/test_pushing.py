"""Webhooks: signed, tried again where the tenant wants it, told to the audit log where it fails."""

import hashlib
import hmac
import json
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.fleet.errors import Invalid
from chalicelib.fleet.events import policies, pushing
from chalicelib.fleet.events.events import EventKind
from chalicelib.fleet.events.records import ActionPolicy, Filter, HttpPush, Push, PushFailed
from chalicelib.fleet.tenancy.records import Cause
from tests.fakes import START, MemoryPorts

TENANT = "tenant"
EVENT = {"type": "dataMessage", "value": {"t": 21.5, "list": [{"a": 1}]}}


def wanted(ports: MemoryPorts, **action: Any) -> Push:
    """A policy with that webhook, and an event on its way to it."""
    push = HttpPush("h", "https://example.org/in", **action)
    triggers: dict[str, Filter] = {EventKind.DATA_MESSAGE: Filter()}
    policies.save(ports, ActionPolicy(TENANT, "p1", "dialect", "n", 0, triggers=triggers, pushes=(push,)))
    return Push(TENANT, "p1", "h", "event", json.dumps(EVENT).encode())


def test_the_event_is_posted_as_it_is(ports: MemoryPorts) -> None:
    pushing.push(ports, wanted(ports, headers={"X-A": ("1", "2")}))
    ((url, headers, body),) = ports.webhooks.posted
    assert (url, json.loads(body)) == ("https://example.org/in", EVENT)
    assert headers == {"X-A": "1, 2", "Content-Type": "application/json"}


def test_a_secret_signs_the_body_that_is_sent(ports: MemoryPorts) -> None:
    pushing.push(ports, wanted(ports, secret="x" * 20, path="$.value.t"))
    ((_, headers, body),) = ports.webhooks.posted
    assert body == b"21.5"
    assert headers[pushing.SIGNATURE] == pushing.signature("x" * 20, b"21.5")
    stamp, _, digest = headers[pushing.TIMED_SIGNATURE].partition(",v1=")
    at = int(stamp.removeprefix("t="))
    assert at == START // 1000
    assert digest == hmac.new(b"x" * 20, f"{at}.21.5".encode(), hashlib.sha256).hexdigest()


@pytest.mark.parametrize(
    ("path", "template", "body"),
    [
        ("$.value", None, b'{"t":21.5,"list":[{"a":1}]}'),
        ("$.value.list[0]['a']", None, b"1"),
        ("$", "t={{value.t}}", b"t=21.5"),
        ("$.value", "t={{t}} {{type}}", b"t=21.5 "),
        (None, "{{type}}", b"dataMessage"),
    ],
)
def test_a_path_and_a_template_make_the_body(
    ports: MemoryPorts, path: str | None, template: str | None, body: bytes
) -> None:
    pushing.push(ports, wanted(ports, path=path, template=template))
    assert ports.webhooks.posted[0][2] == body


def test_a_part_of_an_event_is_posted_in_its_own_letters(ports: MemoryPorts) -> None:
    push = wanted(ports, path="$.value")
    pushing.push(ports, replace(push, body='{"value":{"place":"Zürich 😀"}}'.encode()))
    assert ports.webhooks.posted[0][2] == '{"place":"Zürich 😀"}'.encode()


@pytest.mark.parametrize("status", [None, 302, 400, 500])
def test_a_failure_is_tried_again_where_that_is_wanted(ports: MemoryPorts, status: int | None) -> None:
    ports.webhooks.statuses.append(status)
    with pytest.raises(PushFailed):
        pushing.push(ports, wanted(ports, retry=True))
    assert [entry.cause for entry in ports.audit.rows.values()] == [Cause.WEBHOOK]


def test_a_failure_is_dropped_and_told_where_it_is_not(ports: MemoryPorts) -> None:
    ports.webhooks.statuses.append(500)
    pushing.push(ports, wanted(ports))
    assert "500" in next(iter(ports.audit.rows.values())).reason


def test_an_event_without_the_part_that_is_wanted_is_not_posted(ports: MemoryPorts) -> None:
    pushing.push(ports, wanted(ports, path="$.nothing", retry=True))
    assert ports.webhooks.posted == []
    assert "$.nothing" in next(iter(ports.audit.rows.values())).reason


def test_what_a_deleted_policy_had_under_way_is_dropped(ports: MemoryPorts) -> None:
    push = wanted(ports)
    policies.delete(ports, TENANT, "p1")
    pushing.push(ports, push)
    assert ports.webhooks.posted == []


@pytest.mark.parametrize(
    "url",
    [
        "",
        "ftp://example.org/",
        "https:///path",
        "https://user:secret@example.org/",
        "https://example.org:0/",
        "https://example.org:99999/",
        "https://example.org/\r\nX: y",
        "https://exa mple.org/",
        "https://example.org/é",
        "https://" + "x" * 3000,
    ],
)
def test_a_url_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(Invalid):
        pushing.checked_url(url)


@pytest.mark.parametrize(
    "headers", [{"Host": ("x",)}, {"content-length": ("1",)}, {"A B": ("x",)}, {"A": ("x\r\nB: y",)}, {"": ("x",)}]
)
def test_a_header_that_would_change_the_request_is_refused(headers: dict[str, tuple[str, ...]]) -> None:
    with pytest.raises(Invalid):
        pushing.checked_headers(headers)


@pytest.mark.parametrize("path", ["value", "$..value", "$.a[?(@.b)]", "$[*]", "$.a["])
def test_a_path_beyond_names_and_numbers_is_refused(path: str) -> None:
    with pytest.raises(Invalid):
        pushing.checked_path(path)


def test_a_template_that_is_wrong_is_refused_with_its_place() -> None:
    with pytest.raises(Invalid, match="line 1, column 3"):
        pushing.checked_template("ab{{#open}}")
