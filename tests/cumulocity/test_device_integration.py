"""The life of a device as the vendor's guide "Device integration" tells it, step by step, against a running stack.

What the guide does by long polling, an agent that only asks for what is PENDING does here.
"""

import json
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
import requests

from tests.clients import until
from tests.local.running import RunningStack

SERIAL = "raspi-0000000017b769d5"
CONFIGURATION = {"config": "#Fri Aug 30 09:13:56 BST 2013\nc8y.log.eventLevel=INFO\n"}
PI = {
    "name": "RaspPi BCM2708 0000000017b769d5",
    "type": "c8y_Linux",
    "c8y_IsDevice": {},
    "com_cumulocity_model_Agent": {},
    "c8y_SupportedOperations": ["c8y_Restart", "c8y_Configuration", "c8y_Software", "c8y_Firmware"],
    "c8y_Hardware": {"revision": "000e", "model": "RaspPi BCM2708", "serialNumber": "0000000017b769d5"},
    "c8y_Configuration": CONFIGURATION,
    "c8y_Mobile": {"imei": "861145013087177", "cellId": "4904-A496", "iccid": "89490200000876620613"},
    "c8y_Firmware": {"name": "raspberrypi-bootloader", "version": "1.20130207-1"},
    "c8y_Software": {"pi-driver": "pi-driver-3.4.5.jar"},
}
WAIT_S = 60


class Speaker:
    """Somebody who sends the vendor's content types, and no Accept unless asked for."""

    def __init__(self, stack: RunningStack, user: str, password: str) -> None:
        self.base = stack.url
        self.session = requests.Session()
        self.session.auth = (user, password)

    def call(self, method: str, path: str, kind: str = "", body: Any = None, *, accept: bool = False) -> Any:
        """`path` may be an address."""
        content_type = f"application/vnd.com.nsn.cumulocity.{kind}+json;ver=0.9"
        headers: dict[str, Any] = {"Accept": content_type if accept else None}
        if body is not None:
            headers["Content-Type"] = content_type
        url = path if path.startswith("http") else f"{self.base}{path}"
        return self.session.request(method, url, json=body, headers=headers, timeout=WAIT_S)

    def close(self) -> None:
        self.session.close()


@pytest.fixture
def told(running_stack: RunningStack) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((running_stack.data / "credentials.json").read_text(encoding="utf-8"))
    return dict(found["cumulocity"])


@pytest.fixture
def operator(running_stack: RunningStack, told: dict[str, Any]) -> Iterator[Speaker]:
    speaker = Speaker(running_stack, f"{told['tenant']}/{told['user']}", told["password"])
    yield speaker
    speaker.close()


@pytest.fixture
def device(running_stack: RunningStack, told: dict[str, Any], operator: Speaker) -> Iterator[Speaker]:
    """Step 0: the device asks for credentials until somebody has accepted it."""
    start = Speaker(running_stack, told["bootstrap"]["user"], told["bootstrap"]["password"])
    registered = operator.call("POST", "/devicecontrol/newDeviceRequests", "newDeviceRequest", {"id": SERIAL})
    assert registered.status_code == 201, registered.text
    asked = start.call("POST", "/devicecontrol/deviceCredentials", "deviceCredentials", {"id": SERIAL}, accept=True)
    assert asked.status_code == 404
    request = f"/devicecontrol/newDeviceRequests/{SERIAL}"
    assert operator.call("PUT", request, "newDeviceRequest", {"status": "ACCEPTED"}).status_code == 200
    body = until(partial(_given, start))
    start.close()
    assert {"id", "self", "tenantId", "username", "password"} <= body.keys()
    assert (body["id"], body["username"]) == (SERIAL, f"device_{SERIAL}")
    speaker = Speaker(running_stack, f"{body['tenantId']}/{body['username']}", body["password"])
    yield speaker
    speaker.close()


def _given(start: Speaker) -> Any:
    """What a device is answered that asks again and again; None while it is to ask once more."""
    reply = start.call("POST", "/devicecontrol/deviceCredentials", "deviceCredentials", {"id": SERIAL}, accept=True)
    assert reply.status_code in (201, 404), reply.text
    return reply.json() if reply.status_code == 201 else None


