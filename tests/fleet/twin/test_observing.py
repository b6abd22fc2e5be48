"""Observations of a device: what is sent next, and what counts of what came of it."""

from dataclasses import replace

import pytest

from chalicelib.fleet.errors import Conflict, LimitReached, ObservationNotFound
from chalicelib.fleet.twin import observing
from chalicelib.fleet.twin.observing import Begin, End, Outcome
from chalicelib.fleet.twin.records import Observation, ObservationStatus
from tests.fakes import MemoryPorts

TENANT, DEVICE = "t", "d"
PENDING, OBSERVING, FAILED = ObservationStatus.PENDING, ObservationStatus.OBSERVING, ObservationStatus.FAILED


@pytest.fixture
def ports() -> MemoryPorts:
    return MemoryPorts()


def made(ports: MemoryPorts, *paths: str) -> Observation:
    ports.clock.advance(ms=1)
    return observing.create(ports, TENANT, DEVICE, paths, None)


def sent(ports: MemoryPorts, holder: str = "run") -> Observation:
    taken = observing.take(ports, TENANT, DEVICE, holder)
    assert isinstance(taken, Begin)
    return taken.observation


def observed(ports: MemoryPorts, count: int) -> list[Observation]:
    all_ = []
    for number in range(count):
        made(ports, f"/3303/{number}")
        begun = sent(ports)
        observing.conclude(ports, TENANT, DEVICE, begun.token, Outcome.OBSERVING)
        all_.append(begun)
    return all_


def listed(ports: MemoryPorts) -> list[Observation]:
    return observing.listing(ports, TENANT, DEVICE)


def test_all_that_were_called_off_are_told_the_first_one_first_and_before_what_is_new(ports: MemoryPorts) -> None:
    before = observed(ports, 3)
    for each in (before[1], before[0], before[2]):
        observing.cancel(ports, TENANT, DEVICE, each.id)
    made(ports, "/3304/0")
    ends = [observing.take(ports, TENANT, DEVICE, "run") for _ in range(3)]
    assert [end.cancellation.token for end in ends if isinstance(end, End)] == [
        before[1].token,
        before[0].token,
        before[2].token,
    ]
    assert sent(ports).paths == ("/3304/0",)
    assert observing.take(ports, TENANT, DEVICE, "run") is None


def test_one_that_was_never_sent_is_called_off_without_a_word(ports: MemoryPorts) -> None:
    one = made(ports, "/3303/0")
    observing.cancel(ports, TENANT, DEVICE, one.id)
    assert observing.take(ports, TENANT, DEVICE, "run") is None
    with pytest.raises(ObservationNotFound):
        observing.cancel(ports, TENANT, DEVICE, one.id)


def test_each_is_sent_once_the_oldest_first_and_what_another_run_left_again(ports: MemoryPorts) -> None:
    first, second = made(ports, "/3303/0"), made(ports, "/3303/1")
    assert [sent(ports, "one").id, sent(ports, "one").id] == [first.id, second.id]
    assert observing.take(ports, TENANT, DEVICE, "one") is None
    again = sent(ports, "another")
    assert (again.id, again.attempts) == (first.id, 2)
    assert observing.take(ports, TENANT, "nobody", "one") is None


def test_what_came_of_a_request_counts_once_and_for_its_token_alone(ports: MemoryPorts) -> None:
    made(ports, "/3303/0")
    old, new = sent(ports, "one"), sent(ports, "another")
    observing.conclude(ports, TENANT, DEVICE, old.token, Outcome.REFUSED)
    assert listed(ports) == [new]
    observing.conclude(ports, TENANT, DEVICE, new.token, Outcome.OBSERVING)
    (known,) = listed(ports)
    assert (known.status, known.attempts, known.token, known.holder) == (OBSERVING, 0, new.token, "")
    observing.conclude(ports, TENANT, DEVICE, new.token, Outcome.REFUSED)
    assert listed(ports) == [known]


def test_what_fails_is_tried_five_times_and_what_is_refused_once(ports: MemoryPorts) -> None:
    made(ports, "/3303/0")
    for attempt in range(1, 6):
        begun = sent(ports)
        observing.conclude(ports, TENANT, DEVICE, begun.token, Outcome.FAILED)
        (known,) = listed(ports)
        assert (known.status, known.attempts, known.token) == (PENDING if attempt < 5 else FAILED, attempt, "")
        observing.updated(ports, TENANT, DEVICE)
    assert observing.take(ports, TENANT, DEVICE, "run") is None
    made(ports, "/3303/1")
    observing.conclude(ports, TENANT, DEVICE, sent(ports).token, Outcome.REFUSED)
    assert listed(ports)[1].status is FAILED


def test_an_update_sends_again_what_waits_and_nothing_that_is_under_way_or_well(ports: MemoryPorts) -> None:
    well, under_way, failed = (f"/3303/{number}" for number in range(3))
    for path, outcome in ((well, Outcome.OBSERVING), (failed, Outcome.FAILED)):
        made(ports, path)
        observing.conclude(ports, TENANT, DEVICE, sent(ports).token, outcome)
    made(ports, under_way)
    sent(ports)
    observing.updated(ports, TENANT, DEVICE)
    assert {each.paths[0] for each in listed(ports) if each.due} == {failed}


@pytest.mark.parametrize("registered", [True, False])
def test_a_registration_begins_all_anew_and_its_end_lets_them_wait(
    ports: MemoryPorts,
    registered: bool,  # noqa: FBT001 - a parameter
) -> None:
    one, two = observed(ports, 2)
    observing.cancel(ports, TENANT, DEVICE, one.id)
    (observing.registered if registered else observing.ended)(ports, TENANT, DEVICE)
    (known,) = listed(ports)
    assert known == replace(two, status=PENDING, due=registered, attempts=0, token="", holder="")
    assert observing.notified(ports, TENANT, DEVICE, two.token) is None
    assert isinstance(observing.take(ports, TENANT, DEVICE, "run"), Begin if registered else type(None))


def test_a_device_that_ends_one_itself_ends_no_other(ports: MemoryPorts) -> None:
    one, two = observed(ports, 2)
    observing.broken(ports, TENANT, DEVICE, one.token)
    assert [(each.status, each.token) for each in listed(ports)] == [(PENDING, ""), (OBSERVING, two.token)]
    assert observing.notified(ports, TENANT, DEVICE, "") is None


def test_fifty_are_observed_and_the_same_paths_once(ports: MemoryPorts) -> None:
    made(ports, "/3303/0", "/3303/1")
    with pytest.raises(Conflict):
        made(ports, "/3303/1", "/3303/0")
    for number in range(49):
        made(ports, f"/3304/{number}")
    with pytest.raises(LimitReached):
        made(ports, "/3305/0")
    assert len(listed(ports)) == 50
    observing.clear(ports, TENANT, DEVICE)
    assert listed(ports) == []
