"""Webhooks that keep failing are suspended, which their diagnostics tell, and a client may resume them."""

from typing import Any

import pytest

from chalicelib.fleet.events import pushing
from chalicelib.fleet.events.records import ENOUGH, LONG, PushFailed
from tests.dialects.live_objects.client import Client

POLICIES = "/api/v1/event2action/actionPolicies"
DIAGNOSTICS = "/api/v1/event2action/diagnostics/actionPolicies"
ACTION = f"{DIAGNOSTICS}/mine/actions/hook"
BODY: dict[str, Any] = {
    "name": "mine",
    "triggers": {"dataMessage": {"version": 1}},
    "actions": {
        "httpPush": [{"id": "hook", "webhookUrl": "https://hook.example/"}],
        "fifoPublish": [{"fifoName": "f"}],
    },
}


@pytest.fixture(autouse=True)
def policy(client: Client) -> None:
    assert client.call("PUT", f"{POLICIES}/mine", BODY).status == 200


def told(client: Client, *statuses: int | None) -> None:
    """One event for each status that the webhook answers."""
    for status in statuses:
        client.call("POST", "/api/v0/data/streams/s", {"value": {"x": 1}})
        for push in client.ports.pushes.sent:
            client.ports.webhooks.statuses.append(status)
            pushing.push(client.ports, push)
        client.ports.pushes.sent.clear()


def suspend(client: Client) -> None:
    told(client, *[503] * (ENOUGH - 1))
    client.ports.clock.advance(ms=LONG)
    told(client, 503)


def test_an_action_that_works_is_not_suspended(client: Client) -> None:
    told(client, 200)
    assert client.get(ACTION).body == {
        "id": "mine-hook",
        "tenantId": client.tenant.id,
        "actionPolicyId": "mine",
        "actionId": "hook",
        "actionType": "httpPush",
        "suspended": False,
        "updated": "2027-01-15T08:00:00.000Z",
    }


def test_one_that_fails_for_long_is_suspended_with_the_reason(client: Client) -> None:
    suspend(client)
    shown = client.get(ACTION).body
    assert shown["suspended"] is True
    assert shown["lastSuspension"] == {"reason": "the webhook answered 503", "time": "2027-01-15T09:00:00.000Z"}
    assert "lastResumption" not in shown


def test_nothing_is_posted_to_a_suspended_one_and_the_others_go_on(client: Client) -> None:
    suspend(client)
    posted = len(client.ports.webhooks.posted)
    before = client.get("/api/v0/topics/fifo/f").body["messages"]
    told(client, 200)
    assert len(client.ports.webhooks.posted) == posted
    assert client.get("/api/v0/topics/fifo/f").body["messages"] == before + 1


def test_what_was_under_way_when_it_was_suspended_is_dropped_with_a_word(client: Client) -> None:
    client.call("POST", "/api/v0/data/streams/s", {"value": {"x": 1}})
    (late,) = client.ports.pushes.sent
    client.ports.pushes.sent.clear()
    suspend(client)
    posted = len(client.ports.webhooks.posted)
    client.ports.clock.advance(seconds=60)
    pushing.push(client.ports, late)
    assert len(client.ports.webhooks.posted) == posted
    reasons = [entry.reason for entry in client.ports.audit.rows.values()]
    assert any("is suspended" in reason for reason in reasons)


@pytest.mark.parametrize("statuses", [[None] * ENOUGH, [503] * (ENOUGH * 2)])
def test_many_failures_in_a_short_time_are_not_enough(client: Client, statuses: list[int | None]) -> None:
    told(client, *statuses)
    assert client.get(ACTION).body["suspended"] is False


def test_a_few_failures_over_a_long_time_are_not_enough(client: Client) -> None:
    for _ in range(5):
        told(client, 503)
        client.ports.clock.advance(ms=LONG)
    assert client.get(ACTION).body["suspended"] is False


def test_one_success_begins_anew(client: Client) -> None:
    told(client, *[503] * (ENOUGH - 1))
    client.ports.clock.advance(ms=LONG)
    told(client, 200, 503)
    assert client.get(ACTION).body["suspended"] is False


def test_an_event_that_the_template_cannot_take_counts_for_nothing(client: Client) -> None:
    action = {"id": "hook", "webhookUrl": "https://hook.example/", "jsonPath": "$.nothing"}
    client.call("PUT", f"{POLICIES}/mine", {**BODY, "actions": {"httpPush": [action]}})
    suspend(client)
    assert client.get(ACTION).body["suspended"] is False


def test_a_suspended_one_is_resumed(client: Client) -> None:
    suspend(client)
    client.ports.clock.advance(seconds=1)
    assert client.call("PUT", f"{ACTION}/suspended", raw=b"false").status == 204
    shown = client.get(ACTION).body
    assert (shown["suspended"], shown["lastResumption"]) == (False, {"time": "2027-01-15T09:00:01.000Z"})
    assert shown["lastSuspension"]["reason"] == "the webhook answered 503"
    posted = len(client.ports.webhooks.posted)
    told(client, 503)
    assert len(client.ports.webhooks.posted) == posted + 1
    assert client.get(ACTION).body["suspended"] is False


def test_resuming_twice_is_as_once(client: Client) -> None:
    suspend(client)
    for _ in range(2):
        assert client.call("PUT", f"{ACTION}/suspended", raw=b"false").status == 204
    assert client.call("PUT", f"{ACTION}/suspended", raw=b"true").status == 400


@pytest.mark.parametrize("again", ["enabled", "written"])
def test_a_policy_that_is_enabled_or_written_anew_begins_anew(client: Client, again: str) -> None:
    suspend(client)
    if again == "enabled":
        assert client.call("PUT", f"{POLICIES}/mine/enabled", raw=b"true").body["enabled"] is True
    else:
        client.call("PUT", f"{POLICIES}/mine", BODY)
    assert client.get(ACTION).body["suspended"] is False


def test_one_that_is_to_be_tried_again_is_so_until_it_is_suspended(client: Client) -> None:
    action = {**BODY["actions"]["httpPush"][0], "retryOnFailure": True}
    client.call("PUT", f"{POLICIES}/mine", {**BODY, "actions": {"httpPush": [action]}})
    client.call("POST", "/api/v0/data/streams/s", {"value": {"x": 1}})
    (push,) = client.ports.pushes.sent
    for _ in range(ENOUGH - 1):
        client.ports.webhooks.statuses.append(500)
        with pytest.raises(PushFailed):
            pushing.push(client.ports, push)
    client.ports.clock.advance(ms=LONG)
    client.ports.webhooks.statuses.append(500)
    pushing.push(client.ports, push)
    assert client.get(ACTION).body["suspended"] is True


def test_diagnostics_are_listed(client: Client) -> None:
    (listed,) = client.get(DIAGNOSTICS).body
    assert listed["actionPolicyId"] == "mine"
    assert [action["actionType"] for action in listed["actions"]] == ["fifoPublish", "httpPush"]
    assert client.get(f"{DIAGNOSTICS}/mine").body == listed["actions"]


@pytest.mark.parametrize("named", ["none", "none/actions/hook", "mine/actions/x"])
def test_what_is_not_there_is_not_found(client: Client, named: str) -> None:
    path = f"{DIAGNOSTICS}/{named}"
    assert client.get(path).status == 404
    if "actions" in path:
        assert client.call("PUT", f"{path}/suspended", raw=b"false").status == 404
