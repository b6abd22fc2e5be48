"""Several runs deliver one mailbox at the same time: a device gets its commands in their order all the same."""

from collections.abc import Callable, Mapping
from functools import partial
from itertools import count, takewhile
from random import Random

import pytest

from chalicelib.fleet.commands import renewing, reporting
from chalicelib.fleet.commands.records import Command
from chalicelib.fleet.ports import Outcome
from chalicelib.fleet.presence import connecting
from chalicelib.fleet.presence.mailbox import LEASE
from tests.fleet.commands.test_taking import PUSHED, order, said
from tests.fleet.rig import COMMANDS, DEVICE, TENANT, Rig
from tests.preempting import preempted

PORTS = ("mailboxes", "commands", "delivery", "background")
Move = Callable[[Rig], None]


def sent(rig: Rig) -> list[str]:
    return [command.id for _, command in rig.ports.delivery.commands]


def another_session(rig: Rig) -> None:
    rig.connect(f"s{rig.ports.clock.advance(ms=1)}")


def session_of(rig: Rig) -> str:
    return next((presence.session or "" for presence in rig.mailbox.presence.values()), "")


def another_filter(rig: Rig) -> None:
    session = session_of(rig) or "s0"
    named = frozenset({*COMMANDS, f"command:f{rig.ports.clock.advance(ms=1)}"})
    connecting.subscribed(rig.ports, rig.claim, session, named, rig.ports.clock.now())
    rig.ports.run_background()


def asks_again(rig: Rig) -> None:
    renewing.again(rig.ports, TENANT, DEVICE)
    rig.ports.run_background()


def another_command(rig: Rig) -> None:
    order(rig)
    delivers(rig)


def delivers(rig: Rig) -> None:
    rig.ports.run_background()


def is_away(rig: Rig) -> None:
    rig.disconnect(session_of(rig))


MOVES: Mapping[str, Move] = {
    "another session": another_session,
    "another filter": another_filter,
    "asks again": asks_again,
    "another command": another_command,
}


def opened(*, known: bool = True) -> Rig:
    """A device that is there, and three commands that its last session got, or that wait."""
    rig = Rig()
    rig.granting(window=10, queue=40, ack_timeout=None, renews=True)
    if known:
        rig.connect("s0")
    for _ in range(3):
        order(rig)
    rig.ports.run_background()
    return rig


def in_order(rig: Rig, *, renewed: bool) -> bool:
    """Each came, and after the first, and after the last time, that the first one came, they came in order."""
    came = sent(rig)
    every = list(rig.mailbox.queue)
    firsts = list(dict.fromkeys(came))
    lasts = list(dict.fromkeys(reversed(came)))[::-1]
    return lasts == every and (renewed or firsts == came == every)


def preempted_by(move: Move, other: Move, at: int, *, known: bool) -> bool:
    rig = opened(known=known)
    if move is another_command:
        # Of two that are ordered at once either one is the first.
        order(rig)
        move = delivers
    happened = preempted(rig.ports, at, partial(move, rig), partial(other, rig), PORTS)
    rig.ports.run_background()
    if not known and not sent(rig):
        rig.connect("late")
    assert in_order(rig, renewed=known or other is not another_command), (at, sent(rig))
    assert not any(rig.read(command).leaving for command in commands(rig)), at
    return happened


def commands(rig: Rig) -> list[Command]:
    return list(rig.ports.commands.of_device(TENANT, DEVICE, start=None, end=None, descending=False))


@pytest.mark.parametrize("other", MOVES)
@pytest.mark.parametrize("move", MOVES)
def test_whoever_comes_while_another_delivers(move: str, other: str) -> None:
    meetings = takewhile(lambda at: preempted_by(MOVES[move], MOVES[other], at, known=True), count())
    assert sum(1 for _ in meetings) > 5


@pytest.mark.parametrize("other", MOVES)
def test_whoever_comes_while_what_waited_is_delivered(other: str) -> None:
    meetings = takewhile(lambda at: preempted_by(another_session, MOVES[other], at, known=False), count())
    assert sum(1 for _ in meetings) > 10


def crowded(seed: int) -> Rig:
    """Runs within runs, to a depth of four, each of which another one overtakes somewhere."""
    chance, rig = Random(seed), opened(known=bool(seed % 2))

    def overtaken(depth: int) -> None:
        move = partial(chance.choice([*MOVES.values(), is_away]), rig)
        if depth:
            preempted(rig.ports, chance.randrange(25), move, partial(overtaken, depth - 1), PORTS)
        else:
            move()

    for _ in range(3):
        if not rig.mailbox.online:
            another_session(rig)
        overtaken(4)
    return rig


