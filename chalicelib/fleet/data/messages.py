"""Data messages: what devices say, kept by stream and time."""

from collections import Counter
from collections.abc import Sequence

from chalicelib.fleet.data import unpacking
from chalicelib.fleet.data.records import FUTURE, DataMessage, DecoderKind, StreamUse
from chalicelib.fleet.events import routing
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.tenancy import retention
from chalicelib.fleet.tenancy.records import Kept

PAST = 1_262_304_000_000
"""2010 (ms): a device that speaks of an earlier time has not set its clock."""


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
) -> DataMessage:
    """Keep a message, decoded where it names a decoder of those kinds. Storing the same one again changes nothing.

    `device` is who sent it, where it was one.
    """
    message = _keep(ports, unpacking.decoded(ports, message, decoding), device)
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


def _keep(ports: Ports, message: DataMessage, device: str | None) -> DataMessage:
    kept = retention.seconds(ports, message.tenant, Kept.MESSAGES)
    # A crash between the two loses one from the count, never a message.
    if ports.messages.put(message, kept) and device is not None:
        ports.messages.count(message.tenant, device, message.stream, message.created, kept=kept)
    return message


def streams(ports: Ports, tenant: str, device: str, limit: int) -> list[StreamUse]:
    """The streams that a device sent into, the latest first."""
    used = sorted(ports.messages.streams(tenant, device), key=lambda use: (use.last, use.stream), reverse=True)
    return used[:limit]


def read(
    ports: Ports,
    tenant: str,
    stream: str,
    *,
    start: int | None = None,
    end: int | None = None,
    before: str | None = None,
    limit: int = 100,
) -> list[DataMessage]:
    """Messages of a stream, newest first, with start <= timestamp < end, older than the message `before`."""
    return ports.messages.page(tenant, stream, start=start, end=end, before=before, limit=limit)
