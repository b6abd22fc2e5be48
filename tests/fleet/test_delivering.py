from dataclasses import dataclass, field

import pytest

from chalicelib.fleet import delivering
from chalicelib.fleet.commands import creating
from chalicelib.fleet.commands.records import CONFIRMATION, PATROL, AckMode, Command, DeliveryStatus, Status
from chalicelib.fleet.errors import TemporarilyUnavailable
from chalicelib.fleet.ports import Outcome
from chalicelib.fleet.presence import connecting
from chalicelib.fleet.presence.mailbox import LEASE, Mailbox
from tests.fakes import MemoryMailboxes
from tests.fleet.rig import CLIENT, COMMANDS, DEVICE, TENANT, Rig

S, D = Status, DeliveryStatus


def attempt(rig: Rig, outcome: Outcome, mode: AckMode, attempts: int = 1) -> Command:
    """A command whose first delivery ends like that, and no second one is tried."""
    rig.ports.delivery.outcomes.append(outcome)
    rig.ports.delivery.meanwhile = rig.disconnect
    return rig.sent(mode, attempts=attempts)


@pytest.mark.parametrize(
    ("outcome", "mode", "attempts", "status", "delivery"),
    [
        (Outcome.CONFIRMED, AckMode.NONE, 1, S.PROCESSED, D.SENT),
        (Outcome.CONFIRMED, AckMode.NETWORK, 1, S.PROCESSED, D.DELIVERED),
        (Outcome.CONFIRMED, AckMode.APPLICATIVE, 1, S.PROCESSING, D.DELIVERED),
        (Outcome.UNCONFIRMED, AckMode.NONE, 1, S.ERROR, D.SENDING),
        (Outcome.UNCONFIRMED, AckMode.NETWORK, 1, S.ERROR, D.SENDING),
        (Outcome.UNCONFIRMED, AckMode.NETWORK, 2, S.RETRYING, None),
        (Outcome.UNCONFIRMED, AckMode.APPLICATIVE, 1, S.PROCESSING, D.SENT),
        (Outcome.REFUSED, AckMode.NONE, 1, S.ERROR, None),
        (Outcome.REFUSED, AckMode.NETWORK, 1, S.ERROR, None),
        (Outcome.REFUSED, AckMode.APPLICATIVE, 2, S.ERROR, None),
        (Outcome.ABSENT, AckMode.NONE, 1, S.PENDING, None),
        (Outcome.ABSENT, AckMode.NETWORK, 1, S.PENDING, None),
        (Outcome.ABSENT, AckMode.APPLICATIVE, 1, S.PENDING, None),
    ],
)
def test_each_outcome_means_what_the_acknowledgement_mode_makes_of_it(
    online: Rig, outcome: Outcome, mode: AckMode, attempts: int, status: Status, delivery: DeliveryStatus | None
) -> None:
    command = attempt(online, outcome, mode, attempts)
    assert (command.status, command.delivery) == (status, delivery)


@pytest.mark.parametrize("mode", list(AckMode))
def test_a_busy_broker_costs_no_attempt_and_is_tried_again(online: Rig, mode: AckMode) -> None:
    online.ports.delivery.outcomes.append(Outcome.BUSY)
    command = online.create(mode)
    with pytest.raises(TemporarilyUnavailable):
        online.deliver()
    assert (online.read(command).status, online.read(command).attempts_used) == (S.PENDING, 0)
    online.deliver()
    assert online.read(command).status is not S.PENDING


def test_a_device_that_turns_out_to_be_away_is_taken_for_disconnected(online: Rig) -> None:
    online.ports.delivery.outcomes.append(Outcome.ABSENT)
    del online.ports.delivery.subscriptions[CLIENT]
    command = online.sent()
    assert not online.mailbox.online
    assert online.read(command).attempts_used == 0
    assert len(online.ports.delivery.commands) == 1


