"""Every example of chapter 4 of the manual with ibmiotf 0.1.4; what came of them is printed as one JSON object."""

import json
import queue
import tempfile
import time
from typing import Any

import ibmiotf.application
import ibmiotf.device
from ibm_redirect import SETTINGS

WAIT = 30
device_id = SETTINGS["device"]
org, key, token = SETTINGS["org"], SETTINGS["key"], SETTINGS["token"]
results: dict[str, Any] = {}
heard: "queue.Queue[tuple[str, Any]]" = queue.Queue()


def configured(section: str, **options: str) -> str:
    """A configuration file as 4.2.1 and 4.3.1 show it."""
    lines = [f"[{section}]", *(f"{name}={value}" for name, value in options.items())]
    with tempfile.NamedTemporaryFile("w", suffix=".cfg", delete=False) as file:
        file.write("\n".join(lines))
    return file.name


def expect(kind: str, publish: Any = None, having: str = "") -> Any:
    """What the callback of that kind was given; published again and again until the subscription is known.

    `having` is what it holds, as what was published before may still come twice.
    """
    ends = time.monotonic() + WAIT
    while time.monotonic() < ends:
        if publish is not None:
            publish()
        try:
            came, what = heard.get(timeout=2)
        except queue.Empty:
            continue
        if came == kind and (not having or having in what):
            return what
    raise SystemExit(f"no {kind} came")


application_file = configured(
    "application", org=org, id="manual", **{"auth-method": "apikey", "auth-key": key, "auth-token": token}
)
app = ibmiotf.application.Client(ibmiotf.application.ParseConfigFile(application_file))

# 4.3.9, 4.3.8
made = app.api.registerDevice("sample", device_id, {"room": 7})
results["registered"] = {name: made[name] for name in ("uuid", "type", "id", "metadata")}
results["listed"] = [d["id"] for d in app.api.getDevices()]
results["updated"] = app.api.updateDevice("sample", device_id, {"room": 8})["metadata"]
results["read"] = app.api.getDevice("sample", device_id)["metadata"]

# 4.3.2 to 4.3.5
app.connect()
app.deviceEventCallback = lambda event: heard.put(
    ("event", [event.device, event.deviceType, event.deviceId, event.event, event.format, event.data])
)
app.deviceStatusCallback = lambda status: heard.put(
    ("status", [status.action, status.clientId, status.user, status.time.isoformat(), status.connectTime.isoformat()])
)
app.deviceCommandCallback = lambda command: heard.put(("heard command", [command.command, command.data]))
app.subscribeToDeviceEvents(deviceType="sample", deviceId=device_id)
app.subscribeToDeviceStatus(deviceType="sample", deviceId=device_id)
app.subscribeToDeviceCommands(deviceType="sample", deviceId=device_id)

# 4.2.1
device_file = configured(
    "device", org=org, type="sample", id=device_id, **{"auth-method": "token", "auth-token": made["password"]}
)
device = ibmiotf.device.Client(ibmiotf.device.ParseConfigFile(device_file))
device.commandCallback = lambda command: heard.put(("command", [command.command, command.format, command.data]))
device.connect()
results["connected"] = expect("status")

# 4.2.3, both with the default quality of service and with one's own
results["event"] = expect("event", lambda: device.publishEvent("status", "json", {"name": "foo", "cpu": 60, "mem": 50}))
results["event at 2"] = expect("event", lambda: device.publishEvent("two", "json-iotf", {"cpu": 61}, 2), "two")

# 4.3.6, 4.3.7
results["event for it"] = expect(
    "event", lambda: app.publishEvent("sample", device_id, "third", "json", {"cpu": 62}), "third"
)
results["command"] = expect(
    "command", lambda: app.publishCommand("sample", device_id, "reboot", "json", {"rebootDelay": 50})
)
device.disconnect()

# 4.3.11
results["history of device"] = sorted({e["evt_type"] for e in app.api.getHistoricalEvents("sample", device_id)})
results["history of type"] = sorted({e["device_id"] for e in app.api.getHistoricalEvents("sample")})
results["history"] = sorted({e["device_type"] for e in app.api.getHistoricalEvents()})

# 4.3.10
app.api.deleteDevice("sample", device_id)
try:
    app.api.deleteDevice("sample", device_id)
except Exception as error:  # noqa: BLE001 - that is what the client raises
    results["deleted twice"] = str(error)
app.disconnect()
print(json.dumps(results))
