"""Operations by long polling (reference, "Real-time notifications"): none is lost, none is given for nothing."""

from typing import Any

import pytest

from chalicelib.dialects.cumulocity import polling
from tests.dialects.cumulocity.bayeux_client import OPERATIONS, Poller, ids
from tests.dialects.cumulocity.client import Client
from tests.dialects.cumulocity.furnished import OBJECTS
from tests.dialects.cumulocity.registering import registered

pytestmark = pytest.mark.row("G5")
PATH = "/devicecontrol/operations"
AGENT: dict[str, Any] = {"c8y_IsDevice": {}, "com_cumulocity_model_Agent": {}}
MINUTE = 60


class Agent:
    """A device that polls with its own credentials."""

    def __init__(self, client: Client, name: str = "d1") -> None:
        self.client, self.auth = client, registered(client, name)
        self.number = str(client.call("POST", OBJECTS, {"name": name, **AGENT}, auth=self.auth).body["id"])
        self.poller = Poller(client, OPERATIONS, self.auth).listening(f"/{self.number}")

    def order(self, device: str = "", **said: Any) -> str:
        return str(self.client.made(PATH, {"deviceId": device or self.number, **(said or {"c8y_Restart": {}})})["id"])

    def put(self, number: str, **said: Any) -> int:
        return self.client.call("PUT", f"{PATH}/{number}", said, auth=self.auth).status

    def delivery(self, number: str) -> str:
        return str(self.client.get(f"{PATH}/{number}").body["delivery"]["status"])


@pytest.fixture
def client() -> Client:
    return Client()


@pytest.fixture
def agent(client: Client) -> Agent:
    return Agent(client)


def test_an_agent_is_given_its_operations_once_and_in_order(agent: Agent) -> None:
    assert agent.poller.told() == []
    made = [agent.order(), agent.order(c8y_Command={"text": "ls"})]
    told = agent.poller.told()
    assert [one["channel"] for one in told] == [f"/{agent.number}"] * 2
    assert ids(told) == made
    shown = agent.client.get(f"{PATH}/{made[1]}").body
    data = told[1]["data"]
    assert (data["c8y_Command"], data["status"], data["self"]) == ({"text": "ls"}, "PENDING", shown["self"])
    assert agent.poller.told() == agent.poller.told() == []


def test_what_the_next_request_shows_to_have_arrived_is_delivered(agent: Agent) -> None:
    number = agent.order()
    assert ids(agent.poller.told()) == [number]
    assert agent.delivery(number) == "PENDING"
    agent.poller.told()
    assert agent.delivery(number) == "DELIVERED"
    assert agent.put(number, status="EXECUTING") == agent.put(number, status="SUCCESSFUL") == 200


def test_an_answer_that_was_lost_is_given_again(agent: Agent) -> None:
    number = agent.order()
    assert ids(agent.poller.told()) == [number]
    # What clients say whose last request has failed.
    assert ids(agent.poller.told(advice={"timeout": 0})) == [number]
    assert agent.delivery(number) == "PENDING"
    assert agent.poller.told() == []
    assert agent.delivery(number) == "DELIVERED"


def test_the_same_request_once_more_is_answered_as_before(agent: Agent) -> None:
    number = agent.order()
    asked = agent.poller.message("/meta/connect", connectionType="long-polling")
    assert [ids(agent.poller.send(asked)[:-1]) for _ in range(3)] == [[number]] * 3
    assert agent.poller.told() == []


def test_a_client_that_always_wants_an_answer_at_once_is_not_told_the_same_for_ever(agent: Agent) -> None:
    number = agent.order()
    given = [ids(agent.poller.told(advice={"timeout": 0})) for _ in range(8)]
    assert given[0] == [number]
    assert given[-1] == []


def test_one_that_is_made_in_the_same_millisecond_and_comes_later_is_not_missed(agent: Agent) -> None:
    first = agent.order()
    agent.client.ports.clock.advance(ms=-2)
    assert ids(agent.poller.told()) == [first]
    agent.client.ports.clock.advance(ms=-2)
    earlier = agent.order()
    assert int(earlier) < int(first)
    assert ids(agent.poller.told()) == [earlier]


def test_a_new_session_gets_all_that_was_not_begun(agent: Agent) -> None:
    begun, waiting = agent.order(), agent.order()
    assert ids(agent.poller.told()) == [begun, waiting]
    agent.poller.told()
    assert agent.put(begun, status="EXECUTING") == 200
    again = Poller(agent.client, OPERATIONS, agent.auth).listening(f"/{agent.number}")
    assert ids(again.told()) == [waiting]


