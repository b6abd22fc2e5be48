"""Who comes in, and what everybody else is told. A device that hears 401 or 403 forgets who it is."""

import pytest

from chalicelib.dialects.xyte.errors import explain
from chalicelib.dialects.xyte.rest import APIS
from chalicelib.fleet import errors
from chalicelib.fleet.access.roles import Role
from tests.dialects.xyte.client import Client, Device, send
from tests.fakes import MemoryPorts

NOBODY = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def client() -> Client:
    return Client()


@pytest.fixture
def device(client: Client) -> Device:
    return client.register(client.model())


def test_a_key_comes_bare_or_as_a_bearers(device: Device) -> None:
    assert device.call("GET").status == 200
    assert send(device.ports, "GET", f"/v1/devices/{device.id}", key=f"Bearer {device.key}").status == 200
    assert send(device.ports, "GET", f"/v1/devices/{device.id}", key=f"bearer  {device.key} ").status == 200


@pytest.mark.parametrize("key", [None, "", "Bearer", "Bearer ", "0" * 32, "é", "Basic YTpi"])
def test_whoever_has_no_good_key_is_not_authorized(device: Device, key: str | None) -> None:
    reply = send(device.ports, "GET", f"/v1/devices/{device.id}", key=key)
    assert (reply.status, reply.body) == (401, {"error": "Not authorized"})


def test_another_devices_id_or_key_is_not_authorized(client: Client, device: Device) -> None:
    other = client.register(client.model())
    for uuid, key in ((other.id, device.key), (NOBODY, device.key), ("x", device.key), (device.id, client.secret)):
        reply = send(client.ports, "GET", f"/v1/devices/{uuid}", key=key)
        assert (reply.status, reply.body) == (401, {"error": "Not authorized"})


def test_a_model_is_no_device(client: Client) -> None:
    key = client.model(hardware_key=NOBODY)
    for uuid in (key, f"model%2F{key}"):
        assert send(client.ports, "GET", f"/v1/devices/{uuid}", key="").status == 401


def test_a_device_may_ask_so_often_and_is_told_when_to_come_back(device: Device) -> None:
    statuses = [device.call("GET").status for _ in range(61)]
    assert statuses == [200] * 60 + [429]
    assert 1 <= int(device.call("GET").headers["Retry-After"]) <= 30
    device.ports.clock.advance(ms=30_000)
    assert device.call("GET").status == 200


def test_an_organization_comes_with_an_api_key_of_its_tenant(client: Client, device: Device) -> None:
    assert client.call("GET", "/core/v1/models").status == 200
    for key in (None, "nonsense", device.key):
        reply = send(client.ports, "GET", "/core/v1/models", key=key)
        assert (reply.status, reply.body) == (401, {"error": "Not authorized"})
    assert send(client.ports, "GET", "/core/v1/models", key=client.key_with(Role.DATA_R)).status == 403
    reader = client.key_with(Role.DEVICE_R)
    assert send(client.ports, "GET", "/core/v1/models", key=reader).status == 200
    assert send(client.ports, "POST", "/core/v1/models", {"name": "x"}, key=reader).status == 403


def test_a_tenant_that_was_not_let_in_has_no_such_api() -> None:
    client = Client(enabled=False)
    assert client.call("GET", "/core/v1/models").status == 401
    assert client.call("POST", "/core/v1/models", {"name": "x"}).status == 401


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1", 404),
        ("GET", "/v1/nothing/here", 404),
        ("GET", "/core/v2", 404),
        ("PUT", "/v1/devices", 405),
        ("GET", "/v1/devices/%ff", 422),
    ],
)
def test_what_is_not_there_is_said_in_json(client: Client, method: str, path: str, status: int) -> None:
    reply = client.call(method, path)
    assert reply.status == status
    assert isinstance(reply.body["error"], str)


def test_no_route_of_devices_is_closed_to_them_and_none_needs_a_role() -> None:
    """Either would answer 403, at which they forget who they are."""
    devices, _ = APIS
    assert [route.path for route in devices.routes if not (route.public or (route.devices and not route.roles))] == []


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (errors.Contended(""), 503),
        (errors.TemporarilyUnavailable(""), 503),
        (errors.RateLimitReached("", 3), 429),
        (errors.QuotaReached(""), 422),
        (errors.CommandLimitReached(""), 422),
        (errors.IllegalTransition(""), 422),
        (errors.ClientTaken(""), 422),
        (RuntimeError("a secret"), 500),
        (errors.GroupInUse(""), 422),
    ],
)
def test_load_faults_and_lost_races_are_never_401_or_403(error: Exception, status: int) -> None:
    answer = explain(MemoryPorts(), error)
    assert answer.status == status
    assert "secret" not in str(answer.body)
