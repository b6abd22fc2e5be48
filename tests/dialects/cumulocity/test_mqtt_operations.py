import json
from collections.abc import Mapping
from typing import Any

import pytest

from chalicelib.fleet.ports import Outcome
from tests.dialects.cumulocity.broker import Broker

RESTART: Mapping[str, Any] = {"c8y_Restart": {}}
SOFTWARE = {"name": "a", "version": "1", "url": "u", "action": "install"}
TYPED = {**SOFTWARE, "softwareType": "apt"}
PROFILE = {
    "firmware": {"name": "fw", "version": "2", "url": "u"},
    "software": [SOFTWARE],
    "configuration": [{"url": "c", "type": "agent"}],
}


pytestmark = pytest.mark.row("G7")


@pytest.fixture
def broker() -> Broker:
    return Broker()


@pytest.fixture
def pump(broker: Broker) -> str:
    return broker.device("pump", "s/ds", "s/e")


def delivered(broker: Broker, client: str) -> list[tuple[str, str]]:
    broker.run()
    return broker.operations(client)


ROWS: list[tuple[Mapping[str, Any], str]] = [
    (RESTART, "510,pump"),
    ({"c8y_Command": {"text": 'echo "a"'}}, '511,pump,"echo \\"a\\""'),
    ({"c8y_Configuration": {"config": "a=1\nb=2"}}, '513,pump,"a=1\nb=2"'),
    ({"c8y_Firmware": {"name": "fw", "version": "1", "url": "u"}}, "515,pump,fw,1,u"),
    ({"c8y_Firmware": {"name": "fw", "version": "1", "url": "u", "isPatch": False}}, "515,pump,fw,1,u"),
    (
        {"c8y_Firmware": {"name": "fw", "version": "2", "url": "u", "isPatch": True, "dependency": "1"}},
        "525,pump,fw,2,u,1",
    ),
    ({"c8y_SoftwareList": [{"name": "a", "version": "1"}, {"name": "b", "url": "u"}]}, "516,pump,a,1,,b,,u"),
    ({"c8y_MeasurementRequestOperation": {"requestName": "LOG"}}, "517,pump,LOG"),
    ({"c8y_MeasurementRequestOperation": {}}, "517,pump,"),
    ({"c8y_Relay": {"relayState": "OPEN"}}, "518,pump,OPEN"),
    ({"c8y_RelayArray": ["OPEN", "CLOSED"]}, "519,pump,OPEN,CLOSED"),
    ({"c8y_UploadConfigFile": {}}, "520,pump"),
    ({"c8y_UploadConfigFile": {"type": "agent"}}, "526,pump,agent"),
    ({"c8y_DownloadConfigFile": {"url": "u"}}, "521,pump,u"),
    ({"c8y_DownloadConfigFile": {"url": "u", "type": "agent"}}, "524,pump,u,agent"),
    (
        {"c8y_LogfileRequest": {"logFile": "f", "dateFrom": "x", "dateTo": "y", "searchText": "", "maximumLines": 9}},
        "522,pump,f,x,y,,9",
    ),
    ({"c8y_CommunicationMode": {"mode": "SMS"}}, "523,pump,SMS"),
    ({"c8y_SoftwareUpdate": [SOFTWARE, SOFTWARE]}, "528,pump,a,1,u,install,a,1,u,install"),
    ({"c8y_SoftwareUpdate": [TYPED]}, "529,pump,a,1,apt,u,install"),
    ({"c8y_DeviceProfile": PROFILE}, "527,pump,$FW,fw,2,u,false,,$SW,a,1,u,install,$CONF,c,agent"),
    ({"c8y_DeviceProfile": {"software": [SOFTWARE]}}, "527,pump,$SW,a,1,u,install"),
    (
        {"c8y_DeviceProfile": {"software": [TYPED]}},
        "527,pump,$SW,a,1,u,install\n531,pump,$SW,a,1,apt,u,install",
    ),
    ({"c8y_RemoteAccessConnect": {"hostname": "h", "port": 22, "connectionKey": "k"}}, "530,pump,h,22,k"),
    ({**RESTART, "c8y_Command": {"text": "x"}}, "510,pump\n511,pump,x"),
]


