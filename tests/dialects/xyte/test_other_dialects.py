"""Devices of Xyte through the APIs of the other dialects, and theirs through Xyte's."""

import hashlib
from typing import Any

import pytest

from chalicelib.fleet.inventory import numbering
from chalicelib.fleet.resources import catalog, updating
from chalicelib.fleet.resources.records import Resource, ResourceVersion
from tests.dialects.cumulocity.client import Client as Cumulocity
from tests.dialects.ibm.client import V1
from tests.dialects.ibm.client import Client as Ibm
from tests.dialects.live_objects.client import Client as LiveObjects
from tests.dialects.xyte.client import Client, Device

pytestmark = pytest.mark.row("J2")
OBJECTS, DEVICES = "/inventory/managedObjects", "/core/v1/organization/devices"
LO = "/api/v1/deviceMgt/devices"
TELEMETRY = {"status": "online", "telemetries": {"temperature": 21.5, "on": True}}


@pytest.fixture
def client() -> Client:
    client = Client()
    numbering.enable(client.ports, client.tenant.id)
    return client


@pytest.fixture
def device(client: Client) -> Device:
    return client.register(client.model(name="Pump 3/4", claim="automatic"), name="Nr. 1")


def live_objects(client: Client) -> LiveObjects:
    return LiveObjects.known(client.ports, client.tenant.id, client.secret, client.name)


def cumulocity(client: Client) -> Cumulocity:
    made = Cumulocity(client.ports, "unused")
    made.tenant, made.key, made.secret = client.tenant, client.key, client.secret
    return made


def ibm(client: Client) -> Ibm:
    made = Ibm(client.ports, "unused too")
    made.org, made.key, made.token = client.tenant.id, client.key, client.secret
    made.host = f"{made.org}.internetofthings.ibmcloud.com"
    return made


def urn(device: Device) -> str:
    return f"urn:lo:nsid:xyte:{device.id}"


def test_live_objects_shows_it_with_an_interface_of_its_own(client: Client, device: Device) -> None:
    api = live_objects(client)
    (interface,) = api.get(f"{LO}/{urn(device)}").body["interfaces"]
    assert (interface["connector"], interface["nodeId"], interface["status"]) == ("xyte", device.id, "REGISTERED")
    device.call("POST", "/telemetry", TELEMETRY)
    shown = api.get(f"{LO}/{urn(device)}/interfaces").body
    assert shown[0]["status"] == "ONLINE"
    assert shown[0]["definition"] == {"nodeId": device.id}
    (message,) = api.get(f"/api/v0/data/streams/{urn(device)}").body
    assert (message["value"], message["model"]) == (TELEMETRY["telemetries"], "Pump 3/4")
    device.call("POST", "/telemetry", {"status": "offline"})
    assert api.get(f"{LO}/{urn(device)}").body["interfaces"][0]["status"] == "OFFLINE"


def test_cumulocity_shows_an_object_with_its_child_below(client: Client, device: Device) -> None:
    api = cumulocity(client)
    made = device.call("POST", "/children", {"sn": "c", "firmware_version": "1.0.0", "name": "Sensor"}).body
    device.call("POST", "/telemetry", TELEMETRY)
    found = {one["name"]: one for one in api.get(OBJECTS, type="homeport_Xyte").body["managedObjects"]}
    assert found.keys() == {"Nr. 1", "Sensor"}
    parent = api.get(f"{OBJECTS}/{found['Nr. 1']['id']}").body
    assert parent["c8y_Availability"]["status"] == "AVAILABLE"
    (below,) = parent["childDevices"]["references"]
    assert below["managedObject"]["id"] == found["Sensor"]["id"]
    named = api.get(f"/identity/externalIds/homeport_xyte/{made['id']}").body
    assert named["managedObject"]["id"] == found["Sensor"]["id"]
    (measurement,) = api.get("/measurement/measurements", source=parent["id"]).body["measurements"]
    assert measurement["source"]["id"] == parent["id"]


