"""Device and connectivity."""

import re

from tests.dialects.live_objects.client import DEVICES
from tests.dialects.live_objects.manual.rig import DEVICE, Manual, includes, shaped
from tests.dialects.live_objects.manual.samples import sample

GROUPS = "/api/v1/deviceMgt/groups"

REGISTERED = {
    "id": DEVICE,
    "tags": ["Lyon", "Test"],
    "name": "mySensor001",
    "description": "moisture sensor",
    "properties": {"manufacturer": "Orange", "model": "MoistureSensorV3"},
}


@sample("5.3.1.1 body")
def _(manual: Manual) -> None:
    assert manual.call("POST", DEVICES, {**REGISTERED, "group": {"path": "/france/lyon"}}).status == 200


@sample("5.3.1.2 answer")
def _(manual: Manual) -> None:
    shown = manual.call("POST", DEVICES, {**REGISTERED, "group": {"path": "/france/lyon"}}).body
    includes({**REGISTERED, "defaultDataStreamId": DEVICE, "group": {"path": "/france/lyon"}}, shown)
    shaped({"group": {"id": "sWyaL2"}, "created": "2018-02-12T13:29:52.442Z", "updated": "…"}, shown)


@sample("5.3.2.1 first request")
def _(manual: Manual) -> None:
    for number in (1, 2):
        manual.call("POST", DEVICES, {"id": f"urn:lo:nsid:sensor:temp00{number}", "name": f"mySensor00{number}"})
    manual.call("POST", DEVICES, {"id": "urn:lo:nsid:other:1", "name": "other"})
    found = manual.call("GET", DEVICES, name="mySensor*", sort="-id", fields="name,created,group").body
    assert [device["name"] for device in found] == ["mySensor002", "mySensor001"]


@sample("5.3.2.1 second request")
def _(manual: Manual) -> None:
    manual.call("POST", GROUPS, {"pathNode": "France"})
    node = [{"connector": "x-connector", "definition": {"nodeId": "n1"}}]
    manual.call("POST", DEVICES, {"id": "urn:lo:nsid:a:1", "interfaces": node})
    manual.call("POST", DEVICES, {"id": "urn:lo:nsid:a:2", "group": {"path": "/France"}, "tags": ["demo"]})
    query = "groupPath==/France;tags==demo;connector==lwm2m or (connector==x-connector)"
    found = manual.call("GET", DEVICES, fields="id", filterQuery=query).body
    assert found == [{"id": "urn:lo:nsid:a:1"}]


@sample("5.3.2.2 answer")
def _(manual: Manual) -> None:
    manual.call("POST", DEVICES, {"id": "urn:lo:nsid:sensor:temp002", "name": "mySensor002"})
    manual.call("POST", DEVICES, {"id": DEVICE, "name": "mySensor001", "group": {"path": "/france/lyon"}})
    found = manual.call("GET", DEVICES, name="mySensor*", sort="-id", fields="name,created,group").body
    first = {"id": "urn:lo:nsid:sensor:temp002", "name": "mySensor002", "group": {"id": "root", "path": "/"}}
    second = {"id": DEVICE, "name": "mySensor001", "group": {"path": "/france/lyon"}}
    includes([first, second], found)
    assert all(device.keys() == {"id", "name", "group", "created"} for device in found)


@sample("5.3.3.1 request")
def _(manual: Manual) -> None:
    manual.device("urn:lo:nsid:mqtt:myTest")
    assert manual.call("GET", f"{DEVICES}/urn:lo:nsid:mqtt:myTest").status == 200


@sample("5.3.3.2 answer")
def _(manual: Manual) -> None:
    urn, node = "urn:lo:nsid:sensor:temp002", "urn:lo:nsid:mqtt:myTest"
    manual.device(urn, node, name="mySensor002", description="registered")
    manual.happen("disconnected", node)
    shown = manual.call("GET", f"{DEVICES}/{urn}").body
    absent = {"available": False}
    interface = {
        "connector": "mqtt",
        "nodeId": node,
        "enabled": True,
        "status": "OFFLINE",
        "capabilities": {"configuration": absent, "command": absent, "resource": absent, "twin": absent},
        "activity": {"mqttVersion": 4, "mqttUsername": "json+device", "mqttTimeout": 60},
    }
    device = {"id": urn, "name": "mySensor002", "group": {"id": "root", "path": "/"}, "defaultDataStreamId": urn}
    includes({**device, "activityState": "NOT_MONITORED", "interfaces": [interface]}, shown)
    moments = {"lastSessionStartTime": "…", "lastSessionEndTime": "…", "remoteAddress": "82.13.102.175/27659"}
    shaped({"interfaces": [{"lastContact": "…", "activity": moments, "created": "…", "updated": "…"}]}, shown)
    assert re.fullmatch(r"[\d.]+/\d+", shown["interfaces"][0]["activity"]["remoteAddress"])


@sample("5.3.4.1 request")
def _(manual: Manual) -> None:
    manual.call("POST", DEVICES, {"id": DEVICE})
    assert manual.call("DELETE", f"{DEVICES}/{DEVICE}").status == 204


@sample("5.4.2.1 request")
def _(manual: Manual) -> None:
    manual.device()
    assert manual.call("GET", f"{DEVICES}/{DEVICE}/interfaces").status == 200


