"""What wiotp-sdk 1.0.1 offers a registry, an application and a managed device; the results are printed as JSON."""

import json
import os
import queue
import time
from typing import Any

import wiotp.sdk.application
import wiotp.sdk.device
from ibm_redirect import SETTINGS
from wiotp.sdk.api.registry.devices import DeviceUid

WAIT = 60
device_id, org = SETTINGS["device"], SETTINGS["org"]
type_id = f"t-{device_id}"
uid = DeviceUid(typeId=type_id, deviceId=device_id)
results: dict[str, Any] = {}
heard: "queue.Queue[tuple[str, Any]]" = queue.Queue()
mqtt = {"caFile": SETTINGS["ca"]}


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


def until(condition: Any) -> Any:
    ends = time.monotonic() + WAIT
    while not (found := condition()):
        if time.monotonic() > ends:
            raise SystemExit("it did not come true")
        time.sleep(0.2)
    return found


app = wiotp.sdk.application.ApplicationClient(
    config={
        "identity": {"appId": device_id},
        "auth": {"key": SETTINGS["key"], "token": SETTINGS["token"]},
        "options": {"mqtt": mqtt},
    }
)
results["service"] = sorted(app.serviceStatus())

# types and devices
types, devices = app.registry.devicetypes, app.registry.devices
results["type"] = types.create({"id": type_id, "description": "made"}).description
results["type updated"] = types.update(type_id, description="changed").description
results["types"] = type_id in [t.id for t in types]
made = devices.create({"typeId": type_id, "deviceId": device_id, "deviceInfo": {"model": "m"}, "metadata": {"room": 7}})
client_id = f"d:{org}:{type_id}:{device_id}"
results["device"] = [made.success, devices[client_id].metadata, devices[client_id].deviceInfo.model]
results["there"] = [client_id in devices, client_id + "x" in devices]
results["listed"] = [d.deviceId for d in types[type_id].devices]
results["updated"] = devices.update(uid, metadata={"room": 8}, deviceInfo={"serialNumber": "1"}).metadata
one = devices[client_id]
results["no location"] = one.getLocation()
results["location"] = one.setLocation({"longitude": 100, "latitude": 45, "accuracy": 100}).longitude
results["not managed"] = one.getMgmt()

# messages
app.deviceEventCallback = lambda event: heard.put(("event", [event.typeId, event.deviceId, event.eventId, event.data]))
app.deviceStatusCallback = lambda status: heard.put(("status", [status.action, status.clientId]))
app.connect()
app.subscribeToDeviceEvents(typeId=type_id)
app.subscribeToDeviceStatus(typeId=type_id)
device = wiotp.sdk.device.ManagedDeviceClient(
    config={
        "identity": {"orgId": org, "typeId": type_id, "deviceId": device_id},
        "auth": {"token": made.authToken},
        "options": {"mqtt": mqtt},
    },
    deviceInfo=wiotp.sdk.device.DeviceInfo(),
)
device.commandCallback = lambda command: heard.put(("command", [command.commandId, command.format, command.data]))
device.deviceActionCallback = lambda request, action: heard.put(("action", [request, action]))
device.connect()
results["status"] = expect("status")
results["event"] = expect("event", lambda: device.publishEvent("temp", "json", {"value": 21}))
results["command"] = expect("command", lambda: app.publishCommand(type_id, device_id, "blink", "json", {"times": 3}))
results["last"] = app.lec.get(uid, "temp").eventId
results["last of all"] = [event.eventId for event in app.lec.getAll(uid)]
results["connections"] = any("Token auth" in entry.message for entry in one.getConnectionLogs())
results["state"] = app.registry.connectionStatus[client_id]["connectionStatus"]

# device management
until(one.getMgmt)
results["managed"] = one.getMgmt()["supports"]
device.setErrorCode(5)
results["error code"] = until(lambda: [e.errorCode for e in one.diagErrorCodes][:1])
device.addLog("hot", "aGk=", 1)
results["log"] = until(lambda: [one.diagLogs[0].message] if list(one.diagLogs) else [])
device.setLocation(longitude=12, latitude=34)
until(lambda: one.getLocation().longitude == 12)
asked = app.mgmt.requests.initiate({"action": "device/reboot", "devices": [dict(uid)]})
request, action = expect("action")
results["action"] = [request == asked["reqId"], action]
device.respondDeviceAction(request, 202)
device.manage(lifetime=3600, supportDeviceActions=True)
results["rebooted"] = until(lambda: app.mgmt.requests.getStatus(asked["reqId"])["results"][0]["complete"])
app.mgmt.requests.delete(asked["reqId"])
device.disconnect()

results["deleted"] = [entry["success"] for entry in devices.delete([dict(uid)])]
types.delete(type_id)
results["gone"] = [client_id in devices, type_id in types]
app.disconnect()
print(json.dumps(results), flush=True)
# The SDK leaves a thread behind that would keep the process.
os._exit(0)
