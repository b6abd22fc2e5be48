"""Messages over HTTP: what devices said last, events published for or by a device, commands to it."""

import base64
from typing import Any

from chalicelib.dialects.ibm import payload, publishing, settings, times
from chalicelib.dialects.ibm.payload import CONTENT_TYPES, Said
from chalicelib.dialects.ibm.rest import places
from chalicelib.dialects.ibm.rest.places import DEVICE, ONE, PREFIX, at
from chalicelib.fleet.access.roles import Role
from chalicelib.fleet.data import messages
from chalicelib.fleet.data.records import DataMessage
from chalicelib.fleet.errors import CommandLimitReached, DeviceNotFound, Invalid, NotFound, TooLarge
from chalicelib.fleet.ports import Ports
from chalicelib.web.request import Answer, Request
from chalicelib.web.routes import Route

LARGEST = 131_072
"""Bytes of a payload."""
_SEARCHED = 1_000
_PAGE = 200
_DAY = 86_400_000
_NO_LEVEL = frozenset("/+#\x00")


def last_events(ports: Ports, request: Request) -> Answer:
    """The last received of each kind among the newest _SEARCHED events, in order of their names."""
    found = _newest(ports, request, None)
    return Answer([_cached(request, found[name]) for name in sorted(found)])


def last_event(ports: Ports, request: Request) -> Answer:
    name = request.path["event_id"]
    found = _newest(ports, request, name)
    if name not in found:
        raise NotFound(f"no event {name[:64]} of this device is in the cache")
    return Answer(_cached(request, found[name]))


def publish_event(ports: Ports, request: Request) -> Answer:
    """The device itself with its token, or an application for it."""
    device = places.device(ports, request)
    publishing.event(ports, device, _said(ports, request, request.path["event_id"]), "http")
    return Answer()


def publish_command(ports: Ports, request: Request) -> Answer:
    device = places.device(ports, request)
    publishing.command(ports, device, _said(ports, request, request.path["command_id"]))
    return Answer()


def _newest(ports: Ports, request: Request, wanted: str | None) -> dict[str, DataMessage]:
    device = places.device(ports, request)
    cache = settings.last_event_cache(ports, request.tenant)
    start = ports.clock.now() - cache.days * _DAY
    found: dict[str, DataMessage] = {}
    before: str | None = None
    for _ in range(_SEARCHED // _PAGE if cache.enabled else 0):
        page = messages.read(ports, request.tenant, device.data_stream, start=start, before=before, limit=_PAGE)
        own = [m for m in page if m.metadata.get("source") in (None, device.id)]
        for message in own:
            kind = payload.event_of(message)
            if kind not in found or _received(message) > _received(found[kind]):
                found[kind] = message
        # Where a device says itself when its events were, one that came later may stand further down.
        if len(page) < _PAGE or (wanted in found and all(m.timestamp == m.created for m in own)):
            break
        before = page[-1].id
    return found


def _received(message: DataMessage) -> tuple[int, str]:
    return message.created, message.id


def _cached(request: Request, message: DataMessage) -> dict[str, Any]:
    format_, body = payload.payload_of(message)
    return {
        "typeId": request.path["type_id"],
        "deviceId": request.path["device_id"],
        "eventId": payload.event_of(message),
        "format": format_,
        "timestamp": times.with_offset(message.timestamp),
        "payload": base64.b64encode(body).decode(),
    }


def _said(ports: Ports, request: Request, name: str) -> Said:
    """The request's body as a message. Errors: Invalid, TooLarge."""
    if _NO_LEVEL & set(name) or len(name.encode()) > 128:  # noqa: PLR2004 - as long as a topic of IoT Core allows
        raise Invalid("the name has no slash, + or #, and at most 128 bytes", "eventId")
    if len(request.raw) > LARGEST:
        raise TooLarge(f"a payload has at most {LARGEST} bytes", "body")
    kind = request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    if kind not in CONTENT_TYPES:
        raise Invalid(f"the content type is one of {', '.join(CONTENT_TYPES)}", "Content-Type")
    now = ports.clock.now()
    return Said(name, CONTENT_TYPES[kind], request.raw, now, ports.new_id(now))


_EVENTS = f"{DEVICE}/events"
_EVENT = f"{_EVENTS}/{{event_id}}"
_APPLICATION = f"{PREFIX}/application/types/{{type_id}}/devices/{{device_id}}"
_HEAR = frozenset({Role.DATA_R})
_SAY = frozenset({Role.DATA_W, Role.DEVICE_ACCESS})
_ONE_EVENT, _ONE_COMMAND = (*ONE, *at("event_id")), (*ONE, *at("command_id"))
_GONE = (DeviceNotFound,)
_LARGE = (*_GONE, TooLarge)
ROUTES = (
    Route("GET", _EVENTS, last_events, "List the last events", _HEAR, parameters=ONE, failures=_GONE),
    Route("GET", _EVENT, last_event, "Get the last event", _HEAR, parameters=_ONE_EVENT, failures=(NotFound,)),
    Route(
        "POST", _EVENT, publish_event, "Publish an event", _SAY, parameters=_ONE_EVENT, failures=_LARGE, devices=True
    ),
    Route(
        "POST",
        f"{_APPLICATION}/events/{{event_id}}",
        publish_event,
        "Publish an event for a device",
        frozenset({Role.DATA_W}),
        parameters=_ONE_EVENT,
        failures=_LARGE,
    ),
    Route(
        "POST",
        f"{_APPLICATION}/commands/{{command_id}}",
        publish_command,
        "Publish a command",
        frozenset({Role.DEVICE_W}),
        parameters=_ONE_COMMAND,
        failures=(*_LARGE, CommandLimitReached),
    ),
)
