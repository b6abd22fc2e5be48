"""Each example of the vendor's guide "SmartREST 2.0", as it stands there: what is defined, said and received."""

from typing import Any

import pytest

from tests.dialects.cumulocity.broker import Broker

pytestmark = pytest.mark.row("G8")
OBJECTS = "/inventory/managedObjects"
T = "2016-06-22T17:03:14.000+02:00"
SERIAL = "myDeviceImei"
DOWN = "s/dc/guide"


@pytest.fixture
def broker() -> Broker:
    made = Broker()
    made.device(SERIAL, "s/e", "s/dt", DOWN)
    return made


def define(broker: Broker, *rows: str) -> None:
    broker.publish(SERIAL, "\n".join(rows), "s/ut/guide")
    ((topic, text),) = broker.received(SERIAL)
    assert (topic, text.split(",")[:2]) == ("s/dt", ["20", "guide"]), text


def say(broker: Broker, *rows: str) -> list[tuple[str, str]]:
    broker.publish(SERIAL, "\n".join(rows), "s/uc/guide")
    return broker.received(SERIAL)


def listed(broker: Broker, kind: str) -> list[dict[str, Any]]:
    path = {"measurements": "measurement", "events": "event", "alarms": "alarm"}[kind]
    found: list[dict[str, Any]] = broker.client.get(f"/{path}/{kind}", source=broker.object(SERIAL).id).body[kind]
    return found


def has(broker: Broker, **fragments: Any) -> str:
    """The number of the device, which has these from now on."""
    number = broker.object(SERIAL).id
    assert broker.client.call("PUT", f"{OBJECTS}/{number}", fragments).status == 200
    return number


def test_whether_a_collection_is_there(broker: Broker) -> None:
    for xid, code in (("myExistingTemplateCollection", "20"), ("myNotExistingTemplateCollection", "41")):
        if code == "20":
            broker.publish(SERIAL, "11,888,,,type", f"s/ut/{xid}")
            made = broker.received(SERIAL)
            broker.publish(SERIAL, "", f"s/ut/{xid}")
            assert broker.received(SERIAL) == made
            assert made[0][1].startswith(f"20,{xid},")
        else:
            broker.publish(SERIAL, "", f"s/ut/{xid}")
            assert broker.received(SERIAL) == [("s/dt", f"41,{xid}")]


def test_a_measurement_with_its_time_or_without(broker: Broker) -> None:
    define(broker, "10,999,POST,MEASUREMENT,,c8y_MyMeasurement,,c8y_MyMeasurement.M.value,NUMBER,")
    assert say(broker, f"999,{T},25", "999,,25") == []
    found = listed(broker, "measurements")
    assert [one["c8y_MyMeasurement"] for one in found] == [{"M": {"value": 25}}] * 2
    assert {one["type"] for one in found} == {"c8y_MyMeasurement"}
    assert len([one for one in found if one["time"] == "2016-06-22T15:03:14.000Z"]) == 1


@pytest.mark.parametrize(
    ("template", "row"),
    [
        ("10,999,GET,INVENTORY,,true", "999,{number}"),
        ("10,999,GET,INVENTORY,,false,c8y_Serial", "999,myDeviceImei"),
        ("10,999,GET,INVENTORY,,false", "999,c8y_Serial,myDeviceImei"),
    ],
)
def test_an_object_is_read_in_three_ways(broker: Broker, template: str, row: str) -> None:
    number = has(broker, type="myMqttDevice", c8y_Configuration="val1=1\nval2=2")
    define(broker, template, "11,888,,c8y_IsDevice,type,c8y_Test,c8y_Configuration")
    assert say(broker, row.format(number=number)) == [(DOWN, '888,myMqttDevice,,"val1=1\nval2=2"')]


def test_an_object_with_a_list_is_read(broker: Broker) -> None:
    number = has(broker, myList=[{"pid": 12345, "type": "test"}, {"pid": 123456, "type": "test2"}])
    define(broker, "10,999,GET,INVENTORY,,true", '11,888,,,"$.myList[*].type"')
    assert say(broker, f"999,{number}") == [(DOWN, "888,test,test2")]


