"""Devices that came in by another dialect, as managed objects."""

from dataclasses import replace
from typing import Any

import pytest

from chalicelib.fleet.inventory import devices
from chalicelib.fleet.inventory.records import Device, Interface, Location
from chalicelib.fleet.presence.records import Presence
from tests.dialects.cumulocity.client import Client

pytestmark = pytest.mark.row("G3", "J2")
PATH = "/inventory/managedObjects"
URN = "urn:lo:nsid:demo:one"


@pytest.fixture
def client() -> Client:
    return Client()


def registered(client: Client, id_: str = URN, *, dialect: str = "live_objects", node: str = "", **more: Any) -> str:
    """The number of a device of the fleet."""
    now = client.ports.clock.now()
    interface = Interface("mqtt", node or id_, dialect, now, now)
    device = devices.register(client.ports, Device(client.tenant.id, id_, now, now, interfaces=(interface,), **more))
    client.ports.clock.advance(ms=1)
    assert device.number is not None
    return device.number


def heard(client: Client, id_: str, **state: Any) -> None:
    box = client.ports.mailboxes.get(client.tenant.id, id_)
    assert box is not None
    presence = Presence("live_objects", id_, **state)
    assert client.ports.mailboxes.replace(box, box.with_presence(f"mqtt:{id_}", presence))


def numbers(client: Client, **query: Any) -> list[str]:
    return [one["id"] for one in client.get(PATH, pageSize=100, **query).body["managedObjects"]]


def test_it_is_shown_as_the_fleet_knows_it(client: Client) -> None:
    number = registered(
        client, name="Meter", tags=("roof",), properties={"vendor": "x"}, location=Location(45.5, 3.0, 12.0)
    )
    heard(client, URN, session="s", since=1, last_contact=1_700_000_000_000)
    shown = client.get(f"{PATH}/{number}").body
    assert {name: shown[name] for name in ("name", "type", "owner", "c8y_IsDevice", "com_cumulocity_model_Agent")} == {
        "name": "Meter",
        "type": "homeport_LiveObjects",
        "owner": "homeport",
        "c8y_IsDevice": {},
        "com_cumulocity_model_Agent": {},
    }
    assert shown["c8y_Position"] == {"lat": 45.5, "lng": 3.0, "alt": 12.0}
    assert (shown["homeport_Tags"], shown["homeport_Properties"]) == (["roof"], {"vendor": "x"})
    assert shown["c8y_Availability"] == {"status": "AVAILABLE", "lastMessage": "2023-11-14T22:13:20.000Z"}
    assert shown["c8y_Connection"] == {"status": "CONNECTED"}
    (listed,) = client.get(PATH, ids=number).body["managedObjects"]
    assert {**shown, "childDevices": ..., "childAssets": ..., "childAdditions": ...}.keys() == listed.keys()
    assert listed["c8y_Connection"] == shown["c8y_Connection"]


def test_without_a_name_it_is_called_by_its_id_and_was_never_there(client: Client) -> None:
    shown = client.get(f"{PATH}/{registered(client)}").body
    assert shown["name"] == URN
    assert shown["c8y_Availability"] == {"status": "UNAVAILABLE"}
    assert "c8y_Position" not in shown


def test_one_that_has_no_interface_yet_is_a_device_too(client: Client) -> None:
    now = client.ports.clock.now()
    made = devices.register(client.ports, Device(client.tenant.id, "urn:lo:nsid:x:later", now, now, name="Later"))
    assert client.get(f"{PATH}/{made.number}").body["type"] == "homeport_LiveObjects"
    assert numbers(client, fragmentType="c8y_IsDevice") == [made.number]
    assert numbers(client, type="homeport_LiveObjects") == [made.number]
    found = client.get("/identity/externalIds/homeport_Urn/urn:lo:nsid:x:later").body
    assert found["managedObject"]["id"] == made.number


def test_one_of_ibm_has_its_type_and_its_name(client: Client) -> None:
    number = registered(client, "urn:lo:nsid:pump:p1", dialect="ibm", node=f"d:{client.tenant.id}:pump:p1")
    shown = client.get(f"{PATH}/{number}").body
    assert (shown["type"], shown["name"]) == ("pump", "p1")
    assert client.get("/identity/externalIds/homeport_Ibm/pump%3Ap1").body["managedObject"]["id"] == number
    assert numbers(client, type="pump") == [number]


