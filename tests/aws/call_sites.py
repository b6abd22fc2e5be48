"""Every call of AWS in our source, found by reading it, and what botocore's models say of its parameters.

Values that are written down are checked as they are; for the others a value of the model's own form stands in, so that
names, nesting, required members and constants of enumerations are all looked at whoever runs the line.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import botocore.session
from botocore import xform_name
from botocore.model import ServiceModel, Shape
from botocore.validate import ParamValidator

SERVICES = (
    "apigateway",
    "cloudformation",
    "cloudwatch",
    "dynamodb",
    "ecr",
    "iot",
    "iot-data",
    "lambda",
    "logs",
    "s3",
    "sns",
    "sqs",
    "ssm",
    "stepfunctions",
    "sts",
)
_STRINGS = {"timestamp": "2027-01-15T08:00:00Z"}
_WAITER_CONFIG = "WaiterConfig"
_INDIRECT = {"wait", "paginate", "generate_presigned_url"}
"""Methods that name an operation by their arguments, or by what they are called of."""
_CALLED = re.compile(r"\.\s*(\w+)\s*\(")


@dataclass(frozen=True, slots=True)
class Call:
    """`more` says that further parameters come from a mapping, which the source does not show.

    `method` is empty where the operation itself is chosen when the line runs.
    """

    file: str
    line: int
    method: str
    given: dict[str, ast.expr]
    more: bool


@cache
def _models() -> dict[str, ServiceModel]:
    session = botocore.session.get_session()
    return {service: session.get_service_model(service) for service in SERVICES}


@cache
def operations() -> dict[str, tuple[Shape | None, ...]]:
    """By a client's method: what each service that has it takes."""
    found: dict[str, list[Shape | None]] = {}
    for model in _models().values():
        for name in model.operation_names:
            found.setdefault(xform_name(name), []).append(model.operation_model(name).input_shape)
    return {name: tuple(shapes) for name, shapes in found.items()}


@cache
def _waiters() -> dict[str, str]:
    session = botocore.session.get_session()
    found: dict[str, str] = {}
    for service in ("cloudformation", "dynamodb", "lambda"):
        waiters = session.create_client(service, region_name="eu-west-1").waiter_names
        model = session.get_waiter_model(service)
        by_name = {xform_name(name): xform_name(model.get_waiter(name).operation) for name in model.waiter_names}
        found |= {name: by_name[name] for name in waiters}
    return found


def calls(path: Path, root: Path) -> Iterator[Call]:
    source = path.read_text(encoding="utf-8")
    # Most files have none, and reading a file as text is much less work than as a tree.
    if not any(name in operations() or name in _INDIRECT for name in _CALLED.findall(source)):
        return
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            file = str(path.relative_to(root))
            yield from (Call(file, node.lineno, *found) for found in _of(node, node.func))


def _of(node: ast.Call, func: ast.Attribute) -> Iterator[tuple[str, dict[str, ast.expr], bool]]:
    given = {k.arg: k.value for k in node.keywords if k.arg}
    more = any(k.arg is None for k in node.keywords)
    if func.attr in ("wait", "paginate") and isinstance(func.value, ast.Call):
        for method in _named(func.value):
            yield method, {k: v for k, v in given.items() if k != _WAITER_CONFIG}, more
    elif func.attr == "generate_presigned_url":
        chosen, parameters = node.args[0], given["Params"]
        if isinstance(chosen, ast.Constant) and isinstance(parameters, ast.Dict):
            yield str(chosen.value), _entries(parameters), None in parameters.keys
        else:
            yield "", {}, True
    elif func.attr in operations() and not node.args:
        yield func.attr, given, more


def _named(made: ast.Call) -> Iterator[str]:
    """The operations behind `get_waiter(name)` or `get_paginator(name)`."""
    if not isinstance(made.func, ast.Attribute) or made.func.attr not in ("get_waiter", "get_paginator"):
        return
    (name,) = made.args
    if not isinstance(name, ast.Constant):
        yield ""
        return
    yield _waiters()[str(name.value)] if made.func.attr == "get_waiter" else str(name.value)


def complaints(call: Call) -> list[str]:
    """What is wrong with a call by every service that has such a method; nothing if one would take it."""
    found = [_report(call, shape) for shape in operations()[call.method]]
    return [] if any(not report for report in found) else found


def _report(call: Call, shape: Shape | None) -> str:
    if shape is None:
        return f"{call.method} takes nothing" if call.given else ""
    if unknown := call.given.keys() - shape.members.keys():
        return f"{call.method} knows no {', '.join(sorted(unknown))}"
    values = {name: _value(value, shape.members[name]) for name, value in call.given.items()}
    if call.more:
        values |= {name: stand_in(shape.members[name]) for name in shape.required_members if name not in values}
    report = ParamValidator().validate(values, shape)
    return report.generate_report() if report.has_errors() else _constants(values, shape)


def _constants(value: Any, shape: Shape) -> str:
    """The constants that no enumeration has; botocore itself leaves them to AWS."""
    if shape.type_name == "structure" and isinstance(value, dict):
        return "".join(_constants(part, shape.members[name]) for name, part in value.items())
    if shape.type_name == "list" and isinstance(value, list):
        return "".join(_constants(part, shape.member) for part in value)
    allowed = getattr(shape, "enum", None)
    return f"{value!r} is not one of {allowed}" if allowed and value not in allowed else ""


def _entries(node: ast.Dict) -> dict[str, ast.expr]:
    return {str(k.value): v for k, v in zip(node.keys, node.values, strict=True) if isinstance(k, ast.Constant)}


def _value(node: ast.expr, shape: Shape) -> Any:
    """What is written down, and a stand-in for what is not."""
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.List):
        # Of another form than the model wants: the validator says so.
        return [_value(part, shape.member) for part in node.elts] if shape.type_name == "list" else []
    if isinstance(node, ast.Dict) and None not in node.keys and shape.type_name == "map":
        return {k: _value(v, shape.value) for k, v in _entries(node).items()}
    if isinstance(node, ast.Dict) and None not in node.keys:
        members = shape.members if shape.type_name == "structure" else {}
        return {k: _value(v, members[k]) if k in members else None for k, v in _entries(node).items()}
    return stand_in(shape)


def stand_in(shape: Shape) -> Any:
    """The least that the model takes."""
    match shape.type_name:
        case "structure":
            return {name: stand_in(shape.members[name]) for name in shape.required_members}
        case "list":
            return [stand_in(shape.member)] * int(shape.metadata.get("min", 0))
        case "map":
            return {}
        case "string":
            return (shape.enum or ["x" * max(1, int(shape.metadata.get("min", 1)))])[0]
        case "boolean":
            return True
        case "blob":
            return b""
        case "timestamp":
            return _STRINGS["timestamp"]
        case _:
            return int(shape.metadata.get("min", 1))
