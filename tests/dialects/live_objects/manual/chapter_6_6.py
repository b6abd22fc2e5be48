"""MQTT: external connectors."""

from typing import Any

from tests.dialects.live_objects.client import DEVICES
from tests.dialects.live_objects.manual.rig import (
    CONNECTOR,
    PLACE,
    Manual,
    includes,
    offered,
    parameters,
    shaped,
)
from tests.dialects.live_objects.manual.samples import sample


@sample("6.6.3 message")
def _(manual: Manual) -> None:
    manual.connector()
    able = {"available": True}
    said = {
        "status": "ONLINE",
        "capabilities": {"command": able, "configuration": able, "resource": able},
        "lastContact": "2019-05-20T16:01:47Z",
        "sessionSequenceId": 1,
        "eventSequenceId": 3,
    }
    manual.say("connector/v1/nodes/n1/status", said, CONNECTOR)
    (shown,) = manual.call("GET", f"{DEVICES}/urn:lo:nsid:x-connector:n1/interfaces").body
    includes({"status": "ONLINE", "lastContact": "2019-05-20T16:01:47.000Z"}, shown)
    assert all(shown["capabilities"][name]["available"] for name in said["capabilities"])  # type: ignore[attr-defined]


@sample("6.6.4 message")
def _(manual: Manual) -> None:
    manual.node("n1")
    said = {
        "streamId": "urn:lo:nsid:detector_A8:12435355",
        "timestamp": "2019-05-20T16:01:47Z",
        "model": "data_v0",
        "value": {"temperature": 14.6, "battery": 53, "messageAlert": "low battery"},
        "location": PLACE,
        "tags": ["production", "london"],
    }
    manual.say("connector/v1/nodes/n1/data", said, CONNECTOR)
    (stored,) = manual.messages("urn:lo:nsid:detector_A8:12435355")
    includes({**said, "timestamp": "2019-05-20T16:01:47.000Z"}, stored)


@sample("6.6.4.1 message")
def _(manual: Manual) -> None:
    decoder = {"encoding": "twointegers", "format": "int a; int b;", "enabled": True}
    manual.call("POST", "/api/v0/decoders/binary", decoder)
    urn = manual.node("n1")
    said = {"value": {"payload": "000003F5000000DD"}, "metadata": {"encoding": "twointegers"}}
    manual.say("connector/v1/nodes/n1/data", said, CONNECTOR)
    (stored,) = manual.messages(urn)
    includes({**said, "value": {"payload": "000003F5000000DD", "a": 1013, "b": 221}}, stored)


def _ordered(manual: Manual) -> tuple[str, Any]:
    urn = manual.node("myDevice")
    value = {"req": "on", "args": {"level": 75}}
    body = {"request": {"connector": "x-connector", "value": value}, "policy": {"ackMode": "APPLICATIVE"}}
    command = manual.call("POST", f"{DEVICES}/{urn}/commands", body).body["id"]
    ((_, told),) = manual.told()
    return command, told


@sample("6.6.5.1 message")
def _(manual: Manual) -> None:
    command, told = _ordered(manual)
    value = {"req": "on", "args": {"level": 75}}
    assert told == {"id": command, "nodeId": "myDevice", "value": value, "ackMode": "APPLICATIVE"}


@sample("6.6.5.2 message")
def _(manual: Manual) -> None:
    command, _ = _ordered(manual)
    answer = {"status": "ok", "message": {"level": 75}}
    said = {"id": command, "nodeId": "myDevice", "response": answer}
    manual.say("connector/v1/responses/command", said, CONNECTOR)
    done = manual.call("GET", f"/api/v1/deviceMgt/commands/{command}").body
    assert (done["status"], done["response"]) == ("PROCESSED", {"value": answer})


@sample("6.6.6.2 message")
def _(manual: Manual) -> None:
    node = "9ea64eb7-a5b4-4573-86e3-b6d949dc55a3"
    urn = manual.node(node)
    said_parameters = {
        "my_param1": {"type": "UINT32", "value": 8035095625792325998},
        "my_param2": {"type": "FLOAT", "value": 0.8862329945028716},
    }
    said = {"nodeId": node, "targetVersion": 363745365, "parameters": said_parameters}
    manual.say("connector/v1/responses/configuration", said, CONNECTOR)
    found = parameters(manual, urn)
    assert {name: found[name]["reported"]["value"] for name in said_parameters} == {
        name: parameter["value"] for name, parameter in said_parameters.items()
    }


@sample("6.6.6.3 message")
def _(manual: Manual) -> None:
    node = "9ea64eb7-a5b4-4573-86e3-b6d949dc55a3"
    urn = manual.node(node)
    said_parameters = {
        "my_param4": {"type": "INT32", "value": 123},
        "my_param5": {"type": "FLOAT", "value": 0.45562329946543},
    }
    manual.say("connector/v1/current/configuration", {"nodeId": node, "parameters": said_parameters}, CONNECTOR)
    found = parameters(manual, urn)
    assert found["my_param4"]["reported"]["value"] == 123
    assert found["my_param5"]["reported"]["value"] == 0.45562329946543


@sample("6.6.7.1 message")
def _(manual: Manual) -> None:
    urn = manual.node("CfnpFC6r")
    current = {"nodeId": "CfnpFC6r", "resources": {"my_resource": {"version": "1.0"}}}
    manual.say("connector/v1/current/resource", current, CONNECTOR)
    told = offered(manual, urn, "my_resource", "2.0")
    includes({"nodeId": "CfnpFC6r", "resourceId": "my_resource", "sourceVersion": "1.0", "targetVersion": "2.0"}, told)
    includes({"delivery": {"type": "HTTP_DELIVERY", "size": 4, "md5": "098f6bcd4621d373cade4e832627b4f6"}}, told)
    shaped({"updateCorrelationId": "5fc0db74e4332f0001aadf0c", "delivery": {"uri": "https://…"}}, told)


@sample("6.6.7.2 message")
def _(manual: Manual) -> None:
    urn = manual.node("HA0lQz8R")
    told = offered(manual, urn, "my_resource", "2.0")
    said = {
        "nodeId": "HA0lQz8R",
        "updateCorrelationId": told["updateCorrelationId"],
        "status": "FAILED",
        "error": {"code": "myErrorCode", "details": "myErrorDetails"},
    }
    manual.say("connector/v1/responses/resource", said, CONNECTOR)
    found = manual.call("GET", f"{DEVICES}/{urn}/resources/my_resource/updates/latest").body
    assert (found["status"], found["deviceErrorCode"]) == ("FAILED", "myErrorCode")
    assert found["errorDetails"] == "myErrorDetails"


@sample("6.6.7.3 message")
def _(manual: Manual) -> None:
    urn = manual.node("CLcl0F4b")
    resources = {"my_specific_resource": {"version": "1.0"}, "my_firmware": {"version": "3.2"}}
    manual.say("connector/v1/current/resource", {"nodeId": "CLcl0F4b", "resources": resources}, CONNECTOR)
    shown = manual.call("GET", f"{DEVICES}/{urn}").body["resources"]
    assert shown == {"my_specific_resource": "1.0", "my_firmware": "3.2"}
