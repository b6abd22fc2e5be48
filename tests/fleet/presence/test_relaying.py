"""Devices behind gateways: there while their gateway says so, reachable while it is connected."""

from dataclasses import replace

import pytest

from chalicelib.fleet import delivering
from chalicelib.fleet.commands import creating
from chalicelib.fleet.commands.creating import Order
from chalicelib.fleet.commands.finishing import Answer, answer
from chalicelib.fleet.commands.records import AckMode, Command, DeliveryStatus, Policy, Status
from chalicelib.fleet.configuration import synchronizing
from chalicelib.fleet.configuration.records import ParameterType, SyncStatus, Value
from chalicelib.fleet.errors import Forbidden, TemporarilyUnavailable
from chalicelib.fleet.ids import correlation
from chalicelib.fleet.inventory import devices
from chalicelib.fleet.inventory.records import Device
from chalicelib.fleet.ports import Outcome
from chalicelib.fleet.presence import nodes, relaying
from chalicelib.fleet.presence.claims import Claim
from chalicelib.fleet.presence.mailbox import Mailbox
from chalicelib.fleet.presence.nodes import NodeStatus
from chalicelib.fleet.presence.records import Capability, Presence
from tests.fakes import START, MemoryPorts

TENANT, CONNECTOR, NODE, DEVICE = "t00001", "x", "n1", "urn:lo:nsid:x:n1"
ALL = frozenset({Capability.COMMAND, Capability.CONFIGURATION, Capability.RESOURCE})
KEY = f"{CONNECTOR}:{NODE}"


def gateway(name: str) -> Claim:
    return Claim(name, TENANT, "live_objects", "connector", "k", START, connector=CONNECTOR)


@pytest.fixture
def ports() -> MemoryPorts:
    return MemoryPorts()


def come(ports: MemoryPorts, name: str = "g1", session: str = "s1") -> None:
    relaying.subscribed(ports, gateway(name), session, ALL, ports.clock.advance(seconds=1))
    ports.run_background()


def go(ports: MemoryPorts, name: str = "g1", session: str = "s1") -> None:
    relaying.disconnected(ports, gateway(name), session, ports.clock.advance(seconds=1))


def say(
    ports: MemoryPorts,
    name: str = "g1",
    node: str = NODE,
    *,
    online: bool = True,
    numbers: dict[str, int] | None = None,
) -> None:
    speaker = nodes.speaker(ports, gateway(name), node, device=f"urn:lo:nsid:x:{node}")
    assert speaker is not None
    at = ports.clock.advance(seconds=1)
    said = numbers or {}
    able = dict.fromkeys(ALL, online)
    nodes.state(ports, speaker, name, NodeStatus(online, at, able, session=said.get("s"), event=said.get("e")))
    ports.run_background()


def order(ports: MemoryPorts, mode: AckMode = AckMode.APPLICATIVE, device: str = DEVICE) -> Command:
    timeout = None if mode is AckMode.NONE else 120
    policy = Policy(ack_mode=mode, ack_timeout=timeout, relayed=True)
    command = creating.create(ports, TENANT, device, Order(CONNECTOR, {"req": "on"}, policy))
    ports.run_background()
    return command


def now(ports: MemoryPorts, command: Command) -> Command:
    return creating.get(ports, TENANT, command.id)


def mailbox(ports: MemoryPorts) -> Mailbox:
    found = ports.mailboxes.get(TENANT, DEVICE)
    assert found is not None
    return found


def shown(ports: MemoryPorts) -> Presence:
    seen = relaying.seen(ports, mailbox(ports))
    assert seen is not None
    return seen.presence[KEY]


