"""Incidents of a device, which are alarms of the fleet, and events (Open Incident, Close Incident, Add Event)."""

from collections.abc import Callable
from dataclasses import replace
from itertools import count, takewhile
from typing import Any

import pytest

from chalicelib.dialects.xyte import incidents
from chalicelib.fleet import sweeping
from chalicelib.fleet.data import alarms, messages, open_alarms
from chalicelib.fleet.data.alarm_records import AlarmStatus, Severity
from chalicelib.fleet.inventory import devices
from tests.dialects.preempting import preempted
from tests.dialects.xyte.claimed import Owned, owning
from tests.dialects.xyte.test_claiming import CHILD

DEVICES = "/core/v1/organization/devices"
EVERY = "/core/v1/organization/incidents"
PORTS = ("directory", "mailboxes", "devices", "alarms")

Leave = Callable[[Owned], None]


@pytest.fixture
def owned() -> Owned:
    return owning()


def open_(owned: Owned, issue: str | None = "hot", **about: Any) -> Any:
    reply = owned.device.call("POST", "/incidents", {"title": "Too hot", "issue": issue, **about})
    assert reply.status in (200, 201), reply.raw
    return reply.body


def listed(owned: Owned) -> list[tuple[str, str]]:
    return [(one["id"], one["status"]) for one in owned.device.call("GET", "/incidents").body]


@pytest.mark.row("I5")
def test_an_incident_is_opened_once_and_closed(owned: Owned) -> None:
    made = owned.device.call(
        "POST", "/incidents", {"title": "Too hot", "issue": "hot", "priority": 2, "description": "90 degrees"}
    )
    assert made.status == 201
    incident = made.body["id"]
    assert made.body == {
        "id": incident,
        "device_id": owned.device.id,
        "status": "active",
        "priority": "high",
        "title": "Too hot",
        "description": "90 degrees",
        "issue": "hot",
        "created_at": made.body["created_at"],
        "updated_at": made.body["updated_at"],
    }
    again = owned.device.call("POST", "/incidents", {"title": "Still too hot", "issue": "hot"})
    assert (again.status, again.body) == (200, made.body)
    other = open_(owned, "dusty")["id"]
    assert listed(owned) == [(other, "active"), (incident, "active")]
    for _ in range(2):
        closed = owned.device.call("DELETE", f"/incidents/{incident}")
        assert (closed.status, closed.body) == (200, {"success": True})
    assert listed(owned) == [(other, "active"), (incident, "closed")]
    assert open_(owned, "hot")["id"] not in (incident, other)
    assert owned.device.call("DELETE", "/incidents").body == {"success": True}
    assert {status for _, status in listed(owned)} == {"closed"}


@pytest.mark.parametrize(
    ("priority", "shown", "severity"),
    [
        (1, "critical", Severity.CRITICAL),
        ("1", "critical", Severity.CRITICAL),
        ("high", "high", Severity.MAJOR),
        (3, "moderate", Severity.MINOR),
        (None, "moderate", Severity.MINOR),
        (4, "low", Severity.WARNING),
        ("planning", "planning", Severity.WARNING),
    ],
)
def test_priorities_have_names_and_numbers(owned: Owned, priority: Any, shown: str, severity: Severity) -> None:
    assert open_(owned, priority=priority)["priority"] == shown
    (alarm,) = open_alarms.of_source(owned.ports, owned.tenant, owned.urn)
    assert alarm.severity is severity


@pytest.mark.parametrize("body", [{}, {"title": ""}, {"title": "x", "priority": 6}, {"title": "x", "issue": 1}, []])
def test_what_is_no_incident_is_told_so(owned: Owned, body: Any) -> None:
    reply = owned.device.call("POST", "/incidents", body)
    assert (reply.status, list(reply.body)) == (422, ["error"])


def test_without_an_issue_the_title_tells_two_apart(owned: Owned) -> None:
    first, second = open_(owned, None, title="a"), open_(owned, None, title="b")
    assert first["id"] != second["id"]
    assert open_(owned, None, title="a")["id"] == first["id"]


