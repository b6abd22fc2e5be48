"""Processing modes (reference, "Processing mode"): what is kept of a request, and what is told of it."""

from typing import Any

import pytest

from chalicelib.fleet.events import policies
from chalicelib.fleet.events.events import EventKind
from chalicelib.fleet.events.records import ActionPolicy, Filter, QueuePublish
from chalicelib.fleet.queues import lifecycle, queues
from tests.dialects.cumulocity.client import Client

pytestmark = pytest.mark.row("G6")

AT = "2013-07-19T09:07:22.598+02:00"
OBJECTS = "/inventory/managedObjects"
DATA = {"type": "t", "text": "x", "time": AT, "severity": "MAJOR", "f": {"s": {"value": 1}}}
UPSERT = "/alarm/alarms/upsert"
PATHS = ("/measurement/measurements", "/event/events", "/alarm/alarms")


@pytest.fixture
def client() -> Client:
    made = Client()
    lifecycle.create(made.ports, made.tenant.id, "inbox")
    every: dict[str, Filter] = dict.fromkeys((EventKind.DATA_MESSAGE, EventKind.ALARM_RAISED), Filter())
    queue = (QueuePublish("a", "inbox"),)
    policies.save(made.ports, ActionPolicy(made.tenant.id, "p", "live_objects", "p", 0, triggers=every, queues=queue))
    return made


def mode(name: str) -> dict[str, str]:
    return {"X-Cumulocity-Processing-Mode": name}


def listed(client: Client, path: str) -> int:
    return len(client.get(path).body[path.rpartition("/")[2]])


def told(client: Client) -> int:
    queue = queues.get(client.ports, client.tenant.id, "inbox")
    return len(list(client.ports.queued.oldest(queue, client.ports.clock.now(), limit=100)))


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(("name", "kept"), [("TRANSIENT", 0), ("CEP", 0), ("QUIESCENT", 1), ("persistent", 1)])
def test_what_is_transient_is_told_and_not_kept(client: Client, path: str, name: str, kept: int) -> None:
    device = client.made(OBJECTS, {"name": "pump", "c8y_IsDevice": {}})["id"]
    body: dict[str, Any] = {**DATA, "source": {"id": device}}
    reply = client.call("POST", path, body, headers=mode(name))
    assert (reply.status, "id" in reply.body, "Location" in reply.headers) == (201, bool(kept), bool(kept))
    assert reply.body["source"]["id"] == device
    assert (listed(client, path), told(client)) == (kept, 1)
    assert client.call("POST", path, {**body, "type": 1}, headers=mode(name)).status == 422
    assert told(client) == 1


@pytest.mark.parametrize("name", ["TRANSIENT", "cep"])
def test_an_upsert_that_is_not_to_be_kept_is_told_alone(client: Client, name: str) -> None:
    device = client.made(OBJECTS, {"name": "pump", "c8y_IsDevice": {}})["id"]
    body: dict[str, Any] = {**DATA, "source": {"id": device}}
    reply = client.call("POST", UPSERT, body, headers=mode(name))
    assert (reply.status, "id" in reply.body["alarm"], "Location" in reply.headers) == (201, False, False)
    assert (reply.body["alarm"]["source"]["id"], reply.body["previousState"]) == (device, None)
    assert (listed(client, "/alarm/alarms"), told(client)) == (0, 1)
    kept = client.made("/alarm/alarms", body)
    assert client.call("POST", UPSERT, {**body, "text": "y"}, headers=mode(name)).status == 201
    assert client.get(f"/alarm/alarms/{kept['id']}").body == kept


@pytest.mark.parametrize("path", [*PATHS, UPSERT])
def test_another_mode_is_refused(client: Client, path: str) -> None:
    device = client.made(OBJECTS, {"name": "pump"})["id"]
    assert client.call("POST", path, {**DATA, "source": {"id": device}}, headers=mode("SOON")).status == 422
    assert (listed(client, path.removesuffix("/upsert")), told(client)) == (0, 0)


def test_what_changes_something_is_always_kept(client: Client) -> None:
    found = client.made(OBJECTS, {"name": "pump"})
    event = client.made("/event/events", {**DATA, "source": {"id": found["id"]}})
    alarm = client.made("/alarm/alarms", {**DATA, "source": {"id": found["id"]}})
    for method, path, body in (
        ("POST", OBJECTS, {"name": "x"}),
        ("PUT", f"{OBJECTS}/{found['id']}", {"name": "x"}),
        ("PUT", OBJECTS, {"managedObjects": [{"id": found["id"], "name": "x"}]}),
        ("PUT", f"/event/events/{event['id']}", {"text": "y"}),
        ("PUT", f"/alarm/alarms/{alarm['id']}", {"text": "y"}),
        ("PUT", "/alarm/alarms", {"status": "CLEARED"}),
    ):
        assert client.call(method, path, body, headers=mode("TRANSIENT"), type="t").status == 422
        assert client.call(method, path, body, headers=mode("QUIESCENT"), type="t").status in (200, 201)
