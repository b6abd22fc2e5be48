"""A device of IBM on the stack as AWS would be: strict mode."""

import json
import uuid

import pytest

from tests.clients import MqttClient, Rest, until
from tests.ibm.clients import Organization
from tests.local.running import RunningStack

pytestmark = pytest.mark.row("H3")


@pytest.fixture
def organization(stack: RunningStack) -> Organization:
    return Organization(stack)


@pytest.fixture
def name() -> str:
    return f"p-{uuid.uuid4().hex[:8]}.v1"


def fleet_id(name: str) -> str:
    return f"urn:lo:nsid:pump:{name.replace('.', ':')}"


def test_the_stack_tells_how_ibm_clients_come_in(stack: RunningStack, organization: Organization) -> None:
    told = json.loads((stack.data / "credentials.json").read_text())["ibm"]
    assert told == {"org": organization.id, "apiKey": organization.key, "token": organization.token}
    assert organization.ok("GET", "/api/v0001/")["id"] == organization.id


@pytest.mark.row("H2")
def test_an_event_is_in_the_historian_and_in_the_stream_of_live_objects(
    stack: RunningStack, organization: Organization, name: str
) -> None:
    token = organization.register("pump", name)
    with organization.device("pump", name, token) as device:
        device.publish("iot-2/evt/status/fmt/json", {"d": {"cpu": 60}})
    path = f"/api/v0001/historian/pump/{name}"
    (record,) = until(lambda: organization.ok("GET", path))
    assert (record["evt_type"], record["evt"]) == ("status", {"cpu": 60})
    (message,) = Rest(stack).get(f"/api/v0/data/streams/{fleet_id(name)}")
    assert (message["value"], message["model"]) == ({"cpu": 60}, "status")


def test_a_wrong_token_is_refused(organization: Organization, name: str) -> None:
    organization.register("pump", name)
    assert organization.device("pump", name, "guess").connect() != 0


def test_live_objects_lists_the_device_with_its_interface_and_status(
    stack: RunningStack, organization: Organization, name: str
) -> None:
    rest, token = Rest(stack), organization.register("pump", name)
    path = f"/api/v1/deviceMgt/devices/{fleet_id(name)}"
    (interface,) = rest.get(path)["interfaces"]
    assert (interface["connector"], interface["status"]) == ("mqtt", "REGISTERED")
    with organization.device("pump", name, token):
        (interface,) = until(lambda: [i for i in rest.get(path)["interfaces"] if i["status"] == "ONLINE"])
    assert interface["nodeId"] == f"d:{organization.id}:pump:{name}"
    until(lambda: rest.get(path)["interfaces"][0]["status"] == "OFFLINE")


@pytest.mark.row("J2")
def test_a_live_objects_command_reaches_the_device_as_one_of_ibm(
    stack: RunningStack, organization: Organization, name: str
) -> None:
    rest, token = Rest(stack), organization.register("pump", name)
    commands = f"/api/v1/deviceMgt/devices/{fleet_id(name)}/commands"
    with organization.device("pump", name, token) as device:
        assert device.subscribe("iot-2/cmd/+/fmt/+") == [1]
        request = {"connector": "mqtt", "value": {"req": "reboot", "arg": {"delay": 5}}}
        command = rest.post(commands, {"request": request})
        assert device.next("iot-2/cmd/reboot/fmt/json") == {"d": {"delay": 5}}
        until(lambda: rest.get(f"/api/v1/deviceMgt/commands/{command['id']}")["status"] == "PROCESSED")


def test_a_device_registered_here_and_deleted_there_leaves_nothing_behind(
    stack: RunningStack, organization: Organization, name: str
) -> None:
    rest, token = Rest(stack), organization.register("pump", name)
    with organization.device("pump", name, token) as device:
        rest.ok("DELETE", f"/api/v1/deviceMgt/devices/{fleet_id(name)}")
        until(lambda: device.closed)
    assert organization.call("GET", f"/api/v0001/devices/pump/{name}").status_code == 404
    assert organization.device("pump", name, token).connect() != 0
    assert organization.register("pump", name) != token


def test_a_device_of_live_objects_is_listed_read_and_deleted_through_ibm(
    stack: RunningStack, organization: Organization, name: str
) -> None:
    rest, id_ = Rest(stack), name.replace(".", "")
    urn = f"urn:lo:nsid:sensor:{id_}"
    with MqttClient(stack, urn, "json+device", stack.api_key) as device:
        device.publish("dev/data", {"value": {"temp": 21}, "model": "weather"})
        (record,) = until(lambda: organization.ok("GET", f"/api/v0001/historian/sensor/{id_}"))
        assert (record["evt_type"], record["evt"]) == ("weather", {"temp": 21})
        assert id_ in [d["id"] for d in organization.ok("GET", "/api/v0001/devices/sensor")]
        organization.ok("DELETE", f"/api/v0001/devices/sensor/{id_}")
        until(lambda: device.closed)
    assert rest.call("GET", f"/api/v1/deviceMgt/devices/{urn}").status_code == 404


@pytest.mark.row("H5")
def test_strict_mode_carries_the_status_of_devices_to_applications(organization: Organization, name: str) -> None:
    token = organization.register("pump", name)
    with organization.application(name) as application:
        assert application.subscribe(f"iot-2/type/pump/id/{name}/mon", qos=0) == [0]
        with organization.device("pump", name, token):
            assert application.next(f"iot-2/type/pump/id/{name}/mon")["Action"] == "Connect"
        # A subscription that becomes known while the device connects is told so twice.
        actions = iter(lambda: application.next(f"iot-2/type/pump/id/{name}/mon")["Action"], "Disconnect")
        assert set(actions) <= {"Connect"}


def test_strict_mode_carries_the_status_of_devices_of_live_objects_too(
    stack: RunningStack, organization: Organization, name: str
) -> None:
    id_ = name.replace(".", "")
    with organization.application(id_) as application:
        assert application.subscribe(f"iot-2/type/sensor/id/{id_}/mon", qos=0) == [0]
        watching = f"/api/v0002/clientconnectionstates/a:{organization.id}:{id_}"
        until(lambda: organization.call("GET", watching).status_code == 200)

        def come() -> bool:
            with MqttClient(stack, f"urn:lo:nsid:sensor:{id_}", "json+device", stack.api_key):
                pass
            return not application.messages.empty()

        until(come)
        assert application.next(f"iot-2/type/sensor/id/{id_}/mon")["User"] == "json+device"


def test_strict_mode_refuses_the_topics_that_iot_core_cannot_carry(organization: Organization, name: str) -> None:
    with organization.application(name) as application:
        assert application.subscribe("iot-2/type/+/id/+/evt/+/fmt/+") == [0x80]
