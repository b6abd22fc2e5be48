"""Configuration parameters (manual 8.2)."""

from collections.abc import Mapping
from typing import Any

from chalicelib.dialects.live_objects import times
from chalicelib.dialects.live_objects.rest.shapes import present
from chalicelib.dialects.live_objects.rest.shapes.notification import NOTIFY_TO
from chalicelib.fleet.configuration.records import (
    MAX_KEY,
    MAX_PARAMETERS,
    MAX_VALUE,
    Configuration,
    Parameter,
    ParameterType,
    Value,
    checked,
)
from chalicelib.fleet.errors import Invalid

KEYED = {
    "type": "object",
    "maxProperties": MAX_PARAMETERS,
    "propertyNames": {
        "minLength": 1,
        "maxLength": MAX_KEY,
        "pattern": "^[^$]",
        "description": f"is no name: it is empty, longer than {MAX_KEY} characters or begins with $",
    },
}
"""Something for each of the parameters named."""
REQUEST = {
    "type": "object",
    "required": ["parameters"],
    "properties": {
        "parameters": {
            **KEYED,
            "additionalProperties": {
                "type": "object",
                "required": ["type", "value"],
                "properties": {"type": {"enum": [kind.value for kind in ParameterType]}},
            },
        },
        "notifyTo": NOTIFY_TO,
    },
}
CANCELED = {"const": "CANCELED"}


def requested(body: Mapping[str, Any], now: int) -> dict[str, Value]:
    """The values that a body asks for. Errors: Invalid."""
    return {key: _value(key, asked, now) for key, asked in body["parameters"].items()}


def _value(key: str, asked: Mapping[str, Any], now: int) -> Value:
    field = f"parameters.{key}.value"
    kind = ParameterType(asked["type"])
    value = asked["value"]
    if len(str(value)) > MAX_VALUE:
        raise Invalid(f"{field} has at most {MAX_VALUE} characters", field)
    return Value(kind, checked(kind, value, field), now)


def render(configuration: Configuration) -> dict[str, Any]:
    return present({"parameters": rendered_parameters(configuration), "notifyTo": configuration.notify_to})


def rendered_parameters(configuration: Configuration) -> dict[str, Any]:
    return {key: rendered_parameter(parameter) for key, parameter in configuration.parameters.items()}


def rendered_parameter(parameter: Parameter) -> dict[str, Any]:
    return present(
        {
            "reported": _rendered(parameter.reported),
            "requested": _rendered(parameter.requested),
            "syncStatus": parameter.status.value,
        }
    )


def rendered_reports(configuration: Configuration) -> dict[str, Any]:
    """`config` of a device: what it reported last."""
    return {key: _rendered(p.reported) for key, p in configuration.parameters.items() if p.reported}


def _rendered(value: Value | None) -> dict[str, Any] | None:
    if value is None:
        return None
    return {"type": value.type.value, "value": value.value, "timestamp": times.render(value.at)}
