"""The life of a device as the vendor's MQTT guide "Device integration" tells it, against a running stack."""

import json
import uuid
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
import requests

from tests.clients import PATIENCE_S, MqttClient, until
from tests.local.running import RunningStack

REQUESTS = "/devicecontrol/newDeviceRequests"


class Operator:
    def __init__(self, stack: RunningStack) -> None:
        told = json.loads((stack.data / "credentials.json").read_text(encoding="utf-8"))["cumulocity"]
        self.tenant = str(told["tenant"])
        self.bootstrap = told["bootstrap"]["user"], told["bootstrap"]["password"]
        self._url, self._auth = stack.url, (f"{told['tenant']}/{told['user']}", told["password"])

    def call(self, method: str, path: str, body: Any = None, **query: Any) -> Any:
        answer = requests.request(
            method, self._url + path, json=body, params=query, auth=self._auth, timeout=PATIENCE_S
        )
        assert answer.ok or answer.status_code == 404, answer.text
        return answer.json() if answer.ok and answer.content else None

    def object(self, serial: str) -> Any:
        found = self.call("GET", f"/identity/externalIds/c8y_Serial/{serial}")
        return found and self.call("GET", f"/inventory/managedObjects/{found['managedObject']['id']}")

    def order(self, serial: str, operation: Any) -> str:
        body = {"deviceId": self.object(serial)["id"], **operation}
        return str(self.call("POST", "/devicecontrol/operations", body)["id"])

    def becomes(self, operation: str, status: str) -> Any:
        def stands() -> Any:
            found = self.call("GET", f"/devicecontrol/operations/{operation}")
            return found if found["status"] == status else None

        return until(stands)


@pytest.fixture
def operator(running_stack: RunningStack) -> Operator:
    return Operator(running_stack)


@pytest.fixture
def serial() -> str:
    return f"pump{uuid.uuid4().hex[:8]}"


@pytest.fixture
def credentials(running_stack: RunningStack, operator: Operator, serial: str) -> tuple[str, str]:
    """Step 0: the device asks for credentials, and is given them once somebody has accepted it."""
    operator.call("POST", REQUESTS, {"id": serial})
    with MqttClient(running_stack, serial, *operator.bootstrap) as device:
        assert device.subscribe("s/dcr") == [1]
        device.publish("s/ucr", "")
        pending = partial(operator.call, "GET", f"{REQUESTS}/{serial}")
        until(lambda: pending()["status"] == "PENDING_ACCEPTANCE")
        operator.call("PUT", f"{REQUESTS}/{serial}", {"status": "ACCEPTED"})
        topic, row = device.messages.get(timeout=PATIENCE_S)
    code, tenant, user, password = row.decode().split(",")
    assert (topic, code, tenant, user) == ("s/dcr", "70", operator.tenant, f"device_{serial}")
    return f"{tenant}/{user}", password


@pytest.fixture
def device(running_stack: RunningStack, serial: str, credentials: tuple[str, str]) -> Iterator[MqttClient]:
    with MqttClient(running_stack, serial, *credentials) as client:
        yield client


def text(device: MqttClient) -> tuple[str, str]:
    topic, payload = device.messages.get(timeout=PATIENCE_S)
    return topic, payload.decode()


@pytest.mark.row("G1", "G7")
def test_a_device_starts_up_and_goes_round(operator: Operator, serial: str, device: MqttClient) -> None:
    # Step 3: it listens, all the topics in one packet.
    assert device.subscribe("s/ds", "s/e", "devicecontrol/notifications", "s/dat") == [1] * 4
    # Step 1: it may say who it is at every start.
    device.publish("s/us", "100,Device Name,Device Type")
    until(lambda: (operator.object(serial) or {}).get("name") == "Device Name")
    device.publish("s/us", "100,Device Name,Device Type")
    assert text(device) == ("s/e", "41,100,Device already existing")
    # Step 2: so with its children.
    device.publish("s/us", f"101,{serial}-kid,Child Name,Child Type")
    until(lambda: operator.object(f"{serial}-kid"))
    assert operator.object(f"{serial}-kid")["type"] == "Child Type"
    # Step A: ten rows in one message.
    device.publish("s/us", "\n".join(f"200,c8y_T,s{n},{n}" for n in range(10)))
    number = operator.object(serial)["id"]
    measured = partial(operator.call, "GET", "/measurement/measurements", source=number, pageSize=20)
    assert len(until(lambda: found if len(found := measured()["measurements"]) == 10 else None)) == 10
    device.publish(f"s/us/{serial}-kid", "301,c8y_Hot,too hot")
    kid = operator.object(f"{serial}-kid")["id"]
    alarms = until(lambda: operator.call("GET", "/alarm/alarms", source=kid)["alarms"])
    assert [one["severity"] for one in alarms] == ["CRITICAL"]
    # Step B: operations for both come to it, in both forms.
    _executed(operator, device, serial, "s/us")
    _executed(operator, device, f"{serial}-kid", f"s/us/{serial}-kid")
    device.publish("s/uat", "")
    assert text(device)[1].startswith("71,ey")


def _executed(operator: Operator, device: MqttClient, serial: str, topic: str) -> None:
    operation = operator.order(serial, {"c8y_Command": {"text": "ls"}})
    came = dict([text(device), text(device)])
    assert came["s/ds"] == f"511,{serial},ls"
    assert json.loads(came["devicecontrol/notifications"])["id"] == operation
    device.publish(topic, "501,c8y_Command")
    operator.becomes(operation, "EXECUTING")
    device.publish(topic, "503,c8y_Command,done")
    shown = operator.becomes(operation, "SUCCESSFUL")
    assert (shown["c8y_Command"]["result"], shown["delivery"]["status"]) == ("done", "DELIVERED")


@pytest.mark.row("G1", "G7")
def test_what_waits_comes_with_the_subscription_and_two_of_a_kind_end_in_order(
    running_stack: RunningStack, operator: Operator, serial: str, credentials: tuple[str, str]
) -> None:
    with MqttClient(running_stack, serial, *credentials) as early:
        early.publish("s/us", "100,Pump")
        until(lambda: operator.object(serial))
    made = [operator.order(serial, {"c8y_Command": {"text": str(n)}}) for n in range(2)]
    with MqttClient(running_stack, f"d:{serial}:x", *credentials) as device:
        device.subscribe("s/ds")
        assert [text(device)[1] for _ in made] == [f"511,{serial},{n}" for n in range(2)]
        # Both are open: the rows wait for each other, and are taken in the order in which they were said.
        for row in ("501,c8y_Command", "503,c8y_Command,0", "501,c8y_Command", "502,c8y_Command,no"):
            device.publish("s/us", row)
        operator.becomes(made[0], "SUCCESSFUL")
        assert operator.becomes(made[1], "FAILED")["failureReason"] == "no"


@pytest.mark.row("G1", "G7")
def test_a_device_that_says_nothing_is_out_once_its_user_is_disabled(
    running_stack: RunningStack, operator: Operator, serial: str, credentials: tuple[str, str]
) -> None:
    with MqttClient(running_stack, f"d:{serial}:x", *credentials) as device:
        device.subscribe("s/ds")
        user = f"/inventory/managedObjects/{operator.object(serial)['id']}/user"
        operator.call("PUT", user, {"enabled": False})
        until(lambda: device.closed)
        refused = MqttClient(running_stack, serial, *credentials)
        assert refused.connect() != 0
        refused.close()
