"""Calls of stores and timers that each step of a command makes, as the table in `docs/commands.md` has them."""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from chalicelib.fleet.commands import creating, deadlines, finishing, renewing, reporting, taking, transitions
from chalicelib.fleet.commands.records import MINUTE, AckMode, Command, Status, Terms
from chalicelib.fleet.commands.reporting import Report
from chalicelib.fleet.presence.records import Route
from tests.fleet.rig import CLIENT, DEVICE, TENANT, Rig

POLL = Route("polled", "p", "poll", "p", "poll")
PUSHED = Route("dialect", CLIENT, "mqtt", CLIENT, "s1")


class Counted:
    """A port that counts what is called of it."""

    def __init__(self, inner: object, calls: "Counter[str]", name: str) -> None:
        self._inner, self._calls, self._name = inner, calls, name

    def __getattr__(self, name: str) -> Any:
        def call(*given: object, **named: object) -> object:
            self._calls[f"{self._name}.{name}"] += 1
            return found(*given, **named)

        found = getattr(self._inner, name)
        return call if callable(found) else found


@contextmanager
def counted(rig: Rig) -> Iterator["Counter[str]"]:
    calls: Counter[str] = Counter()
    before = {name: getattr(rig.ports, name) for name in ("mailboxes", "commands", "deadlines", "delivery")}
    for name, port in before.items():
        setattr(rig.ports, name, Counted(port, calls, name))
    try:
        yield calls
    finally:
        for name, port in before.items():
            setattr(rig.ports, name, port)


def cost(calls: "Counter[str]") -> tuple[int, ...]:
    """Reads and writes of the mailbox, of the command; starts and stops of timers."""
    names = (
        ("mailboxes.get",),
        ("mailboxes.replace",),
        ("commands.get",),
        ("commands.create", "commands.replace"),
        ("deadlines.start",),
        ("deadlines.stop",),
    )
    return tuple(sum(calls[each] for each in group) for group in names)


PAGE = Path(__file__).resolve().parents[3] / "docs" / "commands.md"
WORDS = (("read", 1), ("write", 1), ("read", 2), ("write", 2), ("start", 3), ("stop", 3))
"""What is counted, in the order of `cost`, and the column of the table that says how often."""


@cache
def table() -> dict[str, tuple[str, ...]]:
    rows = PAGE.read_text(encoding="utf-8").partition("### What each step costs")[2].partition("\n## ")[0]
    cells = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows.splitlines() if row.startswith("|")]
    return {step: tuple(row) for step, *row in cells[2:]}


def says(*steps: str, ran: bool = False) -> tuple[int, ...]:
    """What the page says of these steps together; `ran` where a timer was running."""
    return tuple(sum(_said(table()[step][column - 1], word, ran=ran) for step in steps) for word, column in WORDS)


def _said(cell: str, word: str, *, ran: bool) -> int:
    found = re.search(rf"(\d+) {word}s?\b( if one ran)?", cell)
    return int(found[1]) if found is not None and (ran or not found[2]) else 0


def test_creating(online: Rig) -> None:
    with counted(online) as calls:
        online.create()
    assert cost(calls) == says("create") == (1, 1, 0, 1, 0, 0)


SENT = "sent, no time-out for an answer"


@pytest.mark.parametrize(
    ("mode", "steps"),
    [
        (AckMode.NETWORK, (SENT, "… ended by its acknowledgement")),
        (AckMode.NONE, (SENT, "… ended by its acknowledgement")),
        (AckMode.APPLICATIVE, ("sent, an answer has a time-out",)),
    ],
)
def test_sending(online: Rig, mode: AckMode, steps: tuple[str, ...]) -> None:
    online.create(mode)
    with counted(online) as calls:
        online.ports.run_background()
    assert cost(calls) == says(*steps)
    assert calls["delivery.command"] == 1


def test_sending_what_has_no_time_out(online: Rig) -> None:
    online.granting(ack_timeout=None)
    online.create(None, expiration=None)
    with counted(online) as calls:
        online.ports.run_background()
    assert cost(calls) == says(SENT)


def test_answering(online: Rig) -> None:
    command = online.sent()
    with counted(online) as calls:
        online.answer(command)
    assert cost(calls) == says("answered")


def test_taking_and_asking_again(rig: Rig) -> None:
    rig.ports.terms.known["polled"] = Terms(ack_timeout=None)
    command = rig.create(None, connector=None, expiration=None)
    for step in ("taken by a poll", "polled again"):
        with counted(rig) as calls:
            assert [c.id for c in taking.take(rig.ports, TENANT, DEVICE, POLL).commands] == [command.id]
        assert cost(calls) == says(step)


def test_beginning_and_ending_what_was_sent(online: Rig) -> None:
    command = online.sent()
    with counted(online) as calls:
        reporting.progress(online.ports, TENANT, command.id, Report(PUSHED))
    assert cost(calls) == says("begun, after it was sent or taken", ran=True)
    for step in ("succeeded, failed", "the same report again"):
        with counted(online) as calls:
            reporting.fail(online.ports, TENANT, command.id, Report(PUSHED, reason="no"))
        assert cost(calls) == says(step)


def test_beginning_what_was_never_sent(rig: Rig) -> None:
    command = rig.create(None, connector=None, expiration=None)
    with counted(rig) as calls:
        reporting.progress(rig.ports, TENANT, command.id, Report(POLL))
    assert cost(calls) == says("begun, never sent")


