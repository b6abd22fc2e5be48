"""A device with a model, as its gateway tells of it: what it costs to register, to be asked, to tell."""

import base64
import json
from itertools import count
from typing import Any

from bench.units.cloud import Cloud
from bench.units.live_objects import Bench

URN, NAME = "urn:lo:nsid:bench:meter", "urn:bench:meter"
_LINKS = b"</1/0>,</3/0>,</3303/0>"
_TEXT, _LINK_FORMAT, _SENML = 0, 40, 110
_numbers = count()


class TwinDevice:
    """Registered over the API, connected, not registered over CoAP."""

    def __init__(self, bench: Bench, urn: str = URN, name: str = NAME) -> None:
        self._cloud: Cloud = bench.cloud
        self._bench, self.urn, self._name, self._location = bench, urn, name, ""
        security = {"mode": "PSK", "pskInfo": {"identity": name, "secret": "00" * 16}}
        interface = {"connector": "lwm2m", "definition": {"endpointName": name, "security": security}}
        bench.post("/api/v1/deviceMgt/devices", {"id": urn, "interfaces": [interface]})
        self.principal = self.event("identity", identity=base64.b64encode(name.encode()).decode())["principal"]

    def event(self, kind: str, **told: Any) -> Any:
        numbered = {"kind": kind, "door": "run", "id": f"event-{next(_numbers)}", **told}
        return self._cloud.invoke("lwm2m", numbered)

    def send(self, method: str, *path: str, payload: bytes = b"", **told: Any) -> Any:
        body = base64.b64encode(payload).decode()
        answer = self.event("request", principal=self.principal, method=method, path=path, payload=body, **told)
        if not answer["code"].startswith("2."):
            raise RuntimeError(f"{method} of {path} was answered {answer}")
        return answer

    def register(self) -> None:
        query = [f"ep={self._name}", "lwm2m=1.1", "lt=300"]
        answer = self.send("POST", "rd", payload=_LINKS, query=query, format=_LINK_FORMAT)
        self._location = answer["location"][1]

    def update(self) -> None:
        self.send("POST", "rd", self._location)

    def deregister(self) -> None:
        self.send("DELETE", "rd", self._location)

    def report(self, value: float) -> None:
        self.send("POST", "dp", payload=json.dumps([{"n": "/3303/0/5700", "v": value}]).encode(), format=_SENML)

    def notify(self, token: str, value: str) -> None:
        told = {"token": token, "newest": True, "at": self._cloud.clock.now()}
        content = {"code": "2.05", "format": _TEXT, "payload": base64.b64encode(value.encode()).decode()}
        if not self.event("notification", principal=self.principal, **told, **content)["accepted"]:
            raise RuntimeError("a notification was rejected")

    def work(self) -> str:
        """Answer everything that it is asked; the token of the last observation."""
        token, done = "", None
        while True:
            event = {"principal": self.principal, "holder": "bench", "awaited": False}
            told = self.event("next", **event, **({} if done is None else {"done": done}))
            if "request" not in told:
                return token
            token = told["request"].get("token", token)
            payload = base64.b64encode(b"1").decode()
            done = {"work": told["work"], "code": "2.05", "format": _TEXT, "payload": payload, "observing": True}

    def read(self) -> None:
        """An operation from the order to its end."""
        made = self._bench.post(f"/api/v1/deviceMgt/devices/{self.urn}/twin/operations", _READ)
        self.work()
        path = f"devices/{self.urn}/twin/operations/{made['id']}"
        if self._bench.request("GET", path)["status"] != "OK":
            raise RuntimeError("the operation did not succeed")

    def observe(self) -> str:
        body = {"paths": ["/3303/0/5700"]}
        self._bench.post(f"/api/v1/deviceMgt/devices/{self.urn}/twin/observations", body)
        return self.work()


_READ = {"type": "READ", "paths": ["/3/0/9"]}
