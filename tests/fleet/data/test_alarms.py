"""Alarms: one open of a source and type, whatever comes at once and in whatever order."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import permutations, product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.fleet import ids
from chalicelib.fleet.data import alarms, open_alarms
from chalicelib.fleet.data.alarm_records import LONGEST_HISTORY, Alarm, AlarmStatus, Severity
from chalicelib.fleet.data.alarms import Raised, Report
from chalicelib.fleet.errors import AlarmNotFound, AlarmOpen, Invalid
from chalicelib.fleet.events.events import Event, EventKind
from chalicelib.fleet.events.records import ActionPolicy, Filter
from tests.fakes import START, MemoryPorts

TENANT, SOURCE, TYPE = "t1", "d1", "hot"
ACTIVE, ACKNOWLEDGED, CLEARED = AlarmStatus.ACTIVE, AlarmStatus.ACKNOWLEDGED, AlarmStatus.CLEARED


def report(time: int = 0, **fields: Any) -> Report:
    made = Report(SOURCE, TYPE, Severity.MAJOR, "it is hot", START + time, {"f": 1})
    return replace(made, **fields)


def stamp(n: int) -> str:
    return ids.ordered_id(START + n, START + n, f"event {n}")


def raised(ports: MemoryPorts, n: int = 0, **fields: Any) -> Raised:
    return alarms.raise_(ports, TENANT, report(n, **fields), stamp(n))


def cleared(ports: MemoryPorts, n: int) -> Alarm | None:
    return alarms.clear(ports, TENANT, SOURCE, TYPE, stamp(n))


def opened(ports: MemoryPorts) -> Alarm | None:
    return alarms.open_one(ports, TENANT, SOURCE, TYPE)


class TestRaising:
    def test_the_first_one_makes_an_alarm(self, ports: MemoryPorts) -> None:
        done = raised(ports)
        assert (done.created, done.again) == (True, False)
        assert done.alarm == alarms.get(ports, TENANT, done.alarm.id) == opened(ports)
        assert (done.alarm.count, done.alarm.status, done.alarm.first, done.alarm.time) == (1, ACTIVE, START, START)
        assert ids.number_moment(done.alarm.id) == START

    def test_more_of_the_same_are_counted(self, ports: MemoryPorts) -> None:
        first = raised(ports).alarm
        more = raised(ports, 5, severity=Severity.CRITICAL, text="hotter", details={"g": 1})
        assert not more.created
        assert (more.alarm.id, more.alarm.count, more.alarm.time, more.alarm.first) == (first.id, 2, START + 5, START)
        assert (more.alarm.severity, more.alarm.text, more.alarm.details) == (Severity.MAJOR, "it is hot", {"f": 1})
        assert more.alarm.history == first.history

    @pytest.mark.parametrize("order", list(permutations([(1, 30), (2, 10), (3, 20)])))
    def test_the_latest_time_stands_in_whatever_order_they_come(
        self, ports: MemoryPorts, order: tuple[tuple[int, int], ...]
    ) -> None:
        for n, time in order:
            alarms.raise_(ports, TENANT, report(time), stamp(n))
        found = opened(ports)
        assert found is not None
        assert (found.count, found.time, found.raised) == (3, START + 30, stamp(3))

    def test_the_same_raise_told_again_changes_nothing(self, ports: MemoryPorts) -> None:
        for n in (0, 3, 1):
            raised(ports, n)
        before = opened(ports)
        for n in (1, 0, 3):
            assert raised(ports, n).again
        assert opened(ports) == before

    def test_other_sources_types_and_tenants_have_their_own(self, ports: MemoryPorts) -> None:
        made = {raised(ports).alarm.id, raised(ports, source="d2").alarm.id, raised(ports, type="cold").alarm.id}
        made.add(alarms.raise_(ports, "t2", report(), stamp(0)).alarm.id)
        assert len(made | {raised(ports, 1).alarm.id}) in (3, 4)
        assert [one.source for one in open_alarms.of_source(ports, TENANT, "d2")] == ["d2"]
        assert len(open_alarms.of_source(ports, TENANT, SOURCE)) == 2
        assert len(ports.alarms.rows) == 4

    def test_one_that_is_reported_as_cleared_is_kept_as_that(self, ports: MemoryPorts) -> None:
        first = raised(ports, 0, status=CLEARED)
        second = raised(ports, 1, status=CLEARED)
        assert opened(ports) is None
        assert first.alarm.id != second.alarm.id
        assert first.alarm.status is CLEARED
        assert raised(ports, 1, status=CLEARED).again
        assert ports.alarms.kept[first.alarm.id] is not None

    def test_after_one_was_cleared_there_is_a_new_one(self, ports: MemoryPorts) -> None:
        first = raised(ports).alarm
        over = cleared(ports, 1)
        assert over is not None
        assert (over.id, over.status) == (first.id, CLEARED)
        second = raised(ports, 2)
        assert second.created
        assert second.alarm.id != first.id
        assert ports.alarms.kept == {first.id: 365 * 86_400, second.alarm.id: None}

    @pytest.mark.parametrize("type_", ["", "x" * 257])
    def test_a_type_has_a_length(self, ports: MemoryPorts, type_: str) -> None:
        with pytest.raises(Invalid):
            raised(ports, type=type_)

    def test_a_number_that_another_alarm_has_is_not_taken_for_its_own(self, ports: MemoryPorts) -> None:
        """Numbers of one millisecond meet now and then."""
        made = raised(ports).alarm
        stranger = replace(made, source="d9", type="other", raised=stamp(9), seen=())
        ports.alarms.rows = {(TENANT, made.id): stranger}
        ports.alarms.seats = {}
        again = raised(ports).alarm
        assert again.id != made.id
        assert alarms.get(ports, TENANT, made.id) == stranger


class TestClearing:
    def test_what_was_raised_before_and_comes_later_opens_nothing(self, ports: MemoryPorts) -> None:
        assert cleared(ports, 5) is None
        late = raised(ports, 3)
        assert late.created
        assert late.alarm.status is CLEARED
        assert opened(ports) is None
        assert raised(ports, 7).alarm.open

    def test_what_was_raised_afterwards_stays_open(self, ports: MemoryPorts) -> None:
        made = raised(ports, 7).alarm
        assert cleared(ports, 5) is None
        assert opened(ports) == made

    def test_a_second_time_changes_nothing(self, ports: MemoryPorts) -> None:
        raised(ports)
        over = cleared(ports, 1)
        assert cleared(ports, 1) is None
        assert over is not None
        assert alarms.get(ports, TENANT, over.id).history == over.history

    @pytest.mark.parametrize("length", [3, 4])
    @pytest.mark.parametrize("kinds", ["rcr", "rrc", "crc", "rcrc", "rccr", "crrc"])
    def test_the_end_is_the_same_in_every_order(self, kinds: str, length: int) -> None:
        steps = list(enumerate(kinds[:length]))
        for order in permutations(steps):
            ports = MemoryPorts()
            for n, kind in order:
                if kind == "r":
                    raised(ports, n)
                else:
                    cleared(ports, n)
            is_open = steps[-1][1] == "r"
            assert (opened(ports) is not None) is is_open, order
            assert sum(one.open for one in ports.alarms.rows.values()) == is_open


class Interleaved(MemoryPorts):
    """Lets one thing happen just before the nth call of the table of alarms of another one."""

    def __init__(self) -> None:
        super().__init__()
        self.countdown = 0
        self.meanwhile: Callable[[], object] | None = None
        table = self.alarms

        class Table:
            def __getattr__(self, name: str) -> Any:
                found = getattr(table, name)
                return outer.before(found) if callable(found) else found

        outer = self
        self.alarms = Table()  # type: ignore[assignment]

    def before(self, do: Callable[..., Any]) -> Callable[..., Any]:
        def step(*args: Any, **options: Any) -> Any:
            self.countdown -= 1
            if self.countdown == 0 and self.meanwhile is not None:
                meanwhile, self.meanwhile = self.meanwhile, None
                meanwhile()
            return do(*args, **options)

        return step


STEPS: dict[str, Callable[[MemoryPorts, int], object]] = {
    "raise": raised,
    "clear": cleared,
    "acknowledge": lambda ports, _: [
        alarms.update(ports, TENANT, one.id, lambda a: replace(a, status=ACKNOWLEDGED) if a.open else a)
        for one in open_alarms.of_source(ports, TENANT, SOURCE)
    ],
    "clear by hand": lambda ports, _: [
        alarms.update(ports, TENANT, one.id, lambda a: replace(a, status=CLEARED))
        for one in open_alarms.of_source(ports, TENANT, SOURCE)
    ],
}


@pytest.mark.parametrize("before", [[], ["raise"], ["raise", "clear"], ["raise", "clear", "raise"]])
@pytest.mark.parametrize("first", STEPS)
@pytest.mark.parametrize("second", STEPS)
def test_two_at_once_leave_one_seat_for_one_alarm(before: list[str], first: str, second: str) -> None:
    """The second one happens between any two calls of the first one's, and is later or earlier than that."""
    for stamped, countdown in product((11, 9), range(1, 16)):
        ports = Interleaved()
        for n, step in enumerate(before):
            STEPS[step](ports, n)
        ports.countdown, ports.meanwhile = countdown, partial(STEPS[second], ports, stamped)
        STEPS[first](ports, 10)
        happened = second if ports.meanwhile is None else None
        ports.meanwhile = None
        every = list(ports.alarms.rows.values())
        present = [one for one in every if one.open]
        assert len(present) <= 1
        assert not present or ports.alarms.seat(TENANT, SOURCE, TYPE).alarm == present[0].id
        if {first, happened} <= {"raise", None}:
            assert sum(one.count for one in every) == [*before, first, happened].count("raise")
        if {first, happened} == {"raise", "clear"}:
            assert bool(present) is ((first == "raise") is (stamped == 9))
        # Whatever was left half done, the next raise is counted on what is open, or opens a new one.
        done = raised(ports, 20_000_000)
        assert done.alarm.open
        assert open_alarms.of_source(ports, TENANT, SOURCE) == [done.alarm]