def test_what_is_made_with_nothing_but_what_is_mandatory(broker: Broker) -> None:
    define(
        broker,
        "10,100,POST,MEASUREMENT,false,c8y_MyMeasurement,,c8y_MyMeasurement.M.value,NUMBER,",
        "10,101,POST,EVENT,,c8y_CustomEvent,mytext,,",
        "10,102,POST,ALARM,,c8y_CustomAlarm,mytext,ACTIVE,MAJOR,",
    )
    assert say(broker, "101", "102") == []
    (event,), (alarm,) = listed(broker, "events"), listed(broker, "alarms")
    assert (event["type"], event["text"]) == ("c8y_CustomEvent", "mytext")
    told = {name: alarm[name] for name in ("type", "text", "status", "severity")}
    assert told == {"type": "c8y_CustomAlarm", "text": "mytext", "status": "ACTIVE", "severity": "MAJOR"}
    # A number is not there by itself.
    assert say(broker, "100")[0][1].startswith("45,100,")


def test_objects_are_made_with_an_external_id_or_without(broker: Broker) -> None:
    define(broker, "10,100,POST,INVENTORY,,c8y_MySerial", "10,101,POST,INVENTORY,,")
    assert say(broker, "100,myImei", "101,myOther,c8y_MySerial", "101,,c8y_MySerial", "100,", "101") == []
    numbers = {
        name: broker.client.get(f"/identity/externalIds/c8y_MySerial/{name}").body["managedObject"]["id"]
        for name in ("myImei", "myOther")
    }
    assert numbers["myImei"] != numbers["myOther"]
    every = broker.client.get(OBJECTS, pageSize=100).body["managedObjects"]
    made = {one["id"] for one in every if one.get("type") != "c8y_SmartRest2Template"} - {broker.object(SERIAL).id}
    assert len(made) == 5
    named = [one for one in made if broker.client.get(f"/identity/globalIds/{one}/externalIds").body["externalIds"]]
    assert set(named) == set(numbers.values())
    ((_, told),) = say(broker, "101,myImei")
    assert told.startswith("45,101,"), "an external id without a type"


def test_values_come_after_the_external_id_and_its_type(broker: Broker) -> None:
    define(broker, "10,make,POST,INVENTORY,,,name,STRING,,c8y_Size,INTEGER,")
    assert say(broker, "make,myImei,c8y_MySerial,Made,7", "make,,,Plain,8") == []
    number = broker.client.get("/identity/externalIds/c8y_MySerial/myImei").body["managedObject"]["id"]
    shown = broker.client.get(f"{OBJECTS}/{number}").body
    assert (shown["name"], shown["c8y_Size"]) == ("Made", 7)
    every = broker.client.get(OBJECTS, pageSize=100).body["managedObjects"]
    assert [one["c8y_Size"] for one in every if one.get("name") == "Plain"] == [8]


def test_an_object_is_changed(broker: Broker) -> None:
    define(broker, "10,999,PUT,INVENTORY,,false,c8y_Serial,c8y_MyCustomValue,STRING,")
    for value in ("myValue", "updatedValue"):
        assert say(broker, f"999,{SERIAL},{value}") == []
        assert broker.object(SERIAL).fragments["c8y_MyCustomValue"] == value


def test_an_alarm_is_changed_that_is_active_or_acknowledged(broker: Broker) -> None:
    define(broker, "10,999,PUT,ALARM,,c8y_MyCustomAlarm,status,ALARMSTATUS")
    broker.publish(SERIAL, "302,c8y_MyCustomAlarm\n302,c8y_Other")
    seen = []
    for status in ("ACKNOWLEDGED", "CLEARED"):
        assert say(broker, f"999,{status}") == []
        by_type = {one["type"]: one["status"] for one in listed(broker, "alarms")}
        seen.append((by_type["c8y_MyCustomAlarm"], by_type["c8y_Other"]))
    assert seen == [("ACKNOWLEDGED", "ACTIVE"), ("CLEARED", "ACTIVE")]


def test_an_alarm_is_cleared_with_a_reason(broker: Broker) -> None:
    define(
        broker,
        "10,999,PUT,ALARM,,c8y_MyCustomALarm,status,ALARMSTATUS,CLEARED,c8y_CustomFragment.reason,STRING,",
    )
    broker.publish(SERIAL, "301,c8y_MyCustomALarm")
    assert say(broker, "999,Device resolved alarm on its own") == []
    (alarm,) = listed(broker, "alarms")
    assert alarm["status"] == "CLEARED"
    assert alarm["c8y_CustomFragment"] == {"reason": "Device resolved alarm on its own"}


