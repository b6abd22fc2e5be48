import json
from collections.abc import Mapping
from typing import Any

import pytest

from tests.dialects.cumulocity.broker import Broker
from tests.dialects.cumulocity.client import Client

T = "2027-01-15T07:00:00.000Z"


pytestmark = pytest.mark.row("G7")


@pytest.fixture
def broker() -> Broker:
    return Broker()


@pytest.fixture
def pump(broker: Broker) -> str:
    return broker.device("pump", "s/ds", "s/e")


def listed(broker: Broker, kind: str, **query: Any) -> list[dict[str, Any]]:
    path = {"measurements": "measurement", "events": "event", "alarms": "alarm"}[kind]
    found: list[dict[str, Any]] = broker.client.get(f"/{path}/{kind}", **query).body[kind]
    return found


FRAGMENTS: dict[str, Mapping[str, Any]] = {
    "110,SN,MODEL,REV": {"c8y_Hardware": {"serialNumber": "SN", "model": "MODEL", "revision": "REV"}},
    "110,,MODEL": {"c8y_Hardware": {"model": "MODEL"}},
    "111,1,2,3,4,5,6,7": {
        "c8y_Mobile": dict(zip(("imei", "iccid", "imsi", "mcc", "mnc", "lac", "cellId"), "1234567", strict=True))
    },
    "112,50.3,8.6,100,5": {"c8y_Position": {"lat": 50.3, "lng": 8.6, "alt": 100, "accuracy": 5}},
    '113,"a=1\nb=2"': {"c8y_Configuration": {"config": "a=1\nb=2"}},
    "114,c8y_Restart,c8y_Command": {"c8y_SupportedOperations": ["c8y_Restart", "c8y_Command"]},
    "114": {"c8y_SupportedOperations": []},
    "115,fw,1.0,http://x": {"c8y_Firmware": {"name": "fw", "version": "1.0", "url": "http://x"}},
    "116,a,1,u,b,2": {
        "c8y_SoftwareList": [{"name": "a", "version": "1", "url": "u"}, {"name": "b", "version": "2", "url": ""}]
    },
    "117,60": {"c8y_RequiredAvailability": {"responseInterval": 60}},
    "118,agent,boot": {"c8y_SupportedLogs": ["agent", "boot"]},
    "119,agent": {"c8y_SupportedConfigurations": ["agent"]},
    f"120,agent,http://x,agent.ini,{T}": {
        "c8y_Configuration_agent": {"name": "agent.ini", "time": T, "type": "agent", "url": "http://x"}
    },
    f"120,agent.toml,http://x,,{T}": {
        "c8y_Configuration_agent_toml": {"name": "agent.toml", "time": T, "type": "agent.toml", "url": "http://x"}
    },
    "122,agent,1.0,,me": {"c8y_Agent": {"name": "agent", "version": "1.0", "url": "", "maintainer": "me"}},
    "143,apt,pip": {"c8y_SupportedSoftwareTypes": ["apt", "pip"]},
    "150,ssh,Vnc": {"c8y_RemoteAccessSupportedProtocols": ["SSH", "VNC"]},
}


@pytest.mark.parametrize("row", FRAGMENTS)
def test_a_row_that_describes_the_device_writes_its_fragment(broker: Broker, pump: str, row: str) -> None:
    broker.publish(pump, row)
    before: Mapping[str, Any] = {"c8y_IsDevice": {}, "com_cumulocity_model_Agent": {}}
    assert broker.object().fragments == {**before, **FRAGMENTS[row]}
    assert broker.received(pump) == []


MEASURED: dict[str, Mapping[str, Any]] = {
    f"200,c8y_Temperature,T,25,C,{T}": {
        "type": "c8y_Temperature",
        "c8y_Temperature": {"T": {"value": 25, "unit": "C"}},
    },
    f"200,with blank,S,1.5,,{T}": {"type": "with blank", "with blank": {"S": {"value": 1.5}}},
    # The last unit may be cut off.
    f"201,c8y_Stats,{T},cpu,user,0.5,,memory,percent,3.7": {
        "type": "c8y_Stats",
        "cpu": {"user": {"value": 0.5}},
        "memory": {"percent": {"value": 3.7}},
    },
    f"210,-90,23,{T}": {
        "type": "c8y_SignalStrength",
        "c8y_SignalStrength": {"rssi": {"value": -90, "unit": "dBm"}, "ber": {"value": 23, "unit": "%"}},
    },
    f"210,,23,{T}": {"type": "c8y_SignalStrength", "c8y_SignalStrength": {"ber": {"value": 23, "unit": "%"}}},
    f"211,25,{T}": {
        "type": "c8y_TemperatureMeasurement",
        "c8y_TemperatureMeasurement": {"T": {"value": 25, "unit": "C"}},
    },
    f"212,95,{T}": {"type": "c8y_Battery", "c8y_Battery": {"level": {"value": 95, "unit": "%"}}},
}


