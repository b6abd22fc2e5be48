import json
from functools import partial
from itertools import count, takewhile
from typing import Any

import pytest

from tests.dialects.cumulocity.broker import Broker
from tests.preempting import preempted

T = "2027-01-15T07:00:00.000Z"
MEASURED = {"type": "t", "time": T, "f": {"s": {"value": 1, "unit": "C"}}}
TOLD = {"type": "t", "text": "x", "time": T}


pytestmark = pytest.mark.row("G8")


@pytest.fixture
def broker() -> Broker:
    return Broker()


@pytest.fixture
def pump(broker: Broker) -> str:
    return broker.device("pump", "error", "devicecontrol/notifications")


def listed(broker: Broker, kind: str, serial: str = "pump") -> list[dict[str, Any]]:
    path = {"measurements": "measurement", "events": "event", "alarms": "alarm"}[kind]
    found: list[dict[str, Any]] = broker.client.get(f"/{path}/{kind}", source=broker.object(serial).id).body[kind]
    return found


@pytest.mark.parametrize(
    ("topic", "kind", "body"),
    [
        ("measurement/measurements/create", "measurements", MEASURED),
        ("event/events/create", "events", TOLD),
        ("alarm/alarms/create", "alarms", {**TOLD, "severity": "MAJOR"}),
    ],
)
def test_the_body_is_that_of_rest_and_its_source_the_device(
    broker: Broker, pump: str, topic: str, kind: str, body: dict[str, Any]
) -> None:
    broker.publish(pump, body, topic)
    broker.publish(pump, {**body, "externalSource": {"externalId": "kid", "type": "c8y_Serial"}}, topic)
    for serial in ("pump", "kid"):
        (found,) = listed(broker, kind, serial)
        assert body.items() <= found.items()
    bulk = topic.replace("create", "createBulk")
    broker.publish(pump, {kind: [{**body, "type": "a"}, {**body, "type": "b"}]}, bulk)
    assert {one["type"] for one in listed(broker, kind)} == {"t", "a", "b"}
    assert broker.received(pump) == []


def test_events_and_alarms_are_changed_and_deleted(broker: Broker, pump: str) -> None:
    broker.publish(pump, TOLD, "event/events/create")
    broker.publish(pump, {**TOLD, "severity": "MAJOR"}, "alarm/alarms/create")
    (event,), (alarm,) = listed(broker, "events"), listed(broker, "alarms")
    broker.publish(pump, {"text": "other"}, f"event/events/update/{event['id']}")
    broker.publish(pump, {"status": "CLEARED"}, f"alarm/alarms/update/{alarm['id']}")
    assert (listed(broker, "events")[0]["text"], listed(broker, "alarms")[0]["status"]) == ("other", "CLEARED")
    broker.publish(pump, "", f"event/events/delete/{event['id']}")
    assert listed(broker, "events") == []


def test_objects(broker: Broker, pump: str) -> None:
    broker.publish(pump, {"c8y_A": 1, "name": "Named"}, "inventory/managedObjects/update/pump")
    broker.publish(pump, {"c8y_B": 1}, f"inventory/managedObjects/update/{broker.object().id}")
    broker.publish(pump, {}, "inventory/managedObjects/update/pump")
    assert {"c8y_A", "c8y_B"} <= broker.object().fragments.keys()
    assert broker.object().name == "Named"
    body = {"name": "Kid", "c8y_IsDevice": {}, "externalIds": [{"type": "c8y_Serial", "externalId": "kid"}]}
    event = broker.event(pump, f"inventory/managedObjects/{broker.object().id}/childDevices/create", body)
    for _ in range(2):
        broker.handle(event)
    below = broker.client.get(f"/inventory/managedObjects/{broker.object().id}/childDevices").body["references"]
    assert [one["managedObject"]["name"] for one in below] == ["Kid"]
    made = broker.order("kid", {"acme": {}})
    broker.run()
    ((topic, told),) = broker.operations(pump)
    assert (topic, json.loads(told)["id"]) == ("devicecontrol/notifications", made)
    assert json.loads(told)["externalSource"] == {"externalId": "kid", "type": "c8y_Serial"}


