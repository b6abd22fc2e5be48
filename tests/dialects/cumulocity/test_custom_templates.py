from collections.abc import Mapping
from typing import Any

import pytest

from chalicelib.dialects.cumulocity.smartrest import paths
from chalicelib.fleet.presence.records import Route
from tests.dialects.cumulocity.broker import Broker

T = "2027-01-15T07:00:00.000Z"
OPERATION = {"c8y_CustomConfiguration": {"val1": "1", "val2": "2", "customValues": ["a", "b", "c"]}}


pytestmark = pytest.mark.row("G8")


@pytest.fixture
def broker() -> Broker:
    return Broker()


@pytest.fixture
def pump(broker: Broker) -> str:
    return broker.device("d:pump:own", "s/ds", "s/e", "s/dt", "s/dd", "s/dc/mine", user=broker.user("pump"))


ODD = ["['a.b']", "['$a']", "$a", "$.$a.b", "x['$a'].b", "list[0]", "a..b", "."]


@pytest.mark.parametrize("path", ODD)
def test_a_request_that_would_set_what_is_no_name_is_not_made(broker: Broker, pump: str, path: str) -> None:
    broker.publish(pump, f"10,set,PUT,INVENTORY,,false,c8y_Serial,{path},STRING,", "s/ut/mine")
    ((topic, told),) = broker.received(pump)
    assert (topic, told.split(",")[:2]) == ("s/e", ["41", "mine"])
    assert path in told
    broker.publish(pump, "set,pump,x", "s/uc/mine")
    assert broker.object().fragments.keys() == {"c8y_IsDevice", "com_cumulocity_model_Agent"}


@pytest.mark.parametrize("path", ODD)
def test_one_that_came_over_rest_sets_nothing_either(broker: Broker, pump: str, path: str) -> None:
    value = {"path": path, "type": "STRING", "value": ""}
    request = {"msgId": "set", "method": "PUT", "api": "INVENTORY", "byId": False, "externalIdType": "c8y_Serial"}
    templates = {"requestTemplates": [{**request, "customValues": [value]}], "responseTemplates": []}
    body = {"name": "mine", "type": "c8y_SmartRest2Template"}
    made = broker.client.made(
        "/inventory/managedObjects", {**body, "com_cumulocity_model_smartrest_csv_CsvSmartRestTemplate": templates}
    )["id"]
    name = {"type": "c8y_SmartRest2DeviceIdentifier", "externalId": "mine"}
    broker.client.made(f"/identity/globalIds/{made}/externalIds", name)
    broker.publish(pump, "set,pump,x", "s/uc/mine")
    ((topic, told),) = broker.received(pump)
    assert (topic, told.split(",")[:2]) == ("s/e", ["45", "set"])
    assert broker.object().fragments.keys() == {"c8y_IsDevice", "com_cumulocity_model_Agent"}


def define(broker: Broker, client: str, *rows: str, xid: str = "mine") -> str:
    broker.publish(client, "\n".join(rows), f"s/ut/{xid}")
    ((topic, text),) = broker.received(client)
    assert (topic, text.split(",")[:2]) == ("s/dt", ["20", xid]), text
    return text.split(",")[2]


def latest(broker: Broker, kind: str) -> Mapping[str, Any]:
    path = {"measurements": "measurement", "events": "event", "alarms": "alarm"}[kind]
    found: Mapping[str, Any] = broker.client.get(f"/{path}/{kind}").body[kind][0]
    return found


