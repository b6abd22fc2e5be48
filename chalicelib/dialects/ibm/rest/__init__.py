"""REST v0001 and v0002: one module a resource, each with its routes as data."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from chalicelib.dialects.ibm.errors import explain
from chalicelib.dialects.ibm.rest import (
    bundles,
    diagnostics,
    history,
    management,
    messaging,
    organization,
    registry_v1,
    registry_v2,
    types,
)
from chalicelib.dialects.ibm.rest.access import authenticate
from chalicelib.fleet.ports import Ports
from chalicelib.web.routes import Api, Route

if TYPE_CHECKING:
    from chalice.app import Blueprint

_BASIC = {"type": "http", "scheme": "basic"}
V1 = Api("ibm", "/api/v0001", (*registry_v1.ROUTES, *history.ROUTES), authenticate, explain, _BASIC)
V2 = Api(
    "ibm",
    "/api/v0002",
    (
        *organization.ROUTES,
        *types.ROUTES,
        *registry_v2.ROUTES,
        *diagnostics.ROUTES,
        *messaging.ROUTES,
        *management.ROUTES,
        *bundles.ROUTES,
        *history.ROUTES_V2,
    ),
    authenticate,
    explain,
    _BASIC,
)


def routes() -> tuple[Route, ...]:
    """Every operation, for whoever walks them."""
    return (*V1.routes, *V2.routes)


def blueprints(ports: Callable[[], Ports]) -> "list[Blueprint]":
    """What `app.register_blueprint` takes, one a version. `ports` is called with the first request."""
    from chalicelib.web import mounting

    return [mounting.blueprint(api, ports) for api in (V1, V2)]
