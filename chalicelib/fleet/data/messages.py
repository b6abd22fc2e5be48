"""Data messages: what devices say, kept by stream and time."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from heapq import merge
from itertools import count

from chalicelib.fleet.compare_and_set import change_record, unrevised
from chalicelib.fleet.data import deleting, unpacking
from chalicelib.fleet.data.deletions import REMEMBERED
from chalicelib.fleet.data.records import FUTURE, DataMessage, DecoderKind, StreamUse
from chalicelib.fleet.errors import LimitReached, MessageNotFound, TemporarilyUnavailable
from chalicelib.fleet.events import routing
from chalicelib.fleet.ids import is_ordered_id, rank
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.tenancy import retention
from chalicelib.fleet.tenancy.records import Kept

PAST = 1_262_304_000_000
"""2010 (ms): a device that speaks of an earlier time has not set its clock."""

_MOST_LOOKED_AT = 50_000
_MOST_PAGES = 50
"""Pages of what is hidden that a reader goes through."""


def doubtful(timestamp: int, arrived: int) -> str | None:
    """Why a device's own time (ms) is not to be believed, None where it is."""
    if timestamp < PAST:
        return "is before 2010, as of a clock that was never set"
    return "is more than a day ahead" if timestamp > arrived + FUTURE else None


def store(
    ports: Ports,
    message: DataMessage,
    decoding: frozenset[DecoderKind] = frozenset(DecoderKind),
    *,
    device: str | None = None,
    sparing: bool = False,
) -> DataMessage:
    """Keep a message, decoded where it names a decoder of those kinds. Storing the same one again changes nothing.

    `device` is who sent it, where it was one; where it is `sparing`, it may be counted later.
    """
    message = _keep(ports, unpacking.decoded(ports, message, decoding), device, sparing=sparing)
    # Before anybody hears that it was taken: what fails here is tried again, message and all.
    routing.messages(ports, [message])
    return message


def store_all(ports: Ports, sent: Sequence[tuple[DataMessage, str | None]]) -> list[DataMessage]:
    """As `store`, for one request's messages, which cannot have come before, each with the device that sent it."""
    decoded = unpacking.decoded_all(ports, [message for message, _ in sent])
    if not decoded:
        return []
    tenant = decoded[0].tenant
    kept = retention.seconds(ports, tenant, Kept.MESSAGES)
    ports.messages.put_new(decoded, kept)
    used = Counter((device, m.stream) for m, (_, device) in zip(decoded, sent, strict=True) if device is not None)
    for (device, stream), times in used.items():
        ports.messages.count(tenant, device, stream, decoded[0].created, times, kept=kept)
    routing.messages(ports, decoded, fresh=True)
    return decoded


def store_each(ports: Ports, sent: Sequence[DataMessage], device: str) -> list[DataMessage]:
    """As `store`, for what one message of a device had: the same again changes nothing, and is counted once."""
    decoded = unpacking.decoded_all(ports, list(sent))
    if not decoded:
        return []
    tenant = decoded[0].tenant
    kept = retention.seconds(ports, tenant, Kept.MESSAGES)
    used = Counter(message.stream for message in decoded if ports.messages.put(message, kept))
    for stream, times in used.items():
        ports.messages.count(tenant, device, stream, decoded[0].created, times, kept=kept)
    routing.messages(ports, decoded)
    return decoded


def tell(ports: Ports, sent: Sequence[DataMessage]) -> None:
    """Tell messages of one request, decoded, to whoever listens, and keep none of them."""
    routing.messages(ports, unpacking.decoded_all(ports, list(sent)), fresh=True)


def _keep(ports: Ports, message: DataMessage, device: str | None, *, sparing: bool) -> DataMessage:
    kept = retention.seconds(ports, message.tenant, Kept.MESSAGES)
    # A crash between the two loses one from the count, never a message.
    if ports.messages.put(message, kept) and device is not None:
        # Where it need not be, whoever serves the ports decides.
        asked, at = sparing or None, message.created
        ports.messages.count(message.tenant, device, message.stream, at, kept=kept, sparing=asked)
    return message


def streams(ports: Ports, tenant: str, device: str, limit: int) -> list[StreamUse]:
    """The streams that a device sent into, the latest first."""
    mailbox = ports.mailboxes.get(tenant, device)
    counted = mailbox.counted if mailbox else {}
    used = [use.plus(counted.get(use.stream)) for use in ports.messages.streams(tenant, device)]
    return sorted(used, key=lambda use: (use.last, use.stream), reverse=True)[:limit]


