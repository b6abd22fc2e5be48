"""Devices that take commands by themselves, are at them for a while, and do them or not."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.fleet import sweeping
from chalicelib.fleet.commands import creating, reporting, taking
from chalicelib.fleet.commands.records import AckMode, Command, DeliveryStatus, Failure, Status, Terms
from chalicelib.fleet.commands.reporting import Report
from chalicelib.fleet.commands.transitions import claimed
from chalicelib.fleet.errors import CommandNotFound, IllegalTransition
from chalicelib.fleet.ports import Outcome, Ports
from chalicelib.fleet.presence.records import Route
from tests.fleet.rig import CLIENT, DEVICE, TENANT, Rig

S, D = Status, DeliveryStatus
Reporting = Callable[[Ports, str, str, Report], Command]
POLL = Route("polled", "p", "poll", "p", "poll")
OTHER = Route("other", "o", "other", "o", "other")
PUSHED = Route("dialect", CLIENT, "mqtt", CLIENT, "s1")
HOUR = 3_600
DAYS = 86_400


@pytest.fixture(autouse=True)
def granted(rig: Rig) -> None:
    rig.ports.terms.known |= {"polled": Terms(ack_timeout=None), "other": Terms(window=2, ack_timeout=None)}


def order(rig: Rig, connector: str | None = None) -> Command:
    return rig.create(None, connector=connector, expiration=None)


def take(rig: Rig, route: Route = POLL, most: int | None = None) -> list[str]:
    return [c.id for c in taking.take(rig.ports, TENANT, DEVICE, route, most).commands]


def said(route: Route = POLL, **told: Any) -> Report:
    return Report(route, **told)


def test_a_device_that_polls_is_given_what_is_next_and_the_same_until_it_begins(rig: Rig) -> None:
    first, second = order(rig), order(rig)
    assert [take(rig) for _ in range(3)] == [[first.id]] * 3
    stored = rig.read(first)
    assert (stored.status, stored.delivery, stored.attempts_used, stored.generation) == (S.PROCESSING, D.SENT, 1, 1)
    assert (stored.due, stored.timer, stored.deadline) == (None, None, None)
    assert rig.read(second).status is S.PENDING
    assert rig.ports.delivery.commands == []


def test_what_it_is_at_it_is_not_given_again_and_the_next_one_waits_for_its_end(rig: Rig) -> None:
    first, second = order(rig), order(rig)
    take(rig)
    reporting.progress(rig.ports, TENANT, first.id, said())
    assert take(rig) == []
    reporting.succeed(rig.ports, TENANT, first.id, said())
    assert take(rig) == [second.id]


def test_a_window_is_as_wide_as_its_route_grants(rig: Rig) -> None:
    commands = [order(rig).id for _ in range(3)]
    assert take(rig, OTHER, most=1) == commands[:1]
    assert take(rig, OTHER) == take(rig, OTHER) == commands[:2]


def test_two_dialects_that_ask_at_once_get_it_once(rig: Rig) -> None:
    first, second = order(rig), order(rig)
    assert take(rig) == [first.id]
    assert take(rig, OTHER) == [second.id]
    assert (take(rig), take(rig, OTHER)) == ([first.id], [second.id])


def test_what_names_another_connector_is_not_taken(rig: Rig) -> None:
    order(rig, "mqtt")
    mine = order(rig, "poll")
    assert (take(rig), take(rig, OTHER)) == ([mine.id], [])


def test_what_was_sent_to_a_session_is_not_taken(rig: Rig) -> None:
    rig.connect()
    order(rig)
    rig.ports.run_background()
    assert take(rig) == []


def test_what_was_taken_is_not_sent(rig: Rig) -> None:
    order(rig)
    take(rig)
    rig.connect()
    assert rig.ports.delivery.commands == []


def test_what_has_expired_is_not_taken_and_is_ended(rig: Rig) -> None:
    old = rig.create(None, connector=None, expiration=60)
    rig.pass_time(60)
    new = order(rig)
    assert take(rig) == [new.id]
    assert rig.read(old).status is S.EXPIRED


def test_what_was_taken_and_never_begun_expires(rig: Rig) -> None:
    command = rig.create(None, connector=None, expiration=HOUR)
    take(rig)
    rig.pass_time(HOUR)
    assert take(rig) == []
    assert rig.read(command).status is S.EXPIRED
    assert (rig.mailbox.queue, rig.mailbox.flights) == ((), {})


def test_a_request_that_died_between_its_writes_is_gone_on_with_by_the_next(rig: Rig) -> None:
    command = order(rig)
    rig.ports.mailboxes.replace(rig.mailbox, rig.mailbox.claim(command.id, 0, taking.holder(POLL), via="poll"))
    assert take(rig, OTHER) == []
    assert take(rig) == [command.id]
    assert rig.read(command).generation == 1


def test_a_claim_whose_attempt_is_over_is_not_used_a_second_time(rig: Rig) -> None:
    rig.ports.terms.known["polled"] = Terms(ack_timeout=30)
    command = rig.create(None, connector=None, attempts=2)
    take(rig)
    mailbox = rig.mailbox
    rig.pass_time(30)
    rig.deadline(command)
    # Who ended it has died before it gave the claim back.
    rig.ports.mailboxes.replace(rig.mailbox, replace(rig.mailbox, flights=mailbox.flights))
    assert take(rig) == [command.id]
    assert (rig.read(command).generation, rig.read(command).attempts_used) == (2, 2)


def test_a_poll_of_a_device_that_is_gone_finds_nothing(rig: Rig) -> None:
    assert taking.take(rig.ports, TENANT, "nobody", POLL).commands == []


def test_an_idle_poll_costs_one_read(rig: Rig) -> None:
    rig.ports.commands = None  # type: ignore[assignment]
    assert take(rig) == []


def test_what_a_crash_left_in_the_queue_is_mended_by_a_poll(rig: Rig) -> None:
    ended, gone, next_ = order(rig), order(rig), order(rig)
    rig.ports.commands.replace(ended, replace(ended, status=S.CANCELED, check_at=None))
    rig.ports.commands.delete(TENANT, gone.id)
    assert take(rig) == [next_.id]
    assert rig.mailbox.queue == (next_.id,)


def test_the_next_poll_may_say_that_the_last_one_arrived(rig: Rig) -> None:
    command = order(rig)
    take(rig)
    for _ in range(2):
        taking.delivered(rig.ports, TENANT, command.id, "p")
    stored = rig.read(command)
    assert (stored.delivery, stored.due, len(stored.history)) == (D.DELIVERED, None, 4)
    reporting.succeed(rig.ports, TENANT, command.id, said())
    assert taking.delivered(rig.ports, TENANT, command.id, "p") == rig.read(command)


def test_progress_is_told_and_has_no_time_out(online: Rig) -> None:
    command = online.sent()
    assert online.ports.deadlines.running
    now = online.ports.clock.now()
    at_it = reporting.progress(online.ports, TENANT, command.id, said(PUSHED, response={"step": 1}))
    assert (at_it.status, at_it.delivery, at_it.begun, at_it.response) == (S.PROCESSING, D.DELIVERED, now, {"step": 1})
    assert not online.ports.deadlines.running
    online.pass_time(6 * DAYS)
    sweeping.sweep(online.ports)
    assert online.read(command).status is S.PROCESSING
    online.pass_time(DAYS)
    sweeping.sweep(online.ports)
    assert online.read(command).status is S.EXPIRED


def test_progress_again_changes_what_was_said_and_nothing_else(online: Rig) -> None:
    command = online.sent()
    first = reporting.progress(online.ports, TENANT, command.id, said(PUSHED, response={"a": 1, "b": 1}))
    assert reporting.progress(online.ports, TENANT, command.id, said(PUSHED, response={"b": 1})) == first
    second = reporting.progress(online.ports, TENANT, command.id, said(PUSHED, response={"b": 2}))
    assert (second.response, second.begun, second.history) == ({"a": 1, "b": 2}, first.begun, first.history)
    done = reporting.succeed(online.ports, TENANT, command.id, said(PUSHED, response={"c": 3}))
    assert done.response == {"a": 1, "b": 2, "c": 3}


@pytest.mark.parametrize("report", [reporting.progress, reporting.succeed, reporting.fail])
def test_what_was_never_sent_can_be_reported(rig: Rig, report: Reporting) -> None:
    command = order(rig)
    report(rig.ports, TENANT, command.id, said())
    stored = rig.read(command)
    expected: dict[Reporting, Status] = {
        reporting.progress: S.PROCESSING,
        reporting.succeed: S.PROCESSED,
        reporting.fail: S.ERROR,
    }
    assert stored.status is expected[report]
    rig.connect()
    assert rig.ports.delivery.commands == []


def test_progress_goes_beyond_the_window_and_by_no_line(rig: Rig) -> None:
    first, second = order(rig), order(rig)
    take(rig)
    reporting.progress(rig.ports, TENANT, second.id, said())
    assert (take(rig), rig.read(second).begun is not None) == ([first.id], True)


def test_a_sender_that_has_claimed_and_not_sent_it_sends_nothing_once_the_device_has_begun(online: Rig) -> None:
    command = online.create()
    claimed = online.mailbox.claim(command.id, online.ports.clock.now(), "holder")
    online.ports.mailboxes.replace(online.mailbox, claimed)
    reporting.progress(online.ports, TENANT, command.id, said(PUSHED))
    assert online.mailbox.flights[command.id].generation == online.read(command).generation == 2


@pytest.mark.parametrize("mode", list(AckMode))
@pytest.mark.parametrize("outcome", list(Outcome))
def test_whatever_becomes_of_the_sending_the_device_is_at_it(online: Rig, mode: AckMode, outcome: Outcome) -> None:
    command = online.create(mode)
    online.ports.delivery.outcomes.append(outcome)
    online.ports.delivery.meanwhile = lambda: reporting.progress(online.ports, TENANT, command.id, said(PUSHED))
    try:
        online.deliver()
    finally:
        assert (online.read(command).status, online.read(command).delivery) == (S.PROCESSING, D.DELIVERED)


def test_a_failure_has_the_reason_of_the_device(online: Rig) -> None:
    command, next_ = online.sent(), online.create()
    failed = reporting.fail(online.ports, TENANT, command.id, said(PUSHED, reason="no space left"))
    assert (failed.status, failed.error, failed.reason) == (S.ERROR, Failure.DEVICE_ERROR, "no space left")
    assert not online.ports.deadlines.running
    online.ports.run_background()
    assert online.read(next_).status is S.PROCESSING


@pytest.mark.parametrize("report", [reporting.succeed, reporting.fail])
def test_the_same_end_again_changes_nothing(online: Rig, report: Reporting) -> None:
    command = online.sent()
    first = report(online.ports, TENANT, command.id, said(PUSHED, reason="x"))
    online.pass_time(5)
    again = report(online.ports, TENANT, command.id, said(PUSHED, reason="x"))
    assert first == again


@pytest.mark.parametrize("report", [reporting.progress, reporting.succeed, reporting.fail])
@pytest.mark.parametrize("end", ["PROCESSED", "ERROR", "CANCELED", "EXPIRED", "TIMED OUT"])
def test_another_end_is_refused(rig: Rig, end: str, report: Reporting) -> None:
    own = {("PROCESSED", reporting.succeed), ("ERROR", reporting.fail)}
    if (end, report) in own:
        return
    command = rig.create(None, connector=None, expiration=HOUR)
    if end == "PROCESSED":
        reporting.succeed(rig.ports, TENANT, command.id, said())
    elif end == "ERROR":
        reporting.fail(rig.ports, TENANT, command.id, said())
    elif end == "CANCELED":
        creating.cancel(rig.ports, TENANT, command.id)
    elif end == "EXPIRED":
        rig.pass_time(HOUR)
    else:
        rig.ports.terms.known["polled"] = Terms(ack_timeout=30)
        take(rig)
        rig.pass_time(30)
    with pytest.raises(IllegalTransition):
        report(rig.ports, TENANT, command.id, said())


@pytest.mark.parametrize("report", [reporting.progress, reporting.succeed, reporting.fail])
def test_a_command_that_is_not_there_takes_no_report(rig: Rig, report: Reporting) -> None:
    command = order(rig)
    with pytest.raises(CommandNotFound):
        report(rig.ports, "stranger", command.id, said())
    creating.delete(rig.ports, TENANT, command.id)
    with pytest.raises(CommandNotFound):
        report(rig.ports, TENANT, command.id, said())


def test_a_command_that_is_begun_can_be_canceled_and_is_answered_by_its_number(online: Rig) -> None:
    command, other = online.sent(), online.create()
    reporting.progress(online.ports, TENANT, command.id, said(PUSHED))
    online.answer(command)
    assert online.read(command).status is S.PROCESSED
    reporting.progress(online.ports, TENANT, other.id, said(PUSHED))
    assert creating.cancel(online.ports, TENANT, other.id).status is S.CANCELED


def test_a_device_that_takes_over_a_session_is_told_that_something_waits_and_sent_nothing(rig: Rig) -> None:
    rig.granting(take=True, ack_timeout=None)
    rig.connect()
    commands = [order(rig) for _ in range(2)]
    rig.ports.run_background()
    assert {route.client for route in rig.ports.delivery.announced} == {CLIENT}
    assert rig.ports.delivery.commands == []
    assert take(rig, PUSHED) == [commands[0].id]
    told = len(rig.ports.delivery.announced)
    reporting.succeed(rig.ports, TENANT, commands[0].id, said(PUSHED))
    rig.ports.run_background()
    assert len(rig.ports.delivery.announced) > told
    assert take(rig, PUSHED) == [commands[1].id]


def test_a_poll_that_was_slow_is_not_given_what_another_one_brought_and_was_begun(rig: Rig) -> None:
    made = order(rig)
    found = rig.ports.commands.get

    def meanwhile(tenant: str, command: str) -> Command | None:
        stale = found(tenant, command)
        rig.ports.commands.get = found  # type: ignore[method-assign]
        assert take(rig) == [made.id]
        reporting.progress(rig.ports, TENANT, made.id, said())
        return stale

    rig.ports.commands.get = meanwhile  # type: ignore[method-assign]
    assert take(rig) == []


def test_what_was_said_stays_where_a_later_report_says_nothing(rig: Rig) -> None:
    command = order(rig)
    reporting.progress(rig.ports, TENANT, command.id, said(response={"step": 1}))
    reporting.progress(rig.ports, TENANT, command.id, said())
    assert reporting.succeed(rig.ports, TENANT, command.id, said()).response == {"step": 1}


@pytest.mark.parametrize("expiration", [None, 2 * HOUR])
def test_the_sweep_looks_at_what_was_begun_when_it_expires(online: Rig, expiration: int | None) -> None:
    command = online.sent(expiration=expiration)
    begun = reporting.progress(online.ports, TENANT, command.id, said(PUSHED))
    assert begun.check_at == command.expires


def test_beyond_the_window_nothing_is_read(rig: Rig) -> None:
    commands = [order(rig) for _ in range(5)]
    take(rig)
    reporting.progress(rig.ports, TENANT, commands[0].id, said())
    read: list[str] = []
    found = rig.ports.commands.get
    rig.ports.commands.get = lambda tenant, command: read.append(command) or found(tenant, command)  # type: ignore[func-returns-value, method-assign]
    assert take(rig) == []
    assert read == [commands[0].id]


def test_what_somebody_else_has_sent_is_not_given_to_who_was_about_to_begin_it(rig: Rig) -> None:
    command = order(rig)
    # A sender has written its attempt under 1; who wanted to begin it has claimed 2, and died.
    sent = claimed(command, rig.ports.clock.now(), 1, CLIENT, replace(command.policy, ack_mode=AckMode.APPLICATIVE))
    rig.ports.commands.replace(command, sent)
    flying = rig.mailbox.claim(command.id, 0, "sender").claim(command.id, 0, taking.holder(POLL), via="poll")
    rig.ports.mailboxes.replace(rig.mailbox, flying)
    assert take(rig) == []


def test_a_poll_that_meets_a_full_window_just_as_it_claims_claims_nothing(rig: Rig) -> None:
    first, second = order(rig), order(rig)
    stale = rig.mailbox
    take(rig)
    claim = taking.claimed_by(rig.ports, stale, second, POLL, lambda c, *_: c)
    assert (claim.ours, list(rig.mailbox.flights)) == (False, [first.id])


def test_what_left_the_queue_meanwhile_is_not_claimed(rig: Rig) -> None:
    command, stale = order(rig), rig.mailbox
    creating.cancel(rig.ports, TENANT, command.id)
    assert not taking.claimed_by(rig.ports, stale, command, POLL, lambda c, *_: c).ours
    assert rig.mailbox.flights == {}


def test_what_expires_between_the_claim_and_the_write_is_not_taken(rig: Rig) -> None:
    command = rig.create(None, connector=None, expiration=60)
    rig.pass_time(60)
    claim = taking.claimed_by(rig.ports, rig.mailbox, command, POLL, lambda c, *_: replace(c, reason="taken"))
    assert (claim.ours, rig.read(command).reason) == (False, None)


def test_a_poll_says_nothing_of_what_was_begun(rig: Rig) -> None:
    command = order(rig)
    begun = reporting.progress(rig.ports, TENANT, command.id, said())
    began = replace(begun, delivery=D.SENT)
    assert rig.ports.commands.replace(begun, began)
    assert taking.delivered(rig.ports, TENANT, command.id, "p") == rig.read(command)
    assert rig.read(command).delivery is D.SENT


def test_a_mailbox_has_no_marks_of_sessions_where_nobody_asks_for_them(rig: Rig) -> None:
    command = order(rig)
    take(rig)
    assert rig.mailbox.flights[command.id].session == ""
