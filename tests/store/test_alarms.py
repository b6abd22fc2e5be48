"""What the table of alarms promises, of the fake and of DynamoDB."""

from dataclasses import replace
from typing import Any

import pytest

from chalicelib.fleet import ids
from chalicelib.fleet.data import alarms, open_alarms
from chalicelib.fleet.data.alarm_records import REMEMBERED, Alarm, AlarmStatus, Seat, Severity, mark
from chalicelib.fleet.data.alarms import Report
from chalicelib.fleet.ports import Ports

NOW = 1_800_000_000_000
CLEARED = AlarmStatus.CLEARED


def stamp(n: int) -> str:
    return ids.ordered_id(NOW + n, NOW + n, f"event {n}")


def alarm(tenant: str, n: int = 1, **fields: Any) -> Alarm:
    made = Alarm(
        tenant,
        ids.number(NOW + n, bytes([0, n])),
        "d#1",
        "hot/é",
        Severity.MAJOR,
        AlarmStatus.ACTIVE,
        "it is hot",
        NOW,
        NOW,
        NOW,
        NOW + n,
        stamp(n),
        details={"f": [1, None]},
        seen=(mark(stamp(n)),),
    )
    return replace(made.noted(NOW, "ann"), **fields)


def opened(ports: Ports, tenant: str, n: int = 1, **fields: Any) -> tuple[Alarm, Seat]:
    made = alarm(tenant, n, **fields)
    seat = ports.alarms.seat(tenant, made.source, made.type)
    assert ports.alarms.replace_seat(seat, replace(seat, alarm=made.id))
    assert ports.alarms.create(made)
    return made, ports.alarms.seat(tenant, made.source, made.type)


def test_what_was_opened_is_read_and_has_the_seat(ports: Ports, tenant: str) -> None:
    made, seat = opened(ports, tenant)
    assert ports.alarms.get(tenant, made.id) == made
    assert ports.alarms.some(tenant, ["7", made.id, made.id]) == [made]
    assert seat == Seat(tenant, made.source, made.type, made.id, revision=1)
    assert ports.alarms.seated(tenant, made.source) == [made.id]
    assert ports.alarms.get(tenant + "x", made.id) is None
    assert ports.alarms.seat(tenant, made.source, "other") == Seat(tenant, made.source, "other")


def test_a_seat_is_taken_once_and_a_number_given_once(ports: Ports, tenant: str) -> None:
    made, seat = opened(ports, tenant)
    free = Seat(tenant, made.source, made.type)
    assert not ports.alarms.replace_seat(free, replace(free, alarm="7"))
    assert not ports.alarms.create(made)
    assert ports.alarms.create(alarm(tenant, 3, status=CLEARED), 60)
    assert ports.alarms.replace_seat(seat, replace(seat.vacated, cleared=stamp(9)))
    assert not ports.alarms.replace_seat(seat, seat)
    left = ports.alarms.seat(tenant, made.source, made.type)
    assert left == replace(seat, alarm=None, cleared=stamp(9), over=(made.id,), revision=2)
    assert ports.alarms.replace_seat(left, replace(left, over=("9", made.id, "7")))
    assert ports.alarms.seat(tenant, made.source, made.type).over == ("9", made.id, "7")


