"""Devices with a model as the gateway tells of them, on ports in memory, beside a tenant's client of the REST API."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from chalicelib.dialects.lwm2m import gateway
from tests.dialects.live_objects.client import DEVICES, Client

URN = "urn:lo:nsid:lwm2m:meter"
ENDPOINT = "urn:imei:004402"
IDENTITY, SECRET = "meter-identity", "000102030405060708090a0b0c0d0e0f"
KEY = bytes(range(16))
LINKS = '</>;rt="oma.lwm2m";ct="60 110 112",</1/0>,</3/0>,</5>,</6/0>,</3303/0>,</3303/1>'

_MOST_REQUESTS = 1_000
_numbers = count()


def interface(
    endpoint: str = ENDPOINT, identity: str = IDENTITY, secret: str = SECRET, **others: Any
) -> dict[str, Any]:
    security = {"mode": "PSK", "pskInfo": {"identity": identity, "secret": secret}}
    return {"connector": "lwm2m", "definition": {"endpointName": endpoint, "security": security}, **others}


def provision(client: Client, urn: str = URN, **named: str) -> str:
    """Register a device; its path."""
    reply = client.call("POST", DEVICES, {"id": urn, "interfaces": [interface(**named)]})
    assert reply.status == 200, reply.raw
    return f"{DEVICES}/{urn}"


@dataclass
class Endpoint:
    """One device, and the gateway that it is connected to."""

    client: Client
    identity: str = IDENTITY
    name: str = ENDPOINT
    principal: str = ""
    key: bytes = b""
    location: str = ""
    holder: str = "run-1"
    answers: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    """What the device answers, by method and path."""
    asked: list[Mapping[str, Any]] = field(default_factory=list)

    def event(self, kind: str, **told: Any) -> dict[str, Any]:
        return gateway.handle(self.client.ports, {"kind": kind, "door": "run", "id": f"e{next(_numbers):08}", **told})

    def connect(self) -> bool:
        """The handshake; whether the identity is known."""
        found = self.event("identity", identity=base64.b64encode(self.identity.encode()).decode())
        if found:
            self.principal, self.key = found["principal"], base64.b64decode(found["key"])
        return bool(found)

    def send(
        self,
        method: str,
        path: Sequence[str],
        payload: bytes = b"",
        query: Sequence[str] = (),
        format: int | None = None,  # noqa: A002 - the standard's word
    ) -> dict[str, Any]:
        told: dict[str, Any] = {
            "principal": self.principal,
            "method": method,
            "path": list(path),
            "query": list(query),
            "address": "192.0.2.77",
            "port": 59436,
            "payload": base64.b64encode(payload).decode(),
        }
        if format is not None:
            told["format"] = format
        return self.event("request", **told)

    def register(self, links: str = LINKS, *query: str, version: str = "1.1", lifetime: int | None = 300) -> str:
        """The code of the answer."""
        asked = [f"ep={self.name}", f"lwm2m={version}", *([] if lifetime is None else [f"lt={lifetime}"]), *query]
        answer = self.send("POST", ["rd"], links.encode(), asked, 40)
        if "location" in answer:
            self.location = answer["location"][1]
        return str(answer["code"])

    def update(self, *query: str, links: str = "") -> str:
        return str(self.send("POST", ["rd", self.location], links.encode(), query, 40 if links else None)["code"])

    def deregister(self) -> str:
        return str(self.send("DELETE", ["rd", self.location])["code"])

    def work(self, *, awaited: bool = False) -> dict[str, Any]:
        """Ask what is next and answer it, for as long as there is something; what the platform said last."""
        done: dict[str, Any] | None = None
        for _ in range(_MOST_REQUESTS):
            event = {"principal": self.principal, "holder": self.holder, "awaited": awaited}
            told = self.event("next", **event, **({} if done is None else {"done": done}))
            awaited = False
            if "request" not in told:
                return told
            request = told["request"]
            self.asked.append(request)
            done = {"work": told["work"], **self._answer(request)}
        raise AssertionError("there is always one more request")

    def _answer(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        return self.answers.get(f"{request['method']} /{'/'.join(request['path'])}", {"code": "4.04"})

    def notify(
        self,
        token: str,
        payload: bytes,
        format: int | None,  # noqa: A002 - the standard's word
        *,
        code: str = "2.05",
        newest: bool = True,
    ) -> bool:
        answer = self.event(
            "notification",
            principal=self.principal,
            token=token,
            code=code,
            format=format,
            payload=base64.b64encode(payload).decode(),
            newest=newest,
            at=self.client.ports.clock.now(),
        )
        return bool(answer.get("accepted"))


def content(payload: bytes, format: int | None = None, *, observing: bool = False) -> dict[str, Any]:  # noqa: A002 - same
    told: dict[str, Any] = {"code": "2.05", "payload": base64.b64encode(payload).decode(), "observing": observing}
    return told if format is None else {**told, "format": format}
