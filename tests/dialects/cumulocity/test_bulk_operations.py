"""Bulk operations, and the dynamic groups that they go to (reference, "Bulk operations")."""

from typing import Any

import pytest

from chalicelib.fleet.access.roles import Role
from chalicelib.triggers import deadlines
from tests.dialects.cumulocity.client import Client
from tests.dialects.cumulocity.furnished import OBJECTS

pytestmark = pytest.mark.row("G4")
PATH, OPERATIONS = "/devicecontrol/bulkoperations", "/devicecontrol/operations"
NOW, LATER = "2020-01-01T00:00:00Z", "2099-01-01T00:00:00Z"
RESTART = {"description": "Restart", "c8y_Restart": {}}
AGENT: dict[str, Any] = {"c8y_IsDevice": {}, "com_cumulocity_model_Agent": {}}


@pytest.fixture
def client() -> Client:
    return Client()


def grouped(client: Client, count: int, name: str = "g") -> tuple[str, list[str]]:
    """A group, and devices in it."""
    group = client.made(OBJECTS, {"name": name, "type": "c8y_DeviceGroup", "c8y_IsDeviceGroup": {}})["id"]
    devices = []
    for n in range(count):
        devices.append(client.made(OBJECTS, {"name": f"{name}{n}", "type": name, **AGENT})["id"])
        client.made(f"{OBJECTS}/{group}/childAssets", {"managedObject": {"id": devices[-1]}})
    return group, devices


def made(client: Client, **said: Any) -> Any:
    body = {"startDate": NOW, "creationRamp": 0.1, "operationPrototype": RESTART, **said}
    return client.made(PATH, body)


def swept(client: Client, minutes: int = 1) -> None:
    for _ in range(minutes):
        client.ports.clock.advance(seconds=60)
        deadlines.sweep(client.ports)


def of(client: Client, bulk: str) -> list[Any]:
    return list(client.get(OPERATIONS, bulkOperationId=bulk, pageSize=2_000).body["operations"])


def shown(client: Client, bulk: str) -> tuple[str, str]:
    found = client.get(f"{PATH}/{bulk}").body
    return found["status"], found["generalStatus"]


def put(client: Client, operations: list[Any], status: str) -> None:
    for one in operations:
        assert client.call("PUT", f"{OPERATIONS}/{one['id']}", {"status": status}).status == 200


def test_each_device_of_the_group_gets_one(client: Client) -> None:
    group, devices = grouped(client, 4)
    bulk = made(client, groupId=group)
    swept(client)
    operations = of(client, bulk["id"])
    assert sorted(one["deviceId"] for one in operations) == sorted(devices)
    assert {one["bulkOperationId"] for one in operations} == {bulk["id"]}
    assert (operations[0]["c8y_Restart"], operations[0]["description"]) == ({}, "Restart")
    assert shown(client, bulk["id"]) == ("IN_PROGRESS", "EXECUTING")
    put(client, operations[:1], "EXECUTING")
    progress = client.get(f"{PATH}/{bulk['id']}").body["progress"]
    assert progress == {"pending": 3, "executing": 1, "successful": 0, "failed": 0, "all": 4}
    put(client, operations, "SUCCESSFUL")
    assert shown(client, bulk["id"]) == ("COMPLETED", "SUCCESSFUL")
    swept(client, 3)
    assert len(of(client, bulk["id"])) == 4


def test_they_come_one_after_the_other(client: Client) -> None:
    group, _ = grouped(client, 6)
    bulk = made(client, groupId=group, creationRamp=30, startDate="2099-01-01T00:00:00Z")
    assert shown(client, bulk["id"]) == ("ACTIVE", "SCHEDULED")
    swept(client)
    assert of(client, bulk["id"]) == []
    client.call("PUT", f"{PATH}/{bulk['id']}", {"startDate": NOW, "creationRamp": 3_600})
    swept(client)
    assert len(of(client, bulk["id"])) == 6, "its moments are long over"
    slow = made(client, groupId=group, creationRamp=120, startDate=_now(client))
    assert len(of(client, slow["id"])) == 1
    swept(client)
    assert len(of(client, slow["id"])) == 1
    swept(client)
    assert len(of(client, slow["id"])) == 2
    swept(client, 10)
    assert len(of(client, slow["id"])) == 6


def _now(client: Client) -> str:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(client.ports.clock.now() / 1_000, UTC).isoformat()


