"""What static templates take for what is left out, and what the rarer ones do (guide "MQTT", "Static templates")."""

from collections.abc import Mapping
from typing import Any

import pytest

from chalicelib.dialects.cumulocity import times
from tests.dialects.cumulocity.broker import Broker

pytestmark = pytest.mark.row("G7")
T = "2027-01-15T07:00:00.000Z"


@pytest.fixture
def broker() -> Broker:
    made = Broker()
    made.device("pump", "s/ds", "s/e")
    return made


def listed(broker: Broker, kind: str, serial: str = "pump") -> list[dict[str, Any]]:
    path = {"measurements": "measurement", "events": "event", "alarms": "alarm"}[kind]
    found: list[dict[str, Any]] = broker.client.get(f"/{path}/{kind}", source=broker.object(serial).id).body[kind]
    return found


def names_below(broker: Broker, kind: str, serial: str = "pump") -> list[str]:
    path = f"/inventory/managedObjects/{broker.object(serial).id}/{kind}"
    return [one["managedObject"].get("name", "") for one in broker.client.get(path).body["references"]]


REPLACED: list[tuple[str, str, str, Any]] = [
    ("110,SN,MODEL,REV", "110,,OTHER", "c8y_Hardware", {"model": "OTHER"}),
    ("111,1,2,3,4,5,6,7", "111,,,,262", "c8y_Mobile", {"mcc": "262"}),
    ("112,1,2,3,4", "112,5,6", "c8y_Position", {"lat": 5, "lng": 6}),
    ("113,a=1", "113,b=2", "c8y_Configuration", {"config": "b=2"}),
    ("114,c8y_Restart", "114,c8y_Command", "c8y_SupportedOperations", ["c8y_Command"]),
    ("115,a,1,u", "115,b,2", "c8y_Firmware", {"name": "b", "version": "2"}),
    ("116,a,1,u", "116", "c8y_SoftwareList", []),
    ("116,a,1,u", "116,b,2,,c,3", "c8y_SoftwareList", [("b", "2", ""), ("c", "3", "")]),
    ("118,boot", "118", "c8y_SupportedLogs", []),
    ("119,agent", "119", "c8y_SupportedConfigurations", []),
    ("143,apt", "143,pip,snap", "c8y_SupportedSoftwareTypes", ["pip", "snap"]),
    ("143,apt", "143", "c8y_SupportedSoftwareTypes", None),
    ("150,ssh", "150,Telnet", "c8y_RemoteAccessSupportedProtocols", ["TELNET"]),
    ("150,ssh", "150", "c8y_RemoteAccessSupportedProtocols", None),
    (f"120,a,http://x,f,{T}", f"120,a,http://y,,{T}", "c8y_Configuration_a", "a"),
    ("122,a,1,u,me", "122,b,2,,you", "c8y_Agent", {"name": "b", "version": "2", "url": "", "maintainer": "you"}),
]


@pytest.mark.parametrize(("before", "row", "fragment", "expected"), REPLACED)
def test_a_row_replaces_what_was_said_before(
    broker: Broker, before: str, row: str, fragment: str, expected: Any
) -> None:
    for said in (before, row):
        broker.publish("pump", said)
    found = broker.object().fragments.get(fragment)
    if fragment == "c8y_SoftwareList" and expected:
        expected = [dict(zip(("name", "version", "url"), one, strict=True)) for one in expected]
    if fragment == "c8y_Configuration_a":
        expected = {"name": "a", "time": T, "type": "a", "url": "http://y"}
    assert found == expected
    assert broker.received("pump") == []


NOW: list[tuple[str, str]] = [
    ("200,f,s,1", "measurements"),
    ("201,t,,f,s,1", "measurements"),
    ("210,-90", "measurements"),
    ("211,25", "measurements"),
    ("212,95", "measurements"),
    ("301,t", "alarms"),
    ("400,t,x", "events"),
    ("401,1,2", "events"),
    ("402,1,2", "events"),
    ("408,,,,a.x,INTEGER,1", "events"),
]


@pytest.mark.parametrize(("row", "kind"), NOW)
def test_without_a_time_it_is_when_the_broker_took_it(broker: Broker, row: str, kind: str) -> None:
    event = broker.event("pump", "s/us", row)
    broker.ports.clock.advance(seconds=90)
    broker.handle(event)
    (found,) = listed(broker, kind)
    assert times.parse(found["time"], "time") == event["at"]


