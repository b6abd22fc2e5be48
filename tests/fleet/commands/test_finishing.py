from collections.abc import Callable

import pytest

from chalicelib.fleet import sweeping
from chalicelib.fleet.commands import creating, finishing
from chalicelib.fleet.commands.records import MINUTE, PATROL, AckMode, Command, DeliveryStatus, Status
from chalicelib.fleet.inventory import devices
from chalicelib.fleet.ports import Outcome
from chalicelib.fleet.presence.mailbox import LEASE, Mailbox
from tests.fakes import MemoryCommands, MemoryMailboxes
from tests.fleet.rig import DEVICE, TENANT, Rig

S = Status


def test_the_first_answer_makes_a_command_processed(online: Rig) -> None:
    command = online.sent()
    online.answer(command, response={"ok": True})
    answered = online.read(command)
    assert (answered.status, answered.delivery) == (S.PROCESSED, DeliveryStatus.REPLIED)
    assert (answered.response, answered.history[-1].node) == ({"ok": True}, "client-1")


def test_a_second_answer_is_recorded_and_changes_nothing(online: Rig) -> None:
    command = online.sent()
    online.answer(command, "e1", "first")
    online.answer(command, "e2", "second")
    answered = online.read(command)
    assert (answered.status, answered.response) == (S.PROCESSED, "first")
    assert answered.history[-1].note is not None


def test_the_same_answer_coming_again_is_not_even_recorded(online: Rig) -> None:
    command = online.sent()
    online.answer(command, "e1")
    before = online.read(command)
    online.answer(command, "e1")
    assert online.read(command) == before


@pytest.mark.parametrize("mode", [AckMode.NETWORK, AckMode.NONE])
def test_an_answer_that_nobody_waited_for_is_the_response_all_the_same(online: Rig, mode: AckMode) -> None:
    command = online.sent(mode)
    assert online.read(command).status is S.PROCESSED
    since = online.read(command).since
    online.pass_time(1)
    online.answer(command, "e1", {"v": 1})
    answered = online.read(command)
    assert (answered.status, answered.delivery, answered.response) == (S.PROCESSED, DeliveryStatus.REPLIED, {"v": 1})
    assert answered.since == since
    online.answer(command, "e1", {"v": 1})
    assert online.read(command) == answered
    online.answer(command, "e2", {"v": 2})
    assert online.read(command).response == {"v": 1}


@pytest.mark.parametrize("mode", [AckMode.NETWORK, AckMode.NONE])
def test_an_answer_that_overtakes_the_acknowledgement_is_kept(online: Rig, mode: AckMode) -> None:
    command = online.create(mode)
    online.ports.delivery.meanwhile = lambda: online.answer(command, "e1", {"v": 1})
    online.ports.run_background()
    answered = online.read(command)
    assert (answered.status, answered.response) == (S.PROCESSED, {"v": 1})
    assert online.mailbox.queue == ()


@pytest.mark.parametrize("end", ["ERROR", "CANCELED"])
def test_a_late_answer_is_recorded_and_changes_nothing(online: Rig, end: str) -> None:
    command = online.sent()
    if end == "ERROR":
        online.pass_time(120)
        online.deadline(command)
    else:
        creating.cancel(online.ports, TENANT, command.id)
    online.answer(command)
    answered = online.read(command)
    assert (answered.status, answered.response) == (end, None)
    assert answered.history[-1].note is not None


def test_an_answer_after_the_time_out_comes_too_late_even_if_nobody_has_settled_it(online: Rig) -> None:
    command = online.sent()
    online.pass_time(120)
    told = creating.get(online.ports, TENANT, command.id)
    online.answer(command)
    assert told.status is online.read(command).status is S.ERROR
    assert online.mailbox.queue == ()


