"""JSON over MQTT: bodies of the REST API on topics like its paths (guide "JSON via MQTT").

What is not said of whom it is, is of the device that is connected; `externalSource` names one below it.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from chalicelib.dialects.cumulocity import appearing, errors, naming, reach, replying, saying, topics
from chalicelib.dialects.cumulocity.saying import Subject
from chalicelib.dialects.cumulocity.speaking import Speaker
from chalicelib.dialects.registry import Malformed
from chalicelib.fleet.errors import Contended, FleetError, Invalid, ObjectNotFound, TemporarilyUnavailable
from chalicelib.fleet.errors import Unauthenticated as NotHere
from chalicelib.fleet.inventory import hierarchy, objects
from chalicelib.fleet.inventory.managed_objects import ChildKind, ManagedObject
from chalicelib.web import json_text

MOST = 1_000
"""Elements of one message."""
Say = Callable[[Subject, Mapping[str, Any]], None]
_SAID: Mapping[str, tuple[str, Say]] = {
    "measurement/measurements": ("measurements", saying.measurement),
    "event/events": ("events", saying.event),
    "alarm/alarms": ("alarms", saying.alarm),
}
_OBJECTS = "inventory/managedObjects"
_CHILDREN = {"childDevices": ChildKind.DEVICE, "childAssets": ChildKind.ASSET, "childAdditions": ChildKind.ADDITION}


def receive(speaker: Speaker) -> None:
    """Errors: Malformed, told on the topic for errors as well."""
    try:
        _receive(speaker)
    except (TemporarilyUnavailable, Contended, NotHere):
        raise
    except FleetError as error:
        _tell(speaker, error)
        raise Malformed(str(error)) from error


def _receive(speaker: Speaker) -> None:
    api, resource, *rest = [*speaker.uplink.topic.split("/"), ""]
    action, *more = rest[:-1] or [""]
    path = f"{api}/{resource}"
    if path in _SAID and action in ("create", "createBulk") and not more:
        _create(speaker, path, bulk=action == "createBulk")
    elif path == _OBJECTS:
        _object(speaker, [action, *more])
    elif len(more) == 1 and action in ("update", "delete") and path in _SAID:
        _change(speaker, path, action, more[0])
    else:
        raise Malformed(f"a device may not publish on topic {speaker.uplink.topic}")


def _body(speaker: Speaker) -> dict[str, Any]:
    """Errors: Invalid."""
    return saying.ensure_object(json_text.parse(speaker.uplink.payload) if speaker.uplink.payload.strip() else {})


def _create(speaker: Speaker, path: str, *, bulk: bool) -> None:
    name, say = _SAID[path]
    body = _body(speaker)
    several = body.get(name) if bulk else [body]
    if not isinstance(several, list) or not 0 < len(several) <= MOST:
        raise Invalid(f"{name} is a list of 1 to {MOST}", name)
    each = [saying.ensure_object(one) for one in several]
    subjects = [_subject(speaker, one, row) for row, one in enumerate(each)]
    for subject, one in zip(subjects, each, strict=True):
        say(subject, one)


def _subject(speaker: Speaker, body: Mapping[str, Any], row: int) -> Subject:
    """Errors: Invalid, ObjectNotFound, Forbidden."""
    outside, inside = body.get("externalSource"), body.get("source")
    # What nobody can read names somebody all the same: it must not be taken for the device itself.
    for name, named in (("externalSource", outside), ("source", inside)):
        if named is not None and not isinstance(named, dict):
            raise Invalid(f"{name} is an object", name)
    if outside is not None:
        return Subject(speaker, _outside(speaker, outside), row)
    number = inside.get("id") if inside is not None else None
    if number in (None, ""):
        return Subject(speaker, speaker.target, row)
    return Subject(speaker, reach.get(speaker.ports, speaker.caller, str(number)), row)


def _outside(speaker: Speaker, named: Mapping[str, Any]) -> ManagedObject:
    """One below the device; a child that nobody has heard of is made."""
    type_, value = named.get("type", naming.SERIAL), named.get("externalId")
    if not (isinstance(value, str) and value and isinstance(type_, str)):
        raise Invalid("externalSource has an externalId and a type", "externalSource")
    if type_ == naming.SERIAL:
        return Speaker(speaker.ports, speaker.claim, speaker.uplink, speaker.mode, value).target
    return reach.ensure(speaker.ports, speaker.caller, objects.named(speaker.ports, speaker.tenant, type_, value))


def _change(speaker: Speaker, path: str, action: str, number: str) -> None:
    if action == "delete" and path != "alarm/alarms":
        saying.delete_message(speaker, number)
    elif action == "update" and path == "event/events":
        saying.change_event(speaker, number, _body(speaker))
    elif action == "update" and path == "alarm/alarms":
        saying.change_alarm(speaker, number, _body(speaker))
    else:
        raise Malformed(f"a device may not publish on topic {speaker.uplink.topic}")


def _object(speaker: Speaker, levels: list[str]) -> None:
    match levels:
        case ["create"]:
            saying.make_object(speaker, _body(speaker))
        case ["update"]:
            saying.change_object(speaker, speaker.target, _body(speaker))
        case ["update", named]:
            saying.change_object(speaker, _named(speaker, named), _body(speaker))
        case [named, kind, "create"] if kind in _CHILDREN:
            parent = _named(speaker, named)
            body = _body(speaker)
            made = saying.make_object(speaker, body)
            hierarchy.link(speaker.ports, speaker.tenant, parent.id, made.id, _CHILDREN[kind])
            if kind == "childDevices":
                serial = next((one.value for one in _names(speaker, made) if one.type == naming.SERIAL), made.id)
                appearing.behind(speaker.ports, made, serial, speaker.agent)
        case _:
            raise Malformed(f"a device may not publish on topic {speaker.uplink.topic}")


def _names(speaker: Speaker, found: ManagedObject) -> list[Any]:
    return list(speaker.ports.objects.names(found.tenant, found.id))


def _named(speaker: Speaker, text: str) -> ManagedObject:
    """By its serial first, which may be a number, too. Errors: ObjectNotFound, Forbidden."""
    found = appearing.named(speaker.ports, speaker.tenant, text)
    if found is not None and reach.has(speaker.ports, speaker.caller, found):
        return found
    # Another device may have called a child by the number of this one, whose own objects stay within its reach.
    meant = (speaker.ports.objects.get(speaker.tenant, text) if text.isdecimal() else None) or found
    if meant is None:
        raise ObjectNotFound(f"object {text[:64]} not found")
    return reach.ensure(speaker.ports, speaker.caller, meant)


def _tell(speaker: Speaker, error: FleetError) -> None:
    told = {"error": errors.named(error), "message": str(error), "messageId": 0}
    text = json.dumps(told, ensure_ascii=False)
    replying.reply(speaker.ports, speaker.claim, topics.JSON_ERRORS, text, speaker.uplink.event, ask=False)
