"""The REST API: one module a resource, each with its routes as data."""

from collections.abc import Mapping

from chalicelib.dialects.cumulocity import DIALECT
from chalicelib.dialects.cumulocity.errors import explain
from chalicelib.dialects.cumulocity.rest import (
    alarms,
    audit_records,
    binaries,
    bulk_operations,
    bulk_registration,
    children,
    current_user,
    device_users,
    event_binaries,
    events,
    identity,
    listing,
    managed_objects,
    many_objects,
    measurements,
    memberships,
    notifications,
    operations,
    options,
    platform,
    registration,
    series,
    system_options,
    tenant,
    tokens,
    users,
)
from chalicelib.dialects.cumulocity.rest.access import authenticate
from chalicelib.web.routes import Api, Handler, Route
from chalicelib.web.schemas import Schema


def _answers() -> Mapping[Handler, Schema]:
    from chalicelib.dialects.cumulocity.rest.answers import ANSWERS

    return ANSWERS


API = Api(
    "cumulocity",
    DIALECT.prefixes,
    (
        *platform.ROUTES,
        *tenant.ROUTES,
        *tokens.ROUTES,
        *options.ROUTES,
        *system_options.ROUTES,
        *current_user.ROUTES,
        *users.ROUTES,
        *memberships.ROUTES,
        *managed_objects.ROUTES,
        *many_objects.ROUTES,
        *listing.ROUTES,
        *children.ROUTES,
        *binaries.ROUTES,
        *device_users.ROUTES,
        *identity.ROUTES,
        *measurements.ROUTES,
        *series.ROUTES,
        *events.ROUTES,
        *event_binaries.ROUTES,
        *alarms.ROUTES,
        *operations.ROUTES,
        *bulk_operations.ROUTES,
        *notifications.ROUTES,
        *registration.ROUTES,
        *bulk_registration.ROUTES,
        *audit_records.ROUTES,
    ),
    authenticate,
    explain,
    {"type": "http", "scheme": "basic"},
    _answers,
    collapsing=True,
    method_header="X-HTTP-METHOD",
)

APIS = (API,)


def routes() -> tuple[Route, ...]:
    """Every operation, for whoever walks them."""
    return tuple(API.routes)