def test_an_operation_is_changed_that_is_executed_before_one_that_waits(broker: Broker) -> None:
    define(broker, "10,999,PUT,OPERATION,,c8y_MyOperation,status,OPERATIONSTATUS,SUCCESSFUL,c8y_Fragment.val,NUMBER,")
    begun, waits = (broker.order(SERIAL, {"c8y_MyOperation": {"n": n}}) for n in range(2))
    broker.publish(SERIAL, f"504,{begun}")
    for ended, left in ((begun, "PENDING"), (waits, "SUCCESSFUL")):
        assert say(broker, "999,24") == []
        while broker.ports.background.matters:
            broker.later()
        shown = broker.client.get(f"/devicecontrol/operations/{ended}").body
        assert (shown["status"], shown["c8y_Fragment"]) == ("SUCCESSFUL", {"val": 24})
        assert broker.status(waits) == left


def test_a_measurement_with_a_unit_that_is_always_the_same(broker: Broker) -> None:
    """The guide leaves out the time, too."""
    define(
        broker,
        "10,999,POST,MEASUREMENT,,c8y_CustomMeasurement,,c8y_CustomMeasurement.custom.value,NUMBER,"
        ",c8y_CustomMeasurement.custom.unit,STRING,X",
    )
    assert say(broker, "999,30.6", "999,,30.6", f"999,{T},30.6") == []
    found = listed(broker, "measurements")
    assert [one["c8y_CustomMeasurement"] for one in found] == [{"custom": {"value": 30.6, "unit": "X"}}] * 3
    assert len([one for one in found if one["time"] == "2016-06-22T15:03:14.000Z"]) == 1
    assert [text.split(",")[:2] for _, text in say(broker, "999,tomorrow", "999,tomorrow,1")] == [["45", "999"]] * 2


def test_an_operation_is_every_row_that_fits(broker: Broker) -> None:
    define(
        broker,
        "11,111,c8y_CustomConfiguration,deviceId,val1,val2,customValues[*]",
        "11,222,,deviceId,c8y_CustomConfiguration.val1,c8y_CustomConfiguration.val2",
        "11,333,,deviceId,val1,val2,customValues[*]",
        "11,444,c8y_CustomConfiguration,c8y_CustomConfiguration.val3,val1,val2,customValues[*]",
    )
    operation = {"val1": "1", "val2": "2", "customValues": ["a", "b", "c"]}
    broker.order(SERIAL, {"c8y_CustomConfiguration": operation, "description": "Send custom configuration"})
    broker.run()
    rows = f"111,{SERIAL},1,2,a,b,c\n222,{SERIAL},1,2\n333,{SERIAL},,,"
    assert broker.operations(SERIAL) == [(DOWN, rows)]


@pytest.mark.parametrize(
    ("type_", "said", "kept"),
    [
        ("", "text", "text"),
        ("STRING", "7", "7"),
        ("DATE", T, "2016-06-22T15:03:14.000Z"),
        ("NUMBER", "-7.5", -7.5),
        ("INTEGER", "-7", -7),
        ("UNSIGNED", "7", 7),
        ("SEVERITY", "minor", "MINOR"),
        ("ALARMSTATUS", "CLEARED", "CLEARED"),
        ("OPERATIONSTATUS", "FAILED", "FAILED"),
        ("UNSIGNED", "-7", None),
        ("INTEGER", "7.5", None),
        ("DATE", "now", None),
        ("SEVERITY", "bad", None),
    ],
)
def test_a_value_is_of_its_type_and_a_change_answers_where_it_is_to(
    broker: Broker, type_: str, said: str, kept: Any
) -> None:
    define(broker, f"10,999,PUT,INVENTORY,true,false,c8y_Serial,c8y_Own,{type_},", "11,888,,c8y_Own,c8y_Own")
    ((topic, told),) = say(broker, f"999,{SERIAL},{said}")
    assert broker.object(SERIAL).fragments.get("c8y_Own") == kept
    assert (topic, told) == (DOWN, f"888,{kept}") if kept is not None else told.startswith("45,999,Value is not a")
