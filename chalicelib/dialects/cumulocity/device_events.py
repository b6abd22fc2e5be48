"""Events as Cumulocity shows them, and what a client says of one (reference, "Events")."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from chalicelib.dialects.cumulocity import fragments, times
from chalicelib.fleet.data.records import DataMessage
from chalicelib.fleet.errors import Invalid
from chalicelib.fleet.resources.records import Attachment

KIND = "event"
MANDATORY = ("source", "text", "time", "type")
OWN = frozenset({*MANDATORY, "id", "self", "creationTime", "lastUpdated"})
LONGEST_TYPE, LONGEST_TEXT = 256, 10_000
IS_BINARY = "c8y_IsBinary"
_UPDATED = "updated"


def read(body: Mapping[str, Any]) -> dict[str, Any]:
    """What the fleet keeps of a body that has what is mandatory. Errors: Invalid."""
    kept = {name: value for name, value in fragments.of(body, OWN).items() if value is not None}
    return {"text": fragments.text(body, "text", LONGEST_TEXT), **kept}


def view(message: DataMessage, number: str, source: Mapping[str, Any], itself: str) -> dict[str, Any]:
    return {
        **message.value,
        "id": number,
        "self": itself,
        "source": source,
        "type": message.model,
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


def _ensure_same(body: Mapping[str, Any], message: DataMessage, source: str) -> None:
    if body.get("type") not in (None, message.model):
        raise Invalid("the type of an event stays as it is", "type")
    if body.get("time") is not None and times.parse(body["time"], "time") != message.timestamp:
        raise Invalid("the time of an event stays as it is", "time")
    named = body.get("source")
    if named is not None and not (isinstance(named, dict) and str(named.get("id", source)) == source):
        raise Invalid("the source of an event stays as it is", "source")
