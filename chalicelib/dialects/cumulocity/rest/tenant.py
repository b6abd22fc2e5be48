"""The tenant that a client has come to, and how one may log in."""

from chalicelib.dialects.cumulocity.rest import contents, links
from chalicelib.fleet.errors import TenantNotFound
from chalicelib.fleet.ports import Ports
from chalicelib.web.request import Answer, Request
from chalicelib.web.routes import Route


def _current(ports: Ports, request: Request) -> Answer:
    tenant = ports.tenants.get(request.tenant)
    if tenant is None:
        raise TenantNotFound("the tenant is gone")
    return contents.found(
        request,
        "currentTenant",
        {
            "self": links.to(request, "tenant", "currentTenant"),
            "name": tenant.id,
            "domainName": request.headers.get("host", "").partition(":")[0],
            "allowCreateTenants": False,
            "customProperties": {},
            "applications": {"self": links.to(request, "tenant", "currentTenant", "applications"), "references": []},
        },
    )


def _login_options(ports: Ports, request: Request) -> Answer:  # noqa: ARG001 - the same for all
    itself = links.to(request, "tenant", "loginOptions")
    option = {"id": "BASIC", "self": f"{itself}/BASIC", "type": "BASIC", "userManagementSource": "INTERNAL"}
    return contents.found(request, "loginOptionCollection", {"self": itself, "loginOptions": [option]})


ROUTES = (
    Route("GET", "/tenant/currentTenant", _current, "The tenant that the client has come to", devices=True),
    Route("GET", "/tenant/loginOptions", _login_options, "How one may log in", public=True),
)