@pytest.mark.parametrize("name", ["externalSource", "source"])
@pytest.mark.parametrize("named", ["kid", 7, True, ["kid"], "", {"externalId": 7}, {"type": 1, "externalId": "kid"}])
def test_a_source_that_cannot_be_read_is_not_taken_for_the_device(
    broker: Broker, pump: str, name: str, named: Any
) -> None:
    if name == "source" and isinstance(named, dict):
        named = {"id": "kid"}
    for topic, body in (("event/events/create", TOLD), ("measurement/measurements/create", MEASURED)):
        broker.publish(pump, {**body, name: named}, topic)
    told = [(topic, json.loads(text)) for topic, text in broker.received(pump)]
    assert [topic for topic, _ in told] == ["error", "error"]
    assert all(body["error"] and body["message"] for _, body in told)
    assert (listed(broker, "events"), listed(broker, "measurements")) == ([], [])


def test_a_source_of_null_is_none(broker: Broker, pump: str) -> None:
    broker.publish(pump, {**TOLD, "source": None, "externalSource": None}, "event/events/create")
    assert len(listed(broker, "events")) == 1
    assert broker.received(pump) == []


@pytest.mark.parametrize(
    ("topic", "body", "error"),
    [
        ("measurement/measurements/create", {"time": T}, "undefined/validationError"),
        ("measurement/measurements/create", "{no json", "undefined/validationError"),
        ("measurement/measurements/createBulk", {"measurements": 1}, "undefined/validationError"),
        ("event/events/create", "[]", "undefined/validationError"),
        ("inventory/managedObjects/update/unknown", {"a": 1}, "inventory/notFound"),
        ("alarm/alarms/update/1", {"status": "CLEARED"}, "alarm/notFound"),
        ("event/events/delete/1", "", "general/notFound"),
        ("event/nothing/create", {}, "undefined/validationError"),
        ("alarm/alarms/delete/1", "", "undefined/validationError"),
    ],
)
def test_what_is_wrong_is_told_on_its_topic(broker: Broker, pump: str, topic: str, body: Any, error: str) -> None:
    broker.publish(pump, body, topic)
    ((came, text),) = broker.received(pump)
    told = json.loads(text)
    assert (came, told["messageId"]) == ("error", 0)
    assert told["error"] == error or (error.endswith("notFound") and told["error"].endswith("notFound"))
    assert broker.complaints() == [told["message"]]


def test_those_of_others_are_out_of_reach(broker: Broker, pump: str) -> None:
    other = broker.device("other")
    broker.publish(other, TOLD, "event/events/create")
    (event,) = listed(broker, "events", "other")
    number = broker.object("other").id
    for topic, body in (
        ("event/events/create", {**TOLD, "source": {"id": number}}),
        ("event/events/create", {**TOLD, "externalSource": {"externalId": "other", "type": "c8y_Serial"}}),
        (f"event/events/update/{event['id']}", {"text": "mine"}),
        (f"event/events/delete/{event['id']}", ""),
        ("inventory/managedObjects/update/other", {"mine": 1}),
        (f"inventory/managedObjects/update/{number}", {"mine": 1}),
        (f"inventory/managedObjects/{number}/childDevices/create", {"name": "x"}),
    ):
        broker.publish(pump, body, topic)
    assert len(broker.received(pump)) == 7
    assert [one["text"] for one in listed(broker, "events", "other")] == ["x"]
    assert "mine" not in broker.object("other").fragments


