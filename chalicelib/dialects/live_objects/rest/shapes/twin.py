"""Twins, their operations, observations and rules (manual 7.8)."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from chalicelib.dialects.live_objects import times
from chalicelib.dialects.live_objects.rest.shapes import present
from chalicelib.fleet.errors import Invalid
from chalicelib.fleet.twin import paths
from chalicelib.fleet.twin.paths import ROOT, Path
from chalicelib.fleet.twin.records import (
    Assignment,
    DataRule,
    Metadata,
    Observation,
    Operation,
    OperationFailure,
    OperationType,
    Reported,
    WriteMode,
)

FORMATS = ("TLV", "JSON", "SENML_JSON", "SENML_CBOR", "TEXT", "OPAQUE", "CBOR")
METADATA = ("pmin", "pmax", "gt", "lt", "st", "epmin", "epmax")
PASSTHROUGH = "PASSTHROUGH"
CANCELED = ("CANCELED", "CANCELLED")
MOST_ATTEMPTS = 5
MOST_PATHS, MOST_OBSERVED = 100, 10
MOST_VALUES = 1000
_INSTANCE, _RESOURCE = 2, 3
_SECURITY = 0
_PATH = {"type": "string", "minLength": 1, "maxLength": 64}
_VALUE = {"type": ["string", "number", "boolean", "null"], "maxLength": 400_000}
_CONDITION = {**_VALUE, "maxLength": 64}
"""It travels in an option of CoAP."""
_NAME = {"type": ["string", "null"], "maxLength": 255}
_FORMAT = {"enum": [*FORMATS, None]}

OPERATION = {
    "type": "object",
    "required": ["type"],
    "properties": {
        "type": {"enum": [str(each) for each in OperationType]},
        "paths": {"type": ["array", "null"], "maxItems": MOST_PATHS, "items": _PATH},
        "values": {
            "type": ["array", "null"],
            "maxItems": MOST_VALUES,
            "items": {
                "type": "object",
                "required": ["path"],
                "properties": {
                    "path": _PATH,
                    "value": _VALUE,
                    "metadata": {
                        "type": ["array", "null"],
                        "maxItems": len(METADATA),
                        "items": {
                            "type": "object",
                            "required": ["name"],
                            "properties": {"name": {"enum": list(METADATA)}, "value": _CONDITION},
                        },
                    },
                },
            },
        },
        "writeMode": {"enum": [*map(str, WriteMode), None]},
        "contextToken": {"type": ["string", "null"], "maxLength": 256},
        "options": {
            "type": ["object", "null"],
            "properties": {
                "lwm2m": {
                    "type": ["object", "null"],
                    "properties": {
                        "contentFormat": {
                            "type": ["object", "null"],
                            "properties": {"request": _FORMAT, "response": _FORMAT},
                        }
                    },
                }
            },
        },
        "policy": {
            "type": ["object", "null"],
            "properties": {"attempts": {"type": ["integer", "null"], "minimum": 1, "maximum": MOST_ATTEMPTS}},
        },
    },
}
STATUS = {"enum": list(CANCELED)}
OBSERVATION = {
    "type": "object",
    "required": ["paths"],
    "properties": {"paths": {"type": "array", "minItems": 1, "maxItems": MOST_OBSERVED, "items": _PATH}, "name": _NAME},
}
RULE = {
    "type": "object",
    "required": ["name", "type", "paths"],
    "properties": {
        "name": {"type": "string", "minLength": 1, "maxLength": 255},
        "type": {"enum": [PASSTHROUGH]},
        "paths": {"type": "array", "minItems": 1, "maxItems": MOST_PATHS, "items": _PATH},
    },
}


def path(text: str, field: str) -> Path:
    """Errors: Invalid."""
    try:
        return paths.parse(text)
    except ValueError as error:
        raise Invalid(f"{field}: {error}", field) from error


def asked(body: Mapping[str, Any]) -> Callable[[str, int], Operation]:
    """The operation that a body describes, once it has an id and a moment. Errors: Invalid."""
    type_ = OperationType(body["type"])
    named = [path(text, "paths") for text in body.get("paths") or ()]
    values = tuple(_assignment(each) for each in body.get("values") or ())
    mode = WriteMode(body["writeMode"]) if body.get("writeMode") else None
    _CHECKS[type_](named, values, mode)
    formats = ((body.get("options") or {}).get("lwm2m") or {}).get("contentFormat") or {}

    def made(id_: str, now: int) -> Operation:
        return Operation(
            id_,
            type_,
            tuple(paths.write(each) for each in named),
            now,
            now,
            now,
            values,
            mode,
            body.get("contextToken"),
            formats.get("request"),
            formats.get("response"),
            (body.get("policy") or {}).get("attempts"),
        )

    return made


def render(operation: Operation) -> dict[str, Any]:
    """Fields that were not given are left out."""
    formats = present({"request": operation.request_format, "response": operation.response_format})
    return present(
        {
            "id": operation.id,
            "type": operation.type,
            "paths": list(operation.paths) or None,
            "values": [_rendered(each) for each in operation.values] or None,
            "writeMode": operation.mode,
            "contextToken": operation.context,
            "status": operation.status,
            "options": {"lwm2m": {"contentFormat": formats}} if formats else None,
            "policy": None if operation.attempts is None else {"attempts": operation.attempts},
            "error": None if operation.failure is None else _failure(operation.failure),
            "created": times.render(operation.created),
            "updated": times.render(operation.updated),
        }
    )


def observed(body: Mapping[str, Any]) -> tuple[str, ...]:
    """The paths to observe. Errors: Invalid."""
    named = [path(text, "paths") for text in body["paths"]]
    if any(each == ROOT or each[0] == _SECURITY for each in named):
        raise Invalid("paths name objects, none of them the root or the security object", "paths")
    return tuple(dict.fromkeys(paths.write(each) for each in named))


def render_observation(observation: Observation) -> dict[str, Any]:
    return present(
        {
            "id": observation.id,
            "paths": list(observation.paths),
            "status": observation.status,
            "name": observation.name,
            "created": times.render(observation.created),
        }
    )


def covered(body: Mapping[str, Any]) -> tuple[str, ...]:
    """The paths of a rule. Errors: Invalid."""
    return tuple(dict.fromkeys(paths.write(path(text, "paths")) for text in body["paths"]))


def render_rule(rule: DataRule) -> dict[str, Any]:
    return {
        "id": rule.id,
        "name": rule.name,
        "type": rule.type,
        "paths": list(rule.paths),
        "created": times.render(rule.created),
    }


def attributes(values: Mapping[str, Reported], instance: Path) -> list[dict[str, Any]]:
    """What was reported of an object instance, in order of resources."""
    by_resource: dict[int, dict[Path, Reported]] = {}
    for text, reported in values.items():
        at = paths.parse(text)
        if at[:_INSTANCE] == instance:
            by_resource.setdefault(at[_INSTANCE], {})[at] = reported
    return [_attribute((*instance, number), found) for number, found in sorted(by_resource.items())]


def _attribute(resource: Path, found: Mapping[Path, Reported]) -> dict[str, Any]:
    shown = {"pathSegment": str(resource[-1]), "path": paths.write(resource)}
    if resource in found:
        return {**shown, "content": _content(found[resource])}
    return {**shown, "contents": [{**_content(each), "path": paths.write(at)} for at, each in sorted(found.items())]}


def _content(reported: Reported) -> dict[str, str]:
    return {"reportedValue": reported.value, "timestamp": times.render(reported.at)}


def _assignment(body: Mapping[str, Any]) -> Assignment:
    told = tuple(Metadata(each["name"], _text(each.get("value"))) for each in body.get("metadata") or ())
    if len({each.name for each in told}) < len(told):
        raise Invalid("metadata names one condition twice", "values.metadata")
    return Assignment(paths.write(path(body["path"], "values.path")), _text(body.get("value")), told)


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return repr(value)


def _rendered(assignment: Assignment) -> dict[str, Any]:
    told = [present({"name": each.name, "value": each.value}) for each in assignment.metadata]
    return present({"path": assignment.path, "value": assignment.value, "metadata": told or None})


def _failure(failure: OperationFailure) -> dict[str, Any]:
    code = None if failure.device_code is None else {"value": failure.device_code, "reason": failure.reason}
    return present({"code": failure.code, "details": failure.details or None, "deviceCode": code})


# What each type of operation needs (manual 7.8.6.1 and 7.8.6.3)


def _reading(named: list[Path], values: tuple[Assignment, ...], _mode: WriteMode | None) -> None:
    _ensure(bool(named), "paths", "a READ names one path or more")
    _ensure_no_values(values)


def _writing(named: list[Path], values: tuple[Assignment, ...], mode: WriteMode | None) -> None:
    _ensure(len(named) == 1, "paths", "a WRITE names one path")
    base = named[0]
    _ensure(len(base) != 1, "paths", "a WRITE names the root, an instance of an object, a resource or one of its own")
    _ensure(not (mode is WriteMode.REPLACE and base == ROOT), "writeMode", "the root is not replaced")
    _ensure_values(values, base)


def _executing(named: list[Path], values: tuple[Assignment, ...], _mode: WriteMode | None) -> None:
    _ensure(len(named) == 1 and len(named[0]) == _RESOURCE, "paths", "an EXECUTE names one resource")
    _ensure_no_values(values)


def _conditioning(named: list[Path], values: tuple[Assignment, ...], _mode: WriteMode | None) -> None:
    _ensure(len(values) == 1, "values", "a WRITE-METADATA has one value")
    only = values[0]
    target = paths.parse(only.path)
    _ensure(target != ROOT, "values.path", "metadata are those of an object, or of something below it")
    _ensure(not named or named == [target], "paths", "a WRITE-METADATA has its path among its values")
    _ensure(bool(only.metadata), "values.metadata", "a WRITE-METADATA has metadata")
    _ensure(only.value is None, "values.value", "a WRITE-METADATA has metadata in place of a value")


def _creating(named: list[Path], values: tuple[Assignment, ...], _mode: WriteMode | None) -> None:
    fits = len(named) == 1 and 1 <= len(named[0]) <= _INSTANCE
    _ensure(fits, "paths", "a CREATE names an object, or the instance of it that is to be")
    if values:
        _ensure_values(values, named[0])
    instances = {paths.parse(each.path)[:_INSTANCE] for each in values}
    _ensure(len(instances) <= 1, "values.path", "a CREATE makes one instance")


def _deleting(named: list[Path], values: tuple[Assignment, ...], _mode: WriteMode | None) -> None:
    _ensure(len(named) == 1 and len(named[0]) == _INSTANCE, "paths", "a DELETE names one instance of an object")
    _ensure_no_values(values)


_CHECKS: Mapping[OperationType, Callable[[list[Path], tuple[Assignment, ...], WriteMode | None], None]] = {
    OperationType.READ: _reading,
    OperationType.WRITE: _writing,
    OperationType.EXECUTE: _executing,
    OperationType.WRITE_METADATA: _conditioning,
    OperationType.CREATE: _creating,
    OperationType.DELETE: _deleting,
}


def _ensure_values(values: Iterable[Assignment], base: Path) -> None:
    found = [(paths.parse(each.path), each) for each in values]
    _ensure(bool(found), "values", "there is nothing to write")
    _ensure(len({at for at, _ in found}) == len(found), "values.path", "a path is written twice")
    for at, each in found:
        _ensure(len(at) >= _RESOURCE, "values.path", f"{each.path} is no resource")
        _ensure(paths.is_below(at, base), "values.path", f"{each.path} is not below {paths.write(base)}")
        _ensure(each.value is not None, "values.value", f"{each.path} has no value")


def _ensure_no_values(values: tuple[Assignment, ...]) -> None:
    _ensure(not values, "values", "it writes no values")


def _ensure(fits: bool, field: str, sentence: str) -> None:  # noqa: FBT001 - a condition
    if not fits:
        raise Invalid(f"{field}: {sentence}", field)
