"""Devices of v0002: one by one, in bulk, and where they are."""

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from itertools import islice
from typing import Any

from chalicelib.dialects.ibm import behind, inventory, noticing, times, tokens, types
from chalicelib.dialects.ibm import places as whereabouts
from chalicelib.dialects.ibm.identity import Name
from chalicelib.dialects.ibm.inventory import Owned, Registration
from chalicelib.dialects.ibm.rest import lists, places
from chalicelib.dialects.ibm.rest.places import DEVICE, DEVICES, ONE, PREFIX, READ, TYPE, WRITE
from chalicelib.dialects.ibm.rest.shapes import registration
from chalicelib.dialects.ibm.rest.types import DEVICE_INFO
from chalicelib.fleet.errors import (
    DeviceDuplicate,
    DeviceNotFound,
    FleetError,
    Forbidden,
    Invalid,
    NotFound,
    QuotaReached,
)
from chalicelib.fleet.inventory import devices
from chalicelib.fleet.ports import Ports
from chalicelib.web import schemas
from chalicelib.web.request import Answer, Request
from chalicelib.web.routes import KILOBYTE, Route

MOST = 1_000
"""How many devices one bulk call may name."""
_OBJECT = {"type": ["object", "null"]}
_NAME = {"type": ["string", "null"], "maxLength": 36}
_DETAILS = {
    "authToken": {"type": ["string", "null"]},
    "deviceInfo": DEVICE_INFO,
    "metadata": inventory.METADATA,
    "location": {"anyOf": [{"type": "null"}, whereabouts.LOCATION], "description": "is a location"},
    "gatewayTypeId": _NAME,
    "gatewayId": _NAME,
}
NEW = {"type": "object", "required": ["deviceId"], "properties": _DETAILS}
UPDATE = {
    "type": "object",
    "properties": {"deviceInfo": DEVICE_INFO, "metadata": inventory.METADATA, "status": _OBJECT, "extensions": _OBJECT},
}
ADD = {"type": "array", "minItems": 1, "maxItems": MOST, "items": {"type": "object"}}
_ADDED = {"type": "object", "required": ["typeId", "deviceId"], "properties": _DETAILS}


def listing(ports: Ports, request: Request) -> Answer:
    """All devices, or those of the type in the path."""
    type_ = request.path.get("type_id")
    if type_ is not None:
        types.get(ports, request.tenant, type_)

    def after(key: str | None) -> Iterator[tuple[str, dict[str, Any]]]:
        found = inventory.every(ports, request.tenant, type_=type_, after=key)
        return ((owned.device.id, render(owned)) for owned in found)

    def total() -> int:
        if type_ is None:
            return ports.devices.count(request.tenant, most=lists.MOST)
        return sum(1 for _ in islice(inventory.every(ports, request.tenant, type_=type_), lists.MOST))

    return lists.answered(request, after, total, ("typeId,deviceId", "typeId") if type_ is None else ("deviceId",))


def below(ports: Ports, request: Request) -> Answer:
    """The devices that a gateway speaks for. Errors: DeviceNotFound, Forbidden (it is no gateway)."""
    gateway = places.device(ports, request)
    if not behind.is_gateway(inventory.client_of(gateway)):
        raise Forbidden("this device is not a gateway")

    def after(key: str | None) -> Iterator[tuple[str, dict[str, Any]]]:
        found = inventory.every(ports, request.tenant, after=key)
        return ((o.device.id, render(o)) for o in found if behind.gateway_of(o.device) == places.name(request))

    def total() -> int:
        return sum(1 for _ in islice(after(None), lists.MOST))

    return lists.answered(request, after, total, ("typeId,deviceId", "typeId"))


def register(ports: Ports, request: Request) -> Answer:
    """Errors: NotFound (type), DeviceDuplicate, Invalid."""
    owned, token = _registered(ports, request, {**request.body, "typeId": request.path["type_id"]})
    return Answer({**render(owned), "authToken": token})