@pytest.mark.row("G1", "G2", "G3", "G4", "G6")
def test_a_device_starts_up_and_goes_round(device: Speaker, operator: Speaker) -> None:
    pi = register(device)
    update(device, pi)
    operation = restart(device, operator, pi)
    execute(device, operator, pi)
    send(device, operator, pi)
    alarm(device, pi)
    # What it is deleted with: everything that it has sent, and its name.
    assert device.call("DELETE", pi["self"]).status_code == 204
    for path in (pi["self"], f"/identity/externalIds/c8y_Serial/{SERIAL}", operation):
        assert operator.call("GET", path).status_code == 404
    for path in ("/measurement/measurements", "/event/events", "/alarm/alarms"):
        assert operator.call("GET", f"{path}?source={pi['id']}").json()[path.rpartition("/")[2]] == []


def register(device: Speaker) -> dict[str, Any]:
    """Steps 1 to 3: what the device is in the inventory."""
    # Step 1: is it registered already?
    itself = f"/identity/externalIds/c8y_Serial/{SERIAL}"
    absent = device.call("GET", itself)
    assert absent.status_code == 404
    assert "xternal" in absent.json()["message"]

    # Step 2: it makes itself in the inventory, and is told where its children are.
    made = device.call("POST", "/inventory/managedObjects", "managedObject", PI, accept=True)
    assert made.status_code == 201
    assert made.headers["Content-Type"].lower().startswith("application/vnd.com.nsn.cumulocity.managedobject+json")
    pi = made.json()
    assert {name: pi[name] for name in PI} == PI
    assert pi["owner"] == f"device_{SERIAL}"
    for name in ("childDevices", "childAssets", "deviceParents", "assetParents"):
        assert (pi[name]["references"], pi[name]["self"]) == ([], f"{pi['self']}/{name}")

    # Step 3: it registers under its serial number, and finds itself from now on.
    named = {"type": "c8y_Serial", "externalId": SERIAL}
    registered = device.call("POST", f"/identity/globalIds/{pi['id']}/externalIds", "externalId", named, accept=True)
    assert registered.status_code == 201
    found = device.call("GET", itself).json()
    assert found == registered.json()
    assert found["managedObject"] == {"id": pi["id"], "self": pi["self"]}

    return dict(pi)


def update(device: Speaker, pi: dict[str, Any]) -> None:
    """Steps 4 and 5."""
    # Step 4: it brings up to date what has changed, and is answered without a body.
    software = {"pi-driver": "pi-driver-3.4.6.jar", "pi4j-gpio-extension": "pi4j-gpio-extension-0.0.5.jar"}
    changed = device.call("PUT", pi["self"], "managedObject", {"c8y_Software": software})
    assert (changed.status_code, changed.content) == (200, b"")
    assert device.call("GET", pi["self"]).json()["c8y_Software"] == software

    # Step 5: a child is made, linked, unlinked and deleted.
    sensor = {"name": "sensor", "type": "c8y_Sensor", "c8y_IsDevice": {}}
    child = device.call("POST", "/inventory/managedObjects", "managedObject", sensor, accept=True).json()
    reference = {"managedObject": {"self": child["self"]}}
    linked = device.call("POST", pi["childDevices"]["self"], "managedObjectReference", reference)
    assert (linked.status_code, linked.content) == (201, b"")
    below = device.call("GET", pi["childDevices"]["self"]).json()["references"]
    assert [one["managedObject"]["id"] for one in below] == [child["id"]]
    assert device.call("DELETE", f"{pi['childDevices']['self']}/{child['id']}").status_code == 204
    assert device.call("GET", child["self"]).status_code == 200
    assert device.call("DELETE", child["self"]).status_code == 204
    assert device.call("GET", child["self"]).status_code == 404


def operations(device: Speaker, pi: dict[str, Any], status: str) -> list[dict[str, Any]]:
    asked = f"/devicecontrol/operations?agentId={pi['id']}&status={status}"
    return list(device.call("GET", asked).json()["operations"])


def restart(device: Speaker, operator: Speaker, pi: dict[str, Any]) -> str:
    """Step 6: what was going on before the restart is over; the address of that operation."""
    wanted = {"deviceId": pi["id"], "c8y_Restart": {}}
    operation = operator.call("POST", "/devicecontrol/operations", "operation", wanted, accept=True).json()
    assert operation["status"] == "PENDING"
    device.call("PUT", operation["self"], "operation", {"status": "EXECUTING"})
    assert [one["id"] for one in operations(device, pi, "EXECUTING")] == [operation["id"]]
    done = device.call("PUT", operation["self"], "operation", {"status": "SUCCESSFUL"})
    assert (done.status_code, operations(device, pi, "EXECUTING")) == (200, [])

    return str(operation["self"])