def test_what_is_voided_is_not_there_and_is_not_made(ports: Ports, tenant: str) -> None:
    made, _ = opened(ports, tenant)
    never = alarm(tenant, 2)
    assert not ports.alarms.void(tenant, made.id, NOW // 1000 + 60)
    for _ in range(2):
        assert ports.alarms.void(tenant, never.id, NOW // 1000 + 60)
    assert not ports.alarms.create(never)
    assert ports.alarms.get(tenant, never.id) is None
    assert ports.alarms.some(tenant, [never.id, made.id]) == [made]
    assert [one.id for one in alarms.of_source(ports, tenant, made.source)] == [made.id]
    assert ports.alarms.repeat(Seat(tenant, never.source, never.type, never.id), NOW + 9, stamp(9)) is None
    assert ports.alarms.create(alarm(tenant, 3))


def test_a_raise_is_counted_once_and_in_one_write(ports: Ports, tenant: str) -> None:
    made, seat = opened(ports, tenant)
    counted = ports.alarms.repeat(seat, NOW + 5, stamp(5))
    assert counted is not None
    assert (counted.count, counted.time, counted.raised, counted.knows(stamp(5))) == (2, NOW + 5, stamp(5), True)
    assert counted == ports.alarms.get(tenant, made.id)
    assert ports.alarms.repeat(seat, NOW + 5, stamp(5)) is None
    assert ports.alarms.repeat(seat, NOW + 4, stamp(6)) is None
    assert ports.alarms.repeat(replace(seat, type="other"), NOW + 9, stamp(9)) is None
    assert ports.alarms.repeat(replace(seat, alarm="7"), NOW + 9, stamp(9)) is None
    assert ports.alarms.recount(made, NOW + 5, stamp(5), stamp(3)) is None
    late = ports.alarms.recount(counted, NOW + 5, stamp(5), stamp(3))
    assert late is not None
    assert (late.count, late.raised, late.knows(stamp(3))) == (3, stamp(5), True)


def test_the_last_raises_are_known_whatever_their_stamps(ports: Ports, tenant: str) -> None:
    made, seat = opened(ports, tenant)
    for n in range(2, REMEMBERED + 2):
        counted = ports.alarms.repeat(seat, NOW + n, stamp(n))
        assert counted is not None
        assert counted == ports.alarms.get(tenant, made.id)
        assert [counted.knows(stamp(m)) for m in range(1, n + 1)] == [n - m < REMEMBERED for m in range(1, n + 1)]


def test_two_raises_of_one_moment_are_both_counted_in_one_write_each(ports: Ports, tenant: str) -> None:
    made, seat = opened(ports, tenant)
    counts = [raised.count for n in (2, 3) if (raised := ports.alarms.repeat(seat, made.time, stamp(n)))]
    assert counts == [2, 3]


def test_changes_and_raises_do_not_write_over_each_other(ports: Ports, tenant: str) -> None:
    made, seat = opened(ports, tenant)
    assert ports.alarms.repeat(seat, NOW + 5, stamp(5)) is not None
    assert ports.alarms.replace(made, replace(made, text="new"))
    found = ports.alarms.get(tenant, made.id)
    assert found is not None
    assert (found.text, found.count, found.raised, found.revision) == ("new", 2, stamp(5), 1)
    assert not ports.alarms.replace(made, replace(made, text="older"))
    assert ports.alarms.repeat(seat, NOW + 6, stamp(6)) is not None


def test_nothing_clears_what_was_raised_afterwards(ports: Ports, tenant: str) -> None:
    made, seat = opened(ports, tenant)
    ports.alarms.repeat(seat, NOW + 5, stamp(5))
    closed = replace(made, status=CLEARED, cleared=stamp(4))
    assert not ports.alarms.replace(made, closed, kept=60, not_after=stamp(4))
    assert ports.alarms.replace(made, closed, kept=60, not_after=stamp(6))
    assert ports.alarms.repeat(seat, NOW + 9, stamp(9)) is None
    found = ports.alarms.get(tenant, made.id)
    assert found is not None
    assert ports.alarms.recount(found, NOW + 9, stamp(9), stamp(9)) is None


def test_one_is_opened_again_with_the_seat(ports: Ports, tenant: str) -> None:
    made, seat = opened(ports, tenant)
    closed = replace(made, status=CLEARED)
    assert ports.alarms.replace(made, closed, kept=60)
    found = ports.alarms.get(tenant, made.id)
    assert found is not None
    vacant = replace(seat, alarm=None)
    assert not ports.alarms.reopen(found, made, replace(vacant, revision=9))
    assert not ports.alarms.reopen(made, made, seat)
    assert ports.alarms.reopen(found, replace(found, status=AlarmStatus.ACTIVE), seat)
    assert ports.alarms.repeat(ports.alarms.seat(tenant, made.source, made.type), NOW + 9, stamp(9)) is not None


@pytest.mark.parametrize("limit", [2, 50])
def test_lists_are_newest_first(ports: Ports, tenant: str, limit: int) -> None:
    every = [
        alarm(tenant, n, source=f"d{n % 2}", type=f"t{n}", status=[AlarmStatus.ACTIVE, CLEARED][n % 3 == 0])
        for n in range(1, 12)
    ]
    for one in every:
        assert ports.alarms.create(one)
    every.reverse()

    def walked(**of: Any) -> list[Alarm]:
        found: list[Alarm] = []
        before: str | None = None
        while True:
            if "source" in of:
                page = ports.alarms.of_source(tenant, of["source"], before=before, limit=limit)
            else:
                page = ports.alarms.of_tenant(tenant, is_open=of["is_open"], before=before, limit=limit)
            found += page.items
            before = page.cursor
            if before is None:
                return found

    assert walked(source="d1") == [a for a in every if a.source == "d1"]
    assert walked(is_open=True) == [a for a in every if a.open]
    assert walked(is_open=False) == [a for a in every if not a.open]
    ports.alarms.delete(tenant, every[0].id)
    ports.alarms.delete(tenant, every[0].id)
    assert every[0] not in walked(source=every[0].source)


def test_a_whole_life(ports: Ports, tenant: str) -> None:
    long = Report("s" * 300, "t" * 256, Severity.CRITICAL, "x", NOW)
    first = alarms.raise_(ports, tenant, long, stamp(1))
    assert alarms.raise_(ports, tenant, long, stamp(1)).again
    assert alarms.raise_(ports, tenant, long, stamp(2)).alarm.count == 2
    assert alarms.raise_(ports, tenant, replace(long, time=NOW - 9), stamp(3)).alarm.count == 3
    alarms.update(ports, tenant, first.alarm.id, lambda a: replace(a, status=AlarmStatus.ACKNOWLEDGED), "ann")
    over = alarms.clear(ports, tenant, long.source, long.type, stamp(4))
    assert over is not None
    assert (over.id, [e.status for e in over.history]) == (
        first.alarm.id,
        [AlarmStatus.ACTIVE, AlarmStatus.ACKNOWLEDGED, CLEARED],
    )
    assert alarms.clear(ports, tenant, long.source, long.type, stamp(4)) is None
    assert not alarms.raise_(ports, tenant, long, stamp(0)).alarm.open
    second = alarms.raise_(ports, tenant, long, stamp(5))
    assert second.created
    assert open_alarms.of_source(ports, tenant, long.source) == [second.alarm]
    assert alarms.delete_of(ports, tenant, long.source, 1 << 60, lambda _: True)
    assert list(alarms.of_source(ports, tenant, long.source)) == []
    assert alarms.open_one(ports, tenant, long.source, long.type) is None
