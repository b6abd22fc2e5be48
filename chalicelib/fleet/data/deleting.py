"""Deleting data: a tombstone hides it, whoever has time removes it.

The tombstone is written before the deletion is answered, and read before every page: from then on nobody sees what it
hides, whatever dies. Removal goes from the newest message to the oldest and notes how far it came; two who remove the
same do no harm. Who reads looks at the tombstones first: what was hidden by one that is gone has gone before it.
"""

from collections.abc import Collection, Iterable
from dataclasses import replace

from chalicelib.fleet.data.deletions import REMEMBERED, Tombstone
from chalicelib.fleet.data.records import DataMessage
from chalicelib.fleet.due import Matter
from chalicelib.fleet.errors import LimitReached
from chalicelib.fleet.frozen import dataclass
from chalicelib.fleet.ports import Ports

WITHIN = 2_000
"""Milliseconds that a request removes itself; the sweep does the rest."""
MOST = 500
"""Tombstones of one stream, all of which every page reads."""
_PAGE = 100


@dataclass(frozen=True, slots=True)
class Chosen:
    """What is to be deleted of a source or a stream: those kinds and models, and start <= timestamp < end (ms)."""

    kinds: frozenset[str] = frozenset()
    models: frozenset[str] = frozenset()
    start: int | None = None
    end: int | None = None


EVERYTHING = Chosen()


def of_source(
    ports: Ports, tenant: str, source: str, chosen: Chosen = EVERYTHING, more: Collection[str] = ()
) -> list[Tombstone]:
    """Delete what a device, or whoever messages name as their source, has sent, in whatever stream; of others nothing.

    `more` are streams that it may have sent into without being counted there. Errors: LimitReached.
    """
    used = [use.stream for use in ports.messages.streams(tenant, source)]
    made = [of_stream(ports, tenant, stream, chosen, source) for stream in dict.fromkeys([*used, source, *more])]
    until = ports.clock.now() + WITHIN
    for tombstone in made:
        remove(ports, tombstone, until)
    return made


def of_stream(
    ports: Ports, tenant: str, stream: str, chosen: Chosen = EVERYTHING, source: str | None = None
) -> Tombstone:
    """Hide what was sent into a stream until now; the sweep removes it. Errors: LimitReached."""
    now = ports.clock.now()
    made = Tombstone(
        tenant,
        stream,
        ports.new_id(now),
        now,
        source,
        chosen.kinds,
        chosen.models,
        chosen.start,
        chosen.end,
    )
    held = [one for one in ports.messages.tombstones(tenant, stream) if _lasts(one, now)]
    covering = next((one for one in held if _covers(one, made)), None)
    if covering is not None and not covering.done:
        # The same once more, before it is through: it hides what came since, and looks at everything again.
        made = replace(made, id=covering.id)
    elif len(held) >= MOST:
        raise LimitReached(f"{MOST} deletions of stream {stream[:64]} are remembered already")
    ports.messages.bury(made)
    return made


def remove(ports: Ports, tombstone: Tombstone, until: int) -> bool:
    """Remove what it hides; False where the clock (ms) stopped it. Again changes nothing."""
    present = tombstone
    while not present.done:
        cursor = ports.messages.clear(present, _PAGE)
        present = replace(present, cursor=cursor, done=cursor is None)
        ports.messages.bury(present)
        if not present.done and ports.clock.now() >= until:
            return False
    return True


def on_due(ports: Ports, matter: Matter, until: int) -> None:
    """Go on with a deletion that somebody began, until the clock shows `until` (ms).

    One that is done comes once more when no event can bring back anything any more: what was delivered again meanwhile
    is hidden, and must not come to light when the tombstone goes.
    """
    found = next((one for one in hidden(ports, matter.tenant, matter.subject) if one.id == matter.id), None)
    now = ports.clock.now()
    if found is None or found.due > now:
        return
    if not found.done:
        remove(ports, found, until)
        return
    # The moment stays what it is: who looks again meanwhile changes nothing, and a crash leaves it due.
    while (cursor := ports.messages.clear(found, _PAGE)) is not None:
        found = replace(found, cursor=cursor)
        ports.messages.bury(found)
        if ports.clock.now() >= until:
            return
    ports.messages.unbury(found)


def hidden(ports: Ports, tenant: str, stream: str) -> list[Tombstone]:
    """What is not to be seen of a stream: to be read before its messages are."""
    return ports.messages.tombstones(tenant, stream)


def is_hidden(tombstones: Iterable[Tombstone], message: DataMessage) -> bool:
    return any(one.hides(message) for one in tombstones)


def _lasts(one: Tombstone, now: int) -> bool:
    return one.at >= now - REMEMBERED


def _covers(one: Tombstone, other: Tombstone) -> bool:
    same = (one.source, one.kinds, one.models, one.start, one.end)
    return same == (other.source, other.kinds, other.models, other.start, other.end)