def execute(device: Speaker, operator: Speaker, pi: dict[str, Any]) -> None:
    """Steps 7 and 8: an operation is carried out, and another one fails."""
    body = {"deviceId": pi["id"], "description": "Configuration update", "c8y_Configuration": {"config": "new"}}
    first, second = (
        operator.call("POST", "/devicecontrol/operations", "operation", body, accept=True).json() for _ in range(2)
    )
    waiting = operations(device, pi, "PENDING")
    assert [one["id"] for one in waiting] == [first["id"], second["id"]]
    assert (waiting[0]["description"], waiting[0]["c8y_Configuration"]) == (
        "Configuration update",
        {"config": "new"},
    )
    ends: tuple[tuple[str, dict[str, str]], ...] = (("SUCCESSFUL", {}), ("FAILED", {"failureReason": "no room"}))
    for one, (end, more) in zip(waiting, ends, strict=True):
        assert device.call("PUT", one["self"], "operation", {"status": "EXECUTING"}).status_code == 200
        device.call("PUT", pi["self"], "managedObject", {"c8y_Configuration": {"config": one["id"]}})
        assert device.call("PUT", one["self"], "operation", {"status": end, **more}).status_code == 200
        seen = operator.call("GET", one["self"]).json()
        assert (seen["status"], seen.get("failureReason")) == (end, more.get("failureReason"))
    assert operations(device, pi, "PENDING") == []

    # Step 8: the inventory knows its present state.
    position = {"alt": 73.9, "lng": 6.151782, "lat": 51.211971}
    device.call("PUT", pi["self"], "managedObject", {"c8y_Position": position})
    shown = operator.call("GET", pi["self"]).json()
    assert (shown["c8y_Position"], shown["c8y_Configuration"]) == (position, {"config": second["id"]})


def send(device: Speaker, operator: Speaker, pi: dict[str, Any]) -> None:
    """Steps 9 and 10: measurements and events."""
    signal = {"rssi": {"value": -53, "unit": "dBm"}, "ber": {"value": 0.14, "unit": "%"}}
    source = {"source": {"id": pi["id"]}}
    measurement = {
        **source,
        "time": "2013-07-02T16:32:30.152+02:00",
        "type": "huawei_E3131SignalStrength",
        "c8y_SignalStrength": signal,
    }
    sent = device.call("POST", "/measurement/measurements", "measurement", measurement)
    assert (sent.status_code, sent.content) == (201, b"")
    (one,) = operator.call("GET", f"/measurement/measurements?source={pi['id']}").json()["measurements"]
    assert (one["c8y_SignalStrength"], one["time"]) == (signal, "2013-07-02T14:32:30.152Z")

    position = {"alt": 73.9, "lng": 6.151782, "lat": 51.211971}
    event = {
        **source,
        "text": "Location updated",
        "time": "2013-07-19T09:07:22.598+02:00",
        "type": "queclink_GV200LocationUpdate",
        "c8y_Position": position,
    }
    assert device.call("POST", "/event/events", "event", event).status_code == 201
    (one,) = operator.call("GET", f"/event/events?source={pi['id']}").json()["events"]
    assert (one["text"], one["c8y_Position"]) == ("Location updated", position)


def alarm(device: Speaker, pi: dict[str, Any]) -> None:
    """Step 11: an alarm is raised, found and cleared."""
    wanted = {
        "source": {"id": pi["id"]},
        "text": "Tracker lost power",
        "time": "2013-08-19T21:31:22.740+02:00",
        "type": "c8y_PowerAlarm",
        "status": "ACTIVE",
        "severity": "MAJOR",
    }
    raised = device.call("POST", "/alarm/alarms", "alarm", wanted, accept=True)
    assert raised.status_code == 201
    active = f"/alarm/alarms?source={pi['id']}&status=ACTIVE"
    assert [one["id"] for one in device.call("GET", active).json()["alarms"]] == [raised.json()["id"]]
    cleared = device.call("PUT", raised.json()["self"], "alarm", {"status": "CLEARED"})
    assert (cleared.status_code, device.call("GET", active).json()["alarms"]) == (200, [])
