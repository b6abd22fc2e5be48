"""The list of installed software (guide "MQTT", templates 140 to 142): long ones come in parts, in whatever order."""

from functools import partial
from itertools import count, permutations, takewhile
from typing import Any

import pytest

from tests.dialects.cumulocity.broker import Broker
from tests.preempting import preempted

pytestmark = pytest.mark.row("G7")
PORTS = ("objects", "records")


def lists(broker: Broker) -> list[list[dict[str, Any]]]:
    path = f"/inventory/managedObjects/{broker.object().id}/childAdditions"
    below = [one["managedObject"] for one in broker.client.get(path, pageSize=500).body["references"]]
    return [one["c8y_InstalledSoftwareList"] for one in below if "c8y_InstalledSoftwareList" in one]


def installed(broker: Broker) -> dict[str, str]:
    (found,) = lists(broker)
    assert len({one["name"] for one in found}) == len(found)
    return {one["name"]: one["version"] for one in found}


SAID: dict[str, tuple[tuple[str, ...], dict[str, str]]] = {
    "a list in parts": (("140,a,1,,", "141,b,1,,", "141,c,1,,", "141,d,1,,"), dict.fromkeys("abcd", "1")),
    "another list": (("140,a,1,,", "141,b,1,,", "140,c,2,,", "141,d,2,,"), {"c": "2", "d": "2"}),
    "an update": (("140,a,1,,,b,1,,", "141,a,2,,", "142,a,1", "141,a,3,,"), {"a": "3", "b": "1"}),
    "gone": (("140,a,1,,", "141,b,1,,", "142,a,1", "142,b"), {}),
    "back again": (("141,a,1,,", "142,a,1", "141,a,1,,", "141,b,1,,"), {"a": "1", "b": "1"}),
    "of another version": (("141,a,2,,", "142,a,1", "141,b,1,,", "142,b,2"), {"a": "2", "b": "1"}),
}


@pytest.mark.parametrize("about", SAID)
def test_in_whatever_order_the_parts_come_all_of_it_is_there(about: str) -> None:
    rows, expected = SAID[about]
    for order in permutations(range(len(rows))):
        broker = Broker()
        broker.device("pump")
        events = [broker.event("pump", "s/us", row) for row in rows]
        for place in (*order, order[0]):
            broker.handle(events[place])
        assert installed(broker) == expected, order


def test_several_versions_and_types_of_one_name_are_installed_side_by_side() -> None:
    rows = ("140,a,1,,,a,2,,,a,3,,", "141,b,1,apt,,b,1,snap,", "142,a,2")
    for order in permutations(range(len(rows))):
        broker = Broker()
        broker.device("pump")
        events = [broker.event("pump", "s/us", row) for row in rows]
        for place in (*order, order[0]):
            broker.handle(events[place])
        (found,) = lists(broker)
        there = sorted((one["name"], one["version"], one["softwareType"]) for one in found)
        assert there == [("a", "1", ""), ("a", "3", ""), ("b", "1", "apt"), ("b", "1", "snap")], order


def test_two_functions_at_once_make_one_list() -> None:
    def fresh(at: int) -> bool:
        broker = Broker()
        broker.device("pump")
        first, second = (broker.event("pump", "s/us", row) for row in ("140,a,1,,", "141,b,1,,"))
        came = preempted(broker.ports, at, partial(broker.handle, first), partial(broker.handle, second), PORTS)
        if not came:
            broker.handle(second)
        assert installed(broker) == {"a": "1", "b": "1"}, at
        return came

    assert len(list(takewhile(fresh, count()))) > 3


def test_it_is_found_among_many_services() -> None:
    broker = Broker()
    broker.device("pump")
    for at in range(0, 210, 70):
        broker.publish("pump", "\n".join(f"102,s{n},systemd,S{n},up" for n in range(at, at + 70)))
    for row in ("140,a,1,,", "141,b,1,,", "141,c,1,,"):
        broker.publish("pump", row)
    assert installed(broker) == dict.fromkeys("abc", "1")


def test_what_was_said_long_ago_is_not_kept() -> None:
    broker = Broker()
    broker.device("pump")
    for n in range(20):
        broker.publish("pump", f"141,a{n},1,,\n142,b{n},1")
        broker.ports.clock.advance(seconds=300)
    number = broker.client.get("/inventory/managedObjects", type="c8y_InstalledSoftwareList").body["managedObjects"]
    found = broker.ports.objects.get(broker.tenant, number[0]["id"])
    assert found is not None
    assert len(found.stamps) < 10
    assert len(installed(broker)) == 20
