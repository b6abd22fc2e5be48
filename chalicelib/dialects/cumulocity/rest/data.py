"""What measurements and events have in common: both are messages of the fleet, with the number of their source."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from heapq import merge
from typing import Any

from chalicelib.dialects.cumulocity import keeping, listening, reach
from chalicelib.dialects.cumulocity.keeping import Said, Source
from chalicelib.dialects.cumulocity.measurements import FOREIGN
from chalicelib.dialects.cumulocity.modes import Mode
from chalicelib.dialects.cumulocity.rest import asking, processing
from chalicelib.dialects.cumulocity.rest.asking import Range
from chalicelib.dialects.cumulocity.rest.sources import SOURCE, Sources
from chalicelib.fleet import ids
from chalicelib.fleet.access.callers import Caller
from chalicelib.fleet.access.roles import Role
from chalicelib.fleet.data import deleting, messages
from chalicelib.fleet.data.records import DataMessage
from chalicelib.fleet.errors import Invalid, MessageNotFound, TemporarilyUnavailable
from chalicelib.fleet.inventory import objects
from chalicelib.fleet.inventory.managed_objects import ManagedObject
from chalicelib.fleet.ports import Ports
from chalicelib.web.parameters import Parameter
from chalicelib.web.request import Request

READING, WRITING = frozenset({Role.DATA_R}), frozenset({Role.DATA_W})
MOST_AT_ONCE = 1_000
"""Elements of one request."""
LARGEST = 1_000_000
"""Bytes of a body of many."""
TYPE = Parameter("type", default="")
_PICKED = (Parameter("fragmentType", default=""), *asking.CREATED)
DELETED_BY = (SOURCE, TYPE, *asking.DATES, *_PICKED)
"""What says which are to be deleted."""
WITHIN = 20_000
"""Milliseconds that a request deletes one by one."""


def message(ports: Ports, source: ManagedObject, said: Said, event: str) -> DataMessage:
    """`event` is the id of the request."""
    of = Source(source.tenant, source.source, objects.device_of(ports, source))
    return keeping.message(ports, of, said, event, ports.clock.now())


def several(body: Mapping[str, Any], name: str) -> list[Any] | None:
    """The elements of a body that has many; None where it is one. Errors: Invalid."""
    found = body.get(name)
    if found is not None and not (isinstance(found, list) and 0 < len(found) <= MOST_AT_ONCE):
        raise Invalid(f"{name} is a list of 1 to {MOST_AT_ONCE}", name)
    return found


def store(ports: Ports, made: Sequence[tuple[DataMessage, str]], mode: Mode) -> None:
    """Keep and tell them, each with who sent it, as far as the mode says."""
    if mode.stored:
        messages.store_all(ports, made)
    else:
        messages.tell(ports, [message for message, _ in made])


def number(sources: Sources, found: DataMessage) -> str:
    """What it is called here; "" where its source has no number."""
    numbered = sources.number(str(found.metadata.get("source")))
    return ids.message_number(numbered, found.id) if numbered else ""


def source_of(number: str) -> str:
    """The number of the object whose message that is; "" where it names none."""
    named = ids.numbered_message(number)
    return named[0] if named is not None else ""


def tell(ports: Ports, request: Request, kind: str, source: str, action: str, shown: Callable[[Request], Any]) -> None:
    """Whoever listens in real time to what no event tells of, as far as the mode of the request says."""
    if processing.mode(request).live:
        listening.tell(ports, request.tenant, kind, source, action, shown)


def mark(found: DataMessage) -> str:
    """What a list goes on after."""
    return found.id


def get(ports: Ports, by: Caller, number: str) -> DataMessage:
    """Errors: MessageNotFound, Forbidden."""
    tenant = by.tenant
    named = ids.numbered_message(number)
    found = ports.objects.get(tenant, named[0]) if named else None
    if named is None or found is None:
        raise MessageNotFound(f"message {number[:64]} not found")
    device = objects.device_of(ports, reach.ensure(ports, by, found))
    stream = device.data_stream if device is not None else None
    try:
        return messages.of_source(ports, tenant, found.source, named[1], stream)
    except MessageNotFound:
        if not found.promoted:
            raise
        # It may have been sent before the object was a device.
        return messages.of_source(ports, tenant, found.id, named[1])


def walked(
    ports: Ports, request: Request, sources: Sources, moments: Range, *, ascending: bool, after: str | None = None
) -> Iterator[DataMessage]:
    """Of the source that is asked for, or of all, in order of their times; those that come `after` that message."""
    names = sources.chosen(request.asked["source"]) if request.asked["source"] else sources.all()
    return _sent(ports, request.tenant, names, moments, ascending=ascending, after=after)


def _sent(
    ports: Ports,
    tenant: str,
    names: Sequence[str],
    moments: Range,
    *,
    ascending: bool = False,
    after: str | None = None,
) -> Iterator[DataMessage]:
    """What those sources have said in a time, in its order."""
    each = [
        messages.sent_by(ports, tenant, name, start=moments.start, end=moments.end, before=after, ascending=ascending)
        for name in names
    ]
    return merge(*each, key=lambda one: ids.rank(one.id), reverse=not ascending)


def delete(
    ports: Ports,
    request: Request,
    sources: Sources,
    kind: str,
    each: Callable[[], Iterator[DataMessage]],
    beside: Callable[[DataMessage], bool] | None = None,
) -> None:
    """What is asked for of a kind is gone: by source, type and time at once, by more than that as `each` finds it.

    `beside` tells what devices of other dialects have said that goes with it, and is removed one by one.
    Errors: Invalid (none of them is there), TemporarilyUnavailable (there are more than a request can remove).
    """
    asked, moments = request.asked, asking.window(request)
    asking.ensure_said(request, DELETED_BY, "messages")
    picked = any(asked.get(one.name) for one in _PICKED)
    if not asked["source"] and moments.open and not picked:
        raise Invalid("source, dateFrom or dateTo says what is meant", "source")
    if picked:
        _delete_each(ports, request.tenant, each())
        return
    models = frozenset({asked["type"]} if asked["type"] else ())
    chosen = deleting.Chosen(frozenset({kind}), models, moments.start, moments.end)
    names = sources.chosen(asked["source"]) if asked["source"] else sources.all()
    for name in names:
        deleting.of_source(ports, request.tenant, name, chosen)
    if beside is not None and (foreign := [name for name in names if sources.origin(name)]):
        found = filter(beside, asking.looked(_sent(ports, request.tenant, foreign, moments)))
        _delete_each(ports, request.tenant, (one for one in found if asked["type"] in ("", one.model or FOREIGN)))


def _delete_each(ports: Ports, tenant: str, found: Iterator[DataMessage]) -> None:
    until = ports.clock.now() + WITHIN
    for message in list(found):
        if ports.clock.now() >= until:
            raise TemporarilyUnavailable("there are more of them: send the request again for the others")
        # Somebody else may have deleted it meanwhile.
        with suppress(MessageNotFound):
            messages.remove(ports, tenant, message.stream, message.id)