@pytest.mark.parametrize("row", MEASURED)
def test_a_row_that_measures_is_a_measurement(broker: Broker, pump: str, row: str) -> None:
    broker.publish(pump, row)
    (found,) = listed(broker, "measurements", source=broker.object().id)
    told = {name: value for name, value in found.items() if name not in ("id", "self", "source")}
    assert told == {**MEASURED[row], "time": T}


@pytest.mark.parametrize(
    ("template", "severity"), [("301", "CRITICAL"), ("302", "MAJOR"), ("303", "MINOR"), ("304", "WARNING")]
)
def test_alarms_are_raised_changed_and_cleared(broker: Broker, pump: str, template: str, severity: str) -> None:
    broker.publish(pump, f"{template},c8y_Hot\n{template},c8y_Hot,too hot,{T}")
    (alarm,) = listed(broker, "alarms")
    assert (alarm["severity"], alarm["text"], alarm["count"]) == (severity, "Alarm of type c8y_Hot raised", 2)
    broker.publish(pump, "305,c8y_Hot,minor")
    assert listed(broker, "alarms")[0]["severity"] == "MINOR"
    broker.publish(pump, "306,c8y_Hot")
    assert listed(broker, "alarms")[0]["status"] == "CLEARED"
    broker.publish(pump, "306,c8y_Hot")
    assert broker.received(pump) == []
    broker.publish(pump, "305,c8y_Hot,MINOR")
    assert broker.received(pump) == [("s/e", "50,305,no alarm of the type c8y_Hot is open")]


def test_nobody_is_alarmed_while_somebody_works_on_it(broker: Broker, pump: str) -> None:
    broker.publish(pump, "117,-1\n301,c8y_Hot")
    assert listed(broker, "alarms") == []


def test_events_and_places(broker: Broker, pump: str) -> None:
    broker.publish(pump, f"400,c8y_Door,door is open,{T}\n402,50.3,8.6,,5,{T}")
    place, door = listed(broker, "events", source=broker.object().id)
    assert (door["type"], door["text"], door["time"]) == ("c8y_Door", "door is open", T)
    position = {"lat": 50.3, "lng": 8.6, "accuracy": 5}
    assert (place["type"], place["text"]) == ("c8y_LocationUpdate", "Location updated")
    assert place["c8y_Position"] == broker.object().fragments["c8y_Position"] == position
    broker.publish(pump, "407,c8y_LocationUpdate,c8y_Position")
    assert "c8y_Position" not in listed(broker, "events", source=broker.object().id)[0]


def test_parameters_are_an_event_for_each_fragment_with_what_has_changed(broker: Broker, pump: str) -> None:
    broker.publish(pump, "408,set,,false,a.x,INTEGER,1,a.y,BOOLEAN,true,b.z,STRING,s")
    broker.publish(pump, "408,set,,true,a.x,INTEGER,1,a.y,BOOLEAN,false,b.z,STRING,s")
    last, *before = listed(broker, "events", source=broker.object().id)
    assert (last["type"], last["text"], last["a"]) == ("c8y_ParameterUpdate", "set", {"y": False})
    assert sorted(json.dumps(one.get("a") or one.get("b"), sort_keys=True) for one in before) == [
        '{"x": 1, "y": true}',
        '{"z": "s"}',
    ]


def test_fragments_are_removed(broker: Broker, pump: str) -> None:
    broker.publish(pump, "110,1,2,3\n115,a,b,c\n107,c8y_Hardware,c8y_Nothing")
    assert "c8y_Hardware" not in broker.object().fragments
    assert "c8y_Firmware" in broker.object().fragments


def test_the_interval_is_set_where_nobody_has_set_it(broker: Broker, pump: str) -> None:
    broker.client.call(
        "PUT", f"/inventory/managedObjects/{broker.object().id}", {"c8y_RequiredAvailability": {"responseInterval": 5}}
    )
    broker.publish(pump, "117,60")
    assert broker.object().fragments["c8y_RequiredAvailability"] == {"responseInterval": 5}


