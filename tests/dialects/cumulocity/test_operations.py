"""Operations (reference, "Operations")."""

from typing import Any

import pytest

from chalicelib.fleet import ids
from chalicelib.fleet.access.roles import Role
from chalicelib.fleet.commands import creating
from chalicelib.fleet.commands.records import Status
from chalicelib.fleet.ids import of_number
from chalicelib.fleet.tenancy import settings
from chalicelib.fleet.tenancy.records import Stored
from tests.dialects.cumulocity.client import Client
from tests.fakes.commands import MemoryCommands

pytestmark = pytest.mark.row("G4")
OBJECTS, PATH = "/inventory/managedObjects", "/devicecontrol/operations"
AGENT: dict[str, Any] = {"c8y_IsDevice": {}, "com_cumulocity_model_Agent": {}}


@pytest.fixture
def client() -> Client:
    return Client()


@pytest.fixture
def device(client: Client) -> str:
    return str(client.made(OBJECTS, {"name": "Pi", **AGENT})["id"])


def restart(client: Client, device: str, **more: Any) -> str:
    return str(client.made(PATH, {"deviceId": device, "c8y_Restart": {}, **more})["id"])


def put(client: Client, number: str, **body: Any) -> int:
    return client.call("PUT", f"{PATH}/{number}", body).status


def listed(client: Client, **query: Any) -> list[str]:
    reply = client.get(PATH, **{"pageSize": 100, **query})
    assert reply.status == 200, reply.raw
    return [one["id"] for one in reply.body["operations"]]


def test_what_is_made_is_there_as_it_was_said(client: Client, device: str) -> None:
    reply = client.call("POST", PATH, {"deviceId": device, "description": "again", "c8y_Restart": {"at": "once"}})
    assert reply.status == 201
    found = client.get(f"{PATH}/{reply.body['id']}").body
    assert found == reply.body
    assert (found["status"], found["c8y_Restart"], found["description"]) == ("PENDING", {"at": "once"}, "again")
    assert (found["deviceId"], found["agentId"], found["deviceName"]) == (device, device, "Pi")
    assert (found["delivery"]["status"], found["delivery"]["log"]) == ("PENDING", [])
    assert reply.headers["Location"] == found["self"]


def test_other_dialects_read_what_is_to_be_done(client: Client, device: str) -> None:
    number = restart(client, device, description="x")
    command = creating.get(client.ports, client.tenant.id, of_number(number))
    assert (command.request["req"], command.request["arg"], command.expires) == ("c8y_Restart", {}, None)


def test_an_agent_does_it_step_by_step(client: Client, device: str) -> None:
    number = restart(client, device, c8y_Command={"text": "ls"})
    reply = client.call("PUT", f"{PATH}/{number}", {"status": "EXECUTING"})
    assert (reply.status, reply.body["status"], reply.body["delivery"]["status"]) == (200, "EXECUTING", "DELIVERED")
    done = {"status": "SUCCESSFUL", "c8y_Command": {"text": "ls", "result": "a b"}}
    assert client.call("PUT", f"{PATH}/{number}", done, accept=None).raw == b""
    found = client.get(f"{PATH}/{number}").body
    assert (found["status"], found["c8y_Command"]["result"]) == ("SUCCESSFUL", "a b")
    command = creating.get(client.ports, client.tenant.id, of_number(number))
    assert command.status is Status.PROCESSED


def test_one_that_fails_says_why(client: Client, device: str) -> None:
    number = restart(client, device)
    failed = client.call("PUT", f"{PATH}/{number}", {"status": "FAILED", "failureReason": "no power"}).body
    assert (failed["status"], failed["failureReason"]) == ("FAILED", "no power")
    canceled = restart(client, device)
    creating.cancel(client.ports, client.tenant.id, of_number(canceled))
    found = client.get(f"{PATH}/{canceled}").body
    assert (found["status"], found["failureReason"]) == ("FAILED", "Operation cancelled by user.")
    assert put(client, canceled, status="FAILED", failureReason="too late") == 200


