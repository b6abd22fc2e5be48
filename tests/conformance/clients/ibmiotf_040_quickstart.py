"""ibmiotf 0.4.0 with QuickStart: a device and an application, neither of them registered; results printed as JSON."""

import json
import os
import queue
import sys
from types import ModuleType
from typing import Any

from ibm_redirect import SETTINGS

# The client imports a module that Python dropped in 3.10 and uses nothing of it.
sys.modules["symbol"] = ModuleType("symbol")
sys.modules["symbol"].parameters = 0  # type: ignore[attr-defined]

import ibmiotf.application  # noqa: E402 - after what it needs
import ibmiotf.device  # noqa: E402

WAIT = 60
device_id = SETTINGS["device"]
results: dict[str, Any] = {}
events: "queue.Queue[list[Any]]" = queue.Queue()
statuses: "queue.Queue[list[Any]]" = queue.Queue()
acknowledged: "queue.Queue[int]" = queue.Queue()

app = ibmiotf.application.Client({"id": device_id})
app.deviceEventCallback = lambda event: events.put([event.deviceType, event.deviceId, event.event, event.data])
app.deviceStatusCallback = lambda status: statuses.put([status.action, status.clientId])
app.subscriptionCallback = lambda mid, _qos: acknowledged.put(mid)
app.connect()
results["every device"] = app.subscribeToDeviceEvents()
wanted = {
    app.subscribeToDeviceEvents(deviceType="sample", deviceId=device_id),
    app.subscribeToDeviceStatus(deviceType="sample", deviceId=device_id),
}
while wanted:
    wanted.discard(acknowledged.get(timeout=WAIT))
identity = {"org": "quickstart", "type": "sample", "id": device_id, "auth-method": None, "auth-token": None}
device = ibmiotf.device.Client(identity)
device.connect()
device.publishEvent("temp", "json", {"value": 21}, 1)
results["event"] = events.get(timeout=WAIT)
results["status"] = statuses.get(timeout=WAIT)
device.disconnect()
results["gone"] = statuses.get(timeout=WAIT)
app.disconnect()
print(json.dumps(results), flush=True)
os._exit(0)
