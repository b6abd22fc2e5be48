"""One run: so many commands under one seed, to the end of the last of them."""

from collections.abc import Callable
from dataclasses import dataclass

from tests.fakes import MemoryPorts
from tests.sim.clients import Client
from tests.sim.ports import Stores
from tests.sim.scheduler import HOUR, MINUTE, Faults, Violation
from tests.sim.world import World

_PER_DEVICE = 200
_LONGEST = 30 * HOUR
_LAST_WORD = 3 * HOUR


@dataclass(frozen=True, slots=True)
class Result:
    commands: int
    steps: int
    given_up: int
    simulated_hours: float
    counts: dict[str, int]


def simulate(
    seed: int,
    commands: int,
    *,
    stores: Stores | None = None,
    faults: Faults | None = None,
    trace: Callable[[str, str], None] | None = None,
) -> Result:
    """Raises Violation where a rule is broken."""
    devices = max(3, commands // _PER_DEVICE)
    world = World(seed, stores or MemoryPorts(seed), devices, faults or Faults())
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
    world.run_until(world.scheduler.now + _LAST_WORD)
    world.check_end()
    return Result(
        commands=sum(life.returned is not None for life in world.monitor.lives.values()),
        steps=world.scheduler.steps,
        given_up=world.platform.given_up,
        simulated_hours=(world.scheduler.now - begin) / HOUR,
        counts=dict(sorted(world.monitor.counts.items())),
    )


def story(seed: int, commands: int, violation: Violation, stores: Stores | None = None) -> list[str]:
    """The same run again, and all that happened around the device concerned."""
    lines: list[str] = []

    def keep(device: str, line: str) -> None:
        if device == violation.device:
            lines.append(line)

    try:
        simulate(seed, commands, stores=stores, trace=keep)
    except Violation as again:
        lines.append(f"→ {again}")
    return lines