def test_ibm_shows_it_by_the_names_that_follow_from_its_id(client: Client, device: Device) -> None:
    api, short = ibm(client), device.id.replace("-", "")
    assert len(short) <= 32 < len(device.id)
    device.call("POST", "/telemetry", TELEMETRY)
    assert [(one["type"], one["id"]) for one in api.get(f"{V1}/devices").body] == [("xyte", short)]
    (event,) = api.get(f"{V1}/historian/xyte/{short}").body
    assert event["evt"]["temperature"] == 21.5
    assert api.get(f"{V1}/devices/xyte/{short}").body["id"] == short
    assert api.get(f"{V1}/devices/xyte/{device.id}").status == 404


def test_xyte_shows_devices_of_every_dialect(client: Client, device: Device) -> None:
    interface = {"connector": "mqtt", "definition": {"clientId": "pump-7"}}
    body = {"id": "urn:lo:nsid:pump:p7", "name": "Other", "interfaces": [interface]}
    assert live_objects(client).call("POST", LO, body).status in (200, 201)
    items: dict[str, Any] = {one["id"]: one for one in client.call("GET", DEVICES).body["items"]}
    assert items.keys() == {device.id, "urn:lo:nsid:pump:p7"}
    other = items["urn:lo:nsid:pump:p7"]
    assert (other["name"], other["sn"], other["mac"]) == ("Other", "pump-7", None)
    assert (other["model"]["id"], other["status"]) == ("live_objects", "offline")
    one = f"{DEVICES}/urn:lo:nsid:pump:p7"
    assert client.call("GET", one).body == other
    assert client.call("PATCH", one, {"name": "Renamed"}).body["name"] == "Renamed"
    assert client.call("DELETE", one).status == 200
    assert [one["id"] for one in client.call("GET", DEVICES).body["items"]] == [device.id]


def test_a_device_that_live_objects_deletes_is_given_up(client: Client, device: Device) -> None:
    assert live_objects(client).call("DELETE", f"{LO}/{urn(device)}").status in (200, 204)
    assert device.call("POST", "/telemetry", TELEMETRY).body["space_data_version"] == 0
    assert client.ports.directory.rows[device.id].owner is None


def test_a_name_and_a_group_that_others_give_it_are_told(client: Client, device: Device) -> None:
    api = live_objects(client)
    api.call("POST", "/api/v1/deviceMgt/groups", {"pathNode": "kitchen"})
    changed = {"id": urn(device), "name": "Tap", "group": {"path": "/kitchen"}}
    assert api.call("PATCH", f"{LO}/{urn(device)}", changed).status == 200
    shown = device.call("GET").body
    assert (shown["name"], shown["space"]["full_path"]) == ("Tap", "/kitchen")
    assert device.call("POST", "/telemetry", TELEMETRY).body["space_data_version"] == 2


def test_a_version_that_it_reports_ends_the_update_to_it(client: Client, device: Device) -> None:
    ports, tenant = client.ports, client.tenant.id
    now = ports.clock.now()
    catalog.create(ports, Resource(tenant, "fw", now, now))
    for version in ("2.0.0", "3.0.0"):
        md5 = hashlib.md5(version.encode(), usedforsecurity=False).hexdigest()
        made = ResourceVersion(tenant, "fw", version, now, now, md5, 0, version)
        catalog.add_version(ports, made, version.encode())
    updating.request(ports, tenant, urn(device), "fw", "2.0.0", {})
    device.call("PUT", "", {"firmware_version": "1.9.0"})
    assert [one.status for one in updating.get(ports, tenant, urn(device)).updates] == ["PENDING"]
    device.call("PUT", "", {"firmware_version": "2.0.0"})
    assert [one.status for one in updating.get(ports, tenant, urn(device)).updates] == ["DONE"]


def command_of(device: Device) -> Any:
    reply = device.call("GET", "/command")
    assert reply.status == 200
    return reply.body


def ended(device: Device, message: str = "ok") -> None:
    body = {"id": command_of(device)["id"], "status": "done", "message": message}
    assert device.call("POST", "/command", body).status == 200


