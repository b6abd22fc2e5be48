"""`/openapi.json`, and `/docs`: a page that shows it and needs nothing from anywhere else."""

from collections.abc import Sequence
from pathlib import Path

from chalicelib.fleet.ports import Ports
from chalicelib.web import plain
from chalicelib.web.request import Answer, Raw, Request
from chalicelib.web.routes import Api, Route

VERSION = "0.1.0"
PREFIXES = ("/openapi.json", "/docs")
_PAGE = Path(__file__).with_name("docs.html")
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'"
    )
}


def api(described: Sequence[Api]) -> Api:
    """The document is made when it is asked for."""

    def document(ports: Ports, _request: Request) -> Answer:
        from chalicelib.web.openapi import document

        return Answer(document(described, ports, VERSION), headers=_HEADERS)

    def page(_ports: Ports, _request: Request) -> Answer:
        return Answer(Raw(_PAGE.read_bytes(), "text/html; charset=utf-8"), headers=_HEADERS)

    routes = (
        Route("GET", "/openapi.json", document, "This API as OpenAPI", public=True),
        Route("GET", "/docs", page, "The same as a page", public=True),
    )
    return plain.api("description", PREFIXES, routes)
