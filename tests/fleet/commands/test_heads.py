"""Devices that are shown one command until they have ended it."""

from collections.abc import Callable

import pytest

from chalicelib.fleet.commands import creating, reporting, taking
from chalicelib.fleet.commands.records import Command, DeliveryStatus, Failure, Status, Terms
from chalicelib.fleet.commands.reporting import Report
from chalicelib.fleet.presence.records import Route
from tests.fleet.rig import CLIENT, DEVICE, TENANT, Rig

S, D = Status, DeliveryStatus
POLL = Route("polled", "p", "poll", "p", "poll")


@pytest.fixture(autouse=True)
def granted(rig: Rig) -> None:
    rig.ports.terms.known["polled"] = Terms(ack_timeout=None)


def order(rig: Rig, connector: str | None = None, expiration: int | None = 3_600, **policy: int) -> Command:
    return rig.create(None, connector=connector, expiration=expiration, **policy)


def head(rig: Rig) -> str | None:
    found = taking.head(rig.ports, TENANT, DEVICE, POLL)
    return found.id if found else None


def test_it_is_the_oldest_and_the_same_until_it_has_ended(rig: Rig) -> None:
    first, second = order(rig), order(rig)
    assert [head(rig), head(rig)] == [first.id] * 2
    assert (rig.read(first).delivery, rig.read(second).status) == (D.SENT, S.PENDING)
    reporting.progress(rig.ports, TENANT, first.id, Report(POLL))
    assert head(rig) == first.id
    reporting.succeed(rig.ports, TENANT, first.id, Report(POLL))
    assert head(rig) == second.id
    reporting.fail(rig.ports, TENANT, second.id, Report(POLL))
    assert head(rig) is None


def test_a_later_one_that_was_begun_does_not_hide_the_first(rig: Rig) -> None:
    first, second = order(rig), order(rig)
    reporting.progress(rig.ports, TENANT, second.id, Report(POLL))
    assert head(rig) == first.id
    assert rig.read(first).status is S.PROCESSING


def test_what_names_another_connector_is_not_shown(rig: Rig) -> None:
    order(rig, "mqtt")
    mine = order(rig, "poll")
    assert head(rig) == mine.id


def test_what_was_sent_to_a_session_is_shown_as_well(rig: Rig) -> None:
    rig.connect()
    command = order(rig)
    rig.ports.run_background()
    before = rig.read(command)
    assert head(rig) == command.id
    assert rig.read(command) == before


def test_a_delivery_that_has_claimed_it_and_not_sent_it_sends_nothing_then(rig: Rig) -> None:
    command = order(rig)
    rig.ports.mailboxes.replace(rig.mailbox, rig.mailbox.claim(command.id, 0, "sender", via="mqtt"))
    assert head(rig) == command.id
    assert rig.read(command).generation == 2


def test_the_canceled_and_the_expired_are_passed_over_and_cleared(rig: Rig) -> None:
    gone, old, new = order(rig), order(rig, expiration=60), order(rig)
    assert head(rig) == gone.id
    creating.cancel(rig.ports, TENANT, gone.id)
    rig.pass_time(60)
    assert head(rig) == new.id
    assert (rig.read(old).status, rig.mailbox.queue) == (S.EXPIRED, (new.id,))


def test_what_a_crash_has_left_in_the_queue_is_passed_over(rig: Rig) -> None:
    lost, new = order(rig), order(rig)
    rig.ports.commands.delete(TENANT, lost.id)
    assert (head(rig), rig.mailbox.queue) == (new.id, (new.id,))


def test_an_attempt_whose_time_is_over_begins_again_or_ends(rig: Rig) -> None:
    rig.ports.terms.known["polled"] = Terms(ack_timeout=30)
    twice = order(rig, attempts=2)
    assert head(rig) == twice.id
    rig.pass_time(30)
    assert head(rig) == twice.id
    assert (rig.read(twice).attempts_used, rig.read(twice).generation) == (2, 2)
    rig.pass_time(30)
    assert head(rig) is None
    assert (rig.read(twice).status, rig.read(twice).error) == (S.ERROR, Failure.ACK_TIMEOUT)


def test_two_requests_at_once_are_shown_the_same(rig: Rig) -> None:
    command = order(rig)
    found, shown = rig.ports.mailboxes.get, []

    def meanwhile(tenant: str, device: str) -> object:
        before = found(tenant, device)
        rig.ports.mailboxes.get = found  # type: ignore[method-assign]
        shown.append(head(rig))
        return before

    rig.ports.mailboxes.get = meanwhile  # type: ignore[assignment, method-assign]
    assert (head(rig), shown) == (command.id, [command.id])
    assert rig.read(command).generation == 1


@pytest.mark.parametrize("end", [creating.cancel, creating.delete])
def test_what_ends_just_as_it_is_taken_is_not_shown(rig: Rig, end: Callable[..., object]) -> None:
    command = order(rig)
    found = rig.ports.commands.get

    def meanwhile(tenant: str, command: str) -> Command | None:
        before = found(tenant, command)
        rig.ports.commands.get = found  # type: ignore[method-assign]
        end(rig.ports, TENANT, command)
        return before

    rig.ports.commands.get = meanwhile  # type: ignore[method-assign]
    assert head(rig) is None
    assert (rig.mailbox.queue, rig.mailbox.flights) == ((), {})
    assert command.id


def test_nobody_has_none(rig: Rig) -> None:
    assert taking.head(rig.ports, TENANT, "nobody", POLL) is None
    assert CLIENT not in rig.mailbox.flights