def test_an_answer_after_an_expiry_comes_too_late_even_if_nobody_has_settled_it(online: Rig) -> None:
    command = online.sent(attempts=2, expiration=150)
    online.disconnect()
    online.pass_time(120)
    online.deadline(command)
    online.pass_time(30)
    online.answer(command)
    assert online.read(command).status is S.EXPIRED


def test_an_answer_to_an_earlier_attempt_ends_the_retries(online: Rig) -> None:
    command = online.sent(attempts=2)
    online.disconnect()
    online.pass_time(120)
    online.deadline(command)
    assert online.read(command).status is S.RETRYING
    online.answer(command)
    assert online.read(command).status is S.PROCESSED
    assert online.mailbox.queue == ()


def test_an_answer_to_what_was_never_sent_changes_nothing(rig: Rig) -> None:
    command = rig.create()
    rig.answer(command)
    assert rig.read(command).status is S.PENDING


def test_an_answer_to_nothing_is_nobodys(online: Rig) -> None:
    said = finishing.Answer(12345, "?", "e1", "client-1")
    assert finishing.answer(online.ports, TENANT, DEVICE, said) is None
    assert finishing.answer(online.ports, TENANT, "nobody", said) is None


def test_an_answer_stops_the_clock_and_frees_the_way(online: Rig) -> None:
    first, second = online.sent(), online.create()
    online.answer(first)
    assert not online.ports.deadlines.running
    online.ports.run_background()
    assert online.read(second).status is S.PROCESSING


def test_without_an_answer_a_command_ends_in_ack_timeout(online: Rig) -> None:
    command = online.sent(ack_timeout=30)
    online.pass_time(20)
    online.deadline(command)
    assert online.read(command).status is S.PROCESSING
    online.pass_time(10)
    online.deadline(command)
    assert (online.read(command).status, online.read(command).error) == (S.ERROR, "ACK_TIMEOUT")
    assert online.mailbox.queue == ()


def test_attempts_that_are_left_are_used_at_once_while_the_device_is_there(online: Rig) -> None:
    command = online.sent(attempts=3)
    for used in (1, 2):
        assert online.read(command).attempts_used == used
        online.pass_time(120)
        online.deadline(command)
        online.ports.run_background()
    online.pass_time(120)
    online.deadline(command)
    assert online.read(command).status is S.ERROR
    assert len(online.ports.delivery.commands) == 3


def test_a_deadline_that_rings_a_moment_early_asks_to_be_rung_again(online: Rig) -> None:
    command = online.sent(ack_timeout=30)
    online.pass_time(29.5)
    with pytest.raises(finishing.NotDue):
        online.deadline(command)
    online.pass_time(0.5)
    online.deadline(command)
    assert online.read(command).status is S.ERROR


def test_a_stale_deadline_does_nothing(online: Rig) -> None:
    command = online.sent(attempts=2)
    online.pass_time(120)
    online.deadline(command)
    online.ports.run_background()
    before = online.read(command)
    online.deadline(command)
    assert online.read(command) == before


def test_a_deadline_of_a_deleted_command_does_nothing(online: Rig) -> None:
    command = online.sent()
    creating.delete(online.ports, TENANT, command.id)
    online.deadline(command)
    assert online.mailbox.queue == ()


def test_a_command_in_flight_does_not_expire(online: Rig) -> None:
    command = online.sent(expiration=5)
    online.pass_time(60)
    online.deadline(command)
    assert online.read(command).status is S.PROCESSING


def test_a_retry_that_would_come_after_the_expiry_is_not_made(online: Rig) -> None:
    command = online.sent(expiration=60, attempts=2)
    online.pass_time(120)
    online.deadline(command)
    online.ports.run_background()
    assert online.read(command).status is S.EXPIRED
    assert len(online.ports.delivery.commands) == 1


