"""Device management requests of v0002."""

from typing import Any

from chalicelib.dialects.ibm import actions, inventory, times
from chalicelib.dialects.ibm.rest.places import PREFIX, READ, WRITE, at
from chalicelib.fleet.documents import Record
from chalicelib.fleet.errors import Forbidden, NotFound
from chalicelib.fleet.inventory import devices
from chalicelib.fleet.ports import Ports
from chalicelib.web.request import Answer, Request
from chalicelib.web.routes import Route

MOST = 100
"""How many devices one request may name: all get their first step before it is answered."""
_NAMED = {"type": "object", "required": ["typeId", "deviceId"]}
NEW = {
    "type": "object",
    "required": ["action", "devices"],
    "properties": {
        "action": {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,64}/[A-Za-z0-9_-]{1,64}$"},
        "parameters": {
            "type": ["array", "null"],
            "maxItems": 20,
            "items": {
                "type": "object",
                "required": ["name", "value"],
                "properties": {
                    "name": {"type": "string", "minLength": 1, "maxLength": 64},
                    "value": {"type": "string", "maxLength": 1024},
                },
            },
        },
        "devices": {"type": "array", "minItems": 1, "maxItems": MOST, "items": _NAMED},
    },
}


def listing(ports: Ports, request: Request) -> Answer:
    found = [render(record) for record in actions.every(ports, request.tenant)]
    return Answer({"results": found, "meta": {"total_rows": len(found), "facets": {}}})


def initiate(ports: Ports, request: Request) -> Answer:
    """202: the devices' own answers come later."""
    body = request.body
    names = [inventory.addressed(str(d["typeId"]), str(d["deviceId"])) for d in body["devices"]]
    found = [devices.get(ports, request.tenant, name.fleet_id) for name in dict.fromkeys(names)]
    parameters = {p["name"]: p["value"] for p in body.get("parameters") or ()}
    return Answer({"reqId": actions.initiate(ports, request.tenant, body["action"], parameters, found)})


def read(ports: Ports, request: Request) -> Answer:
    return Answer(render(_found(ports, request)))


def delete(ports: Ports, request: Request) -> Answer:
    ports.records.delete(request.tenant, actions.KIND, _found(ports, request).id)
    return Answer()


def statuses(ports: Ports, request: Request) -> Answer:
    record = _found(ports, request)
    results = [actions.status(record, device_id) for device_id in record.body["devices"]]
    return Answer({"results": results, "meta": {"total_rows": len(results), "facets": {}}})


def status(ports: Ports, request: Request) -> Answer:
    record = _found(ports, request)
    device_id = inventory.addressed(request.path["type_id"], request.path["device_id"]).fleet_id
    if device_id not in record.body["devices"]:
        raise NotFound("this device is not part of the request")
    return Answer(actions.status(record, device_id))


def render(record: Record) -> dict[str, Any]:
    body = record.body
    return {
        "id": record.id,
        "action": body["action"],
        "parameters": [{"name": name, "value": value} for name, value in body["parameters"].items()],
        "devices": [
            {k: s[k] for k in ("typeId", "deviceId")} for s in (actions.status(record, d) for d in body["devices"])
        ],
        "started": times.render(body["started"]),
        "complete": all(state["complete"] for state in body["devices"].values()),
    }


def _found(ports: Ports, request: Request) -> Record:
    return actions.get(ports, request.tenant, request.path["request_id"])


_ALL = f"{PREFIX}/mgmt/requests"
_ONE = f"{_ALL}/{{request_id}}"
_ID = at("request_id")
_GONE = (NotFound,)
ROUTES = (
    Route("GET", _ALL, listing, "List management requests", READ),
    Route("POST", _ALL, initiate, "Initiate a request", WRITE, 202, schema=NEW, failures=(NotFound, Forbidden)),
    Route("GET", _ONE, read, "Get a request", READ, parameters=_ID, failures=_GONE),
    Route("DELETE", _ONE, delete, "Clear a request", WRITE, 204, parameters=_ID, failures=_GONE),
    Route("GET", f"{_ONE}/deviceStatus", statuses, "List what devices answered", READ, parameters=_ID, failures=_GONE),
    Route(
        "GET",
        f"{_ONE}/deviceStatus/{{type_id}}/{{device_id}}",
        status,
        "Get what a device answered",
        READ,
        parameters=(*_ID, *at("type_id", "device_id")),
        failures=_GONE,
    ),
)
