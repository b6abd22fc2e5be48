from dataclasses import replace

import pytest

from chalicelib.fleet.commands import creating
from chalicelib.fleet.commands.records import AckMode, Command, Policy, Status
from chalicelib.fleet.errors import CommandLimitReached, CommandNotFound, DeviceNotFound, IllegalTransition
from tests.fleet.rig import CLIENT, DEVICE, TENANT, Rig

MINUTES = 60


def state(rig: Rig, kind: str) -> Command:
    """A command that has come so far."""
    rig.connect()
    if kind == "PENDING":
        rig.disconnect()
        return rig.create()
    command = rig.sent(attempts=2) if kind == "RETRYING" else rig.sent()
    if kind == "RETRYING":
        rig.disconnect()
    if kind in ("RETRYING", "ERROR"):
        rig.pass_time(120)
        rig.deadline(command)
    if kind == "PROCESSED":
        rig.answer(command)
    if kind == "CANCELED":
        creating.cancel(rig.ports, TENANT, command.id)
    if kind == "EXPIRED":
        rig.answer(command)
        rig.disconnect()
        command = rig.create(expiration=5)
        rig.pass_time(5)
        rig.deadline(command)
    assert rig.read(command).status == kind
    return command


def test_a_new_command_is_pending_and_its_caller_does_not_wait_for_its_delivery(online: Rig) -> None:
    command = online.create()
    assert command.status is Status.PENDING
    assert online.ports.delivery.commands == []
    assert list(online.ports.background.deliveries) == [(TENANT, DEVICE)]


def test_nothing_is_set_off_for_a_device_that_is_away(rig: Rig) -> None:
    rig.create()
    assert not rig.ports.background.deliveries


def test_an_unknown_device_takes_no_commands(rig: Rig) -> None:
    with pytest.raises(DeviceNotFound):
        creating.create(rig.ports, TENANT, "nobody", creating.Order("mqtt", {}, Policy()))


def test_the_eleventh_command_is_refused_and_leaves_nothing_behind(rig: Rig) -> None:
    for _ in range(10):
        rig.create()
    with pytest.raises(CommandLimitReached):
        rig.create()
    assert len(rig.mailbox.queue) == len(rig.ports.commands.rows) == 10


def test_an_end_makes_room_for_another(rig: Rig) -> None:
    commands = [rig.create() for _ in range(10)]
    creating.cancel(rig.ports, TENANT, commands[3].id)
    assert rig.create().status is Status.PENDING


def test_what_a_crash_left_in_the_queue_takes_nobodys_place(rig: Rig) -> None:
    commands = [rig.create(expiration=60) for _ in range(10)]
    ended = replace(commands[0], status=Status.CANCELED, check_at=None)
    assert rig.ports.commands.replace(commands[0], ended)
    assert rig.create().id in rig.mailbox.queue


def test_an_expired_command_takes_nobodys_place(rig: Rig) -> None:
    for _ in range(10):
        rig.create(expiration=60)
    rig.pass_time(60)
    assert rig.create().id in rig.mailbox.queue


def test_an_expiry_that_is_near_gets_a_timer_where_the_device_is_away(rig: Rig) -> None:
    command = rig.create(expiration=14 * MINUTES)
    assert [(due, s["command"]) for due, s in rig.ports.deadlines.running.values()] == [(command.expires, command.id)]


def test_an_expiry_that_is_far_gets_none_before_it_is_near(rig: Rig) -> None:
    rig.create(expiration=16 * MINUTES)
    assert not rig.ports.deadlines.running


def test_a_timer_that_cannot_be_started_does_no_harm(rig: Rig) -> None:
    rig.ports.deadlines.failing = True
    assert rig.create(expiration=60).check_at is not None


@pytest.mark.parametrize("kind", ["PENDING", "PROCESSING", "RETRYING"])
def test_a_command_that_is_not_final_can_be_canceled(rig: Rig, kind: str) -> None:
    reached = rig.read(state(rig, kind))
    ended = creating.cancel(rig.ports, TENANT, reached.id)
    assert (ended.status, ended.delivery) == (Status.CANCELED, reached.delivery)
    assert ended.history[-1].delivery is reached.delivery
    assert rig.mailbox.queue == ()
    assert not rig.mailbox.flights


@pytest.mark.parametrize("kind", ["PROCESSED", "ERROR", "CANCELED", "EXPIRED"])
def test_a_final_command_cannot_be_canceled(rig: Rig, kind: str) -> None:
    command = state(rig, kind)
    rig.pass_time(1)
    with pytest.raises(IllegalTransition):
        creating.cancel(rig.ports, TENANT, command.id)
    assert rig.read(command).status == kind


def test_what_the_clock_has_ended_cannot_be_canceled(rig: Rig) -> None:
    command = rig.create(expiration=5)
    rig.pass_time(5)
    with pytest.raises(IllegalTransition):
        creating.cancel(rig.ports, TENANT, command.id)


def test_canceling_the_one_in_flight_lets_the_next_one_go(online: Rig) -> None:
    first, second = online.sent(), online.create()
    creating.cancel(online.ports, TENANT, first.id)
    online.ports.run_background()
    assert online.read(second).status is Status.PROCESSING


@pytest.mark.parametrize("kind", ["PENDING", "PROCESSING", "RETRYING", "PROCESSED", "ERROR", "CANCELED", "EXPIRED"])
def test_a_command_can_be_deleted_in_every_state(rig: Rig, kind: str) -> None:
    command = state(rig, kind)
    creating.delete(rig.ports, TENANT, command.id)
    assert rig.ports.commands.get(TENANT, command.id) is None
    assert rig.mailbox.queue == ()
    assert not rig.mailbox.flights


def test_what_was_deleted_is_not_found_a_second_time(rig: Rig) -> None:
    command = rig.create()
    creating.delete(rig.ports, TENANT, command.id)
    for again in (creating.delete, creating.cancel, creating.get):
        with pytest.raises(CommandNotFound):
            again(rig.ports, TENANT, command.id)


def test_another_tenant_finds_nothing(rig: Rig) -> None:
    command = rig.create()
    with pytest.raises(CommandNotFound):
        creating.get(rig.ports, "other", command.id)


def test_a_reader_is_told_what_the_clock_says(rig: Rig) -> None:
    command = rig.create(expiration=5)
    rig.pass_time(5)
    assert creating.get(rig.ports, TENANT, command.id).status is Status.EXPIRED
    assert rig.read(command).status is Status.PENDING


def test_a_list_is_in_order_of_creation_and_within_its_bounds(rig: Rig) -> None:
    commands = [rig.create() for _ in range(3)]
    start, end = commands[1].created, commands[2].created
    everything = creating.listing(rig.ports, TENANT, DEVICE, start=None, end=None)
    assert [c.id for c in everything] == [c.id for c in reversed(commands)]
    one = creating.listing(rig.ports, TENANT, DEVICE, start=start, end=end, descending=False)
    assert [c.id for c in one] == [commands[1].id]


def test_a_list_of_an_unknown_device_is_an_error(rig: Rig) -> None:
    with pytest.raises(DeviceNotFound):
        creating.listing(rig.ports, TENANT, "nobody", start=None, end=None)


def test_a_command_without_acknowledgement_is_processed_when_it_is_sent(online: Rig) -> None:
    assert online.sent(AckMode.NONE).status is Status.PROCESSED
    assert online.ports.delivery.commands[0][0].client == CLIENT
