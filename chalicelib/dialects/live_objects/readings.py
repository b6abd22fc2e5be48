"""Data messages as devices and connectors publish them (manual 6.5.5.1), read into the fleet's own.

Every part but the value is optional: one that cannot be read is left out, and the rest is kept.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from chalicelib.dialects.live_objects import contents, streams
from chalicelib.dialects.registry import Malformed
from chalicelib.dialects.topics import Uplink
from chalicelib.fleet import times
from chalicelib.fleet.data.messages import doubtful
from chalicelib.fleet.data.records import ENCODING, PAYLOAD, DataMessage, message_id
from chalicelib.fleet.errors import Invalid
from chalicelib.fleet.frozen import dataclass
from chalicelib.fleet.inventory.records import Device
from chalicelib.fleet.presence.claims import Claim

SHORT = {"s": "streamId", "ts": "timestamp", "m": "model", "v": "value", "t": "tags", "loc": "location"}
"""The C and Node.js SDKs' names for the same fields."""

T = TypeVar("T")
_MAX_TAGS = 100
_LOCATION = ("lat", "lon", "alt", "accuracy")
_TAGS = f"tags is a list of at most {_MAX_TAGS} strings"
_PLACE = "location has lat from -90 to 90 and lon from -180 to 180"


@dataclass(frozen=True, slots=True)
class Stated:
    """What a message says itself, as far as it says anything; `timestamp` in ms, `wrong` is what was left out and why.

    `timestamp` is None, too, where it is not credible.
    """

    value: Mapping[str, Any] | None = None
    stream: str | None = None
    timestamp: int | None = None
    model: str | None = None
    tags: tuple[str, ...] = ()
    location: Mapping[str, Any] | None = None
    encoding: str | None = None
    wrong: tuple[str, ...] = ()


def stated(body: Mapping[str, Any], arrived: int) -> Stated:
    """All fields, in the long or the short form; `arrived` in ms. Errors: Malformed, Invalid, for a wrong value."""
    fields = {SHORT.get(name, name): value for name, value in body.items()}
    wrong: list[str] = []

    def optional(name: str, read: Callable[[Any], T | None]) -> T | None:
        try:
            return read(fields[name]) if fields.get(name) is not None else None
        except Invalid as error:
            wrong.append(f"{error}; it is left out")
            return None

    return Stated(
        value=value(fields.get("value")),
        stream=optional("streamId", stream),
        timestamp=optional("timestamp", lambda said: timestamp(said, arrived)),
        model=optional("model", model),
        tags=optional("tags", lambda said: tags(said, wrong)) or (),
        location=optional("location", lambda said: location(said, wrong)),
        encoding=encoding(fields.get("metadata")),
        wrong=tuple(wrong),
    )


def message_of(said: Stated, device: Device, path: str, claim: Claim, uplink: Uplink) -> DataMessage:
    """The message that a device in the group at `path` published."""
    stamp = uplink.at if said.timestamp is None else said.timestamp
    metadata = {"source": device.id, "connector": claim.connector}
    encoding = _encoding(device, claim) or said.encoding
    if encoding is not None:
        metadata[ENCODING] = encoding
    return DataMessage(
        tenant=claim.tenant,
        id=message_id(stamp, uplink.at, uplink.event),
        stream=said.stream or device.data_stream,
        timestamp=stamp,
        created=uplink.at,
        value=said.value,
        model=said.model,
        tags=tuple(dict.fromkeys((*said.tags, *device.tags))),
        location=said.location,
        metadata={**metadata, "group": {"id": device.group, "path": path}},
        sender=uplink.sender,
    )


def unread(
    payload: bytes, encoding: str | None, device: Device, path: str, claim: Claim, uplink: Uplink
) -> DataMessage:
    """Bytes that a device published, as the message that its decoder is given (manual 6.5.5.2)."""
    named = encoding or _encoding(device, claim)
    message = message_of(Stated({PAYLOAD: payload.hex().upper()}), device, path, claim, uplink)
    return replace(message, metadata={**message.metadata, ENCODING: named}) if named else message


def value(said: Any) -> dict[str, Any] | None:
    if said is None:
        return None
    if not isinstance(said, dict):
        raise Malformed("value is a JSON object")
    contents.ensure_names(said)
    return said


def model(said: Any) -> str | None:
    if not isinstance(said, str):
        raise Malformed("model is a string")
    contents.ensure_model(said)
    return said


def timestamp(said: Any, arrived: int) -> int | None:
    """Milliseconds of a moment in ISO 8601, or of a number. Errors: Malformed, also for one that is not credible."""
    if said == "":
        return None
    try:
        at = times.read(said)
    except ValueError:
        raise Malformed("timestamp is a date in ISO 8601") from None
    why = doubtful(at, arrived)
    if why is not None:
        raise Malformed(f"timestamp {why}")
    return at


def stream(said: Any) -> str | None:
    """The name, or None for the device's own stream. Errors: Malformed, Invalid."""
    if said == "":
        return None
    if not isinstance(said, str):
        raise Malformed("streamId is a string")
    return streams.checked(said, "streamId")


def tags(said: Any, wrong: list[str]) -> tuple[str, ...]:
    """Those that are strings; `wrong` is told of others. Errors: Malformed."""
    if not isinstance(said, list):
        raise Malformed(_TAGS)
    found = [tag for tag in said if isinstance(tag, str)][:_MAX_TAGS]
    if len(found) < len(said):
        wrong.append(f"{_TAGS}; others are left out")
    return tuple(found)


def location(said: Any, wrong: list[str]) -> dict[str, Any]:
    """`{lat, lon, alt?, accuracy?, provider?}`, or the short form `[lat, lon]`. Errors: Malformed."""
    if isinstance(said, list):
        said = dict(zip(_LOCATION, said, strict=False))
    if not isinstance(said, dict):
        raise Malformed("location is an object with lat and lon")
    place = {name: said[name] for name in _LOCATION if _is_number(said.get(name))}
    if "lat" not in place or "lon" not in place or abs(place["lat"]) > 90 or abs(place["lon"]) > 180:  # noqa: PLR2004
        raise Malformed(_PLACE)
    bad = [name for name in _LOCATION if name not in place and said.get(name) is not None]
    if bad:
        wrong.append(f"location.{bad[0]} is a number; it is left out")
    provider = said.get("provider")
    return {**place, "provider": provider} if isinstance(provider, str) else place


def encoding(metadata: Any) -> str | None:
    """The decoder that a message names itself."""
    named = metadata.get(ENCODING) if isinstance(metadata, dict) else None
    return named if isinstance(named, str) else None


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _encoding(device: Device, claim: Claim) -> str | None:
    """The decoder that the interface names: it goes before what a message says (manual 5.5.3.1)."""
    interface = device.interface(claim.connector, claim.own_node)
    encoding = interface.definition.get(ENCODING) if interface else None
    return encoding if isinstance(encoding, str) and encoding else None
