"""Bodies against JSON Schema 2020-12, with sentences that name the field."""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from chalicelib.fleet.errors import Invalid

Schema = Mapping[str, Any]

_KINDS = {
    "object": "an object",
    "array": "a list",
    "string": "a string",
    "integer": "an integer",
    "number": "a number",
    "boolean": "true or false",
    "null": "null",
}
_SHOWN = 128
_validators: dict[int, Any] = {}
_with_integers: dict[int, bool] = {}


def check(schema: Schema, body: Any) -> Any:
    """The body, its whole numbers as such: JSON Schema takes 30.0 for an integer. Errors: Invalid, naming the first."""
    validator = _validators.get(id(schema))
    if validator is None:
        validator = _validators.setdefault(id(schema), _kind()(dict(schema)))
    error = next(validator.iter_errors(body), None)
    if error is not None:
        name = _field(error)
        raise Invalid(f"{name} {_sentence(error)}"[:500], name)
    return _whole(schema, body) if _has_integers(schema) else body


def _whole(schema: Schema, body: Any) -> Any:
    if isinstance(body, float) and "integer" in _types(schema):
        return int(body)
    if isinstance(body, list) and isinstance(schema.get("items"), Mapping):
        return [_whole(schema["items"], item) for item in body]
    if isinstance(body, dict):
        known, others = schema.get("properties", {}), schema.get("additionalProperties")
        others = others if isinstance(others, Mapping) else {}
        return {name: _whole(known.get(name, others), value) for name, value in body.items()}
    return body


def _types(schema: Schema) -> Sequence[str]:
    kinds = schema.get("type", ())
    return (kinds,) if isinstance(kinds, str) else kinds


def _has_integers(schema: Schema) -> bool:
    known = _with_integers.get(id(schema))
    if known is None:
        inner = [*schema.get("properties", {}).values(), schema.get("items"), schema.get("additionalProperties")]
        found = "integer" in _types(schema) or any(_has_integers(s) for s in inner if isinstance(s, Mapping))
        known = _with_integers.setdefault(id(schema), found)
    return known


@cache
def _kind() -> Any:
    """The validator class, imported when the first body comes."""
    from jsonschema import Draft202012Validator
    from jsonschema.validators import extend

    return extend(Draft202012Validator, {"pattern": _pattern})  # type: ignore[no-untyped-call]


def _pattern(_validator: Any, pattern: str, instance: Any, _schema: Any) -> Iterator[Any]:
    """As ECMA 262 reads it, which JSON Schema names: `$` is the very end, letters are those of ASCII."""
    from jsonschema.exceptions import ValidationError

    if isinstance(instance, str) and not _compiled(pattern).search(instance):
        yield ValidationError("is not well formed")


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"{pattern[:-1]}\Z" if pattern.endswith("$") else pattern, re.ASCII)


def _field(error: Any) -> str:
    steps = [f"[{step}]" if isinstance(step, int) else f".{str(step)[:_SHOWN]}" for step in error.absolute_path]
    if error.validator == "required":
        missing = next(name for name in error.validator_value if name not in error.instance)
        steps.append(f".{missing}")
    if "propertyNames" in error.absolute_schema_path:
        steps.append(f".{error.instance[:_SHOWN]}")
    if error.validator == "additionalProperties":
        unknown = sorted(set(error.instance) - set(error.schema.get("properties", ())))
        steps.append(f".{unknown[0][:_SHOWN]}" if unknown else "")
    return "".join(steps).lstrip(".") or "body"


def _sentence(error: Any) -> str:  # noqa: C901, PLR0912 - one case a keyword
    wanted = error.validator_value
    if "propertyNames" in error.absolute_schema_path:
        return str(error.schema.get("description", "is no name"))
    match error.validator:
        case "required":
            return "is required"
        case "type":
            kinds = [wanted] if isinstance(wanted, str) else wanted
            return "is " + " or ".join(_KINDS[kind] for kind in kinds)
        case "enum":
            return "is one of " + ", ".join(str(choice) for choice in wanted)
        case "const":
            return f"is {wanted}"
        case "maxLength":
            return f"has at most {wanted} characters"
        case "minLength":
            return "is not empty" if wanted == 1 else f"has at least {wanted} characters"
        case "maximum" | "minimum":
            return f"is at {'most' if error.validator == 'maximum' else 'least'} {wanted}"
        case "maxItems" | "maxProperties":
            return f"has at most {wanted} entries"
        case "minItems" | "minProperties":
            return f"has at least {wanted} entries"
        case "uniqueItems":
            return "has one entry twice"
        case "additionalProperties":
            return "is not known"
        case _:
            return str(error.schema.get("description", "is not well formed"))