@pytest.mark.parametrize(("operation", "rows"), ROWS)
def test_an_operation_is_rows_of_its_templates(
    broker: Broker, pump: str, operation: Mapping[str, Any], rows: str
) -> None:
    broker.order("pump", {"description": "d", **operation})
    ((topic, text),) = delivered(broker, pump)
    assert topic == "s/ds"
    assert text == rows


def test_an_operation_goes_its_way(broker: Broker, pump: str) -> None:
    operation = broker.order("pump", {"c8y_Command": {"text": "ls"}})
    assert delivered(broker, pump) == [("s/ds", "511,pump,ls")]
    shown = broker.client.get(f"/devicecontrol/operations/{operation}").body
    assert (shown["status"], shown["delivery"]["status"]) == ("PENDING", "DELIVERED")
    broker.publish(pump, "501,c8y_Command")
    assert broker.status(operation) == "EXECUTING"
    broker.publish(pump, '503,c8y_Command,"a\nb"')
    shown = broker.client.get(f"/devicecontrol/operations/{operation}").body
    assert (shown["status"], shown["c8y_Command"]) == ("SUCCESSFUL", {"text": "ls", "result": "a\nb"})
    assert broker.received(pump) == []


def test_one_that_fails_says_why(broker: Broker, pump: str) -> None:
    operation = broker.order("pump", RESTART)
    delivered(broker, pump)
    broker.publish(pump, "501,c8y_Restart\n502,c8y_Restart,no power")
    shown = broker.client.get(f"/devicecontrol/operations/{operation}").body
    assert (shown["status"], shown["failureReason"]) == ("FAILED", "no power")


def test_what_an_agent_left_behind_fails_at_its_start(broker: Broker, pump: str) -> None:
    first, second = broker.order("pump", RESTART), broker.order("pump", {"c8y_Command": {"text": "x"}})
    third = broker.order("pump", RESTART)
    delivered(broker, pump)
    broker.publish(pump, f"504,{first}\n504,{second}")
    broker.publish(pump, "507,c8y_Restart,restarted")
    assert [broker.status(one) for one in (first, second, third)] == ["EXECUTING"] * 2 + ["PENDING"]
    broker.later()
    assert [broker.status(one) for one in (first, second, third)] == ["FAILED", "EXECUTING", "PENDING"]
    broker.publish(pump, "507,,all")
    assert [broker.status(one) for one in (second, third)] == ["FAILED", "PENDING"]


class TestById:
    def test_an_operation_is_named(self, broker: Broker, pump: str) -> None:
        first, second = broker.order("pump", RESTART), broker.order("pump", RESTART)
        broker.publish(pump, f"504,{second}")
        broker.publish(pump, f"506,{second}\n505,{first},no")
        assert [broker.status(one) for one in (first, second)] == ["FAILED", "SUCCESSFUL"]
        broker.publish(pump, f"506,{second}")
        assert broker.received(pump) == []
        broker.publish(pump, f"506,{first}")
        ((_, told),) = broker.received(pump)
        assert told.startswith("50,506,")
        assert broker.status(first) == "FAILED"

    def test_those_of_children_by_their_topic_or_that_of_the_agent(self, broker: Broker, pump: str) -> None:
        broker.publish(pump, "101,kid")
        operation = broker.order("kid", RESTART)
        broker.publish(pump, f"504,{operation}")
        broker.publish(pump, f"506,{operation}", "s/us/kid")
        assert broker.status(operation) == "SUCCESSFUL"

    @pytest.mark.parametrize("topic", ["s/us", "s/us/kid"])
    def test_those_of_others_are_not_found(self, broker: Broker, pump: str, topic: str) -> None:
        broker.device("other")
        broker.publish(pump, "101,kid")
        operation = broker.order("other", RESTART)
        broker.publish(pump, f"504,{operation}\n506,1\n505,nothing", topic)
        assert broker.status(operation) == "PENDING"
        about = broker.object("kid" if "kid" in topic else "pump").id
        told = f"50,504,Operation with id {operation} for device id {about} not found"
        assert next(text for _, text in broker.received(pump)) == told


