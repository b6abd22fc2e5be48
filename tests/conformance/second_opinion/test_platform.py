"""Our functions, rules, queues and state machine at work in MiniStack; each function has the rights of its role."""

import itertools
import json
from functools import partial
from typing import Any

import pytest
import requests
import urllib3

from chalicelib.dialects.ibm.identity import api_key_name
from tests import clients
from tests.clients import PATIENCE_S, Rest
from tests.conformance.second_opinion.ministack import ACCOUNT, REGION
from tests.conformance.second_opinion.platform import Platform
from tests.live_objects.webhook import Webhook

pytestmark = pytest.mark.conformance

DEVICES = "/api/v1/deviceMgt/devices"
COMMANDS = "/api/v1/deviceMgt/commands"
# MiniStack unpacks the whole archive before a function's first invocation.
until = partial(clients.until, seconds=120)
_numbers = itertools.count(1)


@pytest.fixture
def urn() -> str:
    return f"urn:lo:nsid:second:d{next(_numbers)}"


def test_a_device_is_registered_listed_read_and_deleted(rest: Rest, urn: str) -> None:
    interface = {"connector": "mqtt", "definition": {"clientId": "s1"}}
    rest.post(DEVICES, {"id": urn, "tags": ["é"], "interfaces": [interface]})
    assert [d["id"] for d in rest.get(DEVICES, tags="é")] == [urn]
    assert rest.get(f"{DEVICES}/{urn}")["interfaces"][0]["nodeId"] == "s1"
    rest.ok("DELETE", f"{DEVICES}/{urn}")
    assert rest.call("GET", f"{DEVICES}/{urn}").status_code == 404


def test_a_second_device_of_the_same_id_is_told_in_the_vendors_shape(rest: Rest, urn: str) -> None:
    rest.post(DEVICES, {"id": urn})
    answer = rest.call("POST", DEVICES, {"id": urn})
    assert (answer.status_code, answer.json()["code"]) == (409, "DM_DEVICE_DUPLICATE")


def test_a_key_that_nobody_made_opens_nothing(platform: Platform) -> None:
    assert Rest(platform, "0" * 82).call("GET", DEVICES).status_code == 403


def test_a_client_that_says_nothing_of_what_it_accepts_gets_json(platform: Platform) -> None:
    silent = urllib3.request("GET", platform.url + DEVICES, headers={"X-API-Key": platform.api_key})
    assert isinstance(silent.json(), list)


def test_what_a_device_publishes_comes_through_its_rule_and_is_read(platform: Platform, rest: Rest, urn: str) -> None:
    with platform.connected(urn) as device:
        device.publish("dev/data", {"v": {"t": 21.5}, "m": "room"})
        (message,) = until(lambda: rest.get(f"/api/v0/data/streams/{urn}"))
    assert (message["value"], message["model"]) == ({"t": 21.5}, "room")


def test_a_reading_too_big_for_a_table_comes_back_whole(platform: Platform, rest: Rest, urn: str) -> None:
    with platform.connected(urn) as device:
        device.publish("dev/data", {"v": {"text": "x" * 100_000}})
        (message,) = until(lambda: rest.get(f"/api/v0/data/streams/{urn}"))
    assert message["value"] == {"text": "x" * 100_000}


def test_a_device_is_online_while_it_is_connected(platform: Platform, rest: Rest, urn: str) -> None:
    def status() -> str:
        return str(rest.get(f"{DEVICES}/{urn}")["interfaces"][0]["status"])

    with platform.connected(urn):
        until(lambda: status() == "ONLINE")
    until(lambda: status() == "OFFLINE")


def ordered(rest: Rest, urn: str, **policy: Any) -> Any:
    body = {"request": {"connector": "mqtt", "value": {"req": "on"}}, "policy": policy}
    return rest.post(f"{DEVICES}/{urn}/commands", body)


def test_a_command_waits_for_its_device_and_is_answered(platform: Platform, rest: Rest, urn: str) -> None:
    rest.post(DEVICES, {"id": urn, "interfaces": [{"connector": "mqtt", "definition": {"clientId": urn}}]})
    command = ordered(rest, urn)
    with platform.connected(urn) as device:
        device.subscribe("dev/cmd")
        sent = platform.direct.next("dev/cmd")
        device.publish("dev/cmd/res", {"cid": sent["cid"], "res": {"done": True}})
        done = until(lambda: (c := rest.get(f"{COMMANDS}/{command['id']}"))["status"] == "PROCESSED" and c)
    assert done["response"]["value"] == {"done": True}


