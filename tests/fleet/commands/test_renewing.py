"""A dialect whose devices get again, in each new session, what they have not begun."""

import pytest

from chalicelib.fleet.commands import renewing, reporting
from chalicelib.fleet.commands.records import Command, DeliveryStatus, Status, Terms
from chalicelib.fleet.commands.transitions import as_of
from chalicelib.fleet.presence import connecting
from chalicelib.fleet.presence.mailbox import LEASE
from tests.fleet.commands.test_taking import PUSHED, order, said, take
from tests.fleet.rig import CLIENT, COMMANDS, DEVICE, TENANT, Rig

D = DeliveryStatus


@pytest.fixture(autouse=True)
def renews(rig: Rig) -> None:
    rig.granting(window=5, ack_timeout=None, renews=True)
    rig.ports.terms.known |= {"polled": Terms(ack_timeout=None)}


def sent(rig: Rig) -> list[str]:
    return [command.id for _, command in rig.ports.delivery.commands]


def test_a_new_session_gets_what_was_not_begun_in_order(rig: Rig) -> None:
    rig.connect()
    commands = [order(rig) for _ in range(3)]
    rig.ports.run_background()
    reporting.progress(rig.ports, TENANT, commands[1].id, said(PUSHED))
    rig.connect("s2")
    assert sent(rig)[3:] == [commands[0].id, commands[2].id]
    assert {rig.read(c).attempts_used for c in commands} == {1}


def test_a_session_that_was_resumed_gets_it_too(rig: Rig) -> None:
    rig.connect()
    command = order(rig)
    rig.ports.run_background()
    rig.disconnect()
    rig.ports.delivery.subscriptions[CLIENT] = COMMANDS
    connecting.connected(rig.ports, rig.claim, "s2", rig.ports.clock.now())
    rig.ports.run_background()
    assert sent(rig) == [command.id, command.id]


@pytest.mark.parametrize("asked", [False, True])
def test_what_has_expired_meanwhile_is_not_sent_again(rig: Rig, *, asked: bool) -> None:
    rig.connect()
    old, young = rig.create(None, connector=None, expiration=60), order(rig)
    rig.ports.run_background()
    rig.ports.clock.advance(seconds=61)
    told = as_of(rig.read(old), rig.ports.clock.now())
    assert told.status is Status.EXPIRED
    if asked:
        renewing.again(rig.ports, TENANT, DEVICE)
        rig.ports.run_background()
    else:
        rig.connect("s2")
    # Whoever has read it was told that it is over: nothing comes after that, not even for a moment.
    found = as_of(rig.read(old), rig.ports.clock.now())
    assert found.status is Status.EXPIRED
    assert Status.PENDING not in [entry.status for entry in found.history][1:]
    assert sent(rig)[2:] == [young.id]


def test_the_same_session_gets_nothing_twice(rig: Rig) -> None:
    rig.connect()
    order(rig)
    for _ in range(3):
        rig.ports.run_background()
        rig.deliver()
    assert len(sent(rig)) == 1


def test_it_may_ask_for_it_within_one_session(rig: Rig) -> None:
    rig.connect()
    commands = [order(rig) for _ in range(2)]
    rig.ports.run_background()
    reporting.progress(rig.ports, TENANT, commands[0].id, said(PUSHED))
    renewing.again(rig.ports, TENANT, DEVICE)
    rig.ports.run_background()
    assert sent(rig)[2:] == [commands[1].id]


def test_what_is_being_sent_just_now_is_left_to_its_sender(rig: Rig) -> None:
    rig.connect()
    command = order(rig)
    at_once: list[list[str]] = []

    def meanwhile() -> None:
        renewing.again(rig.ports, TENANT, DEVICE)
        rig.ports.run_background()
        at_once.append(sent(rig))

    rig.ports.delivery.meanwhile = meanwhile
    rig.ports.run_background()
    assert (at_once, sent(rig)) == ([[command.id]], [command.id] * 2)
    assert (rig.read(command).delivery, rig.read(command).attempts_used) == (D.DELIVERED, 1)


def test_who_polls_is_given_what_a_session_that_is_over_left(rig: Rig) -> None:
    rig.ports.terms.known["polled"] = Terms(window=5, ack_timeout=None, renews=True)
    rig.connect()
    command = order(rig)
    rig.ports.run_background()
    assert take(rig) == []
    rig.disconnect()
    assert take(rig) == take(rig) == [command.id]
    rig.connect("s2")
    assert sent(rig) == [command.id, command.id]


def test_an_ended_session_costs_a_reader_of_the_mailbox_nothing(rig: Rig) -> None:
    rig.connect()
    command = order(rig)
    rig.ports.run_background()
    reporting.progress(rig.ports, TENANT, command.id, said(PUSHED))
    rig.connect("s2")
    assert rig.mailbox.flights[command.id].session == ""


def test_a_claim_that_was_lost_is_given_back_to_who_is_at_it(rig: Rig) -> None:
    rig.connect()
    command = order(rig)
    rig.ports.run_background()
    flight = rig.mailbox.flights[command.id]
    rig.ports.mailboxes.replace(rig.mailbox, rig.mailbox.land(command.id, flight.generation))
    rig.pass_time(LEASE / 1000)
    rig.deliver()
    assert sent(rig) == [command.id]
    assert rig.mailbox.flights[command.id].generation == flight.generation


def test_what_is_begun_while_it_is_to_be_put_back_stays_begun(rig: Rig) -> None:
    rig.connect()
    made = order(rig)
    rig.ports.run_background()
    found = rig.ports.commands.get

    def meanwhile(tenant: str, command: str) -> Command | None:
        stale = found(tenant, command)
        rig.ports.commands.get = found  # type: ignore[method-assign]
        reporting.progress(rig.ports, TENANT, made.id, said(PUSHED))
        return stale

    rig.ports.commands.get = meanwhile  # type: ignore[method-assign]
    renewing.again(rig.ports, TENANT, DEVICE)
    rig.ports.run_background()
    assert (sent(rig), rig.read(made).begun is not None) == ([made.id], True)
