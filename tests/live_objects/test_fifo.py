"""FIFOs, application mode and routing over MQTT/TLS and HTTP, as a business application meets them (manual 3.6.2)."""

import hashlib
import hmac
import itertools
import json
import subprocess
import sys
from collections.abc import Iterator
from queue import Queue
from typing import Any

import pytest
from paho.mqtt.client import MQTTMessage

from tests.clients import PATIENCE_S, MqttClient, Rest, until
from tests.live_objects.webhook import Webhook
from tests.local.running import REPOSITORY, RunningStack

pytestmark = pytest.mark.row("C8")
FIFOS = "/api/v0/topics/fifo"
POLICIES = "/api/v1/event2action/actionPolicies"
TEST_PUSH = "/api/v1/event2action/test/http-push"
_numbers = itertools.count(1)


@pytest.fixture
def rest(stack: RunningStack) -> Iterator[Rest]:
    rest = Rest(stack)
    yield rest
    rest.close()


@pytest.fixture
def fifo(rest: Rest) -> Iterator[str]:
    """A FIFO of this test alone."""
    name = f"fifo{next(_numbers)}"
    rest.post(FIFOS, {"name": name, "maxLengthBytes": 1_000_000})
    yield name
    rest.ok("DELETE", f"{FIFOS}/{name}", force=True)


def application(stack: RunningStack, key: str = "", **options: Any) -> MqttClient:
    return MqttClient(stack, f"app{next(_numbers)}", "application", key or stack.api_key, **options)


def routed(rest: Rest, triggers: Any, **actions: Any) -> Iterator[str]:
    made = rest.post(POLICIES, {"name": "test", "enabled": True, "triggers": triggers, "actions": actions})
    yield made["id"]
    rest.ok("DELETE", f"{POLICIES}/{made['id']}")


def consumers(rest: Rest, fifo: str) -> int:
    return int(rest.get(f"{FIFOS}/{fifo}")["consumers"])


def waiting(rest: Rest, fifo: str) -> int:
    return int(rest.get(f"{FIFOS}/{fifo}")["messages"])


def taken(client: MqttClient, count: int) -> list[Any]:
    return [json.loads(client.messages.get(timeout=PATIENCE_S)[1]) for _ in range(count)]


def test_messages_wait_for_an_application_and_reach_it_in_order(stack: RunningStack, rest: Rest, fifo: str) -> None:
    for number in range(20):
        assert rest.post(f"{FIFOS}/{fifo}", {"n": number}) is True
    assert waiting(rest, fifo) == 20
    with application(stack) as app:
        app.subscribe(f"fifo/{fifo}")
        assert [app.next(f"fifo/{fifo}")["n"] for _ in range(20)] == list(range(20))
        until(lambda: waiting(rest, fifo) == 0)


def test_what_is_published_while_an_application_listens_comes_at_once(
    stack: RunningStack, rest: Rest, fifo: str
) -> None:
    with application(stack) as app:
        app.subscribe(f"fifo/{fifo}")
        until(lambda: consumers(rest, fifo) == 1)
        rest.post(f"{FIFOS}/{fifo}", {"n": 1})
        assert app.next(f"fifo/{fifo}") == {"n": 1}


def test_an_application_that_subscribed_before_its_fifo_was_made_is_served(stack: RunningStack, rest: Rest) -> None:
    name = f"later{next(_numbers)}"
    with application(stack) as app:
        app.subscribe(f"fifo/{name}")
        for turn in range(2):
            rest.post(FIFOS, {"name": name, "maxLengthBytes": -1})
            rest.post(f"{FIFOS}/{name}", {"n": turn})
            assert app.next(f"fifo/{name}") == {"n": turn}
            rest.ok("DELETE", f"{FIFOS}/{name}", force=True)


def test_a_subscription_that_names_no_fifo_is_refused(stack: RunningStack) -> None:
    with application(stack) as app:
        codes = [app.subscribe(name) for name in ("fifo/+", "fifo/#", "fifo/a/b", "#", "+/a", "fifo/a")]
    assert codes == [[0x80]] * 5 + [[1]]


