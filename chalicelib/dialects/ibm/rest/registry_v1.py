"""REST v0001: organization, devices and device types (manual 3.1).

Beside what the manual says, as its published clients do it: an update may be a form posted to the device, and on the
host without an organization all paths begin with `organizations/{org}`.
"""

import json
from collections import Counter
from itertools import islice
from typing import Any
from urllib.parse import parse_qs, quote

from chalicelib.dialects.ibm import inventory, noticing, times
from chalicelib.dialects.ibm import types as device_types
from chalicelib.dialects.ibm.identity import Name
from chalicelib.dialects.ibm.inventory import Registration
from chalicelib.dialects.ibm.rest.access import hostname
from chalicelib.dialects.ibm.rest.shapes import registration
from chalicelib.fleet.access.roles import Role
from chalicelib.fleet.errors import DeviceDuplicate, DeviceNotFound, Forbidden, Invalid, NotFound
from chalicelib.fleet.inventory import devices
from chalicelib.fleet.inventory.records import Device
from chalicelib.fleet.ports import Ports
from chalicelib.web import json_text, schemas
from chalicelib.web.parameters import Parameter, Place
from chalicelib.web.request import Answer, Request
from chalicelib.web.routes import Route

PREFIX = "/api/v0001"
MOST = 10_000
"""How many devices one answer lists or counts at most: this version has no pages."""

NEW = {
    "type": "object",
    "required": ["type", "id"],
    "properties": {"metadata": inventory.METADATA, "password": {"type": ["string", "null"]}},
}
UPDATE = {"type": "object", "required": ["metadata"], "properties": {"metadata": inventory.METADATA}}


def organization(ports: Ports, request: Request) -> Answer:
    tenant = ports.tenants.get(request.tenant)
    if tenant is None:
        raise NotFound("no such organization")
    # A tenant does not change once it is there.
    created = times.render(tenant.created)
    return Answer({"id": tenant.id, "name": tenant.name, "created": created, "updated": created})


def listing(ports: Ports, request: Request) -> Answer:
    found = inventory.every(ports, request.tenant, type_=request.path.get("device_type"))
    return Answer([render(owned.name, owned.device) for owned in islice(found, MOST)])


def types(ports: Ports, request: Request) -> Answer:
    counts = Counter(owned.name.type for owned in islice(inventory.every(ports, request.tenant), MOST))
    return Answer([{"deviceType": type_, "count": count} for type_, count in sorted(counts.items())])


def register(ports: Ports, request: Request) -> Answer:
    name = inventory.checked_name(request.body["type"], request.body["id"])
    own = {"metadata": request.body["metadata"]} if request.body.get("metadata") is not None else {}
    gateway = device_types.is_gateway(ports, request.tenant, name.type)
    wanted = Registration(name, request.body.get("password"), own, gateway)
    device, token = inventory.register(ports, request.by, wanted)
    location = f"https://{hostname(request)}{PREFIX}/devices/{quote(name.type)}/{quote(name.id)}"
    return Answer({**render(name, device), "password": token}, headers={"Location": location})


def read(ports: Ports, request: Request) -> Answer:
    name = _named(request)
    return Answer(render(name, devices.get(ports, request.tenant, name.fleet_id)))


def update(ports: Ports, request: Request) -> Answer:
    return _update(ports, request, request.body)


def update_by_form(ports: Ports, request: Request) -> Answer:
    """`metadata` is JSON inside a form, or the whole body is JSON."""
    body = request.raw
    if "form" in request.headers.get("content-type", ""):
        posted = parse_qs(body.decode(errors="replace")).get("metadata")
        if not posted:
            raise Invalid("metadata is required", "metadata")
        body = json.dumps({"metadata": json_text.parse(posted[-1].encode())}).encode()
    parsed = json_text.parse(body)
    schemas.check(UPDATE, parsed)
    return _update(ports, request, parsed)


def delete(ports: Ports, request: Request) -> Answer:
    devices.delete(ports, request.tenant, _named(request).fleet_id)
    return Answer()


def render(name: Name, device: Device) -> dict[str, Any]:
    """A device as v0001 shows it."""
    body: dict[str, Any] = {"uuid": inventory.client_of(device), "type": name.type, "id": name.id}
    if (metadata := inventory.metadata(device)) is not None:
        body["metadata"] = metadata
    return {**body, "registration": registration(device)}


def _update(ports: Ports, request: Request, body: dict[str, Any]) -> Answer:
    name = _named(request)
    metadata = body["metadata"] or {}
    device = noticing.change(ports, request.tenant, name.fleet_id, lambda own: {**own, "metadata": metadata})
    return Answer(render(name, device))


def _named(request: Request) -> Name:
    return inventory.addressed(request.path["device_type"], request.path["device_id"])


READ, WRITE = frozenset({Role.DEVICE_R}), frozenset({Role.DEVICE_W})
_TYPE = Parameter("device_type", place=Place.PATH)
_ID = Parameter("device_id", place=Place.PATH)
_ORGANIZATION = Parameter("organization", place=Place.PATH)


def _routes(base: str, above: tuple[Parameter, ...]) -> tuple[Route, ...]:
    of_type, device = f"{base}/devices/{{device_type}}", f"{base}/devices/{{device_type}}/{{device_id}}"
    named = (*above, _TYPE, _ID)
    gone = (DeviceNotFound,)
    return (
        Route("GET", base, organization, "View the organization", parameters=above, failures=(Forbidden,)),
        Route("GET", f"{base}/devices", listing, "List devices", READ, parameters=above),
        Route(
            "POST",
            f"{base}/devices",
            register,
            "Register a device",
            WRITE,
            201,
            schema=NEW,
            parameters=above,
            failures=(DeviceDuplicate,),
        ),
        Route("GET", of_type, listing, "List devices by type", READ, parameters=(*above, _TYPE)),
        Route("GET", f"{base}/device-types", types, "List device types", READ, parameters=above),
        Route("GET", device, read, "View a device", READ, parameters=named, failures=gone),
        Route("PUT", device, update, "Update a device", WRITE, schema=UPDATE, parameters=named, failures=gone),
        Route("POST", device, update_by_form, "Update a device by form", WRITE, parameters=named, failures=gone),
        Route("DELETE", device, delete, "Delete a device", WRITE, 204, parameters=named, failures=gone),
    )


ROUTES = (*_routes(PREFIX, ()), *_routes(f"{PREFIX}/organizations/{{organization}}", (_ORGANIZATION,)))
