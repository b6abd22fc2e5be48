"""Devices that are to be heard: whoever is silent for too long has an alarm, and nobody else has."""

from dataclasses import replace
from random import Random

import pytest

from chalicelib.fleet import sweeping
from chalicelib.fleet.data import alarms, open_alarms
from chalicelib.fleet.data.alarm_records import AlarmStatus
from chalicelib.fleet.documents import Record
from chalicelib.fleet.inventory import devices
from chalicelib.fleet.presence import connecting, hearing, silences
from chalicelib.fleet.presence.hearing import LONGEST
from tests.fleet.rig import DEVICE, TENANT, Rig

MINUTE = 60_000
SPAN = 600
TYPE = "silent"


def demanded(rig: Rig, span: int = SPAN) -> None:
    silences.demand(rig.ports, TENANT, DEVICE, span, TYPE, "nothing was heard")


def open_ones(rig: Rig) -> list[str]:
    return [one.type for one in open_alarms.of_source(rig.ports, TENANT, DEVICE)]


def minutes(rig: Rig, count: int, *, speaking: bool = False) -> None:
    """So many go by, each with a sweep."""
    for _ in range(count):
        rig.ports.clock.advance(ms=MINUTE)
        if speaking:
            connecting.contact(rig.ports, rig.claim, rig.ports.clock.now())
        sweeping.sweep(rig.ports)


def test_one_that_speaks_has_no_alarm_and_is_looked_at_once_in_its_time(online: Rig) -> None:
    demanded(online)
    looks: list[str] = []
    store = online.ports.records.replace

    def counted(old: Record, new: Record) -> bool:
        looks.append(new.kind)
        return store(old, new)

    online.ports.records.replace = counted  # type: ignore[method-assign]
    minutes(online, 120, speaking=True)
    assert open_ones(online) == []
    assert len(looks) <= 120 * MINUTE // (SPAN * 1_000)


def test_one_that_is_silent_has_one_until_it_is_heard(online: Rig) -> None:
    demanded(online)
    minutes(online, 30, speaking=True)
    minutes(online, 60)
    assert open_ones(online) == [TYPE]
    (alarm,) = open_alarms.of_source(online.ports, TENANT, DEVICE)
    assert (alarm.count, alarm.severity, alarm.text) == (1, "major", "nothing was heard")
    minutes(online, 1, speaking=True)
    assert open_ones(online) == []
    minutes(online, 60)
    assert open_ones(online) == [TYPE]


def test_it_comes_within_two_minutes_of_the_moment(online: Rig) -> None:
    demanded(online)
    minutes(online, 30, speaking=True)
    moment = silences.until(online.ports, online.mailbox)
    while online.ports.clock.now() < moment:
        assert open_ones(online) == []
        minutes(online, 1)
    minutes(online, 1)
    assert open_ones(online) == [TYPE]


def test_never_too_early_whatever_an_instance_knows(online: Rig) -> None:
    chance = Random(7)
    demanded(online)
    now = online.ports.clock.now
    last = now()
    for _ in range(400):
        online.ports.clock.advance(ms=MINUTE)
        if chance.random() < 0.15:
            connecting.contact(online.ports, online.claim, now())
            last = now()
        sweeping.sweep(online.ports)
        if open_ones(online):
            assert now() - last > SPAN * 1_000


def test_a_connection_counts_as_being_heard(online: Rig) -> None:
    demanded(online)
    minutes(online, 60)
    assert open_ones(online) == [TYPE]
    connecting.connected(online.ports, online.claim, "another", online.ports.clock.now())
    assert open_ones(online) == []


def test_whoever_has_no_sessions_is_heard_as_well(online: Rig) -> None:
    demanded(online)
    minutes(online, 60)
    before = online.mailbox.revision
    silences.heard(online.ports, TENANT, DEVICE, "d", "http", "n1")
    assert open_ones(online) == []
    assert online.mailbox.presence["http:n1"].last_contact == online.ports.clock.now()
    again = online.mailbox.revision
    silences.heard(online.ports, TENANT, DEVICE, "d", "http", "n1")
    assert (again > before, online.mailbox.revision) == (True, again)


@pytest.mark.parametrize("silent", [True, False])
def test_nobody_demands_it_any_more(online: Rig, silent: bool) -> None:  # noqa: FBT001 - a case
    demanded(online)
    minutes(online, 60, speaking=not silent)
    silences.spare(online.ports, TENANT, DEVICE)
    silences.spare(online.ports, TENANT, DEVICE)
    minutes(online, 60)
    assert (open_ones(online), dict(online.mailbox.watches)) == ([], {})


