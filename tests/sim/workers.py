"""Devices that work on what they are given, and say how they get on: they begin, end or fail it, and repeat themselves.

Whatever they say is a request whose answer may be lost; then they say it again until they hear one.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from chalicelib.fleet.commands import reporting, taking
from chalicelib.fleet.commands.records import Command
from chalicelib.fleet.commands.reporting import Report
from chalicelib.fleet.errors import CommandNotFound, IllegalTransition
from chalicelib.fleet.presence.records import Route
from tests.sim.platform import only_ours
from tests.sim.scheduler import HOUR, MINUTE, SECOND

if TYPE_CHECKING:
    from tests.sim.devices import SimDevice

DEAF = 0.1
"""How often an answer does not reach the device."""

Verb = Callable[..., Command]


class Worker:
    """What one device does with commands that reach it by one of its routes."""

    def __init__(self, device: "SimDevice", connector: str, dialect: str) -> None:
        self._device = device
        self._random = device.random
        self._route = Route(dialect, device.id, connector, device.id, "worker")
        self._ends: dict[str, tuple[Verb, str]] = {}
        self._saying: set[str] = set()

    def give(self, command: Command) -> None:
        """It is told of a command, perhaps once more."""
        if command.id in self._saying:
            return
        if command.id not in self._ends and not self._device.world.calm and self._random.random() < 0.15:
            return
        self._saying.add(command.id)
        begins = command.id not in self._ends and self._random.random() < 0.6
        delay = self._random.choice((0, 50, 3 * SECOND, MINUTE))
        self._after(delay, lambda: self._begin(command) if begins else self._end(command))

    def poll(self) -> None:
        """Ask for what waits; comes again for as long as there may be something."""
        device = self._device
        taken: list[Command] = []

        def answered(error: BaseException | None) -> None:
            if error is not None:
                only_ours(error, device.id)
            elif self._random.random() >= DEAF:
                for command in taken:
                    self.give(command)

        def work() -> None:
            found = taking.take(device.world.ports, device.tenant, device.id, self._route).commands
            for command in found:
                device.world.monitor.taken(command)
            taken.extend(found)

        device.world.platform.request("poll", device.id, work, answered)
        quiet = (10 * MINUTE,) if device.world.calm else (20 * SECOND, 2 * MINUTE, 20 * MINUTE, HOUR)
        if not device.world.over and not (device.world.calm and device.never_back):
            self._after(self._random.choice(quiet), self.poll)

    def _begin(self, command: Command) -> None:
        self._device.world.monitor.begins(command.id)
        self._say(command, reporting.progress, "", lambda: self._after(self._long(), lambda: self._end(command)))

    def _end(self, command: Command) -> None:
        if command.id not in self._ends:
            verb: Verb = reporting.fail if self._random.random() < 0.2 else reporting.succeed
            self._ends[command.id] = verb, f"{self._device.id}!!{len(self._ends)}"
        verb, event = self._ends[command.id]
        self._device.world.monitor.answered(command.id, event)
        self._say(command, verb, event, lambda: self._saying.discard(command.id))

    def _say(self, command: Command, verb: Verb, event: str, then: Callable[[], None]) -> None:
        device = self._device
        said = Report(self._route, response={"event": event} if event else None, reason=event, event=event or None)

        def work() -> None:
            verb(device.world.ports, device.tenant, command.id, said)
            device.world.monitor.report_handled(command.id)

        def answered(error: BaseException | None) -> None:
            if isinstance(error, (IllegalTransition, CommandNotFound)):
                self._saying.discard(command.id)
            elif error is not None or self._random.random() < DEAF:
                if error is not None:
                    only_ours(error, device.id)
                self._after(self._random.choice((SECOND, 20 * SECOND, 3 * MINUTE)), again)
            else:
                then()

        def again() -> None:
            device.world.platform.request(verb.__name__, device.id, work, answered)

        device.world.scheduler.note(device.id, f"says {verb.__name__} of {command.id}")
        again()
        if self._random.random() < device.world.scheduler.faults.duplicate:
            self._after(self._random.randint(1, 5 * SECOND), lambda: self._twice(verb, work))

    def _twice(self, verb: Verb, work: Callable[[], None]) -> None:
        """The same request once more; nobody waits for what becomes of it."""

        def answered(error: BaseException | None) -> None:
            if error is not None and not isinstance(error, (IllegalTransition, CommandNotFound)):
                only_ours(error, self._device.id)

        self._device.world.platform.request(verb.__name__, self._device.id, work, answered)

    def _long(self) -> int:
        return self._random.choice((SECOND, 20 * SECOND, 5 * MINUTE, HOUR))

    def _after(self, delay: int, action: Callable[[], None]) -> None:
        self._device.world.scheduler.after(delay, action)
