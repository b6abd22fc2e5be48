"""Groups of devices, as other dialects see them (reference, "Device groups")."""

from dataclasses import replace
from typing import Any

import pytest

from chalicelib.fleet.inventory import devices, groups
from chalicelib.fleet.inventory.records import ROOT_GROUP
from chalicelib.fleet.tenancy import settings
from chalicelib.fleet.tenancy.records import Stored
from tests.dialects.cumulocity.client import Client
from tests.dialects.cumulocity.registering import REQUESTS, accept, open_door, poll, registered

pytestmark = pytest.mark.row("G3", "J2")
OBJECTS = "/inventory/managedObjects"


class Fleet:
    """A tenant, and what another dialect sees of its groups."""

    def __init__(self) -> None:
        self.client = Client()
        self.tenant = self.client.tenant.id

    def group(self, name: str, parent: str | None = None) -> str:
        kind = "c8y_DeviceGroup" if parent is None else "c8y_DeviceSubgroup"
        body = {"name": name, "type": kind, "c8y_IsDeviceGroup": {}}
        path = OBJECTS if parent is None else f"{OBJECTS}/{parent}/childAssets"
        return str(self.client.made(path, body)["id"])

    def device(self, name: str = "pump", **more: Any) -> str:
        return str(self.client.made(OBJECTS, {"name": name, "c8y_IsDevice": {}, **more})["id"])

    def join(self, group: str, number: str) -> None:
        self.client.made(f"{OBJECTS}/{group}/childAssets", {"managedObject": {"id": number}})

    def leave(self, group: str, number: str) -> None:
        assert self.client.call("DELETE", f"{OBJECTS}/{group}/childAssets/{number}").status == 204

    def delete(self, number: str, **query: str) -> None:
        reply = self.client.call("DELETE", f"{OBJECTS}/{number}", **query)  # type: ignore[arg-type]
        assert reply.status == 204, reply.raw

    @property
    def paths(self) -> list[str]:
        tree = self.client.ports.groups.tree(self.tenant)
        return sorted(tree.path(group) for group in tree.groups)

    def path(self, number: str) -> str:
        """Of the group that the device is in."""
        found = self.client.ports.objects.get(self.tenant, number)
        assert found is not None
        device = self.client.ports.devices.get(self.tenant, str(found.device))
        assert device is not None
        return self.client.ports.groups.tree(self.tenant).path(device.group)

    def put(self, number: str, group: str) -> None:
        """Into a group of the fleet, as another dialect does it."""
        ports = self.client.ports
        found = ports.objects.get(self.tenant, number)
        device = ports.devices.get(self.tenant, str(found and found.device))
        assert device is not None
        devices.update(ports, self.tenant, device.id, lambda one: replace(one, group=group))


@pytest.fixture
def fleet() -> Fleet:
    return Fleet()


def test_groups_are_groups_of_the_fleet_below_each_other(fleet: Fleet) -> None:
    site = fleet.group("Site")
    floor = fleet.group("Floor 1", site)
    fleet.group("Room", floor)
    assert fleet.paths == ["/Site", "/Site/Floor 1", "/Site/Floor 1/Room"]


def test_several_made_at_once_and_one_that_becomes_a_group(fleet: Fleet) -> None:
    body = {"managedObjects": [{"name": "A", "c8y_IsDeviceGroup": {}}, {"name": "B", "c8y_IsDeviceGroup": {}}]}
    fleet.client.made(OBJECTS, body)
    plain, pump = fleet.client.made(OBJECTS, {"name": "C"})["id"], fleet.device()
    fleet.join(plain, pump)
    assert fleet.paths == ["/A", "/B"]
    fleet.client.call("PUT", f"{OBJECTS}/{plain}", {"c8y_IsDeviceGroup": {}})
    assert fleet.paths == ["/A", "/B", "/C"]
    assert fleet.path(pump) == "/C"
    fleet.client.call("PUT", f"{OBJECTS}/{plain}", {"c8y_IsDeviceGroup": None})
    assert fleet.paths == ["/A", "/B"]
    assert fleet.path(pump) == "/"


def test_a_group_is_renamed_and_moved(fleet: Fleet) -> None:
    site, other = fleet.group("Site"), fleet.group("Other")
    floor = fleet.group("Floor", site)
    fleet.client.call("PUT", f"{OBJECTS}/{site}", {"name": "Plant"})
    assert fleet.paths == ["/Other", "/Plant", "/Plant/Floor"]
    fleet.join(other, floor)
    assert fleet.paths == ["/Other", "/Plant", "/Plant/Floor"]
    fleet.leave(site, floor)
    assert fleet.paths == ["/Other", "/Other/Floor", "/Plant"]
    fleet.leave(other, floor)
    assert fleet.paths == ["/Floor", "/Other", "/Plant"]


