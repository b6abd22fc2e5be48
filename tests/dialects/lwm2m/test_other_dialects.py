"""Devices of LwM2M through the APIs of the other dialects: seen, grouped, and restarted; and by whom not."""

from typing import Any

import pytest

from chalicelib.fleet.twin import operating
from tests.dialects.cumulocity.client import Client as Cumulocity
from tests.dialects.ibm.client import V2
from tests.dialects.ibm.client import Client as Ibm
from tests.dialects.live_objects.client import Client
from tests.dialects.lwm2m.rig import URN, Endpoint, provision

pytestmark = pytest.mark.row("F5", "J2")
OBJECTS, OPERATIONS = "/inventory/managedObjects", "/devicecontrol/operations"


@pytest.fixture
def cumulocity() -> Cumulocity:
    return Cumulocity()


@pytest.fixture
def client(cumulocity: Cumulocity) -> Client:
    """The same tenant by the API of Live Objects."""
    client = Client()
    client.ports, client.tenant, client.secret = cumulocity.ports, cumulocity.tenant, cumulocity.secret
    return client


@pytest.fixture
def device(client: Client) -> str:
    return provision(client)


@pytest.fixture
def endpoint(client: Client, device: str) -> Endpoint:
    endpoint = Endpoint(client)
    assert endpoint.connect()
    return endpoint


@pytest.fixture
def number(cumulocity: Cumulocity, device: str) -> str:
    """Of its managed object."""
    (found,) = cumulocity.get(OBJECTS, type="homeport_LwM2M").body["managedObjects"]
    return str(found["id"])


def ordered(cumulocity: Cumulocity, number: str, **fragments: Any) -> str:
    return str(cumulocity.made(OPERATIONS, {"deviceId": number, **fragments})["id"])


def standing(cumulocity: Cumulocity, operation: str) -> tuple[str, str | None]:
    found = cumulocity.get(f"{OPERATIONS}/{operation}").body
    return found["status"], found.get("failureReason")


def test_it_is_an_object_that_is_there_while_it_is_registered(
    cumulocity: Cumulocity, endpoint: Endpoint, number: str
) -> None:
    endpoint.register()
    shown = cumulocity.get(f"{OBJECTS}/{number}").body
    assert (shown["name"], shown["c8y_Connection"]) == (URN, {"status": "CONNECTED"})
    assert shown["c8y_SupportedOperations"] == ["c8y_Restart", "c8y_Firmware"]
    endpoint.deregister()
    assert cumulocity.get(f"{OBJECTS}/{number}").body["c8y_Connection"] == {"status": "DISCONNECTED"}


def test_a_restart_is_an_execution_and_ends_with_it(
    cumulocity: Cumulocity, client: Client, endpoint: Endpoint, device: str, number: str
) -> None:
    endpoint.register()
    operation = ordered(cumulocity, number, c8y_Restart={}, description="Restart it")
    assert client.ports.coaps.woken == [endpoint.principal]
    assert standing(cumulocity, operation) == ("PENDING", None)
    endpoint.answers["POST /3/0/4"] = {"code": "2.04"}
    endpoint.work()
    assert [(each["method"], each["path"]) for each in endpoint.asked] == [("POST", ["3", "0", "4"])]
    assert standing(cumulocity, operation) == ("SUCCESSFUL", None)
    (seen,) = client.call("GET", f"{device}/twin/operations").body
    assert (seen["type"], seen["paths"], seen["status"]) == ("EXECUTE", ["/3/0/4"], "OK")
    assert "command" not in seen


def test_a_restart_waits_for_a_device_that_is_away(cumulocity: Cumulocity, endpoint: Endpoint, number: str) -> None:
    operation = ordered(cumulocity, number, c8y_Restart={})
    endpoint.register()
    endpoint.answers["POST /3/0/4"] = {"code": "4.05"}
    endpoint.work(awaited=True)
    status, reason = standing(cumulocity, operation)
    assert status == "FAILED"
    assert reason is not None
    assert reason.startswith("DEVICE_ERROR")


def test_a_restart_that_was_called_off_is_not_sent(
    cumulocity: Cumulocity, client: Client, endpoint: Endpoint, device: str, number: str
) -> None:
    operation = ordered(cumulocity, number, c8y_Restart={})
    after = cumulocity.call("PUT", f"{OPERATIONS}/{operation}", {"status": "FAILED", "failureReason": "called off"})
    assert after.status == 200
    endpoint.register()
    endpoint.work(awaited=True)
    assert endpoint.asked == []
    assert standing(cumulocity, operation) == ("FAILED", "called off")
    (seen,) = client.call("GET", f"{device}/twin/operations").body
    assert seen["status"] == "CANCELED"


