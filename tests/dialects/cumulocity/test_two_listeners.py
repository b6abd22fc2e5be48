"""Agents that listen over MQTT and poll as well, by Bayeux or for what is PENDING: each way shows every operation."""

from itertools import count, takewhile
from typing import Any

import pytest

from tests.dialects.cumulocity.bayeux_client import OPERATIONS, Poller, ids
from tests.dialects.cumulocity.broker import PASSWORD, Broker
from tests.preempting import preempted

pytestmark = [pytest.mark.row("G5"), pytest.mark.row("G7")]
PATH = "/devicecontrol/operations"
PORTS = ("mailboxes", "commands", "gateways", "delivery", "background")


class Agent:
    """The device `pump`, or its child: `numbers` are of what the poller was shown, `rows` what came on `s/ds`."""

    def __init__(self, about: str = "pump", *, listens: bool = True) -> None:
        self.broker, self.about = Broker(), about
        self.client = self.broker.device("pump", *(["s/ds"] if listens else []))
        if about != "pump":
            self.broker.publish(self.client, f"101,{about}")
        self.auth = (self.broker.user(), PASSWORD)
        self.poller = Poller(self.broker.client, OPERATIONS, self.auth).listening(f"/{self.broker.object().id}")
        self.numbers: list[str] = []
        self.rows: list[str] = []
        self.made = 0

    def order(self) -> str:
        self.made += 1
        return self.broker.order(self.about, {"c8y_Command": {"text": str(self.made)}})

    def polls(self) -> None:
        self.numbers += ids(self.poller.told())

    def pending(self) -> list[str]:
        agent = self.broker.object().id
        found = self.broker.client.call("GET", PATH, auth=self.auth, agentId=agent, status="PENDING").body["operations"]
        return [one["id"] for one in found]

    def delivers(self) -> None:
        self.broker.run()
        self.rows += [row for _, row in self.broker.operations(self.client)]

    def listens(self) -> None:
        self.broker.subscribe(self.client, "s/ds")
        self.delivers()


@pytest.mark.parametrize("about", ["pump", "kid"])
@pytest.mark.parametrize(
    ("run", "other"),
    [("polls", "delivers"), ("polls", "listens"), ("delivers", "polls"), ("listens", "polls"), ("order", "polls")],
)
def test_each_is_shown_by_both_ways_once(about: str, run: str, other: str) -> None:
    def shown(at: int) -> bool:
        agent = Agent(about, listens=other != "listens" and run != "listens")
        made = [agent.order() for _ in range(2)]
        ports = agent.broker.ports
        came = preempted(ports, at, getattr(agent, run), getattr(agent, other), PORTS)
        if not came:
            return False
        made = agent.pending()
        agent.listens()
        agent.polls()
        assert len(made) == agent.made
        assert (agent.numbers, agent.rows) == (made, [f"511,{about},{n + 1}" for n in range(agent.made)]), at
        agent.polls()
        assert {agent.broker.client.get(f"{PATH}/{n}").body["delivery"]["status"] for n in made} == {"DELIVERED"}
        return True

    assert list(takewhile(shown, count())), "nothing was overtaken"


@pytest.mark.parametrize("run", ["delivers", "listens"])
def test_who_asks_for_what_is_pending_sees_it_at_every_step(run: str) -> None:
    def seen(at: int) -> bool:
        agent = Agent(listens=run != "listens")
        made, found = [agent.order() for _ in range(2)], list[list[str]]()
        came = preempted(agent.broker.ports, at, getattr(agent, run), lambda: found.append(agent.pending()), PORTS)
        assert [*found, agent.pending()] == [made] * (1 + len(found))
        assert agent.rows == ["511,pump,1", "511,pump,2"]
        return came

    assert list(takewhile(seen, count())), "nothing was overtaken"


@pytest.mark.parametrize("way", ["mqtt", "rest"])
def test_by_whichever_way_it_is_done_it_is_done(way: str) -> None:
    agent = Agent()
    first = agent.order()
    agent.polls()
    agent.delivers()
    if way == "mqtt":
        agent.broker.publish(agent.client, "501,c8y_Command\n503,c8y_Command,out")
    else:
        for status in ("EXECUTING", "SUCCESSFUL"):
            said: Any = {"status": status}
            assert agent.broker.client.call("PUT", f"{PATH}/{first}", said, auth=agent.auth).status == 200
    assert agent.broker.status(first) == "SUCCESSFUL"
    agent.listens()
    agent.polls()
    assert (agent.numbers, agent.rows, agent.pending()) == ([first], ["511,pump,1"], [])
