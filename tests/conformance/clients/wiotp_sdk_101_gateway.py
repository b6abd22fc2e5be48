"""wiotp-sdk 1.0.1: a gateway, a managed one, and a scalable application; the results are printed as JSON."""

import json
import os
import queue
import time
from typing import Any

import wiotp.sdk.application
import wiotp.sdk.gateway
from ibm_redirect import SETTINGS

WAIT = 60
SHARED = 12
device_id, org = SETTINGS["device"], SETTINGS["org"]
gateway_type, type_id = f"g-{device_id}", f"t-{device_id}"
mqtt = {"caFile": SETTINGS["ca"]}
results: dict[str, Any] = {}
heard: "queue.Queue[tuple[str, Any]]" = queue.Queue()
shared: list[str] = []


def expect(kind: str, again: Any = None) -> Any:
    """What the callback of that kind was given; `again` is repeated until then."""
    ends = time.monotonic() + WAIT
    while time.monotonic() < ends:
        if again is not None:
            again()
        try:
            came, what = heard.get(timeout=2)
        except queue.Empty:
            continue
        if came == kind:
            return what
    raise SystemExit(f"no {kind} came")


def application(name: str, instance: str | None = None) -> Any:
    made = wiotp.sdk.application.ApplicationClient(
        config={
            "identity": {"appId": name},
            "auth": {"key": SETTINGS["key"], "token": SETTINGS["token"]},
            "options": {"mqtt": {**mqtt, "instanceId": instance}},
        }
    )
    made.connect()
    return made


def listening(instance: str) -> Any:
    member = application(f"shared-{device_id}", instance)
    member.deviceEventCallback = lambda event: shared.append(f"{instance} {event.eventId}")
    member.subscribeToDeviceEvents(typeId=type_id)
    return member


app = application(device_id)
app.deviceEventCallback = lambda event: heard.put(("event", [event.typeId, event.deviceId, event.eventId, event.data]))
types, devices = app.registry.devicetypes, app.registry.devices
results["class"] = types.create({"id": gateway_type, "classId": "Gateway"}).classId
types.create({"id": type_id})
made = devices.create({"typeId": gateway_type, "deviceId": device_id})
results["client"] = types[gateway_type].devices[device_id].clientId
app.subscribeToDeviceEvents(typeId=type_id)
members = [listening(name) for name in ("one", "two")]

config = {
    "identity": {"orgId": org, "typeId": gateway_type, "deviceId": device_id},
    "auth": {"token": made.authToken},
    "options": {"mqtt": mqtt},
}
gateway = wiotp.sdk.gateway.GatewayClient(config=config)
# This version reads commands of gateways as if they came to a device, and drops them: seen below that.
for name, topic in (("own command", f"iot-2/type/{gateway_type}/#"), ("command", f"iot-2/type/{type_id}/#")):
    gateway.client.message_callback_add(
        topic,
        lambda _client, _data, m, name=name: heard.put((name, [*m.topic.split("/")[2:7:2], json.loads(m.payload)])),
    )
gateway.notificationCallback = lambda n: heard.put(("notification", [n.data["Type"], n.data["RC"]]))
gateway.connect()
gateway.subscribeToCommands()
gateway.subscribeToDeviceCommands(type_id, "+")
gateway.subscribeToNotifications()
event = ("behind", "temp", "json", {"value": 21}, 1)
results["event"] = expect("event", lambda: gateway.publishDeviceEvent(type_id, *event))
results["registered"] = [d.deviceId for d in types[type_id].devices]
results["notification"] = expect("notification", lambda: gateway.publishDeviceEvent("unknown", *event))
command = ("blink", "json", {"times": 3})
results["command"] = expect("command", lambda: app.publishCommand(type_id, "behind", *command))
results["own command"] = expect("own command", lambda: app.publishCommand(gateway_type, device_id, *command))
for number in range(SHARED):
    gateway.publishDeviceEvent(type_id, "behind", f"shared-{number}", "json", {}, 1)
ends = time.monotonic() + WAIT
while sum("shared" in told for told in shared) < SHARED and time.monotonic() < ends:
    time.sleep(0.2)
results["shared"] = sorted(int(told.rpartition("-")[2]) for told in shared if "shared" in told)
gateway.disconnect()

managed = wiotp.sdk.gateway.ManagedGatewayClient(config=config)
managed.connect()
expect_managed = managed.manage(lifetime=3600, supportDeviceActions=True, supportFirmwareActions=False)
results["managed"] = expect_managed.wait(WAIT)
results["dormant"] = types[gateway_type].devices[device_id].getMgmt()["dormant"]
managed.disconnect()
for member in (*members, app):
    member.disconnect()
print(json.dumps(results), flush=True)
os._exit(0)