def test_an_execution_that_is_canceled_ends_the_operation(
    cumulocity: Cumulocity, client: Client, device: str, number: str
) -> None:
    operation = ordered(cumulocity, number, c8y_Restart={})
    (waiting,) = client.call("GET", f"{device}/twin/operations").body
    assert client.call("PUT", f"{device}/twin/operations/{waiting['id']}/status", "CANCELED").status == 200
    assert standing(cumulocity, operation) == ("FAILED", "the operation was canceled")


@pytest.mark.parametrize("fragment", ["c8y_Command", "c8y_LogfileRequest", "anything"])
def test_what_no_object_of_it_can_do_has_failed(
    cumulocity: Cumulocity, client: Client, device: str, number: str, fragment: str
) -> None:
    operation = ordered(cumulocity, number, **{fragment: {"text": "x"}})
    assert standing(cumulocity, operation) == ("FAILED", "not supported")
    assert client.call("GET", f"{device}/twin/operations").body == []


def test_no_more_restarts_wait_than_operations(cumulocity: Cumulocity, number: str) -> None:
    for _ in range(50):
        assert standing(cumulocity, ordered(cumulocity, number, c8y_Restart={}))[0] == "PENDING"
    refused = cumulocity.call("POST", OPERATIONS, {"deviceId": number, "c8y_Restart": {}})
    assert 400 <= refused.status < 500


def test_a_restart_that_finds_no_room_has_failed(
    cumulocity: Cumulocity, client: Client, device: str, number: str
) -> None:
    for _ in range(50):
        assert client.call("POST", f"{device}/twin/operations", {"type": "READ", "paths": ["/3"]}).status == 201
    assert standing(cumulocity, ordered(cumulocity, number, c8y_Restart={}))[0] == "FAILED"


def test_one_that_never_became_an_execution_has_failed_and_others_stand(
    cumulocity: Cumulocity, client: Client, device: str, number: str
) -> None:
    given, lost = (ordered(cumulocity, number, c8y_Restart={}) for _ in range(2))
    waiting = operating.listing(client.ports, client.tenant.id, URN)[0]
    # What is left where the process dies between the two records.
    operating.ACTIVE.of(URN).delete(client.ports, client.tenant.id, waiting.id)
    assert standing(cumulocity, lost) == ("PENDING", None)
    client.ports.clock.advance(seconds=61)
    status, reason = standing(cumulocity, lost)
    assert (status, "order it again" in str(reason)) == ("FAILED", True)
    assert standing(cumulocity, given) == ("PENDING", None)
    assert len(client.call("GET", f"{device}/twin/operations").body) == 1


def test_another_tenant_sees_nothing_of_it(cumulocity: Cumulocity, number: str) -> None:
    other = Cumulocity(cumulocity.ports, "umbrella")
    assert other.get(OBJECTS).body["managedObjects"] == []
    assert other.get(f"{OBJECTS}/{number}").status == 404
    assert other.call("POST", OPERATIONS, {"deviceId": number, "c8y_Restart": {}}).status >= 400
    stranger = Client()
    stranger.ports, stranger.tenant, stranger.secret = other.ports, other.tenant, other.secret
    assert stranger.call("GET", f"/api/v1/deviceMgt/devices/{URN}").status == 404
    assert stranger.call("GET", f"/api/v1/deviceMgt/devices/{URN}/twin/operations").status == 404


def test_it_is_in_the_groups_of_live_objects_and_the_lists_of_ibm(
    cumulocity: Cumulocity, client: Client, device: str
) -> None:
    assert client.call("POST", "/api/v1/deviceMgt/groups", {"pathNode": "meters", "parentId": "root"}).status < 300
    assert client.call("PATCH", device, {"id": URN, "group": {"path": "/meters"}}).status == 200
    (found,) = client.get("/api/v1/deviceMgt/devices", groupPath="/meters").body
    assert found["id"] == URN
    ibm = Ibm(cumulocity.ports, "ibm")
    ibm.org, ibm.key, ibm.token = cumulocity.tenant.id, cumulocity.key, cumulocity.secret
    ibm.host = f"{ibm.org}.internetofthings.ibmcloud.com"
    (listed,) = ibm.get(f"{V2}/bulk/devices").body["results"]
    assert (listed["typeId"], listed["deviceId"]) == ("lwm2m", "meter")
    assert Ibm(cumulocity.ports, "umbrella").get(f"{V2}/bulk/devices").body["results"] == []