@sample("5.4.2.2 MQTT interface")
def _(manual: Manual) -> None:
    manual.device()
    manual.say("dev/rsc", {"rsc": {"MyFW": {"v": "1.0.2"}}})
    (shown,) = manual.call("GET", f"{DEVICES}/{DEVICE}/interfaces").body
    security = {
        "secured": True,
        "protocol": "TLSv1.2",
        "cipher": "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
        "clientCertAuthentication": True,
        "sniHostname": "mqtt.liveobjects.orange-business.com",
    }
    able = {"version": 1, "available": True}
    expected = {
        "connector": "mqtt",
        "nodeId": DEVICE,
        "enabled": True,
        "status": "ONLINE",
        "activity": {"mqttVersion": 4, "mqttUsername": "json+device", "mqttTimeout": 60, "security": security},
        "capabilities": {"command": able, "configuration": able, "resource": able},
        "firmwares": {"MyFW": "1.0.2"},
        "resources": {"MyFW": "1.0.2"},
    }
    includes(expected, shown)
    shaped({"lastContact": "…", "activity": {"apiKeyId": "…", "remoteAddress": "…"}}, shown)


@sample("5.5.3.1 definition")
def _(manual: Manual) -> None:
    definition = {"clientId": "mydevice_001", "encoding": "myEncoding_v1"}
    body = {"id": DEVICE, "interfaces": [{"connector": "mqtt", "definition": definition}]}
    (interface,) = manual.call("POST", DEVICES, body).body["interfaces"]
    assert interface["definition"] == definition


@sample("5.5.3.2 activity")
def _(manual: Manual) -> None:
    manual.device()
    manual.happen("disconnected", DEVICE)
    (shown,) = manual.call("GET", f"{DEVICES}/{DEVICE}/interfaces").body
    security = {
        "secured": True,
        "protocol": "TLSv1.2",
        "cipher": "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
        "clientCertAuthentication": True,
        "sniHostname": "mqtt.liveobjects.orange-business.com",
    }
    told = {"mqttVersion": 4, "mqttUsername": "json+device", "mqttTimeout": 60, "remoteAddress": "217.167.1.65/61214"}
    includes({"activity": {**told, "security": security}}, shown)
    shaped({"activity": {"apiKeyId": "…", "lastSessionStartTime": "…", "lastSessionEndTime": "…"}}, shown)


MQTT_DEVICE = {
    "id": "urn:lo:nsid:mqtt:mydevice_001",
    "tags": ["Lyon", "Test"],
    "name": "mySensor002",
    "description": "moisture sensor",
    "properties": {"manufacturer": "Orange", "model": "MoistureSensorV3"},
    "interfaces": [{"connector": "mqtt", "enabled": True, "definition": {"clientId": "mydevice_001"}}],
}


@sample("5.5.3.4.1 body")
def _(manual: Manual) -> None:
    group = {"id": manual.groups["/france/lyon"], "path": "/france/lyon"}
    assert manual.call("POST", DEVICES, {**MQTT_DEVICE, "group": group}).status == 200


@sample("5.5.3.4.1 answer")
def _(manual: Manual) -> None:
    group = {"id": manual.groups["/france/lyon"], "path": "/france/lyon"}
    shown = manual.call("POST", DEVICES, {**MQTT_DEVICE, "group": group}).body
    (interface,) = MQTT_DEVICE["interfaces"]
    registered = {**interface, "nodeId": "mydevice_001", "status": "REGISTERED"}  # type: ignore[dict-item]
    stream = {"defaultDataStreamId": MQTT_DEVICE["id"]}
    includes({**MQTT_DEVICE, **stream, "group": group, "interfaces": [registered]}, shown)


NODE_DEVICE = {
    "id": "urn:lo:nsid:external:measures",
    "name": "sensor #12",
    "description": "MyDeviceMaker sensor #12",
    "defaultDataStreamId": "urn:lo:nsid:external:measures",
    "tags": ["demo", "sensor"],
    "properties": {"manufacturer": "MyDeviceMaker, Inc.", "hwVersion": "2.0.1.7-us_64"},
}


@sample("5.5.5.1 definition")
def _(manual: Manual) -> None:
    definition = {"nodeId": "myDevice_101", "encoding": "myEncoding_v1"}
    body = {"id": DEVICE, "interfaces": [{"connector": "x-connector", "definition": definition}]}
    (interface,) = manual.call("POST", DEVICES, body).body["interfaces"]
    assert interface["definition"] == definition


@sample("5.5.5.2 body")
def _(manual: Manual) -> None:
    interface = {"connector": "x-connector", "enabled": "true", "definition": {"nodeId": "measures"}}
    assert manual.call("POST", DEVICES, {**NODE_DEVICE, "interfaces": [interface]}).status == 200


@sample("5.5.5.2 answer")
def _(manual: Manual) -> None:
    interface = {"connector": "x-connector", "enabled": "true", "definition": {"nodeId": "measures"}}
    shown = manual.call("POST", DEVICES, {**NODE_DEVICE, "interfaces": [interface]}).body
    expected = {"connector": "x-connector", "nodeId": "measures", "enabled": True, "status": "REGISTERED"}
    includes({**NODE_DEVICE, "group": {"id": "root", "path": "/"}, "interfaces": [expected]}, shown)
