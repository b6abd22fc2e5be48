"""One agent that goes the vendor's guide "Device integration" over MQTT and the one over REST at once, step by step.

It speaks MQTT with Paho, REST as the guide has it, and waits for operations by long polling, all with the credentials
that it was given once.
"""

import json
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from tests.clients import PATIENCE_S, MqttClient, until
from tests.local.running import RunningStack

pytestmark = pytest.mark.row("G1", "G2", "G3", "G4", "G5", "G6", "G7")
KIND = "application/vnd.com.nsn.cumulocity.{}+json"
NOTIFICATIONS = "/devicecontrol/notifications"
CONFIGURATION = "#Wed Sep 04 10:54:06 CEST 2013\nc8y.log.eventLevel=DEBUG"
POSITION = {"alt": 73.9, "lng": 6.151782, "lat": 51.211971}


class Party:
    """Somebody who asks the REST API, on the port where requests are held as well."""

    def __init__(self, stack: RunningStack, user: str, password: str) -> None:
        self._url, self._auth = f"http://127.0.0.1:{stack.realtime}", (user, password)

    def call(self, method: str, path: str, kind: str = "", body: Any = None) -> requests.Response:
        """As the guide: with the vendor's content type and an Accept."""
        content = KIND.format(kind) if kind else "application/json"
        headers = {"Content-Type": content, "Accept": "application/json"}
        url = path if path.startswith("http") else self._url + path
        data = json.dumps(body) if body is not None else None
        return requests.request(method, url, data=data, headers=headers, auth=self._auth, timeout=PATIENCE_S)

    def ok(self, method: str, path: str, kind: str = "", body: Any = None) -> Any:
        answer = self.call(method, path, kind, body)
        assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None


class Agent(Party):
    def __init__(self, stack: RunningStack, serial: str, user: str, password: str) -> None:
        super().__init__(stack, user, password)
        self.stack, self.serial, self._who = stack, serial, (user, password)
        self.number = ""

    def connected(self, *filters: str) -> MqttClient:
        client = MqttClient(self.stack, f"d:{self.serial}", *self._who, returning=False)
        client.join()
        # Step 3 of the one over MQTT: all topics that it needs.
        assert client.subscribe(*filters) == [1] * len(filters)
        return client

    def operations(self, status: str) -> list[Any]:
        path = f"/devicecontrol/operations?agentId={self.number}&status={status}"
        return list(self.ok("GET", path)["operations"])

    def bayeux(self, **said: Any) -> list[Any]:
        return list(self.ok("POST", NOTIFICATIONS, body=[said]))


@pytest.fixture
def operator(running_stack: RunningStack) -> Party:
    told = json.loads((running_stack.data / "credentials.json").read_text(encoding="utf-8"))["cumulocity"]
    return Party(running_stack, f"{told['tenant']}/{told['user']}", told["password"])


@pytest.fixture
def agent(running_stack: RunningStack, operator: Party) -> Agent:
    """Step 0 of both: it asks over MQTT and over HTTP, and has the same credentials from either."""
    told = json.loads((running_stack.data / "credentials.json").read_text(encoding="utf-8"))["cumulocity"]
    bootstrap = told["bootstrap"]["user"], told["bootstrap"]["password"]
    serial = f"raspi-{uuid.uuid4().hex[:10]}"
    requests_ = "/devicecontrol/newDeviceRequests"
    operator.ok("POST", requests_, "newDeviceRequest", {"id": serial})
    start = Party(running_stack, *bootstrap)
    with MqttClient(running_stack, f"d:{serial}", *bootstrap) as device:
        device.subscribe("s/dcr")
        device.publish("s/ucr", "")
        until(lambda: operator.ok("GET", f"{requests_}/{serial}")["status"] == "PENDING_ACCEPTANCE")
        operator.ok("PUT", f"{requests_}/{serial}", "newDeviceRequest", {"status": "ACCEPTED"})
        _, row = device.messages.get(timeout=PATIENCE_S)
    given = until(lambda: _credentials(start, serial))
    assert row.decode() == f"70,{given['tenantId']},{given['username']},{given['password']}"
    return Agent(running_stack, serial, f"{given['tenantId']}/{given['username']}", given["password"])


