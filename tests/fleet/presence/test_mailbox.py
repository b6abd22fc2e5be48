from chalicelib.fleet.presence.mailbox import ANY, LEASE, USUAL, Mailbox
from chalicelib.fleet.presence.records import Capability, Presence

COMMANDS = frozenset({Capability.COMMAND})
EMPTY = Mailbox("t", "d")


def present(client: str, since: int, capabilities: frozenset[str] = COMMANDS) -> Presence:
    return Presence("dialect", client, session=f"s-{client}", since=since, capabilities=capabilities)


def test_commands_wait_in_order_of_creation_and_once() -> None:
    assert EMPTY.enqueue("b").enqueue("a").enqueue("b").queue == ("a", "b")


def test_the_next_waiting_is_the_oldest_that_is_not_in_flight() -> None:
    mailbox = EMPTY.enqueue("a").enqueue("b").claim("a", 0)
    assert mailbox.heads() == [(USUAL, "b")]


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


def test_each_connector_has_its_line_and_its_head() -> None:
    mailbox = EMPTY.enqueue("a", "x").enqueue("b", "mqtt").enqueue("c", "x").enqueue("d", None).enqueue("e", None)
    assert mailbox.heads() == [("x", "a"), ("mqtt", "b"), (ANY, "d")]
    assert mailbox.claim("a", 0).heads() == [("mqtt", "b"), ("x", "c"), (ANY, "d")]
    assert mailbox.remove("a").remove("d").heads() == [("mqtt", "b"), ("x", "c"), (ANY, "e")]


def test_the_usual_line_is_written_down_nowhere_and_an_empty_one_is_gone() -> None:
    mailbox = EMPTY.enqueue("a", "mqtt").enqueue("b", "x")
    assert mailbox.lines == {"x": ("b",)}
    assert mailbox.remove("b").lines == {}


def test_a_route_holds_what_names_it_and_what_names_none() -> None:
    mailbox = EMPTY.enqueue("a", "x").enqueue("b", "mqtt").enqueue("c", "x").enqueue("d", None)
    assert [mailbox.length(name) for name in ("x", "mqtt", None, "sms")] == [3, 2, 1, 1]


def test_a_claim_counts_for_the_connector_that_it_went_by() -> None:
    mailbox = EMPTY.enqueue("a", None).enqueue("b", "mqtt").enqueue("c", "x")
    mailbox = mailbox.claim("a", 0, via="x").claim("b", 10, via="mqtt").claim("c", 20, via="x")
    assert [flight.via for flight in mailbox.flights.values()] == ["x", "", ""]
    assert [mailbox.flying(name) for name in ("x", "mqtt", "sms")] == [2, 1, 0]
    assert mailbox.flying("x", fresh=LEASE) == 1


def test_only_the_doubtful_sessions_of_a_connector_are_asked_for_it() -> None:
    doubtful = Presence("dialect", "a", session="s", since=1, remembered=COMMANDS)
    mailbox = EMPTY.with_presence("mqtt:a", doubtful)
    assert (mailbox.reachable("mqtt"), mailbox.reachable(None), mailbox.reachable("x")) == (True, True, False)


def test_nobody_is_reachable_who_neither_listens_nor_may() -> None:
    assert not EMPTY.with_presence("mqtt:a", present("a", 1, frozenset())).reachable("mqtt")