STEPS = {
    "PENDING": {"PENDING", "EXECUTING", "SUCCESSFUL", "FAILED"},
    "EXECUTING": {"EXECUTING", "SUCCESSFUL", "FAILED"},
    "SUCCESSFUL": {"SUCCESSFUL"},
    "FAILED": {"FAILED"},
}


@pytest.mark.parametrize("before", STEPS)
@pytest.mark.parametrize("after", STEPS)
def test_an_operation_goes_its_way_and_not_back(client: Client, device: str, before: str, after: str) -> None:
    number = restart(client, device)
    assert put(client, number, status=before) == 200
    expected = 200 if after in STEPS[before] else 422
    assert put(client, number, status=after) == expected
    assert client.get(f"{PATH}/{number}").body["status"] == (after if expected == 200 else before)


@pytest.mark.parametrize("status", STEPS)
def test_what_is_said_beside_is_merged_until_it_is_over(client: Client, device: str, status: str) -> None:
    number = restart(client, device, old=1)
    assert put(client, number, status=status, seen={"n": 1}) == 200
    open_ = status in ("PENDING", "EXECUTING")
    assert put(client, number, status=status, more=2, old=None) == (200 if open_ else 422)
    assert put(client, number, status=status, seen={"n": 1}) == 200
    found = client.get(f"{PATH}/{number}").body
    assert found["seen"] == {"n": 1}
    assert (found.get("more"), found.get("old")) == ((2, None) if open_ else (None, 1))


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "Following mandatory fields should be included: deviceId"),
        ({"deviceId": "12", "x": {}}, "Finding device data from database failed : No managedObject for id '12'!"),
        ({"a.b": {}}, "the name of a property has no dot and does not begin with $: a.b"),
        ({"status": "PENDING"}, "an operation has a property beside deviceId, which says what is to be done"),
    ],
)
def test_what_is_no_operation_is_refused(client: Client, device: str, body: dict[str, Any], message: str) -> None:
    reply = client.call("POST", PATH, {"deviceId": device, **body} if body else {})
    assert (reply.status, reply.message) == (422, message)


def test_a_change_says_a_status(client: Client, device: str) -> None:
    number = restart(client, device)
    reply = client.call("PUT", f"{PATH}/{number}", {"x": 1})
    assert (reply.status, reply.error) == (422, "undefined/validationError")
    assert reply.message == "Following mandatory fields should be included: status"
    assert put(client, number, status="DONE") == put(client, number, status="FAILED", failureReason=1) == 422


def test_an_object_becomes_a_device_by_an_operation(client: Client) -> None:
    number = client.made(OBJECTS, {"name": "thing"})["id"]
    restart(client, number)
    assert client.ports.devices.get(client.tenant.id, f"urn:lo:nsid:c8y:{number}") is not None


def test_an_object_whose_device_could_not_be_registered_becomes_one_later(client: Client) -> None:
    asked, told = (client.made(OBJECTS, {"name": "thing"})["id"] for _ in range(2))
    settings.set_quotas(client.ports, client.tenant.id, {Stored.DEVICES: 0})
    assert client.call("POST", PATH, {"deviceId": asked, "c8y_Restart": {}}).status == 422
    assert client.call("PUT", f"{OBJECTS}/{told}", {"c8y_IsDevice": {}}).status == 422
    settings.set_quotas(client.ports, client.tenant.id, {Stored.DEVICES: None})
    assert client.call("PUT", f"{OBJECTS}/{asked}", {"name": "renamed"}).status == 200
    restart(client, asked)
    assert client.call("PUT", f"{OBJECTS}/{told}", {"name": "device", "c8y_IsDevice": {}}).status == 200
    found = [client.ports.devices.get(client.tenant.id, f"urn:lo:nsid:c8y:{number}") for number in (asked, told)]
    assert [device.name for device in found if device] == ["renamed", "device"]


