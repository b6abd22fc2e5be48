"""ibmiotf 0.4.0: a gateway over MQTT and REST, and a scalable application; the results are printed as JSON."""

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
import ibmiotf.gateway  # noqa: E402

WAIT = 60
device_id, org = SETTINGS["device"], SETTINGS["org"]
results: dict[str, Any] = {}
heard: "queue.Queue[tuple[str, Any]]" = queue.Queue()
key = {"auth-method": "apikey", "auth-key": SETTINGS["key"], "auth-token": SETTINGS["token"]}


def expect(kind: str, again: Any) -> Any:
    """What the callback of that kind was given; `again` is repeated until then."""
    ends = time.monotonic() + WAIT
    while time.monotonic() < ends:
        again()
        try:
            came, what = heard.get(timeout=2)
        except queue.Empty:
            continue
        if came == kind:
            return what
    raise SystemExit(f"no {kind} came")


api = ibmiotf.api.ApiClient({"org": org, "id": "app", **key})
results["class"] = api.addDeviceType("gateway4", "made", classId="Gateway")["classId"]
api.addDeviceType("behind4", "made")
made = api.registerDevice("gateway4", device_id)

app = ibmiotf.application.Client({"org": org, "id": device_id, "type": "shared", **key})
app.deviceEventCallback = lambda event: heard.put(("event", [event.deviceType, event.deviceId, event.event]))
app.connect()
app.subscribeToDeviceEvents(deviceType="behind4")
own = {"auth-method": "token", "auth-token": made["authToken"]}
gateway = ibmiotf.gateway.Client({"org": org, "type": "gateway4", "id": device_id, **own})
gateway.deviceCommandCallback = lambda c: heard.put(("command", [c.type, c.id, c.command, c.data]))
gateway.connect()
gateway.subscribeToGatewayCommands()
gateway.subscribeToDeviceCommands("behind4", device_id)
name = ("behind4", device_id)
results["event"] = expect("event", lambda: gateway.publishDeviceEvent(*name, "temp", "json", {"value": 21}, 1))
results["command"] = expect("command", lambda: app.publishCommand(*name, "blink", "json", {"times": 3}))
results["read"] = gateway.api.getDevice("behind4", device_id)["gatewayId"]
results["behind"] = [d["deviceId"] for d in api.getDevices({"gatewayId": device_id})["results"]]
gateway.disconnect()
app.disconnect()
print(json.dumps(results), flush=True)
os._exit(0)
