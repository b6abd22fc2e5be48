"""The routes of a device: each has its line, its window and its queue, as its dialect grants them whoever asks."""

from dataclasses import replace

import pytest

from chalicelib.fleet import sweeping
from chalicelib.fleet.commands import creating
from chalicelib.fleet.commands.records import LOOK, PATROL, AckMode, DeliveryStatus, Status, Terms
from chalicelib.fleet.errors import CommandLimitReached
from chalicelib.fleet.ports import Outcome
from chalicelib.fleet.presence import connecting, relaying
from chalicelib.fleet.presence.mailbox import LEASE
from chalicelib.fleet.presence.records import Presence
from tests.fleet.rig import CLIENT, COMMANDS, TENANT, Rig

S, D = Status, DeliveryStatus
DAYS = 86_400


def died() -> None:
    raise ConnectionError


def routes(rig: Rig, **dialects: str) -> None:
    """The device is there by each of these connectors, as a client of the same name."""
    for connector, dialect in dialects.items():
        claim = replace(rig.claim, client=connector, dialect=dialect, connector=connector)
        connecting.subscribed(rig.ports, claim, f"s-{connector}", COMMANDS, rig.ports.clock.now())
        rig.ports.delivery.subscriptions[connector] = COMMANDS
    rig.ports.run_background()


def sent_by(rig: Rig) -> list[tuple[str, str]]:
    return [(route.connector, command.id) for route, command in rig.ports.delivery.commands]


def test_a_line_that_cannot_move_holds_up_nothing_of_another(rig: Rig) -> None:
    away = [rig.create(connector="radio") for _ in range(2)]
    rig.connect()
    there = [rig.create(AckMode.NETWORK) for _ in range(3)]
    rig.ports.run_background()
    assert sent_by(rig) == [("mqtt", c.id) for c in there]
    assert [rig.read(c).status for c in away] == [S.PENDING, S.PENDING]
    routes(rig, radio="dialect")
    assert sent_by(rig)[3:] == [("radio", away[0].id)]


def test_an_answer_that_one_line_waits_for_is_nothing_to_another(rig: Rig) -> None:
    routes(rig, mqtt="dialect", radio="dialect")
    for _ in range(2):
        rig.sent(connector="mqtt")
        rig.sent(connector="radio")
    assert [connector for connector, _ in sent_by(rig)] == ["mqtt", "radio"]


def test_each_route_has_the_window_that_its_dialect_grants(rig: Rig) -> None:
    rig.ports.terms.known["wide"] = Terms(window=3)
    routes(rig, mqtt="dialect", radio="wide")
    for _ in range(4):
        rig.sent(connector="mqtt")
        rig.sent(connector="radio")
    assert [connector for connector, _ in sent_by(rig)] == ["mqtt", "radio", "radio", "radio"]


def test_each_route_has_the_queue_that_its_dialect_grants(rig: Rig) -> None:
    rig.ports.terms.known["wide"] = Terms(queue=12)
    routes(rig, radio="wide")
    rig.ports.delivery.outcomes.extend([Outcome.ABSENT] * 20)
    for _ in range(12):
        rig.create(connector="radio")
    for _ in range(10):
        rig.create(connector="mqtt")
    for full in ("radio", "mqtt"):
        with pytest.raises(CommandLimitReached):
            rig.create(connector=full)


def test_of_a_device_that_was_never_there_its_interface_says_how_many_may_wait(rig: Rig) -> None:
    rig.granting(queue=11)
    for _ in range(11):
        rig.create()
    with pytest.raises(CommandLimitReached):
        rig.create()


def test_what_names_no_connector_goes_by_whichever_route_is_open(rig: Rig) -> None:
    routes(rig, mqtt="dialect", radio="dialect")
    commands = [rig.sent(connector=None) for _ in range(3)]
    assert sent_by(rig) == [("radio", commands[0].id), ("mqtt", commands[1].id)]
    rig.answer(commands[1])
    rig.ports.run_background()
    assert sent_by(rig)[2:] == [("mqtt", commands[2].id)]


def test_what_names_no_connector_takes_the_room_of_those_that_do(rig: Rig) -> None:
    routes(rig, mqtt="dialect")
    rig.sent(connector=None)
    rig.sent(connector="mqtt")
    assert len(sent_by(rig)) == 1


def test_the_acknowledgement_is_the_routes_where_the_order_names_none(online: Rig) -> None:
    online.granting(ack_timeout=900)
    command = online.sent(None)
    assert (command.policy.mode, command.due) == (AckMode.APPLICATIVE, command.updated + 900_000)
    online.answer(command)
    online.granting(ack_mode=AckMode.NETWORK)
    assert online.sent(None).status is S.PROCESSED


def test_a_gateway_passes_on_a_network_acknowledgement_as_an_answer(online: Rig) -> None:
    key = f"mqtt:{CLIENT}"
    behind = replace(online.mailbox.presence[key], relayed=True, client="gateway")
    online.ports.mailboxes.replace(online.mailbox, online.mailbox.with_presence(key, behind))
    gateway = replace(online.claim, client="gateway", device=None)
    relaying.subscribed(online.ports, gateway, "g", COMMANDS, online.ports.clock.now())
    command = online.sent(AckMode.NETWORK, ack_timeout=None)
    assert (command.status, command.policy.relayed, command.due) == (S.PROCESSING, True, command.created + 120_000)


