"""What a device sees and changes: its own objects and all below them, and nothing else of its tenant."""

import json
import re
from typing import Any

import pytest

from chalicelib.dialects.cumulocity import rest
from chalicelib.web.routes import Route
from tests.dialects.cumulocity.client import Client, Reply
from tests.dialects.cumulocity.furnished import OBJECTS, furnish
from tests.dialects.cumulocity.registering import registered

pytestmark = pytest.mark.row("A1", "A6", "G1")
SECRET = "ofsomebodyelse"
TIME = "2026-01-02T03:04:05Z"
OWN = {"type": "own", "text": "own", "time": TIME}


class World:
    """A tenant that has one of everything, and a device in it with an object of its own."""

    def __init__(self) -> None:
        self.client = Client()
        self.names = furnish(self.client, SECRET)
        self.auth = registered(self.client, "d1")
        self.number = self.as_device("POST", OBJECTS, {"name": "mine", "c8y_IsDevice": {}}).body["id"]

    def as_device(self, method: str, path: str, body: Any = None, **query: Any) -> Reply:
        self.client.ports.clock.advance(seconds=1)
        return self.client.call(method, path, body, auth=self.auth, **query)

    def made(self, path: str, body: dict[str, Any]) -> str:
        reply = self.as_device("POST", path, body)
        assert reply.status == 201, reply.raw
        return str(reply.body["id"])

    def kept(self) -> dict[str, str]:
        """Whatever somebody else has, by table and key."""
        ports = vars(self.client.ports)
        tables = {
            f"{name}.{attribute}": rows
            for name, table in ports.items()
            if hasattr(table, "__dict__") and name not in ("usages", "audit", "proven", "windows")
            for attribute, rows in vars(table).items()
            if isinstance(rows, dict)
        }
        theirs = (SECRET, self.names["id"], self.names["childId"])
        return {
            f"{name} {key}": repr(row)
            for name, rows in tables.items()
            for key, row in rows.items()
            if any(one in repr((key, row)) for one in theirs)
        }


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture(scope="module")
def walked() -> World:
    """One for all routes: nothing that the device does there changes anything."""
    return World()


BODIES: tuple[Any, ...] = (
    {},
    {"id": "{id}", "name": "taken", "type": "taken", "status": "ACCEPTED", "enabled": False, "value": "taken"},
    {
        "source": {"id": "{id}"},
        "deviceId": "{id}",
        "managedObject": {"id": "{id}"},
        **OWN,
        "severity": "MAJOR",
        "status": "CLEARED",
        "x": {"t": {"value": 1}},
    },
    {"references": [{"managedObject": {"id": "{childId}"}}]},
    {
        "externalIds": [{"type": "c8y_Serial", "externalId": SECRET}],
        "managedObjects": [{"id": "{id}", "name": "taken"}],
    },
)


