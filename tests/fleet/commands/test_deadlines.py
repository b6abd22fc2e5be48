"""Who looks at a command when the clock demands something: its timer, or the sweep where there is none."""

from dataclasses import replace

import pytest

from chalicelib.fleet.commands import deadlines, finishing, taking
from chalicelib.fleet.commands.records import (
    LOOK,
    MINUTE,
    PATROL,
    AckMode,
    Command,
    DeliveryStatus,
    Policy,
    Status,
    Terms,
)
from chalicelib.fleet.commands.transitions import UNKNOWN, as_of, attempt_failed, claimed, sent
from chalicelib.fleet.presence.mailbox import LEASE
from chalicelib.fleet.presence.records import Route
from tests.fleet.rig import DEVICE, TENANT, Rig

POLL = Route("polled", "p", "poll", "p", "poll")
ATTEMPT = 60


def kept(rig: Rig, command: Command, **changes: object) -> Command:
    """The command as stored with these changes."""
    present = rig.read(command)
    assert rig.ports.commands.replace(present, replace(present, **changes))  # type: ignore[arg-type]
    return rig.read(command)


def out(rig: Rig, **policy: object) -> Command:
    """A command that somebody has claimed, and has not said since what became of it."""
    command = rig.create(**policy)  # type: ignore[arg-type]
    rig.ports.deadlines.running.clear()
    going = claimed(command, rig.ports.clock.now(), 1, "node", command.policy)
    assert rig.ports.commands.replace(command, replace(going, check_at=going.created + LOOK))
    return rig.read(command)


@pytest.mark.parametrize(("sooner", "written"), [(MINUTE, False), (MINUTE + 1, True)])
def test_a_look_that_is_a_minute_later_is_soon_enough(rig: Rig, sooner: int, written: bool) -> None:  # noqa: FBT001 - a parameter
    moment = rig.ports.clock.now() + PATROL
    command = kept(rig, rig.create(), check_at=moment + sooner)
    after = deadlines.look_by(rig.ports, command, moment)
    assert rig.read(command) == after
    assert (after.check_at == moment, after.revision > command.revision) == (written, written)


def test_the_sweep_looks_where_no_timer_could_be_started(rig: Rig) -> None:
    command = kept(rig, rig.create(), check_at=rig.ports.clock.now() + LOOK)
    due = rig.ports.clock.now() + 5 * MINUTE
    assert deadlines.arm(rig.ports, command, "timer", due).check_at == command.check_at
    rig.ports.deadlines.failing = True
    assert deadlines.arm(rig.ports, command, "timer", due).check_at == due
    assert rig.read(command).check_at == due


def test_a_claim_whose_command_still_waits_is_looked_at_when_it_is_over(rig: Rig) -> None:
    command = kept(rig, rig.create(), check_at=rig.ports.clock.now() + LOOK)
    deadlines.watch(rig.ports, command)
    assert rig.read(command).check_at == rig.ports.clock.now() + LEASE


def test_an_attempt_without_a_timer_is_looked_at_when_it_is_over(rig: Rig) -> None:
    command = out(rig, mode=AckMode.NETWORK)
    assert (command.timer, command.delivery) == (None, DeliveryStatus.SENDING)
    deadlines.watch(rig.ports, command)
    assert rig.read(command).check_at == command.due


def test_an_attempt_with_a_timer_has_it_started_again(rig: Rig) -> None:
    command = out(rig, ack_timeout=ATTEMPT)
    deadlines.watch(rig.ports, command)
    assert rig.ports.deadlines.running == {command.timer: (command.due, command.subject)}
    assert rig.read(command) == command


@pytest.mark.parametrize("slow", [False, True])
def test_a_look_at_an_attempt_starts_its_timer_again_where_its_holder_is_slow(rig: Rig, slow: bool) -> None:  # noqa: FBT001 - a parameter
    command = out(rig, ack_timeout=ATTEMPT)
    mailbox = rig.mailbox
    assert rig.ports.mailboxes.replace(mailbox, mailbox.claim(command.id, rig.ports.clock.now()))
    rig.ports.clock.advance(ms=LEASE // 4 - (not slow))
    finishing.settle(rig.ports, TENANT, DEVICE, command.id)
    assert rig.ports.deadlines.running == ({command.timer: (command.due, command.subject)} if slow else {})
    assert rig.read(command).status is Status.PROCESSING


def test_who_has_said_what_became_of_an_attempt_is_watched_no_more(rig: Rig) -> None:
    command = out(rig, ack_timeout=ATTEMPT)
    said = sent(command, rig.ports.clock.now(), DeliveryStatus.SENT, "node")
    deadlines.watch(rig.ports, said)
    assert rig.ports.deadlines.running == {}
    assert rig.read(command) == command


def test_taking_stops_the_timer_of_who_waits_and_starts_that_of_the_attempt(rig: Rig) -> None:
    rig.ports.terms.known["polled"] = Terms()
    command = rig.create(connector=None, expiration=10 * 60, ack_timeout=ATTEMPT)
    assert list(rig.ports.deadlines.running) == [command.expiry_timer]
    (taken,) = taking.take(rig.ports, TENANT, DEVICE, POLL).commands
    assert taken.timer == taken.attempt_timer
    assert rig.ports.deadlines.running == {taken.timer: (taken.due, taken.subject)}


@pytest.mark.parametrize("late", [PATROL, PATROL + 1])
def test_a_claim_is_looked_at_soon_after_its_attempt_is_over(rig: Rig, late: int) -> None:
    command, now = rig.create(), rig.ports.clock.now()
    policy = Policy(ack_mode=AckMode.APPLICATIVE, ack_timeout=ATTEMPT)
    due = now + policy.allowance
    for check_at, expected in ((due + late, due + MINUTE if late > PATROL else due + late), (None, due + MINUTE)):
        assert claimed(replace(command, check_at=check_at), now, 1, "node", policy).check_at == expected


@pytest.mark.parametrize(
    ("delivery", "node", "note"),
    [
        (DeliveryStatus.SENDING, None, UNKNOWN),
        (DeliveryStatus.SENDING, "node", None),
        (DeliveryStatus.SENT, None, None),
    ],
)
def test_an_end_says_whether_it_is_known_that_the_device_was_sent_it(
    rig: Rig, delivery: DeliveryStatus, node: str | None, note: str | None
) -> None:
    going = replace(out(rig, ack_timeout=ATTEMPT, attempts=1), delivery=delivery)
    ended = attempt_failed(going, going.due or 0, node)
    assert (ended.status, ended.history[-1].note) == (Status.ERROR, note)
    if node is None:
        # Whoever reads it later is told when it ended.
        assert as_of(going, (going.due or 0) + MINUTE) == ended
