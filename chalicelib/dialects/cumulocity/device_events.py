"""Events as Cumulocity shows them, and what a client says of one (reference, "Events").

What a device said by another dialect is an event where it has no numbers: its model is type and fragment, and the first
text in it the text. It stays as it is.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from chalicelib.dialects.cumulocity import fragments, measurements, times
from chalicelib.fleet.data.records import DataMessage
from chalicelib.fleet.errors import Invalid
from chalicelib.fleet.resources.records import Attachment

KIND = "event"
MANDATORY = ("source", "text", "time", "type")
OWN = frozenset({*MANDATORY, "id", "self", "creationTime", "lastUpdated"})
LONGEST_TYPE, LONGEST_TEXT = 256, 10_000
IS_BINARY = "c8y_IsBinary"
_UPDATED = "updated"
_NOTHING: tuple[Any, ...] = (None, "", {}, [])


def read(body: Mapping[str, Any]) -> dict[str, Any]:
    """What the fleet keeps of a body that has what is mandatory. Errors: Invalid."""
    kept = {name: value for name, value in fragments.of(body, OWN).items() if value is not None}
    return {"text": fragments.text(body, "text", LONGEST_TEXT), **kept}


@dataclass(frozen=True, slots=True)
class DeviceEvent:
    """`said` is text and fragments."""

    type: str | None
    said: Mapping[str, Any]


def of(message: DataMessage) -> DeviceEvent | None:
    """What a message of the fleet is here; None where it is something else, as what has numbers is."""
    if message.kind == KIND:
        return DeviceEvent(message.model, message.value)
    if message.kind != measurements.KIND or measurements.of(message) is not None:
        return None
    type_, value = message.model or measurements.FOREIGN, message.value
    text = next(_texts(value), "") or (type_ if value in _NOTHING else json.dumps(value, ensure_ascii=False))
    structure = {type_: value} if isinstance(value, dict | list) and value else {}
    return DeviceEvent(type_, {**structure, "text": text[:LONGEST_TEXT]})


def view(message: DataMessage, number: str, source: Mapping[str, Any], itself: str) -> dict[str, Any]:
    found = of(message) or DeviceEvent(message.model, {})
    return {
        **found.said,
        "id": number,
        "self": itself,
        "source": source,
        "type": found.type,
        "time": times.render(message.timestamp),
        "creationTime": times.render(message.created),
        "lastUpdated": times.render(updated(message)),
    }


def updated(message: DataMessage) -> int:
    return int((message.extra or {}).get(_UPDATED, message.created))


def changed(body: Mapping[str, Any], source: str, now: int) -> Callable[[DataMessage], DataMessage]:
    """What a body makes of the event of that source: text and fragments, null takes one away.

    The change raises Invalid where another property is not as it is.
    """
    said = fragments.of(body, OWN)
    if body.get("text") is not None:
        said["text"] = fragments.text(body, "text", LONGEST_TEXT)

    def change(message: DataMessage) -> DataMessage:
        ensure_own(message)
        _ensure_same(body, message, source)
        value = {name: one for name, one in {**message.value, **said}.items() if one is not None}
        fragments.ensure_fits(value)
        return replace(message, value=value, extra={**(message.extra or {}), _UPDATED: now})

    return change


def attached(message: DataMessage, file: Attachment | None, now: int) -> DataMessage:
    """The event that tells of its file; None where it has none any more."""
    value = {name: one for name, one in message.value.items() if name != IS_BINARY}
    if file is not None:
        value[IS_BINARY] = {"name": file.name, "length": file.size, "type": file.type}
    return replace(message, value=value, extra={**(message.extra or {}), _UPDATED: now})


def ensure_own(message: DataMessage) -> None:
    """Errors: Invalid (what came by another dialect is not changed here)."""
    if message.kind != KIND:
        raise Invalid("what came by another dialect, or is no event, stays as it is", "id")


def _texts(value: Any) -> Iterator[str]:
    """Those in it that say something, the first one first."""
    if isinstance(value, str) and value.strip():
        yield value
    elif isinstance(value, dict | list):
        for below in value.values() if isinstance(value, dict) else value:
            yield from _texts(below)


def _ensure_same(body: Mapping[str, Any], message: DataMessage, source: str) -> None:
    if body.get("type") not in (None, message.model):
        raise Invalid("the type of an event stays as it is", "type")
    if body.get("time") is not None and times.parse(body["time"], "time") != message.timestamp:
        raise Invalid("the time of an event stays as it is", "time")
    named = body.get("source")
    if named is not None and not (isinstance(named, dict) and str(named.get("id", source)) == source):
        raise Invalid("the source of an event stays as it is", "source")
