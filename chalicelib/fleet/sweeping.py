"""The sweep: every minute it finds all that is due, of whatever kind, and what comes near and has a timer."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from chalicelib.fleet.commands import sweeping as commands
from chalicelib.fleet.commands.records import MINUTE, PATROL
from chalicelib.fleet.data import deleting
from chalicelib.fleet.due import COMMAND, DELETION, LEAVING, Keeper, Matter
from chalicelib.fleet.inventory import group_objects, numbering, removing
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.presence import asking, silences
from chalicelib.fleet.resources import attachments
from chalicelib.fleet.twin import operating, registering

KEEPERS: Mapping[str, Keeper] = {
    COMMAND: Keeper(settle=commands.inspect, near=commands.rearm, timed=commands.on_timer),
    registering.LIFETIMES.name: Keeper(settle=registering.on_due),
    operating.ACTIVE.name: Keeper(settle=operating.on_due),
    numbering.KIND: Keeper(work=numbering.on_due),
    group_objects.KIND: Keeper(settle=group_objects.on_due),
    DELETION: Keeper(work=deleting.on_due),
    LEAVING: Keeper(work=removing.on_due),
    silences.SILENCES.name: Keeper(settle=silences.on_due),
    asking.ABSENCES.name: Keeper(settle=asking.on_due),
    attachments.UPLOADS.name: Keeper(settle=attachments.on_due),
}
"""By kind; a kind of documents is called as they are, or as what stands before the name of whose they are."""
WORKED = 15_000
"""Milliseconds of a sweep for work that may take many."""
_LEAST = 500
"""Milliseconds that each gets of these where it is its turn."""


def sweep(ports: Ports, *, everything: bool = False, keepers: Mapping[str, Keeper] = KEEPERS) -> int:
    """Settle what is overdue and hand what comes near to its timers; returns how many were looked at.

    Runs every minute. `everything` also hands over all that is not due yet: for a restart after which no timer is left.
    Errors: ExceptionGroup of what went wrong with single ones, when all others are through.
    """
    now = ports.clock.now()
    overdue = [*due(ports, after=0, until=now, keepers=keepers), *begun(ports, now)]
    working = {kind for kind, keeper in keepers.items() if keeper.work is not None}
    long = [matter for matter in overdue if matter.kind in working]
    short = (matter for matter in overdue if matter.kind not in working)
    failed = [error for matter in short if (error := _failure(ports, matter, keepers)) is not None]
    horizon = (now, 1 << 62) if everything else (now + PATROL - MINUTE, now + PATROL + MINUTE)
    coming = due(ports, after=horizon[0], until=horizon[1], keepers=keepers)
    near = sorted(coming, key=lambda matter: matter.kind)
    for kind, matters in groupby(near, key=lambda matter: matter.kind):
        keeper = keepers.get(kind)
        if keeper is not None and keeper.near is not None:
            keeper.near(ports, list(matters))
    failed += _work(ports, long, keepers)
    if failed:
        raise ExceptionGroup(f"{len(failed)} of {len(overdue)} overdue matters could not be settled", failed)
    return len(overdue) + len(near)


def due(ports: Ports, *, after: int, until: int, keepers: Mapping[str, Keeper] = KEEPERS) -> Iterator[Matter]:
    """All with a moment after the one and until the other (ms); nearest first within a kind's shard."""
    for tenant, device, command in ports.commands.due(after=after, until=until):
        yield Matter(COMMAND, tenant, device, command)
    for tenant, kind, name in ports.records.due(after=after, until=until):
        yield _of_document(tenant, kind, name, keepers)


def begun(ports: Ports, until: int) -> Iterator[Matter]:
    """Long work that somebody began until then (ms): it is due until it is through."""
    for tenant, stream, tombstone in ports.messages.buried(until):
        yield Matter(DELETION, tenant, stream, tombstone)
    for tenant, number in ports.objects.left():
        yield Matter(LEAVING, tenant, number, number)


def timed(ports: Ports, subject: Mapping[str, Any], keepers: Mapping[str, Keeper] = KEEPERS) -> None:
    """A timer has run out. Errors: what its keeper says, and LookupError where nobody keeps such a kind."""
    keeper = keepers.get(str(subject["kind"]))
    if keeper is None or keeper.timed is None:
        raise LookupError(f"nobody keeps timers of {subject['kind']}")
    keeper.timed(ports, subject)


def _of_document(tenant: str, kind: str, name: str, keepers: Mapping[str, Keeper]) -> Matter:
    family = next((known for known in keepers if kind.startswith(f"{known}/")), None)
    if kind in keepers or family is None:
        return Matter(kind, tenant, name, name)
    return Matter(family, tenant, kind.removeprefix(f"{family}/"), name)


def _work(ports: Ports, matters: Sequence[Matter], keepers: Mapping[str, Keeper]) -> Iterator[Exception]:
    """Go on with each for a while: the longest holds up none of the others, and each sweep begins elsewhere."""
    now = ports.clock.now()
    until = now + WORKED
    turn = now // 1000 % max(len(matters), 1)
    for number, matter in enumerate([*matters[turn:], *matters[:turn]]):
        now = ports.clock.now()
        if now >= until:
            return
        share = max((until - now) // (len(matters) - number), _LEAST)
        if (error := _failure(ports, matter, keepers, min(now + share, until))) is not None:
            yield error


def _failure(ports: Ports, matter: Matter, keepers: Mapping[str, Keeper], until: int = 0) -> Exception | None:
    """What kept one of them from being settled: it must not hold up all the others."""
    try:
        keeper = keepers.get(matter.kind, Keeper())
        if keeper.work is not None:
            keeper.work(ports, matter, until)
        elif keeper.settle is not None:
            keeper.settle(ports, matter)
        else:
            raise LookupError(f"nobody keeps {matter.kind}, which {matter.tenant} has due as {matter.id}")  # noqa: TRY301 - told with the others
    except Exception as error:  # noqa: BLE001 - raised by the sweep once it is through
        return error
    return None