def _credentials(start: Party, serial: str) -> Any:
    answer = start.call("POST", "/devicecontrol/deviceCredentials", "deviceCredentials", {"id": serial})
    assert answer.status_code in (201, 404), answer.text
    return answer.json() if answer.status_code == 201 else None


@pytest.fixture
def device(agent: Agent) -> Iterator[MqttClient]:
    client = agent.connected("s/ds", "s/e", "s/dt", "s/dat")
    yield client
    client.close()


def test_an_agent_goes_both_guides_at_once(agent: Agent, operator: Party, device: MqttClient) -> None:
    starts_up(agent, device)
    restarted = restarts(agent, operator, device)
    try:
        executes(agent, operator, restarted)
        sends(agent, operator, restarted)
    finally:
        restarted.close()


def starts_up(agent: Agent, device: MqttClient) -> None:
    # Steps 1 and 2 over MQTT: itself and its child, blindly at every start.
    device.publish("s/us", "100,RaspPi BCM2708,c8y_Linux\n114,c8y_Restart,c8y_Configuration")
    kid = f"{agent.serial}-sensor"
    device.publish("s/us", f"101,{kid},Sensor,c8y_Sensor")
    # Step 1 over REST: it is registered already, by the same name.
    found = until(lambda: agent.call("GET", f"/identity/externalIds/c8y_Serial/{kid}").ok and agent)
    itself = found.ok("GET", f"/identity/externalIds/c8y_Serial/{agent.serial}")
    agent.number = itself["managedObject"]["id"]
    # Step 4: what has changed since.
    software = {"pi-driver": "pi-driver-3.4.6.jar"}
    shown = agent.ok("PUT", itself["managedObject"]["self"], "managedObject", {"c8y_Software": software})
    assert (shown["name"], shown["type"], shown["c8y_Software"]) == ("RaspPi BCM2708", "c8y_Linux", software)
    # Step 5: another child over REST stands beside the one over MQTT.
    made = agent.ok("POST", "/inventory/managedObjects", "managedObject", {"name": "lamp", "c8y_IsDevice": {}})
    reference = {"managedObject": {"self": made["self"]}}
    agent.ok("POST", shown["childDevices"]["self"], "managedObjectReference", reference)
    below = agent.ok("GET", shown["childDevices"]["self"])["references"]
    assert [one["managedObject"]["name"] for one in below] == ["Sensor", "lamp"]
    agent.ok("DELETE", f"{shown['childDevices']['self']}/{made['id']}")
    agent.ok("DELETE", made["self"])


def restarts(agent: Agent, operator: Party, device: MqttClient) -> MqttClient:
    """Step 6: an operation that outlives the connection is over when the device is back; its new connection."""
    body = {"deviceId": agent.number, "c8y_Restart": {}}
    operation = operator.ok("POST", "/devicecontrol/operations", "operation", body)
    assert device.messages.get(timeout=PATIENCE_S) == ("s/ds", f"510,{agent.serial}".encode())
    device.publish("s/us", "501,c8y_Restart")
    until(lambda: operator.ok("GET", operation["self"])["status"] == "EXECUTING")
    device.vanish()
    # From now on it takes operations by long polling, and speaks MQTT all the same.
    back = agent.connected("s/e", "s/dat")
    (one,) = agent.operations("EXECUTING")
    assert one["id"] == operation["id"]
    agent.ok("PUT", one["self"], "operation", {"status": "SUCCESSFUL"})
    assert operator.ok("GET", operation["self"])["status"] == "SUCCESSFUL"
    assert (agent.operations("EXECUTING"), agent.operations("PENDING")) == ([], [])
    return back


