"""Groups that were made in Live Objects, as managed objects; and what each of both does to those of the other."""

from typing import Any

import pytest

from tests.dialects.cumulocity.client import Client
from tests.dialects.live_objects.client import Client as LiveObjects

pytestmark = pytest.mark.row("G3", "J2")
OBJECTS, GROUPS, DEVICES = "/inventory/managedObjects", "/api/v1/deviceMgt/groups", "/api/v1/deviceMgt/devices"
URN = "urn:lo:nsid:x:pump"


class House:
    """One tenant by both APIs."""

    def __init__(self) -> None:
        self.here = Client()
        self.there = LiveObjects(self.here.ports, "there")
        self.there.tenant, self.there.master, self.there.secret = self.here.tenant, self.here.key, self.here.secret

    def group(self, name: str, parent: str | None = None) -> str:
        self.here.ports.clock.advance(ms=1)
        reply = self.there.call("POST", GROUPS, {"pathNode": name, "parentId": parent})
        assert reply.status == 201, reply.body
        return str(reply.body["id"])

    def change(self, group: str, **body: Any) -> None:
        assert self.there.call("PUT", f"{GROUPS}/{group}", body).status == 200

    def device(self, group: str, id_: str = URN) -> str:
        self.here.ports.clock.advance(ms=1)
        reply = self.there.call("POST", DEVICES, {"id": id_, "group": {"id": group}})
        assert reply.status == 200, reply.body
        return str(self.here.get(f"/identity/externalIds/homeport_Urn/{id_}").body["managedObject"]["id"])

    @property
    def paths(self) -> list[str]:
        return [group["path"] for group in self.there.get(GROUPS).body]

    def shown(self, name: str) -> dict[str, Any]:
        (found,) = self.listed(query=f"name eq '{name}' and has(c8y_IsDeviceGroup)")
        shown: dict[str, Any] = self.here.get(f"{OBJECTS}/{found['id']}", withParents="true").body
        return shown

    def listed(self, **query: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.here.get(OBJECTS, **query).body["managedObjects"]
        return found


@pytest.fixture
def house() -> House:
    return House()


def names(kind: dict[str, Any]) -> list[str]:
    return [one["managedObject"]["name"] for one in kind["references"]]


def test_they_are_device_groups_with_what_is_in_them(house: House) -> None:
    site = house.group("Site")
    house.device(house.group("Floor", site))
    shown, floor = house.shown("Site"), house.shown("Floor")
    assert (shown["type"], shown["owner"], shown["c8y_IsDeviceGroup"]) == ("c8y_DeviceGroup", "homeport", {})
    assert (names(shown["childAssets"]), floor["type"]) == (["Floor"], "c8y_DeviceSubgroup")
    assert names(floor["childAssets"]) == [URN]
    assert names(floor["assetParents"]) == ["Site"]


def test_they_are_found_as_any_other(house: House) -> None:
    house.group("Floor", house.group("Site"))
    own = house.here.made(OBJECTS, {"name": "Own", "type": "c8y_DeviceGroup", "c8y_IsDeviceGroup": {}})["id"]
    house.here.made(OBJECTS, {"name": "Site", "type": "x"})
    site, floor = house.shown("Site")["id"], house.shown("Floor")["id"]
    every = {site, floor, own}
    assert {one["id"] for one in house.listed(fragmentType="c8y_IsDeviceGroup")} == every
    assert {one["id"] for one in house.listed(query="has(c8y_IsDeviceGroup) and name eq '*oo*'")} == {floor}
    assert {one["id"] for one in house.listed(type="c8y_DeviceGroup")} == {site, own}
    assert {one["id"] for one in house.listed(type="c8y_DeviceSubgroup")} == {floor}
    assert {one["id"] for one in house.listed(query="type eq 'c8y_DeviceGroup' and owner eq 'homeport'")} == {site, own}
    assert {one["id"] for one in house.listed(onlyRoots="true", fragmentType="c8y_IsDeviceGroup")} == {site, own}
    assert {one["id"] for one in house.listed(query=f"bygroupid({site})")} == {floor}
    assert house.listed(fragmentType="c8y_IsDevice") == []
    assert house.here.get(f"{OBJECTS}/count", fragmentType="c8y_IsDeviceGroup").body == 3


def test_they_are_renamed_moved_and_deleted_from_there(house: House) -> None:
    site, other = house.group("Site"), house.group("Other")
    number = house.shown("Other")["id"]
    house.change(other, pathNode="Hall", parentId=site)
    shown = house.shown("Hall")
    assert (shown["id"], names(shown["assetParents"])) == (number, ["Site"])
    assert house.there.call("DELETE", f"{GROUPS}/{other}").status == 204
    assert house.here.get(f"{OBJECTS}/{number}").status == 404
    assert house.shown("Site")["childAssets"]["references"] == []


def test_they_are_renamed_moved_and_deleted_from_here(house: House) -> None:
    house.group("Site")
    floor = house.group("Floor")
    pump = house.device(floor)
    site, number = house.shown("Site")["id"], house.shown("Floor")["id"]
    body = {
        "name": "Hall",
        "type": "x",
        "c8y_IsDeviceGroup": None,
        "c8y_Notes": "n",
        "c8y_Position": {"lat": 1, "lng": 2},
    }
    shown = house.here.call("PUT", f"{OBJECTS}/{number}", body).body
    assert (shown["name"], shown["type"], shown["c8y_IsDeviceGroup"]) == ("Hall", "c8y_DeviceGroup", {})
    assert (shown["c8y_Notes"], shown["c8y_Position"]) == ("n", {"lat": 1, "lng": 2})
    house.here.made(f"{OBJECTS}/{site}/childAssets", {"managedObject": {"id": number}})
    assert house.paths == ["/", "/Site", "/Site/Hall"]
    assert house.here.call("DELETE", f"{OBJECTS}/{site}").status == 204
    assert house.paths == ["/"]
    assert house.there.get(f"{DEVICES}/{URN}").body["group"]["path"] == "/"
    assert house.here.get(f"{OBJECTS}/{pump}").status == 200


def test_a_device_goes_from_one_to_another_on_either_side(house: House) -> None:
    site, other = house.group("Site"), house.group("Other")
    pump = house.device(site)
    house.here.call("DELETE", f"{OBJECTS}/{house.shown('Site')['id']}/childAssets/{pump}")
    assert house.there.get(f"{DEVICES}/{URN}").body["group"]["path"] == "/"
    house.here.made(f"{OBJECTS}/{house.shown('Other')['id']}/childAssets", {"managedObject": {"id": pump}})
    assert house.there.get(f"{DEVICES}/{URN}").body["group"]["id"] == other
    assert house.there.call("PATCH", f"{DEVICES}/{URN}", {"id": URN, "group": {"id": site}}).status == 200
    assert names(house.shown("Site")["childAssets"]) == [URN]
    assert house.shown("Other")["childAssets"]["references"] == []


def test_a_group_that_was_made_here_obeys_there(house: House) -> None:
    own = house.here.made(OBJECTS, {"name": "Own", "type": "c8y_DeviceGroup", "c8y_IsDeviceGroup": {}, "x": 1})["id"]
    (group,) = (one["id"] for one in house.there.get(GROUPS).body if one["path"] == "/Own")
    house.change(group, pathNode="Theirs")
    shown = house.here.get(f"{OBJECTS}/{own}").body
    assert (shown["name"], shown["x"]) == ("Theirs", 1)
    assert house.there.call("DELETE", f"{GROUPS}/{group}").status == 204
    assert house.here.get(f"{OBJECTS}/{own}").status == 404


def test_nobody_else_sees_them(house: House) -> None:
    house.group("Site")
    stranger = Client(house.here.ports, "other")
    assert stranger.get(OBJECTS, fragmentType="c8y_IsDeviceGroup").body["managedObjects"] == []
    assert stranger.get(f"{OBJECTS}/{house.shown('Site')['id']}").status == 404