def test_a_configuration_has_a_name_and_a_time_by_itself(broker: Broker) -> None:
    event = broker.event("pump", "s/us", "120,agent,http://x")
    broker.handle(event)
    told = broker.object().fragments["c8y_Configuration_agent"]
    assert (told["name"], told["type"], told["url"]) == ("agent", "agent", "http://x")
    assert told["time"].endswith("Z")


def test_a_place_that_is_told_as_an_event_alone_moves_no_device(broker: Broker) -> None:
    broker.publish("pump", f"401,50.3,8.6,100,5,{T}")
    (event,) = listed(broker, "events")
    assert (event["type"], event["text"], event["time"]) == ("c8y_LocationUpdate", "Location updated", T)
    assert event["c8y_Position"] == {"lat": 50.3, "lng": 8.6, "alt": 100, "accuracy": 5}
    assert "c8y_Position" not in broker.object().fragments


class TestAlarms:
    def test_fragments_are_removed_from_the_open_one(self, broker: Broker) -> None:
        source = {"id": broker.object().id}
        body = {"source": source, "type": "c8y_Hot", "text": "hot", "severity": "MAJOR", "time": T}
        broker.client.made("/alarm/alarms", {**body, "a": {"x": 1}, "b": {"y": 2}, "c": 3})
        broker.client.made("/alarm/alarms", {**body, "type": "c8y_Cold", "a": {"x": 1}})
        broker.publish("pump", "307,c8y_Hot,a,c,nothing")
        found = {one["type"]: one for one in listed(broker, "alarms")}
        assert ("a" in found["c8y_Hot"], "c" in found["c8y_Hot"]) == (False, False)
        assert (found["c8y_Hot"]["b"], found["c8y_Cold"]["a"]) == ({"y": 2}, {"x": 1})
        assert (found["c8y_Hot"]["status"], found["c8y_Hot"]["count"]) == ("ACTIVE", 1)
        assert broker.received("pump") == []

    @pytest.mark.parametrize("row", ["305,c8y_Hot,MINOR", "307,c8y_Hot,a"])
    def test_one_that_is_over_is_changed_no_more(self, broker: Broker, row: str) -> None:
        broker.publish("pump", "302,c8y_Hot\n306,c8y_Hot")
        broker.publish("pump", row)
        assert broker.received("pump") == [("s/e", f"50,{row[:3]},no alarm of the type c8y_Hot is open")]
        (alarm,) = listed(broker, "alarms")
        assert (alarm["severity"], alarm["status"]) == ("MAJOR", "CLEARED")

    def test_they_have_the_text_and_time_that_are_said(self, broker: Broker) -> None:
        broker.publish("pump", f"303,c8y_Hot,too hot,{T}")
        (alarm,) = listed(broker, "alarms")
        assert (alarm["text"], alarm["time"], alarm["severity"]) == ("too hot", T, "MINOR")


class TestEvents:
    def test_fragments_are_removed_from_the_latest_of_its_type(self, broker: Broker) -> None:
        for day in (1, 3, 2):
            body = {"source": {"id": broker.object().id}, "type": "t", "text": str(day), "a": day, "b": day}
            broker.client.made("/event/events", {**body, "time": f"2027-01-0{day}T00:00:00Z"})
        broker.publish("pump", "400,other,x,2027-01-04T00:00:00Z\n407,t,a")
        found = {one["text"]: one for one in listed(broker, "events")}
        assert [("a" in found[day], "b" in found[day]) for day in "123"] == [(True, True), (True, True), (False, True)]

    def test_parameters_that_are_as_they_were_are_no_event(self, broker: Broker) -> None:
        broker.publish("pump", "408,,,false,a.x,NUMBER,1.5,b,STRING,s")
        assert {one["text"] for one in listed(broker, "events")} == {"Parameters updated"}
        broker.publish("pump", "408,,,true,a.x,NUMBER,1.5,b,STRING,s")
        assert len(listed(broker, "events")) == 2
        broker.publish("pump", "408,,,true,a.x,NUMBER,1.5,b,STRING,other")
        assert [one.get("b") for one in listed(broker, "events")][:1] == ["other"]
        assert len(listed(broker, "events")) == 3