@pytest.mark.parametrize(
    ("operation", "row", "kept"),
    [
        ({"c8y_RelayArray": ["OPEN"]}, "503,c8y_RelayArray,CLOSED,OPEN", {"c8y_RelayArray": ["CLOSED", "OPEN"]}),
        (
            {"c8y_CommunicationMode": {"mode": "SMS"}},
            "503,c8y_CommunicationMode",
            {"c8y_CommunicationMode": {"mode": "SMS"}},
        ),
        (
            {"c8y_DownloadConfigFile": {"url": "u", "c8y_ConfigurationDump": {"id": "7"}}},
            "503,c8y_DownloadConfigFile,2027-01-01T00:00:00Z",
            {"c8y_ConfigurationDump": {"id": "7", "time": "2027-01-01T00:00:00Z"}},
        ),
    ],
)
def test_some_results_are_the_devices(
    broker: Broker, pump: str, operation: Mapping[str, Any], row: str, kept: Mapping[str, Any]
) -> None:
    made = broker.order("pump", operation)
    broker.publish(pump, row)
    assert broker.status(made) == "SUCCESSFUL"
    assert kept.items() <= dict(broker.object().fragments).items()


def test_a_log_is_where_the_operation_says(broker: Broker, pump: str) -> None:
    made = broker.order("pump", {"c8y_LogfileRequest": {"logFile": "f"}})
    broker.publish(pump, "503,c8y_LogfileRequest,http://x")
    shown = broker.client.get(f"/devicecontrol/operations/{made}").body
    assert shown["c8y_LogfileRequest"] == {"logFile": "f", "file": "http://x"}


class TestForms:
    def test_every_topic_that_a_session_listens_to_gets_it_once(self, broker: Broker) -> None:
        broker.device("pump")
        operation = broker.order("pump", RESTART)
        found: list[tuple[str, str]] = []
        for filter_ in ("s/ds", "s/e", "devicecontrol/notifications"):
            broker.subscribe("pump", filter_)
            found += delivered(broker, "pump")
        (first, row), (second, body) = found
        assert (first, row, second) == ("s/ds", "510,pump", "devicecontrol/notifications")
        told = json.loads(body)
        assert (told["id"], told["status"], told["c8y_Restart"]) == (operation, "PENDING", {})
        assert told["externalSource"] == {"externalId": "pump", "type": "c8y_Serial"}
        assert (told["deviceId"], told["agentId"]) == (broker.object().id,) * 2
        assert "delivery" in told

    def test_one_that_no_topic_can_carry_waits_and_blocks_nobody(self, broker: Broker, pump: str) -> None:
        odd = [broker.order("pump", {"acme_Special": {"n": n}}) for n in range(25)]
        known = broker.order("pump", RESTART)
        broker.ports.delivery.outcomes.extend([Outcome.UNHEARD] * len(odd))
        assert delivered(broker, pump) == [("s/ds", "510,pump")]
        shown = broker.client.get(f"/devicecontrol/operations/{odd[0]}").body
        assert (shown["status"], shown["delivery"]["status"]) == ("PENDING", "PENDING")
        broker.subscribe(pump, "devicecontrol/notifications")
        told = [json.loads(body)["id"] for topic, body in delivered(broker, pump) if topic != "s/ds"]
        assert sorted(told) == sorted([*odd, known])

    def test_who_listens_no_more_on_one_topic_goes_on_with_the_other(self, broker: Broker) -> None:
        broker.device("pump", "s/ds", "devicecontrol/notifications")
        broker._tell("unsubscribed", "pump", topics=["devicecontrol/notifications"])
        broker.order("pump", RESTART)
        assert delivered(broker, "pump") == [("s/ds", "510,pump")]