def read(ports: Ports, request: Request) -> Answer:
    return Answer(render(Owned(places.name(request), places.device(ports, request))))


def update(ports: Ports, request: Request) -> Answer:
    """What is null or left out stays as it is; `deviceInfo` is merged field by field."""
    changes = {k: v for k, v in request.body.items() if k in UPDATE["properties"] and v is not None}

    def changed(own: Mapping[str, Any]) -> Mapping[str, Any]:
        merged = {**own, **changes}
        if "deviceInfo" in changes:
            merged["deviceInfo"] = {**(own.get("deviceInfo") or {}), **_present(changes["deviceInfo"])}
        return merged

    name = places.name(request)
    return Answer(render(Owned(name, noticing.change(ports, request.tenant, name.fleet_id, changed))))


def delete(ports: Ports, request: Request) -> Answer:
    devices.delete(ports, request.tenant, places.name(request).fleet_id)
    return Answer()


def read_location(ports: Ports, request: Request) -> Answer:
    """404 until it is known."""
    place = whereabouts.get(places.device(ports, request))
    if place is None:
        raise NotFound("the location of this device is not known")
    return Answer(place)


def write_location(ports: Ports, request: Request) -> Answer:
    place = whereabouts.located(request.body, ports.clock.now())
    noticing.move(ports, request.tenant, places.name(request).fleet_id, place)
    return Answer(place)


def add(ports: Ports, request: Request) -> Answer:
    """201 where all went well, 202 where some did not, such as more than 50 with weak tokens of the client's choice."""
    done, slow = [], 0
    for body in request.body:
        slow += tokens.is_slow(body.get("authToken"))
        done.append(_added(ports, request, body, refused=tokens.TOO_MANY if slow > tokens.MOST_AT_ONCE else None))
    return Answer(done, 201 if all(entry["success"] for entry in done) else 202)


def remove(ports: Ports, request: Request) -> Answer:
    """What is not there counts as removed."""
    return Answer([_removed(ports, request, body) for body in request.body])


def render(owned: Owned) -> dict[str, Any]:
    """A device as v0002 shows it."""
    own, client = inventory.own(owned.device), inventory.client_of(owned.device)
    above = behind.gateway_of(owned.device)
    base = f"{PREFIX}/device/types/{owned.name.type}/devices/{owned.name.id}"
    alert = {"enabled": False, "timestamp": times.render(owned.device.created)}
    return {
        "id": client,
        "clientId": client,
        "typeId": owned.name.type,
        "deviceId": owned.name.id,
        "deviceInfo": own.get("deviceInfo") or {},
        "metadata": inventory.metadata(owned.device) or {},
        "registration": registration(owned.device),
        "status": own.get("status") or {"alert": alert},
        **({"extensions": own["extensions"]} if "extensions" in own else {}),
        **({"gatewayTypeId": above.type, "gatewayId": above.id} if above else {}),
        "refs": {
            "location": f"{base}/location",
            "mgmt": f"{base}/mgmt",
            "diag": {"logs": f"{base}/diag/logs", "errorCodes": f"{base}/diag/errorCodes"},
        },
    }


def _registered(ports: Ports, request: Request, body: Mapping[str, Any]) -> tuple[Owned, str]:
    type_ = types.get(ports, request.tenant, str(body["typeId"]))
    name = inventory.checked_name(body["typeId"], body["deviceId"])
    own: dict[str, Any] = {k: body[k] for k in ("deviceInfo", "metadata") if body.get(k) is not None}
    if "deviceInfo" in own:
        own["deviceInfo"] = _present(own["deviceInfo"])
    place = whereabouts.located(body["location"], ports.clock.now()) if body.get("location") else None
    above = _gateway(ports, request, body)
    gateway = type_.body.get("classId") == "Gateway"
    wanted = Registration(name, body.get("authToken"), own, gateway)
    device, token = inventory.register(ports, request.by, wanted)
    if above:
        device = behind.joined(ports, device, above, ports.clock.now())
    if place:
        device = whereabouts.put(ports, request.tenant, device.id, place)
    return Owned(name, device), token