def test_what_one_application_does_not_acknowledge_another_receives(stack: RunningStack, rest: Rest, fifo: str) -> None:
    rest.post(f"{FIFOS}/{fifo}", {"n": 1})
    with application(stack, acknowledging=False) as mute:
        mute.subscribe(f"fifo/{fifo}")
        assert mute.next(f"fifo/{fifo}") == {"n": 1}
        assert waiting(rest, fifo) == 1
    with application(stack) as app:
        app.subscribe(f"fifo/{fifo}")
        assert app.next(f"fifo/{fifo}") == {"n": 1}
        until(lambda: waiting(rest, fifo) == 0)


def test_two_applications_share_a_fifo(stack: RunningStack, rest: Rest, fifo: str) -> None:
    with application(stack) as one, application(stack) as other:
        one.subscribe(f"fifo/{fifo}")
        other.subscribe(f"fifo/{fifo}")
        until(lambda: consumers(rest, fifo) == 2)
        for number in range(30):
            rest.post(f"{FIFOS}/{fifo}", {"n": number})
        until(lambda: waiting(rest, fifo) == 0)
        got = [taken(app, app.messages.qsize()) for app in (one, other)]
        assert all(got)
        assert sorted(m["n"] for part in got for m in part) == list(range(30))


def test_one_connection_takes_from_several_fifos(stack: RunningStack, rest: Rest, fifo: str) -> None:
    rest.post(FIFOS, {"name": f"{fifo}-b", "maxLengthBytes": 0})
    with application(stack) as app:
        app.subscribe(f"fifo/{fifo}", f"fifo/{fifo}-b")
        until(lambda: consumers(rest, f"{fifo}-b") == 1)
        for name in (fifo, f"{fifo}-b"):
            rest.post(f"{FIFOS}/{name}", {"to": name})
        assert {m["to"] for m in taken(app, 2)} == {fifo, f"{fifo}-b"}
    rest.ok("DELETE", f"{FIFOS}/{fifo}-b", force=True)


def test_a_subscription_at_qos_0_is_served_too(stack: RunningStack, rest: Rest, fifo: str) -> None:
    rest.post(f"{FIFOS}/{fifo}", {"n": 1})
    with application(stack) as app:
        app.subscribe(f"fifo/{fifo}", qos=0)
        assert app.next(f"fifo/{fifo}") == {"n": 1}
        until(lambda: waiting(rest, fifo) == 0)


def test_a_key_with_a_scope_reaches_its_own_fifos_only(stack: RunningStack, rest: Rest, fifo: str) -> None:
    scope = {"parentId": master(rest), "roles": ["BUS_R", "BUS_W"], "scope": {"fifos": [fifo]}}
    key = rest.post("/api/v0/apiKeys", scope)["value"]
    with application(stack, key) as app:
        app.subscribe(f"fifo/{fifo}")
        rest.post(f"{FIFOS}/{fifo}", {"n": 1})
        assert app.next(f"fifo/{fifo}") == {"n": 1}
        assert app.subscribe("fifo/other") == [0x80]
    narrow = Rest(stack, key)
    assert narrow.call("POST", f"{FIFOS}/other", {}).status_code == 403
    narrow.close()


def master(rest: Rest) -> str:
    return str(rest.get("/api/v0/apiKeys/current_key")["id"])


@pytest.mark.parametrize("topic", ["fifo/any", "dev/cmd", "dev/cfg/upd"])
def test_an_application_cannot_publish_where_others_listen(stack: RunningStack, topic: str) -> None:
    app = application(stack)
    app.join()
    app._paho.publish(topic, b"{}", 1)
    until(lambda: app.closed)
    app.close()


def test_a_key_without_bus_r_cannot_come_in_as_an_application(stack: RunningStack, rest: Rest) -> None:
    key = rest.post("/api/v0/apiKeys", {"parentId": master(rest), "roles": ["DEVICE_ACCESS"]})["value"]
    app = application(stack, key)
    assert app.connect() != 0
    app.close()