def test_software_is_a_list_beside_the_device(broker: Broker, pump: str) -> None:
    broker.publish(pump, "140,a,1,apt,,b,2,apt,u\n141,b,3,apt,,c,1,pip,\n142,a,1")
    below = broker.client.get(f"/inventory/managedObjects/{broker.object().id}/childAdditions").body["references"]
    ((found),) = [one["managedObject"]["c8y_InstalledSoftwareList"] for one in below]
    assert [(one["name"], one["version"], one["softwareType"]) for one in found] == [
        ("b", "3", "apt"),
        ("c", "1", "pip"),
    ]


class TestAsking:
    def test_the_platform_answers_on_the_topic_of_operations(self, broker: Broker, pump: str) -> None:
        broker.publish(pump, "101,kid\n105\n123\n600\n602")
        ((topic, text),) = broker.received(pump)
        children, number, version, known = text.split("\n")
        assert (topic, children, number) == ("s/ds", "106,kid", f"124,{broker.object().id}")
        assert version.startswith("601,")
        assert set(known.split(",")) >= {"603", "100", "408", "507", "531"}

    def test_who_does_not_listen_is_told_nothing(self, broker: Broker) -> None:
        pump = broker.device("pump")
        broker.publish(pump, "123\n9999")
        assert broker.received(pump) == []
        assert broker.complaints() == ["no static template has the id 9999"]

    def test_a_subscription_that_is_told_late_counts(self, broker: Broker) -> None:
        pump = broker.device("pump")
        broker.ports.delivery.sessions[pump] += ["s/ds", "s/e"]
        broker.publish(pump, "123\n9999")
        assert [topic for topic, _ in broker.received(pump)] == ["s/e", "s/ds"]


class TestCreating:
    def test_the_first_that_names_a_device_does(self, broker: Broker, pump: str) -> None:
        broker.publish(pump, "110,1,2,3")
        broker.publish(pump, "100,My pump,c8y_Pump")
        broker.publish(pump, "100,Other,other")
        assert broker.received(pump) == [("s/e", "41,100,Device already existing")]
        assert (broker.object().name, broker.object().type) == ("My pump", "c8y_Pump")

    def test_a_child_that_is_spoken_for_is_made(self, broker: Broker, pump: str) -> None:
        broker.publish(pump, "200,f,s,1", "s/us/kid")
        kid = broker.object("kid")
        assert (kid.name, kid.type, kid.owner) == ("MQTT Device kid", "c8y_MQTTChildDevice", "device_pump")
        below = broker.client.get(f"/inventory/managedObjects/{broker.object().id}/childDevices").body["references"]
        assert [one["managedObject"]["id"] for one in below] == [kid.id]
        assert len(listed(broker, "measurements", source=kid.id)) == 1
        assert listed(broker, "measurements", source=broker.object().id) == []

    def test_children_of_children_and_services(self, broker: Broker, pump: str) -> None:
        broker.publish(pump, "101,kid,Kid,t,false")
        broker.publish(pump, "101,grandkid,Grand,t", "s/us/kid")
        broker.publish(pump, "102,svc,systemd,DatabaseService,up", "s/us/grandkid")
        assert "c8y_IsDevice" not in broker.object("kid").fragments
        assert "c8y_IsDevice" in broker.object("grandkid").fragments
        service = broker.object("svc")
        assert (service.type, service.name) == ("c8y_Service", "DatabaseService")
        assert service.fragments == {"serviceType": "systemd", "status": "up"}
        broker.publish(pump, "104,down", "s/us/svc")
        assert broker.object("svc").fragments["status"] == "down"
        broker.publish(pump, "102,svc,docker,Db,up", "s/us/grandkid")
        assert (broker.object("svc").name, broker.object("svc").fragments["serviceType"]) == ("Db", "docker")
        broker.publish(pump, "101,kid,Renamed,other")
        assert broker.object("kid").name == "Kid"

    def test_a_child_of_another_device_is_out_of_reach(self, broker: Broker, pump: str) -> None:
        other = broker.device("other", "s/e")
        broker.publish(other, "101,kid,Kid,t")
        before = broker.object("kid")
        for topic in ("s/us/kid", "s/us/other"):
            broker.publish(pump, "107,c8y_IsDevice\n100,Mine", topic)
            broker.publish(pump, "200,f,s,1", topic)
        broker.publish(pump, "101,kid,Mine,t")
        assert broker.object("kid") == before
        assert {text.partition(",")[0] for _, text in broker.received(pump)} == {"50"}
        assert listed(broker, "measurements", source=before.id) == []

    def test_a_deleted_device_says_nothing_until_it_connects_again(self, broker: Broker, pump: str) -> None:
        number = broker.object().id
        broker.client.call("DELETE", f"/inventory/managedObjects/{number}")
        broker.publish(pump, "200,f,s,1\n110,1")
        assert broker.client.get(f"/inventory/managedObjects/{number}").status == 404
        assert broker.client.get("/inventory/managedObjects").body["managedObjects"] == []


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("9999,x", "43,9999,no static template has the id 9999"),
        ("101", "45,101,Wrong number of arguments"),
        ("102,a,b,c", "45,102,Wrong number of arguments"),
        ("105,x", "45,105,No arguments supported"),
        ("110,1,2,3,4", "45,110,Wrong number of arguments"),
        ("112,north", "45,112,Value is not a Number: north"),
        ("117,1.5", "45,117,Value is not a Integer: 1.5"),
        ("200,f,s,nan", "45,200,Value is not a Number: nan"),
        ("200,f,s", "45,200,Wrong number of arguments"),
        ("200,f,s,1,,yesterday", "45,200,Value is not a Date: yesterday"),
        ("200,source,s,1", "45,200,source is no name of a fragment"),
        ("201,t,,f,s,1,,type,s,1", "45,201,type is no name of a fragment"),
        ("201,t,,f,s", "45,201,Wrong number of arguments"),
        ("305,t,awful", "45,305,Value is not a Severity: awful"),
        ("503,c8y_Restart", "50,503,there is no operation with the fragment c8y_Restart that this could be about"),
        ('110,"a', "42,110,a quote of this row does not end where its value does"),
        ("407,none,a", "50,407,there is no event of the type none"),
        ("408,t,,maybe,a,STRING,b", "45,408,Value is not a Boolean: maybe"),
    ],
)
def test_what_is_wrong_with_a_row_is_told_and_the_next_one_taken(
    broker: Broker, pump: str, row: str, told: str
) -> None:
    broker.publish(pump, f"115,before\n{row}" if '"' in row else f"{row}\n115,after")
    assert broker.received(pump) == [("s/e", told)]
    assert "c8y_Firmware" in broker.object().fragments
    assert broker.complaints() == [told.split(",", 2)[2]]


