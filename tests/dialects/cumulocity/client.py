"""A client of the REST API on ports in memory, through API Gateway's events and Chalice."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import urlencode

from chalicelib.dialects.cumulocity.rest import APIS
from chalicelib.fleet.access import callers, keys, tenants
from chalicelib.fleet.access.records import KeyRequest
from chalicelib.fleet.access.roles import Role
from chalicelib.fleet.inventory import numbering
from tests.dialects.served import Served
from tests.fakes import MemoryPorts


@dataclass(frozen=True)
class Reply:
    status: int
    headers: Mapping[str, str]
    raw: bytes

    @property
    def body(self) -> Any:
        return json.loads(self.raw) if self.raw else None

    @property
    def error(self) -> str:
        return str(self.body["error"])

    @property
    def message(self) -> str:
        return str(self.body["message"])


@dataclass
class Client:
    """One tenant and its master key; `call` sends JSON unless `raw` is given, and accepts it unless told otherwise.

    Between two calls a millisecond goes by.
    """

    ports: MemoryPorts = field(default_factory=MemoryPorts)
    name: str = "acme"
    enabled: bool = True

    def __post_init__(self) -> None:
        self.tenant, self.key, self.secret = tenants.create(self.ports, self.name)
        if self.enabled:
            numbering.enable(self.ports, self.tenant.id)

    @property
    def credentials(self) -> tuple[str, str]:
        return f"{self.tenant.id}/someone", self.secret

    def credentials_with(self, *roles: Role) -> tuple[str, str]:
        """Those of a child key with these roles."""
        request = KeyRequest(roles=frozenset(roles))
        _, secret = keys.create_child(self.ports, callers.of_key(self.key), self.key.id, request)
        return f"{self.tenant.id}/someone", secret

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        raw: bytes | None = None,
        auth: tuple[str, str] | None = ("", ""),
        headers: Mapping[str, str] | None = None,
        accept: str | None = "application/json",
        **query: Any,
    ) -> Reply:
        self.ports.clock.advance(ms=1)
        sent = raw if raw is not None else (json.dumps(body).encode() if body is not None else b"")
        named = {"Host": "acme.example.com"}
        if sent:
            named["Content-Type"] = "application/json"
        if accept is not None:
            named["Accept"] = accept
        if auth is not None:
            username, password = auth if auth[0] else self.credentials
            named["Authorization"] = "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()
        given = {**named, **(headers or {})}
        asked = urlencode(query, doseq=True)
        return Reply(*_served().send(self.ports, method, path, given, sent, query=asked, safe="/%:!+"))

    def get(self, path: str, **query: Any) -> Reply:
        return self.call("GET", path, **query)

    def made(self, path: str, body: Mapping[str, Any]) -> Any:
        """The body of the answer to a POST that makes something."""
        reply = self.call("POST", path, body)
        assert reply.status == 201, reply.raw
        return reply.body


@cache
def _served() -> Served:
    return Served(APIS)
