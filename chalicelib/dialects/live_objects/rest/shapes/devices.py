"""Devices (manual 5.2.1.2, 5.3.1 and 5.3.2)."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from chalicelib.dialects.live_objects import streams, times
from chalicelib.dialects.live_objects.identity import MAX_URN, URN
from chalicelib.dialects.live_objects.rest.shapes import groups, interfaces, present
from chalicelib.fleet.errors import InterfaceDuplicate, Invalid
from chalicelib.fleet.inventory.records import LONGEST_NAME, MAX_INTERFACES, Device, Location
from chalicelib.fleet.presence.mailbox import Mailbox

MAX_TAGS = 40
"""Each is an entry of an index: all that changes with a device fits into one transaction of 100 items."""
FIELDS = (
    "id",
    "name",
    "description",
    "tags",
    "properties",
    "group",
    "interfaces",
    "config",
    "resources",
    "firmwares",
    "activityState",
    "defaultDataStreamId",
    "created",
    "updated",
    "staticLocation",
)
LISTED = ("id", "name", "group", "tags")
"""What a list shows unless `fields` asks for something else."""

_LOCATION = {
    "type": ["object", "null"],
    "required": ["lat", "lon"],
    "properties": {
        "lat": {"type": "number", "minimum": -90, "maximum": 90},
        "lon": {"type": "number", "minimum": -180, "maximum": 180},
        "alt": {"type": ["number", "null"]},
    },
}
_IDENTIFIER = {
    "type": "string",
    "maxLength": MAX_URN,
    "pattern": f"^{URN.pattern}$",
    "description": "is urn:lo:nsid:{namespace}:{id}, of letters, digits, - and _, and : in the id",
}
DESCRIPTION = {
    "name": {"type": ["string", "null"], "maxLength": LONGEST_NAME},
    "description": {"type": ["string", "null"], "maxLength": 500},
    "tags": {
        "type": ["array", "null"],
        "maxItems": MAX_TAGS,
        "items": {"type": "string", "minLength": 1, "maxLength": 32},
    },
    "properties": {
        "type": ["object", "null"],
        "maxProperties": 100,
        "propertyNames": {
            "maxLength": 128,
            "pattern": r"^(?!(class|_class)$)[^$.]+$",
            "description": "is no name: it has $ or a dot, is longer than 128 characters, or is class or _class",
        },
        "additionalProperties": {"type": "string", "maxLength": 256},
    },
}
_DESCRIPTION = {
    **DESCRIPTION,
    "defaultDataStreamId": {"type": ["string", "null"], "minLength": 1, "maxLength": 255},
    "group": groups.REFERENCE,
    "staticLocation": _LOCATION,
}
NEW = {
    "type": "object",
    "required": ["id"],
    "properties": {
        "id": _IDENTIFIER,
        **_DESCRIPTION,
        "interfaces": {"type": ["array", "null"], "maxItems": MAX_INTERFACES, "items": interfaces.NEW},
    },
}
UPDATE = {"type": "object", "required": ["id"], "properties": {"id": _IDENTIFIER, **_DESCRIPTION}}


def created(body: Mapping[str, Any], tenant: str, now: int, group: str) -> Device:
    """The device that a body describes, in that group. Errors: Invalid, ConnectorNotFound, InterfaceDuplicate."""
    wanted = tuple(interfaces.created(interface, now) for interface in body.get("interfaces") or ())
    if len({interface.key for interface in wanted}) < len(wanted):
        raise InterfaceDuplicate("interfaces has two with one connector and node")
    return changed(Device(tenant, body["id"], now, now, interfaces=wanted), body, group)


def changed(device: Device, body: Mapping[str, Any], group: str | None) -> Device:
    """The device with the fields that the body has; those it leaves out, or has as null, stay as they are.

    `group` is the id of the group that the body names, None where it names none.
    """
    given = {name: value for name, value in body.items() if value is not None}
    changes: dict[str, Any] = {name: given[name] for name in ("name", "description", "properties") if name in given}
    if "tags" in given:
        changes["tags"] = tuple(dict.fromkeys(given["tags"]))
    if "defaultDataStreamId" in given:
        changes["stream"] = streams.checked(given["defaultDataStreamId"], "defaultDataStreamId")
    if group is not None:
        changes["group"] = group
    if "staticLocation" in given:
        changes["location"] = _location(given["staticLocation"])
    return replace(device, **changes)


def _location(body: Mapping[str, Any]) -> Location:
    return Location(float(body["lat"]), float(body["lon"]), None if body.get("alt") is None else float(body["alt"]))


def fields_of(asked: Collection[str] | None) -> Collection[str]:
    """What to show of each device of a list: the id always. Errors: Invalid."""
    for name in asked or ():
        if name not in FIELDS:
            raise Invalid(f"fields is among {', '.join(FIELDS)}", "fields")
    return {"id", *asked} if asked else LISTED


def render(device: Device, path: str, mailbox: Mailbox | None, fields: Collection[str] | None = None) -> dict[str, Any]:
    """All of a device in the group at `path`, or the named fields; `mailbox` is only needed for its interfaces."""
    body = {
        "id": device.id,
        "name": device.name,
        "description": device.description,
        "defaultDataStreamId": device.data_stream,
        "tags": list(device.tags) or None,
        "properties": dict(device.properties) or None,
        "group": groups.reference(device.group, path),
        "interfaces": [interfaces.render(i, None, mailbox) for i in device.interfaces] or None,
        "activityState": "NOT_MONITORED",
        "created": times.render(device.created),
        "updated": times.render(device.updated),
        "staticLocation": _rendered_location(device.location),
    }
    return present(body if fields is None else {name: body.get(name) for name in FIELDS if name in fields})


def _rendered_location(location: Location | None) -> dict[str, Any] | None:
    if location is None:
        return None
    return present({"lat": location.lat, "lon": location.lon, "alt": location.alt})
