"""A command that a newer release has put where this one knows of no way on stays there, whatever happens to it."""

import json
from collections.abc import Callable

import pytest

from chalicelib.fleet.commands import creating
from chalicelib.fleet.commands.records import Command
from chalicelib.fleet.errors import IllegalTransition
from tests.fleet.rig import TENANT, Rig
from tests.shapes import NEWER, kinds


def aged(rig: Rig, command: Command) -> Command:
    kind = kinds()["store.commands.COMMAND"]
    body = json.loads(kind.dump(rig.read(command))) | {"status": NEWER}
    newer: Command = kind.read(body, **{name: getattr(rig.read(command), name) for name in kind.own})
    rig.ports.commands.rows[TENANT, command.id] = newer
    return newer


def deadline(rig: Rig, command: Command) -> None:
    rig.pass_time(200)
    rig.deadline(command)


def reconnect(rig: Rig, _command: Command) -> None:
    rig.disconnect()
    rig.connect("s2")


@pytest.mark.parametrize(
    "happens", [lambda rig, _: rig.deliver(), deadline, reconnect, lambda rig, command: rig.answer(command)]
)
def test_it_stays_where_it_is(happens: Callable[[Rig, Command], object]) -> None:
    for begin in (Rig.create, Rig.sent):
        rig = Rig()
        rig.connect()
        command = aged(rig, begin(rig))
        happens(rig, command)
        assert (rig.read(command).status, rig.mailbox.queue) == (NEWER, (command.id,))


def test_nobody_can_cancel_it_here() -> None:
    rig = Rig()
    command = aged(rig, rig.create())
    with pytest.raises(IllegalTransition, match=NEWER):
        creating.cancel(rig.ports, TENANT, command.id)