def test_a_command_nobody_answers_ends_by_its_deadline_in_step_functions(
    platform: Platform, rest: Rest, urn: str
) -> None:
    with platform.connected(urn) as device:
        device.subscribe("dev/cmd")
        until(lambda: rest.get(f"{DEVICES}/{urn}")["interfaces"][0]["capabilities"]["command"]["available"])
        command = ordered(rest, urn, ackTimeoutInSeconds=10)
        platform.direct.next("dev/cmd")
        path = f"{COMMANDS}/{command['id']}"
        ended = until(lambda: (c := rest.get(path))["status"] not in ("PENDING", "PROCESSING") and c)
    assert (ended["status"], ended["errorCode"]) == ("ERROR", "ACK_TIMEOUT")
    steps = platform.ministack.client("stepfunctions")
    machine = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:{platform.stage.called('deadlines')}"
    (run,) = (e for e in steps.list_executions(stateMachineArn=machine)["executions"] if command["id"] in e["name"])
    until(lambda: steps.describe_execution(executionArn=run["executionArn"])["status"] == "SUCCEEDED")


def test_an_event_reaches_a_webhook_through_the_queue(rest: Rest, urn: str) -> None:
    with Webhook() as webhook:
        trigger = {"dataMessage": {"version": 1, "filter": {"tags": [["hooked"]]}}}
        push = {"webhookUrl": f"{webhook.url}/in", "jsonPath": "$.value", "content": '{"celsius":{{t}}}'}
        policy = {"name": "hooked", "enabled": True, "triggers": trigger, "actions": {"httpPush": [push]}}
        rest.post("/api/v1/event2action/actionPolicies", policy)
        rest.post(f"/api/v0/data/streams/{urn}", {"value": {"t": 21.5}, "tags": ["hooked"]})
        came = webhook.posted.get(timeout=PATIENCE_S)
    assert (came.path, json.loads(came.body)) == ("/in", {"celsius": 21.5})


def test_a_fifo_is_pumped_to_an_application(platform: Platform, rest: Rest) -> None:
    rest.post("/api/v0/topics/fifo", {"name": "mine", "maxLengthBytes": 1_000_000})
    rest.post("/api/v0/topics/fifo/mine", {"n": 1})
    with platform.connected(f"app{next(_numbers)}", "application") as application:
        application.subscribe("fifo/mine")
        assert platform.direct.next("fifo/mine") == {"n": 1}
        until(lambda: rest.get("/api/v0/topics/fifo/mine")["messages"] == 0)


def test_an_event_of_an_ibm_device_is_in_its_historian(platform: Platform, rest: Rest) -> None:
    key = rest.get("/api/v0/apiKeys/current_key")
    url, auth = f"{platform.url}/api/v0001", (api_key_name(key["tenantId"], key["id"]), platform.api_key)
    made = requests.post(f"{url}/devices", json={"type": "pump", "id": "p1"}, auth=auth, timeout=PATIENCE_S).json()
    client = f"d:{key['tenantId']}:pump:p1"
    with platform.connected(client, "use-token-auth", made["password"]) as device:
        device.publish("iot-2/evt/status/fmt/json", {"d": {"cpu": 60}})
        historian = f"{url}/historian/pump/p1"
        (record,) = until(lambda: requests.get(historian, auth=auth, timeout=PATIENCE_S).json())
    assert (record["evt_type"], record["evt"]) == ("status", {"cpu": 60})


def test_a_file_is_kept_and_given_back(rest: Rest) -> None:
    rest.post("/api/v0/rm", {"resourceId": "firmware"})
    version = {"resourceVersionId": "1", "checksum": "kAFQmDzST7DWlj99KOF/cg==", "file": "YWJj"}
    assert rest.post("/api/v0/rm/firmware/version", version)["ready"]
    assert rest.call("GET", "/api/v0/rm/firmware/version/1").ok


def test_work_that_fails_for_good_waits_in_the_dead_letters_until_it_is_redriven(platform: Platform) -> None:
    functions = platform.ministack.client("lambda")
    functions.invoke(FunctionName="homeport-dev-presence", InvocationType="Event", Payload=b"{}")
    until(lambda: platform.run("redrive", "--dry-run")["found"] == 1)
    assert platform.run("redrive") == {"found": 1, "redriven": 1, "unreadable": 0}