class TestSoftware:
    def test_all_of_it_is_replaced_and_removed_by_name_and_version(self, broker: Broker) -> None:
        for row in ("140,a,1,apt,,b,2,apt,u", "140,b,2,apt,u,c,1,pip,,d,1,,", "142,b,9,c,1,d"):
            broker.publish("pump", row)
        below = broker.client.get(f"/inventory/managedObjects/{broker.object().id}/childAdditions").body["references"]
        ((found),) = [one["managedObject"]["c8y_InstalledSoftwareList"] for one in below]
        assert found == [{"name": "b", "version": "2", "softwareType": "apt", "url": "u"}]
        broker.publish("pump", "140")
        below = broker.client.get(f"/inventory/managedObjects/{broker.object().id}/childAdditions").body["references"]
        assert [one["managedObject"]["c8y_InstalledSoftwareList"] for one in below] == [[]]

    def test_that_of_a_child_is_its_own(self, broker: Broker) -> None:
        broker.publish("pump", "101,kid")
        broker.publish("pump", "141,a,1,apt,u", "s/us/kid")
        assert [len(names_below(broker, "childAdditions", serial)) for serial in ("pump", "kid")] == [0, 1]


class TestDevices:
    def test_what_is_left_out_has_the_vendors_names(self, broker: Broker) -> None:
        broker.publish("pump", "100\n101,kid\n101,known,,,FALSE")
        kid = broker.object("kid")
        assert (broker.object().name, broker.object().type) == ("MQTT Device pump", "c8y_MQTTDevice")
        assert (kid.name, kid.type) == ("MQTT Device kid", "c8y_MQTTChildDevice")
        assert "c8y_IsDevice" in kid.fragments
        assert names_below(broker, "childDevices") == ["MQTT Device kid", "MQTT Device known"]
        assert broker.received("pump") == []

    @pytest.mark.parametrize(("marker", "device"), [("false", False), ("true", True), ("no", True), ("", True)])
    def test_false_alone_makes_a_child_no_device(self, broker: Broker, marker: str, device: bool) -> None:  # noqa: FBT001 - a case
        broker.publish("pump", f"101,kid,Kid,t,{marker}")
        assert ("c8y_IsDevice" in broker.object("kid").fragments) is device

    def test_services_are_additions_and_several_of_a_device(self, broker: Broker) -> None:
        broker.publish("pump", "102,one,systemd,One,up\n102,two,systemd,Two,up\n102,one,systemd,One,down")
        assert names_below(broker, "childAdditions") == ["One", "Two"]
        assert [broker.object(xid).fragments["status"] for xid in ("one", "two")] == ["down", "up"]
        broker.publish("pump", f"200,f,s,1,,{T}", "s/us/two")
        assert len(listed(broker, "measurements", "two")) == 1

    @pytest.mark.parametrize("row", ["102,,systemd,One,up", "102,a,,One,up", "102,a,systemd,,up", "102,a,systemd,One"])
    def test_a_service_lacks_nothing(self, broker: Broker, row: str) -> None:
        broker.publish("pump", row)
        assert broker.received("pump") == [("s/e", "45,102,Wrong number of arguments")]
        assert names_below(broker, "childAdditions") == []


def test_the_platform_tells_its_version_and_its_templates(broker: Broker) -> None:
    broker.publish("pump", "600\n602")
    ((_, text),) = broker.received("pump")
    version, known = text.split("\n")
    assert version == "601,2025.0.0"
    ranges = [(100, 102), (104, 107), (110, 125), (140, 143), (150, 150), (200, 201), (210, 212), (301, 307)]
    ranges += [(400, 402), (407, 408), (500, 507), (510, 511), (513, 513), (515, 531), (600, 603)]
    assert known.split(",")[1:] == [str(one) for first, last in ranges for one in range(first, last + 1)]


RESULTS: list[tuple[Mapping[str, Any], str, Mapping[str, Any]]] = [
    ({"c8y_Command": {"text": "ls"}}, "a.txt", {"c8y_Command": {"text": "ls", "result": "a.txt"}}),
    (
        {"c8y_LogfileRequest": {"logFile": "f"}},
        "http://x",
        {"c8y_LogfileRequest": {"logFile": "f", "file": "http://x"}},
    ),
    ({"c8y_Firmware": {"name": "a"}}, "surplus,more", {"c8y_Firmware": {"name": "a"}}),
    ({"c8y_UploadConfigFile": {"type": "t"}}, "http://x", {"c8y_UploadConfigFile": {"type": "t"}}),
    ({"c8y_Command": {"text": "ls"}}, "", {"c8y_Command": {"text": "ls"}}),
]


