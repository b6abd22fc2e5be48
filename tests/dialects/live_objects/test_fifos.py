"""FIFOs and action policies over REST (OpenAPI "Bus management", "Triggers and Actions")."""

from typing import Any

import pytest

from chalicelib.fleet.access.roles import Role
from chalicelib.fleet.presence.claims import Claim
from chalicelib.fleet.queues import consuming
from tests.dialects.live_objects.client import DEVICES, Client

FIFOS = "/api/v0/topics/fifo"
LINKED = "/api/v1/event2action/fifos"
POLICIES = "/api/v1/event2action/actionPolicies"
TRY_FIFO = "/api/v1/event2action/test/fifo"
TRY_PUSH = "/api/v1/event2action/test/http-push"
DATA = {"dataMessage": {"version": 1}}
TO_FIFO = {"fifoPublish": [{"fifoName": "q"}]}
POLICY = {"name": "n", "triggers": DATA, "actions": TO_FIFO}
OLD_POLICY = POLICY | {"triggers": {"messageSelector": {"origin": "data_new"}}}
DEVICE = f"{DEVICES}/urn:lo:nsid:a:b"
ASSET = "/api/v0/assets/a/b"
TARGET = "/api/v0/rm/asset/a/b/resource/r/targetversion"
MQTT = {"connector": "mqtt", "definition": {"clientId": "urn:lo:nsid:a:b"}}
COMMAND = {"request": {"connector": "mqtt", "value": {"req": "r"}}}
INTEGER = {"type": "INT32", "value": 1}
OLD_INTEGER = {"type": "INT32", "valueInt32": 1}


@pytest.fixture
def fifo(client: Client) -> str:
    assert client.call("POST", FIFOS, {"name": "q", "maxLengthBytes": 524_288, "messageTtl": 60}).status == 200
    return f"{FIFOS}/q"


def listen(client: Client) -> None:
    claim = Claim("app", client.tenant.id, "live_objects", "application", client.master.id, 0)
    client.ports.claims.put_new(claim)
    consuming.subscribed(client.ports, claim, "s1", frozenset({"q"}), 1)


def policy(client: Client, triggers: Any = None, actions: Any = None, **fields: Any) -> Any:
    return client.call(
        "POST", POLICIES, {"name": "n", "triggers": triggers or DATA, "actions": actions or TO_FIFO, **fields}
    )