@pytest.mark.parametrize("route", rest.routes(), ids=lambda r: f"{r.method} {r.path}")
def test_no_route_shows_or_changes_what_is_somebody_elses(walked: World, route: Route) -> None:
    path = re.sub(r"{(\w+)}", lambda m: walked.names[m[1]], route.path)
    bodies = BODIES if route.schema is not None else (None,)
    before = walked.kept()
    for body in bodies:
        text = json.dumps(body)
        for name in ("id", "childId"):
            text = text.replace(f"{{{name}}}", walked.names[name])
        for query in ({}, {"source": walked.names["id"], "deviceId": walked.names["id"], "text": SECRET}):
            reply = walked.as_device(route.method, path, json.loads(text), **query)
            assert reply.status < 500
            said = reply.raw.decode()
            for sent in re.findall(r"[\w:-]+", json.dumps([path, text, query])):
                said = said.replace(sent, "")
            assert SECRET not in said
            assert walked.names["id"] not in said
            # What it makes of its own may say anything.
            assert walked.kept().items() >= before.items()


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", OBJECTS + "/{id}"),
        ("PUT", OBJECTS + "/{id}"),
        ("DELETE", OBJECTS + "/{id}"),
        ("GET", OBJECTS + "/{id}/childDevices"),
        ("POST", OBJECTS + "/{id}/childAssets"),
        ("GET", OBJECTS + "/{id}/childDevices/{childId}"),
        ("DELETE", OBJECTS + "/{id}/childDevices/{childId}"),
        ("GET", OBJECTS + "/{id}/user"),
        ("GET", "/identity/externalIds/c8y_Serial/{externalId}"),
        ("DELETE", "/identity/externalIds/c8y_Serial/{externalId}"),
        ("GET", "/identity/globalIds/{id}/externalIds"),
        ("POST", "/identity/globalIds/{id}/externalIds"),
        ("GET", "/measurement/measurements/{measurementId}"),
        ("DELETE", "/measurement/measurements/{measurementId}"),
        ("GET", "/measurement/measurements?source={id}"),
        ("GET", "/measurement/measurements/series?source={id}&dateFrom=2026-01-01&dateTo=2026-02-01"),
        ("GET", "/event/events/{eventId}"),
        ("PUT", "/event/events/{eventId}"),
        ("GET", "/event/events?source={id}"),
        ("DELETE", "/event/events?source={id}"),
        ("GET", "/alarm/alarms/{alarmId}"),
        ("PUT", "/alarm/alarms/{alarmId}"),
        ("GET", "/alarm/alarms?source={id}"),
        ("GET", "/alarm/alarms/count?source={id}"),
        ("PUT", "/alarm/alarms?source={id}"),
        ("GET", "/devicecontrol/operations/{operationId}"),
        ("PUT", "/devicecontrol/operations/{operationId}"),
        ("GET", "/devicecontrol/operations?deviceId={id}"),
        ("GET", "/devicecontrol/operations?agentId={id}"),
        ("GET", "/inventory/managedObjects?childDeviceId={id}"),
        ("GET", "/tenant/options"),
        ("GET", "/devicecontrol/newDeviceRequests"),
    ],
)
def test_what_is_somebody_elses_is_denied(walked: World, method: str, path: str) -> None:
    named = re.sub(r"{(\w+)}", lambda m: walked.names[m[1]], path)
    where, _, query = named.partition("?")
    asked = dict(part.split("=") for part in query.split("&")) if query else {}
    body = {"type": "x", "externalId": "x", "status": "CLEARED", "name": "x"} if method in ("PUT", "POST") else None
    reply = walked.as_device(method, where, body, **asked)
    assert (reply.status, reply.error) == (403, "security/Forbidden")


def test_what_is_nobodys_is_not_found(world: World) -> None:
    assert world.as_device("GET", f"{OBJECTS}/123456789012345").status == 404
    assert world.as_device("GET", "/identity/externalIds/c8y_Serial/none").status == 404


def test_a_device_does_everything_with_its_own(world: World) -> None:
    one = f"{OBJECTS}/{world.number}"
    assert world.as_device("PUT", one, {"name": "renamed"}).body["name"] == "renamed"
    assert world.as_device("GET", one).body["owner"] == "device_d1"
    child = world.made(f"{one}/childDevices", {"name": "below", "c8y_IsDevice": {}})
    world.as_device("POST", f"/identity/globalIds/{child}/externalIds", {"type": "c8y_Serial", "externalId": "s1"})
    assert world.as_device("GET", "/identity/externalIds/c8y_Serial/s1").status == 200
    data = {**OWN, "source": {"id": child}}
    measurement = world.made("/measurement/measurements", {**data, "x": {"t": {"value": 1}}})
    event, alarm = world.made("/event/events", data), world.made("/alarm/alarms", {**data, "severity": "MAJOR"})
    operation = world.made("/devicecontrol/operations", {"deviceId": child, "c8y_Restart": {}})
    for path, name in (
        (f"/measurement/measurements/{measurement}", "id"),
        (f"/event/events/{event}", "id"),
        (f"/alarm/alarms/{alarm}", "id"),
        (f"/devicecontrol/operations/{operation}", "id"),
    ):
        assert world.as_device("GET", path).body[name] == path.rpartition("/")[2]
    done = world.as_device("PUT", f"/devicecontrol/operations/{operation}", {"status": "SUCCESSFUL"})
    assert done.body["status"] == "SUCCESSFUL"
    assert world.as_device("PUT", f"/alarm/alarms/{alarm}", {"status": "CLEARED"}).status == 200
    assert world.as_device("DELETE", one).status == 204


