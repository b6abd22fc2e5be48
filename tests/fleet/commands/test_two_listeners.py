"""A device that polls and has a session, where its dialect tells each of them what was not begun: both are told."""

from collections.abc import Callable, Mapping
from itertools import count, takewhile
from typing import Any

import pytest

from chalicelib.fleet import sweeping
from chalicelib.fleet.commands import reporting, taking
from chalicelib.fleet.commands.records import DeliveryStatus, Status, Terms
from chalicelib.fleet.ports import Outcome
from chalicelib.fleet.presence.mailbox import LEASE
from chalicelib.fleet.presence.records import Route
from tests.fleet.commands.test_taking import POLL, order, said
from tests.fleet.rig import DEVICE, TENANT, Rig
from tests.preempting import preempted

PORTS = ("mailboxes", "commands", "delivery", "background")
Move = Callable[["Listeners"], None]
ENDLESS: Mapping[str, Any] = {"queue": 40, "ack_timeout": None, "renews": True}


class Listeners:
    """A poller that remembers what it was shown, beside what the session was sent."""

    def __init__(self, *, there: bool, window: int = 10) -> None:
        self.rig = Rig()
        self.rig.ports.terms.known["polled"] = Terms(take=True, window=window, **ENDLESS)
        self.rig.granting(window=40, **ENDLESS)
        self.shown: list[str] = []
        if there:
            self.rig.connect("s1")

    def order(self) -> str:
        return order(self.rig).id

    def delivers(self) -> None:
        self.rig.ports.run_background()

    def comes(self) -> None:
        self.rig.connect("s1")

    def polls(self) -> None:
        """As the operations channel does: what it has not shown yet and is not kept back."""
        beyond = taking.take(self.rig.ports, TENANT, DEVICE, POLL).beyond
        for one in self.rig.mailbox.queue:
            if one not in self.shown and one not in beyond:
                self.shown.append(one)

    def dies_polling(self) -> None:
        """Between the claim and the command."""
        replace, self.rig.ports.commands.replace = self.rig.ports.commands.replace, died  # type: ignore[method-assign, assignment]
        with pytest.raises(Died):
            self.polls()
        self.rig.ports.commands.replace = replace  # type: ignore[method-assign]

    @property
    def sent(self) -> list[str]:
        return [command.id for _, command in self.rig.ports.delivery.commands]


def delivers(listeners: Listeners) -> None:
    listeners.delivers()


def comes(listeners: Listeners) -> None:
    listeners.comes()


def polls(listeners: Listeners) -> None:
    listeners.polls()


def orders(listeners: Listeners) -> None:
    listeners.order()


def raced(there: bool, run: Move, other: Move, at: int) -> tuple[Listeners, bool]:  # noqa: FBT001
    listeners = Listeners(there=there)
    listeners.order()
    listeners.order()
    came = preempted(listeners.rig.ports, at, lambda: run(listeners), lambda: other(listeners), PORTS)
    return listeners, came


@pytest.mark.parametrize(
    ("there", "run", "other"),
    [
        (True, polls, delivers),
        (True, delivers, polls),
        (True, polls, orders),
        (False, polls, comes),
        (False, comes, polls),
        (True, polls, polls),
    ],
)
def test_both_are_told_whoever_overtakes_whom(there: bool, run: Move, other: Move) -> None:  # noqa: FBT001
    def told(at: int) -> bool:
        listeners, came = raced(there, run, other, at)
        if not came:
            return False
        listeners.delivers()
        listeners.polls()
        every = list(listeners.rig.mailbox.queue)
        assert sorted(listeners.shown) == every, at
        assert listeners.sent == every, (at, "each once, and in order")
        return True

    assert list(takewhile(told, count())), "nothing was overtaken"


@pytest.fixture
def both() -> Listeners:
    return Listeners(there=True)


def test_what_a_poll_had_before_the_session_came_goes_to_that_as_well() -> None:
    listeners = Listeners(there=False)
    first = listeners.order()
    listeners.polls()
    listeners.comes()
    assert (listeners.shown, listeners.sent) == ([first], [first])


@pytest.mark.parametrize("waiting", [1, 2])
def test_nobody_else_need_come_after_a_request_that_died_between_its_writes(waiting: int) -> None:
    listeners = Listeners(there=False)
    orders = [listeners.order() for _ in range(waiting)]
    listeners.dies_polling()
    listeners.comes()
    listeners.delivers()
    assert listeners.sent == []
    listeners.rig.ports.clock.advance(ms=LEASE)
    sweeping.sweep(listeners.rig.ports)
    listeners.delivers()
    assert listeners.sent == orders


def test_a_request_that_died_between_its_writes_keeps_nothing_from_the_session() -> None:
    listeners = Listeners(there=False)
    first = listeners.order()
    listeners.dies_polling()
    listeners.comes()
    listeners.rig.ports.clock.advance(ms=LEASE)
    listeners.rig.deliver()
    assert listeners.sent == [first]


class Died(Exception):
    pass


def died(*_: Any) -> bool:
    raise Died


@pytest.mark.parametrize("outcome", [Outcome.CONFIRMED, Outcome.UNCONFIRMED, Outcome.UNHEARD])
def test_it_is_delivered_once_and_done_once_whoever_says_so(both: Listeners, outcome: Outcome) -> None:
    both.rig.ports.delivery.outcomes.append(outcome)
    number = both.order()
    both.polls()
    both.delivers()
    taking.delivered(both.rig.ports, TENANT, number, "p")
    told = [entry.delivery for entry in both.rig.ports.commands.get(TENANT, number).history]  # type: ignore[union-attr]
    assert told.count(DeliveryStatus.DELIVERED) == 1
    reporting.progress(both.rig.ports, TENANT, number, said())
    reporting.succeed(both.rig.ports, TENANT, number, said())
    both.delivers()
    both.polls()
    assert (both.sent, both.shown, both.rig.mailbox.queue) == ([number], [number], ())


def test_who_polls_has_it_where_the_session_was_gone(both: Listeners) -> None:
    number = both.order()
    both.rig.ports.delivery.outcomes.append(Outcome.ABSENT)
    both.rig.ports.delivery.subscriptions.clear()
    both.delivers()
    both.polls()
    command = both.rig.ports.commands.get(TENANT, number)
    assert command is not None
    assert (command.status, command.delivery, both.shown) == (Status.PROCESSING, DeliveryStatus.SENT, [number])


def test_the_window_of_who_polls_is_not_filled_by_what_goes_to_the_session() -> None:
    listeners = Listeners(there=True, window=2)
    made = [listeners.order() for _ in range(5)]
    listeners.polls()
    assert listeners.shown == made
    listeners.rig.disconnect("s1")
    made += [listeners.order() for _ in range(5)]
    listeners.polls()
    assert listeners.shown == made[:5]


def test_a_session_of_a_dialect_that_tells_each_command_once_gets_what_nobody_has() -> None:
    listeners = Listeners(there=True)
    listeners.rig.granting(window=1, ack_timeout=None)
    first = listeners.order()
    listeners.polls()
    listeners.delivers()
    assert (listeners.shown, listeners.sent) == ([first], [])


def test_a_poll_of_what_a_session_gets_reads_no_command(both: Listeners) -> None:
    both.order()
    asked: list[str] = []
    get = both.rig.ports.commands.get

    def counted(tenant: str, command: str) -> Any:
        asked.append(command)
        return get(tenant, command)

    both.rig.ports.commands.get = counted  # type: ignore[method-assign]
    assert taking.take(both.rig.ports, TENANT, DEVICE, Route("polled", "p", "poll", "p", "poll")).commands == []
    assert asked == []