class TestTheSweep:
    def test_settles_what_is_overdue_where_no_timer_could_be_started(self, online: Rig) -> None:
        online.ports.deadlines.failing = True
        command = online.sent(ack_timeout=30)
        online.ports.clock.advance(ms=PATROL)
        sweeping.sweep(online.ports)
        assert online.read(command).status is S.ERROR

    def test_hands_a_deadline_to_a_timer_as_it_comes_near(self, rig: Rig) -> None:
        command = rig.create(expiration=3_600)
        rig.pass_time(3_600 - PATROL / 1000)
        sweeping.sweep(rig.ports)
        assert [due for due, _ in rig.ports.deadlines.running.values()] == [command.expires]

    def test_leaves_alone_what_is_far(self, rig: Rig) -> None:
        rig.create(expiration=3_600)
        assert sweeping.sweep(rig.ports) == 0
        assert not rig.ports.deadlines.running

    def test_queues_what_a_crash_left_out_of_the_queue(self, online: Rig) -> None:
        command = online.create()
        online.ports.background.deliveries.clear()
        mailbox = online.mailbox
        assert online.ports.mailboxes.replace(mailbox, mailbox.remove(command.id))
        online.ports.clock.advance(ms=PATROL)
        sweeping.sweep(online.ports)
        online.ports.run_background()
        assert online.read(command).status is S.PROCESSING

    def test_delivers_what_a_lost_invocation_left_waiting(self, online: Rig) -> None:
        command = online.create()
        online.ports.background.deliveries.clear()
        online.ports.clock.advance(ms=PATROL)
        sweeping.sweep(online.ports)
        online.ports.run_background()
        assert online.read(command).status is S.PROCESSING

    def test_frees_the_way_that_a_claim_without_a_result_blocks(self, online: Rig) -> None:
        first, second = online.create(AckMode.NETWORK), online.create(AckMode.NETWORK)
        online.ports.background.deliveries.clear()
        mailbox = online.mailbox
        assert online.ports.mailboxes.replace(mailbox, mailbox.claim(first.id, online.ports.clock.now()))
        online.ports.clock.advance(ms=max(PATROL, LEASE))
        sweeping.sweep(online.ports)
        online.ports.run_background()
        assert online.read(first).status is online.read(second).status is S.PROCESSED

    def test_frees_the_way_that_a_final_command_blocks(self, online: Rig) -> None:
        first, second = online.sent(), online.create()
        in_flight = online.mailbox
        creating.cancel(online.ports, TENANT, first.id)
        online.ports.background.deliveries.clear()
        released = online.mailbox
        assert online.ports.mailboxes.replace(released, in_flight)
        online.ports.clock.advance(ms=PATROL)
        sweeping.sweep(online.ports)
        online.ports.run_background()
        assert online.read(second).status is S.PROCESSING

    def test_rearms_everything_after_a_restart(self, online: Rig) -> None:
        online.sent(ack_timeout=600)
        soon = dict(online.ports.deadlines.running)
        online.ports.deadlines.running.clear()
        sweeping.sweep(online.ports, everything=True)
        assert online.ports.deadlines.running == soon

    def test_looks_at_a_healthy_command_again_later(self, online: Rig) -> None:
        command = online.sent(ack_timeout=3_600)
        online.ports.clock.advance(ms=PATROL)
        sweeping.sweep(online.ports)
        assert sweeping.sweep(online.ports) == 0
        check_at = online.read(command).check_at
        assert check_at is not None
        assert check_at >= online.ports.clock.now() + MINUTE


class Meddling(MemoryMailboxes):
    """Somebody acts just before the mailbox is read."""

    meanwhile: Callable[[], object] = staticmethod(lambda: None)

    def get(self, tenant: str, device: str) -> Mailbox | None:
        meanwhile, self.meanwhile = self.meanwhile, lambda: None
        meanwhile()
        return super().get(tenant, device)


def test_a_command_that_ends_while_it_is_looked_at_is_not_queued_again(rig: Rig) -> None:
    command = rig.create()
    meddling = Meddling(rig.ports.mailboxes.rows)
    rig.ports.mailboxes = meddling
    meddling.meanwhile = lambda: creating.cancel(rig.ports, TENANT, command.id)
    finishing.settle(rig.ports, TENANT, DEVICE, command.id)
    assert rig.read(command).status is S.CANCELED
    assert rig.mailbox.queue == ()