class TestNodes:
    def test_an_unknown_node_is_registered(self, ports: MemoryPorts) -> None:
        say(ports)
        assert devices.get(ports, TENANT, DEVICE).interface(CONNECTOR, NODE) is not None

    def test_a_node_of_a_known_device_is_that_device(self, ports: MemoryPorts) -> None:
        say(ports)
        devices.register(ports, Device(TENANT, "urn:lo:nsid:other:1", START, START))
        devices.move_interface(ports, TENANT, DEVICE, (CONNECTOR, NODE), "urn:lo:nsid:other:1")
        speaker = nodes.speaker(ports, gateway("g1"), NODE, device=DEVICE)
        assert speaker is not None
        assert speaker.device == "urn:lo:nsid:other:1"

    def test_some_messages_register_nobody(self, ports: MemoryPorts) -> None:
        assert nodes.speaker(ports, gateway("g1"), NODE, device=None) is None

    def test_a_disabled_node_is_kept_out(self, ports: MemoryPorts) -> None:
        come(ports)
        say(ports)
        devices.update_interface(ports, TENANT, DEVICE, (CONNECTOR, NODE), enabled=False)
        assert not shown(ports).online
        with pytest.raises(Forbidden):
            say(ports)

    def test_presence_goes_with_the_interface_to_another_device(self, ports: MemoryPorts) -> None:
        come(ports)
        say(ports)
        other = "urn:lo:nsid:other:1"
        devices.register(ports, Device(TENANT, other, START, START))
        devices.move_interface(ports, TENANT, DEVICE, (CONNECTOR, NODE), other)
        assert mailbox(ports).presence == {}
        command = order(ports, AckMode.NONE, other)
        assert now(ports, command).status is Status.PROCESSED

    @pytest.mark.parametrize(
        ("first", "second", "taken"),
        [
            ({"s": 1, "e": 5}, {"s": 1, "e": 6}, True),
            ({"s": 1, "e": 5}, {"s": 1, "e": 4}, False),
            ({"s": 1, "e": 5}, {"s": 2, "e": 1}, True),
            ({"s": 2, "e": 1}, {"s": 1, "e": 9}, False),
            ({"s": 2}, {"s": 1}, False),
            ({"e": 2}, {"e": 1}, False),
            ({"e": 2}, {}, True),
            ({}, {"s": 1, "e": 1}, True),
            ({}, {}, True),
        ],
    )
    def test_the_gateways_own_numbers_say_which_status_is_newer(
        self, ports: MemoryPorts, first: dict[str, int], second: dict[str, int], *, taken: bool
    ) -> None:
        say(ports, online=True, numbers=first)
        say(ports, online=False, numbers=second)
        assert mailbox(ports).presence[KEY].online is not taken

    def test_without_numbers_the_brokers_time_says_it(self) -> None:
        later = nodes.after(Presence("d", "g1"), "g1", NodeStatus(online=False, at=START + 1))
        assert nodes.after(later, "g1", NodeStatus(online=True, at=START)) is later

    def test_a_status_says_nothing_of_capabilities_that_it_does_not_mention(self, ports: MemoryPorts) -> None:
        say(ports)
        told: list[tuple[bool, dict[Capability, bool], frozenset[Capability]]] = [
            (True, {}, ALL),
            (False, {}, frozenset()),
            (True, {}, ALL),
            (True, {Capability.COMMAND: False}, ALL - {Capability.COMMAND}),
            (False, {}, frozenset()),
            (True, {Capability.RESOURCE: True}, ALL - {Capability.COMMAND}),
        ]
        for online, able, expected in told:
            at = ports.clock.advance(seconds=1)
            speaker = nodes.speaker(ports, gateway("g1"), NODE, device=None)
            assert speaker is not None
            nodes.state(ports, speaker, "g1", NodeStatus(online, at, able))
            presence = mailbox(ports).presence[KEY]
            assert presence.capabilities == expected
            assert not presence.in_doubt

    def test_the_same_status_twice_is_one(self, ports: MemoryPorts) -> None:
        say(ports, numbers={"s": 1, "e": 1})
        once = mailbox(ports).presence[KEY]
        again = nodes.after(once, "g1", NodeStatus(True, once.order[0], dict.fromkeys(ALL, True), session=1, event=1))
        assert again == once

    def test_a_nodes_highest_numbers_are_remembered(self, ports: MemoryPorts) -> None:
        say(ports, numbers={"s": 3, "e": 7})
        say(ports, numbers={"e": 8})
        say(ports, online=False, numbers={"s": 2, "e": 9})
        assert mailbox(ports).presence[KEY].online


