from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.fleet.presence.records import MINUTE, Capability, Presence

COMMANDS = frozenset({Capability.COMMAND})
Event = Callable[[Presence], Presence]

NEW = Presence("dialect", "client")


def connected(session: str, at: int) -> Event:
    return lambda p: p.connected(session, at)


def subscribed(session: str, at: int) -> Event:
    return lambda p: p.subscribed(session, COMMANDS, at)


def disconnected(session: str, at: int) -> Event:
    return lambda p: p.disconnected(session, at)


def life(number: int, *, over: bool = True) -> list[Event]:
    name, at = f"s{number}", number * 100
    events = [connected(name, at), subscribed(name, at + 1)]
    return [*events, disconnected(name, at + 50)] if over else events


def after(events: Sequence[Event]) -> Presence:
    presence = NEW
    for event in events:
        presence = event(presence)
    return presence


@st.composite
def shuffled(draw: st.DrawFn, events: list[Event]) -> list[Event]:
    """Every event at least once, some twice, in any order."""
    twice = draw(st.lists(st.sampled_from(events), max_size=len(events)))
    return draw(st.permutations([*events, *twice]))


PAST_LIVES: list[Event] = [event for number in range(1, 5) for event in life(number)]


@given(shuffled([*PAST_LIVES, *life(5, over=False)]))
def test_whatever_the_order_the_last_session_is_the_one_that_lives(events: list[Event]) -> None:
    presence = after(events)
    assert presence.session == "s5"
    assert presence.capabilities == COMMANDS


@given(shuffled(PAST_LIVES))
def test_whatever_the_order_a_device_whose_sessions_all_ended_is_offline(events: list[Event]) -> None:
    assert not after(events).online


@given(shuffled([*life(1), connected("s2", 200)]))
def test_whatever_the_order_a_resumed_session_may_have_kept_what_the_last_one_had(events: list[Event]) -> None:
    presence = after(events)
    assert presence.session == "s2"
    assert presence.in_doubt


def test_a_disconnect_counts_only_for_the_session_it_names() -> None:
    assert after([connected("s2", 2), disconnected("s1", 3)]).session == "s2"


def test_subscribed_implies_connected() -> None:
    presence = after([subscribed("s1", 1)])
    assert presence.online
    assert presence.capabilities == COMMANDS


def test_a_bare_connection_is_capable_of_nothing() -> None:
    assert after([connected("s1", 1)]).capabilities == frozenset()


def test_the_late_beginning_of_an_ended_session_does_not_bring_it_back() -> None:
    assert not after([disconnected("s1", 2), connected("s1", 1), subscribed("s1", 1)]).online


def test_a_session_older_than_the_last_stays_over_long_after_it_was_forgotten() -> None:
    many: list[Event] = [event for number in range(10, 30) for event in life(number)]
    assert not after([*many, connected("s1", 100)]).online


def test_a_new_session_begins_without_the_capabilities_of_the_last() -> None:
    presence = after([*life(1, over=False), connected("s2", 200)])
    assert (presence.capabilities, presence.remembered) == (frozenset(), COMMANDS)


def test_what_the_broker_says_settles_the_doubt() -> None:
    presence = after([*life(1), connected("s2", 200)])
    assert presence.resumed("s2", COMMANDS).capabilities == COMMANDS
    assert not presence.resumed("s2", frozenset()).in_doubt
    assert presence.resumed("s1", COMMANDS) == presence


@pytest.mark.parametrize("end", [[], [disconnected("s2", 250)]])
def test_a_session_that_did_not_subscribe_leaves_the_next_one_in_doubt(end: list[Event]) -> None:
    """A client whose kept session the broker resumes subscribes once, and never again."""
    assert after([*life(1), connected("s2", 200), *end, connected("s3", 300)]).in_doubt


def test_an_unsubscription_is_remembered() -> None:
    presence = after(life(1, over=False)).unsubscribed("s1", COMMANDS)
    assert not after([lambda _: presence, connected("s2", 200)]).in_doubt


def test_the_last_contact_never_goes_back() -> None:
    seen = [lambda p, at=at: p.heard(at * MINUTE) for at in (20, 10)]
    assert after(seen).last_contact == 20 * MINUTE


def test_an_event_that_comes_again_changes_nothing() -> None:
    for events in ([connected("s1", 1)], [subscribed("s1", 1)], life(1)):
        once: Any = after(events)
        assert events[-1](once) == once
