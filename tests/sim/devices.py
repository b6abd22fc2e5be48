"""Devices as they are: they drop, vanish, resume kept sessions, answer early, late, twice or never."""

from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING

from chalicelib.fleet.commands import finishing
from chalicelib.fleet.commands.records import Command, Terms
from chalicelib.fleet.configuration import synchronizing
from chalicelib.fleet.configuration.records import Update, Value
from chalicelib.fleet.presence import connecting
from chalicelib.fleet.presence.claims import Claim
from chalicelib.fleet.presence.records import Capability
from tests.sim.scheduler import HOUR, MINUTE, SECOND
from tests.sim.workers import Worker

if TYPE_CHECKING:
    from tests.sim.world import World

TENANT = "simsim"
CONNECTOR = "mqtt"
POLL = "poll"
DEAD = "dead"
NARROW, WIDE, AGENT, POLLED = "narrow", "wide", "agent", "polled"
GRANTED = {
    NARROW: Terms(),
    WIDE: Terms(window=3),
    AGENT: Terms(queue=20, window=5, ack_timeout=None, renews=True),
    POLLED: Terms(window=2, ack_timeout=None),
}
CAPABILITIES = frozenset({Capability.COMMAND, Capability.CONFIGURATION})


class SimDevice:
    """One device and the broker's view of its connection: `session` is what the broker holds open."""

    def __init__(self, world: "World", number: int) -> None:
        self.world = world
        self.number = number
        self.random = Random(f"{world.seed}-{number}")
        self.id = f"urn:sim:{number}"
        self.tenant = TENANT
        self.dialect = AGENT if number % 7 == 5 else WIDE if number % 5 == 0 else NARROW
        self.polls = number % 7 in (3, 6)
        self.connects = number % 7 != 3
        self.mute = number % 35 == 12
        self.claim = Claim(self.id, TENANT, self.dialect, "device", "key", 0, device=self.id, connector=CONNECTOR)
        self.worker = Worker(self, CONNECTOR, self.dialect) if self.dialect == AGENT else None
        self.poller = Worker(self, POLL, POLLED) if self.polls else None
        self.persistent = number % 3 == 0
        self.never_back = number % 11 == 0
        self.kept = False
        self.session: str | None = None
        self.subscribed = False
        self.unheard = False
        self.unsure = False
        self.gone = False
        self.settled_since = world.scheduler.now
        self.parameters: dict[str, Value] = {}
        self.appeared: Callable[[], None] = lambda: None
        self._sessions = 0
        self._polling = False
        self._events = 0
        self._last = 0
        self._unsent: list[Command] = []

    @property
    def connectors(self) -> tuple[str | None, ...]:
        """By which it is asked to do something; by none of its own accord where it is reached in two ways."""
        if not self.connects:
            return (POLL,)
        both: tuple[str | None, ...] = (CONNECTOR, POLL, None) if self.polls else (CONNECTOR,)
        return (*both, *both, DEAD) if self.number % 4 == 1 else both

    def terms(self, connector: str) -> Terms:
        return GRANTED[POLLED if connector == POLL else self.dialect] if connector != DEAD else Terms()

    @property
    def listening(self) -> bool:
        return self.session is not None and self.subscribed and not self.gone

    def live(self) -> None:
        """One turn of its connection; comes again until the world is calm."""
        if self.poller and not self._polling:
            self._polling = True
            self.poller.poll()
        if self.world.calm or not self.connects:
            return
        kind = self.random.random()
        if self.session is None or kind < 0.3:
            self.connect()
        elif kind < 0.6:
            self.drop()
        elif kind < 0.7:
            self.vanish()
        pause = self.random.choice((5 * SECOND, 20 * SECOND, 2 * MINUTE, 20 * MINUTE, HOUR))
        self.world.scheduler.after(pause, self.live)

    def connect(self) -> None:
        """A new session; a session that is still open is taken over."""
        if not self.connects:
            return
        if self.session is not None:
            self._end()
        self._sessions += 1
        session = self.session = f"{self.id}/{self._sessions}"
        at = self._tick()
        self.subscribed = self.persistent and self.kept
        self.gone, self.unheard = False, self.unheard and self.subscribed
        self._emit("connected", lambda: connecting.connected(self.world.ports, self.claim, session, at))
        if not self.subscribed:
            bare = not self.world.calm and self.random.random() < 0.05
            delay = self.random.randint(MINUTE, 5 * MINUTE) if bare else self.random.randint(5, 300)
            self.world.scheduler.after(delay, lambda: self._subscribe(session))
        unsent, self._unsent = self._unsent, []
        for command in unsent:
            self._say(command)

    def drop(self) -> None:
        """Disconnects in order."""
        if self.session is not None:
            self._end()
            self._come_back()

    def vanish(self) -> None:
        """Loses power; the broker notices when the keep-alive is over."""
        session = self.session
        if session is None or self.gone:
            return
        self.gone = True
        self.world.stirred(self.id)
        self.world.scheduler.note(self.id, "vanishes")

        def noticed() -> None:
            if self.session == session:
                self._end()
                self._come_back()

        self.world.scheduler.after(self.random.randint(5 * SECOND, 90 * SECOND), noticed)

    def receive(self, command: Command, session: str) -> bool:
        """A command arrives; whether it is acknowledged to the broker."""
        if self.session != session or self.gone:
            return False
        self.world.scheduler.note(self.id, f"receives {command.id} of generation {command.generation}")
        if not self.world.calm and self.random.random() < 0.03:
            self.vanish()
            return False
        if self.worker:
            if not self.mute:
                self.worker.give(command)
            return self.random.random() > 0.03
        kind = self.random.random()
        if kind > 0.04:
            self._say_later(command, self._thinking_time(command))
        if kind > 0.96:
            self._say_later(command, self._thinking_time(command))
        return self.random.random() > 0.03

    def configure(self, update: Update, session: str) -> bool:
        if self.session != session or self.gone:
            return False
        if not self.world.calm and self.random.random() < 0.05:
            self.vanish()
            return False
        self.parameters |= update.parameters
        cid = update.correlation
        keys = list(update.parameters)
        self.world.scheduler.after(self.random.randint(1, 2 * SECOND), lambda: self._report(keys, cid, session))
        return True

    def _report(self, keys: list[str], cid: int, session: str) -> None:
        if self.session == session and not self.gone:
            at = self._tick()
            said = {key: replace(self.parameters[key], at=at) for key in keys}
            self._invoke("report", lambda: synchronizing.report(self.world.ports, TENANT, self.id, said, cid))

    def _thinking_time(self, command: Command) -> int:
        kind = self.random.random()
        if kind < 0.1:
            return self.random.randint(0, 5)
        if kind < 0.9:
            return self.random.randint(20, 3 * SECOND)
        return int(self.random.uniform(0.5, 1.5) * (command.policy.ack_timeout or 10) * SECOND)

    def _say_later(self, command: Command, delay: int) -> None:
        self.world.scheduler.after(delay, lambda: self._say(command))

    def _say(self, command: Command) -> None:
        if self.session is None or self.gone:
            if self.random.random() < 0.5:
                self._unsent.append(command)
            return
        self._events += 1
        event = f"{self.id}!{self._events}"
        self.world.monitor.answered(command.id, event)
        said = finishing.Answer(command.correlation, {"event": event}, event, self.id)

        def work() -> None:
            now = self.world.scheduler.clock()
            connecting.contact(self.world.ports, self.claim, now)
            finishing.answer(self.world.ports, TENANT, self.id, said)
            self.world.monitor.answer_handled(command.id)

        self.world.scheduler.note(self.id, f"answers {command.id} with {event}")
        self._invoke("answer", work)

    def _subscribe(self, session: str) -> None:
        if self.session != session or self.gone:
            return
        self.subscribed, self.kept = True, self.persistent
        self.appeared()
        at = self._tick()
        self._emit(
            "subscribed",
            lambda: connecting.subscribed(self.world.ports, self.claim, session, CAPABILITIES, at),
        )

    def _end(self) -> None:
        session, self.session = self.session, None
        assert session is not None
        self.subscribed = False
        at = self._tick()
        self._emit("disconnected", lambda: connecting.disconnected(self.world.ports, self.claim, session, at))

    def _come_back(self) -> None:
        if not self.world.calm:
            self.world.scheduler.after(self.random.choice((SECOND, MINUTE, 10 * MINUTE)), self._return)

    def _return(self) -> None:
        if self.session is None and not self.world.calm:
            self.connect()

    def _emit(self, name: str, work: Callable[[], object]) -> None:
        self.world.stirred(self.id)
        self.world.scheduler.note(self.id, f"{name} {self.session or ''}")
        session = self.session

        def lost() -> None:
            if self.session == session:
                self.unheard = True

        self.world.platform.invoke(name, self.id, work, lost=lost)

    def _invoke(self, name: str, work: Callable[[], object]) -> None:
        self.world.platform.invoke(name, self.id, work)

    def _tick(self) -> int:
        self._last = max(self.world.scheduler.now, self._last + 1)
        return self._last