def test_many_are_deleted_though_somebody_deletes_them_too(client: Client, device: str) -> None:
    _, second, _ = (restart(client, device) for _ in range(3))

    class Meanwhile(MemoryCommands):
        def delete(self, tenant: str, command: str) -> None:
            super().delete(tenant, command)
            super().delete(tenant, ids.of_number(second))

    client.ports.commands = Meanwhile(**vars(client.ports.commands))
    assert client.call("DELETE", PATH, deviceId=device).status == 204
    assert listed(client) == []


def test_an_agent_finds_its_own_and_its_childrens(client: Client, device: str) -> None:
    child, grandchild = (client.made(OBJECTS, {"c8y_IsDevice": {}})["id"] for _ in range(2))
    other = client.made(OBJECTS, AGENT)["id"]
    for parent, below in ((device, child), (child, grandchild), (device, other)):
        client.made(f"{OBJECTS}/{parent}/childDevices", {"managedObject": {"id": below}})
    client.made(f"/identity/globalIds/{child}/externalIds", {"type": "c8y_Serial", "externalId": "C1"})
    mine, of_child, of_grandchild, of_other = (restart(client, n) for n in (device, child, grandchild, other))
    assert listed(client, agentId=device, status="PENDING") == [mine, of_child, of_grandchild]
    assert listed(client, agentId=device) == [mine, of_child, of_grandchild]
    assert listed(client, agentId=other) == [of_other]
    assert listed(client, agentId=device, deviceId=child) == [of_child]
    assert listed(client, agentId=device, deviceId=other) == listed(client, agentId="9", deviceId=child) == []
    second = client.get(PATH, agentId=device).body["operations"][1]
    assert second["agentId"] == device
    assert second["deviceExternalIDs"] == {"externalIds": [{"type": "c8y_Serial", "externalId": "C1"}]}
    assert "deviceExternalIDs" not in client.get(PATH, deviceId=child).body["operations"][0]


def test_what_is_asked_for_is_listed(client: Client, device: str) -> None:
    numbers = [restart(client, device, **{f"c8y_{n}": {}}) for n in range(6)]
    for number, status in zip(numbers, ("SUCCESSFUL", "FAILED", "EXECUTING", "EXECUTING", "PENDING"), strict=False):
        put(client, number, status=status)
    for query, expected in (
        ({}, "012345"),
        ({"status": "SUCCESSFUL"}, "0"),
        ({"status": "FAILED"}, "1"),
        ({"status": "EXECUTING"}, "23"),
        ({"status": "PENDING"}, "45"),
        ({"fragmentType": "c8y_3"}, "3"),
        ({"fragmentType": "c8y_3", "status": "PENDING"}, ""),
        ({"dateFrom": "2000-01-01"}, "012345"),
        ({"dateFrom": "2000-01-01", "revert": "true"}, "543210"),
        ({"dateFrom": "2000-01-01", "revert": "true", "status": "PENDING"}, "54"),
        ({"revert": "true"}, "012345"),
        ({"dateTo": "2000-01-01"}, ""),
        ({"bulkOperationId": "1"}, ""),
    ):
        for whose in ({}, {"deviceId": device}, {"agentId": device}):
            assert listed(client, **query, **whose) == [numbers[int(n)] for n in expected], (query, whose)
            pages = [listed(client, **query, **whose, pageSize=2, currentPage=n) for n in range(1, 5)]
            assert [one for page in pages for one in page] == [numbers[int(n)] for n in expected]
    assert client.get(PATH, status="DONE").status == 422


def test_many_are_deleted(client: Client, device: str) -> None:
    first, second = restart(client, device), restart(client, device)
    put(client, first, status="SUCCESSFUL")
    assert client.call("DELETE", PATH).status == 422
    assert client.call("DELETE", PATH, status="SUCCESSFUL", deviceId=device).status == 204
    assert listed(client) == [second]
    assert client.call("DELETE", PATH, agentId=device).status == 204
    assert listed(client) == []
    gone = client.get(f"{PATH}/{second}")
    assert (gone.status, gone.error) == (404, "devicecontrol/notFound")
    assert gone.message == f"Finding device data from database failed : No operation for gid '{second}'!"