class TestFifos:
    def test_a_fifo_shows_how_it_stands(self, client: Client, fifo: str) -> None:
        client.call("POST", fifo, raw=b"abc")
        assert client.get(fifo).body == {
            "name": "q",
            "messages": 1,
            "messageBytes": 3,
            "messageUnacknowledged": 0,
            "messageUnacknowledgedBytes": 0,
            "consumers": 0,
            "maxLengthBytes": 524_288,
            "messageTtl": 60,
        }

    def test_fifos_are_listed_by_pages(self, client: Client) -> None:
        for name in "cab":
            client.call("POST", FIFOS, {"name": name, "maxLengthBytes": -1})
        page = client.get(FIFOS, page=1, size=2).body
        assert (page["page"], page["size"], page["totalCount"]) == (1, 2, 3)
        assert [(f["name"], f["maxLengthBytes"]) for f in page["data"]] == [("c", -1)]

    @pytest.mark.parametrize(
        "body",
        [
            {"name": "q"},
            {"maxLengthBytes": 0},
            {"name": "a b", "maxLengthBytes": 0},
            {"name": "x" * 252, "maxLengthBytes": 0},
            {"name": "q", "maxLengthBytes": 5},
            {"name": "q", "maxLengthBytes": -2},
            {"name": "q", "maxLengthBytes": "big"},
            {"name": "q", "maxLengthBytes": 0, "messageTtl": 0},
            {"name": "q", "maxLengthBytes": 0, "messageTtl": 1 << 40},
        ],
    )
    def test_a_fifo_that_cannot_be_is_refused(self, client: Client, body: Any) -> None:
        reply = client.call("POST", FIFOS, body)
        assert (reply.status, reply.code) == (400, "GENERIC_INVALID_PARAMETER_ERROR")

    def test_a_second_one_of_a_name_is_a_conflict(self, client: Client) -> None:
        answers = [client.call("POST", FIFOS, {"name": "q", "maxLengthBytes": 0}).status for _ in range(2)]
        assert answers == [200, 409]

    @pytest.mark.parametrize(("method", "body"), [("GET", None), ("DELETE", None), ("POST", {"a": 1})])
    def test_one_that_is_not_there_is_not_found(self, client: Client, method: str, body: Any) -> None:
        assert client.call(method, f"{FIFOS}/none", body).status == 404

    def test_a_message_is_any_bytes(self, client: Client, fifo: str) -> None:
        reply = client.call("POST", fifo, raw=b"\x00\xff", headers={"Content-Type": "application/octet-stream"})
        assert (reply.status, reply.body) == (200, True)
        (messages,) = client.ports.queued.rows.values()
        assert [m.payload for m in messages.values()] == [b"\x00\xff"]

    def test_a_message_that_is_too_big_is_refused(self, client: Client, fifo: str) -> None:
        reply = client.call("POST", fifo, raw=b"x" * (128 * 1024 + 1))
        assert (reply.status, reply.code) == (413, "GENERIC_INVALID_PARAMETER_ERROR")

    def test_deleting_says_so(self, client: Client, fifo: str) -> None:
        assert client.call("DELETE", fifo).body is True
        assert client.get(fifo).status == 404

    def test_a_fifo_with_consumers_goes_by_force_only(self, client: Client, fifo: str) -> None:
        listen(client)
        assert client.get(fifo).body["consumers"] == 1
        assert client.call("DELETE", fifo).status == 403
        assert client.call("DELETE", fifo, force="true").status == 200

    def test_a_key_with_a_scope_publishes_within_it(self, client: Client, fifo: str) -> None:
        assert client.call("POST", fifo, {}, key=client.key(Role.BUS_W, queues=frozenset({"other"}))).status == 403
        assert client.call("POST", fifo, {}, key=client.key(Role.BUS_W, queues=frozenset({"q"}))).status == 200

    @pytest.mark.parametrize(
        ("path", "body", "query"),
        [
            (f"{DEVICE}/commands", COMMAND | {"notifyTo": "fifo/q"}, {}),
            (f"{DEVICE}/config", {"parameters": {"a": INTEGER}, "notifyTo": "fifo/q"}, {}),
            (f"{DEVICE}/resources/r", {"version": "1", "notifyTo": "fifo/q"}, {}),
            (f"{DEVICE}/resources/r/updates", {"requestedVersion": "1", "notifyTo": "fifo/q"}, {}),
            (f"{ASSET}/commands", {"event": "e"}, {"notifyTo": "fifo/q"}),
            (f"{ASSET}/params", {"a": OLD_INTEGER}, {"notifyTo": "fifo/q"}),
            (TARGET, {"targetVersion": "1"}, {"notifyTo": "fifo/q"}),
            (POLICIES, POLICY, {}),
            (f"{POLICIES}/p", POLICY, {}),
            ("/api/v0/event2action/actionPolicies", OLD_POLICY, {}),
        ],
    )
    def test_a_key_with_a_scope_lets_nothing_be_told(
        self, client: Client, fifo: str, path: str, body: Any, query: dict[str, Any]
    ) -> None:
        assert client.call("POST", DEVICES, {"id": "urn:lo:nsid:a:b", "interfaces": [MQTT]}).status == 200
        rights = (Role.BUS_W, Role.DEVICE_R, Role.DEVICE_W, Role.DATA_PROCESSING_R, Role.DATA_PROCESSING_W)
        other, same = (client.key(*rights, queues=frozenset({name})) for name in ("other", "q"))
        method = "PUT" if path in (f"{POLICIES}/p", TARGET) else "POST"
        refused = client.call(method, path, body, key=other, **query)
        assert (refused.status, refused.body["message"]) == (403, "this API key is for some queues only")
        assert client.call(method, path, body, key=same, **query).status == 403
        assert client.get(fifo).body["messages"] == 0

    def test_what_fills_a_fifo_is_shown(self, client: Client) -> None:
        made = policy(client).body
        action = made["actions"]["fifoPublish"][0]["id"]
        linked = {"actionPolicy": {"id": made["id"], "name": "n", "triggerTypes": ["dataMessage"]}, "actionId": action}
        assert client.get(LINKED).body == [{"name": "q", "linkedActions": [linked]}]
        shown = client.get(f"{LINKED}/q").body
        assert shown == {"name": "q", "linkedActions": [linked], "status": {"messages": 0, "consumers": 0}}
        assert client.get(LINKED, withStatus="true").body == [shown]