def _gateway(ports: Ports, request: Request, body: Mapping[str, Any]) -> Name | None:
    """The gateway that the body names, if it names one. Errors: Invalid."""
    if not body.get("gatewayId") or not body.get("gatewayTypeId"):
        return None
    name = Name(body["gatewayTypeId"], body["gatewayId"])
    found = ports.devices.get(request.tenant, name.fleet_id) if inventory.is_addressable(name) else None
    if found is None or not behind.is_gateway(inventory.client_of(found)):
        raise Invalid("there is no such gateway", "gatewayId")
    return name


def _ensure_taken(body: Mapping[str, Any], refused: str | None) -> None:
    if refused is not None and tokens.is_slow(body.get("authToken")):
        raise Invalid(refused, "authToken")


def _added(ports: Ports, request: Request, body: Any, *, refused: str | None) -> dict[str, Any]:
    named = {"typeId": body.get("typeId"), "deviceId": body.get("deviceId")}
    try:
        schemas.check(_ADDED, body)
        _ensure_taken(body, refused)
        _, token = _registered(ports, request, body)
    except (Invalid, NotFound, DeviceDuplicate, QuotaReached) as error:
        return {**named, "success": False, "error": str(error)}
    return {**named, "success": True, "authToken": token}


def _removed(ports: Ports, request: Request, body: Any) -> dict[str, Any]:
    type_, id_ = str(body.get("typeId")), str(body.get("deviceId"))
    gone = True
    try:
        name: Name = inventory.addressed(type_, id_)
        devices.delete(ports, request.tenant, name.fleet_id)
    except DeviceNotFound:
        pass
    except FleetError:
        gone = False
    return {"typeId": type_, "deviceId": id_, "success": gone}


def _present(body: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if value is not None}


_GONE = (DeviceNotFound,)
_BULK = f"{PREFIX}/bulk/devices"
_LARGEST = 512 * KILOBYTE
ROUTES = (
    Route("GET", DEVICES, listing, "List devices of a type", READ, parameters=(*TYPE, *lists.PARAMETERS)),
    Route(
        "POST",
        DEVICES,
        register,
        "Register a device",
        WRITE,
        201,
        schema=NEW,
        parameters=TYPE,
        failures=(NotFound, DeviceDuplicate),
    ),
    Route("GET", DEVICE, read, "Get a device", READ, parameters=ONE, failures=_GONE),
    Route("PUT", DEVICE, update, "Update a device", WRITE, schema=UPDATE, parameters=ONE, failures=_GONE),
    Route("DELETE", DEVICE, delete, "Delete a device", WRITE, 204, parameters=ONE, failures=_GONE),
    Route(
        "GET",
        f"{DEVICE}/devices",
        below,
        "List devices behind a gateway",
        READ,
        parameters=(*ONE, *lists.PARAMETERS),
        failures=(DeviceNotFound, Forbidden),
    ),
    Route("GET", f"{DEVICE}/location", read_location, "Get a location", READ, parameters=ONE, failures=(NotFound,)),
    Route(
        "PUT",
        f"{DEVICE}/location",
        write_location,
        "Set a location",
        WRITE,
        schema=whereabouts.LOCATION,
        parameters=ONE,
        failures=_GONE,
    ),
    Route("GET", _BULK, listing, "List devices", READ, parameters=lists.PARAMETERS),
    Route(
        "POST",
        f"{_BULK}/add",
        add,
        "Register many devices",
        WRITE,
        201,
        schema=ADD,
        max_body=_LARGEST,
        others=(HTTPStatus.ACCEPTED,),
    ),
    Route("POST", f"{_BULK}/remove", remove, "Delete many devices", WRITE, 202, schema=ADD, max_body=_LARGEST),
)
