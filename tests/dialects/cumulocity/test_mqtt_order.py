"""Functions that take messages of a device run side by side: in whatever order they do, the end is the same."""

from collections.abc import Iterable
from functools import partial
from itertools import count, permutations, takewhile
from typing import Any

import pytest

from chalicelib.dialects.cumulocity.objects import ACTIVE_ALARMS
from chalicelib.dialects.cumulocity.smartrest import reporting
from tests.dialects.cumulocity.broker import Broker
from tests.preempting import preempted

pytestmark = pytest.mark.row("G7")
Events = list[dict[str, Any]]


def published(broker: Broker, client: str, bodies: Iterable[str], topic: str = "s/us") -> Events:
    return [broker.event(client, topic, body) for body in bodies]


def alarm_end(order: tuple[int, ...], bodies: tuple[str, ...]) -> tuple[list[str], int]:
    broker = Broker()
    pump = broker.device("pump")
    events = published(broker, pump, bodies)
    for place in order:
        broker.handle(events[place])
    every = broker.client.get("/alarm/alarms").body["alarms"]
    counted = broker.object().alarms
    still = [one["severity"] for one in every if one["status"] != "CLEARED"]
    assert sum(counted.values()) == len(still), (order, counted)
    return still, sum(one["count"] for one in every)


