"""Name and password for a token (reference, "Obtain an access token")."""

from urllib.parse import parse_qs

from chalicelib.dialects.cumulocity import tokens
from chalicelib.dialects.cumulocity.rest import access, contents, links
from chalicelib.fleet.errors import Invalid, Unauthenticated
from chalicelib.fleet.ports import Ports
from chalicelib.web.parameters import Parameter
from chalicelib.web.request import Answer, Request
from chalicelib.web.routes import Route

KIND = "accessToken"
LARGEST = 16_384
_MOST_FIELDS = 20


def _obtain(ports: Ports, request: Request) -> Answer:
    """Errors: Unauthenticated (also for another grant than that of a password), Invalid, RateLimitReached."""
    links.ensure_host(request)
    form = _form(request.raw)
    if form.get("grant_type", "").upper() != "PASSWORD":
        raise Unauthenticated("the only grant_type is PASSWORD")
    sent, password = form.get("username", ""), form.get("password", "")
    if not sent or not password:
        raise Unauthenticated("username and password are required")
    said, name = access.parted(sent)
    tenant = said or request.asked["tenant_id"] or None
    caller = access.let_in(ports, access.proven(ports, request, tenant, name, password), tenant)
    host = request.headers.get("host", "").partition(":")[0]
    return contents.found(request, KIND, {"access_token": tokens.issue(ports, caller, name, password, host)})


def _form(raw: bytes) -> dict[str, str]:
    """The first value of each field. Errors: Invalid."""
    try:
        found = parse_qs(raw.decode(), keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError:
        raise Invalid("the body is a form of a few fields in UTF-8", "body") from None
    return {name: values[0] for name, values in found.items()}


ROUTES = (
    Route(
        "POST",
        "/tenant/oauth/token",
        _obtain,
        "A token for a name and a password",
        public=True,
        parameters=(Parameter("tenant_id", default=""),),
        failures=(Unauthenticated, Invalid),
        reads=contents.ANYTHING,
        max_body=LARGEST,
    ),
)