def test_what_waits_for_a_deleted_device_is_canceled(rig: Rig) -> None:
    command = rig.create()
    devices.delete(rig.ports, TENANT, DEVICE)
    assert rig.read(command).status is S.CANCELED


def test_what_a_reader_saw_expire_does_not_end_as_canceled_with_its_device(rig: Rig) -> None:
    command = rig.create(expiration=5)
    rig.pass_time(5)
    devices.delete(rig.ports, TENANT, DEVICE)
    assert rig.read(command).status is S.EXPIRED


def test_a_deadline_of_a_command_whose_device_is_gone_cancels_it(rig: Rig) -> None:
    command = rig.create()
    device = rig.ports.devices.get(TENANT, DEVICE)
    assert device is not None
    assert rig.ports.devices.delete(device)
    rig.deadline(command)
    assert rig.read(command).status is S.CANCELED


def test_an_unconfirmed_retry_frees_the_way_while_it_waits(online: Rig) -> None:
    online.ports.delivery.outcomes.extend([Outcome.UNCONFIRMED])
    online.ports.delivery.meanwhile = online.disconnect
    command = online.sent(AckMode.NETWORK, attempts=2)
    assert online.read(command).status is S.RETRYING
    assert not online.mailbox.flights
    online.connect("s2")
    assert online.read(command).status is S.PROCESSED


class Poisoned(MemoryCommands):
    """A table in which one item cannot be read."""

    bad = ""

    def get(self, tenant: str, command: str) -> Command | None:
        if command == self.bad:
            raise OSError("this item cannot be read")
        return super().get(tenant, command)


def test_one_command_that_cannot_be_settled_does_not_hold_up_the_others(rig: Rig) -> None:
    rig.ports.commands = poisoned = Poisoned()
    first, second = rig.create(expiration=5), rig.create(expiration=5)
    rig.pass_time(6)
    poisoned.bad = first.id
    with pytest.raises(ExceptionGroup, match="1 of 2 overdue"):
        sweeping.sweep(rig.ports)
    assert rig.read(second).status is S.EXPIRED


class Died(BaseException):
    pass


class Mortal(MemoryMailboxes):
    """Whoever takes something out of a queue dies before it is done."""

    def replace(self, old: Mailbox, new: Mailbox) -> bool:
        if len(new.queue) < len(old.queue):
            raise Died
        return super().replace(old, new)


def test_the_clock_runs_until_the_place_is_free(online: Rig) -> None:
    command = online.sent()
    online.ports.mailboxes = Mortal(online.ports.mailboxes.rows)
    with pytest.raises(Died):
        online.answer(command)
    assert list(online.ports.deadlines.running) == [command.timer]
    online.ports.mailboxes = MemoryMailboxes(online.ports.mailboxes.rows)
    online.pass_time(120)
    online.deadline(command)
    assert online.mailbox.queue == ()


class Interrupted(MemoryCommands):
    """Somebody else acts between reading a command and writing it, once."""

    meanwhile: Callable[[], object] = staticmethod(lambda: None)

    def replace(self, old: Command, new: Command) -> bool:
        meanwhile, self.meanwhile = self.meanwhile, lambda: None
        meanwhile()
        return super().replace(old, new)


def test_a_time_out_that_was_settled_meanwhile_does_not_end_the_attempt_that_followed(online: Rig) -> None:
    commands = Interrupted()
    online.ports.commands = commands
    command = online.sent(attempts=2)
    online.pass_time(120)

    def settled_and_sent_again() -> None:
        online.deadline(command)
        online.ports.run_background()

    commands.meanwhile = settled_and_sent_again
    online.deadline(command)
    assert online.read(command).status is S.PROCESSING
    assert online.read(command).attempts_used == 2