def test_lists_have_its_own_alone(world: World) -> None:
    child = world.made(f"{OBJECTS}/{world.number}/childDevices", {"name": "below"})
    data = {**OWN, "source": {"id": child}}
    measurement = world.made("/measurement/measurements", {**data, "x": {"t": {"value": 1}}})
    event, alarm = world.made("/event/events", data), world.made("/alarm/alarms", {**data, "severity": "MAJOR"})
    operation = world.made("/devicecontrol/operations", {"deviceId": child, "c8y_Restart": {}})
    for path, name, wanted in (
        (OBJECTS, "managedObjects", [world.number, child]),
        ("/measurement/measurements", "measurements", [measurement]),
        ("/event/events", "events", [event]),
        ("/alarm/alarms", "alarms", [alarm]),
        ("/devicecontrol/operations", "operations", [operation]),
    ):
        body = world.as_device("GET", path, withTotalElements="true").body
        assert [one["id"] for one in body[name]] == wanted, path
        assert body["statistics"]["totalElements"] == len(wanted)
    assert world.as_device("GET", f"{OBJECTS}/count").raw == b"2"
    assert world.as_device("GET", "/alarm/alarms/count").raw == b"1"


@pytest.mark.parametrize(
    "query",
    [
        {"type": "pump"},
        {"fragmentType": "c8y_IsDevice"},
        {"owner": "homeport"},
        {"text": SECRET},
        {"query": f"$filter=(name eq '{SECRET}')"},
        {"query": "has(told) or type eq 'pump'"},
        {"q": "$filter=(name eq '*') $orderby=name desc"},
        {"onlyRoots": "true"},
        {"withParents": "true"},
    ],
    ids=str,
)
def test_no_filter_finds_what_is_somebody_elses(world: World, query: dict[str, str]) -> None:
    found = {one["id"] for one in world.as_device("GET", OBJECTS, **query, pageSize=100).body["managedObjects"]}
    assert found <= {world.number}


def test_ids_and_external_ids_of_somebody_else_are_left_out(world: World) -> None:
    asked = f"{world.number},{world.names['id']}"
    found = world.as_device("GET", OBJECTS, ids=asked).body["managedObjects"]
    assert [one["id"] for one in found] == [world.number]
    sought = {"externalIds": [{"type": "c8y_Serial", "externalId": SECRET}]}
    assert world.as_device("POST", "/identity/search", sought).body["externalIds"] == []


def test_filters_hold_for_a_device_as_for_anybody(world: World) -> None:
    child = world.made(f"{OBJECTS}/{world.number}/childDevices", {"name": "below", "type": "probe"})
    for query, wanted in (
        ({"type": "probe"}, [child]),
        ({"owner": "device_d1"}, [world.number, child]),
        ({"query": "$filter=(name eq 'b*')"}, [child]),
        ({"query": "$orderby=name desc"}, [world.number, child]),
        ({"onlyRoots": "true"}, [world.number]),
        ({"fragmentType": "c8y_IsDevice"}, [world.number]),
    ):
        found = world.as_device("GET", OBJECTS, **query).body["managedObjects"]
        assert [one["id"] for one in found] == wanted, query


def test_nobody_takes_an_object_by_making_it_a_child(world: World) -> None:
    for kind in ("childDevices", "childAssets", "childAdditions"):
        path = f"{OBJECTS}/{world.number}/{kind}"
        for body in (
            {"managedObject": {"id": world.names["id"]}},
            {"references": [{"managedObject": {"id": world.names["id"]}}]},
        ):
            assert world.as_device("POST", path, body).status == 403
    assert world.as_device("GET", f"{OBJECTS}/{world.names['id']}").status == 403