def ends_in_order(seed: int) -> None:
    rig = crowded(seed)
    rig.ports.run_background()
    # What was sent last went to whoever is there now, all of it and in order.
    another_session(rig)
    asks_again(rig)
    assert in_order(rig, renewed=True), (seed, sent(rig))


@pytest.mark.parametrize("seed", range(30))
def test_a_crowd_of_them(seed: int) -> None:
    ends_in_order(seed)


@pytest.mark.soak
def test_crowds_of_them() -> None:
    for seed in range(30, 3_000):
        ends_in_order(seed)


def test_nothing_is_forgotten_of_what_was_left_to_a_sender_that_died() -> None:
    rig = opened(known=False)
    rig.granting(window=10, ack_timeout=None, renews=True)

    class Died(Exception):
        pass

    def dies() -> None:
        raise Died

    rig.ports.delivery.meanwhile = dies
    with pytest.raises(Died):
        rig.connect("s1")
    first, second, third = rig.mailbox.queue
    rig.deliver()
    assert sent(rig) == [first]
    due = list(rig.ports.commands.due(after=0, until=rig.ports.clock.now() + 15 * 60_000))
    assert {command for *_, command in due} >= {first, second}
    rig.pass_time(LEASE / 1000 + 60)
    for command in commands(rig)[:2]:
        rig.deadline(command)
    rig.ports.run_background()
    assert sent(rig) == [first, first, second, third]


WAKING: Mapping[str, Move] = {
    "a delivery": Rig.deliver,
    "another command": another_command,
    "another session": another_session,
    "another filter": another_filter,
    "asks again": asks_again,
}


class Died(Exception):
    """Whoever was at work is no more."""


def dead(*, sent_it: bool, renews: bool = True) -> Rig:
    """A rig with three commands, the first of which somebody had claimed who died then."""
    rig = opened(known=False)
    rig.granting(window=10, queue=40, ack_timeout=None, renews=renews)

    def dies(*_: object) -> bool:
        raise Died

    if sent_it:
        rig.ports.delivery.meanwhile = dies
    else:
        rig.ports.commands.replace = dies  # type: ignore[method-assign, assignment]
    with pytest.raises(Died):
        rig.connect("s1")
    vars(rig.ports.commands).pop("replace", None)
    rig.ports.background.deliveries.clear()
    return rig


@pytest.mark.parametrize("wakes", WAKING.values(), ids=WAKING)
@pytest.mark.parametrize("sent_it", [True, False])
@pytest.mark.parametrize("renews", [True, False])
def test_a_sender_that_died_holds_nobody_up_once_its_claim_is_over(wakes: Move, *, sent_it: bool, renews: bool) -> None:
    """No deadline and no sweep: whoever comes then sends it all, in order."""
    rig = dead(sent_it=sent_it, renews=renews)
    before, waiting = sent(rig), rig.mailbox.queue
    assert before == [waiting[0]] * sent_it
    rig.ports.clock.advance(ms=LEASE - 1)
    rig.deliver()
    assert sent(rig) == before
    rig.ports.clock.advance(ms=1)
    wakes(rig)
    rig.ports.run_background()
    assert sent(rig)[len(before) :] == list(rig.mailbox.queue)


def test_a_sender_whose_broker_is_busy_leaves_it_to_be_tried_again() -> None:
    rig = opened(known=False)
    rig.ports.delivery.outcomes.append(Outcome.CONFIRMED)
    rig.connect("s1")
    assert sent(rig) == list(rig.mailbox.queue)


def test_one_that_its_device_has_begun_while_it_was_sent_lets_the_next_one_go() -> None:
    rig = opened(known=False)

    def meanwhile() -> None:
        reporting.progress(rig.ports, TENANT, rig.mailbox.queue[0], said(PUSHED))
        another_command(rig)

    rig.ports.delivery.meanwhile = meanwhile
    rig.connect("s1")
    assert sent(rig) == list(rig.mailbox.queue)


def test_one_that_is_deleted_while_it_is_sent_lets_the_next_one_go() -> None:
    rig = opened(known=False)
    first = rig.mailbox.queue[0]

    def meanwhile() -> None:
        another_command(rig)
        rig.ports.commands.delete(TENANT, first)

    rig.ports.delivery.meanwhile = meanwhile
    rig.connect("s1")
    assert sent(rig) == [first, *rig.mailbox.queue]
