"""REST APIs on ports in memory, through API Gateway's events and Chalice: an app of routes is built once a process."""

import io
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import quote

from chalicelib.fleet.ports import Ports
from chalicelib.web import mounting, plain
from chalicelib.web.application import Application
from chalicelib.web.router import Router
from chalicelib.web.routes import Api
from chalicelib.web.site import Site
from infra.local.api_gateway import ApiGateway
from infra.local.http_server import RAW_HEADERS


class Raw(NamedTuple):
    status: int
    headers: Mapping[str, str]
    body: bytes


class Served:
    """An app that answers each request from the ports that come with it."""

    def __init__(self, apis: Sequence[Api], origins: Collection[str] = ()) -> None:
        self._asked = threading.local()
        app = application(apis, lambda: self._asked.ports, origins)
        self._gateway = self.gateway(app)

    def gateway(self, app: Any) -> ApiGateway:
        """What stands before the app."""
        return ApiGateway(app, function_arn="arn:aws:lambda:x:1:function:api", account="1", ready=lambda: True)

    def send(
        self,
        ports: Ports,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes,
        *,
        query: str,
        safe: str,
        address: str = "192.0.2.1",
    ) -> Raw:
        """`safe` are the characters of a path that the client leaves as they are, `address` is where it is."""
        environ = {
            "REQUEST_METHOD": method,
            "REQUEST_URI": quote(path, safe=safe),
            "QUERY_STRING": query,
            "REMOTE_ADDR": address,
            "HTTP_HOST": headers.get("Host", "localhost"),
            RAW_HEADERS: list(headers.items()),
            "wsgi.input": io.BytesIO(body),
        }
        started: dict[str, Any] = {}

        def start_response(status: str, sent: list[tuple[str, str]]) -> None:
            started.update(status=int(status.split(maxsplit=1)[0]), headers=dict(sent))

        self._asked.ports = ports
        raw = b"".join(self._gateway(environ, start_response))
        return Raw(started["status"], started["headers"], raw)


def application(apis: Sequence[Api], ports: Callable[[], Ports], origins: Collection[str] = ()) -> Application:
    """What API Gateway invokes, for these APIs alone."""
    app = Application("homeport", configure_logs=False)
    app.api.binary_types = ["*/*"]
    site = Site(Router(apis, otherwise=plain.api("nothing", ())), origins)
    mounting.mount(app, [prefix for api in apis for prefix in api.prefixes], lambda: site, ports)
    return app