def test_a_patient_command_waits_for_its_answer_for_as_long_as_it_takes(online: Rig) -> None:
    online.granting(ack_timeout=None)
    command = online.sent(None, expiration=None)
    assert (command.status, command.delivery) == (S.PROCESSING, D.DELIVERED)
    assert (command.due, command.check_at, command.timer, command.deadline) == (None, None, None, None)
    online.pass_time(400 * DAYS)
    sweeping.sweep(online.ports)
    assert online.read(command).status is S.PROCESSING
    online.answer(command)
    assert online.read(command).status is S.PROCESSED


def test_a_patient_command_whose_sender_died_is_sent_again_however_often(online: Rig) -> None:
    online.granting(ack_timeout=None)
    for attempt in range(1, 4):
        online.ports.delivery.meanwhile = died
        if attempt == 1:
            command = online.create(None, expiration=None)
        with pytest.raises(ConnectionError):
            online.deliver()
        online.pass_time(80)
        online.deadline(command)
        assert online.read(command).status is S.RETRYING
    online.deliver()
    assert (online.read(command).status, online.read(command).attempts_used) == (S.PROCESSING, 1)


def test_a_patient_command_that_is_out_expires_when_its_time_is_over(online: Rig) -> None:
    online.granting(ack_timeout=None)
    command = online.sent(None, expiration=3_600)
    online.pass_time(3_590)
    online.deadline(command)
    assert online.read(command).status is S.PROCESSING
    online.pass_time(10)
    assert creating.get(online.ports, TENANT, command.id).status is S.EXPIRED
    sweeping.sweep(online.ports)
    assert online.read(command).status is S.EXPIRED
    assert (online.mailbox.queue, online.mailbox.flights) == ((), {})


def test_without_expiry_a_command_waits_a_year_and_then_goes(rig: Rig) -> None:
    command = rig.create(expiration=None)
    for _ in range(366):
        rig.pass_time(DAYS)
        sweeping.sweep(rig.ports)
    assert creating.get(rig.ports, TENANT, command.id).status is S.PENDING
    rig.connect()
    assert rig.read(command).status is S.PROCESSING


def test_without_expiry_what_a_crash_kept_out_of_the_queue_is_put_there(rig: Rig) -> None:
    command = rig.create(connector="radio", expiration=None)
    rig.ports.mailboxes.replace(rig.mailbox, rig.mailbox.remove(command.id))
    rig.pass_time(DAYS)
    sweeping.sweep(rig.ports)
    assert rig.mailbox.heads() == [("radio", command.id)]
    assert rig.read(command).check_at == rig.ports.clock.now() + LOOK


def test_a_queue_that_is_full_takes_back_nothing_that_a_crash_kept_out_of_it(rig: Rig) -> None:
    command = rig.create(expiration=None)
    rig.ports.mailboxes.replace(rig.mailbox, rig.mailbox.remove(command.id))
    for _ in range(10):
        rig.create(expiration=None)
    rig.pass_time(DAYS)
    sweeping.sweep(rig.ports)
    assert (command.id in rig.mailbox.queue, len(rig.mailbox.queue)) == (False, 10)


def test_what_names_no_connector_takes_no_more_room_than_a_route_has(rig: Rig) -> None:
    routes(rig, mqtt="dialect")
    rig.disconnect("s-mqtt")
    rig.ports.delivery.outcomes.extend([Outcome.ABSENT] * 20)
    for number in range(10):
        rig.create(connector="mqtt" if number % 2 else None)
    for connector in ("mqtt", None):
        with pytest.raises(CommandLimitReached):
            rig.create(connector=connector)


def test_what_names_no_connector_has_room_where_any_of_its_routes_has(rig: Rig) -> None:
    routes(rig, mqtt="dialect", radio="dialect")
    rig.ports.delivery.outcomes.extend([Outcome.ABSENT] * 40)
    for _ in range(10):
        rig.create(connector="mqtt")
    for _ in range(10):
        rig.create(connector=None)
    for connector in ("mqtt", "radio", None):
        with pytest.raises(CommandLimitReached):
            rig.create(connector=connector)


def test_of_a_device_that_is_reached_in_no_way_ten_may_wait(rig: Rig) -> None:
    for _ in range(10):
        rig.create(connector="nobody's")
    with pytest.raises(CommandLimitReached):
        rig.create(connector="nobody's")


def test_a_new_command_sets_nothing_off_while_its_route_is_full(online: Rig) -> None:
    online.sent()
    online.create()
    assert not online.ports.background.deliveries
    online.pass_time(LEASE / 1000)
    online.create()
    assert online.ports.background.deliveries


def test_who_waits_for_room_beside_a_gateway_that_is_away_is_looked_after(rig: Rig) -> None:
    rig.create(expiration=7 * DAYS)
    waiting = rig.create(connector=None, expiration=7 * DAYS)
    assert waiting.check_at == waiting.expires
    node = Presence("dialect", "gateway", "g@1", since=1, capabilities=COMMANDS, relayed=True)
    rig.ports.mailboxes.replace(rig.mailbox, rig.mailbox.with_presence("radio:n", node))
    rig.connect()
    assert rig.read(waiting).check_at == rig.ports.clock.now() + PATROL
    assert [note.device for note in rig.ports.gateways.waiting(TENANT, "gateway")] == [rig.mailbox.device]