class TestRequests:
    """The documented examples."""

    def test_measurements(self, broker: Broker, pump: str) -> None:
        rows = "10,999,POST,MEASUREMENT,,c8y_CustomMeasurement,,c8y_CustomMeasurement.custom.value,NUMBER,"
        define(broker, pump, rows)
        broker.publish(pump, f"999,{T},25\n999,,30.6", "s/uc/mine")
        found = broker.client.get("/measurement/measurements", source=broker.object().id).body["measurements"]
        assert {one["c8y_CustomMeasurement"]["custom"]["value"] for one in found} == {25, 30.6}
        assert {one["type"] for one in found} == {"c8y_CustomMeasurement"}

    def test_events_with_flags_and_fixed_values(self, broker: Broker, pump: str) -> None:
        define(broker, pump, "10,e,POST,EVENT,,c8y_E,fixed,,c8y_A.reason,STRING,,c8y_Flag,FLAG,,c8y_N,INTEGER,7")
        broker.publish(pump, "e,,overheated", "s/uc/mine")
        found = latest(broker, "events")
        assert (found["type"], found["text"], found["c8y_A"]) == ("c8y_E", "fixed", {"reason": "overheated"})
        assert (found["c8y_Flag"], found["c8y_N"]) == ({}, 7)

    def test_alarms_are_raised_and_cleared(self, broker: Broker, pump: str) -> None:
        define(
            broker,
            pump,
            "10,raise,POST,ALARM,,c8y_Custom,,ACTIVE,MAJOR,,c8y_Fragment.reason,STRING,",
            "10,clear,PUT,ALARM,,c8y_Custom,status,ALARMSTATUS,CLEARED",
        )
        broker.publish(pump, "raise,too hot,,fan", "s/uc/mine")
        found = latest(broker, "alarms")
        assert (found["text"], found["severity"], found["c8y_Fragment"]) == ("too hot", "MAJOR", {"reason": "fan"})
        broker.publish(pump, "clear", "s/uc/mine")
        assert latest(broker, "alarms")["status"] == "CLEARED"

    def test_objects_by_id_or_by_external_id(self, broker: Broker, pump: str) -> None:
        define(
            broker,
            pump,
            "10,byid,PUT,INVENTORY,,true,,c8y_A,STRING,",
            "10,serial,PUT,INVENTORY,,false,c8y_Serial,c8y_Network.c8y_LAN.ip,STRING,,c8y_Network.on,BOOLEAN,",
            "10,any,PUT,INVENTORY,,false,,c8y_B,NUMBER,",
            "10,make,POST,INVENTORY,,c8y_MySerial,name,STRING,,type,STRING,t",
        )
        number = broker.object().id
        broker.publish(pump, f"byid,{number},x\nserial,pump,10.0.0.1,true\nany,c8y_Serial,pump,2", "s/uc/mine")
        found = broker.object().fragments
        assert (found["c8y_A"], found["c8y_B"]) == ("x", 2)
        assert found["c8y_Network"] == {"c8y_LAN": {"ip": "10.0.0.1"}, "on": True}
        broker.publish(pump, "make,my-1,Made", "s/uc/mine")
        made = broker.client.get("/identity/externalIds/c8y_MySerial/my-1").body["managedObject"]["id"]
        assert broker.client.get(f"/inventory/managedObjects/{made}").body["name"] == "Made"

    def test_what_is_read_is_answered(self, broker: Broker, pump: str) -> None:
        broker.publish(pump, '100,myMqttDevice,c8y_T\n113,"val1=1"')
        define(
            broker,
            pump,
            "10,999,GET,INVENTORY,,true",
            "10,998,GET,INVENTORY,,false,c8y_Serial",
            "11,888,,c8y_IsDevice,name,c8y_Test,c8y_Configuration.config",
            "11,777,,c8y_Nothing,name",
            '11,666,,,"$.c8y_SupportedOperations[*]"',
        )
        broker.publish(pump, "114,a,b")
        for row in (f"999,{broker.object().id}", "998,pump"):
            broker.publish(pump, row, "s/uc/mine")
            assert broker.received(pump) == [("s/dc/mine", "888,myMqttDevice,,val1=1\n666,a,b")]

    def test_operations_are_reported_on(self, broker: Broker, pump: str) -> None:
        define(
            broker,
            pump,
            "10,begin,PUT,OPERATION,,c8y_Custom,status,OPERATIONSTATUS,EXECUTING",
            "10,end,PUT,OPERATION,,c8y_Custom,status,OPERATIONSTATUS,SUCCESSFUL,c8y_Custom.result,STRING,",
        )
        made = broker.order("pump", {"c8y_Custom": {"a": 1}})
        broker.publish(pump, "begin", "s/uc/mine")
        assert broker.status(made) == "EXECUTING"
        broker.publish(pump, "end,done", "s/uc/mine")
        shown = broker.client.get(f"/devicecontrol/operations/{made}").body
        assert (shown["status"], shown["c8y_Custom"]["result"]) == ("SUCCESSFUL", "done")

    def test_children_have_their_topic_and_the_own_collection_its(self, broker: Broker, pump: str) -> None:
        define(broker, pump, "10,m,POST,MEASUREMENT,,t,,f.s.value,NUMBER,", xid="own")
        broker.publish(pump, "m,,1", "s/ud/kid")
        broker.publish(pump, "m,,1", "s/uc/own/kid")
        found = broker.client.get("/measurement/measurements", source=broker.object("kid").id).body["measurements"]
        assert len(found) == 2

    @pytest.mark.parametrize("prefix", ["t", "c"])
    def test_in_modes_that_keep_nothing(self, broker: Broker, pump: str, prefix: str) -> None:
        define(broker, pump, "10,m,POST,MEASUREMENT,,t,,f.s.value,NUMBER,")
        broker.publish(pump, "m,,1", f"{prefix}/uc/mine")
        assert broker.client.get("/measurement/measurements", source=broker.object().id).body["measurements"] == []

    @pytest.mark.parametrize(
        ("row", "told"),
        [
            ("nothing,1", "43,nothing,the collection has no request nothing"),
            ("m,,x", "45,m,Value is not a Number: x"),
            ("m,,1,2", "45,m,Wrong number of arguments"),
            ("m,tomorrow,1", "45,m,Value is not a Date: tomorrow"),
        ],
    )
    def test_what_is_wrong_is_told(self, broker: Broker, pump: str, row: str, told: str) -> None:
        define(broker, pump, "10,m,POST,MEASUREMENT,,t,,f.s.value,NUMBER,")
        broker.publish(pump, row, "s/uc/mine")
        assert broker.received(pump) == [("s/e", told)]

    def test_what_is_somebody_elses_stays_as_it_is(self, broker: Broker, pump: str) -> None:
        broker.device("other")
        define(
            broker,
            pump,
            "10,p,PUT,INVENTORY,,false,c8y_Serial,c8y_A,STRING,",
            "10,g,GET,INVENTORY,,true",
            "11,r,,,name",
        )
        broker.publish(pump, f"p,other,x\ng,{broker.object('other').id}", "s/uc/mine")
        assert {text.partition(",")[0] for _, text in broker.received(pump)} == {"50"}
        assert "c8y_A" not in broker.object("other").fragments


