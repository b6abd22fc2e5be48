"""What a device with a model is asked, where it sleeps, answers get lost and whoever asks dies: seeded, step by step.

The gateway is the runs that take operations; each remembers what it sent until it dies. The device does what reaches
it, and its answer may not arrive, arrive twice, or come late.
"""

from collections import Counter
from contextlib import suppress
from dataclasses import replace
from functools import partial
from random import Random
from typing import Any

import pytest

from chalicelib.fleet import sweeping
from chalicelib.fleet.errors import IllegalTransition, LimitReached, OperationNotFound
from chalicelib.fleet.twin import operating
from chalicelib.fleet.twin import operation_states as states
from chalicelib.fleet.twin.operation_states import Silence
from chalicelib.fleet.twin.records import EXPIRY, LOST, Operation, OperationStatus, OperationType
from tests.fakes import MemoryPorts

TENANT, DEVICE = "t1", "urn:lo:nsid:lossy:1"
MINUTE, HOUR = 60_000, 3_600_000
STEPS = 250
REPEATABLE = frozenset({OperationType.READ, OperationType.WRITE_METADATA})


class Died(Exception):
    """The process is gone."""


class Mortal:
    """Records whose caller dies now and then: before a write, or after it and before it hears of it."""

    def __init__(self, inner: Any, chance: Random) -> None:
        self._inner, self._chance, self.rate = inner, chance, 0.0

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        return partial(self._write, found) if name in ("create", "replace", "delete") else found

    def _write(self, write: Any, *given: Any) -> Any:
        if self._chance.random() < self.rate:
            if self._chance.random() < 0.5:
                write(*given)
            raise Died
        return write(*given)


class World:
    def __init__(self, seed: int) -> None:
        self.chance = Random(seed)
        self.ports = MemoryPorts()
        self.mortal = Mortal(self.ports.records, self.chance)
        self.ports.records = self.mortal  # type: ignore[assignment]
        self.run = "run-0"
        self.runs = 0
        self.awake = True
        self.known: dict[str, Operation] = {}
        self.cancelled: set[str] = set()
        self.done: Counter[str] = Counter()
        """How often the device did it, by operation."""
        self.late: list[tuple[Operation, Any]] = []

    def step(self) -> None:
        act = self.chance.choice((self.order, self.order, self.take, self.take, self.take, self.rest, self.nap))
        extra = self.chance.choice((self.sweep, self.cancel, self.arrive, self.die, None, None, None))
        for each in (act, extra):
            if each is not None:
                self.mortal.rate = 0.03
                try:
                    each()
                except Died:
                    self.run_again()
                finally:
                    self.mortal.rate = 0.0

    def order(self) -> None:
        type_ = self.chance.choice(tuple(OperationType))
        attempts = self.chance.choice((None, 1, 2, 3))

        def make(id_: str, now: int) -> Operation:
            made = Operation(id_, type_, ("/3/0/9",), now, now, now, attempts=attempts)
            self.known[id_] = made
            return made

        self.ports.clock.advance(ms=1)
        with suppress(LimitReached):
            operating.create(self.ports, TENANT, DEVICE, make)

    def take(self) -> None:
        if not self.awake:
            return
        awaited = self.chance.random() < 0.3
        taken = operating.take(self.ports, TENANT, DEVICE, self.run, awaited=awaited)
        if not isinstance(taken, Operation):
            return
        assert taken.status is OperationStatus.SENT
        self.put_to_device(taken)

    def put_to_device(self, operation: Operation) -> None:
        fate = self.chance.random()
        if fate < 0.2:
            self.concluded(operation, partial(states.silent, why=self.chance.choice(tuple(Silence))))
            if not operation.attempts_left:
                assert operating.get(self.ports, TENANT, DEVICE, operation.id).final, f"{operation} goes on"
            return
        self.done[operation.id] += 1
        change: Any = states.succeeded
        if fate > 0.85:
            change = partial(states.refused, code=self.chance.choice((404, 500, 503)), reason="no")
        if fate < 0.5:
            self.late.append((operation, change))
            return
        self.concluded(operation, change)
        if fate < 0.6:
            self.concluded(operation, change)

    def concluded(self, operation: Operation, change: Any) -> None:
        now = self.ports.clock.now()
        operating.conclude(self.ports, TENANT, DEVICE, operation.id, operation.tried, partial(change, now=now))

    def arrive(self) -> None:
        """An answer that comes late; only to the run that asked."""
        if self.late:
            operation, change = self.late.pop(self.chance.randrange(len(self.late)))
            if operation.holder == self.run:
                self.concluded(operation, change)

    def rest(self) -> None:
        self.ports.clock.advance(ms=self.chance.choice((1_000, MINUTE, HOUR, 20 * HOUR)))

    def nap(self) -> None:
        self.awake = not self.awake

    def cancel(self) -> None:
        if self.known:
            one = self.chance.choice(sorted(self.known))
            with suppress(IllegalTransition, OperationNotFound):
                operating.cancel(self.ports, TENANT, DEVICE, one)
                self.cancelled.add(one)

    def sweep(self) -> None:
        # What one of them died of is raised when the others are through.
        with suppress(ExceptionGroup):
            sweeping.sweep(self.ports)

    def die(self) -> None:
        raise Died

    def run_again(self) -> None:
        self.runs += 1
        self.run = f"run-{self.runs}"

    def end(self) -> dict[str, Operation]:
        """Nobody asks any more and the device is away: time and the sweep alone end all."""
        for _ in range(4):
            self.ports.clock.advance(ms=EXPIRY + LOST)
            sweeping.sweep(self.ports)
        assert sweeping.sweep(self.ports) == 0
        assert operating.ACTIVE.of(DEVICE).count(self.ports, TENANT) == 0
        return {each.id: each for each in operating.listing(self.ports, TENANT, DEVICE)}


@pytest.mark.parametrize("seed", range(1, 41))
def test_whatever_is_asked_ends_as_it_was_done(seed: int) -> None:
    world = World(seed)
    for _ in range(STEPS):
        world.step()
    ended = world.end()
    assert ended
    for id_, one in ended.items():
        asked, done = world.known[id_], world.done[id_]
        assert one.final, one
        assert replace(asked, updated=one.updated, since=one.since, status=one.status) == replace(
            one, tried=0, retry_at=0, holder="", failure=None
        )
        if one.status is OperationStatus.OK:
            assert done, f"{one} was never done"
        if one.status is OperationStatus.CANCELED:
            # Nobody else cancels; whoever died as it did so has not heard of it.
            assert one.tried >= done
        if asked.type not in REPEATABLE:
            assert done <= (asked.attempts or 1), f"{one} was done {done} times"
            assert one.tried <= (asked.attempts or 1), f"{one} was sent {one.tried} times"
        assert done <= one.tried


def test_a_seed_says_everything() -> None:
    def ran(seed: int) -> dict[str, Operation]:
        world = World(seed)
        for _ in range(STEPS):
            world.step()
        return world.end()

    assert ran(7) == ran(7)
