"""The sweep: every minute it finds all that is due, of whatever kind, and what comes near and has a timer."""

from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Any

from chalicelib.fleet.commands import sweeping as commands
from chalicelib.fleet.commands.records import MINUTE, PATROL
from chalicelib.fleet.due import COMMAND, Keeper, Matter
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.twin import registering

KEEPERS: Mapping[str, Keeper] = {
    COMMAND: Keeper(settle=commands.inspect, near=commands.rearm, timed=commands.on_timer),
    registering.LIFETIMES.name: Keeper(settle=registering.on_due),
}
"""By kind; a kind of documents is called as they are."""


def sweep(ports: Ports, *, everything: bool = False, keepers: Mapping[str, Keeper] = KEEPERS) -> int:
    """Settle what is overdue and hand what comes near to its timers; returns how many were looked at.

    Runs every minute. `everything` also hands over all that is not due yet: for a restart after which no timer is left.
    """
    now = ports.clock.now()
    overdue = list(due(ports, after=0, until=now))
    failed = [error for matter in overdue if (error := _failure(ports, matter, keepers)) is not None]
    horizon = (now, 1 << 62) if everything else (now + PATROL - MINUTE, now + PATROL + MINUTE)
    near = sorted(due(ports, after=horizon[0], until=horizon[1]), key=lambda matter: matter.kind)
    for kind, matters in groupby(near, key=lambda matter: matter.kind):
        keeper = keepers.get(kind)
        if keeper is not None and keeper.near is not None:
            keeper.near(ports, list(matters))
    if failed:
        raise ExceptionGroup(f"{len(failed)} of {len(overdue)} overdue matters could not be settled", failed)
    return len(overdue) + len(near)


def due(ports: Ports, *, after: int, until: int) -> Iterator[Matter]:
    """All with a moment after the one and until the other (ms); nearest first within a kind's shard."""
    for tenant, device, command in ports.commands.due(after=after, until=until):
        yield Matter(COMMAND, tenant, device, command)
    for tenant, kind, name in ports.records.due(after=after, until=until):
        yield Matter(kind, tenant, name, name)


def timed(ports: Ports, subject: Mapping[str, Any], keepers: Mapping[str, Keeper] = KEEPERS) -> None:
    """A timer has run out. Errors: what its keeper says, and LookupError where nobody keeps such a kind."""
    keeper = keepers.get(str(subject["kind"]))
    if keeper is None or keeper.timed is None:
        raise LookupError(f"nobody keeps timers of {subject['kind']}")
    keeper.timed(ports, subject)


def _failure(ports: Ports, matter: Matter, keepers: Mapping[str, Keeper]) -> Exception | None:
    """What kept one of them from being settled: it must not hold up all the others."""
    try:
        if matter.kind not in keepers:
            raise LookupError(f"nobody keeps {matter.kind}, which {matter.tenant} has due as {matter.id}")  # noqa: TRY301 - told with the others
        keepers[matter.kind].settle(ports, matter)
    except Exception as error:  # noqa: BLE001 - raised by the sweep once it is through
        return error
    return None