def test_devices_of_groups_within_are_meant_and_nothing_else(client: Client) -> None:
    group, devices = grouped(client, 1)
    below, others = grouped(client, 2, "h")
    client.made(f"{OBJECTS}/{group}/childAssets", {"managedObject": {"id": below}})
    building = client.made(OBJECTS, {"name": "building"})["id"]
    client.made(f"{OBJECTS}/{group}/childAssets", {"managedObject": {"id": building}})
    bulk = made(client, groupId=group)
    swept(client)
    assert sorted(one["deviceId"] for one in of(client, bulk["id"])) == sorted([*devices, *others])


def test_those_that_failed_are_tried_again(client: Client) -> None:
    group, _ = grouped(client, 3)
    bulk = made(client, groupId=group)
    swept(client)
    first, *others = of(client, bulk["id"])
    put(client, [first], "FAILED")
    assert shown(client, bulk["id"]) == ("IN_PROGRESS", "EXECUTING_WITH_ERRORS")
    put(client, others, "SUCCESSFUL")
    assert shown(client, bulk["id"]) == ("COMPLETED", "FAILED")
    body = {"failedParentId": bulk["id"], "startDate": NOW, "creationRamp": 1}
    again = client.made(PATH, body)
    swept(client)
    assert again["operationPrototype"] == RESTART
    assert [one["deviceId"] for one in of(client, again["id"])] == [first["deviceId"]]


def test_one_that_is_called_off_withdraws_what_was_not_begun(client: Client) -> None:
    group, _ = grouped(client, 4)
    bulk = made(client, groupId=group, creationRamp=60, startDate=_now(client))
    swept(client, 2)
    begun, waiting, *_ = of(client, bulk["id"])
    put(client, [begun], "EXECUTING")
    assert client.call("DELETE", f"{PATH}/{bulk['id']}").status == 204
    swept(client, 10)
    operations = {one["id"]: one for one in of(client, bulk["id"])}
    assert operations[begun["id"]]["status"] == "EXECUTING"
    assert operations[waiting["id"]]["status"] == "FAILED"
    assert operations[waiting["id"]]["failureReason"] == "Operation cancelled by user."
    assert len(operations) <= 3
    assert shown(client, bulk["id"]) == ("DELETED", "CANCELED")
    assert client.call("DELETE", f"{PATH}/{bulk['id']}").status == 204


def test_what_has_begun_stays_as_it_is(client: Client) -> None:
    group, _ = grouped(client, 1)
    bulk = made(client, groupId=group)
    assert client.call("PUT", f"{PATH}/{bulk['id']}", {"creationRamp": 5}).status == 422
    waits = made(client, groupId=group, startDate=LATER)
    changed = {"creationRamp": 5, "operationPrototype": {"c8y_Command": {"text": "ls"}}}
    reply = client.call("PUT", f"{PATH}/{waits['id']}", changed)
    assert (reply.status, reply.body["creationRamp"], reply.body["operationPrototype"]) == (
        200,
        5,
        changed["operationPrototype"],
    )


def test_an_operation_that_cannot_be_made_has_failed(client: Client) -> None:
    group, devices = grouped(client, 2)
    for _ in range(100):
        client.made(OPERATIONS, {"deviceId": devices[0], "c8y_Restart": {}})
    bulk = made(client, groupId=group)
    swept(client)
    assert [one["deviceId"] for one in of(client, bulk["id"])] == [devices[1]]
    assert client.get(f"{PATH}/{bulk['id']}").body["progress"]["failed"] == 1


def test_an_empty_group_is_done_at_once(client: Client) -> None:
    group, _ = grouped(client, 0)
    assert shown(client, made(client, groupId=group)["id"]) == ("COMPLETED", "SUCCESSFUL")


def test_whoever_dies_in_between_gives_nobody_two(client: Client) -> None:
    group, devices = grouped(client, 3)
    kept, deaths = client.ports.records, iter([1, 0, 1, 1, 0, 1, 0, 0, 1])
    store = kept.replace

    def mortal(old: Any, new: Any) -> bool:
        if new.kind.startswith("cumulocity.bulk") and next(deaths, 0):
            raise RuntimeError("the function has died")
        return store(old, new)

    bulk = made(client, groupId=group, startDate=_now(client), creationRamp=30)
    kept.replace = mortal  # type: ignore[method-assign]
    for _ in range(20):
        client.ports.clock.advance(seconds=60)
        try:
            deadlines.sweep(client.ports)
        except ExceptionGroup:
            continue
    assert sorted(one["deviceId"] for one in of(client, bulk["id"])) == sorted(devices)