def test_it_is_found_among_the_others(client: Client) -> None:
    number = registered(client, name="Meter", tags=("roof",), location=Location(45.5, 3.0))
    other = registered(client, "urn:lo:nsid:demo:two", name="Valve")
    own = client.made(PATH, {"name": "Meter", "type": "own", "c8y_IsDevice": {}})["id"]
    client.made(PATH, {"name": "Meter room"})
    heard(client, URN, session="s", since=1)
    assert numbers(client, fragmentType="c8y_IsDevice") == [number, other, own]
    assert numbers(client, type="homeport_LiveObjects") == [number, other]
    assert numbers(client, type="own") == [own]
    assert numbers(client, query="name eq 'Meter'") == [number, own]
    assert numbers(client, query="name eq 'Met*' and has(homeport_Tags)") == [number]
    assert numbers(client, query="has(c8y_Position)") == [number]
    assert numbers(client, query="c8y_Position.lat gt 45f") == [number]
    assert numbers(client, query="c8y_Connection.status eq 'CONNECTED'") == [number]
    assert numbers(client, q="name eq 'Valve'") == [other]
    assert numbers(client, text="valve") == [other]
    assert numbers(client, text="two") == [other]
    assert numbers(client, query="$orderby=name desc", type="x")[0] == other
    assert client.get(f"{PATH}/count", owner="homeport").body >= 2


def test_its_external_ids_follow_from_it(client: Client) -> None:
    number = registered(client, node="meter-1")
    path = f"/identity/globalIds/{number}/externalIds"
    client.made(path, {"type": "c8y_Serial", "externalId": "1"})
    found = {one["type"]: one["externalId"] for one in client.get(path).body["externalIds"]}
    assert found == {"c8y_Serial": "1", "homeport_Urn": URN, "homeport_mqtt": "meter-1"}
    for type_, value in found.items():
        assert client.get(f"/identity/externalIds/{type_}/{value}").body["managedObject"]["id"] == number
    sought = [{"type": "homeport_Urn", "externalId": URN}, {"type": "homeport_mqtt", "externalId": "none"}]
    searched = client.call("POST", "/identity/search", {"externalIds": sought}).body["externalIds"]
    assert [one["managedObject"]["id"] for one in searched] == [number]


@pytest.mark.parametrize("type_", ["homeport_Urn", "homeport_mqtt", "homeport_Ibm", "homeport_"])
def test_ids_that_follow_from_devices_are_neither_given_nor_taken(client: Client, type_: str) -> None:
    number = registered(client)
    given = client.call("POST", f"/identity/globalIds/{number}/externalIds", {"type": type_, "externalId": "x"})
    assert (given.status, given.error) == (422, "undefined/validationError")
    assert client.call("DELETE", f"/identity/externalIds/{type_}/{URN}").status in {404, 422}
    assert client.get(f"/identity/externalIds/{type_}/nobody").status == 404
    other = Client(client.ports, "other")
    assert other.get(f"/identity/externalIds/{type_}/{URN}").status == 404


def test_what_is_changed_is_changed_in_the_fleet(client: Client) -> None:
    number = registered(client, name="Meter", tags=("roof",), location=Location(1.0, 2.0))
    sent = {
        "name": "Gauge",
        "type": "mine",
        "c8y_Position": {"lat": 10, "lng": 20, "trackingProtocol": "TELIC"},
        "homeport_Tags": ["a", "b", "a"],
        "homeport_Properties": {"k": "v"},
        "c8y_Availability": {"status": "AVAILABLE"},
        "c8y_Notes": "beside",
    }
    shown = client.call("PUT", f"{PATH}/{number}", sent).body
    device = devices.get(client.ports, client.tenant.id, URN)
    assert (device.name, device.location, device.tags) == ("Gauge", Location(10.0, 20.0), ("a", "b"))
    assert device.properties == {"k": "v"}
    assert (shown["name"], shown["type"], shown["c8y_Notes"]) == ("Gauge", "homeport_LiveObjects", "beside")
    assert shown["c8y_Availability"] == {"status": "UNAVAILABLE"}
    assert numbers(client, fragmentType="c8y_Notes") == [number]
    client.call("PUT", f"{PATH}/{number}", {"c8y_Position": None, "homeport_Tags": None, "homeport_Properties": None})
    device = devices.get(client.ports, client.tenant.id, URN)
    assert (device.location, device.tags, dict(device.properties)) == (None, (), {})


@pytest.mark.parametrize(
    "sent",
    [
        {"c8y_Position": {"lat": 91, "lng": 0}},
        {"c8y_Position": "here"},
        {"homeport_Tags": "roof"},
        {"homeport_Properties": {"a": 1}},
        {"name": "n" * 300},
    ],
)
def test_what_the_fleet_does_not_take_changes_nothing(client: Client, sent: dict[str, Any]) -> None:
    number = registered(client, name="Meter")
    before = client.get(f"{PATH}/{number}").body
    reply = client.call("PUT", f"{PATH}/{number}", {**sent, "beside": 1})
    assert (reply.status, reply.error) == (422, "undefined/validationError")
    assert client.get(f"{PATH}/{number}").body == before


