"""A client of the REST API on ports in memory, through API Gateway's events and Chalice."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import urlencode

from chalicelib.dialects.live_objects.rest import APIS
from chalicelib.fleet.access import callers, keys, tenants
from chalicelib.fleet.access.records import KeyRequest, Tenant
from chalicelib.fleet.access.roles import Role
from tests.dialects.live_objects import described
from tests.dialects.served import Served
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
    address: str = "192.0.2.1"

    def __post_init__(self) -> None:
        self.tenant, self.master, self.secret = tenants.create(self.ports, self.name)

    @classmethod
    def known(cls, ports: MemoryPorts, tenant: str, secret: str, name: str) -> "Client":
        """Of a tenant that is there already, by the secret of its master key."""
        client = cls.__new__(cls)
        client.ports, client.name, client.address, client.secret = ports, name, cls.address, secret
        owner = keys.owner(ports, secret)
        assert owner is not None
        client.tenant, client.master = Tenant(tenant, name, ports.clock.now()), owner
        return client

    def key(self, *roles: Role, **limits: Any) -> str:
        request = KeyRequest(roles=frozenset(roles), **limits)
        return keys.create_child(self.ports, callers.of_key(self.master), self.master.id, request)[1]

    def call(
        self,
        method: str,
        path: str,
        /,
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
        return Reply(
            *_served().send(self.ports, method, path, headers, body, query=query, safe="/%:!", address=self.address),
        )


@cache
def _served() -> Served:
    return Served(APIS)