class TestCommands:
    def test_a_command_goes_through_the_gateway_and_names_the_node(self, ports: MemoryPorts) -> None:
        come(ports)
        say(ports)
        order(ports)
        ((route, _),) = ports.delivery.commands
        assert (route.client, route.node, route.connector, route.relayed) == ("g1", NODE, CONNECTOR, True)

    @pytest.mark.parametrize("mode", [AckMode.NETWORK, AckMode.APPLICATIVE])
    def test_an_acknowledgement_is_an_answer(self, ports: MemoryPorts, mode: AckMode) -> None:
        come(ports)
        say(ports)
        command = order(ports, mode)
        assert (now(ports, command).status, now(ports, command).delivery) == (
            Status.PROCESSING,
            DeliveryStatus.DELIVERED,
        )
        answer(ports, TENANT, DEVICE, Answer(correlation(command.id), {"ok": True}, "e1", NODE))
        assert now(ports, command).status is Status.PROCESSED

    def test_a_gateway_that_does_not_answer_times_out(self, ports: MemoryPorts) -> None:
        come(ports)
        say(ports)
        command = order(ports, AckMode.NETWORK)
        ports.clock.advance(seconds=120)
        assert now(ports, command).error == "ACK_TIMEOUT"

    def test_nothing_goes_to_a_node_that_is_offline(self, ports: MemoryPorts) -> None:
        come(ports)
        say(ports, online=False)
        command = order(ports)
        assert now(ports, command).status is Status.PENDING
        say(ports)
        assert now(ports, command).status is Status.PROCESSING

    def test_nothing_goes_while_the_gateway_is_away(self, ports: MemoryPorts) -> None:
        come(ports)
        say(ports)
        go(ports)
        command = order(ports)
        assert (now(ports, command).status, ports.delivery.commands) == (Status.PENDING, [])

    def test_what_waited_goes_when_the_gateway_is_back(self, ports: MemoryPorts) -> None:
        come(ports)
        say(ports)
        go(ports)
        command = order(ports)
        come(ports, session="s2")
        assert now(ports, command).status is Status.PROCESSING
        assert ports.gateways.notes == {(TENANT, "g1"): {}}

    def test_the_end_of_a_gateway_writes_nothing_about_its_nodes(self, ports: MemoryPorts) -> None:
        come(ports)
        say(ports)
        before = mailbox(ports)
        go(ports)
        come(ports, session="s2")
        assert mailbox(ports) == before

    def test_a_gateway_that_came_back_in_between_is_not_missed(self, ports: MemoryPorts) -> None:
        come(ports)
        say(ports)
        go(ports)
        ports.gateways.meanwhile = lambda: relaying.subscribed(ports, gateway("g1"), "s2", ALL, ports.clock.now() + 1)
        command = order(ports)
        assert now(ports, command).status is Status.PROCESSING

    def test_a_gateway_whose_end_was_not_told_yet_is_asked_for(self, ports: MemoryPorts) -> None:
        come(ports)
        say(ports)
        ports.delivery.outcomes.append(Outcome.ABSENT)
        command = order(ports)
        assert now(ports, command).status is Status.PENDING
        assert not shown(ports).online
        come(ports, session="s2")
        assert now(ports, command).status is Status.PROCESSING

    def test_a_gateway_that_is_there_after_all_is_tried_again(self, ports: MemoryPorts) -> None:
        come(ports)
        say(ports)
        ports.delivery.outcomes.append(Outcome.ABSENT)
        ports.delivery.subscriptions["g1"] = ALL
        with pytest.raises(TemporarilyUnavailable):
            order(ports)
        delivering.deliver(ports, TENANT, DEVICE, ports.clock.now())
        assert len(ports.delivery.commands) == 2

    def test_a_gateway_that_resumed_its_session_is_asked_what_it_listens_to(self, ports: MemoryPorts) -> None:
        come(ports)
        say(ports)
        go(ports)
        command = order(ports)
        ports.delivery.subscriptions["g1"] = ALL
        relaying.connected(ports, gateway("g1"), "s2", ports.clock.advance(seconds=1))
        ports.run_background()
        assert now(ports, command).status is Status.PROCESSING

    def test_a_gateway_that_does_not_listen_gets_nothing(self, ports: MemoryPorts) -> None:
        come(ports)
        say(ports)
        relaying.unsubscribed(ports, gateway("g1"), "s1", frozenset({Capability.COMMAND}))
        assert now(ports, order(ports)).status is Status.PENDING

    def test_the_gateway_that_spoke_last_is_the_way(self, ports: MemoryPorts) -> None:
        come(ports, "g1")
        come(ports, "g2")
        say(ports, "g1")
        say(ports, "g2")
        go(ports, "g1")
        order(ports)
        assert [route.client for route, _ in ports.delivery.commands] == ["g2"]

    def test_a_thousand_nodes_live_behind_one_gateway(self, ports: MemoryPorts) -> None:
        come(ports)
        for number in range(1_000):
            say(ports, node=f"n{number}")
        go(ports)
        waiting = [order(ports, AckMode.NONE, f"urn:lo:nsid:x:n{number}") for number in range(1_000)]
        assert ports.delivery.commands == []
        come(ports, session="s2")
        assert {now(ports, command).status for command in waiting} == {Status.PROCESSED}
        assert {route.node for route, _ in ports.delivery.commands} == {f"n{number}" for number in range(1_000)}


