"""Senders that die, mishear or are late, and what becomes of the commands that they held."""

import pytest

from chalicelib.fleet import sweeping
from chalicelib.fleet.commands import creating
from chalicelib.fleet.commands.records import MINUTE, AckMode, Command, Status
from chalicelib.fleet.commands.transitions import UNKNOWN
from chalicelib.fleet.presence.mailbox import LEASE, Mailbox
from tests.fakes import MemoryCommands, MemoryMailboxes
from tests.fleet.rig import TENANT, Rig

S = Status


class Died(BaseException):
    pass


def die() -> None:
    raise Died


class UnheardCommands(MemoryCommands):
    """Each first write is done, but its answer is lost: the repeated request fails."""

    def replace(self, old: Command, new: Command) -> bool:
        return super().replace(old, new) and False


def test_a_claim_that_is_in_the_record_is_ours_even_if_nobody_said_so(online: Rig) -> None:
    unheard = UnheardCommands()
    unheard.rows, unheard.by_check = online.ports.commands.rows, online.ports.commands.by_check
    command = online.create(AckMode.NETWORK)
    online.ports.commands = unheard
    online.deliver()
    assert len(online.ports.delivery.commands) == 1
    assert online.read(command).status is S.PROCESSED


class UnheardMailboxes(MemoryMailboxes):
    """As above, for mailboxes."""

    def replace(self, old: Mailbox, new: Mailbox) -> bool:
        return super().replace(old, new) and False


def test_a_claim_that_is_in_the_mailbox_is_ours_even_if_nobody_said_so(online: Rig) -> None:
    command = online.create(AckMode.NETWORK)
    online.ports.mailboxes = UnheardMailboxes(online.ports.mailboxes.rows)
    online.deliver()
    assert len(online.ports.delivery.commands) == 1
    assert online.read(command).status is S.PROCESSED


class Overtaken(MemoryMailboxes):
    """Somebody else claims first, at the same moment and so under the same generation."""

    def replace(self, old: Mailbox, new: Mailbox) -> bool:
        for command, flight in new.flights.items():
            if command not in old.flights:
                super().replace(old, old.claim(command, flight.at, "another"))
        return super().replace(old, new)


def test_a_claim_of_somebody_else_at_the_same_moment_is_not_taken_for_ours(online: Rig) -> None:
    online.create(AckMode.NETWORK)
    online.ports.mailboxes = Overtaken(online.ports.mailboxes.rows)
    online.deliver()
    assert online.ports.delivery.commands == []


def test_a_sender_that_died_before_it_marked_the_command_is_looked_after_within_a_lease(online: Rig) -> None:
    command = online.create(expiration=3_600)
    mailbox = online.mailbox
    assert online.ports.mailboxes.replace(mailbox, mailbox.claim(command.id, online.ports.clock.now()))
    online.pass_time(20)
    online.deliver()
    check_at = online.read(command).check_at
    assert check_at is not None
    assert check_at <= online.ports.clock.now() + LEASE + MINUTE


def test_a_sender_that_died_before_it_knew_is_settled_when_its_attempt_has_failed(online: Rig) -> None:
    online.ports.delivery.meanwhile = die
    command = online.create(AckMode.NETWORK, expiration=3_600)
    with pytest.raises(Died):
        online.deliver()
    online.pass_time(60)
    online.deliver()
    online.pass_time(20)
    sweeping.sweep(online.ports)
    assert (online.read(command).status, online.read(command).error) == (S.ERROR, "ACK_TIMEOUT")
    assert online.read(command).history[-1].note == UNKNOWN


def test_a_sender_that_died_before_it_started_the_timer_has_it_started(online: Rig) -> None:
    online.ports.delivery.meanwhile = die
    command = online.create(ack_timeout=600)
    with pytest.raises(Died):
        online.deliver()
    started = dict(online.ports.deadlines.running)
    online.ports.deadlines.running.clear()
    online.pass_time(60)
    online.deliver()
    assert online.ports.deadlines.running == started
    assert online.read(command).status is S.PROCESSING


def test_an_attempt_whose_timer_cannot_be_started_is_settled_by_the_sweep_a_minute_later(online: Rig) -> None:
    online.ports.deadlines.failing = True
    command = online.sent(ack_timeout=300, attempts=3)
    online.pass_time(300)
    sweeping.sweep(online.ports)
    assert online.read(command).status is S.RETRYING


def test_a_command_behind_one_that_a_dead_sender_holds_is_sent_when_another_ends(online: Rig) -> None:
    held, second = online.create(), online.create()
    mailbox = online.mailbox
    assert online.ports.mailboxes.replace(mailbox, mailbox.claim(held.id, online.ports.clock.now()))
    online.ports.background.deliveries.clear()
    online.pass_time(60)
    creating.cancel(online.ports, TENANT, second.id)
    online.ports.run_background()
    assert online.read(held).generation == 2


class SlowMailboxes(MemoryMailboxes):
    """A write takes so long that a command expires meanwhile."""

    def __init__(self, rig: Rig) -> None:
        super().__init__(rig.ports.mailboxes.rows)
        self._rig = rig

    def replace(self, old: Mailbox, new: Mailbox) -> bool:
        self._rig.pass_time(3)
        return super().replace(old, new)


def test_a_command_that_expires_while_it_is_claimed_is_not_sent(online: Rig) -> None:
    command = online.create(expiration=5)
    online.pass_time(3)
    online.ports.mailboxes = SlowMailboxes(online)
    online.deliver()
    assert online.ports.delivery.commands == []
    assert online.read(command).status is not S.PROCESSING


def test_a_command_whose_device_went_away_before_it_could_be_sent_expires_in_time(online: Rig) -> None:
    command = online.create(expiration=60)
    online.disconnect()
    online.deliver()
    assert [due for due, _ in online.ports.deadlines.running.values()] == [command.expires]