def test_a_device_that_came_back_meanwhile_is_tried_again(online: Rig) -> None:
    online.ports.delivery.outcomes.append(Outcome.ABSENT)
    online.create()
    with pytest.raises(TemporarilyUnavailable):
        online.deliver()
    assert online.mailbox.online


def test_a_device_gets_one_command_at_a_time_in_order(online: Rig) -> None:
    first, second = online.sent(), online.sent()
    assert [c.id for _, c in online.ports.delivery.commands] == [first.id]
    online.answer(first)
    online.ports.run_background()
    assert [c.id for _, c in online.ports.delivery.commands] == [first.id, second.id]


def test_those_that_need_no_answer_go_one_after_the_other_in_one_run(rig: Rig) -> None:
    commands = [rig.create(AckMode.NETWORK) for _ in range(3)]
    rig.connect()
    assert [c.id for _, c in rig.ports.delivery.commands] == [c.id for c in commands]


def test_a_wider_window_lets_more_go(online: Rig) -> None:
    online.granting(window=2)
    for _ in range(3):
        online.sent()
    assert len(online.ports.delivery.commands) == 2


def test_a_run_that_lasts_too_long_goes_on_in_the_background(rig: Rig) -> None:
    connecting.subscribed(rig.ports, rig.claim, "s1", COMMANDS, rig.ports.clock.now())
    for _ in range(2):
        rig.create(AckMode.NETWORK)
    rig.ports.background.deliveries.clear()
    delivering.deliver(rig.ports, TENANT, DEVICE, rig.ports.clock.now())
    assert len(rig.ports.delivery.commands) == 1
    assert list(rig.ports.background.deliveries) == [(TENANT, DEVICE)]


def test_delivering_again_delivers_nothing_twice(online: Rig) -> None:
    online.sent()
    online.deliver()
    online.deliver()
    assert len(online.ports.delivery.commands) == 1


def test_a_delivery_that_comes_in_between_another_changes_nothing(online: Rig) -> None:
    command = online.create()
    online.ports.delivery.meanwhile = online.deliver
    online.deliver()
    assert len(online.ports.delivery.commands) == 1
    assert online.read(command).delivery is D.DELIVERED


def test_a_bare_connection_gets_nothing(rig: Rig) -> None:
    rig.connect(capabilities=frozenset())
    assert rig.sent().status is S.PENDING


def test_what_waits_goes_when_the_device_subscribes(rig: Rig) -> None:
    command = rig.create()
    rig.connect()
    assert rig.read(command).status is S.PROCESSING


def test_the_broker_is_asked_about_a_session_that_was_resumed(online: Rig) -> None:
    online.disconnect()
    command = online.create()
    online.ports.delivery.subscriptions[CLIENT] = COMMANDS
    connecting.connected(online.ports, online.claim, "s2", online.ports.clock.now())
    online.ports.run_background()
    assert online.read(command).status is S.PROCESSING
    assert online.ports.delivery.asked == [CLIENT]


def test_a_resumed_session_that_kept_nothing_is_not_asked_again(online: Rig) -> None:
    online.disconnect()
    online.create()
    online.ports.delivery.subscriptions[CLIENT] = frozenset()
    connecting.connected(online.ports, online.claim, "s2", online.ports.clock.now())
    online.ports.run_background()
    online.deliver()
    assert online.ports.delivery.asked == [CLIENT]
    assert online.ports.delivery.commands == []


def test_a_command_that_expires_within_a_second_is_not_sent(rig: Rig) -> None:
    command = rig.create(expiration=5)
    rig.pass_time(4.5)
    rig.connect()
    assert rig.read(command).status is S.PENDING
    rig.pass_time(0.5)
    rig.deadline(command)
    assert rig.read(command).status is S.EXPIRED


