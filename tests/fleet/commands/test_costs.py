"""How many calls of the stores and of the timers each step of a command makes; `docs/commands.md` has the table."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from chalicelib.fleet.commands import reporting, taking
from chalicelib.fleet.commands.records import AckMode, Status, Terms
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


def test_creating(online: Rig) -> None:
    with counted(online) as calls:
        online.create()
    assert cost(calls) == (1, 1, 0, 1, 0, 0)


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        (AckMode.NETWORK, (1, 2, 1, 2, 0, 0)),
        (AckMode.NONE, (1, 2, 1, 2, 0, 0)),
        (AckMode.APPLICATIVE, (1, 1, 1, 2, 1, 0)),
    ],
)
def test_sending(online: Rig, mode: AckMode, expected: tuple[int, ...]) -> None:
    online.create(mode)
    with counted(online) as calls:
        online.ports.run_background()
    assert cost(calls) == expected
    assert calls["delivery.command"] == 1


def test_sending_what_has_no_time_out(online: Rig) -> None:
    online.granting(ack_timeout=None)
    online.create(None, expiration=None)
    with counted(online) as calls:
        online.ports.run_background()
    assert cost(calls) == (1, 1, 1, 2, 0, 0)


def test_answering(online: Rig) -> None:
    command = online.sent()
    with counted(online) as calls:
        online.answer(command)
    assert cost(calls) == (1, 1, 1, 1, 0, 1)


def test_taking_and_asking_again(rig: Rig) -> None:
    rig.ports.terms.known["polled"] = Terms(ack_timeout=None)
    command = rig.create(None, connector=None, expiration=None)
    for expected in ((1, 1, 1, 1, 0, 0), (1, 0, 1, 0, 0, 0)):
        with counted(rig) as calls:
            assert [c.id for c in taking.take(rig.ports, TENANT, DEVICE, POLL)] == [command.id]
        assert cost(calls) == expected


def test_beginning_and_ending_what_was_sent(online: Rig) -> None:
    command = online.sent()
    with counted(online) as calls:
        reporting.progress(online.ports, TENANT, command.id, Report(PUSHED))
    assert cost(calls) == (0, 0, 1, 1, 0, 1)
    for expected in ((1, 1, 1, 1, 0, 0), (1, 0, 1, 0, 0, 0)):
        with counted(online) as calls:
            reporting.fail(online.ports, TENANT, command.id, Report(PUSHED, reason="no"))
        assert cost(calls) == expected


def test_beginning_what_was_never_sent(rig: Rig) -> None:
    command = rig.create(None, connector=None, expiration=None)
    with counted(rig) as calls:
        reporting.progress(rig.ports, TENANT, command.id, Report(POLL))
    assert cost(calls) == (1, 1, 1, 1, 0, 0)


def test_expiring(rig: Rig) -> None:
    command = rig.create(expiration=3_600)
    rig.pass_time(3_600)
    with counted(rig) as calls:
        rig.deadline(command)
    assert cost(calls) == (1, 1, 1, 1, 0, 0)
    assert rig.read(command).status is Status.EXPIRED


def test_a_line_that_is_blocked_costs_one_read_a_run(online: Rig) -> None:
    online.create(connector="radio")
    for _ in range(3):
        online.create(AckMode.NETWORK)
    with counted(online) as calls:
        online.deliver()
    assert calls["commands.get"] == 1 + 3
    assert len(online.mailbox.queue) == 1
