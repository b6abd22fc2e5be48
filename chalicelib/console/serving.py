"""What is served at `/console/`: the page, its files, and a session for credentials that it cannot send itself."""

from collections.abc import Sequence
from functools import partial

from chalicelib.console import files, prices, signing
from chalicelib.fleet.ports import Ports
from chalicelib.web import describing, plain
from chalicelib.web.refusals import RouteNotFound
from chalicelib.web.request import Answer, Request
from chalicelib.web.routes import Api, Route

PREFIX = f"/{files.BESIDE}"
_THIS_MACHINE = frozenset({"", "localhost", "127.0.0.1", "[", "[::1]"})
_FILES = (PREFIX, f"{PREFIX}/{files.BESIDE}")
"""Where files are looked for by a page whose address ends with and without a slash."""


def api(letting_in: Sequence[Api]) -> Api:
    """`letting_in` are the APIs whose credentials begin a session of the console."""
    routes = (
        Route("GET", PREFIX, page, "The console", public=True),
        Route("GET", f"{PREFIX}/about.json", about, "What this is and what it costs", public=True),
        Route("POST", f"{PREFIX}/session", partial(signing.begin, letting_in), "Begin a session", public=True),
        *(
            Route("GET", f"{place}/{{version}}/{{name+}}", file, "A file of the console", public=True)
            for place in _FILES
        ),
    )
    return plain.api("console", (PREFIX,), routes)


def page(_ports: Ports, request: Request) -> Answer:
    secured = files.OVER_TLS if _over_tls(request) else {}
    return Answer(files.index(), headers={**files.HEADERS, **files.NEVER_KEPT, **secured})


def file(_ports: Ports, request: Request) -> Answer:
    """Errors: RouteNotFound (none of that name in this version)."""
    found = files.file(request.path["name"]) if request.path["version"] == files.version() else None
    if found is None:
        raise RouteNotFound("there is no such file in this version of the console")
    return Answer(found, headers={**files.HEADERS, **files.KEPT_FOR_EVER})


def about(_ports: Ports, _request: Request) -> Answer:
    body = {"version": describing.VERSION, "price": prices.A_MILLION}
    return Answer(body, headers={**files.HEADERS, **files.NEVER_KEPT})


def _over_tls(request: Request) -> bool:
    """Whether it came over TLS to another machine than the browser's own."""
    host = request.headers.get("host", "").rpartition("@")[2].partition(":")[0].lower()
    return request.headers.get("x-forwarded-proto") == "https" and host not in _THIS_MACHINE
