"""Whatever happens, told to who listens (reference, "Real-time notifications")."""

from typing import Any

import pytest

from chalicelib.fleet.access.roles import Role
from chalicelib.fleet.queues import subscriptions
from tests.dialects.cumulocity.bayeux_client import REALTIME, Poller
from tests.dialects.cumulocity.broker import Broker
from tests.dialects.cumulocity.client import Client
from tests.dialects.cumulocity.furnished import OBJECTS
from tests.dialects.cumulocity.registering import registered

pytestmark = pytest.mark.row("G5")
TIME = "2026-01-02T03:04:05.000Z"


@pytest.fixture
def client() -> Client:
    return Client()


@pytest.fixture
def device(client: Client) -> str:
    return str(client.made(OBJECTS, {"name": "Pi", "c8y_IsDevice": {}})["id"])


def of(device: str, **more: Any) -> dict[str, Any]:
    return {"source": {"id": device}, "type": "t", "text": "x", "time": TIME, **more}


def actions(told: list[Any]) -> list[tuple[str, str]]:
    return [(one["channel"], one["data"]["realtimeAction"]) for one in told]


def test_measurements_are_told_as_they_are_read(client: Client, device: str) -> None:
    poller = Poller(client, REALTIME).listening(f"/measurements/{device}")
    made = client.made("/measurement/measurements", of(device, c8y_T={"T": {"value": 1.5, "unit": "C"}}))
    (told,) = poller.told()
    assert told["channel"] == f"/measurements/{device}"
    assert told["data"] == {
        "realtimeAction": "CREATE",
        "data": client.get(f"/measurement/measurements/{made['id']}").body,
    }
    assert poller.told() == []


def test_events_are_told_with_their_changes(client: Client, device: str) -> None:
    poller = Poller(client, REALTIME).listening("/events/*")
    made = client.made("/event/events", of(device))
    client.call("PUT", f"/event/events/{made['id']}", {"text": "y"})
    shown = client.get(f"/event/events/{made['id']}").body
    client.call("DELETE", f"/event/events/{made['id']}")
    created, changed, deleted = poller.told()
    assert actions([created, changed, deleted]) == [("/events/*", name) for name in ("CREATE", "UPDATE", "DELETE")]
    assert (created["data"]["data"]["text"], changed["data"]["data"]) == ("x", shown)
    assert deleted["data"]["data"] == made["id"]


def test_alarms_are_told_with_their_counts(client: Client, device: str) -> None:
    poller = Poller(client, REALTIME).listening(f"/alarms/{device}")
    for _ in range(2):
        made = client.made("/alarm/alarms", of(device, severity="MAJOR"))
    client.call("PUT", f"/alarm/alarms/{made['id']}", {"status": "CLEARED"})
    told = poller.told()
    assert [one["data"]["realtimeAction"] for one in told] == ["CREATE", "UPDATE", "UPDATE"]
    assert [(one["data"]["data"]["status"], one["data"]["data"]["count"]) for one in told] == [
        ("ACTIVE", 1),
        ("ACTIVE", 2),
        ("CLEARED", 2),
    ]


def test_alarms_of_children_are_told_to_who_wants_them(client: Client, device: str) -> None:
    child = client.made(f"{OBJECTS}/{device}/childDevices", {"name": "c"})["id"]
    poller = Poller(client, REALTIME).listening(f"/alarmsWithChildren/{device}", f"/alarms/{device}")
    client.made("/alarm/alarms", of(child, severity="MINOR"))
    assert actions(poller.told()) == [(f"/alarmsWithChildren/{device}", "CREATE")]


def test_operations_are_told_step_by_step(client: Client, device: str) -> None:
    poller = Poller(client, REALTIME).listening(f"/operations/{device}")
    number = client.made("/devicecontrol/operations", {"deviceId": device, "c8y_Restart": {}})["id"]
    for status in ("EXECUTING", "SUCCESSFUL"):
        client.call("PUT", f"/devicecontrol/operations/{number}", {"status": status})
    told = poller.told()
    assert [one["data"]["realtimeAction"] for one in told] == ["CREATE", "UPDATE", "UPDATE"]
    assert [one["data"]["data"]["status"] for one in told] == ["PENDING", "EXECUTING", "SUCCESSFUL"]


def test_objects_are_told_as_they_come_and_go(client: Client, device: str) -> None:
    poller = Poller(client, REALTIME).listening("/managedobjects/*")
    made = client.made(OBJECTS, {"name": "n"})["id"]
    client.call("PUT", f"{OBJECTS}/{made}", {"name": "m"})
    shown = client.get(f"{OBJECTS}/{made}").body
    client.call("DELETE", f"{OBJECTS}/{made}")
    created, changed, deleted = (one["data"] for one in poller.told())
    assert [one["realtimeAction"] for one in (created, changed, deleted)] == ["CREATE", "UPDATE", "DELETE"]
    assert (created["data"]["name"], changed["data"]["name"], deleted["data"]) == ("n", "m", made)
    assert changed["data"]["self"] == shown["self"]


def test_an_object_that_is_too_big_is_named_alone(client: Client) -> None:
    poller = Poller(client, REALTIME).listening("/managedobjects/*")
    made = client.made(OBJECTS, {"name": "n", "big": "x" * 150_000})["id"]
    told = poller.told()[0]["data"]["data"]
    assert (told["id"], told["name"], "big" in told) == (made, "n", False)


def test_who_listens_to_several_is_told_on_each(client: Client, device: str) -> None:
    poller = Poller(client, REALTIME).listening("/alarms/*", f"/alarms/{device}")
    client.made("/alarm/alarms", of(device, severity="MAJOR"))
    assert actions(poller.told()) == [("/alarms/*", "CREATE"), (f"/alarms/{device}", "CREATE")]


