"""What ibmiotf 0.4.0 does over REST, MQTT and HTTP messaging; the results are printed as JSON."""

import json
import os
import queue
import sys
import time
from types import ModuleType
from typing import Any

from ibm_redirect import SETTINGS

# The client imports a module that Python dropped in 3.10 and uses nothing of it.
sys.modules["symbol"] = ModuleType("symbol")
sys.modules["symbol"].parameters = 0  # type: ignore[attr-defined]

import ibmiotf.api  # noqa: E402 - after what it needs
import ibmiotf.application  # noqa: E402
import ibmiotf.device  # noqa: E402

WAIT = 60
device_id, org = SETTINGS["device"], SETTINGS["org"]
results: dict[str, Any] = {}
heard: "queue.Queue[tuple[str, Any]]" = queue.Queue()
key = {"auth-method": "apikey", "auth-key": SETTINGS["key"], "auth-token": SETTINGS["token"]}


def expect(kind: str, again: Any = None, having: str = "") -> Any:
    """What the callback of that kind was given, the first that holds `having`; `again` is repeated until then."""
    ends = time.monotonic() + WAIT
    while time.monotonic() < ends:
        if again is not None:
            again()
        try:
            came, what = heard.get(timeout=2)
        except queue.Empty:
            continue
        if came == kind and (not having or having in what):
            return what
    raise SystemExit(f"no {kind} came")


api = ibmiotf.api.ApiClient({"org": org, "id": "app", **key})
results["organization"] = api.getOrganizationDetails()["id"]
results["type"] = api.addDeviceType("sample4", "made")["id"]
made = api.registerDevice("sample4", device_id, metadata={"room": 7})
results["device"] = [made["clientId"], api.getDevice("sample4", device_id)["metadata"]]
results["bulk"] = [d["success"] for d in api.registerDevices([{"typeId": "sample4", "deviceId": device_id + "b"}])]
results["listed"] = [d["deviceId"] for d in api.getDevicesForType("sample4")["results"]]
results["updated"] = api.updateDevice("sample4", device_id, {"room": 8})["metadata"]
api.updateDeviceLocation("sample4", device_id, {"longitude": 10, "latitude": 20})
results["location"] = api.getDeviceLocation("sample4", device_id)["latitude"]
api.addErrorCode("sample4", device_id, {"errorCode": 7, "timestamp": "2016-01-01T00:00:00"})
results["error codes"] = [e["errorCode"] for e in api.getAllDiagnosticErrorCodes("sample4", device_id)]
results["cleared"] = api.clearAllErrorCodes("sample4", device_id)
results["service"] = sorted(api.getServiceStatus())

app = ibmiotf.application.Client({"org": org, "id": device_id, **key})
app.deviceEventCallback = lambda event: heard.put(("event", [event.deviceId, event.event, event.data]))
app.connect()
app.subscribeToDeviceEvents(deviceType="sample4", deviceId=device_id)
own = {"auth-method": "token", "auth-token": made["authToken"]}
identity = {"org": org, "type": "sample4", "id": device_id, **own}
device = ibmiotf.device.Client(identity)
device.commandCallback = lambda command: heard.put(("command", [command.command, command.data]))
device.connect()
results["event"] = expect("event", lambda: device.publishEvent("temp", "json", {"value": 21}, 2))
results["command"] = expect("command", lambda: app.publishCommand("sample4", device_id, "blink", "json", {"times": 3}))
http = ibmiotf.device.HttpClient(identity)
results["event over http"] = expect("event", lambda: http.publishEvent("over-http", "json", {"value": 22}), "over-http")
results["last"] = sorted(e["eventId"] for e in api.getLastEvents("sample4", device_id))
results["connections"] = bool(api.getConnectionLogs({"typeId": "sample4", "deviceId": device_id}))
device.disconnect()

results["removed"] = [
    api.removeDevice("sample4", device_id),
    api.deleteMultipleDevices([{"typeId": "sample4", "deviceId": device_id + "b"}])[0]["success"],
    api.deleteDeviceType("sample4"),
]
app.disconnect()
print(json.dumps(results), flush=True)
os._exit(0)