@pytest.mark.parametrize(
    "bodies",
    [
        ("301,hot", "306,hot", "302,hot"),
        ("301,hot", "306,hot", "302,hot", "306,hot"),
        ("301,hot", "301,hot", "306,hot", "303,hot", "303,hot"),
    ],
)
def test_alarms_end_as_they_were_raised_and_cleared(bodies: tuple[str, ...]) -> None:
    # All orders of few, and some of more: those of alarms themselves are all tried where they are kept.
    orders = list(permutations(range(len(bodies))))
    ends = {alarm_end(order, bodies)[0] != [] for order in orders[:: 1 + len(orders) // 24]}
    assert ends == {not bodies[-1].startswith("306")}


def test_six_raises_and_clearings_in_many_orders() -> None:
    bodies = ("301,a", "306,a", "301,a", "306,a", "301,a", "306,a")
    broker = Broker()
    pump = broker.device("pump")
    for number, order in enumerate(list(permutations(range(6)))[::13]):
        events = published(broker, pump, [body.replace("a", f"a{number}") for body in bodies])
        for place in order:
            broker.handle(events[place])
    alarms = broker.object().fragments, broker.object().alarms
    assert sum(alarms[1].values()) == 0, alarms
    assert ACTIVE_ALARMS not in alarms[0]


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_a_fragment_is_what_was_said_last(order: tuple[int, ...]) -> None:
    broker = Broker()
    pump = broker.device("pump")
    events = published(broker, pump, ["115,a,1,u", "107,c8y_Firmware", "110,sn,m,r", "115,b,2,u\n114,x"])
    for place in order:
        broker.handle(events[place])
    found = broker.object().fragments
    assert found["c8y_Firmware"] == {"name": "b", "version": "2", "url": "u"}
    assert (found["c8y_Hardware"]["serialNumber"], found["c8y_SupportedOperations"]) == ("sn", ["x"])


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_whatever_makes_a_device_all_of_it_is_there(order: tuple[int, ...]) -> None:
    broker = Broker()
    pump = broker.device("pump", "s/e")
    events = [
        broker.event(pump, "s/us", "100,Pump,c8y_Pump"),
        broker.event(pump, "s/us/kid", "200,f,s,1"),
        broker.event(pump, "s/us", "101,kid,Kid,c8y_Kid"),
        broker.event(pump, "s/us", "102,svc,systemd,Svc,up"),
    ]
    for place in order:
        broker.handle(events[place])
    named = [(broker.object(one).name, broker.object(one).type) for one in ("pump", "kid", "svc")]
    assert named == [("Pump", "c8y_Pump"), ("Kid", "c8y_Kid"), ("Svc", "c8y_Service")]
    assert broker.received(pump) == []


LIFE = ("501,c8y_Command", "503,c8y_Command,one")


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_an_operation_ends_also_where_its_beginning_comes_late(order: tuple[int, ...]) -> None:
    broker = Broker()
    pump = broker.device("pump", "s/ds", "s/e")
    first = broker.order("pump", {"c8y_Command": {"text": "1"}})
    broker.run()
    events = published(broker, pump, LIFE)
    # What comes late does not begin the next one.
    broker.handle(events[order[0]])
    if broker.status(first) == "SUCCESSFUL":
        second = broker.order("pump", {"c8y_Command": {"text": "2"}})
        broker.run()
        broker.handle(events[order[1]])
        assert broker.status(second) == "PENDING"
    else:
        broker.handle(events[order[1]])
    assert broker.status(first) == "SUCCESSFUL"
    assert broker.received(pump) == []


def test_a_beginning_that_is_told_twice_begins_one() -> None:
    broker = Broker()
    pump = broker.device("pump", "s/ds")
    first = broker.order("pump", {"c8y_Command": {"text": "1"}})
    broker.run()
    begun, ended = published(broker, pump, LIFE)
    broker.handle(begun)
    second = broker.order("pump", {"c8y_Command": {"text": "2"}})
    broker.run()
    broker.handle(begun)
    broker.later()
    assert [broker.status(one) for one in (first, second)] == ["EXECUTING", "PENDING"]
    broker.handle(ended)
    broker.later()
    for event in (begun, ended):
        broker.handle(event)
        broker.later()
    assert [broker.status(one) for one in (first, second)] == ["SUCCESSFUL", "PENDING"]


TWO = ("501,c8y_Command", "503,c8y_Command,first", "501,c8y_Command", "502,c8y_Command,second")


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_two_with_one_fragment_end_as_the_device_said(order: tuple[int, ...]) -> None:
    broker = Broker()
    pump = broker.device("pump", "s/ds", "s/e")
    made = [broker.order("pump", {"c8y_Command": {"text": str(n)}}) for n in range(2)]
    broker.run()
    events = published(broker, pump, TWO)
    for place in order:
        broker.handle(events[place])
        # SQS delivers some things twice.
        broker.handle(events[place])
    assert {broker.status(one) for one in made} == {"PENDING"}
    broker.later()
    assert [broker.status(one) for one in made] == ["SUCCESSFUL", "FAILED"], broker.complaints()
    done = broker.client.get(f"/devicecontrol/operations/{made[0]}").body
    assert done["c8y_Command"]["result"] == "first"
    assert broker.ports.background.matters == []
    assert broker.received(pump) == []


@pytest.mark.parametrize("order", list(permutations(range(6)))[::7])
def test_three_of_them_in_many_orders(order: tuple[int, ...]) -> None:
    broker = Broker()
    pump = broker.device("pump", "s/ds")
    made = [broker.order("pump", {"c8y_Command": {"text": str(n)}}) for n in range(3)]
    broker.run()
    events = published(broker, pump, [row.replace("one", str(n)) for n in range(3) for row in LIFE])
    for place in order:
        broker.handle(events[place])
    broker.later()
    results = [broker.client.get(f"/devicecontrol/operations/{one}").body["c8y_Command"]["result"] for one in made]
    assert results == ["0", "1", "2"]


def test_a_row_that_comes_while_others_are_taken_is_not_forgotten() -> None:
    broker = Broker()
    pump = broker.device("pump", "s/ds")
    made = [broker.order("pump", {"c8y_Command": {"text": str(n)}}) for n in range(2)]
    broker.run()
    events = published(broker, pump, TWO)
    broker.handle(events[0])
    ((dialect, matter, seconds),) = broker.ports.background.matters
    assert (dialect, matter["kind"], seconds) == ("cumulocity", "inbox", 1)
    broker.ports.clock.advance(ms=999)
    broker.handle(events[1])
    # The first look finds that one came just now, and looks again.
    broker.later()
    broker.later()
    assert [broker.status(one) for one in made] == ["SUCCESSFUL", "PENDING"]
    for event in events[2:]:
        broker.handle(event)
    assert [broker.status(one) for one in made] == ["SUCCESSFUL", "FAILED"]


def by_two_at_once(at: int) -> bool:
    broker = Broker()
    pump = broker.device("pump", "s/ds")
    made = [broker.order("pump", {"c8y_Command": {"text": str(n)}}) for n in range(2)]
    broker.run()
    for event in published(broker, pump, TWO):
        broker.handle(event)
    (tenant, device), broker.ports.background.matters = _inbox(broker), []
    broker.ports.clock.advance(ms=1_000)
    look = partial(reporting.resume, broker.ports, tenant, device)
    happened = preempted(broker.ports, at, look, look)
    assert [broker.status(one) for one in made] == ["SUCCESSFUL", "FAILED"], at
    return happened


OWN = (
    "10,begin,PUT,OPERATION,,c8y_Command,status,OPERATIONSTATUS,EXECUTING",
    "10,end,PUT,OPERATION,,c8y_Command,status,OPERATIONSTATUS,SUCCESSFUL,c8y_Command.result,STRING,",
    "10,fail,PUT,OPERATION,,c8y_Command,status,OPERATIONSTATUS,FAILED,failureReason,STRING,",
    "10,raise,POST,ALARM,,hot,it is hot,ACTIVE,MAJOR,",
    "10,clear,PUT,ALARM,,hot,status,ALARMSTATUS,CLEARED",
)
"""A collection whose rows say what 501 to 503, 302 and 306 do."""


def own_templates(broker: Broker, serial: str = "pump") -> str:
    pump = broker.device(serial, "s/ds", "s/e")
    broker.publish(pump, "\n".join(OWN), "s/ut/own")
    return pump


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_two_end_as_rows_of_own_templates_said(order: tuple[int, ...]) -> None:
    broker = Broker()
    pump = own_templates(broker)
    made = [broker.order("pump", {"c8y_Command": {"text": str(n)}}) for n in range(2)]
    broker.run()
    events = published(broker, pump, ["begin", "end,first", "begin", "fail,second"], "s/uc/own")
    for place in order:
        broker.handle(events[place])
        broker.handle(events[place])
    assert {broker.status(one) for one in made} == {"PENDING"}
    broker.later()
    assert [broker.status(one) for one in made] == ["SUCCESSFUL", "FAILED"], broker.complaints()
    shown = [broker.client.get(f"/devicecontrol/operations/{one}").body for one in made]
    assert (shown[0]["c8y_Command"]["result"], shown[1]["failureReason"]) == ("first", "second")
    # Late, and once more: nothing is said of the next one.
    third = broker.order("pump", {"c8y_Command": {"text": "3"}})
    broker.run()
    for event in events:
        broker.handle(event)
        broker.later()
    assert (broker.status(third), broker.received(pump)) == ("PENDING", [])


def test_a_row_of_the_inbox_that_cannot_be_taken_holds_up_no_other() -> None:
    broker = Broker()
    pump = own_templates(broker)
    broker.publish(pump, "10,back,PUT,OPERATION,,c8y_Command,status,OPERATIONSTATUS,PENDING", "s/ut/back")
    made = [broker.order("pump", {"c8y_Command": {"text": str(n)}}) for n in range(2)]
    broker.run()
    rows = [("begin", "own"), ("back", "back"), ("end,done", "own")]
    for row, xid in rows:
        broker.publish(pump, row, f"s/uc/{xid}")
    broker.later()
    assert [broker.status(one) for one in made] == ["SUCCESSFUL", "PENDING"]
    assert any("cannot become PENDING" in reason for reason in broker.complaints())


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_alarms_of_own_templates_end_as_they_were_said(order: tuple[int, ...]) -> None:
    broker = Broker()
    pump = own_templates(broker)
    for rows in (["raise", "clear", "raise"], ["clear", "raise", "clear"]):
        events = published(broker, pump, rows, "s/uc/own")
        for place in order:
            broker.handle(events[place])
            broker.handle(events[place])
        still = [one for one in broker.client.get("/alarm/alarms").body["alarms"] if one["status"] != "CLEARED"]
        assert len(still) == (rows[-1] == "raise"), rows


def _inbox(broker: Broker) -> tuple[str, str]:
    matter = broker.ports.background.matters[0][1]
    return str(matter["tenant"]), str(matter["device"])


def test_two_who_look_at_once_take_each_row_for_what_it_was_said_of() -> None:
    assert sum(1 for _ in takewhile(by_two_at_once, count())) > 20


def ended_by_two_at_once(row: str, topic: str, at: int) -> bool:
    broker = Broker()
    pump = own_templates(broker)
    first = broker.order("pump", {"c8y_Command": {"text": "1"}})
    broker.run()
    (done,) = published(broker, pump, [row], topic)
    second: list[str] = []

    def meanwhile() -> None:
        second.append(broker.order("pump", {"c8y_Command": {"text": "2"}}))
        broker.run()
        broker.handle(done)
        broker.later()

    happened = preempted(broker.ports, at, partial(broker.handle, done), meanwhile)
    broker.later()
    assert [broker.status(one) for one in (first, *second)] == ["SUCCESSFUL", "PENDING"][: 1 + len(second)], at
    return happened


@pytest.mark.parametrize(("row", "topic"), [("503,c8y_Command,one", "s/us"), ("end,one", "s/uc/own")])
def test_a_row_that_is_taken_twice_at_once_ends_one_operation(row: str, topic: str) -> None:
    assert sum(1 for _ in takewhile(partial(ended_by_two_at_once, row, topic), count())) > 5


def test_rows_of_one_message_are_in_order() -> None:
    broker = Broker()
    pump = broker.device("pump", "s/ds")
    made = [broker.order("pump", {"c8y_Command": {"text": str(n)}}) for n in range(2)]
    broker.run()
    broker.publish(pump, "\n".join(TWO))
    broker.later()
    assert [broker.status(one) for one in made] == ["SUCCESSFUL", "FAILED"]