def test_a_request_that_overtakes_the_subscription_waits_for_it(client: Client) -> None:
    auth = registered(client, "d1")
    number = client.call("POST", OBJECTS, AGENT, auth=auth).body["id"]
    poller = Poller(client, OPERATIONS, auth)
    poller.handshake()
    assert poller.told(advice={"timeout": 0}) == []
    assert client.ports.pauses == [300]
    poller.subscribe(f"/{number}")
    operation = client.made(PATH, {"deviceId": number, "c8y_Restart": {}})["id"]
    assert ids(poller.told()) == [operation]
    assert client.ports.pauses == [300]


def test_children_without_an_agent_of_their_own_are_served(agent: Agent) -> None:
    child = agent.client.made(f"{OBJECTS}/{agent.number}/childDevices", {"name": "c", "c8y_IsDevice": {}})["id"]
    own = agent.client.made(f"{OBJECTS}/{agent.number}/childDevices", {"name": "a", **AGENT})["id"]
    told_to_child, told_to_own = agent.order(child), agent.order(own)
    told = agent.poller.told()
    assert ids(told) == [told_to_child]
    assert (told[0]["channel"], told[0]["data"]["deviceId"]) == (f"/{agent.number}", child)
    people = Poller(agent.client).listening(f"/{own}")
    assert ids(people.told()) == [told_to_own]


def test_people_look_on_and_take_nothing(agent: Agent) -> None:
    number = agent.order()
    people = Poller(agent.client).listening(f"/{agent.number}")
    assert ids(people.told()) == [number]
    assert people.told() == []
    assert agent.delivery(number) == "PENDING"
    assert ids(agent.poller.told()) == [number]


def test_no_more_than_the_window_is_out(agent: Agent) -> None:
    made = [agent.order() for _ in range(25)]
    assert ids(agent.poller.told()) == made[:20]
    for number in made[:6]:
        agent.put(number, status="EXECUTING")
        agent.put(number, status="SUCCESSFUL")
    assert ids(agent.poller.told()) == made[20:]


def test_how_soon_it_is_to_come_again_depends_on_what_has_happened(agent: Agent) -> None:
    def interval(**said: Any) -> int:
        return int(agent.poller.connect(**said)[1]["advice"]["interval"])

    assert interval() == 2_000
    agent.client.ports.clock.advance(seconds=MINUTE)
    assert interval() == 10_000
    agent.client.ports.clock.advance(seconds=10 * MINUTE)
    assert interval() == 60_000
    assert interval(advice={"interval": 90_000}) == 90_000
    assert interval(advice={"interval": 1_000}) == 60_000
    agent.order()
    assert interval() == 2_000
    agent.client.ports.clock.advance(seconds=5 * MINUTE)
    (number,) = [one["id"] for one in agent.client.get(PATH, deviceId=agent.number).body["operations"]]
    assert interval() == 10_000
    agent.put(number, status="SUCCESSFUL")
    assert interval() == 2_000


@pytest.mark.parametrize(("said", "expected"), [("", 60), ("120", 120), ("1", 5), ("9999", 300), ("x", 60)])
def test_a_stage_says_how_long_the_longest_is(monkeypatch: pytest.MonkeyPatch, said: str, expected: int) -> None:
    monkeypatch.setenv(polling.SETTING, said)
    assert polling.longest() == expected * 1_000


def test_who_does_not_wait_is_held_back(agent: Agent) -> None:
    agent.client.ports.clock.advance(seconds=20 * MINUTE)
    for _ in range(6):
        agent.poller.told()
    assert agent.client.ports.pauses == []
    agent.poller.told()
    assert agent.client.ports.pauses == [3_000]


def test_an_idle_request_writes_nothing_but_now_and_then(agent: Agent) -> None:
    agent.client.ports.clock.advance(seconds=20 * MINUTE)
    agent.poller.told()
    written: list[str] = []
    store = agent.client.ports.records.replace

    def replace(old: Any, new: Any) -> bool:
        written.append(new.kind)
        return store(old, new)

    agent.client.ports.records.replace = replace  # type: ignore[method-assign]
    for _ in range(10):
        agent.client.ports.clock.advance(seconds=60)
        assert agent.poller.told() == []
    assert len(written) == 5


def test_nobody_has_operations_of_somebody_elses_agent(client: Client, agent: Agent) -> None:
    other = Agent(client, "d2")
    agent.order()
    (reply,) = other.poller.subscribe(f"/{agent.number}")
    assert (reply["successful"], reply["error"][:3], reply["subscription"]) == (False, "403", f"/{agent.number}")
    assert other.poller.told() == []
    other.poller.id = agent.poller.id
    _, reply = other.poller.connect()
    assert (reply["successful"], reply["error"][:3]) == (False, "403")
    for channel in ("/1", "/x", "/*"):
        (reply,) = agent.poller.subscribe(channel)
        assert (reply["successful"], reply["error"][:3]) == (False, "404")


def test_an_agent_that_is_taken_away_from_its_owner_tells_it_nothing_more(client: Client, agent: Agent) -> None:
    assert client.call("DELETE", f"{OBJECTS}/{agent.number}").status == 204
    assert agent.poller.told() == []
