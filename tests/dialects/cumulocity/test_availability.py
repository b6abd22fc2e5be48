"""Whether devices are heard, and connected (reference, "Device availability")."""

from typing import Any

import pytest

from chalicelib.fleet import sweeping
from tests.dialects.cumulocity.bayeux_client import OPERATIONS, Poller
from tests.dialects.cumulocity.broker import Broker
from tests.dialects.cumulocity.client import Client
from tests.dialects.cumulocity.furnished import OBJECTS
from tests.dialects.cumulocity.registering import registered

pytestmark = pytest.mark.row("G6")
DEVICE = {"name": "Pi", "c8y_IsDevice": {}}
ALARM = "c8y_UnavailabilityAlarm"


@pytest.fixture
def client() -> Client:
    return Client()


def made(client: Client, minutes: Any = 10, **more: Any) -> str:
    said = {**DEVICE, "c8y_RequiredAvailability": {"responseInterval": minutes}, **more}
    return str(client.made(OBJECTS, said)["id"])


def status(client: Client, device: str) -> tuple[str, str]:
    found = client.get(f"{OBJECTS}/{device}").body
    return found["c8y_Availability"]["status"], found["c8y_Connection"]["status"]


def minutes(client: Client, count: int) -> None:
    for _ in range(count):
        client.ports.clock.advance(seconds=60)
        sweeping.sweep(client.ports)


def measured(client: Client, device: str, **header: str) -> None:
    body = {"source": {"id": device}, "type": "t", "time": "2026-01-02T03:04:05Z", "a": {"b": {"value": 1}}}
    assert client.call("POST", "/measurement/measurements", body, headers=header).status == 201


def open_alarms(client: Client, device: str) -> list[str]:
    found = client.get("/alarm/alarms", source=device, resolved="false").body["alarms"]
    return [one["type"] for one in found]


def test_a_device_that_nobody_demands_to_hear_has_neither(client: Client) -> None:
    device = client.made(OBJECTS, DEVICE)["id"]
    measured(client, device)
    found = client.get(f"{OBJECTS}/{device}").body
    assert not {"c8y_Availability", "c8y_Connection"} & found.keys()
    assert client.get(f"{OBJECTS}/{device}/availability").status == 404
    assert client.get(f"{OBJECTS}/1/availability").status == 404


def test_one_that_speaks_is_available(client: Client) -> None:
    device = made(client)
    assert status(client, device) == ("UNAVAILABLE", "DISCONNECTED")
    measured(client, device)
    assert status(client, device) == ("AVAILABLE", "DISCONNECTED")
    found = client.get(f"{OBJECTS}/{device}/availability").body
    last = client.get(f"{OBJECTS}/{device}").body["c8y_Availability"]["lastMessage"]
    assert found == {
        "deviceId": device,
        "interval": 10,
        "lastMessage": last,
        "dataStatus": "AVAILABLE",
        "connectionStatus": "DISCONNECTED",
    }
    (listed,) = client.get(OBJECTS, fragmentType="c8y_IsDevice").body["managedObjects"]
    assert listed["c8y_Availability"]["status"] == "AVAILABLE"


@pytest.mark.parametrize("how", ["event", "alarm", "measurement", "{}", "id"])
def test_whatever_it_says_is_a_heartbeat(client: Client, how: str) -> None:
    device = made(client)
    minutes(client, 60)
    assert open_alarms(client, device) == [ALARM]
    data = {"source": {"id": device}, "type": "t", "text": "x", "time": "2026-01-02T03:04:05Z"}
    sent: dict[str, tuple[str, str, dict[str, Any]]] = {
        "event": ("POST", "/event/events", data),
        "alarm": ("POST", "/alarm/alarms", {**data, "severity": "MINOR"}),
        "measurement": ("POST", "/measurement/measurements", {**data, "a": {"b": {"value": 1}}}),
        "{}": ("PUT", f"{OBJECTS}/{device}", {}),
        "id": ("PUT", f"{OBJECTS}/{device}", {"id": device}),
    }
    assert client.call(*sent[how]).status in (200, 201)
    assert status(client, device)[0] == "AVAILABLE"
    assert ALARM not in open_alarms(client, device)


def test_an_application_that_speaks_for_it_does_not_count(client: Client) -> None:
    device = made(client)
    minutes(client, 60)
    measured(client, device, **{"X-Cumulocity-Application-Key": "k"})
    client.call("PUT", f"{OBJECTS}/{device}", {"name": "changed"})
    assert status(client, device)[0] == "UNAVAILABLE"
    assert open_alarms(client, device) == [ALARM]


def test_one_that_is_silent_is_unavailable_and_has_an_alarm(client: Client) -> None:
    device = made(client)
    measured(client, device)
    minutes(client, 9)
    assert status(client, device)[0] == "AVAILABLE"
    minutes(client, 40)
    assert status(client, device) == ("UNAVAILABLE", "DISCONNECTED")
    (alarm,) = client.get("/alarm/alarms", source=device).body["alarms"]
    assert (alarm["type"], alarm["severity"], alarm["status"]) == (ALARM, "MAJOR", "ACTIVE")
    assert client.get(f"{OBJECTS}/{device}").body["c8y_ActiveAlarmsStatus"]["major"] == 1