def test_long_issues_are_told_apart_and_shown_as_they_came(owned: Owned) -> None:
    long, longer = "x" * 300, "x" * 301
    assert open_(owned, long)["issue"] == long
    assert open_(owned, longer)["issue"] == longer
    assert len(listed(owned)) == 2


def test_what_its_owner_clears_is_closed_and_what_others_raise_is_shown(owned: Owned) -> None:
    incident = open_(owned)["id"]
    alarms.update(owned.ports, owned.tenant, incident, lambda one: replace(one, status=AlarmStatus.CLEARED))
    assert listed(owned) == [(incident, "closed")]
    report = alarms.Report(owned.urn, "c8y_Other", Severity.MAJOR, "text", owned.ports.clock.now())
    alarms.raise_(owned.ports, owned.tenant, report, alarms.stamp(owned.ports))
    shown = owned.device.call("GET", "/incidents").body[0]
    assert (shown["issue"], shown["title"], shown["priority"]) == ("c8y_Other", "text", "high")


def test_so_many_are_open_and_no_more(owned: Owned) -> None:
    for number in range(incidents.MOST):
        open_(owned, f"issue {number}")
        owned.ports.clock.advance(seconds=1)
    assert owned.device.call("POST", "/incidents", {"title": "x", "issue": "one more"}).status == 422
    assert open_(owned, "issue 7")["issue"] == "issue 7"


def test_an_organization_sees_what_is_open_in_pages(owned: Owned) -> None:
    made = [open_(owned, f"issue {number}")["id"] for number in range(3)]
    other = owned.another(mac="00:00:00:00:00:02", sn="SN-2")
    made.append(open_(other)["id"])
    owned.device.call("DELETE", f"/incidents/{made[0]}")
    first = owned.organization.call("GET", EVERY, per_page=2).body
    rest = owned.organization.call("GET", EVERY, per_page=2, page=first["next_page"]).body
    assert [one["id"] for one in (*first["items"], *rest["items"])] == made[:0:-1]
    assert (first["items"][0]["device_id"], rest["next_page"]) == (other.device.id, None)
    assert owned.organization.call("GET", EVERY, page="nonsense").status == 422


def test_others_have_none_of_it(owned: Owned) -> None:
    incident = open_(owned)["id"]
    stranger = owning(ports=owned.ports, name="strangers", mac="00:00:00:00:00:03", sn="SN-3")
    neighbour = owned.another(mac="00:00:00:00:00:02", sn="SN-2")
    for each in (stranger, neighbour):
        assert (listed(each), each.device.call("DELETE", f"/incidents/{incident}").status) == ([], 404)
    assert stranger.organization.call("GET", EVERY).body["items"] == []
    unclaimed = owned.organization.register(owned.model, mac="00:00:00:00:00:09", sn="SN-9")
    reply = unclaimed.call("POST", "/incidents", {"title": "x"})
    assert (reply.status, reply.body) == (200, {})
    assert unclaimed.call("DELETE", f"/incidents/{incident}").status == 404
    assert (unclaimed.call("DELETE", "/incidents").status, unclaimed.call("GET", "/incidents").body) == (200, [])


def open_at(owned: Owned) -> list[str]:
    return [one["issue"] for one in owned.organization.call("GET", EVERY).body["items"]]


def give_up(owned: Owned) -> None:
    assert owned.organization.call("DELETE", f"{DEVICES}/{owned.device.id}").status == 200


def delete_itself(owned: Owned) -> None:
    assert owned.device.call("DELETE").status == 200


def delete_elsewhere(owned: Owned) -> None:
    devices.delete(owned.ports, owned.tenant, owned.urn)
    assert owned.device.call("GET").body["space"] is None


def die_and_give_up(owned: Owned) -> None:
    """Whoever began to give it up died after the device was taken away."""
    devices.delete(owned.ports, owned.tenant, owned.urn)
    give_up(owned)


LEAVING = (give_up, delete_itself, delete_elsewhere, die_and_give_up)