def test_the_fifo_of_another_tenant_with_the_same_name_is_another_one(
    stack: RunningStack, rest: Rest, fifo: str
) -> None:
    other = stranger(stack)
    theirs = Rest(stack, other)
    theirs.post(FIFOS, {"name": fifo, "maxLengthBytes": 1_000_000})
    with application(stack, other) as app:
        app.subscribe(f"fifo/{fifo}")
        until(lambda: consumers(theirs, fifo) == 1)
        rest.post(f"{FIFOS}/{fifo}", {"whose": "ours"})
        theirs.post(f"{FIFOS}/{fifo}", {"whose": "theirs"})
        assert app.next(f"fifo/{fifo}") == {"whose": "theirs"}
    assert (consumers(rest, fifo), waiting(rest, fifo)) == (0, 1)
    theirs.close()


def stranger(stack: RunningStack) -> str:
    """The master key of a new tenant."""
    command = [sys.executable, "-m", "infra", "tenant", "create", f"stranger {next(_numbers)}", "--json"]
    made = subprocess.run(command, cwd=REPOSITORY, env=stack.environment(), capture_output=True, timeout=60, check=True)
    return str(json.loads(made.stdout)["apiKey"])


def test_a_fifo_with_a_consumer_is_deleted_by_force_only(stack: RunningStack, rest: Rest, fifo: str) -> None:
    with application(stack) as app:
        app.subscribe(f"fifo/{fifo}")
        until(lambda: consumers(rest, fifo) == 1)
        assert rest.call("DELETE", f"{FIFOS}/{fifo}").status_code == 403
    until(lambda: consumers(rest, fifo) == 0)


