"""When a device was heard last is written as exactly as somebody needs it, and silence is never told too early."""

from dataclasses import replace
from random import Random

import pytest

from chalicelib.fleet.presence import connecting, hearing
from chalicelib.fleet.presence.hearing import LONGEST, LONGEST_REGISTERED
from chalicelib.fleet.presence.mailbox import Mailbox
from chalicelib.fleet.presence.records import Presence, Registration
from chalicelib.fleet.tenancy.records import Settings
from tests.fakes import START
from tests.fleet.rig import CLIENT, DEVICE, TENANT, Rig

MINUTE = 60_000
KEY = f"mqtt:{CLIENT}"


def last_contact(rig: Rig) -> int:
    found = rig.mailbox.presence[KEY].last_contact
    assert found is not None
    return found


def writes(rig: Rig, minutes: float, every: int) -> int:
    """How often contact is written while the device speaks every so many seconds."""
    before = rig.mailbox.revision
    for second in range(0, int(minutes * 60) + 1, every):
        connecting.contact(rig.ports, rig.claim, START + second * 1_000)
    return rig.mailbox.revision - before


@pytest.mark.parametrize(
    ("spans", "expected"),
    [
        ((), 15),
        ((7_200,), 15),
        ((3_600,), 15),
        ((600,), 2.5),
        ((3_600, 600), 2.5),
        ((240,), 1),
        ((120,), 1),
        ((60,), 1),
    ],
)
def test_the_interval_is_a_quarter_of_the_shortest_span_within_its_bounds(
    online: Rig, spans: tuple[int, ...], expected: float
) -> None:
    for number, span in enumerate(spans):
        hearing.watch(online.ports, TENANT, DEVICE, f"w{number}", span)
    assert hearing.interval(online.ports, online.mailbox) == expected * MINUTE


def registered(rig: Rig, lifetime: int = 86_400) -> Mailbox:
    """The mailbox with an interface that is registered for a time, beside the one that is connected."""
    now = rig.ports.clock.now()
    registration = Registration("r", "1.1", lifetime, now, now, ("U",), queue_mode=False, awake_until=now)
    presence = Presence("lwm2m", "s:identity", session="r", last_contact=now, registration=registration)
    mailbox = rig.mailbox.with_presence("lwm2m:endpoint", presence)
    assert rig.ports.mailboxes.replace(rig.mailbox, mailbox)
    return rig.mailbox


@pytest.mark.parametrize(("spans", "expected"), [((), 30), ((86_400,), 15), ((3_600,), 15), ((600,), 2.5), ((60,), 1)])
def test_one_that_is_registered_for_a_time_is_written_more_seldom_unless_it_is_watched(
    online: Rig, spans: tuple[int, ...], expected: float
) -> None:
    mailbox = registered(online)
    for number, span in enumerate(spans):
        hearing.watch(online.ports, TENANT, DEVICE, f"w{number}", span)
        mailbox = online.mailbox
    assert hearing.interval(online.ports, mailbox) == expected * MINUTE


def test_a_new_watch_of_one_that_is_registered_waits_for_as_long_as_nothing_need_be_written(online: Rig) -> None:
    registered(online)
    start, span = last_contact(online), 60
    since = start + LONGEST_REGISTERED - 1
    online.ports.clock.at = since
    hearing.watch(online.ports, TENANT, DEVICE, "w", span)
    assert hearing.silent_from(online.ports, online.mailbox, start, span, since) >= since + span * 1_000


def test_a_rule_of_the_tenant_counts_for_each_of_its_devices(online: Rig) -> None:
    settings = online.ports.tenants.settings(TENANT)
    online.ports.tenants.replace_settings(settings, replace(settings, watched={"rule": 600}))
    assert hearing.interval(online.ports, online.mailbox) == 2.5 * MINUTE
    hearing.watch(online.ports, TENANT, DEVICE, "availability", 60)
    assert hearing.interval(online.ports, online.mailbox) == MINUTE


@pytest.mark.parametrize(("span", "expected"), [(None, 4), (600, 24), (120, 60)])
def test_a_device_that_speaks_all_the_time_is_written_as_often_as_that(
    online: Rig, span: int | None, expected: int
) -> None:
    hearing.watch(online.ports, TENANT, DEVICE, "w", span)
    assert writes(online, 60, 10) == expected


def test_a_device_that_is_not_connected_is_written_once_a_minute(rig: Rig) -> None:
    assert writes(rig, 10, 10) == 11


def test_a_function_looks_again_a_minute_later_where_the_device_is_not_connected(rig: Rig) -> None:
    for there, rest in ((False, MINUTE), (True, LONGEST)):
        if there:
            rig.connect()
        at = rig.ports.clock.advance(seconds=3_600)
        mailbox = connecting.contact(rig.ports, rig.claim, at)
        assert mailbox is not None
        assert hearing.again_at(rig.ports, mailbox, mailbox.presence[KEY]) == at + rest


def test_who_watches_no_more_leaves_the_interval_as_it_was(online: Rig) -> None:
    hearing.watch(online.ports, TENANT, DEVICE, "a", 600)
    hearing.watch(online.ports, TENANT, DEVICE, "b", 120)
    hearing.watch(online.ports, TENANT, DEVICE, "b", None)
    assert hearing.interval(online.ports, online.mailbox) == 2.5 * MINUTE
    before = online.mailbox
    for name, span in (("a", 600), ("never", None)):
        hearing.watch(online.ports, TENANT, DEVICE, name, span)
    assert online.mailbox == before
    assert hearing.watch(online.ports, TENANT, "nobody", "a", 60) is None


@pytest.mark.parametrize("span", [60, 120, 600, 3_600, 86_400])
@pytest.mark.parametrize("seed", range(4))
def test_silence_is_never_told_too_early_and_not_a_quarter_too_late(online: Rig, span: int, seed: int) -> None:
    """Two functions that each remember what they have read, one device that speaks at random, then stops."""
    random = Random(f"{seed}-{span}")
    hearing.watch(online.ports, TENANT, DEVICE, "w", span)
    since = online.ports.clock.now()
    remembered: dict[int, tuple[int, Mailbox | None]] = {}
    now = spoke = since + LONGEST
    for _ in range(200):
        now += random.randint(1, max(2, span * 500))
        spoke, function = now, random.randint(0, 1)
        again, seen = remembered.get(function, (0, None))
        if now >= again:
            mailbox = connecting.contact(online.ports, online.claim, now, seen)
            assert mailbox is not None
            remembered[function] = hearing.again_at(online.ports, mailbox, mailbox.presence[KEY]), mailbox
        silent = hearing.silent_from(online.ports, online.mailbox, last_contact(online), span, since)
        assert silent > now
    late = silent - (spoke + span * 1_000)
    assert 0 <= late <= max(MINUTE, span * 250)


def test_a_watch_that_is_new_waits_until_every_function_knows_of_it(online: Rig) -> None:
    """One has read the mailbox just before, and writes nothing for a quarter of an hour."""
    start = last_contact(online)
    mailbox = connecting.contact(online.ports, online.claim, start + 1)
    assert mailbox is not None
    unaware_until = hearing.again_at(online.ports, mailbox, mailbox.presence[KEY])
    since = start + MINUTE
    online.ports.clock.at = since
    hearing.watch(online.ports, TENANT, DEVICE, "w", 60)
    spoke = unaware_until - 1
    assert hearing.silent_from(online.ports, online.mailbox, last_contact(online), 60, since) >= spoke + 60_000


def test_settings_that_nobody_watches_by_are_as_they_were() -> None:
    assert Settings(TENANT).watched == {}
