"""`/openapi.json`, and `/docs`: a page that shows it and needs nothing from anywhere else."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from chalicelib.fleet.ports import Ports
from chalicelib.web import plain
from chalicelib.web.request import Answer, Raw, Request
from chalicelib.web.routes import Api, Route

VERSION = "0.1.0"
PREFIXES = ("/openapi.json", "/docs")
_FOLDER = Path(__file__).parent
_FILES = {
    "page.js": ("docs.js", "text/javascript; charset=utf-8"),
    "page.css": ("docs.css", "text/css; charset=utf-8"),
}
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)
_HEADERS = {"Content-Security-Policy": _POLICY, "X-Content-Type-Options": "nosniff"}


def api(described: Sequence[Api]) -> Api:
    """The document is made when it is asked for."""

    def document(ports: Ports, _request: Request) -> Answer:
        from chalicelib.web.openapi import document

        return Answer(document(described, ports, VERSION), headers=_HEADERS)

    routes = (
        Route("GET", "/openapi.json", document, "This API as OpenAPI", public=True),
        Route("GET", "/docs", _page, "The same as a page", public=True),
        # What stands beside the page, for a browser that was given its address with a slash after it.
        Route("GET", "/docs/openapi.json", document, "This API as OpenAPI", public=True),
        *(
            Route("GET", f"{place}/{name}", partial(_file, file, kind), "A part of the page", public=True)
            for place in ("/docs", "/docs/docs")
            for name, (file, kind) in _FILES.items()
        ),
    )
    return plain.api("description", PREFIXES, routes)


def _page(_ports: Ports, _request: Request) -> Answer:
    return _file("docs.html", "text/html; charset=utf-8", _ports, _request)


def _file(name: str, content_type: str, _ports: Ports, _request: Request) -> Answer:
    return Answer(Raw((_FOLDER / name).read_bytes(), content_type), headers=_HEADERS)