def test_expiring(rig: Rig) -> None:
    command = rig.create(expiration=3_600)
    rig.pass_time(3_600)
    with counted(rig) as calls:
        rig.deadline(command)
    assert cost(calls) == says("expired")
    assert rig.read(command).status is Status.EXPIRED


def test_a_line_that_is_blocked_costs_one_read_a_run(online: Rig) -> None:
    online.create(connector="radio")
    for _ in range(3):
        online.create(AckMode.NETWORK)
    with counted(online) as calls:
        online.deliver()
    assert calls["commands.get"] == says("another line of the same device is blocked")[2] + 3
    assert len(online.mailbox.queue) == 1


def test_who_comes_after_another_one(online: Rig) -> None:
    online.granting(window=5)
    for step in (None, "one by the same route was sent within a minute"):
        online.create(AckMode.APPLICATIVE)
        with counted(online) as calls:
            online.ports.run_background()
        every = ("sent, an answer has a time-out", *([step] if step else []))
        assert cost(calls) == says(*every)


def test_who_comes_while_another_one_sends(online: Rig) -> None:
    online.granting(window=5)
    online.create(AckMode.APPLICATIVE)

    def meanwhile() -> None:
        online.create(AckMode.APPLICATIVE)
        with counted(online) as calls:
            online.deliver()
        assert cost(calls) == says("… and is on its way")

    online.ports.delivery.meanwhile = meanwhile
    online.deliver()
    assert len(online.ports.delivery.commands) == 2


def test_ending_what_a_timer_runs_for(online: Rig) -> None:
    command = online.sent()
    with counted(online) as calls:
        reporting.succeed(online.ports, TENANT, command.id, Report(PUSHED))
    assert cost(calls) == says("succeeded, failed", ran=True)


def test_what_is_left_of_who_is_deleted(online: Rig) -> None:
    gone, orphan = online.sent(), online.sent()
    _gone(online, gone)
    with counted(online) as calls:
        online.deadline(gone)
    assert cost(calls) == says("its timer runs out, it is deleted")
    online.ports.mailboxes.rows.clear()
    with counted(online) as calls:
        finishing.settle(online.ports, TENANT, DEVICE, orphan.id)
    assert cost(calls) == says("settled, its device is deleted")
    assert online.read(orphan).status is Status.CANCELED


def test_putting_back_what_another_session_got(online: Rig) -> None:
    online.granting(window=5, ack_timeout=None, renews=True)
    waiting, begun = online.sent(None), online.sent(None)
    reporting.progress(online.ports, TENANT, begun.id, Report(PUSHED))
    mailbox = online.mailbox
    with counted(online) as calls:
        left = renewing.renewed(online.ports, mailbox, replace(PUSHED, session="s2"))
    assert cost(calls) == says("put back for a new session", "… what it has not begun")
    assert left is not None
    assert set(left.queue) - set(left.flights) == {waiting.id}


def test_the_page_has_no_step_that_is_not_counted() -> None:
    source = Path(__file__).read_text(encoding="utf-8")
    assert [step for step in table() if f'"{step}"' not in source] == []


def _gone(rig: Rig, command: Command) -> None:
    del rig.ports.commands.rows[TENANT, command.id]


def _over(rig: Rig, command: Command) -> None:
    assert rig.ports.commands.replace(command, transitions.move(command, rig.ports.clock.now(), Status.CANCELED))


def _claimed(rig: Rig, command: Command) -> None:
    assert rig.ports.commands.replace(command, replace(command, status=Status.PROCESSING, generation=1))


GONE, OVER = "waits, but is deleted or claimed", "waits, but is over"


@pytest.mark.parametrize(("happened", "step"), [(_gone, GONE), (_claimed, GONE), (_over, OVER)])
def test_setting_right_who_waits(online: Rig, happened: Callable[[Rig, Command], None], step: str) -> None:
    """Whoever ended it, deleted it or claimed it has died before the mailbox was written."""
    happened(online, online.create())
    with counted(online) as calls:
        online.deliver()
    assert cost(calls) == says(step)
    assert online.mailbox.queue == tuple(online.mailbox.flights)


def test_canceling_and_deleting(rig: Rig) -> None:
    command = rig.create()
    with counted(rig) as calls:
        creating.cancel(rig.ports, TENANT, command.id)
    assert cost(calls) == says("canceled")
    command = rig.create()
    with counted(rig) as calls:
        creating.delete(rig.ports, TENANT, command.id)
    assert (cost(calls), calls["commands.delete"]) == (says("canceled"), 1)


def test_having_the_sweep_look(rig: Rig) -> None:
    """Once for all who want it within a minute, and without reading what they have read."""
    command, soon = rig.create(), rig.ports.clock.now() + 1_000
    for writes, moment in [(1, soon + MINUTE), (0, soon + MINUTE), (0, soon), (1, soon - 1)]:
        with counted(rig) as calls:
            command = deadlines.look_by(rig.ports, command, moment)
        assert cost(calls) == (0, 0, 0, writes, 0, 0)


@pytest.mark.parametrize("attempts", [1, 2])
def test_running_out_of_time(online: Rig, attempts: int) -> None:
    command = online.sent(ack_timeout=60, attempts=attempts)
    online.pass_time(61)
    with counted(online) as calls:
        online.deadline(command)
    assert cost(calls) == says("not answered in time")
