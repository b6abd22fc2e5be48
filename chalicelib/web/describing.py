"""`/openapi.json`, and `/docs`: a page that shows it and needs nothing from anywhere else."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chalicelib.fleet.ports import Ports
from chalicelib.web.routes import Api

if TYPE_CHECKING:
    from chalice.app import Blueprint

VERSION = "0.1.0"
_PAGE = Path(__file__).with_name("docs.html")
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'"


def blueprint(apis: Sequence[Api], ports: Callable[[], Ports]) -> "Blueprint":
    """What `app.register_blueprint` takes; the document is made when it is asked for."""
    from chalice.app import Blueprint

    from chalicelib.web.responses import respond

    made = Blueprint(__name__)

    def answer(body: str, content_type: str) -> Any:
        headers = {"Content-Type": content_type, "Content-Security-Policy": _POLICY}
        return respond(made.current_request, body, headers, 200)

    @made.route("/openapi.json", methods=["GET"])
    def openapi() -> Any:
        from chalicelib.web import json_text
        from chalicelib.web.openapi import document

        return answer(json_text.render(document(apis, ports(), VERSION)), "application/json")

    @made.route("/docs", methods=["GET"])
    def docs() -> Any:
        return answer(_PAGE.read_text(encoding="utf-8"), "text/html; charset=utf-8")

    return made
