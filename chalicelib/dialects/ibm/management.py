"""Device management: what managed devices send on `iotdevice-1/…`, each request answered on `iotdm-1/response`.

The protocol is the platform's own ("Device Management Protocol", with the operations manage, unmanage, location,
diagnostics, notify and response).
"""

from collections.abc import Callable, Mapping
from typing import Any

from chalicelib.dialects.ibm import actions, diagnostics, inventory, places, times
from chalicelib.dialects.registry import Malformed
from chalicelib.dialects.topics import Uplink
from chalicelib.fleet.errors import DeviceNotFound, Invalid
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.presence.claims import Claim
from chalicelib.fleet.reading import reading
from chalicelib.web import json_text, schemas

PATIENCE = 5
SHORTEST_LIFETIME = 3_600
OK, BAD_REQUEST = 200, 400
_LONGEST_ID = 1_024
_TEXT = {"type": ["string", "null"], "maxLength": 1024}
_FLAG = {"type": ["boolean", "integer"], "minimum": 0, "maximum": 1}
"""The vendor's C client writes 0 and 1."""
MANAGE = {
    "type": "object",
    "properties": {
        "lifetime": {"type": ["integer", "null"], "minimum": 0},
        "supports": {"type": ["object", "null"], "additionalProperties": _FLAG},
        "deviceInfo": {"type": ["object", "null"], "additionalProperties": _TEXT},
        "metadata": inventory.METADATA,
    },
}
NOTIFY = {
    "type": "object",
    "required": ["fields"],
    "properties": {
        "fields": {
            "type": "array",
            "maxItems": 20,
            "items": {
                "type": "object",
                "required": ["field", "value"],
                "properties": {"field": {"type": "string"}},
            },
        }
    },
}


def receive(ports: Ports, claim: Claim, uplink: Uplink) -> None:
    """Do what the device asks for and answer it. Malformed for what is no request."""
    act(ports, claim, uplink, uplink.topic.partition("/")[2])


def act(ports: Ports, claim: Claim, uplink: Uplink, operation: str) -> None:
    """As `receive`; `claim` names the device that is meant, and the client that asks for it."""
    body = _parsed(uplink.payload)
    if operation == "response":
        actions.answered(ports, claim, body)
        return
    if operation == "notify":
        notify(ports, claim, _checked(NOTIFY, _listed(body.get("d"))))
        return
    handler = HANDLERS.get(operation)
    if handler is None:
        raise Malformed(f"a device may not publish on topic {uplink.topic}")
    request = body.get("reqId")
    if isinstance(request, str) and len(request) > _LONGEST_ID:
        raise Malformed(f"reqId has at most {_LONGEST_ID} characters")
    try:
        handler(ports, claim, body.get("d") if body.get("d") is not None else {})
    except Invalid as error:
        _answer(ports, claim, request, BAD_REQUEST, str(error))
        raise
    except DeviceNotFound as error:
        raise Malformed(f"device {claim.device} was deleted") from error
    _answer(ports, claim, request, OK)
    if operation == "mgmt/manage":
        actions.managed(ports, claim)


def manage(ports: Ports, claim: Claim, body: Any) -> None:
    """A device asks to be managed for a time; without one, or with 0, it never counts as dormant."""
    asked = _checked(MANAGE, body)
    now, lifetime = ports.clock.now(), asked.get("lifetime") or 0
    if 0 < lifetime < SHORTEST_LIFETIME:
        raise Invalid(f"lifetime is 0 or at least {SHORTEST_LIFETIME} seconds", "lifetime")
    told = {name: bool(value) for name, value in (asked.get("supports") or {}).items()}
    supports = dict.fromkeys(("deviceActions", "firmwareActions"), False) | told

    def changed(own: Mapping[str, Any]) -> Mapping[str, Any]:
        managed = {**(own.get("mgmt") or {}), "supports": supports, "dormant": False}
        managed["lastActivityDateTime"] = times.render(now)
        managed.pop("dormantDateTime", None)
        if lifetime:
            managed["dormantDateTime"] = times.render(now + lifetime * 1000)
        info = {k: v for k, v in (asked.get("deviceInfo") or {}).items() if v is not None}
        merged = {**own, "mgmt": managed, "deviceInfo": {**(own.get("deviceInfo") or {}), **info}}
        return {**merged, "metadata": asked["metadata"]} if asked.get("metadata") else merged

    inventory.change_own(ports, claim.tenant, claim.device or "", changed)


def unmanage(ports: Ports, claim: Claim, _body: Any) -> None:
    inventory.change_own(
        ports, claim.tenant, claim.device or "", lambda own: {k: v for k, v in own.items() if k != "mgmt"}
    )


def locate(ports: Ports, claim: Claim, body: Any) -> None:
    with reading("the location"):
        place = places.located(_checked(places.LOCATION, body), ports.clock.now())
    places.put(ports, claim.tenant, claim.device or "", place)


def add_error_code(ports: Ports, claim: Claim, body: Any) -> None:
    with reading("the error code"):
        entry = diagnostics.coded(ports, _checked(diagnostics.ERROR_CODE, body))
    diagnostics.remember(ports, claim.tenant, claim.device or "", "errorCodes", entry)


def add_log(ports: Ports, claim: Claim, body: Any) -> None:
    with reading("the log entry"):
        entry = diagnostics.logged(ports, _checked(diagnostics.LOG, body))
    diagnostics.remember(ports, claim.tenant, claim.device or "", "logs", entry)


def clear_error_codes(ports: Ports, claim: Claim, _body: Any) -> None:
    diagnostics.forget(ports, claim.tenant, claim.device or "", "errorCodes")


def clear_logs(ports: Ports, claim: Claim, _body: Any) -> None:
    diagnostics.forget(ports, claim.tenant, claim.device or "", "logs")


def notify(ports: Ports, claim: Claim, body: Mapping[str, Any]) -> None:
    """Fields of the device changed by themselves; there is no answer. Firmware also moves its requests on."""
    for change in body["fields"]:
        if change["field"] == "mgmt.firmware" and isinstance(change["value"], dict):
            actions.firmware_changed(ports, claim, change["value"])


HANDLERS: dict[str, Callable[[Ports, Claim, Any], None]] = {
    "mgmt/manage": manage,
    "mgmt/unmanage": unmanage,
    "device/update/location": locate,
    "add/diag/errorCodes": add_error_code,
    "clear/diag/errorCodes": clear_error_codes,
    "add/diag/log": add_log,
    "clear/diag/log": clear_logs,
}


def _listed(body: Any) -> Any:
    """Gateways of the published clients tell of one field, outside of any list."""
    return {"fields": [body]} if isinstance(body, dict) and "field" in body else body


def _answer(ports: Ports, claim: Claim, request: Any, code: int, message: str | None = None) -> None:
    if not isinstance(request, str):
        return
    body = {"rc": code, "reqId": request, **({"message": message} if message else {})}
    actions.tell(ports, claim.client, claim.device or "", "response", body)


def _parsed(raw: bytes) -> dict[str, Any]:
    try:
        with reading("the request"):
            body = json_text.parse_lenient(raw)
    except Invalid as error:
        raise Malformed(str(error)) from error
    if not isinstance(body, dict):
        raise Malformed("a request is a JSON object")
    return body


def _checked(schema: Mapping[str, Any], body: Any) -> dict[str, Any]:
    with reading("the request"):
        return dict(schemas.check(schema, body))