def test_the_same_name_beside_gets_a_number_in_the_fleet_alone(fleet: Fleet) -> None:
    numbers = [fleet.group("Site") for _ in range(3)]
    assert fleet.paths == ["/Site", "/Site (2)", "/Site (3)"]
    assert {fleet.client.get(f"{OBJECTS}/{number}").body["name"] for number in numbers} == {"Site"}
    fleet.client.call("PUT", f"{OBJECTS}/{numbers[1]}", {"told": 1})
    assert fleet.paths == ["/Site", "/Site (2)", "/Site (3)"]


@pytest.mark.parametrize("name", ["a/b", "x" * 300, " ", None])
def test_any_name_is_one_of_a_group(fleet: Fleet, name: str | None) -> None:
    body = {"c8y_IsDeviceGroup": {}, **({} if name is None else {"name": name})}
    fleet.client.made(OBJECTS, body)
    (path,) = fleet.paths
    assert path.count("/") == 1


def test_a_device_is_in_the_group_that_it_is_an_asset_of(fleet: Fleet) -> None:
    site, other, pump = fleet.group("Site"), fleet.group("Other"), fleet.device()
    assert fleet.path(pump) == "/"
    fleet.join(site, pump)
    assert fleet.path(pump) == "/Site"
    fleet.join(other, pump)
    assert fleet.path(pump) == "/Site"
    fleet.leave(site, pump)
    assert fleet.path(pump) == "/Other"
    fleet.leave(other, pump)
    assert fleet.path(pump) == "/"


def test_several_come_and_go_at_once_and_one_that_is_made_in_place(fleet: Fleet) -> None:
    site, pumps = fleet.group("Site"), [fleet.device(), fleet.device()]
    references = {"references": [{"managedObject": {"id": number}} for number in pumps]}
    path = f"{OBJECTS}/{site}/childAssets"
    fleet.client.made(path, references)
    made = fleet.client.made(path, {"name": "third", "c8y_IsDevice": {}})["id"]
    assert {fleet.path(number) for number in (*pumps, made)} == {"/Site"}
    assert fleet.client.call("DELETE", path, references).status == 204
    assert [fleet.path(number) for number in (*pumps, made)] == ["/", "/", "/Site"]


def test_what_becomes_a_device_in_a_group_is_in_it(fleet: Fleet) -> None:
    site, thing = fleet.group("Site"), fleet.client.made(OBJECTS, {"name": "thing"})["id"]
    fleet.join(site, thing)
    fleet.client.call("PUT", f"{OBJECTS}/{thing}", {"c8y_IsDevice": {}})
    assert fleet.path(thing) == "/Site"


def test_child_devices_and_additions_are_in_no_group_by_it(fleet: Fleet) -> None:
    site, pump = fleet.group("Site"), fleet.device()
    for kind in ("childDevices", "childAdditions"):
        fleet.client.made(f"{OBJECTS}/{site}/{kind}", {"managedObject": {"id": pump}})
    assert fleet.path(pump) == "/"


def test_a_device_that_somebody_put_elsewhere_stays_there_when_it_joins_others(fleet: Fleet) -> None:
    site, pump = fleet.group("Site"), fleet.device()
    elsewhere = groups.create(fleet.client.ports, fleet.tenant, "Elsewhere", ROOT_GROUP, None)
    fleet.put(pump, elsewhere.id)
    fleet.join(site, pump)
    assert fleet.path(pump) == "/Elsewhere"
    fleet.leave(site, pump)
    assert fleet.path(pump) == "/Elsewhere"


def test_a_deleted_group_takes_those_below_along_and_no_device(fleet: Fleet) -> None:
    site, other = fleet.group("Site"), fleet.group("Other")
    floor = fleet.group("Floor", site)
    room = fleet.group("Room", floor)
    shared = fleet.group("Shared", site)
    fleet.join(other, shared)
    pump, valve = fleet.device("pump"), fleet.device("valve")
    fleet.join(room, pump)
    fleet.join(site, valve)
    fleet.join(other, valve)
    fleet.delete(site)
    assert fleet.paths == ["/Other", "/Other/Shared"]
    assert [fleet.path(number) for number in (pump, valve)] == ["/", "/Other"]
    for number, status in ((site, 404), (floor, 404), (room, 404), (shared, 200), (pump, 200), (valve, 200)):
        assert fleet.client.get(f"{OBJECTS}/{number}").status == status


