"""An OpenAPI 3.1 document of what is served, made of the routes themselves."""

import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from chalicelib.fleet.errors import FleetError, Forbidden, Invalid, RateLimitReached, TooLarge, Unauthenticated
from chalicelib.fleet.ports import Ports
from chalicelib.web.parameters import Kind, Parameter, Place
from chalicelib.web.refusals import NotAcceptable, UnsupportedMediaType
from chalicelib.web.routes import Api, Route, function
from chalicelib.web.schemas import Schema

VERSION = "3.1.0"
_JSON = "application/json"


def document(apis: Sequence[Api], ports: Ports, version: str) -> dict[str, Any]:
    """Statuses of errors are asked of the dialects themselves, which is what `ports` is for."""
    paths: dict[str, dict[str, Any]] = {}
    for api in apis:
        for route in api.routes:
            paths.setdefault(route.path, {})[route.method.lower()] = _operation(api, route, ports)
    schemes = {api.name: dict(api.security) for api in apis if api.security}
    return {
        "openapi": VERSION,
        "info": {"title": "Homeport", "version": version},
        "paths": dict(sorted(paths.items())),
        "components": {"securitySchemes": schemes},
    }


def _operation(api: Api, route: Route, ports: Ports) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": f"{route.method.lower()}{re.sub(r'[^a-zA-Z0-9]+', '_', route.path).rstrip('_')}",
        "tags": [api.name],
        "summary": route.summary,
        "responses": _responses(api, route, ports),
    }
    if explained := function(route.handler).__doc__:
        operation["description"] = re.sub(r"\s+", " ", explained).strip()
    if route.deprecated:
        operation["deprecated"] = True
    if route.roles:
        operation["x-roles"] = sorted(str(role) for role in route.roles)
    if route.parameters:
        operation["parameters"] = [_parameter(parameter) for parameter in route.parameters]
    if content := _content(route):
        operation["requestBody"] = {"required": True, "content": content}
    if api.security and not route.public:
        operation["security"] = [{api.name: []}]
    return operation


def _content(route: Route) -> dict[str, Any]:
    """What a body may be, by content type."""
    described: dict[str, Any] = {} if route.schema is None else {_JSON: {"schema": route.schema}}
    return described | {pattern: {} for pattern in route.reads}


def _responses(api: Api, route: Route, ports: Ports) -> dict[str, Any]:
    kinds: list[type[Exception]] = [Invalid, *route.failures]
    if not route.public:
        kinds += [Unauthenticated, RateLimitReached]
    if route.roles:
        kinds.append(Forbidden)
    if _content(route):
        kinds += [TooLarge, UnsupportedMediaType]
    if route.offers:
        kinds.append(NotAcceptable)
    successes = (route.success, *route.others)
    responses: dict[str, Any] = {str(status): _success(api, route, status) for status in successes}
    for kind in kinds:
        answer = api.explain(ports, kind(_sentence(kind)))
        described = responses.setdefault(str(answer.status), {"description": HTTPStatus(answer.status or 500).phrase})
        code = answer.body.get("code") if isinstance(answer.body, Mapping) else None
        if isinstance(code, str) and code not in described.setdefault("x-codes", []):
            described["x-codes"].append(code)
    return dict(sorted(responses.items()))


def _success(api: Api, route: Route, status: int) -> dict[str, Any]:
    described: dict[str, Any] = {"description": HTTPStatus(status).phrase}
    schema = api.answers().get(function(route.handler))
    if status != HTTPStatus.NO_CONTENT and (schema is not None or route.offers):
        described["content"] = {kind: _offered(kind, schema) for kind in route.offers or (_JSON,)}
    return described


def _offered(kind: str, schema: Schema | None) -> dict[str, Any]:
    return {} if schema is None or not kind.endswith("json") else {"schema": schema}


def _sentence(kind: type[Exception]) -> str:
    return (kind.__doc__ or kind.__name__) if issubclass(kind, FleetError) else kind.__name__


def _parameter(parameter: Parameter) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "name": parameter.name,
        "in": parameter.place.value,
        "required": parameter.place is Place.PATH,
        "schema": _schema(parameter),
    }
    if parameter.explained:
        shown["description"] = parameter.explained
    if parameter.kind is Kind.LIST:
        shown |= {"style": "form", "explode": False}
    return shown


def _schema(parameter: Parameter) -> dict[str, Any]:
    if parameter.kind is Kind.LIST:
        return {"type": "array", "items": _text(parameter)}
    if parameter.kind is Kind.STRING:
        schema = _text(parameter)
    else:
        schema = {"type": parameter.kind.value}
        if parameter.bounds:
            schema["minimum"], schema["maximum"] = parameter.bounds
    return schema if parameter.default is None else {**schema, "default": parameter.default}


def _text(parameter: Parameter) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string"}
    if parameter.bounds:
        schema["minLength"], schema["maxLength"] = parameter.bounds
    if parameter.choices:
        schema["enum"] = list(parameter.choices)
    if parameter.pattern:
        schema["pattern"] = f"^(?:{parameter.pattern.pattern})$"
    return schema
