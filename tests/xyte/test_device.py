"""The life of a device as the vendor's guide tells it, against a running stack: it asks, nobody ever calls it."""

import pytest

from infra.demo.platform import Platform
from infra.demo.tally import Tally
from infra.demo.xyte import XyteDevice
from tests.clients import until
from tests.local.running import RunningStack
from tests.xyte.clients import ORGANIZATION, Asking, told


@pytest.mark.row("I1", "I2", "I3", "I4", "I5")
def test_a_device_lives_as_the_guide_tells_it(stack: RunningStack) -> None:
    organization = Asking(stack, told(stack)["organizationKey"])
    model = organization("POST", "/core/v1/models", {"name": "Speaker", "auth": "cloud_id"}, 201)
    sent = {"hardware_key": model["hardware_key"], "cloud_id": "Qz-7", "firmware_version": "1.0.0", "name": "Hall"}
    made = Asking(stack, None)("POST", "/v1/devices", sent, 201)
    assert made["hub_url"] == stack.url
    device, path = Asking(stack, made["access_key"]), f"/v1/devices/{made['id']}"
    flags = device("POST", f"{path}/telemetry", {"status": "online", "telemetries": {"volume": 3}})
    assert (flags["success"], flags["space_data_version"]) == (True, 0)

    claimed = organization("POST", f"{ORGANIZATION}/claim", {"cloud_id": "qz7", "name": "Mine"})
    assert (claimed["id"], claimed["name"]) == (made["id"], "Mine")
    one = f"{ORGANIZATION}/{made['id']}"
    order = organization("POST", f"{one}/commands", {"name": "reboot", "extra_params": {"in": 5}}, 201)
    organization("PATCH", one, {"configuration": {"volume": 7}})
    organization("POST", f"{one}/licenses", {"data": "a licence"}, 201)
    flags = device("POST", f"{path}/telemetry", {"status": "online", "telemetries": {"volume": 4}})
    assert (flags["command"], flags["config_version"], flags["new_licenses"]) == (True, 1, True)

    command = device("GET", f"{path}/command")
    assert (command["id"], command["name"], command["parameters"]) == (order["id"], "reboot", {"in": 5})
    for status in ("in_progress", "done"):
        device("POST", f"{path}/command", {"id": command["id"], "status": status})
    config = device("GET", f"{path}/config")
    assert config["config"] == {"volume": 7}
    assert device("POST", f"{path}/config", config)["version"] == 1
    (licence,) = device("GET", f"{path}/licenses")
    device("POST", f"{path}/licenses", {"id": licence["id"], "state": "inuse"})
    flags = device("POST", f"{path}/telemetry", {"status": "online"})
    assert (flags["command"], flags["config_version"], flags["new_licenses"]) == (False, 1, False)
    device("PUT", path, {"firmware_version": "1.1.0"})
    shown = organization("GET", one)
    assert (shown["status"], shown["firmware"]) == ("online", {"version": "1.1.0"})
    (done,) = organization("GET", f"{one}/commands")["items"]
    assert done["status"] == "done"

    assert device("DELETE", path) == {"success": True}
    assert device("GET", path, status=401) == {"error": "Not authorized"}
    organization("GET", one, status=404)
    again = Asking(stack, None)("POST", "/v1/devices", sent, 201)
    assert again["id"] != made["id"]


def test_devices_of_the_demo_obey_and_lose_nothing(stack: RunningStack) -> None:
    tally = Tally()
    place = Platform("any", stack.api_key, stack.http, stack.mqtts, stack.data / "ca.pem", stack.coaps)
    device = XyteDevice(place, tally, 0, str(stack.pid))
    device.connect()
    ordered = device.command()
    device.configure(7)

    def obeyed() -> bool:
        device.publish()
        return device.command_status(ordered) == "PROCESSED" and tally["configured"] > 0

    until(obeyed)
    device.drop()
    device.close()
    assert tally["acknowledged"] > 0
    assert device.lost() == 0
