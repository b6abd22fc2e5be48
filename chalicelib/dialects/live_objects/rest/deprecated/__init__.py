"""Operations that the vendor has replaced and old scripts still call: other shapes of the same use cases.

Most of them stand below `/api/v0`, where a device is an *asset*, named by the two parts of its id, and times are
milliseconds.
"""

from chalicelib.dialects.live_objects.rest.deprecated import (
    action_policies,
    assets,
    commands,
    firmwares,
    groups,
    parameters,
    resources,
)
from chalicelib.web.routes import Route

ROUTES: tuple[Route, ...] = tuple(
    route
    for module in (assets, commands, parameters, firmwares, resources, groups, action_policies)
    for route in module.ROUTES
)