def test_what_comes_twice_changes_and_answers_nothing(broker: Broker, pump: str) -> None:
    event = broker.event(pump, "s/us", "100,Pump,t\n301,hot\n200,f,s,1\n123\n9999\n400,e,text")
    broker.handle(event)
    first = broker.received(pump)
    assert [topic for topic, _ in first] == ["s/e", "s/ds"]
    broker.handle(event)
    assert broker.received(pump) == []
    source = broker.object().id
    assert [len(listed(broker, kind, source=source)) for kind in ("measurements", "events")] == [1, 1]
    assert [alarm["count"] for alarm in listed(broker, "alarms")] == [1]


@pytest.mark.parametrize(("prefix", "kept"), [("s", 1), ("q", 1), ("t", 0), ("c", 0)])
def test_the_mode_says_what_is_kept(broker: Broker, pump: str, prefix: str, kept: int) -> None:
    broker.publish(pump, "200,f,s,1\n400,e,text\n301,hot", f"{prefix}/us")
    source = broker.object().id
    assert [len(listed(broker, k, source=source)) for k in ("measurements", "events", "alarms")] == [kept] * 3


@pytest.mark.parametrize("topic", ["s/nowhere", "s/ul/x", "t/ut/x", "event", "s"])
def test_what_is_no_topic_goes_to_the_audit_log(broker: Broker, pump: str, topic: str) -> None:
    broker.publish(pump, "100,a", topic)
    assert any("may not publish on topic" in reason for reason in broker.complaints())


def test_a_payload_that_is_no_text_goes_to_the_audit_log(broker: Broker, pump: str) -> None:
    broker.publish(pump, b"100,\xff\xfe")
    assert broker.complaints() == ["the payload is no UTF-8"]


def test_a_message_has_so_many_rows(broker: Broker, pump: str) -> None:
    broker.publish(pump, "\n".join(f"200,f,s{n},1,,{T}" for n in range(1_003)))
    assert broker.received(pump) == [("s/e", "42,200,a message has at most 1000 rows")]


def test_a_stranger_in_a_tenant_that_shares_the_serial_sees_nothing(broker: Broker, pump: str) -> None:
    broker.publish(pump, "101,kid")
    stranger = Broker(Client(broker.ports, "globex"))
    other = stranger.device("theirs", "s/ds", "s/e")
    stranger.publish(other, "110,1", "s/us/kid")
    stranger.publish(other, "105")
    assert "c8y_Hardware" not in broker.object("kid").fragments
    assert stranger.object("kid").fragments["c8y_Hardware"] == {"serialNumber": "1"}