def test_an_expired_command_lets_the_next_one_pass(rig: Rig) -> None:
    old, young = rig.create(expiration=5), rig.create()
    rig.pass_time(6)
    rig.connect()
    assert (rig.read(old).status, rig.read(young).status) == (S.EXPIRED, S.PROCESSING)


def test_a_broker_waits_no_longer_than_the_command_may(online: Rig) -> None:
    online.sent(AckMode.NETWORK, expiration=5)
    online.sent(AckMode.NETWORK, ack_timeout=10)
    online.sent(AckMode.NETWORK)
    assert online.ports.delivery.timeouts == [5, 10, CONFIRMATION]


def test_a_near_time_out_gets_a_timer_and_a_far_one_waits_for_the_sweep(online: Rig) -> None:
    near = online.sent(ack_timeout=14 * 60)
    assert online.ports.deadlines.running[near.attempt_timer][0] == near.due
    creating.cancel(online.ports, TENANT, near.id)
    online.sent(ack_timeout=16 * 60)
    assert not online.ports.deadlines.running


def test_a_command_canceled_while_it_is_sent_stays_canceled(online: Rig) -> None:
    command = online.create()
    online.ports.delivery.meanwhile = lambda: creating.cancel(online.ports, TENANT, command.id)
    online.deliver()
    assert online.read(command).status is S.CANCELED
    assert not online.mailbox.flights


def test_a_command_deleted_while_it_is_sent_leaves_nothing_behind(online: Rig) -> None:
    command = online.create()
    online.ports.delivery.meanwhile = lambda: creating.delete(online.ports, TENANT, command.id)
    online.deliver()
    assert online.ports.commands.get(TENANT, command.id) is None
    assert online.mailbox.queue == ()
    assert not online.mailbox.flights


def test_an_answer_may_overtake_the_acknowledgement(online: Rig) -> None:
    command = online.create()
    online.ports.delivery.meanwhile = lambda: online.answer(command)
    online.deliver()
    assert (online.read(command).status, online.read(command).delivery) == (S.PROCESSED, D.REPLIED)


def test_a_claim_whose_holder_died_is_taken_over_after_its_lease(online: Rig) -> None:
    command = online.create()
    mailbox = online.mailbox
    assert online.ports.mailboxes.replace(mailbox, mailbox.claim(command.id, online.ports.clock.now()))
    online.deliver()
    assert online.ports.delivery.commands == []
    online.ports.clock.advance(ms=LEASE)
    online.deliver()
    assert online.read(command).status is S.PROCESSING
    assert online.read(command).generation == 2


def test_the_next_in_line_is_looked_at_within_a_patrol(rig: Rig) -> None:
    rig.create()
    second = rig.create()
    assert rig.read(second).check_at == second.expires
    rig.connect()
    assert rig.read(second).check_at == rig.ports.clock.now() + PATROL


def test_a_device_that_is_gone_is_delivered_nothing(rig: Rig) -> None:
    delivering.deliver(rig.ports, TENANT, "nobody", 0)
    assert rig.ports.delivery.commands == []


@dataclass
class CountedMailboxes(MemoryMailboxes):
    reads: int = field(default=0)

    def get(self, tenant: str, device: str) -> Mailbox | None:
        self.reads += 1
        return super().get(tenant, device)


def counted(rig: Rig) -> CountedMailboxes:
    mailboxes = CountedMailboxes(rig.ports.mailboxes.rows)
    rig.ports.mailboxes = rig.ports.devices.mailboxes = mailboxes
    return mailboxes


def test_a_wake_up_with_nothing_to_do_costs_one_read(online: Rig) -> None:
    mailboxes = counted(online)
    online.deliver()
    assert mailboxes.reads == 1


def test_a_delivery_reads_the_mailbox_once_however_much_it_sends(online: Rig) -> None:
    for _ in range(3):
        online.create(AckMode.NETWORK)
    mailboxes = counted(online)
    online.deliver()
    assert len(online.ports.delivery.commands) == 3
    assert mailboxes.reads == 1
