"""An organization of Xyte and its devices, on ports in memory, through API Gateway's events and Chalice."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import urlencode

from chalicelib.dialects.xyte.rest import APIS
from chalicelib.fleet.access import callers, keys, tenants
from chalicelib.fleet.access.records import KeyRequest
from chalicelib.fleet.access.roles import Role
from chalicelib.fleet.tenancy import settings
from tests.dialects.served import Served
from tests.fakes import MemoryPorts

HOST = "hub.example.com:8443"


@dataclass(frozen=True)
class Reply:
    status: int
    headers: Mapping[str, str]
    raw: bytes

    @property
    def body(self) -> Any:
        return json.loads(self.raw)

    @property
    def error(self) -> str:
        return str(self.body["error"])


def send(
    ports: MemoryPorts,
    method: str,
    path: str,
    body: Any = None,
    *,
    key: str | None = None,
    raw: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    address: str = "192.0.2.1",
    **query: Any,
) -> Reply:
    """JSON unless `raw` is given; between two requests a millisecond goes by."""
    ports.clock.advance(ms=1)
    sent = raw if raw is not None else (json.dumps(body).encode() if body is not None else b"")
    named = {"Host": HOST, "Content-Type": "application/json"} if sent else {"Host": HOST}
    if key is not None:
        named["Authorization"] = key
    asked = urlencode(query, doseq=True)
    given = {**named, **(headers or {})}
    return Reply(*_served().send(ports, method, path, given, sent, query=asked, safe="/%:!+", address=address))


@dataclass
class Client:
    """A tenant with its master key, let in unless it is not `enabled`."""

    ports: MemoryPorts = field(default_factory=MemoryPorts)
    name: str = "acme"
    enabled: bool = True

    def __post_init__(self) -> None:
        self.tenant, self.key, self.secret = tenants.create(self.ports, self.name)
        if self.enabled:
            settings.open_dialect(self.ports, self.tenant.id, "xyte")

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        raw: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        **query: Any,
    ) -> Reply:
        return send(self.ports, method, path, body, key=self.secret, raw=raw, headers=headers, **query)

    def key_with(self, *roles: Role) -> str:
        """A child key with these roles."""
        request = KeyRequest(roles=frozenset(roles))
        return keys.create_child(self.ports, callers.of_key(self.key), self.key.id, request)[1]

    def made(self, path: str, body: Mapping[str, Any]) -> Any:
        """The body of the answer to a POST that makes something."""
        reply = self.call("POST", path, body)
        assert reply.status == 201, reply.raw
        return reply.body

    def model(self, **about: Any) -> str:
        """The hardware key of a new model."""
        return str(self.made("/core/v1/models", {"name": "Pump", **about})["hardware_key"])

    def register(self, hardware_key: str, **about: Any) -> "Device":
        sent = {"hardware_key": hardware_key, "mac": "00:11:22:AA:bb:cc", "sn": "SN-1", "firmware_version": "1.2.3"}
        reply = send(self.ports, "POST", "/v1/devices", {**sent, **about})
        assert reply.status == 201, reply.raw
        return Device(self.ports, reply.body["id"], reply.body["access_key"])


@dataclass
class Device:
    """One that has registered; a `path` is below its own."""

    ports: MemoryPorts
    id: str
    key: str

    def call(self, method: str, path: str = "", body: Any = None, **options: Any) -> Reply:
        return send(self.ports, method, f"/v1/devices/{self.id}{path}", body, key=self.key, **options)


@cache
def _served() -> Served:
    return Served(APIS)
