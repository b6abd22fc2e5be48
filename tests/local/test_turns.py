"""In which order jobs get their turn: without threads and clocks."""

from collections.abc import Hashable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.local.turns import Place, Turns


def order(turns: Turns[str], at_once: int = 1) -> list[str]:
    """What is taken when so many threads run the jobs, of which the one that began first is always over first."""
    taken: list[str] = []
    running: list[Hashable] = []
    while turns.takeable or running:
        while len(running) < at_once and (next_ := turns.take()) is not None:
            running.append(next_[0])
            taken.append(next_[1])
        turns.finished(running.pop(0))
    return taken


@pytest.mark.parametrize("at_once", [1, 4])
def test_a_flood_of_one_tenant_holds_up_another_by_what_runs(at_once: int) -> None:
    turns: Turns[str] = Turns()
    for number in range(200):
        turns.add(Place(f"b{number % 20}", "b"), f"b{number}")
    for number in range(3):
        turns.add(Place("a0", "a"), f"a{number}")
    taken = order(turns, at_once)
    assert [taken.index(f"a{number}") < at_once + 2 + 2 * number * at_once for number in range(3)] == [True] * 3
    assert len(taken) == 203


def test_clients_of_one_tenant_take_turns_too() -> None:
    turns: Turns[str] = Turns()
    for number in range(50):
        turns.add(Place("loud", "a"), f"loud{number}")
    turns.add(Place("quiet", "a"), "quiet")
    assert order(turns).index("quiet") == 1


def test_many_tenants_come_round() -> None:
    turns: Turns[str] = Turns()
    for round_ in range(3):
        for tenant in "abc":
            for client in range(2):
                turns.add(Place(f"{tenant}{client}", tenant), f"{tenant}{client}.{round_}")
    taken = order(turns)
    assert ["".join(one[0] for one in taken[start : start + 3]) for start in range(0, 18, 3)] == ["abc"] * 6


def test_a_share_leaves_a_thread_to_others() -> None:
    turns: Turns[str] = Turns(3)
    for number in range(20):
        turns.add(Place(number, "b"), f"b{number}")
    assert turns.takeable == 3
    running = [turns.take() for _ in range(3)]
    assert None not in running
    assert (turns.takeable, turns.take()) == (0, None)
    turns.add(Place("a", "a"), "a")
    assert turns.take() == ("a", "a")
    turns.finished(0)
    assert turns.take() == (3, "b3")


def test_a_job_that_is_put_back_keeps_its_place_and_its_lane_rests() -> None:
    turns: Turns[str] = Turns(1)
    for job in ("first", "second"):
        turns.add(Place("lane", "group"), job)
    turns.add(Place("other", "group"), "other")
    assert turns.take() == ("lane", "first")
    turns.put_back("lane", "first")
    assert turns.backlog("lane") == 2
    assert turns.take() == ("other", "other")
    turns.finished("other")
    assert turns.take() is None
    turns.wake("lane")
    assert order(turns) == ["first", "second"]
    assert turns.backlog() == 0


def test_a_lane_stays_in_order_when_its_client_goes_to_another_tenant() -> None:
    turns: Turns[str] = Turns()
    for number in range(3):
        turns.add(Place("client", "b"), f"b{number}")
    turns.add(Place("client", "a"), "a")
    assert order(turns) == ["b0", "b1", "b2", "a"]


def test_a_run_is_of_one_lane_and_what_is_left_of_it_comes_first() -> None:
    turns: Turns[str] = Turns()
    for number in range(5):
        turns.add(Place("b", "b"), f"b{number}")
    turns.add(Place("a", "a"), "a")
    assert turns.take_run(3) == ("b", ["b0", "b1", "b2"])
    turns.finished("b", ["b1", "b2"])
    assert turns.take_run(3) == ("a", ["a"])
    turns.finished("a")
    assert turns.take_run(9) == ("b", ["b1", "b2", "b3", "b4"])
    assert turns.take_run(9) is None
    turns.finished("b")
    assert (turns.takeable, turns.backlog()) == (0, 0)


@given(
    st.lists(st.tuples(st.integers(0, 5), st.sampled_from(["a", "b", None])), max_size=60),
    st.integers(1, 5),
    st.sampled_from([None, 1, 2]),
)
def test_everything_is_taken_once_and_in_the_order_of_its_lane(
    jobs: list[tuple[int, str | None]], at_once: int, share: int | None
) -> None:
    turns: Turns[str] = Turns(share)
    for number, (lane, group) in enumerate(jobs):
        turns.add(Place((lane, group), group), f"{lane} {group} {number}")
    taken = order(turns, at_once)
    assert len(taken) == len(jobs)
    for name in {f"{lane} {group} " for lane, group in jobs}:
        numbers = [int(job.rpartition(" ")[2]) for job in taken if job.startswith(name)]
        assert numbers == sorted(numbers)
    assert turns.takeable == 0
