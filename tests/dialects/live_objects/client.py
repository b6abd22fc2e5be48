"""A client of the REST API on ports in memory, through API Gateway's events and Chalice."""

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

from chalice.app import Chalice

from chalicelib.dialects.live_objects.rest import blueprint
from chalicelib.fleet import keys, tenants
from chalicelib.fleet.roles import Role
from infra.local.api_gateway import ApiGateway
from infra.local.http_server import RAW_HEADERS
from tests.dialects.live_objects import described
from tests.fakes import MemoryPorts

DEVICES = "/api/v1/deviceMgt/devices"


@dataclass(frozen=True)
class Reply:
    status: int
    headers: Mapping[str, str]
    raw: bytes

    @property
    def body(self) -> Any:
        return json.loads(self.raw) if self.raw else None

    @property
    def code(self) -> Any:
        return self.body["code"]


@dataclass
class Client:
    """One tenant and its master key; `call` sends JSON unless `raw` is given."""

    ports: MemoryPorts = field(default_factory=MemoryPorts)
    name: str = "acme"

    def __post_init__(self) -> None:
        self.tenant, self.master, self.secret = tenants.create(self.ports, self.name)
        app = Chalice("homeport", configure_logs=False)
        app.api.binary_types = ["*/*"]
        app.register_blueprint(blueprint(lambda: self.ports))
        self.app = app
        self.gateway = ApiGateway(app, function_arn="arn:aws:lambda:x:1:function:api", account="1", ready=lambda: True)

    def key(self, *roles: Role, **limits: Any) -> str:
        request = keys.KeyRequest(roles=frozenset(roles), **limits)
        return keys.create_child(self.ports, self.master, self.master.id, request)[1]

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        raw: bytes | None = None,
        key: str | None = "",
        headers: Mapping[str, str] | None = None,
        **query: Any,
    ) -> Reply:
        sent = raw if raw is not None else (json.dumps(body).encode() if body is not None else b"")
        named = {"Content-Type": "application/json"} if sent else {}
        if key is not None:
            named["X-API-Key"] = key or self.secret
        reply = self._send(method, path, {**named, **(headers or {})}, sent, urlencode(query, doseq=True))
        described.check(method, path, reply.status, reply.raw)
        return reply

    def get(self, path: str, **query: Any) -> Reply:
        return self.call("GET", path, **query)

    def _send(self, method: str, path: str, headers: Mapping[str, str], body: bytes, query: str) -> Reply:
        target = quote(path, safe="/%:!")
        environ = {
            "REQUEST_METHOD": method,
            "REQUEST_URI": target,
            "QUERY_STRING": query,
            RAW_HEADERS: list(headers.items()),
            "wsgi.input": io.BytesIO(body),
        }
        started: dict[str, Any] = {}

        def start_response(status: str, sent: list[tuple[str, str]]) -> None:
            started.update(status=int(status.split(maxsplit=1)[0]), headers=dict(sent))

        raw = b"".join(self.gateway(environ, start_response))
        return Reply(started["status"], started["headers"], raw)
