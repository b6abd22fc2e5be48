"""Functions that get what a device says in no order, and some of it twice: what is there then is what it has said."""

import json
import time
import uuid
from collections.abc import Iterator
from itertools import count
from typing import Self

import pytest

from tests.clients import PATIENCE_S, MqttClient, until
from tests.cumulocity.test_mqtt_integration import Operator
from tests.local.running import RunningStack

pytestmark = pytest.mark.row("G7")


@pytest.fixture(scope="module")
def shuffled() -> Iterator[RunningStack]:
    with RunningStack(HOMEPORT_SHUFFLE="11") as stack:
        yield stack


class Agent:
    """A device that speaks faster than it is listened to; each of its messages ends with a measurement."""

    def __init__(self, stack: RunningStack) -> None:
        told = json.loads((stack.data / "credentials.json").read_text(encoding="utf-8"))["cumulocity"]
        self.operator, self.serial = Operator(stack), f"pump{uuid.uuid4().hex[:8]}"
        self.client = MqttClient(stack, self.serial, f"{told['tenant']}/{told['user']}", told["password"])
        self._said, self._numbers = 0, count()

    def __enter__(self) -> Self:
        self.client.__enter__()
        assert self.client.subscribe("s/ds", "s/dt") == [1, 1]
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()

    def say(self, *bodies: str, topic: str = "s/us") -> None:
        """Until all of it was taken, once at least."""
        for body in bodies:
            seen = "\n".join((body, f"200,c8y_Seen,n{next(self._numbers)},1")) if topic == "s/us" else body
            self.client.publish(topic, seen)
            # Messages are told apart by milliseconds.
            time.sleep(0.005)
        self._said += len(bodies) if topic == "s/us" else 0
        until(self._all_seen)

    def _all_seen(self) -> bool:
        found = self.operator.object(self.serial)
        query = {"source": found and found["id"], "type": "c8y_Seen", "pageSize": 200}
        return bool(found) and (
            len(self.operator.call("GET", "/measurement/measurements", **query)["measurements"]) == self._said
        )

    def told(self) -> str:
        return str(self.client.messages.get(timeout=PATIENCE_S)[1].decode())

    def open_alarms(self) -> list[str]:
        query = {"source": self.operator.object(self.serial)["id"], "pageSize": 100}
        found = self.operator.call("GET", "/alarm/alarms", **query)["alarms"]
        return sorted(one["severity"] for one in found if one["status"] != "CLEARED")


@pytest.fixture
def agent(shuffled: RunningStack) -> Iterator[Agent]:
    with Agent(shuffled) as agent:
        yield agent


def test_what_makes_a_device_and_what_it_says_of_itself(agent: Agent) -> None:
    kid = f"{agent.serial}-kid"
    agent.say(
        "115,a,1,u", "100,Pump,c8y_Pump", f"101,{kid},Kid,c8y_Kid", "107,c8y_Firmware", "110,sn", "115,b,2,u\n114,x"
    )
    found, below = agent.operator.object(agent.serial), agent.operator.object(kid)
    assert (found["name"], found["type"], below["name"], below["type"]) == ("Pump", "c8y_Pump", "Kid", "c8y_Kid")
    assert found["c8y_Firmware"] == {"name": "b", "version": "2", "url": "u"}
    assert (found["c8y_Hardware"]["serialNumber"], found["c8y_SupportedOperations"]) == ("sn", ["x"])
    assert [one["managedObject"]["id"] for one in found["childDevices"]["references"]] == [below["id"]]


def test_alarms(agent: Agent) -> None:
    agent.say("301,hot", "306,hot", "302,hot", "306,hot", "303,hot", "306,hot")
    assert agent.open_alarms() == []
    agent.say("306,hot", "301,hot", "306,hot", "304,hot", "306,cold", "302,cold")
    assert agent.open_alarms() == ["MAJOR", "WARNING"]


def test_operations(agent: Agent) -> None:
    agent.say("114,c8y_Command")
    ends = [("503,c8y_Command,one", "SUCCESSFUL"), ("502,c8y_Command,no", "FAILED"), ("503,c8y_Command", "SUCCESSFUL")]
    made: list[str] = []
    for number, (row, _) in enumerate(ends):
        made.append(agent.operator.order(agent.serial, {"c8y_Command": {"text": str(number)}}))
        assert agent.told() == f"511,{agent.serial},{number}"
        # What was said of the one before comes late, or again, and says nothing of this one.
        agent.say("501,c8y_Command", row)
    shown = [agent.operator.call("GET", f"/devicecontrol/operations/{one}") for one in made]
    assert [one["status"] for one in shown] == [status for _, status in ends]
    assert (shown[0]["c8y_Command"]["result"], shown[1]["failureReason"]) == ("one", "no")


def test_templates_of_its_own(agent: Agent) -> None:
    xid = f"own{uuid.uuid4().hex[:8]}"
    status = "10,{},PUT,OPERATION,,c8y_Own,status,OPERATIONSTATUS,{}"
    rows = [status.format("begin", "EXECUTING"), status.format("end", "SUCCESSFUL") + ",c8y_Own.n,STRING,"]
    agent.client.publish(f"s/ut/{xid}", "\n".join(rows))
    assert agent.told().startswith(f"20,{xid},")
    agent.say("114,c8y_Own")
    for number in range(3):
        operation = agent.operator.order(agent.serial, {"c8y_Own": {}})
        agent.say("begin", f"end,{number}", topic=f"s/uc/{xid}")
        assert agent.operator.becomes(operation, "SUCCESSFUL")["c8y_Own"]["n"] == str(number)