class TestResponses:
    @pytest.mark.parametrize(
        ("template", "row"),
        [
            ("11,111,c8y_CustomConfiguration,deviceId,val1,val2,customValues[*]", "111,pump,1,2,a,b,c"),
            ("11,222,,deviceId,c8y_CustomConfiguration.val1,c8y_CustomConfiguration.val2", "222,pump,1,2"),
            ("11,333,,deviceId,val1,val2,customValues[*]", "333,pump,,,"),
            ("11,555,c8y_CustomConfiguration,,customValues[1],['val1']", "555,pump,b,1"),
        ],
    )
    def test_an_operation_is_rows_of_what_fits(self, broker: Broker, pump: str, template: str, row: str) -> None:
        define(broker, pump, template, "11,444,c8y_CustomConfiguration,c8y_CustomConfiguration.val3,val1")
        broker.order("pump", OPERATION)
        broker.run()
        assert broker.operations(pump) == [("s/dc/mine", row)]

    def test_the_id_of_a_device_is_that_of_its_object(self, broker: Broker, pump: str) -> None:
        define(broker, pump, "11,100,,c8y_SendConfiguration,deviceId")
        broker.order("pump", {"c8y_SendConfiguration": {}})
        broker.run()
        assert broker.operations(pump) == [("s/dc/mine", f"100,pump,{broker.object().id}")]

    def test_every_collection_that_is_listened_to_has_its_rows(self, broker: Broker) -> None:
        pump = broker.device("d:pump:own", "s/dc/#", "s/dd", "s/ds", "s/dt", user=broker.user("pump"))
        for xid in ("own", "other"):
            define(broker, pump, f"11,{xid},,c8y_Restart,status", xid=xid)
        broker.order("pump", {"c8y_Restart": {}})
        broker.run()
        assert sorted(broker.operations(pump)) == [
            ("s/dc/other", "other,pump,PENDING"),
            ("s/dc/own", "own,pump,PENDING"),
            ("s/dd", "own,pump,PENDING"),
            ("s/ds", "510,pump"),
        ]


