"""Seats of alarms: taken before the alarm is made, and left by who dies in between."""

from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.fleet.data import open_alarms
from chalicelib.fleet.data.alarm_records import Seat
from tests.fakes import MemoryPorts
from tests.fleet.data.test_alarms import SOURCE, STEPS, TENANT, TYPE, cleared, opened, raised


class DiedError(Exception):
    """Whoever was at work is no more."""


def dying(write: Callable[..., Any]) -> Callable[..., Any]:
    def die(*_: Any, **__: Any) -> Any:
        raise DiedError(write)

    return die


@pytest.mark.parametrize("step", ["the same", "another", "an earlier one", "cleared", "cleared by hand"])
@pytest.mark.parametrize("before", [False, True])
def test_who_died_after_taking_the_seat_is_in_nobodys_way(step: str, *, before: bool) -> None:
    ports = MemoryPorts()
    if before:
        raised(ports, 0)
        cleared(ports, 1)
    create = ports.alarms.create
    ports.alarms.create = dying(create)  # type: ignore[method-assign]
    with pytest.raises(DiedError):
        raised(ports, 10)
    ports.alarms.create = create  # type: ignore[method-assign]
    assert opened(ports) is None
    assert open_alarms.of_source(ports, TENANT, SOURCE) == []
    match step:
        case "cleared":
            assert cleared(ports, 20) is None
            assert not raised(ports, 10).alarm.open, "it was raised before"
        case "cleared by hand":
            STEPS["clear by hand"](ports, 20)
        case _:
            assert raised(ports, {"the same": 10, "another": 20, "an earlier one": 9}[step]).created
            assert raised(ports, 10).again is (step == "the same")
    assert raised(ports, 30).alarm.open
    present = [one for one in ports.alarms.rows.values() if one.open]
    assert [one.id for one in present] == [ports.alarms.seat(TENANT, SOURCE, TYPE).alarm]


@pytest.mark.parametrize("lost", ["replace_seat", "create"])
@pytest.mark.parametrize("told", [1, 2])
def test_the_first_raise_is_one_alarm_whichever_answer_is_lost(lost: str, told: int) -> None:
    ports = MemoryPorts()
    write = getattr(ports.alarms, lost)

    def forgetful(*args: Any, **options: Any) -> bool:
        setattr(ports.alarms, lost, write)
        write(*args, **options)
        return False

    setattr(ports.alarms, lost, forgetful)
    for _ in range(told):
        assert raised(ports).alarm.count == 1
    (made,) = ports.alarms.rows.values()
    assert made == opened(ports)


@pytest.mark.parametrize("slow", ["create", "replace_seat", "void"])
@pytest.mark.parametrize("others", ["rr", "rc", "cr", "rh", "hr", "rcr"])
def test_who_comes_late_to_make_what_it_took_the_seat_for_makes_no_second_one(slow: str, others: str) -> None:
    """Several things happen between two calls of one raise."""
    for stamped in (5, 50):
        ports = MemoryPorts()
        write = getattr(ports.alarms, slow)
        happened: list[str] = []

        def late(*args: Any, write: Callable[..., Any] = write, ports: MemoryPorts = ports, **options: Any) -> Any:
            setattr(ports.alarms, slow, write)
            for n, kind in enumerate(others):
                step = {"r": "raise", "c": "clear", "h": "clear by hand"}[kind]
                STEPS[step](ports, 10 + n)
                happened.append(step)  # noqa: B023 - used within this turn
            return write(*args, **options)

        if slow == "void":
            ports.alarms.seats[TENANT, SOURCE, TYPE] = Seat(TENANT, SOURCE, TYPE, "7", revision=1)
        setattr(ports.alarms, slow, late)
        raised(ports, stamped)
        assert len(happened) == len(others)
        present = [one for one in ports.alarms.rows.values() if one.open]
        assert len(present) <= 1
        assert [one.id for one in present] == [a for a in ports.alarms.seated(TENANT, SOURCE) if present]
        assert raised(ports, 20_000_000).alarm.open
        assert len(open_alarms.of_source(ports, TENANT, SOURCE)) == 1