def test_maintenance_ends_the_alarm_and_lets_none_come(client: Client) -> None:
    device = made(client)
    minutes(client, 60)
    client.call("PUT", f"{OBJECTS}/{device}", {"c8y_RequiredAvailability": {"responseInterval": 0}})
    assert status(client, device) == ("MAINTENANCE", "MAINTENANCE")
    assert open_alarms(client, device) == []
    body = {"source": {"id": device}, "type": "t", "text": "x", "time": "2026-01-02T03:04:05Z", "severity": "MAJOR"}
    assert client.call("POST", "/alarm/alarms", body).body["self"].endswith("/null")
    minutes(client, 60)
    assert open_alarms(client, device) == []


def test_who_takes_the_demand_away_is_told_nothing_more(client: Client) -> None:
    device = made(client)
    minutes(client, 60)
    client.call("PUT", f"{OBJECTS}/{device}", {"c8y_RequiredAvailability": None})
    assert open_alarms(client, device) == []
    assert "c8y_Availability" not in client.get(f"{OBJECTS}/{device}").body


def test_an_object_that_becomes_a_device_is_watched_from_then_on(client: Client) -> None:
    number = client.made(OBJECTS, {"c8y_RequiredAvailability": {"responseInterval": 5}})["id"]
    minutes(client, 60)
    assert open_alarms(client, number) == []
    client.call("PUT", f"{OBJECTS}/{number}", {"c8y_IsDevice": {}})
    minutes(client, 60)
    assert open_alarms(client, number) == [ALARM]


def test_one_that_polls_is_connected_as_long_as_it_comes_back(client: Client) -> None:
    auth = registered(client, "d1")
    said = {**DEVICE, "c8y_RequiredAvailability": {"responseInterval": 30}}
    device = client.call("POST", OBJECTS, said, auth=auth).body["id"]
    poller = Poller(client, OPERATIONS, auth).listening(f"/{device}")
    poller.told()
    assert status(client, device)[1] == "CONNECTED"
    measured(client, device)
    minutes(client, 1)
    assert status(client, device) == ("AVAILABLE", "CONNECTED")
    minutes(client, 60)
    assert status(client, device) == ("UNAVAILABLE", "DISCONNECTED")


def test_one_that_listens_over_mqtt_is_connected_until_it_is_silent_and_away() -> None:
    broker = Broker()
    pump = broker.device("listens", "s/e")
    broker.publish(pump, "117,10")
    device = broker.object("listens").id
    assert status(broker.client, device)[0] == "AVAILABLE"
    broker.subscribe(pump, "s/ds")
    assert status(broker.client, device) == ("AVAILABLE", "CONNECTED")
    minutes(broker.client, 40)
    assert status(broker.client, device) == ("UNAVAILABLE", "CONNECTED")
    broker.disconnect(pump)
    assert status(broker.client, device) == ("AVAILABLE", "CONNECTED"), "it is as it was until it is missed"
    minutes(broker.client, 40)
    assert status(broker.client, device) == ("UNAVAILABLE", "DISCONNECTED")


@pytest.mark.parametrize("said", [None, "soon", {}, {"responseInterval": None}, {"responseInterval": True}, [], 5])
def test_what_is_no_interval_is_none(client: Client, said: Any) -> None:
    device = client.made(OBJECTS, {**DEVICE, "c8y_RequiredAvailability": said})["id"]
    assert "c8y_Availability" not in client.get(f"{OBJECTS}/{device}").body


@pytest.mark.parametrize(("said", "expected"), [("15", 15), (99_999, 32_767), (-99_999, -32_768), (0.5, 0)])
def test_intervals_are_read_as_the_vendor_does(client: Client, said: Any, expected: int) -> None:
    device = made(client, said)
    assert client.get(f"{OBJECTS}/{device}/availability").body["interval"] == expected


def test_what_is_computed_is_not_kept(client: Client) -> None:
    device = made(client)
    client.call("PUT", f"{OBJECTS}/{device}", {"c8y_Availability": {"status": "AVAILABLE"}, "c8y_Connection": {}})
    assert status(client, device) == ("UNAVAILABLE", "DISCONNECTED")


def test_an_unwatched_device_costs_nothing_more(client: Client) -> None:
    device = client.made(OBJECTS, DEVICE)["id"]
    before = client.ports.mailboxes.get(client.tenant.id, f"urn:lo:nsid:c8y:{device}")
    measured(client, device)
    assert client.ports.mailboxes.get(client.tenant.id, f"urn:lo:nsid:c8y:{device}") == before


@pytest.mark.parametrize(("serial", "row"), [("beats", "125"), ("beats-so", "125,"), ("speaks", "400,t,x")])
def test_a_heartbeat_over_mqtt_ends_the_alarm(serial: str, row: str) -> None:
    """Each has a serial of its own: a function that goes on remembers whom it has written down as heard."""
    broker = Broker()
    pump = broker.device(serial, "s/e")
    broker.publish(pump, "117,10")
    device = broker.object(serial).id
    minutes(broker.client, 40)
    assert (open_alarms(broker.client, device), status(broker.client, device)[0]) == ([ALARM], "UNAVAILABLE")
    broker.publish(pump, row)
    assert (open_alarms(broker.client, device), status(broker.client, device)[0]) == ([], "AVAILABLE")
    assert broker.received(pump) == []