class TestNothingIsLost:
    def test_what_waits_goes_when_the_device_comes(self, broker: Broker) -> None:
        broker.device("pump")
        broker.disconnect("pump")
        made = [broker.order("pump", {"c8y_Command": {"text": str(n)}}) for n in range(3)]
        assert delivered(broker, "pump") == []
        broker.device("d:pump", "s/ds")
        assert delivered(broker, "d:pump") == [("s/ds", f"511,pump,{n}") for n in range(3)]
        assert {broker.status(one) for one in made} == {"PENDING"}

    @pytest.mark.parametrize("outcome", [Outcome.CONFIRMED, Outcome.UNCONFIRMED, Outcome.ABSENT])
    def test_a_new_session_gets_again_what_was_not_begun(self, broker: Broker, pump: str, outcome: Outcome) -> None:
        begun, waits = broker.order("pump", RESTART), broker.order("pump", {"c8y_Command": {"text": "x"}})
        broker.ports.delivery.outcomes.extend([Outcome.CONFIRMED, outcome])
        if outcome is Outcome.ABSENT:
            broker.ports.delivery.subscriptions.pop(pump, None)
        broker.run()
        broker.operations(pump)
        broker.publish(pump, "501,c8y_Restart")
        broker.disconnect(pump)
        broker.device(pump, "s/ds")
        assert delivered(broker, pump) == [("s/ds", "511,pump,x")]
        assert [broker.status(one) for one in (begun, waits)] == ["EXECUTING", "PENDING"]

    def test_500_asks_for_all_that_was_not_begun(self, broker: Broker, pump: str) -> None:
        broker.publish(pump, "101,kid")
        for serial in ("pump", "kid"):
            broker.order(serial, RESTART)
        assert delivered(broker, pump) == [("s/ds", "510,pump"), ("s/ds", "510,kid")]
        assert delivered(broker, pump) == []
        broker.publish(pump, "500")
        assert delivered(broker, pump) == [("s/ds", "510,pump"), ("s/ds", "510,kid")]
        broker.publish(pump, "501,c8y_Restart")
        broker.publish(pump, "500")
        assert delivered(broker, pump) == [("s/ds", "510,kid")]


class TestChildren:
    def test_the_agent_gets_what_its_children_are_to_do(self, broker: Broker, pump: str) -> None:
        broker.publish(pump, "101,kid,Kid,t")
        broker.publish(pump, "101,grandkid,Grand,t", "s/us/kid")
        broker.order("grandkid", {"c8y_Command": {"text": "x"}})
        assert delivered(broker, pump) == [("s/ds", "511,grandkid,x")]

    def test_also_those_that_were_made_over_rest(self, broker: Broker, pump: str) -> None:
        number = broker.object().id
        kid = broker.client.made(f"/inventory/managedObjects/{number}/childDevices", {"c8y_IsDevice": {}})["id"]
        broker.client.made("/devicecontrol/operations", {"deviceId": kid, **RESTART})
        assert delivered(broker, pump) == [("s/ds", f"510,{kid}")]

    def test_they_wait_for_their_agent_however_it_spells_its_id(self, broker: Broker, pump: str) -> None:
        broker.publish(pump, "101,kid")
        broker.disconnect(pump)
        operation = broker.order("kid", RESTART)
        assert delivered(broker, pump) == []
        broker.device("d:pump:x", "s/ds")
        assert delivered(broker, "d:pump:x") == [("s/ds", "510,kid")]
        # It was not begun: the next session gets it again, and the one after that it has begun does not.
        broker.disconnect("d:pump:x")
        broker.device(pump, "s/ds")
        assert delivered(broker, pump) == [("s/ds", "510,kid")]
        broker.publish(pump, "501,c8y_Restart", "s/us/kid")
        broker.disconnect(pump)
        broker.device(pump, "s/ds")
        assert delivered(broker, pump) == []
        assert broker.status(operation) == "EXECUTING"

    def test_a_child_whose_agent_is_away_holds_up_nobody(self, broker: Broker, pump: str) -> None:
        other = broker.device("other", "s/ds")
        broker.publish(other, "101,kid")
        broker.disconnect(other)
        broker.order("kid", RESTART)
        broker.order("pump", RESTART)
        assert delivered(broker, pump) == [("s/ds", "510,pump")]
