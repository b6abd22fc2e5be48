"""What is told of what devices say, and what is left as it was where reports meet others."""

from dataclasses import replace

import pytest

from chalicelib.fleet.commands import finishing, renewing, reporting
from chalicelib.fleet.commands.records import Failure, Status, Terms
from chalicelib.fleet.errors import IllegalTransition, TooLarge
from chalicelib.fleet.events import events
from tests.fleet.commands.test_taking import PUSHED, order, said
from tests.fleet.rig import DEVICE, TENANT, Rig

S = Status
HOUR = 3_600


def test_what_ended_by_us_is_not_what_the_device_says_now(online: Rig) -> None:
    command = online.sent(ack_timeout=30)
    online.pass_time(30)
    online.deadline(command)
    assert online.read(command).error == Failure.ACK_TIMEOUT
    with pytest.raises(IllegalTransition):
        reporting.fail(online.ports, TENANT, command.id, said(PUSHED, reason="too late"))


def test_what_has_expired_and_waits_is_not_begun(rig: Rig) -> None:
    command = rig.create(None, connector=None, expiration=HOUR)
    rig.pass_time(HOUR)
    before = rig.mailbox
    with pytest.raises(IllegalTransition):
        reporting.progress(rig.ports, TENANT, command.id, said())
    assert rig.mailbox == before


def test_that_a_device_has_begun_is_an_event_of_its_own_and_the_same_whenever_it_is_told(online: Rig) -> None:
    sent = online.sent()
    begun = reporting.progress(online.ports, TENANT, sent.id, said(PUSHED))
    online.pass_time(60)
    later = reporting.progress(online.ports, TENANT, sent.id, said(PUSHED, response={"step": 2}))
    told = [events.of_command(each) for each in (sent, begun, later)]
    assert told[0].id != told[1].id == told[2].id
    assert (told[1].at, told[1].status) == (begun.begun, S.PROCESSING)
    ended = reporting.succeed(online.ports, TENANT, sent.id, said(PUSHED))
    assert events.of_command(ended).at == ended.since


def test_an_attempt_that_is_under_way_does_not_expire(online: Rig) -> None:
    command = online.sent(expiration=60, ack_timeout=600)
    online.pass_time(60)
    assert not finishing.expire(online.ports, command)
    assert online.read(command).status is S.PROCESSING


def test_only_the_claim_that_stands_is_put_back(rig: Rig) -> None:
    rig.granting(window=5, ack_timeout=None, renews=True)
    rig.connect()
    command = order(rig)
    rig.ports.run_background()
    flight = rig.mailbox.flights[command.id]
    newer = replace(flight, generation=flight.generation + 1)
    rig.ports.mailboxes.replace(rig.mailbox, replace(rig.mailbox, flights={command.id: newer}))
    renewing.again(rig.ports, TENANT, DEVICE)
    assert rig.read(command).status is S.PROCESSING


def test_a_session_of_a_dialect_that_does_not_renew_puts_nothing_back(rig: Rig) -> None:
    rig.granting(window=5, ack_timeout=None, renews=True)
    rig.connect()
    rig.create(None, connector=None, expiration=None)
    rig.ports.run_background()
    rig.ports.terms.known["dialect"] = Terms(window=5, ack_timeout=None)
    rig.connect("s2")
    assert len(rig.ports.delivery.commands) == 1


def test_what_is_said_of_a_command_piece_by_piece_does_not_outgrow_it(online: Rig) -> None:
    command = online.sent()
    pieces = [{f"piece {n}": "\u20ac" * 25_000} for n in range(5)]
    for piece in pieces[:4]:
        reporting.progress(online.ports, TENANT, command.id, said(PUSHED, response=piece))
    before = online.read(command)
    for report in (reporting.progress, reporting.remark, reporting.succeed, reporting.fail):
        with pytest.raises(TooLarge):
            report(online.ports, TENANT, command.id, said(PUSHED, response=pieces[4]))
    with pytest.raises(TooLarge):
        reporting.fail(online.ports, TENANT, command.id, said(PUSHED, reason="x" * 70_000))
    assert online.read(command) == before
    # The same again is nothing more, and its end can be told.
    reporting.progress(online.ports, TENANT, command.id, said(PUSHED, response=pieces[3]))
    assert reporting.succeed(online.ports, TENANT, command.id, said(PUSHED)).status is S.PROCESSED
