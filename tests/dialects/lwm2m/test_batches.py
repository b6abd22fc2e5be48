"""Reports of many devices that the gateway tells together."""

import base64
import json
from typing import Any

import pytest

from chalicelib.dialects.lwm2m import gateway
from tests.dialects.live_objects.client import Client
from tests.dialects.lwm2m.rig import Endpoint, provision

pytestmark = pytest.mark.row("F2")
SENML_JSON = 110


def sent(endpoint: Endpoint, value: float, **told: Any) -> dict[str, Any]:
    payload = base64.b64encode(json.dumps([{"n": "/3303/0/5700", "v": value}]).encode()).decode()
    return {
        "kind": "request",
        "door": "run",
        "id": f"b-{value}",
        "principal": endpoint.principal,
        "method": "POST",
        "path": ["dp"],
        "query": [],
        "address": "192.0.2.77",
        "port": 1,
        "payload": payload,
        "format": SENML_JSON,
        **told,
    }


def test_each_is_answered_for_itself_and_one_that_fails_holds_up_nobody(client: Client) -> None:
    devices = []
    for number in range(3):
        named = {"endpoint": f"urn:{number}", "identity": f"identity-{number}"}
        path = provision(client, f"urn:lo:nsid:lwm2m:{number}", **named)
        devices.append((path, Endpoint(client, named["identity"], named["endpoint"])))
    for _, endpoint in devices:
        endpoint.connect()
        endpoint.register()
    events = [sent(endpoint, 20 + number) for number, (_, endpoint) in enumerate(devices)]
    broken = {"kind": "notification", "door": "run", "id": "b-x", "principal": devices[0][1].principal}
    refused = sent(devices[1][1], 23, payload=base64.b64encode(b"{").decode())
    told = {"kind": "batch", "events": [events[0], broken, events[1], refused, {"kind": "odd"}, events[2]]}
    answers = gateway.handle(client.ports, told)["answers"]
    assert [answer.get("code") for answer in answers] == ["2.04", None, "2.04", "4.00", None, "2.04"]
    assert [bool(answer.get("failed")) for answer in answers] == [False, True, False, False, True, False]
    for number, (path, _) in enumerate(devices):
        (shown,) = client.call("GET", f"{path}/twin/objects/3303/0").body["attributes"]
        assert shown["content"]["reportedValue"] == f"{20 + number}.0"


def test_somebody_who_asks_whether_anybody_is_there_is_answered(client: Client) -> None:
    assert gateway.handle(client.ports, {"kind": "ping"}) == {}


def test_a_gateway_that_leaves_tells_what_came_of_a_request_and_is_given_no_other(client: Client) -> None:
    path = provision(client)
    endpoint = Endpoint(client)
    endpoint.connect()
    endpoint.register()
    made = [
        client.call("POST", f"{path}/twin/operations", {"type": "READ", "paths": ["/3/0/9"]}).body["id"] for _ in "ab"
    ]
    event = {"principal": endpoint.principal, "holder": "run-1", "awaited": False}
    told = endpoint.event("next", **event)
    done = {"work": told["work"], "code": "2.05", "format": 0, "payload": base64.b64encode(b"7").decode()}
    assert endpoint.event("next", **event, done=done, leaving=True) == {}
    statuses = [client.call("GET", f"{path}/twin/operations/{each}").body["status"] for each in made]
    assert statuses == ["OK", "PENDING"]