class TestActionPolicies:
    def test_a_policy_is_given_back_as_it_stands(self, client: Client) -> None:
        push = {
            "webhookUrl": "https://example.org/in",
            "headers": {"X-A": ["1", "2"]},
            "jsonPath": "$.value",
            "content": "{{t}}",
            "retryOnFailure": True,
            "signingSecret": "x" * 20,
        }
        chosen = {
            "connectors": ["mqtt"],
            "deviceIds": ["urn:lo:nsid:a:b"],
            "groupPaths": [{"path": "/france", "includeSubPath": True}],
            "tags": [["a", "b"], ["c"]],
        }
        triggers = {"dataMessage": {"version": 1, "filter": chosen}}
        made = policy(
            client, triggers, {"httpPush": [push], "fifoPublish": [{"fifoName": "q", "noRetention": True}]}
        ).body
        assert client.get(f"{POLICIES}/{made['id']}").body == made
        assert client.get(POLICIES).body == [made]
        assert made["triggers"] == triggers
        assert made["enabled"] is True
        (shown,), (fifo,) = made["actions"]["httpPush"], made["actions"]["fifoPublish"]
        assert {**push, "id": shown["id"], "type": "httpPush"} == shown
        assert {"id": fifo["id"], "type": "fifoPublish", "fifoName": "q", "noRetention": True} == fifo

    def test_the_fifo_of_a_policy_is_made_with_it(self, client: Client) -> None:
        policy(client)
        assert client.get(f"{FIFOS}/q").body["maxLengthBytes"] == -1

    def test_a_policy_is_put_under_an_id_of_ones_own(self, client: Client) -> None:
        body = {"name": "n", "triggers": DATA, "actions": TO_FIFO}
        assert client.call("PUT", f"{POLICIES}/mine", body).body["id"] == "mine"
        assert client.call("PUT", f"{POLICIES}/mine", {**body, "id": "mine", "name": "m"}).body["name"] == "m"
        assert client.call("PUT", f"{POLICIES}/mine", {**body, "id": "other"}).status == 400
        assert len(client.get(POLICIES).body) == 1

    def test_an_update_keeps_the_ids_of_actions(self, client: Client) -> None:
        made = policy(client).body
        path = f"{POLICIES}/{made['id']}"
        assert client.call("PUT", path, made).body["actions"] == made["actions"]
        twice = {"fifoPublish": made["actions"]["fifoPublish"] * 2}
        first, second = client.call("PUT", path, {**made, "actions": twice}).body["actions"]["fifoPublish"]
        assert first["id"] != second["id"]

    def test_a_policy_is_switched_and_deleted(self, client: Client) -> None:
        path = f"{POLICIES}/{policy(client).body['id']}"
        assert client.call("PUT", f"{path}/enabled", raw=b"false").body["enabled"] is False
        assert client.get(path).body["enabled"] is False
        assert client.call("DELETE", path).status == 204
        assert [client.call(m, path).status for m in ("GET", "DELETE")] == [404, 404]
        assert client.call("PUT", f"{path}/enabled", raw=b"true").status == 404

    def test_policies_are_listed_by_trigger(self, client: Client) -> None:
        policy(client)
        both = {"deviceCreated": {"version": 1}, "deviceDeleted": {"version": 1, "filter": {"tags": [["a"]]}}}
        policy(client, both, name="devices")
        assert [p["name"] for p in client.get(POLICIES, triggerType="deviceDeleted").body] == ["devices"]
        assert client.get(POLICIES, triggerType="nothing").status == 400

    @pytest.mark.parametrize(
        ("changed", "named"),
        [
            ({"id": "mine"}, "id"),
            ({"name": ""}, "name"),
            ({"name": None}, "name"),
            ({"triggers": {}}, "triggers"),
            ({"triggers": {"dataMessage": None}}, "triggers"),
            ({"triggers": {"dataMessage": {}}}, "version"),
            ({"triggers": {"dataMessage": {"version": 2}}}, "version"),
            ({"triggers": {"nothing": {"version": 1}}}, "nothing"),
            ({"triggers": {"stateChange": {"version": 1}}}, "stateChange"),
            ({"triggers": {**DATA, "deviceCreated": {"version": 1}}}, "triggers"),
            ({"triggers": {"dataMessage": {"version": 1, "filter": {"status": ["ERROR"]}}}}, "status"),
            ({"triggers": {"commandStatus": {"version": 1, "filter": {"status": ["DONE"]}}}}, "status"),
            ({"triggers": {"dataMessage": {"version": 1, "filter": {"connectors": ["m"] * 21}}}}, "connectors"),
            ({"triggers": {"dataMessage": {"version": 1, "filter": {"groupPaths": [{"path": "x"}]}}}}, "path"),
            ({"actions": {}}, "actions"),
            ({"actions": {"emails": [{"to": ["a@b"]}]}}, "emails"),
            ({"actions": {"fifoPublish": [{}]}}, "fifoName"),
            ({"actions": {"fifoPublish": [{"fifoName": "a b"}]}}, "fifoName"),
            ({"actions": {"httpPush": [{"webhookUrl": "ftp://a"}]}}, "webhookUrl"),
            ({"actions": {"httpPush": [{"webhookUrl": "http://a", "jsonPath": "a"}]}}, "jsonPath"),
            ({"actions": {"httpPush": [{"webhookUrl": "http://a", "content": "{{"}]}}, "tag"),
            ({"actions": {"httpPush": [{"webhookUrl": "http://a", "headers": {"A": ["b\n"]}}]}}, "header"),
            ({"actions": {"httpPush": [{"webhookUrl": "http://a", "signingSecret": "short"}]}}, "signingSecret"),
        ],
    )
    def test_a_policy_that_cannot_be_is_refused_and_told_why(self, client: Client, changed: Any, named: str) -> None:
        reply = client.call("POST", POLICIES, {"name": "n", "triggers": DATA, "actions": TO_FIFO, **changed})
        assert (reply.status, reply.code) == (400, "GENERIC_INVALID_PARAMETER_ERROR")
        assert named in reply.body["message"]

    def test_a_data_message_goes_where_the_policy_says(self, client: Client, fifo: str) -> None:
        policy(client, {"dataMessage": {"version": 1, "filter": {"tags": [["t"]]}}})
        for tags in (["t"], ["u"]):
            client.call("POST", "/api/v0/data/streams/s", {"value": {"a": 1}, "tags": tags})
        assert client.get(fifo).body["messages"] == 1


