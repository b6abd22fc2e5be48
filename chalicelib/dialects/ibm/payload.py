"""Payloads of events and commands (manual 5.4).

A JSON object of `d`, an object, and perhaps `ts`, a time in ISO 8601, meets the platform's specification: what is in
`d` can be searched, summarized and shown to other dialects. Every other payload is a custom one. Both are given back
byte for byte.
"""

import base64
import json
from enum import StrEnum
from typing import Any

from chalicelib.dialects.ibm import times
from chalicelib.fleet import times as moments
from chalicelib.fleet.data.messages import doubtful
from chalicelib.fleet.data.records import DataMessage, message_id
from chalicelib.fleet.errors import Invalid
from chalicelib.fleet.frozen import dataclass
from chalicelib.fleet.inventory.records import Device

JSON = "json"
_JSON_FORMATS = frozenset({"json", "json-iotf", "iotf-json"})
_TEXT_FORMATS = frozenset({"text", "txt", "xml", "csv"})
CONTENT_TYPES = {
    "application/json": JSON,
    "text/plain": "text",
    "application/xml": "xml",
    "application/octet-stream": "bin",
}
FORMATS = {format_: kind for kind, format_ in CONTENT_TYPES.items()}


class Form(StrEnum):
    """How the bytes of a payload follow from the value that was kept of it."""

    DATA = "d"
    VALUE = "value"
    TEXT = "text"
    BASE64 = "base64"


@dataclass(frozen=True, slots=True)
class Said:
    """What a device or an application published: `name` is the event's or the command's, `event` the broker's id."""

    name: str
    format: str
    payload: bytes
    at: int
    event: str


@dataclass(frozen=True, slots=True)
class Specified:
    """A payload that meets the specification; `at` is its `ts` in ms."""

    data: dict[str, Any]
    at: int | None


def specified(payload: bytes, format_: str) -> Specified | None:
    """The payload's data where it meets the specification, None for a custom one."""
    body = parsed(payload, format_)
    if not isinstance(body, dict) or not isinstance(body.get("d"), dict) or body.keys() - {"d", "ts"}:
        return None
    if "ts" not in body:
        return Specified(body["d"], None)
    at = moment(body["ts"])
    return None if at is None else Specified(body["d"], at)


def parsed(payload: bytes, format_: str) -> Any:
    """The JSON value of a payload in a JSON format, None where it is none (or `null`)."""
    if format_.lower() not in _JSON_FORMATS:
        return None
    from chalicelib.web import json_text

    try:
        return json_text.parse_lenient(payload)
    except Invalid:
        return None


def moment(text: Any) -> int | None:
    """ISO 8601 to milliseconds; a time without an offset is UTC."""
    if not isinstance(text, str):
        return None
    try:
        return moments.parse(text)
    except ValueError:
        return None


def doubt(said: Said, found: Specified | None) -> str | None:
    """Why the event's own time is not to be believed, None where it is or there is none."""
    why = doubtful(found.at, said.at) if found is not None and found.at is not None else None
    return None if why is None else f"ts {why}; the time of arrival is taken"


def message(device: Device, said: Said, found: Specified | None, connector: str, path: str) -> DataMessage:
    """An event as the fleet keeps it: its name is the model, what is in `d` the value. `path` is that of the group.

    `found` is what its payload has of the specification.
    """
    stamp = said.at if found is None or found.at is None or doubt(said, found) else found.at
    value, form = (found.data, Form.DATA) if found else _custom(said)
    extra = {"format": said.format, "as": form.value}
    if _written(value, form) != said.payload:
        # Only what cannot be written again in the same bytes is kept beside the value.
        extra["payload"] = base64.b64encode(said.payload).decode()
    return DataMessage(
        tenant=device.tenant,
        id=message_id(stamp, said.at, said.event),
        stream=device.data_stream,
        timestamp=stamp,
        created=said.at,
        value=value,
        model=said.name,
        tags=device.tags,
        metadata={"source": device.id, "connector": connector, "group": {"id": device.group, "path": path}},
        extra=extra,
    )


def is_own(kept: DataMessage) -> bool:
    """Whether it was published as an event of this dialect."""
    return kept.extra is not None and kept.extra.keys() >= {"as", "format"}


def payload_of(kept: DataMessage) -> tuple[str, bytes]:
    """Format and bytes of a message as it was published; of another dialect's message, what it would be here."""
    extra = kept.extra or {}
    if not is_own(kept):
        return JSON, compact({"d": data_of(kept), "ts": times.render(kept.timestamp)})
    if "payload" in extra:
        return extra["format"], base64.b64decode(extra["payload"])
    return extra["format"], _written(kept.value, Form(extra["as"]))


def data_of(kept: DataMessage) -> dict[str, Any]:
    """A message's content as an object."""
    return kept.value if isinstance(kept.value, dict) else {"value": kept.value}


def event_of(kept: DataMessage) -> str:
    """The event's name; a message of another dialect is named after its model."""
    return kept.model or kept.kind


def compact(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def _custom(said: Said) -> tuple[Any, Form]:
    value = parsed(said.payload, said.format)
    if value is not None:
        return value, Form.VALUE
    if said.format.lower() in _TEXT_FORMATS:
        try:
            return said.payload.decode(), Form.TEXT
        except UnicodeDecodeError:
            pass
    return {"payload": base64.b64encode(said.payload).decode()}, Form.BASE64


def _written(value: Any, form: Form) -> bytes:
    match form:
        case Form.DATA:
            return compact({"d": value})
        case Form.VALUE:
            return compact(value)
        case Form.TEXT:
            return str(value).encode()
        case Form.BASE64:
            return base64.b64decode(value["payload"])
