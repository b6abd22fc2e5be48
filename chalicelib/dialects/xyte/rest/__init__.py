"""The REST API: one module a resource, each with its routes as data; what devices ask, and what organizations do."""

from collections.abc import Mapping

from chalicelib.dialects.xyte import DEVICES, ORGANIZATION
from chalicelib.dialects.xyte.errors import explain
from chalicelib.dialects.xyte.rest import (
    access,
    child_devices,
    cloud_settings,
    commands,
    configuration,
    device_commands,
    device_dumps,
    device_licences,
    devices,
    dumps,
    files,
    happenings,
    incidents,
    licences,
    model_documents,
    open_incidents,
    organization_devices,
    organization_spaces,
    registration,
    space,
    telemetries,
)
from chalicelib.web.routes import Api, Handler
from chalicelib.web.schemas import Schema

_DEVICES = (
    registration,
    devices,
    child_devices,
    telemetries,
    commands,
    configuration,
    licences,
    files,
    dumps,
    incidents,
    happenings,
    cloud_settings,
    space,
)
_ORGANIZATION = (
    model_documents,
    organization_devices,
    device_commands,
    device_licences,
    device_dumps,
    open_incidents,
    organization_spaces,
)
SECURITY = {"type": "apiKey", "in": "header", "name": "Authorization"}


def _answers() -> Mapping[Handler, Schema]:
    return {handler: schema for module in (*_DEVICES, *_ORGANIZATION) for handler, schema in module.ANSWERS.items()}


APIS = (
    Api(
        "xyte",
        (DEVICES,),
        tuple(route for module in _DEVICES for route in module.ROUTES),
        access.device,
        explain,
        SECURITY,
        _answers,
    ),
    Api(
        "xyte",
        (ORGANIZATION,),
        tuple(route for module in _ORGANIZATION for route in module.ROUTES),
        access.organization,
        explain,
        SECURITY,
        _answers,
    ),
)
