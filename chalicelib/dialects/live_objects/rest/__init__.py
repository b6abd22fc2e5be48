"""The REST API: one module a resource, each with its routes as data; `shapes` says what goes over the wire."""

from collections.abc import Mapping

from chalicelib.dialects.live_objects.errors import explain
from chalicelib.dialects.live_objects.rest import (
    action_diagnostics,
    action_policies,
    aggregates,
    api_keys,
    audit_log,
    bootstrap,
    certificates,
    commands,
    configuration,
    connector_nodes,
    data,
    decoders,
    deprecated,
    device_resources,
    devices,
    fifos,
    groups,
    interfaces,
    inventory,
    resource_manager,
    tenants,
    twin_models,
    twins,
    users,
)
from chalicelib.dialects.live_objects.rest.access import HEADER, authenticate
from chalicelib.web.routes import Api, Handler, Route
from chalicelib.web.schemas import Schema

RESOURCES = (
    api_keys,
    users,
    tenants,
    certificates,
    devices,
    inventory,
    aggregates,
    groups,
    interfaces,
    connector_nodes,
    commands,
    configuration,
    resource_manager,
    device_resources,
    data,
    decoders,
    fifos,
    action_policies,
    action_diagnostics,
    audit_log,
    twins,
    twin_models,
    bootstrap,
    deprecated,
)


def _answers() -> Mapping[Handler, Schema]:
    from chalicelib.dialects.live_objects.rest.answers import ANSWERS

    return ANSWERS


API = Api(
    "live_objects",
    ("/api",),
    [route for resource in RESOURCES for route in resource.ROUTES],
    authenticate,
    explain,
    {"type": "apiKey", "in": "header", "name": HEADER},
    _answers,
)

APIS = (API,)


def routes() -> tuple[Route, ...]:
    """Every operation, for whoever walks them."""
    return tuple(route for api in APIS for route in api.routes)
