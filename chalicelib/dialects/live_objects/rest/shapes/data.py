"""Data messages as clients post them and as the store gives them back (OpenAPI of the data store)."""

from collections.abc import Mapping
from typing import Any

from chalicelib.dialects.live_objects import contents, times
from chalicelib.dialects.live_objects.rest.shapes import groups, present
from chalicelib.fleet.access.callers import Kind
from chalicelib.fleet.data import senders
from chalicelib.fleet.data.records import DataMessage, StreamUse, clamped, message_id
from chalicelib.fleet.errors import Invalid
from chalicelib.fleet.frozen import dataclass
from chalicelib.fleet.inventory.records import Device
from chalicelib.web import json_text

CONNECTOR = "http"
MAX_VALUE = 1 << 20
"""Bytes that `value` may have as JSON."""

_TAG = {"type": "string", "minLength": 1, "maxLength": 255}
_MESSAGE = {
    "value": {"type": "object"},
    "timestamp": {"type": ["string", "null"], "maxLength": 64},
    "model": {
        "type": ["string", "null"],
        "maxLength": 255,
        "pattern": contents.MODEL,
        "description": contents.MODEL_EXPLAINED,
    },
    "tags": {"type": ["array", "null"], "maxItems": 100, "items": _TAG},
    "location": {
        "type": ["object", "null"],
        "required": ["lat", "lon"],
        "properties": {
            "lat": {"type": "number", "minimum": -90, "maximum": 90},
            "lon": {"type": "number", "minimum": -180, "maximum": 180},
            "alt": {"type": ["number", "null"]},
            "accuracy": {"type": ["number", "null"]},
            "provider": {"type": ["string", "null"], "maxLength": 255},
        },
    },
    "metadata": {
        "type": ["object", "null"],
        "properties": {
            "source": {"type": ["string", "null"], "maxLength": 512},
            "encoding": {"type": ["string", "null"], "maxLength": 255},
        },
    },
}
NEW = {"type": "object", "required": ["value"], "properties": _MESSAGE}
BULK = {
    "type": "array",
    "minItems": 1,
    "maxItems": 1000,
    "items": {
        "type": "object",
        "required": ["streamId", "value"],
        "properties": {"streamId": {"type": "string"}, **_MESSAGE},
    },
}
_LOCATION = ("lat", "lon", "alt", "accuracy", "provider")


def source(body: Mapping[str, Any]) -> str | None:
    """What the message says that it comes from."""
    named = (body.get("metadata") or {}).get("source")
    return named if isinstance(named, str) else None


@dataclass(frozen=True, slots=True)
class Posted:
    """A message of a request: when that came (ms), its id, the message's place in it, and with which key it came."""

    at: int
    event: str
    row: int = 0
    sender: str | None = None


def created(
    body: Mapping[str, Any], tenant: str, stream: str, posted: Posted, device: Device | None, path: str
) -> DataMessage:
    """The message that a body describes; `device`, in the group at `path`, is its source where that is one.

    Errors: Invalid.
    """
    value = body["value"]
    contents.ensure_names(value)
    size = len(json_text.render(value).encode())
    if size > MAX_VALUE:
        raise Invalid(f"value has {size} bytes; {MAX_VALUE} are allowed", "value")
    stamp = clamped(times.parse_optional(body.get("timestamp"), "timestamp"), posted.at)
    own_tags = device.tags if device else ()
    return DataMessage(
        tenant=tenant,
        id=message_id(stamp, posted.at, posted.event, posted.row),
        stream=stream,
        timestamp=stamp,
        created=posted.at,
        value=value,
        model=body.get("model"),
        tags=tuple(dict.fromkeys((*(body.get("tags") or ()), *own_tags))),
        location=_location(body),
        metadata=_metadata(body, device, path),
        sender=posted.sender,
    )


def _location(body: Mapping[str, Any]) -> dict[str, Any] | None:
    location = body.get("location")
    return present({name: location.get(name) for name in _LOCATION}) if location else None


def _metadata(body: Mapping[str, Any], device: Device | None, path: str) -> dict[str, Any]:
    return present(
        {
            "source": source(body),
            "connector": CONNECTOR,
            "encoding": (body.get("metadata") or {}).get("encoding"),
            "group": groups.reference(device.group, path) if device else None,
        }
    )


def render(message: DataMessage) -> dict[str, Any]:
    return present(
        {
            "id": message.id,
            "streamId": message.stream,
            "timestamp": times.render(message.timestamp),
            "location": dict(message.location) if message.location else None,
            "model": message.model,
            "value": message.value,
            "tags": list(message.tags),
            "extra": dict(message.extra) if message.extra else None,
            "metadata": {**message.metadata, **_sender(message)},
            "created": times.render(message.created),
        }
    )


def _sender(message: DataMessage) -> dict[str, Any]:
    """With which key it came, and what that key was allowed then (manual 4.3)."""
    told = senders.told(message.sender)
    if told is None:
        return {}
    return {"apiKeyId" if told.kind is Kind.KEY else "userId": told.id, "roles": [role.value for role in told.roles]}


def rendered_use(use: StreamUse) -> dict[str, Any]:
    return {"streamId": use.stream, "count": use.count, "lastUpdate": times.render(use.last)}