def test_they_are_listed_and_not_for_everybody(client: Client) -> None:
    group, _ = grouped(client, 1)
    every = [made(client, groupId=group, startDate=LATER)["id"] for _ in range(7)]
    page = client.get(PATH, pageSize=5, withTotalPages="true").body
    assert [one["id"] for one in page["bulkOperations"]] == every[:5]
    assert page["statistics"]["totalPages"] == 2
    assert [one["id"] for one in client.get(PATH, pageSize=5, currentPage=2).body["bulkOperations"]] == every[5:]
    other = Client(client.ports, "other")
    assert other.get(PATH).body["bulkOperations"] == []
    assert other.get(f"{PATH}/{every[0]}").status == 404
    reader = client.credentials_with(Role.CAMPAIGN_R)
    assert client.call("GET", PATH, auth=reader).status == 200
    assert client.call("DELETE", f"{PATH}/{every[0]}", auth=reader).status == 403
    assert client.call("GET", PATH, auth=client.credentials_with(Role.DEVICE_R)).status == 403
    missing = client.get(f"{PATH}/1237").message
    assert missing == (
        "Finding bulk operation from database failed : Cannot find document with ID "
        "ID [type=com_cumulocity_model_idtype_GId, value=1237]!"
    )


@pytest.mark.parametrize(
    "said",
    [
        {"groupId": None},
        {"groupId": "1"},
        {"groupId": "x"},
        {"failedParentId": "1", "groupId": None},
        {"failedParentId": "1"},
        {"creationRamp": 0},
        {"creationRamp": "fast"},
        {"creationRamp": None},
        {"creationRamp": True},
        {"startDate": "soon"},
        {"startDate": None},
        {"operationPrototype": None},
        {"operationPrototype": {}},
        {"operationPrototype": []},
        {"operationPrototype": "c8y_Restart"},
    ],
)
def test_what_makes_no_sense_is_told(client: Client, said: dict[str, Any]) -> None:
    group, _ = grouped(client, 0)
    body = {"groupId": group, "startDate": NOW, "creationRamp": 1, "operationPrototype": RESTART, **said}
    assert client.call("POST", PATH, body).status == 422


def dynamic(client: Client, query: Any) -> str:
    said = {"name": "dynamic", "type": "c8y_DynamicGroup", "c8y_DynamicGroup": {}, "c8y_DeviceQueryString": query}
    return str(client.made(OBJECTS, said)["id"])


def test_a_dynamic_group_has_whatever_its_query_finds_at_the_moment(client: Client) -> None:
    _, devices = grouped(client, 3)
    group = dynamic(client, "$filter=(type eq 'g')")
    found = client.get(OBJECTS, query=f"$filter=(bygroupid({group}))", pageSize=100).body["managedObjects"]
    assert sorted(one["id"] for one in found) == sorted(devices)
    more = client.made(OBJECTS, {"name": "x", "type": "g", **AGENT})["id"]
    bulk = made(client, groupId=group)
    swept(client)
    assert sorted(one["deviceId"] for one in of(client, bulk["id"])) == sorted([*devices, more])


def test_dynamic_groups_that_ask_for_each_other_come_to_an_end(client: Client) -> None:
    _, devices = grouped(client, 2)
    inner = dynamic(client, "type eq 'g'")
    outer = dynamic(client, f"bygroupid({inner})")
    found = client.get(OBJECTS, query=f"bygroupid({outer})", pageSize=100).body["managedObjects"]
    assert sorted(one["id"] for one in found) == sorted(devices)
    client.call("PUT", f"{OBJECTS}/{inner}", {"c8y_DeviceQueryString": f"bygroupid({outer})"})
    assert client.get(OBJECTS, query=f"bygroupid({outer})").body["managedObjects"] == []


@pytest.mark.parametrize("query", [5, None, {"a": 1}])
def test_what_is_no_query_makes_no_dynamic_group(client: Client, query: Any) -> None:
    group = dynamic(client, query)
    assert client.get(OBJECTS, query=f"bygroupid({group})").body["managedObjects"] == []


def test_a_query_that_cannot_be_read_is_told_so(client: Client) -> None:
    group = dynamic(client, "type eq 'g'")
    later = made(client, groupId=group, startDate="2099-01-01T00:00:00Z")
    client.call("PUT", f"{OBJECTS}/{group}", {"c8y_DeviceQueryString": "nonsense(("})
    client.ports.clock.advance(seconds=3_000_000_000)
    swept(client, 2)
    assert shown(client, later["id"]) == ("COMPLETED", "FAILED")
    assert client.get(OBJECTS, query=f"bygroupid({group})").status == 422
    assert (
        client.call(
            "POST",
            PATH,
            {
                "groupId": group,
                "startDate": NOW,
                "creationRamp": 1,
                "operationPrototype": RESTART,
            },
        ).status
        == 422
    )
