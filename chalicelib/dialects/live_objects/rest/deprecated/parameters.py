"""`/api/v0/assets/{namespace}/{id}/params`: configuration, before `/api/v1/deviceMgt/devices/{id}/config`."""

from collections.abc import Mapping
from typing import Any

from chalicelib.dialects.live_objects.rest import configuration
from chalicelib.dialects.live_objects.rest.configuration import FORCE, KEY
from chalicelib.dialects.live_objects.rest.deprecated.naming import NOTIFIED, device_of, notified, of_device
from chalicelib.dialects.live_objects.rest.devices import READ, WRITE
from chalicelib.dialects.live_objects.rest.identifiers import ASSETS
from chalicelib.dialects.live_objects.rest.shapes import configuration as shapes
from chalicelib.dialects.live_objects.rest.shapes import present
from chalicelib.fleet.configuration import synchronizing
from chalicelib.fleet.configuration.records import MAX_KEY, MAX_PARAMETERS, Parameter, ParameterType, Value
from chalicelib.fleet.errors import Conflict, DeviceNotFound, IllegalTransition, Invalid, ParameterNotFound, TooLarge
from chalicelib.fleet.ports import Ports
from chalicelib.web.request import Answer, Request
from chalicelib.web.routes import KILOBYTE, Route

FIELDS = {
    ParameterType.INT32: "valueInt32",
    ParameterType.UINT32: "valueUInt32",
    ParameterType.BINARY: "valueBinary",
    ParameterType.STRING: "valueString",
    ParameterType.FLOAT: "valueFloat",
}
"""Where a value of each type stands."""
_VALUES = {
    **shapes.KEYED,
    "additionalProperties": {
        "type": "object",
        "required": ["type"],
        "properties": {"type": {"enum": [kind.value for kind in ParameterType]}},
    },
}
_STATUS = {
    "type": "object",
    "required": ["newStatus", "paramKeys"],
    "properties": {
        "newStatus": shapes.CANCELED,
        "paramKeys": {
            "type": "array",
            "minItems": 1,
            "maxItems": MAX_PARAMETERS,
            "items": {"type": "string", "minLength": 1, "maxLength": MAX_KEY},
        },
    },
}


def request_values(ports: Ports, request: Request) -> Answer:
    """Set targets. A device that is not known yet is registered, without an interface."""
    asked = {key: {"type": value["type"], "value": _given(key, value)} for key, value in request.body.items()}
    body = {"parameters": asked, "notifyTo": notified(request)}
    return configuration.request_values(ports, of_device(request, body))


def listing(ports: Ports, request: Request) -> Answer:
    found = synchronizing.get(ports, request.tenant, device_of(request))
    return Answer({key: _parameter(parameter) for key, parameter in found.parameters.items()})


def read(ports: Ports, request: Request) -> Answer:
    found = synchronizing.get(ports, request.tenant, device_of(request))
    key = request.asked["param_key"]
    if key not in found.parameters:
        raise ParameterNotFound(f"configuration parameter {key} not found")
    return Answer(_parameter(found.parameters[key]))


def cancel(ports: Ports, request: Request) -> Answer:
    return configuration.cancel(ports, of_device(request))


def cancel_some(ports: Ports, request: Request) -> Answer:
    """All of them or none."""
    device = device_of(request)
    synchronizing.get(ports, request.tenant, device)
    synchronizing.cancel(ports, request.tenant, device, *dict.fromkeys(request.body["paramKeys"]))
    return Answer()


def _given(key: str, value: Mapping[str, Any]) -> Any:
    """Errors: Invalid, where the field of its type is missing."""
    name = FIELDS[ParameterType(value["type"])]
    given = value.get(name)
    if given is None:
        raise Invalid(f"{key}.{name} has the value of type {value['type']}", f"{key}.{name}")
    if isinstance(given, list) and len(given) == 1:
        # The vendor's document makes a list of what is one text in Base64.
        return given[0]
    return given


def _parameter(parameter: Parameter) -> dict[str, Any]:
    reported, requested = parameter.reported, parameter.requested
    return present(
        {
            "value": _value(reported),
            "lastKnownValueTs": reported.at if reported else None,
            "targetValue": _value(requested),
            "updateStatus": parameter.status.value,
            "updateStatusTs": requested.at if requested else None,
            "updateReqCorrelationId": parameter.update or None,
        }
    )


def _value(value: Value | None) -> dict[str, Any] | None:
    if value is None or value.type not in FIELDS:
        return None
    shown = [value.value] if value.type is ParameterType.BINARY else value.value
    return {"type": value.type.value, FIELDS[value.type]: shown}


_ALL = "/api/v0/assets/{namespace}/{asset_id}/params"
_ONE = f"{_ALL}/{{param_key}}"
_CANCELING = (DeviceNotFound, ParameterNotFound, IllegalTransition)

ROUTES = (
    Route(
        "POST",
        _ALL,
        request_values,
        "Set targets of an asset",
        WRITE,
        schema=_VALUES,
        parameters=(*ASSETS, NOTIFIED),
        failures=(TooLarge, Conflict),
        max_body=2 * KILOBYTE * KILOBYTE,
        deprecated=True,
    ),
    Route(
        "GET",
        _ALL,
        listing,
        "Get all parameters of an asset",
        READ,
        parameters=ASSETS,
        failures=(DeviceNotFound,),
        deprecated=True,
    ),
    Route(
        "PUT",
        f"{_ALL}/status",
        cancel_some,
        "Withdraw targets of an asset",
        WRITE,
        schema=_STATUS,
        parameters=(*ASSETS, FORCE),
        failures=_CANCELING,
        deprecated=True,
    ),
    Route(
        "GET",
        _ONE,
        read,
        "Get a parameter of an asset",
        READ,
        parameters=(*ASSETS, KEY),
        failures=(DeviceNotFound, ParameterNotFound),
        deprecated=True,
    ),
    Route(
        "PUT",
        f"{_ONE}/status",
        cancel,
        "Withdraw a target of an asset",
        WRITE,
        schema=shapes.CANCELED,
        parameters=(*ASSETS, KEY, FORCE),
        failures=_CANCELING,
        deprecated=True,
    ),
)
