from dataclasses import replace

import pytest

from chalicelib.fleet.commands.records import Status
from chalicelib.fleet.errors import TemporarilyUnavailable
from chalicelib.fleet.presence import connecting
from chalicelib.fleet.presence.claims import Claim
from chalicelib.fleet.presence.records import MINUTE, Presence, Route
from tests.fakes import START
from tests.fleet.rig import COMMANDS, DEVICE, TENANT, Rig


def test_subscribing_wakes_what_waits(rig: Rig) -> None:
    rig.create()
    connecting.subscribed(rig.ports, rig.claim, "s1", COMMANDS, START)
    assert list(rig.ports.background.deliveries) == [(TENANT, DEVICE)]


def test_subscribing_wakes_nobody_where_nothing_waits(rig: Rig) -> None:
    connecting.subscribed(rig.ports, rig.claim, "s1", COMMANDS, START)
    assert not rig.ports.background.deliveries


def test_connecting_wakes_only_where_the_session_may_have_been_resumed(online: Rig) -> None:
    online.disconnect()
    online.create()
    connecting.connected(online.ports, online.claim, "s2", online.ports.clock.now())
    assert list(online.ports.background.deliveries) == [(TENANT, DEVICE)]


def test_a_subscription_reported_after_its_session_ended_still_tells_of_the_resumed_one(rig: Rig) -> None:
    rig.create()
    connecting.connected(rig.ports, rig.claim, "s2", START + 10)
    connecting.subscribed(rig.ports, rig.claim, "s1", COMMANDS, START)
    rig.ports.delivery.subscriptions[rig.claim.client] = COMMANDS
    rig.ports.run_background()
    assert len(rig.ports.delivery.commands) == 1


def test_unsubscribing_takes_the_capability_away(online: Rig) -> None:
    connecting.unsubscribed(online.ports, online.claim, "s1", COMMANDS)
    online.sent()
    assert online.ports.delivery.commands == []


def test_a_contact_is_written_once_a_minute(rig: Rig) -> None:
    before = rig.mailbox.revision
    for seconds in (0, 1, 30):
        connecting.contact(rig.ports, rig.claim, START + seconds * 1000)
    assert rig.mailbox.revision == before + 1


def test_a_contact_with_an_old_mailbox_loses_nothing_that_came_since(rig: Rig) -> None:
    remembered = connecting.contact(rig.ports, rig.claim, START)
    connecting.connected(rig.ports, rig.claim, "s1", START + 1)
    connecting.contact(rig.ports, rig.claim, START + 16 * MINUTE, remembered)
    assert rig.mailbox.online
    assert shown(rig).last_contact == START + 16 * MINUTE


def test_a_client_that_is_not_a_device_has_no_presence(rig: Rig) -> None:
    application: Claim = replace(rig.claim, device=None)
    before = rig.mailbox
    connecting.connected(rig.ports, application, "s1", START)
    assert rig.mailbox == before


def test_events_of_a_deleted_device_do_nothing(rig: Rig) -> None:
    device = rig.ports.devices.get(TENANT, DEVICE)
    assert device is not None
    rig.ports.devices.delete(device)
    connecting.subscribed(rig.ports, rig.claim, "s1", COMMANDS, START)
    assert rig.ports.mailboxes.get(TENANT, DEVICE) is None


def test_a_device_that_cannot_be_woken_now_has_its_event_tried_again(rig: Rig) -> None:
    command = rig.create()
    rig.ports.background.failing = True
    with pytest.raises(TemporarilyUnavailable):
        rig.connect()
    rig.ports.background.failing = False
    rig.connect()
    assert rig.read(command).status is Status.PROCESSING


def test_the_last_contact_is_the_moment_itself(rig: Rig) -> None:
    at = START + 12_345
    connecting.contact(rig.ports, rig.claim, at)
    assert shown(rig).last_contact == at


def test_an_end_that_was_heard_is_a_contact(rig: Rig) -> None:
    connecting.connected(rig.ports, rig.claim, "s1", START)
    connecting.disconnected(rig.ports, rig.claim, "s1", START + 777)
    assert shown(rig).last_contact == START + 777


def test_an_end_that_was_found_later_is_none(rig: Rig) -> None:
    connecting.connected(rig.ports, rig.claim, "s1", START)
    rig.ports.clock.advance(seconds=100)
    route = Route(rig.claim.dialect, rig.claim.client, rig.claim.connector, rig.claim.client, "s1")
    assert connecting.consult(rig.ports, TENANT, DEVICE, route) is None
    assert shown(rig).last_contact == START


def shown(rig: Rig) -> Presence:
    (presence,) = rig.mailbox.presence.values()
    return presence