@pytest.mark.parametrize("name", ["deviceId", "agentId", "status", "dateFrom", "dateTo"])
def test_a_filter_that_is_empty_means_nothing_rather_than_everything(client: Client, device: str, name: str) -> None:
    number = restart(client, device)
    every: list[dict[str, Any]] = [{}, {"status": "PENDING"}]
    for others in every:
        reply = client.call("DELETE", PATH, **{**others, name: ""})
        assert (reply.status, reply.error) == (422, "undefined/validationError")
    assert listed(client) == [number]


def test_an_operation_is_no_larger_than_it_can_be_kept(client: Client, device: str) -> None:
    large = {"deviceId": device, "c8y_Command": {"text": "x" * 130_000}}
    reply = client.call("POST", PATH, large)
    assert (reply.status, reply.error) == (413, "general/payloadTooLarge")
    number = client.made(PATH, {"deviceId": device, "c8y_Command": {"text": "x" * 110_000}})["id"]
    for name in ("result", "failureReason"):
        assert client.call("PUT", f"{PATH}/{number}", {"status": "FAILED", name: "y" * 200_000}).status == 413
    assert client.get(f"{PATH}/{number}").body["status"] == "PENDING"
    put(client, number, status="EXECUTING", result="y" * 50_000)
    assert client.call("PUT", f"{PATH}/{number}", {"status": "SUCCESSFUL", "more": "y" * 200_000}).status == 413
    put(client, number, status="SUCCESSFUL", result="z" * 60_000)


def test_a_hundred_wait_for_a_device(client: Client, device: str) -> None:
    statuses = [client.call("POST", PATH, {"deviceId": device, "x": {}}, accept=None).status for _ in range(101)]
    assert statuses == [201] * 100 + [422]
    assert len(listed(client, deviceId=device, status="PENDING", pageSize=2_000)) == 100


def test_a_reader_changes_nothing(client: Client, device: str) -> None:
    number = restart(client, device)
    reader = client.credentials_with(Role.DEVICE_R)
    assert client.call("GET", f"{PATH}/{number}", auth=reader).status == 200
    for method, path in (("POST", PATH), ("PUT", f"{PATH}/{number}"), ("DELETE", PATH)):
        assert client.call(method, path, {"deviceId": device, "x": 1}, auth=reader).status == 403


def test_another_tenants_operation_is_not_there(client: Client, device: str) -> None:
    number = restart(client, device)
    other = Client(client.ports, "other")
    assert other.get(f"{PATH}/{number}").status == put(other, number, status="FAILED") == 404
    assert other.call("POST", PATH, {"deviceId": device, "x": {}}).status == 422
    assert listed(other) == listed(other, deviceId=device) == listed(other, agentId=device) == []
    assert other.call("DELETE", PATH, deviceId=device).status == 204
    assert listed(client) == [number]


def test_what_an_agent_says_piece_by_piece_does_not_outgrow_an_operation(client: Client, device: str) -> None:
    number = restart(client, device)
    said = [put(client, number, status="EXECUTING", **{f"c8y_Piece{n}": "x" * 90_000}) for n in range(4)]
    assert said[:3] == [200, 200, 200]
    assert 400 <= said[3] < 500
    assert put(client, number, status="SUCCESSFUL") == 200


def test_what_a_deleted_device_was_to_do_is_gone_with_it(client: Client, device: str) -> None:
    number = restart(client, device)
    assert client.call("DELETE", f"{OBJECTS}/{device}").status == 204
    gone = client.get(f"{PATH}/{number}")
    assert (gone.status, gone.error) == (404, "devicecontrol/notFound")
    assert put(client, number, status="EXECUTING") == 404
    assert listed(client) == []