def test_another_time_begins_anew(online: Rig) -> None:
    demanded(online)
    minutes(online, 60)
    demanded(online, 3_600)
    assert open_ones(online) == []
    minutes(online, 5)
    assert open_ones(online) == []
    minutes(online, 30)
    assert open_ones(online) == [TYPE]


def test_a_device_that_is_gone_is_forgotten(online: Rig) -> None:
    demanded(online)
    online.ports.mailboxes.rows.clear()
    minutes(online, 60)
    assert silences.SILENCES.count(online.ports, TENANT) == 0


def test_one_that_is_heard_while_its_alarm_is_raised_has_none(online: Rig) -> None:
    demanded(online)
    minutes(online, 20, speaking=True)
    raised = online.ports.alarms.create

    def overtaken(*given: object, **named: object) -> bool:
        connecting.contact(online.ports, online.claim, online.ports.clock.now())
        return raised(*given, **named)  # type: ignore[arg-type]

    online.ports.alarms.create = overtaken  # type: ignore[method-assign]
    minutes(online, 15)
    online.ports.alarms.create = raised  # type: ignore[method-assign]
    minutes(online, 3, speaking=True)
    assert open_ones(online) == []


@pytest.mark.parametrize("dies_after", ["mark", "raise"])
def test_whoever_dies_in_between_is_followed(online: Rig, dies_after: str) -> None:
    demanded(online)
    minutes(online, 20, speaking=True)
    table, name = (online.ports.alarms, "create") if dies_after == "mark" else (online.ports.records, "replace")
    works = getattr(table, name)

    def dead(*_: object, **__: object) -> bool:
        raise RuntimeError("the function has died")

    online.ports.clock.advance(ms=silences.until(online.ports, online.mailbox) - online.ports.clock.now())
    setattr(table, name, dead)
    with pytest.raises(ExceptionGroup):
        minutes(online, 1)
    setattr(table, name, works)
    minutes(online, 1)
    (alarm,) = open_alarms.of_source(online.ports, TENANT, DEVICE)
    assert alarm.count == 1
    minutes(online, 2, speaking=True)
    assert open_ones(online) == []


def test_a_clearing_that_dies_is_done_by_the_next_message(online: Rig) -> None:
    demanded(online)
    minutes(online, 60)
    works = online.ports.alarms.replace

    def dead(*_: object, **__: object) -> bool:
        raise RuntimeError("the function has died")

    online.ports.alarms.replace = dead  # type: ignore[method-assign]
    with pytest.raises(RuntimeError):
        connecting.contact(online.ports, online.claim, online.ports.clock.now())
    online.ports.alarms.replace = works  # type: ignore[method-assign]
    connecting.contact(online.ports, online.claim, online.ports.clock.now())
    assert open_ones(online) == []


def test_other_watches_of_the_device_stay(online: Rig) -> None:
    hearing.watch(online.ports, TENANT, DEVICE, "rule", 7_200)
    demanded(online)
    minutes(online, 60)
    minutes(online, 1, speaking=True)
    silences.spare(online.ports, TENANT, DEVICE)
    assert list(online.mailbox.watches) == ["rule"]


def test_an_operator_may_clear_the_alarm(online: Rig) -> None:
    demanded(online)
    minutes(online, 60)
    (alarm,) = open_alarms.of_source(online.ports, TENANT, DEVICE)
    alarms.update(online.ports, TENANT, alarm.id, lambda one: replace(one, status=AlarmStatus.CLEARED))
    minutes(online, 60)
    assert open_ones(online) == []
    minutes(online, 1, speaking=True)
    minutes(online, 60)
    assert open_ones(online) == [TYPE]
    assert LONGEST > SPAN


@pytest.mark.parametrize("silent", [True, False])
def test_one_that_was_deleted_and_is_registered_again_is_to_be_heard_again(online: Rig, *, silent: bool) -> None:
    demanded(online)
    minutes(online, 60, speaking=not silent)
    registered = online.ports.devices.get(TENANT, DEVICE)
    assert registered is not None
    devices.delete(online.ports, TENANT, DEVICE)
    online.ports.devices.create(registered)
    demanded(online)
    assert open_ones(online) == []
    minutes(online, 60)
    assert open_ones(online) == [TYPE]