def test_what_somebody_puts_below_it_is_within_its_reach(world: World) -> None:
    path = f"{OBJECTS}/{world.number}/childAssets"
    world.client.made(path, {"managedObject": {"id": world.names["id"]}})
    assert world.as_device("GET", f"{OBJECTS}/{world.names['childId']}").status == 200
    assert world.client.call("DELETE", f"{path}/{world.names['id']}").status == 204
    assert world.as_device("GET", f"{OBJECTS}/{world.names['childId']}").status == 403


def test_what_is_above_it_is_not_shown(world: World) -> None:
    group = world.client.made(OBJECTS, {"name": SECRET, "c8y_IsDeviceGroup": {}})["id"]
    world.client.made(f"{OBJECTS}/{group}/childAssets", {"managedObject": {"id": world.number}})
    shown = world.as_device("GET", f"{OBJECTS}/{world.number}", withParents="true", withGroups="true")
    assert shown.body["assetParents"]["references"] == []
    assert SECRET not in shown.raw.decode()


def test_two_devices_do_not_see_each_other(world: World) -> None:
    other = registered(world.client, "d2")
    found = world.client.call("GET", f"{OBJECTS}/{world.number}", auth=other)
    assert found.status == 403
    assert world.client.call("GET", OBJECTS, auth=other).body["managedObjects"] == []


def test_the_same_device_in_another_tenant_is_another_one(world: World) -> None:
    other = Client(world.client.ports, "other")
    world.client.ports.clock.advance(seconds=3_600)
    auth = registered(other, "d1")
    assert auth[0] != world.auth[0]
    assert other.call("GET", f"{OBJECTS}/{world.number}", auth=auth).status == 404
    crossed = (auth[0], world.auth[1])
    assert other.call("GET", OBJECTS, auth=crossed).status == 401


def test_who_a_device_is(world: World) -> None:
    shown = world.as_device("GET", "/user/currentUser").body
    assert (shown["userName"], [role["name"] for role in shown["effectiveRoles"]]) == ("device_d1", ["ROLE_DEVICE"])
    assert world.as_device("GET", "/tenant/currentTenant").body["name"] == world.client.tenant.id


def test_a_disabled_device_is_out_within_a_minute(world: World) -> None:
    path = f"{OBJECTS}/{world.number}/user"
    assert world.client.get(path).body["enabled"] is True
    assert world.as_device("PUT", path, {"enabled": True}).status == 403
    shown = world.client.call("PUT", path, {"userName": "device_d1", "enabled": False})
    assert (shown.body["userName"], shown.body["enabled"]) == ("device_d1", False)
    world.client.ports.clock.advance(seconds=61)
    assert world.as_device("GET", OBJECTS).status == 401
    world.client.call("PUT", path, {"enabled": True})
    assert world.as_device("GET", OBJECTS).status == 200


@pytest.mark.parametrize("body", [{}, {"enabled": "no"}, {"enabled": True, "userName": "device_d2"}])
def test_nothing_else_is_said_of_a_devices_user(world: World, body: dict[str, Any]) -> None:
    assert world.client.call("PUT", f"{OBJECTS}/{world.number}/user", body).status == 422


def test_an_object_of_a_person_has_no_devices_user(world: World) -> None:
    assert world.client.get(f"{OBJECTS}/{world.names['id']}/user").status == 404


@pytest.mark.parametrize("along", [True, False])
def test_a_deleted_device_keeps_its_user_unless_it_goes_along(world: World, *, along: bool) -> None:
    said = "true" if along else "false"
    assert world.client.call("DELETE", f"{OBJECTS}/{world.number}", withDeviceUser=said).status == 204
    world.client.ports.clock.advance(seconds=61)
    assert world.as_device("GET", OBJECTS).status == (401 if along else 200)


def test_a_device_asks_so_often_and_no_more(world: World) -> None:
    client = world.client
    client.ports.clock.advance(ms=5_000 - client.ports.clock.now() % 5_000)
    statuses = [client.call("GET", OBJECTS, auth=world.auth).status for _ in range(51)]
    assert statuses == [200] * 50 + [429]
