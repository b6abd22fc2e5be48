"""`/device/types` of v0002."""

from collections.abc import Iterator
from typing import Any

from chalicelib.dialects.ibm import inventory, times, types
from chalicelib.dialects.ibm.rest import lists
from chalicelib.dialects.ibm.rest.places import OF_TYPE, READ, TYPE, TYPES, WRITE
from chalicelib.fleet.documents import Record
from chalicelib.fleet.errors import Conflict, NotFound
from chalicelib.fleet.ports import Ports
from chalicelib.web.request import Answer, Request
from chalicelib.web.routes import Route

_TEXT = {"type": ["string", "null"], "maxLength": 1024}
DEVICE_INFO = {"type": ["object", "null"], "additionalProperties": _TEXT}
_CHANGES = {"description": _TEXT, "deviceInfo": DEVICE_INFO, "metadata": inventory.METADATA}
NEW = {
    "type": "object",
    "required": ["id"],
    "properties": {**_CHANGES, "id": {"type": "string"}, "classId": {"enum": [*types.CLASSES, None]}},
}
UPDATE = {"type": "object", "properties": _CHANGES}


def listing(ports: Ports, request: Request) -> Answer:
    def after(key: str | None) -> Iterator[tuple[str, dict[str, Any]]]:
        return ((record.id, render(record)) for record in types.every(ports, request.tenant, key))

    def total() -> int:
        return sum(1 for _ in types.every(ports, request.tenant, None))

    return lists.answered(request, after, total, ("id",))


def create(ports: Ports, request: Request) -> Answer:
    return Answer(render(types.create(ports, request.tenant, request.body)))


def read(ports: Ports, request: Request) -> Answer:
    return Answer(render(types.get(ports, request.tenant, request.path["type_id"])))


def update(ports: Ports, request: Request) -> Answer:
    changes = {k: v for k, v in request.body.items() if k in UPDATE["properties"] and v is not None}
    return Answer(render(types.update(ports, request.tenant, request.path["type_id"], changes)))


def delete(ports: Ports, request: Request) -> Answer:
    types.delete(ports, request.tenant, request.path["type_id"])
    return Answer()


def render(record: Record) -> dict[str, Any]:
    body = dict(record.body)
    created, updated = body.pop("created", None), body.pop("updated", None)
    return {
        "id": record.id,
        "deviceInfo": {},
        **body,
        "refs": {"devices": f"{TYPES}/{record.id}/devices"},
        **({"createdDateTime": times.render(created)} if created is not None else {}),
        **({"updatedDateTime": times.render(updated)} if updated is not None else {}),
    }


_GONE = (NotFound,)
ROUTES = (
    Route("GET", TYPES, listing, "List device types", READ, parameters=lists.PARAMETERS),
    Route("POST", TYPES, create, "Create a device type", WRITE, 201, schema=NEW, failures=(Conflict,)),
    Route("GET", OF_TYPE, read, "Get a device type", READ, parameters=TYPE, failures=_GONE),
    Route("PUT", OF_TYPE, update, "Update a device type", WRITE, schema=UPDATE, parameters=TYPE, failures=_GONE),
    Route(
        "DELETE", OF_TYPE, delete, "Delete a device type", WRITE, 204, parameters=TYPE, failures=(NotFound, Conflict)
    ),
)