class TestChanging:
    def test_changes_are_in_its_history_and_raises_are_not(self, ports: MemoryPorts) -> None:
        made = raised(ports).alarm
        ports.clock.advance(seconds=1)
        before, after = alarms.update(ports, TENANT, made.id, lambda a: replace(a, status=ACKNOWLEDGED), "ann")
        assert before == made
        assert [(e.status, e.by) for e in after.history] == [(ACTIVE, ""), (ACKNOWLEDGED, "ann")]
        assert raised(ports, 1).alarm.status is ACKNOWLEDGED
        assert raised(ports, 2).alarm.count == 3
        found = alarms.get(ports, TENANT, made.id)
        assert alarms.update(ports, TENANT, made.id, lambda a: a)[1] == found

    def test_its_history_has_an_end_and_keeps_its_beginning(self, ports: MemoryPorts) -> None:
        made = raised(ports).alarm
        for n in range(50):
            alarms.update(ports, TENANT, made.id, lambda a, n=n: replace(a, text=str(n)), str(n))  # type: ignore[misc]
        history = alarms.get(ports, TENANT, made.id).history
        assert len(history) == LONGEST_HISTORY
        assert (history[0].by, history[-1].by) == ("", "49")

    def test_one_is_opened_again_unless_another_is_open(self, ports: MemoryPorts) -> None:
        made = raised(ports).alarm
        alarms.update(ports, TENANT, made.id, lambda a: replace(a, status=CLEARED))
        alarms.update(ports, TENANT, made.id, lambda a: replace(a, status=ACTIVE))
        assert opened(ports) == alarms.get(ports, TENANT, made.id)
        assert ports.alarms.kept[made.id] is None
        alarms.update(ports, TENANT, made.id, lambda a: replace(a, status=CLEARED))
        ports.clock.advance(ms=5)
        alarms.raise_(ports, TENANT, report(), alarms.stamp(ports))
        with pytest.raises(AlarmOpen):
            alarms.update(ports, TENANT, made.id, lambda a: replace(a, status=ACTIVE))

    def test_a_raise_from_before_it_was_cleared_by_hand_is_over(self, ports: MemoryPorts) -> None:
        made = raised(ports).alarm
        ports.clock.advance(seconds=10)
        alarms.update(ports, TENANT, made.id, lambda a: replace(a, status=CLEARED))
        assert not raised(ports, 5_000).alarm.open
        assert raised(ports, 20_000).alarm.open

    def test_who_is_not_there_is_not_found(self, ports: MemoryPorts) -> None:
        made = raised(ports).alarm
        for tenant, number in (("t2", made.id), (TENANT, "1"), (TENANT, ""), (TENANT, "x")):
            with pytest.raises(AlarmNotFound):
                alarms.get(ports, tenant, number)
            with pytest.raises(AlarmNotFound):
                alarms.delete(ports, tenant, number)

    def test_a_deleted_one_gives_back_its_seat(self, ports: MemoryPorts) -> None:
        made = raised(ports).alarm
        alarms.delete(ports, TENANT, made.id)
        assert opened(ports) is None
        assert raised(ports, 1).created

    def test_those_of_a_source_are_deleted_and_no_others(self, ports: MemoryPorts) -> None:
        for n in range(5):
            raised(ports, 2 * n)
            cleared(ports, 2 * n + 1)
        raised(ports, 20)
        theirs = raised(ports, 21, source="d2").alarm
        assert not alarms.delete_of(ports, TENANT, SOURCE, ports.clock.now(), lambda _: True)
        while not alarms.delete_of(ports, TENANT, SOURCE, ports.clock.now() + 1, lambda _: True):
            pass
        assert list(ports.alarms.rows.values()) == [theirs]


