"""`/api/v0/data`: what devices and clients said, by stream."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from chalicelib.dialects.live_objects import streams, times
from chalicelib.dialects.live_objects.identity import is_urn
from chalicelib.dialects.live_objects.rest.identifiers import DEVICE
from chalicelib.dialects.live_objects.rest.shapes import data as shapes
from chalicelib.fleet.access.roles import Role
from chalicelib.fleet.data import messages, senders
from chalicelib.fleet.data.records import DataMessage
from chalicelib.fleet.errors import DeviceNotFound, Invalid
from chalicelib.fleet.ids import is_ordered_id
from chalicelib.fleet.inventory import devices, group_paths
from chalicelib.fleet.inventory.records import ROOT_PATH, Device
from chalicelib.fleet.ports import Ports
from chalicelib.web import json_text
from chalicelib.web.parameters import Kind, Parameter, Place
from chalicelib.web.request import Answer, Request
from chalicelib.web.routes import KILOBYTE, Route

MAX_ANSWER = 4_000_000
"""Bytes of documents in one answer: a Lambda function's has at most 6 MB, in base64."""

_STREAM = Parameter("stream_id", place=Place.PATH)
_LIMIT = Parameter("limit", Kind.INTEGER, default=100, bounds=(1, 1000), explained="documents in the answer")
_RANGE = Parameter(
    "timeRange", explained="from,to in ISO 8601; from is inclusive, to is exclusive, either may be empty"
)
_STREAMS_SHOWN = Parameter("limit", Kind.INTEGER, default=10, bounds=(1, 100), explained="streams in the answer")
_BOOKMARK = Parameter("bookmarkId", explained="id of the last document of the previous page")


def insert(ports: Ports, request: Request) -> Answer:
    """202: the message is stored when the answer leaves."""
    stream = streams.checked(request.asked["stream_id"], "streamId")
    _store(ports, request, [(stream, request.body)])
    return Answer()


def bulk(ports: Ports, request: Request) -> Answer:
    """All of it or, where one message is not valid, none."""
    _store(ports, request, [(streams.checked(m["streamId"], f"[{n}].streamId"), m) for n, m in enumerate(request.body)])
    return Answer()


def read(ports: Ports, request: Request) -> Answer:
    """Newest first. Fewer than `limit` where more would not fit into one answer: a bookmark goes on from there."""
    stream = streams.checked(request.asked["stream_id"], "streamId")
    start, end = _range(request.query.sent(_RANGE.name))
    before = request.asked["bookmarkId"]
    if before is not None and not is_ordered_id(before):
        raise Invalid("bookmarkId is the id of a document", "bookmarkId")
    page = partial(messages.read, ports, request.tenant, stream, start=start, end=end)
    return Answer(_fitting(page(before=before, limit=request.asked["limit"])))


def streams_of_device(ports: Ports, request: Request) -> Answer:
    """The streams that a device sent into, the latest first."""
    device = devices.get(ports, request.tenant, request.asked["device_id"])
    used = messages.streams(ports, request.tenant, device.id, request.asked["limit"])
    return Answer([shapes.rendered_use(use) for use in used])


def _store(ports: Ports, request: Request, posted: list[tuple[str, Mapping[str, Any]]]) -> None:
    now = ports.clock.now()
    event, sender = ports.new_id(now), senders.of(request.by)
    known: dict[str, Device | None] = {}
    made = []
    for n, (stream, body) in enumerate(posted):
        device = _source(ports, request.tenant, body, known)
        path = group_paths.path_of(ports, request.tenant, device.group) if device else ROOT_PATH
        each = shapes.Posted(now, event, n, sender)
        made.append((shapes.created(body, request.tenant, stream, each, device, path), device))
    messages.store_all(ports, [(message, device.id if device else None) for message, device in made])


def _source(ports: Ports, tenant: str, body: Mapping[str, Any], known: dict[str, Device | None]) -> Device | None:
    """The device that a message names as its source."""
    named = shapes.source(body)
    if named is None or not is_urn(named):
        return None
    if named not in known:
        known[named] = ports.devices.get(tenant, named)
    return known[named]


def _range(sent: Sequence[str]) -> tuple[int | None, int | None]:
    """`timeRange=from,to`, or `timeRange=from&timeRange=to`, as clients write a list that OpenAPI explodes."""
    text = ",".join(sent)
    if not text:
        return None, None
    lower, comma, upper = text.strip("[]").partition(",")
    if not comma or "," in upper:
        raise Invalid("timeRange has a comma between its bounds", "timeRange")
    return times.parse_optional(lower.strip(), "timeRange"), times.parse_optional(upper.strip(), "timeRange")


def _fitting(found: list[DataMessage]) -> list[dict[str, Any]]:
    shown: list[dict[str, Any]] = []
    size = 0
    for message in found:
        body = shapes.render(message)
        size += len(json_text.render(body).encode())
        if shown and size > MAX_ANSWER:
            break
        shown.append(body)
    return shown


_STREAMS = "/api/v0/data/streams/{stream_id}"

ROUTES = (
    Route(
        "POST",
        _STREAMS,
        insert,
        "Insert a data message into a stream",
        frozenset({Role.DATA_W}),
        202,
        schema=shapes.NEW,
        parameters=(_STREAM,),
        max_body=2 * KILOBYTE * KILOBYTE,
    ),
    Route(
        "GET",
        _STREAMS,
        read,
        "Read a stream",
        frozenset({Role.DATA_R}),
        parameters=(_STREAM, _LIMIT, _RANGE, _BOOKMARK),
    ),
    Route(
        "GET",
        "/api/v1/deviceMgt/devices/{device_id}/data/streams",
        streams_of_device,
        "List the streams of a device",
        frozenset({Role.DATA_R}),
        parameters=(DEVICE, _STREAMS_SHOWN),
        failures=(DeviceNotFound,),
    ),
    Route(
        "POST",
        "/api/v0/data/bulk",
        bulk,
        "Insert data messages into streams",
        frozenset({Role.DATA_W}),
        202,
        schema=shapes.BULK,
        max_body=4 * KILOBYTE * KILOBYTE,
    ),
)
