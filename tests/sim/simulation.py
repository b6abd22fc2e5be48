"""One run: so many commands under one seed, to the end of the last of them."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

from tests.fakes import MemoryPorts
from tests.sim.clients import Client
from tests.sim.ports import Stores
from tests.sim.scheduler import HARSH, HOUR, MILD, MINUTE, Violation
from tests.sim.world import World

_PER_DEVICE = 60
_LONGEST = 30 * HOUR
_LAST_WORD = 3 * HOUR


@dataclass(frozen=True, slots=True)
class Result:
    commands: int
    steps: int
    given_up: int
    simulated_hours: float
    counts: dict[str, int]


@contextmanager
def _memory() -> Iterator[Stores]:
    yield MemoryPorts()


@contextmanager
def _moto() -> Iterator[Stores]:
    from tests.sim.dynamodb import tables

    with tables() as stores:
        yield stores


STORES: dict[str, Callable[[], AbstractContextManager[Stores]]] = {"memory": _memory, "moto": _moto}


def simulate(
    seed: int,
    commands: int,
    *,
    store: str = "memory",
    queued: bool = False,
    trace: Callable[[str, str], None] | None = None,
) -> Result:
    """`queued` says that a queue keeps deadlines. Raises Violation where a rule is broken."""
    with STORES[store]() as stores:
        return run(seed, commands, stores, trace, queued=queued)


def story(seed: int, commands: int, violation: Violation, *, store: str = "memory", queued: bool = False) -> list[str]:
    """The same run again, and all that happened around the device concerned."""
    lines: list[str] = []

    def keep(device: str, line: str) -> None:
        if device == violation.device:
            lines.append(line)

    try:
        simulate(seed, commands, store=store, queued=queued, trace=keep)
    except Violation as again:
        lines.append(f"→ {again}")
    return lines


def replay(seed: int, commands: int, store: str, *, queued: bool = False) -> str:
    """The command that runs the same again."""
    return f"python -m tests.sim --seed {seed} --commands {commands} --store {store}" + (" --queued" if queued else "")


def failure(seed: int, commands: int, store: str, queued: bool = False, lines: int = 150) -> str | None:  # noqa: FBT001, FBT002 - as a run is written
    """What went wrong, how to see it again and what led to it; None if nothing did."""
    try:
        simulate(seed, commands, store=store, queued=queued)
    except Violation as violation:
        head = f"seed {seed}: {violation} (device {violation.device}, command {violation.command})"
        again = f"replay: {replay(seed, commands, store, queued=queued)}"
        return "\n".join([head, again, *story(seed, commands, violation, store=store, queued=queued)[-lines:]])
    return None


def run(
    seed: int,
    commands: int,
    stores: Stores,
    trace: Callable[[str, str], None] | None = None,
    *,
    queued: bool = False,
) -> Result:
    """The same on stores of the caller's, which are empty."""
    devices = max(3, commands // _PER_DEVICE)
    world = World(seed, stores, devices, MILD if seed % 2 else HARSH, queued=queued)
    world.scheduler.trace = trace
    begin = world.scheduler.now
    world.begin()
    share, rest = divmod(commands, devices)
    clients = [Client(world, d, share + (i < rest)) for i, d in enumerate(world.devices.values())]
    for client in clients:
        world.scheduler.after(0, client.act)
    while not all(client.satisfied for client in clients):
        world.run_until(world.scheduler.now + 10 * MINUTE)
    world.come_home()
    limit = world.scheduler.now + _LONGEST
    while world.open_commands() and world.scheduler.now < limit:
        world.run_until(world.scheduler.now + 10 * MINUTE)
    world.over = True
    world.run_until(world.scheduler.now + _LAST_WORD)
    world.check_end()
    return Result(
        commands=sum(life.returned is not None for life in world.monitor.lives.values()),
        steps=world.scheduler.steps,
        given_up=world.platform.given_up,
        simulated_hours=(world.scheduler.now - begin) / HOUR,
        counts=dict(sorted(world.monitor.counts.items())),
    )