@pytest.mark.parametrize("leave", LEAVING)
def test_nothing_of_a_device_is_open_any_more_where_it_was_given_up(owned: Owned, leave: Leave) -> None:
    stays = owned.another(mac="00:00:00:00:00:02", sn="SN-2")
    for issue in ("hot", "wet"):
        open_(owned, issue)
    open_(stays, "stays")
    child = owned.device.call("POST", "/children", CHILD)
    report = alarms.Report(
        f"urn:lo:nsid:xyte:{child.body['id']}", "below", Severity.MAJOR, "x", owned.ports.clock.now()
    )
    alarms.raise_(owned.ports, owned.tenant, report, alarms.stamp(owned.ports))
    assert sorted(open_at(owned)) == ["below", "hot", "stays", "wet"]
    leave(owned)
    assert open_at(owned) == ["stays"]


def test_what_was_silent_when_it_was_given_up_is_not_missed_any_more() -> None:
    owned = owning(offline_threshold=60)
    owned.device.call("POST", "/telemetry", {"status": "online"})
    owned.ports.clock.advance(seconds=61)
    sweeping.sweep(owned.ports)
    assert open_at(owned) == ["offline"]
    give_up(owned)
    assert open_at(owned) == []


@pytest.mark.parametrize("leave", [give_up, delete_itself])
def test_an_incident_that_is_opened_while_the_device_is_given_up_is_over(leave: Leave) -> None:
    def interrupted(at: int) -> bool:
        owned = owning()

        def run() -> None:
            assert owned.device.call("POST", "/incidents", {"title": "Too hot"}).status in (200, 201, 401)

        came = preempted(owned.ports, PORTS, at, run, lambda: leave(owned))
        assert not came or open_at(owned) == [], at
        return came

    assert interrupted(0)
    assert len(list(takewhile(interrupted, count(1)))) > len(PORTS)


def test_a_device_may_have_its_incidents_ignored(owned: Owned) -> None:
    def settle(*, suspended: Any) -> int:
        return owned.device.call("PUT", "/cloud_settings", {"incidents.suspend_creation": suspended}).status

    assert settle(suspended=True) == 200
    assert open_(owned) == {}
    assert listed(owned) == []
    assert settle(suspended=None) == 200
    assert open_(owned) == {}
    assert settle(suspended=False) == 200
    assert open_(owned)["status"] == "active"
    assert settle(suspended="yes") == 422


def test_an_event_is_kept_as_a_message(owned: Owned) -> None:
    body = {"name": "power surge", "category": "electric", "int_key_1": 120, "string_key_1": "x", "int_key_2": None}
    reply = owned.device.call("POST", "/events", {**body, "timestamp": "2024-01-01T01:00:00"})
    assert (reply.status, reply.body) == (200, {"status": True})
    (message,) = messages.sent_by(owned.ports, owned.tenant, owned.urn)
    assert (message.kind, message.model, message.timestamp) == ("event", "power surge", 1_704_070_800_000)
    assert message.value == {"text": "power surge", "category": "electric", "int_key_1": 120, "string_key_1": "x"}


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": "x" * 256},
        {"name": "x", "string_key_1": "y" * 256},
        {"name": "x", "int_key_1": 1 << 63},
        {"name": "x", "int_key_1": "1"},
        {"name": "x", "timestamp": "yesterday"},
    ],
)
def test_what_is_no_event_is_told_so(owned: Owned, body: Any) -> None:
    assert owned.device.call("POST", "/events", body).status == 422
    assert list(messages.sent_by(owned.ports, owned.tenant, owned.urn)) == []


def test_an_event_of_nobody_s_device_is_answered_and_not_kept(owned: Owned) -> None:
    unclaimed = owned.organization.register(owned.model, mac="00:00:00:00:00:09", sn="SN-9")
    assert unclaimed.call("POST", "/events", {"name": "x"}).body == {"status": True}
    assert owned.ports.messages.streams(owned.tenant, f"urn:lo:nsid:xyte:{unclaimed.id}") == []