def test_name_and_place_of_a_device_of_its_own_are_the_fleets_as_well(client: Client) -> None:
    number = client.made(PATH, {"name": "Sensor", "c8y_IsDevice": {}})["id"]
    odd = {"lat": "north", "lng": 1}
    client.call("PUT", f"{PATH}/{number}", {"name": "Probe", "c8y_Position": {"lat": 1.5, "lng": 2.5}})
    device = devices.get(client.ports, client.tenant.id, f"urn:lo:nsid:c8y:{number}")
    assert (device.name, device.location) == ("Probe", Location(1.5, 2.5))
    assert client.call("PUT", f"{PATH}/{number}", {"c8y_Position": odd}).body["c8y_Position"] == odd
    assert devices.get(client.ports, client.tenant.id, device.id).location == replace(device).location


@pytest.mark.parametrize(("name", "called"), [("n" * 255, "n" * 255), ("n" * 256, None), ("n" * 500_000, None)])
def test_a_name_that_no_device_could_have_is_the_objects_alone(client: Client, name: str, called: str | None) -> None:
    made = client.made(PATH, {"name": name, "c8y_IsDevice": {}})
    assert client.get(f"{PATH}/{made['id']}").body["name"] == name
    assert devices.get(client.ports, client.tenant.id, f"urn:lo:nsid:c8y:{made['id']}").name == called


@pytest.mark.parametrize("how", ["told", "operation"])
def test_what_an_object_has_sent_stays_when_it_becomes_a_device(client: Client, how: str) -> None:
    number = client.made(PATH, {"name": "thing"})["id"]
    said = {"source": {"id": number}, "type": "t", "text": "t", "time": "2026-01-02T03:04:05Z"}
    paths = ("/event/events", "/alarm/alarms", "/measurement/measurements")

    def sent(severity: str) -> list[str]:
        more = {"severity": severity, "f": {"s": {"value": 1}}}
        return [f"{path}/{client.made(path, {**said, **more, 'type': severity})['id']}" for path in paths]

    def counts(**query: Any) -> list[int]:
        return [len(client.get(path, **query).body[path.rpartition("/")[2]]) for path in paths]

    before = sent("MINOR")
    if how == "told":
        assert client.call("PUT", f"{PATH}/{number}", {"c8y_IsDevice": {}}).status == 200
    else:
        client.made("/devicecontrol/operations", {"deviceId": number, "c8y_Restart": {}})
    every = before + sent("MAJOR")
    assert [client.get(one).status for one in every] == [200] * 6
    assert {client.get(one).body["source"]["id"] for one in every} == {number}
    assert counts(source=number) == counts() == [2, 2, 2]
    assert client.call("DELETE", f"{PATH}/{number}").status == 204
    assert [client.get(one).status for one in every] == [404] * 6
    assert counts() == [0, 0, 0]


def test_it_is_a_child_by_its_name(client: Client) -> None:
    number, room = registered(client, name="Meter"), client.made(PATH, {"name": "room"})["id"]
    client.made(f"{PATH}/{room}/childAssets", {"managedObject": {"id": number}})
    (reference,) = client.get(f"{PATH}/{room}").body["childAssets"]["references"]
    assert reference["managedObject"]["name"] == "Meter"
    (listed,) = client.get(f"{PATH}/{room}/childAssets").body["references"]
    assert listed["managedObject"]["type"] == "homeport_LiveObjects"


def test_what_is_of_it_names_it(client: Client) -> None:
    number = registered(client, name="Meter")
    said = {"type": "t", "text": "hot", "severity": "MAJOR", "time": "2026-01-02T03:04:05Z", "source": {"id": number}}
    client.made("/alarm/alarms", said)
    for query in ({}, {"source": number}):
        (alarm,) = client.get("/alarm/alarms", **query).body["alarms"]
        assert (alarm["source"]["id"], alarm["source"]["name"]) == (number, "Meter")


@pytest.mark.parametrize("dialect", ["live_objects", "ibm", "lwm2m", "xyte"])
def test_it_says_which_operations_mean_something_to_it(client: Client, dialect: str) -> None:
    number = registered(client, dialect=dialect)
    has = "has(c8y_SupportedOperations)"
    usual = ["c8y_Restart", "c8y_Firmware"] if dialect in ("lwm2m", "xyte") else None
    supported = client.get(f"{PATH}/{number}").body.get("c8y_SupportedOperations")
    assert (supported and supported[:2]) == usual
    assert numbers(client, query=has) == ([number] if usual else [])
    for wanted in (["c8y_Command"], []):
        assert client.call("PUT", f"{PATH}/{number}", {"c8y_SupportedOperations": wanted}).status == 200
        assert client.get(f"{PATH}/{number}").body["c8y_SupportedOperations"] == wanted
        assert numbers(client, query=has) == [number]
    assert client.call("PUT", f"{PATH}/{number}", {"c8y_SupportedOperations": None}).status == 200
    assert client.get(f"{PATH}/{number}").body.get("c8y_SupportedOperations") == supported
