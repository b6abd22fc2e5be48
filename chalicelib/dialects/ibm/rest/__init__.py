"""REST v0001 and v0002: one module a resource, each with its routes as data."""

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
from chalicelib.web.routes import Api, Route

_BASIC = {"type": "http", "scheme": "basic"}
V1 = Api("ibm", ("/api/v0001",), (*registry_v1.ROUTES, *history.ROUTES), authenticate, explain, _BASIC)
V2 = Api(
    "ibm",
    ("/api/v0002",),
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

APIS = (V1, V2)


def routes() -> tuple[Route, ...]:
    """Every operation, for whoever walks them."""
    return tuple(route for api in APIS for route in api.routes)