def test_where_nobody_listens_it_costs_nothing(client: Client, device: str) -> None:
    poller = Poller(client, REALTIME).listening("/alarms/*")
    poller.send(poller.message("/meta/unsubscribe", subscription="/alarms/*"))
    assert client.ports.policies.all(client.tenant.id) == []


def test_who_does_not_come_back_is_forgotten(client: Client, device: str) -> None:
    Poller(client, REALTIME).listening("/events/*")
    client.ports.clock.advance(seconds=2 * 3_600)
    client.made("/event/events", of(device))
    assert client.ports.policies.all(client.tenant.id) == []


def test_an_answer_that_was_lost_is_given_again(client: Client, device: str) -> None:
    poller = Poller(client, REALTIME).listening("/events/*")
    client.made("/event/events", of(device))
    first = poller.told()
    assert len(first) == 1
    assert poller.told(advice={"timeout": 0}) == first
    assert poller.told() == []


def test_what_is_quiescent_is_told_nobody_and_what_is_transient_is(client: Client, device: str) -> None:
    poller = Poller(client, REALTIME).listening("/events/*", "/measurements/*", "/alarms/*", "/managedobjects/*")
    for mode in ("QUIESCENT", "TRANSIENT"):
        header = {"X-Cumulocity-Processing-Mode": mode}
        client.call("POST", "/event/events", of(device), headers=header)
        client.call("POST", "/measurement/measurements", of(device, a={"b": {"value": 1}}), headers=header)
        client.call("POST", "/alarm/alarms", of(device, severity="MAJOR"), headers=header)
        if mode == "QUIESCENT":
            client.call("PUT", f"{OBJECTS}/{device}", {"name": "q"}, headers=header)
    told = poller.told()
    assert sorted(one["channel"] for one in told if one["channel"] != "/managedobjects/*") == [
        "/alarms/*",
        "/events/*",
        "/measurements/*",
    ]
    assert not any(one["data"]["data"].get("name") == "q" for one in told)


def test_of_a_quiescent_operation_its_agent_alone_is_told(client: Client, device: str) -> None:
    poller, agent = Poller(client, REALTIME).listening("/operations/*"), Poller(client).listening(f"/{device}")
    quiet = {"X-Cumulocity-Processing-Mode": "QUIESCENT"}
    body = {"deviceId": device, "c8y_Restart": {}}
    made = client.call("POST", "/devicecontrol/operations", body, headers=quiet).body
    assert [one["data"]["id"] for one in agent.told()] == [made["id"]]
    path = f"/devicecontrol/operations/{made['id']}"
    assert client.call("PUT", path, {"status": "EXECUTING"}, headers=quiet).status == 200
    assert poller.told() == []
    client.call("PUT", path, {"status": "SUCCESSFUL"})
    assert actions(poller.told()) == [("/operations/*", "UPDATE")]


@pytest.mark.parametrize("prefix", ["q", "c"])
def test_what_is_said_quietly_over_mqtt_is_told_nobody(prefix: str) -> None:
    broker = Broker()
    pump = broker.device("pump")
    poller = Poller(broker.client, REALTIME).listening("/events/*", "/measurements/*", "/alarms/*", "/managedobjects/*")
    for topic in (f"{prefix}/us", "s/us"):
        broker.publish(pump, "400,t,x\n200,f,s,1\n301,hot", topic)
        broker.publish(pump, "115,firmware,1,", topic)
        told = poller.told()
        assert {one["channel"] for one in told} >= ({"/events/*", "/measurements/*"} if topic == "s/us" else set())
        assert bool(told) == (topic == "s/us"), topic


@pytest.mark.parametrize("channel", ["/alarms", "/alarms/", "/alarms/x", "/nothing/*", "/", "/alarms/*/1", "/**"])
def test_what_is_no_channel_is_told_so(client: Client, channel: str) -> None:
    poller = Poller(client, REALTIME)
    poller.handshake()
    (reply,) = poller.subscribe(channel)
    assert (reply["successful"], reply["error"][:3]) == (False, "400")


def test_roles_and_reach_hold(client: Client, device: str) -> None:
    reader = Poller(client, REALTIME, client.credentials_with(Role.DATA_R))
    reader.handshake()
    replies = reader.subscribe("/alarms/*", "/operations/*", "/managedobjects/1", "/events/1")
    assert [one.get("error", "")[:3] for one in replies] == ["", "403", "403", "404"]
    auth = registered(client, "d1")
    own = client.call("POST", OBJECTS, {"c8y_IsDevice": {}}, auth=auth).body["id"]
    itself = Poller(client, REALTIME, auth)
    itself.handshake()
    replies = itself.subscribe(f"/events/{own}", f"/events/{device}", "/events/*")
    assert [one.get("error", "")[:3] for one in replies] == ["", "403", "403"]


def test_another_tenant_is_told_nothing(client: Client, device: str) -> None:
    other = Client(client.ports, "other")
    poller = Poller(other, REALTIME).listening("/alarms/*", "/events/*", "/managedobjects/*")
    client.made("/alarm/alarms", of(device, severity="MAJOR"))
    client.made(OBJECTS, {"name": "n"})
    assert poller.told() == []
    (reply,) = poller.subscribe(f"/alarms/{device}")
    assert reply["error"][:3] == "404"


def test_a_tenant_has_so_many_who_listen(client: Client) -> None:
    for n in range(subscriptions.MOST):
        subscriptions.open_(client.ports, client.tenant.id, "cumulocity.realtime", f"s{n}", "x", 3_600_000)
    poller = Poller(client, REALTIME)
    poller.handshake()
    (reply,) = poller.subscribe("/alarms/*")
    assert (reply["successful"], reply["error"][:3]) == (False, "403")
