"""`/api/v0/tenants/me`: the account that an API key belongs to (OpenAPI, "Tenant accounts"; roles: manual 4.4).

Settings are the operator's to make: the vendor has no operation to write them either.
"""

from chalicelib.dialects.live_objects.rest.shapes import tenants as shapes
from chalicelib.fleet.access.roles import Role
from chalicelib.fleet.errors import TenantNotFound
from chalicelib.fleet.ports import Ports
from chalicelib.web.request import Answer, Request
from chalicelib.web.routes import Route


def account(ports: Ports, request: Request) -> Answer:
    """Any key may read the account; its settings are shown to those that may read settings."""
    tenant = ports.tenants.get(request.tenant)
    if tenant is None:
        raise TenantNotFound("this tenant is not there any more")
    may_read = Role.SETTINGS_R in request.by.roles
    return Answer(shapes.render(tenant, ports.tenants.current_settings(tenant.id) if may_read else None))


ROUTES = (Route("GET", "/api/v0/tenants/me", account, "Get the tenant of this key", failures=(TenantNotFound,)),)
