"""What devices, or others for them, report of their health: logs and error codes of v0002, and the managed state."""

from collections.abc import Mapping
from typing import Any

from chalicelib.dialects.ibm import diagnostics, inventory, times
from chalicelib.dialects.ibm.rest import places
from chalicelib.dialects.ibm.rest.places import DEVICE, ONE, READ, WRITE, at
from chalicelib.fleet.errors import DeviceNotFound, NotFound
from chalicelib.fleet.ports import Ports
from chalicelib.web.request import Answer, Request
from chalicelib.web.routes import Route


def logs(ports: Ports, request: Request) -> Answer:
    """Newest first."""
    return Answer([_log(request, entry) for entry in _kept(ports, request, "logs")])


def add_log(ports: Ports, request: Request) -> Answer:
    entry = diagnostics.logged(ports, request.body)
    diagnostics.remember(ports, request.tenant, places.name(request).fleet_id, "logs", entry)
    return Answer(_log(request, entry))


def clear_logs(ports: Ports, request: Request) -> Answer:
    diagnostics.forget(ports, request.tenant, places.name(request).fleet_id, "logs")
    return Answer()


def log(ports: Ports, request: Request) -> Answer:
    for entry in _kept(ports, request, "logs"):
        if entry["id"] == request.path["log_id"]:
            return Answer(_log(request, entry))
    raise NotFound("there is no such log")


def delete_log(ports: Ports, request: Request) -> Answer:
    wanted = request.path["log_id"]

    def without(own: Mapping[str, Any]) -> Mapping[str, Any]:
        kept = [e for e in own.get("logs", ()) if e["id"] != wanted]
        if len(kept) == len(own.get("logs", ())):
            raise NotFound("there is no such log")
        return {**own, "logs": kept}

    inventory.change_own(ports, request.tenant, places.name(request).fleet_id, without)
    return Answer()


def error_codes(ports: Ports, request: Request) -> Answer:
    return Answer([_timed(entry) for entry in _kept(ports, request, "errorCodes")])


def add_error_code(ports: Ports, request: Request) -> Answer:
    entry = diagnostics.coded(ports, request.body)
    diagnostics.remember(ports, request.tenant, places.name(request).fleet_id, "errorCodes", entry)
    return Answer(_timed(entry))


def clear_error_codes(ports: Ports, request: Request) -> Answer:
    diagnostics.forget(ports, request.tenant, places.name(request).fleet_id, "errorCodes")
    return Answer()


def management(ports: Ports, request: Request) -> Answer:
    """404 for a device that never asked to be managed."""
    kept = inventory.own(places.device(ports, request)).get("mgmt")
    if kept is None:
        raise NotFound("this device is not managed")
    return Answer(kept)


def _kept(ports: Ports, request: Request, list_: str) -> list[dict[str, Any]]:
    return list(inventory.own(places.device(ports, request)).get(list_, ()))


def _log(request: Request, entry: Mapping[str, Any]) -> dict[str, Any]:
    return {"typeId": request.path["type_id"], "deviceId": request.path["device_id"], **_timed(entry)}


def _timed(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {**{k: v for k, v in entry.items() if k != "at"}, "timestamp": times.render(entry["at"])}


_LOGS, _CODES = f"{DEVICE}/diag/logs", f"{DEVICE}/diag/errorCodes"
_LOG = f"{_LOGS}/{{log_id}}"
_ONE_LOG = (*ONE, *at("log_id"))
_GONE = (DeviceNotFound,)
ROUTES = (
    Route("GET", f"{DEVICE}/mgmt", management, "Get the managed state", READ, parameters=ONE, failures=(NotFound,)),
    Route("GET", _LOGS, logs, "List logs", READ, parameters=ONE, failures=_GONE),
    Route("POST", _LOGS, add_log, "Add a log", WRITE, 201, schema=diagnostics.LOG, parameters=ONE, failures=_GONE),
    Route("DELETE", _LOGS, clear_logs, "Clear the logs", WRITE, 204, parameters=ONE, failures=_GONE),
    Route("GET", _LOG, log, "Get a log", READ, parameters=_ONE_LOG, failures=(NotFound,)),
    Route("DELETE", _LOG, delete_log, "Delete a log", WRITE, 204, parameters=_ONE_LOG, failures=(NotFound,)),
    Route("GET", _CODES, error_codes, "List error codes", READ, parameters=ONE, failures=_GONE),
    Route(
        "POST",
        _CODES,
        add_error_code,
        "Add an error code",
        WRITE,
        201,
        schema=diagnostics.ERROR_CODE,
        parameters=ONE,
        failures=_GONE,
    ),
    Route("DELETE", _CODES, clear_error_codes, "Clear the error codes", WRITE, 204, parameters=ONE, failures=_GONE),
)
