"""A client of the REST API on ports in memory, through API Gateway's events and Chalice."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import urlencode

from chalicelib.dialects.ibm.identity import Name, api_key_name
from chalicelib.dialects.ibm.rest import APIS
from chalicelib.fleet.access import callers, keys, tenants
from chalicelib.fleet.access.records import KeyRequest
from chalicelib.fleet.access.roles import Role
from tests.dialects.served import Served
from tests.fakes import MemoryPorts

V1, V2 = "/api/v0001", "/api/v0002"


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
        """The id of the error."""
        return str(self.body["exception"]["id"])


@dataclass
class Client:
    """One organization and its master key; `call` sends JSON unless `raw` is given."""

    ports: MemoryPorts = field(default_factory=MemoryPorts)
    name: str = "acme"

    def __post_init__(self) -> None:
        tenant, self.key, self.token = tenants.create(self.ports, self.name)
        self.org = tenant.id
        self.host = f"{self.org}.internetofthings.ibmcloud.com"

    @property
    def credentials(self) -> tuple[str, str]:
        return api_key_name(self.org, self.key.id), self.token

    def credentials_with(self, *roles: Role) -> tuple[str, str]:
        """A child key with these roles."""
        key, token = keys.create_child(
            self.ports, callers.of_key(self.key), self.key.id, KeyRequest(roles=frozenset(roles))
        )
        return api_key_name(self.org, key.id), token

    def call(
        self,
        method: str,
        path: str,
        /,
        body: Any = None,
        *,
        raw: bytes | None = None,
        auth: tuple[str, str] | None = ("", ""),
        headers: Mapping[str, str] | None = None,
        host: str | None = None,
        address: str = "192.0.2.1",
        **query: Any,
    ) -> Reply:
        sent = raw if raw is not None else (json.dumps(body).encode() if body is not None else b"")
        named = {"Host": host or self.host}
        if sent:
            named["Content-Type"] = "application/json"
        if auth is not None:
            username, password = auth if auth[0] else self.credentials
            named["Authorization"] = "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()
        return self._send(method, path, {**named, **(headers or {})}, sent, urlencode(query, doseq=True), address)

    def get(self, path: str, **query: Any) -> Reply:
        return self.call("GET", path, **query)

    def registered(self, type_: str = "pump", id_: str = "p1", **more: Any) -> str:
        """The token of a new device."""
        reply = self.call("POST", f"{V1}/devices", {"type": type_, "id": id_, **more})
        assert reply.status == 201, reply.raw
        return str(reply.body["password"])

    def fleet_id(self, type_: str = "pump", id_: str = "p1") -> str:
        return Name(type_, id_).fleet_id

    def _send(self, method: str, path: str, headers: Mapping[str, str], body: bytes, query: str, address: str) -> Reply:
        return Reply(
            *_served().send(self.ports, method, path, headers, body, query=query, safe="/%:!+", address=address),
        )


@cache
def _served() -> Served:
    return Served(APIS)