def executes(agent: Agent, operator: Party, device: MqttClient) -> None:
    # Step 6 goes on: it listens.
    (hello,) = agent.bayeux(id="1", supportedConnectionTypes=["long-polling"], channel="/meta/handshake", version="1.0")
    assert (hello["id"], hello["successful"], hello["minimumVersion"]) == ("1", True, "1.0")
    client = hello["clientId"]
    (done,) = agent.bayeux(id="2", channel="/meta/subscribe", subscription=f"/{agent.number}", clientId=client)
    assert (done["id"], done["subscription"], done["successful"]) == ("2", f"/{agent.number}", True)
    # Step 7: it begins over REST what it ends over MQTT.
    body = {
        "deviceId": agent.number,
        "description": "Configuration update",
        "c8y_Configuration": {"config": CONFIGURATION},
    }
    with ThreadPoolExecutor() as pool:
        said = {"id": "3", "connectionType": "long-polling", "channel": "/meta/connect", "clientId": client}
        held = pool.submit(agent.bayeux, **said)
        operation = operator.ok("POST", "/devicecontrol/operations", "operation", body)
        told, connected = held.result(PATIENCE_S)
    assert (told["channel"], told["data"]["id"]) == (f"/{agent.number}", operation["id"])
    assert told["data"]["c8y_Configuration"] == body["c8y_Configuration"]
    assert (connected["id"], connected["channel"], connected["successful"]) == ("3", "/meta/connect", True)
    agent.ok("PUT", told["data"]["self"], "operation", {"status": "EXECUTING"})
    device.publish("s/us", f'113,"{CONFIGURATION}"\n503,c8y_Configuration')
    shown = until(lambda: one if (one := operator.ok("GET", operation["self"]))["status"] == "SUCCESSFUL" else None)
    itself = f"/inventory/managedObjects/{agent.number}"
    assert operator.ok("GET", itself)["c8y_Configuration"] == {"config": CONFIGURATION}
    # Step 8: its place, over REST, and its battery, over MQTT: neither takes the other away.
    agent.ok("PUT", itself, "managedObject", {"c8y_Position": POSITION})
    device.publish("s/us", "110,0000000017b769d5,RaspPi BCM2708,000e")
    hardware = {"serialNumber": "0000000017b769d5", "model": "RaspPi BCM2708", "revision": "000e"}
    shown = until(lambda: one if (one := operator.ok("GET", itself)).get("c8y_Hardware") == hardware else None)
    assert shown["c8y_Position"] == POSITION


def sends(agent: Agent, operator: Party, device: MqttClient) -> None:
    # Steps 9 and A: measurements of one kind.
    signal = {"rssi": {"value": -53, "unit": "dBm"}, "ber": {"value": 0.14, "unit": "%"}}
    source = {"source": {"id": agent.number}}
    said = {
        **source,
        "time": "2013-07-02T16:32:30.152+02:00",
        "type": "c8y_SignalStrength",
        "c8y_SignalStrength": signal,
    }
    agent.ok("POST", "/measurement/measurements", "measurement", said)
    device.publish("s/us", "210,-87,0.2,2013-07-02T16:32:31.152+02:00")
    path = f"/measurement/measurements?source={agent.number}&type=c8y_SignalStrength&revert=true&dateFrom=2013-01-01"
    found = until(lambda: some if len(some := operator.ok("GET", path)["measurements"]) == 2 else None)
    assert [one["c8y_SignalStrength"]["rssi"]["value"] for one in found] == [-87, -53]
    # Step 10: events.
    event = {**source, "text": "Location updated", "time": "2013-07-19T09:07:22.598+02:00"}
    agent.ok("POST", "/event/events", "event", {**event, "type": "c8y_LocationUpdate", "c8y_Position": POSITION})
    device.publish("s/us", "401,51.2,6.1,73.9,,2013-07-19T09:07:23.598+02:00")
    path = f"/event/events?source={agent.number}&type=c8y_LocationUpdate"
    found = until(lambda: some if len(some := operator.ok("GET", path)["events"]) == 2 else None)
    assert {one["text"] for one in found} == {"Location updated"}
    # Step 11: the alarm that is there already is counted, whichever way it is said; then it is over.
    alarm = {**source, "text": "Lost power", "time": "2013-08-19T21:31:22.740+02:00", "type": "c8y_PowerAlarm"}
    raised = agent.ok("POST", "/alarm/alarms", "alarm", {**alarm, "status": "ACTIVE", "severity": "MAJOR"})
    device.publish("s/us", "302,c8y_PowerAlarm,Lost power")
    until(lambda: operator.ok("GET", raised["self"])["count"] == 2)
    device.publish("s/us", "306,c8y_PowerAlarm")
    until(lambda: operator.ok("GET", raised["self"])["status"] == "CLEARED")
    assert agent.ok("GET", f"/alarm/alarms?source={agent.number}&status=ACTIVE")["alarms"] == []
    assert device.messages.empty(), "nothing was wrong with any row"
