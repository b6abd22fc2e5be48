"""Action policies that select messages: `/api/v0/event2action`."""

from typing import Any

import pytest

from tests.dialects.live_objects.client import Client

POLICIES = "/api/v0/event2action/actionPolicies"
BODY: dict[str, Any] = {
    "name": "to a queue",
    "enabled": True,
    "triggers": {
        "messageSelector": {
            "origin": "data_new",
            "filter": {"connectors": ["mqtt"], "groupPaths": [{"path": "/france", "includeSubPath": True}]},
        }
    },
    "actions": {"fifoPublish": [{"fifoName": "mine"}]},
}


class TestActionPolicies:
    def test_a_policy_selects_messages(self, client: Client) -> None:
        made = client.call("POST", POLICIES, BODY)
        assert made.status == 200
        assert {name: made.body[name] for name in ("name", "enabled", "triggers")} == {
            name: BODY[name] for name in ("name", "enabled", "triggers")
        }
        assert made.body["actions"]["fifoPublish"][0]["fifoName"] == "mine"
        assert client.get(f"{POLICIES}/{made.body['id']}").body == made.body
        new = client.get(f"/api/v1/event2action/actionPolicies/{made.body['id']}").body
        assert new["triggers"]["dataMessage"]["filter"]["connectors"] == ["mqtt"]

    def test_a_policy_routes_what_arrives(self, client: Client) -> None:
        client.call("POST", POLICIES, {**BODY, "triggers": {"messageSelector": {"origin": "data_new"}}})
        client.call("POST", "/api/v0/data/streams/s", {"value": {"x": 1}})
        assert client.get("/api/v0/topics/fifo/mine").body["messages"] == 1

    def test_a_policy_is_put_changed_and_deleted(self, client: Client) -> None:
        path = f"{POLICIES}/mine"
        assert client.call("PUT", path, BODY).status == 200
        assert client.call("PUT", path, {**BODY, "enabled": False}).status == 200
        assert client.get(path).body["enabled"] is False
        assert client.call("PUT", path, {**BODY, "id": "other"}).status == 400
        assert client.call("DELETE", path).status == 204
        assert client.get(path).status == 404

    def test_the_list_is_of_policies_on_messages(self, client: Client) -> None:
        client.call("POST", POLICIES, BODY)
        other = {**BODY, "triggers": {"deviceCreated": {"version": 1}}}
        assert client.call("PUT", "/api/v1/event2action/actionPolicies/new", other).status == 200
        body = client.get(POLICIES, triggerType="messages").body
        assert (body["totalCount"], [policy["name"] for policy in body["data"]]) == (1, ["to a queue"])
        assert client.get(POLICIES, triggerType="rules").body["totalCount"] == 0
        assert client.get(POLICIES, triggerType="others").status == 400
        assert client.get(f"{POLICIES}/new").status == 404
        assert client.call("DELETE", f"{POLICIES}/new").status == 404

    @pytest.mark.parametrize(
        "change",
        [
            {"id": "mine"},
            {"name": None},
            {"triggers": {"eventRuleIds": ["r"]}},
            {"triggers": {}},
            {"triggers": {"messageSelector": {"origin": "elsewhere"}}},
            {"triggers": {"messageSelector": {"origin": "data_new", "filter": {"tags": [["a"]]}}}},
            {"actions": {}},
        ],
    )
    def test_what_it_cannot_do_is_refused(self, client: Client, change: dict[str, Any]) -> None:
        assert client.call("POST", POLICIES, {**BODY, **change}).status == 400

    def test_a_webhook_is_tried(self, client: Client) -> None:
        body = client.call("POST", "/api/v0/event2action/test/http-push", {"webhookUrl": "https://hook.example/"}).body
        assert body["success"] is True