class TestConfiguration:
    def ask(self, ports: MemoryPorts) -> None:
        values = {name: Value(ParameterType.INT32, 1, START) for name in ("a", "b")}
        synchronizing.request(ports, TENANT, DEVICE, values, None)
        ports.run_background()

    def statuses(self, ports: MemoryPorts) -> dict[str, SyncStatus]:
        return {k: p.status for k, p in synchronizing.get(ports, TENANT, DEVICE).parameters.items()}

    def test_an_answer_acknowledges_what_it_names(self, ports: MemoryPorts) -> None:
        come(ports)
        say(ports)
        self.ask(ports)
        ((_, update),) = ports.delivery.updates
        answered = {"a": Value(ParameterType.INT32, 1, ports.clock.now())}
        synchronizing.report(ports, TENANT, DEVICE, answered, update.correlation, partial=True)
        assert self.statuses(ports) == {"a": SyncStatus.OK, "b": SyncStatus.SENT}

    def test_what_was_unanswered_is_told_again_when_the_gateway_is_back(self, ports: MemoryPorts) -> None:
        come(ports)
        say(ports)
        self.ask(ports)
        go(ports)
        delivering.deliver(ports, TENANT, DEVICE, ports.clock.now())
        come(ports, session="s2")
        assert len(ports.delivery.updates) == 2


class TestReading:
    def test_a_node_is_shown_as_reachable_as_its_gateway(self, ports: MemoryPorts) -> None:
        say(ports)
        assert not shown(ports).online
        come(ports)
        assert (shown(ports).online, shown(ports).capabilities) == (True, ALL)
        go(ports)
        assert (shown(ports).online, shown(ports).capabilities) == (False, frozenset())

    def test_a_mailbox_without_nodes_is_shown_as_it_is(self, ports: MemoryPorts) -> None:
        plain = Mailbox(TENANT, DEVICE)
        assert relaying.seen(ports, plain) is plain
        assert relaying.seen(ports, None) is None

    def test_a_connection_of_its_own_goes_before_a_gateway_that_is_away(self, ports: MemoryPorts) -> None:
        say(ports)
        own = Presence("live_objects", "c1").subscribed("s", ALL, START)
        box = mailbox(ports).with_presence("mqtt:c1", own)
        found = relaying.route(ports, replace(box, revision=99), Capability.RESOURCE)
        assert found is not None
        assert found.client == "c1"
