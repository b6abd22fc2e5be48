"""Device management extensions: bundles of actions that a customer makes up, and devices say that they support.

A bundle is `{bundleId, version?, displayName?, description?, provider?, actions: {ACTION: {parameters?: […], …}}}`.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from chalicelib.fleet.compare_and_set import change_record
from chalicelib.fleet.documents import Record
from chalicelib.fleet.errors import Conflict, Invalid, LimitReached, NotFound
from chalicelib.fleet.ports import Ports

KIND = "ibm.bundles"
MOST = 100
_NAME = {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,64}$"}
_WORDS = {"type": ["object", "string", "null"]}
_PARAMETER = {
    "type": "object",
    "required": ["name"],
    "properties": {
        "name": {"type": "string", "minLength": 1, "maxLength": 64},
        "required": {"type": ["boolean", "null"]},
    },
}
_ACTION = {
    "type": "object",
    "properties": {"parameters": {"type": ["array", "null"], "maxItems": 20, "items": _PARAMETER}},
}
BUNDLE = {
    "type": "object",
    "required": ["bundleId", "actions"],
    "properties": {
        "bundleId": _NAME,
        "version": {"type": ["string", "null"], "maxLength": 64},
        "displayName": _WORDS,
        "description": _WORDS,
        "provider": {"type": ["string", "null"], "maxLength": 256},
        "actions": {
            "type": "object",
            "minProperties": 1,
            "maxProperties": 50,
            "propertyNames": _NAME,
            "additionalProperties": _ACTION,
        },
    },
}


def create(ports: Ports, tenant: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """Errors: Conflict, LimitReached."""
    if len(every(ports, tenant)) >= MOST:
        raise LimitReached(f"an organization has at most {MOST} bundles")
    if not ports.records.create(Record(tenant, KIND, body["bundleId"], dict(body))):
        raise Conflict(f"bundle {body['bundleId']} exists already")
    return dict(body)


def every(ports: Ports, tenant: str) -> list[dict[str, Any]]:
    return [record.body for record in ports.records.page(tenant, KIND, after=None, limit=MOST).items]


def get(ports: Ports, tenant: str, bundle: str) -> dict[str, Any]:
    """Errors: NotFound."""
    return dict(_found(ports, tenant, bundle).body)


def update(ports: Ports, tenant: str, bundle: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """Errors: NotFound, Invalid (it would have another name)."""
    if body["bundleId"] != bundle:
        raise Invalid("bundleId is that of the path", "bundleId")

    def read() -> Record:
        return _found(ports, tenant, bundle)

    # Whoever changes it at the same time: one of both comes after the other.
    write, name = ports.records.replace, f"bundle {bundle}"
    return dict(change_record(ports, name, read, write, lambda old: replace(old, body=dict(body)))[0].body)


def delete(ports: Ports, tenant: str, bundle: str) -> None:
    """Errors: NotFound."""
    ports.records.delete(tenant, KIND, _found(ports, tenant, bundle).id)


def check_request(ports: Ports, tenant: str, action: str, parameters: Mapping[str, str]) -> str:
    """The bundle that a device has to support for `bundle/action`. Errors: Invalid."""
    name, _, wanted = action.partition("/")
    record = ports.records.get(tenant, KIND, name)
    described = record.body["actions"].get(wanted) if record else None
    if described is None:
        raise Invalid(f"there is no action {action[:64]}", "action")
    for parameter in described.get("parameters") or ():
        if parameter.get("required") and parameter["name"] not in parameters:
            raise Invalid(f"the parameter {parameter['name']} is required", "parameters")
    return name


def _found(ports: Ports, tenant: str, bundle: str) -> Record:
    found = ports.records.get(tenant, KIND, bundle)
    if found is None:
        raise NotFound(f"there is no bundle {bundle[:64]}")
    return found