class TestCollections:
    def test_one_that_is_there_stays_as_it_is(self, broker: Broker, pump: str) -> None:
        made = define(broker, pump, "11,a,,,name")
        broker.publish(pump, "11,b,,,name", "s/ut/mine")
        assert broker.received(pump) == [("s/e", "41,mine,a collection with this id exists already")]
        broker.publish(pump, "", "s/ut/mine")
        assert broker.received(pump) == [("s/dt", f"20,mine,{made}")]
        broker.publish(pump, "", "s/ut/none")
        assert broker.received(pump) == [("s/dt", "41,none")]

    def test_one_that_is_defined_twice_by_the_same_message_is_told_once(self, broker: Broker, pump: str) -> None:
        event = broker.event(pump, "s/ut/mine", "11,a,,,name")
        for _ in range(3):
            broker.handle(event)
        assert [text.split(",")[:2] for _, text in broker.received(pump)] == [["20", "mine"]]
        assert broker.complaints() == []

    @pytest.mark.parametrize("xid", ["", "x" * 61, "x" * 300])
    def test_an_id_that_is_none_is_told(self, broker: Broker, pump: str, xid: str) -> None:
        broker.publish(pump, "11,a,,,name", f"s/ut/{xid}")
        ((topic, text),) = broker.received(pump)
        assert (topic, text.split(",")[:2]) == ("s/e", ["41", xid[:64]])
        assert "1 to 60 characters" in text

    def test_every_row_makes_its_object_and_the_same_message_no_other(self, broker: Broker, pump: str) -> None:
        define(broker, pump, "10,make,POST,INVENTORY,,,name,STRING,", "10,plain,POST,INVENTORY,,my_Type,name,STRING,")
        event = broker.event(pump, "s/uc/mine", "plain,,one\nplain,,two\nplain,id3,three\nplain,id4,four")
        for _ in range(2):
            broker.handle(event)
        found = broker.client.get("/inventory/managedObjects", pageSize=100).body["managedObjects"]
        names = sorted(one["name"] for one in found if one["name"] in ("one", "two", "three", "four"))
        assert (names, broker.received(pump)) == (["four", "one", "three", "two"], [])

    def test_it_is_an_object_as_one_made_over_rest(self, broker: Broker, pump: str) -> None:
        made = define(broker, pump, "10,m,POST,MEASUREMENT,,t,,f.s.value,NUMBER,", "11,r,b,c,p")
        shown = broker.client.get(f"/inventory/managedObjects/{made}").body
        kept = shown["com_cumulocity_model_smartrest_csv_CsvSmartRestTemplate"]
        assert shown["type"] == "c8y_SmartRest2Template"
        assert kept["requestTemplates"][0]["customValues"] == [{"path": "f.s.value", "type": "NUMBER", "value": ""}]
        assert kept["responseTemplates"] == [{"msgId": "r", "base": "b", "condition": "c", "pattern": ["p"]}]

    def test_what_an_agent_makes_over_rest_serves(self, broker: Broker, pump: str) -> None:
        """The vendor's own agent, with nulls for what it leaves out."""
        value = {"path": "c8y_Network.c8y_LAN.ip", "type": "STRING", "value": None}
        request = {
            "method": "PUT",
            "response": False,
            "msgId": "dm100",
            "api": "INVENTORY",
            "byId": False,
            "externalIdType": "c8y_Serial",
            "mandatoryValues": [],
            "customValues": [value],
            "name": "Network",
        }
        response = {
            "msgId": "dm501",
            "base": "c8y_Docker",
            "condition": "c8y_Docker",
            "pattern": ["command"],
            "name": "x",
        }
        templates = {"requestTemplates": [request], "responseTemplates": [response]}
        fragment = "com_cumulocity_model_smartrest_csv_CsvSmartRestTemplate"
        body = {"name": "DM Agent", "type": "c8y_SmartRest2Template", fragment: templates, "__externalId": "mine"}
        made = broker.client.made("/inventory/managedObjects", body)["id"]
        identity = {"type": "c8y_SmartRest2DeviceIdentifier", "externalId": "mine"}
        broker.client.made(f"/identity/globalIds/{made}/externalIds", identity)
        broker.publish(pump, "dm100,pump,127.0.0.1", "s/uc/mine")
        assert broker.object().fragments["c8y_Network"] == {"c8y_LAN": {"ip": "127.0.0.1"}}
        broker.order("pump", {"c8y_Docker": {"command": "ps"}})
        broker.run()
        assert broker.operations(pump) == [("s/dc/mine", "dm501,pump,ps")]

    def test_rows_wait_for_their_collection(self, broker: Broker, pump: str) -> None:
        early = broker.event(pump, "s/uc/mine", f"m,{T},1")
        broker.handle(early)
        define(broker, pump, "10,m,POST,MEASUREMENT,,t,,f.s.value,NUMBER,")
        broker.later()
        found = broker.client.get("/measurement/measurements", source=broker.object().id).body["measurements"]
        assert [one["time"] for one in found] == [T]
        assert broker.received(pump) == []

    def test_what_nobody_defines_is_refused_in_the_end(self, broker: Broker, pump: str) -> None:
        broker.publish(pump, "m,1", "s/uc/mine")
        tries = 0
        while broker.ports.background.matters:
            assert broker.received(pump) == []
            broker.later()
            tries += 1
        assert tries == 6
        assert broker.received(pump) == [("s/e", "40,m,there is no collection mine")]
        assert broker.complaints() == ["there is no collection mine"]

    @pytest.mark.parametrize(
        "row",
        [
            "12,a,b",
            "10,a",
            "10,a,PATCH,INVENTORY,,true",
            "10,a,POST,NOTHING,",
            "10,a,GET,INVENTORY,maybe,true",
            "10,a,GET,INVENTORY,,perhaps",
            "10,a,POST,EVENT,,t,x,,path,WRONG,",
            "10,a,POST,EVENT,,t,x,,path,NUMBER,much",
            "10,a,GET,INVENTORY,,true\n10,a,GET,INVENTORY,,true",
            "11,a,b,c,$..x",
            "11,a,b,c,list[?(@.x)]",
            '11,a,"b',
        ],
    )
    def test_templates_that_are_none(self, broker: Broker, pump: str, row: str) -> None:
        broker.publish(pump, row, "s/ut/mine")
        ((topic, text),) = broker.received(pump)
        assert (topic, text.split(",")[:2]) == ("s/e", ["41", "mine"])
        assert broker.client.get("/identity/externalIds/c8y_SmartRest2DeviceIdentifier/mine").status == 404


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("a.b", [1]),
        ("$.a.b", [1]),
        ("$['a']['b']", [1]),
        ("l[*].t", ["x", "y"]),
        ("l[1].t", ["y"]),
        ("l[-1].t", ["y"]),
        ("a.c", []),
        ("l.t", []),
        ("$", []),
        ("$..b", []),
        ("a.b.", []),
        (".a", []),
        ("l[9]", []),
    ],
)
def test_paths(path: str, found: list[Any]) -> None:
    assert paths.found({"a": {"b": 1}, "l": [{"t": "x"}, {"t": "y"}]}, path) == found


def test_a_route_of_no_client_id_has_no_collection() -> None:
    from chalicelib.dialects.cumulocity import codec

    assert codec.collection_of(Route("cumulocity", "a:b:c:d", "mqtt", "n", "s")) == ""
