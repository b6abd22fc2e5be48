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
    api = ibm(client)
    device.call("POST", "/telemetry", TELEMETRY)
    assert [(one["type"], one["id"]) for one in api.get(f"{V1}/devices").body] == [("xyte", device.id)]
    (event,) = api.get(f"{V1}/historian/xyte/{device.id}").body
    assert event["evt"]["temperature"] == 21.5


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
