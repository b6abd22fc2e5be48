"""What clients do: bursts of commands with policies of every kind, reads, cancellations, deletions, configuration."""

from collections.abc import Callable
from random import Random
from typing import TYPE_CHECKING

from chalicelib.fleet.commands import creating
from chalicelib.fleet.commands.records import AckMode, Command, Policy
from chalicelib.fleet.configuration import synchronizing
from chalicelib.fleet.configuration.records import ParameterType, Value
from chalicelib.fleet.errors import CommandLimitReached, CommandNotFound, IllegalTransition
from tests.sim.devices import CONNECTOR, POLL, TENANT, SimDevice
from tests.sim.platform import only_ours
from tests.sim.scheduler import MINUTE, SECOND

if TYPE_CHECKING:
    from tests.sim.world import World

_EXPIRATIONS = (5, 10, 30, 120, 900, 1_000, 1_200, 3_600, 7_200, 21_600)
_TIMEOUTS = (10, 10, 10, 30, 30, 120, 120, 1_500)


class Client:
    """Drives one device until its share of commands was created."""

    def __init__(self, world: "World", device: SimDevice, commands: int) -> None:
        self._world = world
        self._device = device
        self._left = commands
        self._random = Random(f"{world.seed}-client-{device.id}")
        self._known: list[str] = []
        device.appeared = self._seize

    @property
    def satisfied(self) -> bool:
        return self._left <= 0

    def act(self) -> None:
        """A burst; comes again until its share is done."""
        for _ in range(self._random.choice((1, 1, 2, 3, 5, 14))):
            self._world.scheduler.after(self._random.randint(0, 200), self._one)
        if not self.satisfied:
            self._world.scheduler.after(self._random.choice((5 * SECOND, MINUTE, 6 * MINUTE, 40 * MINUTE)), self.act)

    def _seize(self) -> None:
        """The device has come: some clients wait for just that moment."""
        if self._random.random() < 0.5:
            self._world.scheduler.after(self._random.randint(0, 120), self._one)

    def _one(self) -> None:
        kind = self._random.random()
        if kind < 0.80 or not self._known:
            self._create()
        elif kind < 0.90:
            self._read(self._random.choice(self._known[-10:]))
        elif kind < 0.95:
            self._cancel(self._known[-self._random.randint(1, min(5, len(self._known)))])
        elif kind < 0.97:
            self._delete(self._known[-self._random.randint(1, min(5, len(self._known)))])
        else:
            self._configure()

    def _create(self) -> None:
        if self.satisfied:
            return
        began = self._world.scheduler.now
        connector = self._random.choice(self._device.connectors)
        order = creating.Order(connector, {"req": "act"}, self._policy(connector))
        made: list[Command] = []

        def answered(error: BaseException | None) -> None:
            if isinstance(error, CommandLimitReached):
                self._world.monitor.counts["refused"] += 1
            elif error is not None:
                only_ours(error, self._device.id)
            for command in made:
                life = self._world.monitor.lives[command.id]
                life.began, life.returned = began, self._world.scheduler.now
                self._known.append(command.id)
                self._left -= 1

        self._request(
            "create", lambda: made.append(creating.create(self._world.ports, TENANT, self._device.id, order)), answered
        )

    def _read(self, command_id: str) -> None:
        def work() -> None:
            command = creating.get(self._world.ports, TENANT, command_id)
            stored = self._world.stores.commands.get(TENANT, command_id)
            if stored is not None and stored.revision == command.revision:
                self._world.monitor.read(command, stored, self._world.scheduler.clock())

        self._request("read", work, self._allow(CommandNotFound))

    def _cancel(self, command_id: str) -> None:
        self._world.monitor.lives[command_id].cancel_asked = True
        self._request(
            "cancel",
            lambda: creating.cancel(self._world.ports, TENANT, command_id),
            self._allow(CommandNotFound, IllegalTransition),
        )

    def _delete(self, command_id: str) -> None:
        self._world.monitor.lives[command_id].delete_asked = True
        self._request(
            "delete", lambda: creating.delete(self._world.ports, TENANT, command_id), self._allow(CommandNotFound)
        )

    def _configure(self) -> None:
        if not self._device.connects:
            return
        at = self._world.scheduler.now

        def configured(error: BaseException | None) -> None:
            # A request that died was not promised anything; the next one that is granted takes it along.
            self._device.unsure = error is not None
            self._allow()(error)

        values = {f"p{self._random.randint(0, 3)}": Value(ParameterType.INT32, self._random.randint(0, 5), at)}
        self._request(
            "configure",
            lambda: synchronizing.request(self._world.ports, TENANT, self._device.id, values, None),
            configured,
        )

    def _request(self, name: str, work: Callable[[], object], answered: Callable[[BaseException | None], None]) -> None:
        self._world.platform.request(name, self._device.id, work, answered)

    def _policy(self, connector: str | None) -> Policy:
        device = self._device
        if connector in (POLL, None) or (connector == CONNECTOR and device.worker):
            # What is never reported, nor ever polled for, would be open for ever.
            ends = device.mute or device.never_back or self._random.random() < 0.5
            expiration = self._random.choice(_EXPIRATIONS) if ends else None
            return Policy(expiration, ack_mode=None, ack_timeout=None, attempts=self._random.choice((1, 1, 2)))
        mode = self._random.choices((AckMode.APPLICATIVE, AckMode.NETWORK, AckMode.NONE), (6, 2, 1))[0]
        return Policy(
            expiration=self._random.choice(_EXPIRATIONS),
            ack_mode=mode,
            ack_timeout=None if mode is AckMode.NONE else self._random.choice(_TIMEOUTS),
            attempts=self._random.choice((1, 1, 2, 3, 5)),
        )

    def _allow(self, *expected: type[Exception]) -> Callable[[BaseException | None], None]:
        def answered(error: BaseException | None) -> None:
            if error is not None and not isinstance(error, expected):
                only_ours(error, self._device.id)

        return answered