class TestTryingOut:
    def test_a_message_is_published(self, client: Client, fifo: str) -> None:
        assert client.call("POST", TRY_FIFO, {"fifoName": "q", "payload": "x"}).body == {"success": True}
        assert client.get(fifo).body["messages"] == 1

    def test_a_fifo_that_is_not_there_is_no_success(self, client: Client) -> None:
        reply = client.call("POST", TRY_FIFO, {"fifoName": "q", "payload": "x"}).body
        assert reply["success"] is False
        assert "q" in reply["errorMessage"]

    def test_a_webhook_is_posted_to_once(self, client: Client) -> None:
        body = {"webhookUrl": "https://example.org/", "requestBody": "hello", "signingSecret": "x" * 20}
        reply = client.call("POST", TRY_PUSH, body).body
        assert (reply["success"], reply["httpResponseStatusCode"]) == (True, 200)
        ((_, headers, sent),) = client.ports.webhooks.posted
        assert sent == b"hello"
        assert headers["X-Hub-Signature-256"].startswith("sha256=")

    @pytest.mark.parametrize(("status", "shown"), [(500, 500), (None, None)])
    def test_a_webhook_that_fails_is_no_success(self, client: Client, status: int | None, shown: int | None) -> None:
        client.ports.webhooks.statuses.append(status)
        reply = client.call("POST", TRY_PUSH, {"webhookUrl": "https://example.org/"}).body
        assert (reply["success"], reply.get("httpResponseStatusCode")) == (False, shown)