def test_a_command_of_live_objects_is_asked_for_and_answered(client: Client, device: Device) -> None:
    api, path = live_objects(client), f"{LO}/{urn(device)}/commands"
    value = {"req": "reboot", "arg": {"delay": 5}}
    made = api.call("POST", path, {"request": {"connector": "xyte", "value": value}})
    assert made.status == 201, made.raw
    device.ports.clock.advance(seconds=3_600)
    shown = command_of(device)
    assert (shown["name"], shown["parameters"]) == ("reboot", {"delay": 5})
    device.ports.clock.advance(seconds=3_600)
    assert api.get(f"/api/v1/deviceMgt/commands/{made.body['id']}").body["status"] == "PROCESSING"
    ended(device)
    found = api.get(f"/api/v1/deviceMgt/commands/{made.body['id']}").body
    assert (found["status"], found["response"]) == ("PROCESSED", {"value": "ok"})


@pytest.mark.parametrize(
    ("operation", "name", "parameters"),
    [
        ({"c8y_Restart": {}}, "reboot", {}),
        ({"c8y_Firmware": {"name": "fw", "version": "2"}}, "update_firmware", {"version": "2"}),
        ({"c8y_LogfileRequest": {"logFile": "x"}}, "dump", {"logFile": "x"}),
        ({"my_Own": {"a": 1}}, "my_Own", {"a": 1}),
    ],
)
def test_an_operation_of_cumulocity_has_the_vendor_s_name(
    client: Client, device: Device, operation: Any, name: str, parameters: Any
) -> None:
    api = cumulocity(client)
    (found,) = api.get(OBJECTS, type="homeport_Xyte").body["managedObjects"]
    made = api.call("POST", "/devicecontrol/operations", {"deviceId": found["id"], **operation})
    assert made.status == 201, made.raw
    shown = command_of(device)
    assert (shown["name"], shown["parameters"]) == (name, parameters)
    path = f"/devicecontrol/operations/{made.body['id']}"
    device.call("POST", "/command", {"id": shown["id"], "status": "in_progress"})
    assert api.get(path).body["status"] == "EXECUTING"
    device.call("POST", "/command", {"id": shown["id"], "status": "failed", "message": "no disk"})
    after = api.get(path).body
    assert (after["status"], after["failureReason"]) == ("FAILED", "no disk")


def test_a_command_to_a_device_of_another_dialect_is_what_that_reads(client: Client) -> None:
    interface = {"connector": "mqtt", "definition": {"clientId": "pump-7"}}
    body = {"id": "urn:lo:nsid:pump:p7", "name": "Other", "interfaces": [interface]}
    api = live_objects(client)
    assert api.call("POST", LO, body).status in (200, 201)
    path = f"{DEVICES}/urn:lo:nsid:pump:p7/commands"
    made = client.made(path, {"name": "reboot", "extra_params": {"delay": 5}})
    (found,) = api.get(f"{LO}/urn:lo:nsid:pump:p7/commands").body
    value = found["request"]["value"]
    assert (value["req"], value["arg"]) == ("reboot", {"delay": 5})
    (listed,) = client.call("GET", path).body["items"]
    assert (listed["id"], listed["device_id"], listed["name"]) == (made["id"], "urn:lo:nsid:pump:p7", "reboot")
    refused = client.call("POST", path, {"name": "update_firmware", "file_id": "x"})
    assert refused.status == 422
    assert client.call("DELETE", f"{path}/{made['id']}").body["status"] == "canceled"
    assert api.get(f"{LO}/urn:lo:nsid:pump:p7/commands").body[0]["status"] == "CANCELED"


def test_parameters_of_live_objects_are_fields_of_the_configuration(client: Client, device: Device) -> None:
    api, path = live_objects(client), f"{LO}/{urn(device)}/config"
    target = {"parameters": {"level": {"type": "INT32", "value": 3}, "mode": {"type": "STRING", "value": "eco"}}}
    assert api.call("POST", path, target).status < 300
    assert device.call("POST", "/telemetry", TELEMETRY).body["config_version"] == 1
    assert device.call("GET", "/config").body["config"] == {"level": 3, "mode": "eco"}
    assert api.get(f"{path}/parameters/level").body["syncStatus"] == "SENT"
    assert device.call("PUT", "", {"config_version": 1}).status == 200
    assert api.get(f"{path}/parameters/level").body["syncStatus"] == "OK"