def test_with_cascade_everything_goes(fleet: Fleet) -> None:
    site = fleet.group("Site")
    floor, pump = fleet.group("Floor", site), fleet.device()
    fleet.join(floor, pump)
    fleet.delete(site, cascade="true")
    assert fleet.paths == []
    for number in (site, floor, pump):
        assert fleet.client.get(f"{OBJECTS}/{number}").status == 404


def test_a_group_with_many_devices_is_emptied_first(fleet: Fleet) -> None:
    site = fleet.group("Site")
    pumps = [fleet.device() for _ in range(105)]
    for at in range(0, len(pumps), 100):
        references = [{"managedObject": {"id": number}} for number in pumps[at : at + 100]]
        fleet.client.made(f"{OBJECTS}/{site}/childAssets", {"references": references})
    fleet.delete(site)
    assert fleet.paths == []
    assert {fleet.path(number) for number in pumps} == {"/"}


def test_where_there_is_no_room_for_a_group_it_is_an_object_alone(fleet: Fleet) -> None:
    settings.set_quotas(fleet.client.ports, fleet.tenant, {Stored.GROUPS: 1})
    fleet.group("Site")
    second, pump = fleet.group("Second"), fleet.device()
    fleet.join(second, pump)
    assert fleet.paths == ["/Site"]
    assert fleet.path(pump) == "/"
    fleet.delete(second)
    assert fleet.client.get(f"{OBJECTS}/{pump}").status == 200


def test_of_a_link_and_its_end_at_once_the_later_one_holds(fleet: Fleet) -> None:
    site, pump = fleet.group("Site"), fleet.device()
    ports, written = fleet.client.ports, fleet.client.ports.devices.replace

    def beaten(*given: Any, **named: Any) -> bool:
        # The device leaves the group again between the look at its parents and the write.
        ports.devices.replace = written  # type: ignore[method-assign]
        fleet.leave(site, pump)
        return written(*given, **named)

    ports.devices.replace = beaten  # type: ignore[method-assign]
    fleet.join(site, pump)
    assert fleet.path(pump) == "/"


def test_a_device_groups_what_is_its_own(fleet: Fleet) -> None:
    auth = registered(fleet.client, "d1")
    site = fleet.group("Site")
    own = fleet.client.call("POST", OBJECTS, {"c8y_IsDevice": {}}, auth=auth).body["id"]
    denied = fleet.client.call("POST", f"{OBJECTS}/{site}/childAssets", {"managedObject": {"id": own}}, auth=auth)
    assert denied.status == 403
    assert fleet.path(own) == "/"


def test_a_device_is_put_where_its_registration_has_said(fleet: Fleet) -> None:
    client, site = fleet.client, fleet.group("Site")
    open_door(client)
    client.made(REQUESTS, {"id": "d1", "groupId": site})
    assert accept(client, "d1").body["groupId"] == site
    given = poll(client, "d1").body
    auth = (f"{given['tenantId']}/{given['username']}", given["password"])
    first, second = (client.call("POST", OBJECTS, {"c8y_IsDevice": {}}, auth=auth).body["id"] for _ in range(2))
    assert [fleet.path(number) for number in (first, second)] == ["/Site", "/"]
    assert [one["managedObject"]["id"] for one in client.get(f"{OBJECTS}/{site}/childAssets").body["references"]] == [
        first
    ]


@pytest.mark.parametrize("gone", [True, False])
def test_a_group_that_is_gone_holds_up_no_device(fleet: Fleet, *, gone: bool) -> None:
    client, site = fleet.client, fleet.group("Site")
    open_door(client)
    foreign = Client(client.ports, "other").made(OBJECTS, {"name": "foreign"})["id"]
    for number in ("123456789012345", foreign, "none"):
        assert client.call("POST", REQUESTS, {"id": "d1", "groupId": number}).status == 422
    client.made(REQUESTS, {"id": "d1", "groupId": site})
    accept(client, "d1")
    given = poll(client, "d1").body
    if gone:
        fleet.delete(site)
    auth = (f"{given['tenantId']}/{given['username']}", given["password"])
    own = client.call("POST", OBJECTS, {"c8y_IsDevice": {}}, auth=auth)
    assert (own.status, fleet.path(own.body["id"])) == (201, "/" if gone else "/Site")