class TestRouting:
    @pytest.mark.row("E4")
    def test_the_data_of_devices_reaches_the_fifo(self, stack: RunningStack, rest: Rest, fifo: str) -> None:
        urn = f"urn:lo:nsid:fifo:d{next(_numbers)}"
        policy = routed(
            rest, {"dataMessage": {"version": 1, "filter": {"deviceIds": [urn]}}}, fifoPublish=[{"fifoName": fifo}]
        )
        next(policy)
        with MqttClient(stack, urn, "json+device", stack.api_key) as device, application(stack) as app:
            app.subscribe(f"fifo/{fifo}")
            for number in range(10):
                device.publish("dev/data", {"v": {"n": number}})
            received = taken(app, 10)
        assert [m["value"]["n"] for m in received] == list(range(10))
        told = {(m["type"], m["version"], m["metadata"]["source"], m["streamId"]) for m in received}
        assert told == {("dataMessage", 1, urn, urn)}
        next(policy, None)

    def test_the_status_of_a_command_reaches_the_fifo_it_names(
        self, stack: RunningStack, rest: Rest, fifo: str
    ) -> None:
        urn = f"urn:lo:nsid:fifo:d{next(_numbers)}"
        rest.post("/api/v1/deviceMgt/devices", {"id": urn})
        body = {"request": {"connector": "mqtt", "value": {"req": "x"}}, "notifyTo": f"fifo/{fifo}"}
        made = rest.post(f"/api/v1/deviceMgt/devices/{urn}/commands", body)
        rest.ok("PUT", f"/api/v1/deviceMgt/commands/{made['id']}/status", "CANCELED")
        with application(stack) as app:
            app.subscribe(f"fifo/{fifo}")
            told = taken(app, 2)
        assert [(m["type"], m["version"], m["commandId"], m["status"]) for m in told] == [
            ("commandStatus", 1, made["id"], "PENDING"),
            ("commandStatus", 1, made["id"], "CANCELED"),
        ]

    def test_messages_about_several_devices_are_under_way_at_once(
        self, stack: RunningStack, rest: Rest, fifo: str
    ) -> None:
        urns = [f"urn:lo:nsid:fifo:d{next(_numbers)}" for _ in range(4)]
        for urn in urns:
            rest.post("/api/v1/deviceMgt/devices", {"id": urn})
            body = {"request": {"connector": "mqtt", "value": {"req": "x"}}, "notifyTo": f"fifo/{fifo}"}
            rest.post(f"/api/v1/deviceMgt/devices/{urn}/commands", body)
        came = Queue[MQTTMessage]()
        with application(stack, acknowledging=False) as app:
            app._paho.on_message = lambda _client, _data, message: came.put(message)
            app.subscribe(f"fifo/{fifo}")
            first = came.get(timeout=PATIENCE_S)
            app._paho.ack(first.mid, first.qos)
            others = [came.get(timeout=PATIENCE_S) for _ in urns[1:]]
        assert {json.loads(message.payload)["deviceId"] for message in (first, *others)} == set(urns)

    def test_devices_that_come_go_and_connect_are_told(self, stack: RunningStack, rest: Rest, fifo: str) -> None:
        urn = f"urn:lo:nsid:fifo:d{next(_numbers)}"
        fill = {"fifoPublish": [{"fifoName": fifo}]}
        tags = {"filter": {"tags": [[urn.rpartition(":")[2]]]}, "version": 1}
        lives = routed(rest, {"deviceCreated": tags, "deviceDeleted": tags}, **fill)
        status = routed(rest, {"deviceStatus": {"version": 1}}, **fill)
        next(lives)
        next(status)
        node = urn.rpartition(":")[2]
        interface = {"connector": "mqtt", "definition": {"clientId": node}}
        rest.post("/api/v1/deviceMgt/devices", {"id": urn, "tags": [node], "interfaces": [interface]})
        with application(stack) as app:
            app.subscribe(f"fifo/{fifo}")
            assert [(m["type"], m["deviceId"]) for m in taken(app, 1)] == [("deviceCreated", urn)]
            with MqttClient(stack, node, "json+device", stack.api_key):
                assert mine(app, urn) == ("deviceStatus", "ONLINE")
            assert mine(app, urn) == ("deviceStatus", "OFFLINE")
            rest.ok("DELETE", f"/api/v1/deviceMgt/devices/{urn}")
            assert mine(app, urn) == ("deviceDeleted", None)
        next(lives, None)
        next(status, None)

    @pytest.mark.row("E4")
    def test_events_are_posted_to_webhooks_signed(self, rest: Rest) -> None:
        secret = "a secret of twenty characters"
        with Webhook() as webhook:
            push = {
                "webhookUrl": f"{webhook.url}/in?x=1",
                "headers": {"X-Mine": ["yes"]},
                "signingSecret": secret,
                "jsonPath": "$.value",
                "content": '{"celsius":{{t}}}',
            }
            stream = f"hook{next(_numbers)}"
            policy = routed(rest, {"dataMessage": {"version": 1, "filter": {"tags": [[stream]]}}}, httpPush=[push])
            next(policy)
            rest.post(f"/api/v0/data/streams/{stream}", {"value": {"t": 21.5}, "tags": [stream]})
            came = webhook.posted.get(timeout=PATIENCE_S)
            next(policy, None)
        assert (came.path, json.loads(came.body), came.headers["x-mine"]) == ("/in?x=1", {"celsius": 21.5}, "yes")
        digest = hmac.new(secret.encode(), came.body, hashlib.sha256).hexdigest()
        assert came.headers["x-hub-signature-256"] == f"sha256={digest}"


def mine(app: MqttClient, urn: str) -> tuple[str, str | None]:
    """Type and status of the next event about that device; those of other tests' devices are passed over."""
    while True:
        (event,) = taken(app, 1)
        if event["deviceId"] == urn:
            return event["type"], event.get("status")


class TestTryingWebhooks:
    def test_a_redirect_is_an_answer_and_not_followed(self, rest: Rest) -> None:
        with Webhook(statuses=[302]) as webhook:
            result = rest.post(TEST_PUSH, {"webhookUrl": webhook.url, "requestBody": "{}"})
            assert (result["success"], result["httpResponseStatusCode"]) == (False, 302)
            assert webhook.posted.qsize() == 1

    @pytest.mark.parametrize(
        "target",
        [
            "http://127.0.0.2/",
            "http://10.0.0.1/",
            "http://169.254.169.254/latest/meta-data/",
            "http://[::1]/",
            "http://[::ffff:10.0.0.1]/",
            "http://0.0.0.0/",
            "http://2130706434/",
        ],
    )
    def test_a_target_inside_is_refused(self, rest: Rest, target: str) -> None:
        result = rest.post(TEST_PUSH, {"webhookUrl": target, "requestBody": "{}"})
        assert (result["success"], result["urlBlacklisted"]) == (False, True)
