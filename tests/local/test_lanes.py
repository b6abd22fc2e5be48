"""Lanes of one group take turns with those of others, and a job that wants to run again keeps its place."""

import threading
from collections.abc import Iterator
from functools import partial

import pytest

from infra.local.lanes import Lanes
from infra.local.timers import Timers
from infra.local.turns import Place
from tests.clients import until


@pytest.fixture
def lanes() -> Iterator[Lanes]:
    timers = Timers()
    made = Lanes("test", 1, timers)
    yield made
    made.stop(2)
    timers.stop()


def test_a_group_with_many_lanes_holds_up_another_by_one_job(lanes: Lanes) -> None:
    ran: list[str] = []
    started, go = threading.Event(), threading.Event()

    def first() -> None:
        started.set()
        go.wait(10)

    lanes.submit(Place("first", "b"), first)
    started.wait(10)
    for number in range(300):
        lanes.submit(Place(f"b{number}", "b"), partial(ran.append, f"b{number}"))
    lanes.submit(Place("a", "a"), lambda: ran.append("a"))
    lanes.submit(Place("a", "a"), lambda: ran.append("a again"))
    go.set()
    until(lambda: len(ran) == 302)
    assert ran.index("a") <= 1
    assert ran.index("a again") <= 3


def test_a_lane_keeps_its_order_while_its_first_job_runs_again(lanes: Lanes) -> None:
    ran: list[str] = []

    def twice() -> float | None:
        ran.append("first")
        return 0.02 if ran.count("first") < 3 else None

    lanes.submit(Place("a", None), twice)
    lanes.submit(Place("a", None), lambda: ran.append("second"))
    lanes.submit(Place("b", None), lambda: ran.append("other"))
    until(lambda: "second" in ran)
    assert [one for one in ran if one != "other"] == ["first", "first", "first", "second"]
    assert ran.index("other") < ran.index("second")


def test_a_job_that_fails_ends_only_itself(lanes: Lanes) -> None:
    ran: list[str] = []

    def fail() -> None:
        raise ValueError

    lanes.submit(Place("a", None), fail)
    lanes.submit(Place("a", None), lambda: ran.append("next"))
    until(lambda: ran == ["next"])
    assert lanes.backlog() == 0


def test_nobody_is_called_for_what_the_thread_takes_that_made_it_free() -> None:
    several = Lanes("test", 4)
    started, go, ran = threading.Event(), threading.Event(), list[int]()

    def first() -> None:
        started.set()
        go.wait(10)

    several.submit(Place("a", "a"), first)
    started.wait(10)
    for _ in range(50):
        several.submit(Place("a", "a"), lambda: ran.append(threading.get_ident()))
    go.set()
    until(lambda: len(ran) == 50)
    several.stop(2)
    assert len(set(ran)) == 1