@pytest.mark.parametrize("template", ["503", "506"])
@pytest.mark.parametrize(("operation", "said", "shown"), RESULTS)
def test_what_an_operation_came_to_stands_in_it(
    broker: Broker, template: str, operation: Mapping[str, Any], said: str, shown: Mapping[str, Any]
) -> None:
    made = broker.order("pump", operation)
    (fragment,) = operation
    broker.publish("pump", f"{template},{fragment if template == '503' else made},{said}")
    found = broker.client.get(f"/devicecontrol/operations/{made}").body
    assert (found["status"], found[fragment]) == ("SUCCESSFUL", shown[fragment])
    assert broker.received("pump") == []


@pytest.mark.parametrize("template", ["503", "506"])
def test_states_of_relays_and_dumps_are_the_devices_however_an_operation_is_named(
    broker: Broker, template: str
) -> None:
    for fragment, operation, said in (
        ("c8y_RelayArray", ["OPEN"], "CLOSED,OPEN"),
        ("c8y_DownloadConfigFile", {"url": "u", "c8y_ConfigurationDump": {"id": "7"}}, ""),
        ("c8y_CommunicationMode", {"mode": "SMS"}, ""),
    ):
        made = broker.order("pump", {fragment: operation})
        broker.publish("pump", f"{template},{fragment if template == '503' else made},{said}")
        assert broker.status(made) == "SUCCESSFUL"
    found = broker.object().fragments
    assert (found["c8y_RelayArray"], found["c8y_CommunicationMode"]) == (["CLOSED", "OPEN"], {"mode": "SMS"})
    assert found["c8y_ConfigurationDump"]["id"] == "7"
    assert found["c8y_ConfigurationDump"]["time"].endswith("Z")


def test_the_vendors_agent_starts_measures_and_obeys(broker: Broker) -> None:
    """What its device management agent says, message by message, with an end of a restart that nobody has ordered."""
    start = ('113,"mqtt.tls=false\nagent.name=pump"', "143,apt", "119,sshd,agent", "400,c8y_AgentStartEvent,started")
    ended = "503,c8y_Restart,Restart Successful"
    itself = ("118,agentlog", ended, "114,c8y_Command,c8y_Restart,c8y_LogfileRequest", "117,10", "110,pump,raspberry,1")
    for row in ("100,agent-pump,c8y_dm_example_device", *start, *itself, "115,debian-12,6.18,None", "122,A,1,u,Open"):
        broker.publish("pump", row)
    assert [(topic, text[:7]) for topic, text in broker.received("pump")] == [("s/e", "50,503,")]
    found = broker.object()
    assert (found.name, found.type) == ("agent-pump", "c8y_dm_example_device")
    assert found.fragments["c8y_Configuration"] == {"config": "mqtt.tls=false\nagent.name=pump"}
    assert found.fragments["c8y_Firmware"] == {"name": "debian-12", "version": "6.18", "url": "None"}
    assert found.fragments["c8y_RequiredAvailability"] == {"responseInterval": 10}
    broker.publish("pump", "201,c8y_deviceStats,,cpu,user,0.0,,disk,total,270553174016,,memory,percent,3.7")
    (measured,) = listed(broker, "measurements")
    assert (measured["cpu"]["user"], measured["disk"]["total"]) == ({"value": 0}, {"value": 270553174016})
    assert measured["memory"]["percent"] == {"value": 3.7}
    made = broker.order("pump", {"c8y_Command": {"text": 'echo a,b "q"'}})
    broker.run()
    assert broker.operations("pump") == [("s/ds", '511,pump,"echo a,b \\"q\\""')]
    for row in ("501,c8y_Command", "502,c8y_Command,Unhandled exception. exception=CommandFailedError()"):
        broker.publish("pump", row)
    shown = broker.client.get(f"/devicecontrol/operations/{made}").body
    assert shown["failureReason"] == "Unhandled exception. exception=CommandFailedError()"
    assert shown["status"] == "FAILED"
