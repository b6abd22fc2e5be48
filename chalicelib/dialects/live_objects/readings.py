"""Data messages as devices and clients write them (manual 6.5.5.1), read into the fleet's own."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from chalicelib.dialects.live_objects import contents, streams
from chalicelib.dialects.registry import Malformed
from chalicelib.dialects.topics import Uplink
from chalicelib.fleet.claims import Claim
from chalicelib.fleet.decoders import ENCODING, PAYLOAD
from chalicelib.fleet.devices import Device
from chalicelib.fleet.messages import DataMessage, clamped, message_id

SHORT = {"s": "streamId", "ts": "timestamp", "m": "model", "v": "value", "t": "tags", "loc": "location"}
"""The C and Node.js SDKs' names for the same fields."""

_MAX_TAGS = 100
_LOCATION = ("lat", "lon", "alt", "accuracy")


@dataclass(frozen=True, slots=True)
class Stated:
    """What a message says itself, as far as it says anything; `timestamp` in ms."""

    value: Mapping[str, Any] | None = None
    stream: str | None = None
    timestamp: int | None = None
    model: str | None = None
    tags: tuple[str, ...] = ()
    location: Mapping[str, Any] | None = None
    encoding: str | None = None


def stated(body: Mapping[str, Any]) -> Stated:
    """All fields are optional, in the long and in the short form. Errors: Malformed, Invalid, for what is wrong."""
    fields = {SHORT.get(name, name): value for name, value in body.items()}
    encoding = _metadata(fields).get(ENCODING)
    return Stated(
        value=value(fields.get("value")),
        stream=stream(fields.get("streamId")),
        timestamp=timestamp(fields.get("timestamp")),
        model=model(fields.get("model")),
        tags=tags(fields.get("tags")),
        location=location(fields.get("location")),
        encoding=encoding if isinstance(encoding, str) else None,
    )


def reading(said: Stated, device: Device, path: str, claim: Claim, uplink: Uplink) -> DataMessage:
    """The message that a device in the group at `path` published."""
    stamp = clamped(said.timestamp, uplink.at)
    metadata = {"source": device.id, "connector": claim.connector}
    encoding = _encoding(device, claim) or said.encoding
    if encoding is not None:
        metadata[ENCODING] = encoding
    return DataMessage(
        tenant=claim.tenant,
        id=message_id(stamp, uplink.event),
        stream=said.stream or device.data_stream,
        timestamp=stamp,
        created=uplink.at,
        value=said.value,
        model=said.model,
        tags=tuple(dict.fromkeys((*said.tags, *device.tags))),
        location=said.location,
        metadata={**metadata, "group": {"id": device.group, "path": path}},
    )


def unread(
    payload: bytes, encoding: str | None, device: Device, path: str, claim: Claim, uplink: Uplink
) -> DataMessage:
    """Bytes that a device published, as the message that its decoder is given (manual 6.5.5.2)."""
    named = encoding or _encoding(device, claim)
    message = reading(Stated({PAYLOAD: payload.hex().upper()}), device, path, claim, uplink)
    return replace(message, metadata={**message.metadata, ENCODING: named}) if named else message


def value(said: Any) -> dict[str, Any] | None:
    if said is None:
        return None
    if not isinstance(said, dict):
        raise Malformed("value is a JSON object")
    contents.ensure_names(said)
    return said


def model(said: Any) -> str | None:
    if said is None:
        return None
    if not isinstance(said, str):
        raise Malformed("model is a string")
    contents.ensure_model(said)
    return said


def timestamp(value: Any) -> int | None:
    """ISO 8601, or milliseconds, to milliseconds."""
    if value is None or value == "":
        return None
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return int(value)
    try:
        moment = datetime.fromisoformat(value)
        return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)
    except (TypeError, ValueError, OverflowError):
        raise Malformed("timestamp is a date in ISO 8601") from None


def stream(value: Any) -> str | None:
    """The name, or None for the device's own stream. Errors: Malformed, Invalid."""
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise Malformed("streamId is a string")
    return streams.checked(value, "streamId")


def tags(value: Any) -> tuple[str, ...]:
    if value is None:
        return ()
    if not isinstance(value, list) or len(value) > _MAX_TAGS or not all(isinstance(t, str) for t in value):
        raise Malformed(f"tags is a list of at most {_MAX_TAGS} strings")
    return tuple(value)


def location(value: Any) -> dict[str, Any] | None:
    """`{lat, lon, alt?, accuracy?, provider?}`, or the short form `[lat, lon]`."""
    if value is None:
        return None
    if isinstance(value, list):
        value = dict(zip(_LOCATION, value, strict=False))
    if not isinstance(value, dict):
        raise Malformed("location is an object with lat and lon")
    place = {name: _number(value[name], name) for name in _LOCATION if value.get(name) is not None}
    if "lat" not in place or "lon" not in place or abs(place["lat"]) > 90 or abs(place["lon"]) > 180:  # noqa: PLR2004
        raise Malformed("location has lat from -90 to 90 and lon from -180 to 180")
    provider = value.get("provider")
    return {**place, "provider": provider} if isinstance(provider, str) else dict(place)


def _number(value: Any, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise Malformed(f"location.{name} is a number")
    return value


def _encoding(device: Device, claim: Claim) -> str | None:
    """The decoder that the interface names: it goes before what a message says (manual 5.5.3.1)."""
    interface = device.interface(claim.connector, claim.client)
    encoding = interface.definition.get(ENCODING) if interface else None
    return encoding if isinstance(encoding, str) and encoding else None


def _metadata(fields: Mapping[str, Any]) -> Mapping[str, Any]:
    value = fields.get("metadata")
    return value if isinstance(value, dict) else {}