def test_who_takes_the_number_of_another_device_as_a_serial_stands_in_nobodys_way(broker: Broker, pump: str) -> None:
    other = broker.device("other", "error")
    number = broker.object("other").id
    broker.publish(pump, "400,t,x", f"s/us/{number}")
    update = f"inventory/managedObjects/update/{number}"
    broker.publish(other, {"mine": 1}, update)
    broker.publish(other, {"name": "below"}, f"inventory/managedObjects/{number}/childDevices/create")
    assert broker.received(other) == []
    assert broker.object("other").fragments["mine"] == 1
    assert "mine" not in broker.object(number).fragments
    # To who made it, that number is its child.
    broker.publish(pump, {"childs": 2}, update)
    assert broker.received(pump) == []
    assert broker.object(number).fragments["childs"] == 2
    assert "childs" not in broker.object("other").fragments


@pytest.mark.parametrize(("prefix", "kept"), [("q/", 1), ("t/", 0), ("c/", 0)])
def test_modes(broker: Broker, pump: str, prefix: str, kept: int) -> None:
    broker.publish(pump, MEASURED, f"{prefix}measurement/measurements/create")
    assert len(listed(broker, "measurements")) == kept


def test_what_comes_twice_is_kept_once(broker: Broker, pump: str) -> None:
    for topic, body in (
        ("measurement/measurements/createBulk", {"measurements": [MEASURED, MEASURED]}),
        ("alarm/alarms/create", {**TOLD, "severity": "MAJOR"}),
    ):
        event = broker.event(pump, topic, body)
        for _ in range(2):
            broker.handle(event)
    assert len(listed(broker, "measurements")) == 2
    assert [one["count"] for one in listed(broker, "alarms")] == [1]


CREATE = "inventory/managedObjects/create"
MADE: list[tuple[str, dict[str, Any]]] = [
    (CREATE, {"name": "new"}),
    (CREATE, {"name": "new", "externalIds": [{"type": "t", "externalId": "1"}]}),
    (CREATE, {"name": "new", "externalIds": [{"type": "t", "externalId": n} for n in "12"], "c8y_IsDevice": {}}),
    (CREATE, {"name": "new", "c8y_IsDeviceGroup": {}, "type": "c8y_DeviceGroup"}),
    ("inventory/managedObjects/pump/childDevices/create", {"name": "new", "c8y_IsDevice": {}}),
    ("inventory/managedObjects/pump/childAdditions/create", {"name": "new"}),
]
"""What makes an object."""


def called_new(broker: Broker) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = broker.client.get("/inventory/managedObjects", query="name eq new").body[
        "managedObjects"
    ]
    return found


@pytest.mark.parametrize(("topic", "body"), MADE)
def test_an_object_is_made_once_however_often_it_is_said(
    broker: Broker, pump: str, topic: str, body: dict[str, Any]
) -> None:
    event = broker.event(pump, topic, body)
    for _ in range(3):
        broker.handle(event)
    broker.publish(pump, {"name": "another"}, CREATE)
    broker.handle(event)
    assert len(called_new(broker)) == 1
    assert broker.received(pump) == []
    # The same said by another message is another one, where no external id forbids that.
    broker.publish(pump, body, topic)
    named = "externalIds" in body
    assert len(called_new(broker)) == (1 if named else 2)
    assert [topic for topic, _ in broker.received(pump)] == ["error"] * named


def made_by_two_at_once(topic: str, body: dict[str, Any], at: int) -> bool:
    broker = Broker()
    pump = broker.device("pump", "error")
    said = partial(broker.handle, broker.event(pump, topic, body))
    happened = preempted(broker.ports, at, said, said, ("objects", "devices", "mailboxes", "groups"))
    (found,) = called_new(broker)
    assert ("c8y_IsDevice" in body) == (broker.ports.objects.get(broker.tenant, found["id"]).device is not None)  # type: ignore[union-attr]
    assert broker.received(pump) == []
    return happened


@pytest.mark.parametrize(("topic", "body"), MADE)
def test_an_object_is_made_once_by_two_functions_at_once(topic: str, body: dict[str, Any]) -> None:
    assert sum(1 for _ in takewhile(partial(made_by_two_at_once, topic, body), count())) > 0