def read(
    ports: Ports,
    tenant: str,
    stream: str,
    *,
    start: int | None = None,
    end: int | None = None,
    before: str | None = None,
    limit: int = 100,
    ascending: bool = False,
) -> list[DataMessage]:
    """Messages of a stream, newest first, with start <= timestamp < end, older than the message `before`.

    Where `ascending`, oldest first, and newer than that. Fewer than `limit` only at the end.
    Errors: TemporarilyUnavailable (too much was deleted there just now).
    """
    tombstones = deleting.hidden(ports, tenant, stream)
    found: list[DataMessage] = []
    for _ in range(_MOST_PAGES):
        page = ports.messages.page(
            tenant, stream, start=start, end=end, before=before, limit=limit, ascending=ascending
        )
        found += [message for message in page if not deleting.is_hidden(tombstones, message)]
        if len(page) < limit or len(found) >= limit:
            return found[:limit]
        before = page[-1].id
    raise TemporarilyUnavailable("what was deleted here is being removed; try again in a minute")


def sent_by(
    ports: Ports,
    tenant: str,
    source: str,
    *,
    start: int | None = None,
    end: int | None = None,
    before: str | None = None,
    ascending: bool = False,
    most: int = _MOST_LOOKED_AT,
) -> Iterator[DataMessage]:
    """Messages of a device, or of whoever else is their source, in whatever stream; in the order of `read`.

    Errors, on the way: LimitReached (`most` were looked at, as others send into the same streams).
    """
    looked = count(1)
    used = [use.stream for use in ports.messages.streams(tenant, source)]

    def walked(stream: str) -> Iterator[DataMessage]:
        last = before
        while page := read(ports, tenant, stream, start=start, end=end, before=last, ascending=ascending):
            for message in page:
                if next(looked) > most:
                    raise LimitReached(f"more than {most} messages would have to be looked at")
                if message.metadata.get("source") == source:
                    yield message
            last = page[-1].id

    # A message whose stream was not counted, as a crash came between, is in the one that is named after its source.
    streams = [walked(stream) for stream in dict.fromkeys([source, *used])]
    return merge(*streams, key=lambda message: rank(message.id), reverse=not ascending)


def get(ports: Ports, tenant: str, stream: str, identifier: str) -> DataMessage:
    """One message of a stream. Errors: MessageNotFound."""
    tombstones = deleting.hidden(ports, tenant, stream)
    found = ports.messages.get(tenant, stream, identifier) if is_ordered_id(identifier) else None
    if found is None or deleting.is_hidden(tombstones, found):
        raise MessageNotFound(f"message {identifier[:64]} not found")
    return found


def of_source(ports: Ports, tenant: str, source: str, identifier: str, stream: str | None = None) -> DataMessage:
    """One message of a device, or of whoever else is its source, in whatever stream; `stream` is looked into first.

    Errors: MessageNotFound.
    """
    for name in _streams_from(ports, tenant, source, stream or source):
        with suppress(MessageNotFound):
            found = get(ports, tenant, name, identifier)
            if found.metadata.get("source") == source:
                return found
    raise MessageNotFound(f"message {identifier[:64]} not found")


def _streams_from(ports: Ports, tenant: str, source: str, first: str) -> Iterator[str]:
    """Most devices have one: the others are looked up where it is not in that."""
    yield first
    yield from (use.stream for use in ports.messages.streams(tenant, source) if use.stream != first)


def update(
    ports: Ports, tenant: str, stream: str, identifier: str, change: Callable[[DataMessage], DataMessage]
) -> DataMessage:
    """The message after `change` of what it says; it keeps its place. Errors: MessageNotFound, Contended."""
    changed, _ = change_record(
        ports,
        f"message {identifier}",
        lambda: get(ports, tenant, stream, identifier),
        ports.messages.replace,
        change,
        stored=unrevised,
    )
    return changed


def remove(ports: Ports, tenant: str, stream: str, identifier: str) -> DataMessage:
    """Delete one message, and answer what it was; for many there is `deleting`. Errors: MessageNotFound.

    The same event delivered once more does not bring it back.
    """
    found = get(ports, tenant, stream, identifier)
    ports.messages.remove(found, ports.clock.now() + REMEMBERED)
    return found