class TestListing:
    def test_they_come_newest_first(self, ports: MemoryPorts) -> None:
        for n in range(230):
            raised(ports, n, source=f"d{n % 2}", type=f"t{n % 115}")
            if n % 3 == 0:
                alarms.clear(ports, TENANT, f"d{n % 2}", f"t{n % 115}", stamp(n))
        every = sorted(ports.alarms.rows.values(), key=lambda a: -int(a.id))
        assert list(alarms.of_source(ports, TENANT, "d1")) == [a for a in every if a.source == "d1"]
        for is_open in (True, False):
            assert list(alarms.of_tenant(ports, TENANT, is_open=is_open)) == [a for a in every if a.open is is_open]
        assert next(alarms.of_source(ports, TENANT, "d1", every[9].id)).id < every[9].id


def test_what_happens_to_alarms_can_be_heard(ports: MemoryPorts) -> None:
    heard: list[Event] = []

    class Ears:
        def hear(self, _: str, event: Event) -> None:
            heard.append(event)

        def fenced(self, *_: object) -> None: ...

    ports.listeners = Ears()  # type: ignore[assignment]
    kinds = [EventKind.ALARM_RAISED, EventKind.ALARM_REPEATED, EventKind.ALARM_CHANGED, EventKind.ALARM_CLEARED]
    triggers = {str(kind): Filter() for kind in kinds}
    ports.policies.create(ActionPolicy(TENANT, "p", "d9", "p", START, triggers=triggers, listens=True))
    made = raised(ports).alarm
    raised(ports)
    raised(ports, 1)
    alarms.update(ports, TENANT, made.id, lambda a: replace(a, severity=Severity.MINOR))
    cleared(ports, 2)
    assert [event.kind for event in heard] == [kinds[0], kinds[0], *kinds[1:]]
    assert len({event.id for event in heard}) == 4
    assert {event.device for event in heard} == {SOURCE}


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("rc"), st.integers(0, 12)), max_size=12))
def test_the_latest_decides_however_often_and_in_whatever_order_they_come(steps: list[tuple[str, int]]) -> None:
    """One thing of each stamp; the same again is the same."""
    ports = MemoryPorts()
    kinds: dict[int, str] = {}
    for kind, n in steps:
        kind = kinds.setdefault(n, kind)  # noqa: PLW2901 - what a stamp stands for is one thing
        if kind == "r":
            raised(ports, n)
        else:
            cleared(ports, n)
    last = kinds[max(kinds)] if kinds else "c"
    assert (opened(ports) is not None) is (last == "r")
    assert sum(one.open for one in ports.alarms.rows.values()) == (last == "r")


@pytest.mark.parametrize("lost", ["replace", "replace_seat", "repeat", "recount", "create", "void"])
@pytest.mark.parametrize("step", STEPS)
def test_an_answer_that_is_lost_changes_nothing(lost: str, step: str) -> None:
    """What was written is written again by who did not hear of it, and then its condition fails."""
    ends: list[tuple[Any, ...]] = []
    for loses in (False, True):
        ports = MemoryPorts()
        raised(ports, 0)
        raised(ports, 5)
        write = getattr(ports.alarms, lost)

        def forgetful(*args: Any, write: Callable[..., Any] = write, **options: Any) -> Any:
            answer = write(*args, **options)
            setattr(ports.alarms, lost, write)  # noqa: B023 - used within this turn
            return None if lost in ("repeat", "recount") else answer and False

        if loses:
            setattr(ports.alarms, lost, forgetful)
        STEPS[step](ports, 9)
        STEPS[step](ports, 3)
        every = sorted(ports.alarms.rows.values(), key=lambda a: int(a.id))
        ends.append((opened(ports) is None, [(a.status, a.count, len(a.history)) for a in every]))
    assert ends[0] == ends[1]
