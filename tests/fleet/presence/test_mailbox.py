from chalicelib.fleet.presence.mailbox import LEASE, Mailbox
from chalicelib.fleet.presence.records import Capability, Presence

COMMANDS = frozenset({Capability.COMMAND})
EMPTY = Mailbox("t", "d")


def present(client: str, since: int, capabilities: frozenset[str] = COMMANDS) -> Presence:
    return Presence("dialect", client, session=f"s-{client}", since=since, capabilities=capabilities)


def test_commands_wait_in_order_of_creation_and_once() -> None:
    assert EMPTY.enqueue("b").enqueue("a").enqueue("b").queue == ("a", "b")


def test_the_next_waiting_is_the_oldest_that_is_not_in_flight() -> None:
    mailbox = EMPTY.enqueue("a").enqueue("b").claim("a", 0)
    assert mailbox.next_waiting() == "b"


def test_each_claim_raises_the_generation() -> None:
    mailbox = EMPTY.enqueue("a").claim("a", 0).land("a", 1).claim("a", 5)
    assert mailbox.flights["a"].generation == mailbox.generation == 2


def test_an_older_claim_lands_nothing() -> None:
    mailbox = EMPTY.enqueue("a").claim("a", 0).land("a", 1).claim("a", 5)
    assert mailbox.land("a", 1) is mailbox


def test_landing_keeps_the_command_in_the_queue_and_removing_does_not() -> None:
    mailbox = EMPTY.enqueue("a").claim("a", 0)
    assert (mailbox.land("a", 1).queue, mailbox.remove("a").queue) == (("a",), ())


def test_removing_what_is_not_there_changes_nothing() -> None:
    assert EMPTY.remove("a") is EMPTY


def test_a_claim_is_stale_when_its_lease_is_over() -> None:
    flight = EMPTY.claim("a", 1_000).flights["a"]
    assert not flight.stale(1_000 + LEASE - 1)
    assert flight.stale(1_000 + LEASE)


def test_the_route_is_the_newest_session_that_announced_the_capability() -> None:
    mailbox = EMPTY.with_presence("mqtt:a", present("a", 1)).with_presence("mqtt:b", present("b", 2))
    mailbox = mailbox.with_presence("mqtt:c", present("c", 3, frozenset()))
    route = mailbox.route(Capability.COMMAND)
    assert route is not None
    assert (route.client, route.connector, route.node, route.session) == ("b", "mqtt", "b", "s-b")


def test_a_connector_that_is_named_is_the_only_one_asked() -> None:
    mailbox = EMPTY.with_presence("mqtt:a", present("a", 1)).with_presence("lwm2m:b", present("b", 2))
    route = mailbox.route(Capability.COMMAND, "mqtt")
    assert route is not None
    assert route.client == "a"
    assert mailbox.route(Capability.COMMAND, "sms") is None


def test_a_node_may_contain_what_separates_it_from_the_connector() -> None:
    route = EMPTY.with_presence("mqtt:urn:lo:x", present("urn:lo:x", 1)).route(Capability.COMMAND)
    assert route is not None
    assert route.node == "urn:lo:x"


def test_trying_is_worth_it_while_the_window_is_open() -> None:
    mailbox = EMPTY.with_presence("mqtt:a", present("a", 1)).enqueue("x").claim("x", 0)
    assert not mailbox.may_deliver("mqtt", 1, 0)
    assert mailbox.may_deliver("mqtt", 2, 0)
    assert mailbox.may_deliver("mqtt", 1, LEASE)
    assert mailbox.reachable("mqtt")


def test_nobody_is_reachable_who_neither_listens_nor_may() -> None:
    assert not EMPTY.with_presence("mqtt:a", present("a", 1, frozenset())).reachable("mqtt")
