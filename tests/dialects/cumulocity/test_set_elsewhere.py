"""Users of Live Objects set the configuration and firmware of a device that speaks SmartREST: by commands, or not."""

from collections.abc import Mapping
from typing import Any

import pytest

from tests.dialects.cumulocity.broker import Broker
from tests.dialects.live_objects.client import Client as LiveObjects

pytestmark = pytest.mark.row("J2")
_DEVICES = "/api/v1/deviceMgt/devices"
_ASKED: Mapping[str, tuple[Mapping[str, Any], str]] = {
    "c8y_Configuration": ({"config": "log=debug\nperiod=60"}, '513,pump,"log=debug\nperiod=60"'),
    "c8y_Firmware": ({"name": "fw", "version": "2", "url": "https://x/fw"}, "515,pump,fw,2,https://x/fw"),
    "c8y_Restart": ({}, "510,pump"),
    "c8y_DownloadConfigFile": ({"url": "https://x/c", "type": "log"}, "524,pump,https://x/c,log"),
}
"""By what is ordered there: its argument, and the row of it."""
_SETTING: list[tuple[str, str, Mapping[str, Any]]] = [
    ("POST", "/api/v1/deviceMgt/devices/{id}/config", {"parameters": {"log": {"type": "STRING", "value": "x"}}}),
    ("POST", "/api/v0/assets/{namespace}/{name}/params", {"log": {"type": "STRING", "valueString": "x"}}),
    ("POST", "/api/v1/deviceMgt/devices/{id}/resources/firmware", {"version": "2"}),
    ("POST", "/api/v1/deviceMgt/devices/{id}/resources/firmware/updates", {"requestedVersion": "2"}),
    ("PUT", "/api/v0/rm/asset/{namespace}/{name}/resource/firmware/targetversion", {"targetVersion": "2"}),
]


@pytest.fixture
def broker() -> Broker:
    return Broker()


@pytest.fixture
def users(broker: Broker) -> LiveObjects:
    client = broker.client
    return LiveObjects.known(client.ports, client.tenant.id, client.secret, client.tenant.name)


def urn(broker: Broker, serial: str = "pump") -> str:
    return f"urn:lo:nsid:c8y:{broker.object(serial).id}"


def ordered(users: LiveObjects, device: str, name: str, arg: Mapping[str, Any]) -> str:
    body = {"request": {"connector": "mqtt", "value": {"req": name, "arg": dict(arg)}}}
    reply = users.call("POST", f"{_DEVICES}/{device}/commands", body, validate="false")
    assert reply.status == 201, reply.raw
    return str(reply.body["id"])


@pytest.mark.parametrize("well", [True, False], ids=["well", "failing"])
@pytest.mark.parametrize("name", _ASKED)
def test_a_command_named_like_an_operation_is_that_operation(
    broker: Broker, users: LiveObjects, name: str, *, well: bool
) -> None:
    arg, row = _ASKED[name]
    pump = broker.device("pump", "s/ds", "s/e")
    broker.publish(pump, f"114,{name}")
    order = ordered(users, urn(broker), name, arg)
    broker.run()
    assert broker.operations(pump) == [("s/ds", row)]
    broker.publish(pump, f"501,{name}")
    broker.publish(pump, f"503,{name}" if well else f"502,{name},no room left")
    shown = users.get(f"/api/v1/deviceMgt/commands/{order}").body
    assert shown["status"] == ("PROCESSED" if well else "ERROR")
    operation = broker.client.get("/devicecontrol/operations", deviceId=broker.object().id).body["operations"][0]
    assert operation["status"] == ("SUCCESSFUL" if well else "FAILED")
    assert operation[name] == arg
    assert broker.received(pump) == []


@pytest.mark.parametrize(("method", "path", "body"), _SETTING)
def test_what_nobody_would_tell_the_device_is_refused(
    broker: Broker, users: LiveObjects, method: str, path: str, body: Mapping[str, Any]
) -> None:
    broker.device("pump", "s/ds")
    device = urn(broker)
    namespace, name = device.removeprefix("urn:lo:nsid:").split(":")
    reply = users.call(method, path.format(id=device, namespace=namespace, name=name), dict(body))
    assert (reply.status, reply.body["code"]) == (409, "GENERIC_CONFLICT_ERROR")
    assert "send it a command" in reply.body["message"]
    assert users.get(f"{_DEVICES}/{device}/config/parameters").body == {}
    assert users.get(f"{_DEVICES}/{device}/resources").body == {}


@pytest.mark.parametrize("device", ["urn:lo:nsid:c8y:mine", "urn:lo:nsid:fleet:mine"])
def test_a_device_of_live_objects_is_set_whatever_its_id(users: LiveObjects, device: str) -> None:
    interface = {"connector": "mqtt", "enabled": True, "definition": {"clientId": device}}
    assert users.call("POST", _DEVICES, {"id": device, "interfaces": [interface]}).status == 200
    asked = {"parameters": {"log": {"type": "STRING", "value": "debug"}}}
    assert users.call("POST", f"{_DEVICES}/{device}/config", asked).status == 200
    assert users.get(f"{_DEVICES}/{device}/config/parameters").body["log"]["syncStatus"] == "PENDING"
