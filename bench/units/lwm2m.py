"""What is counted of LwM2M: a device as its gateway tells of it, registering, asked, telling, and bootstrapped."""

import base64
import json
from collections.abc import Callable
from itertools import count
from typing import Any, Protocol

from bench.units.cloud import Cloud
from chalicelib import wiring
from chalicelib.fleet.access import tenants

URN, NAME = "urn:lo:nsid:bench:meter", "urn:bench:meter"
_LINKS = b"</1/0>,</3/0>,</3303/0>"
_TEXT, _LINK_FORMAT, _SENML = 0, 40, 110
_BOOTSTRAP = "/api/v1/bootstrap/lwm2m"
_BATCH = 20
_TOGETHER = 6
"""Of 10,000 devices, 17 report in a second, and so many of them in 0.4 s."""
_SECOND, _MINUTE, _HOUR = 1_000, 60_000, 3_600_000
_DONE = {"GET": "4.00", "DELETE": "2.02", "PUT": "2.04", "POST": "2.04"}
_numbers = count()


class Asking(Protocol):
    """A tenant's client of the API."""

    cloud: Cloud

    def post(self, path: str, body: Any) -> Any: ...
    def get(self, path: str) -> Any: ...


class Api:
    """That of a tenant of its own."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        _, _, self._key = tenants.create(wiring.ports(), "bench of lwm2m")

    def post(self, path: str, body: Any) -> Any:
        return self.cloud.request("POST", path, self._key, body)

    def get(self, path: str) -> Any:
        return self.cloud.request("GET", path, self._key)


class TwinDevice:
    """Registered over the API, connected, not registered over CoAP."""

    def __init__(self, bench: Asking, urn: str = URN, name: str = NAME) -> None:
        self._cloud: Cloud = bench.cloud
        self._bench, self.urn, self._name, self._location, self.token = bench, urn, name, "", ""
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

    def register(self, lifetime: str = "300") -> None:
        query = [f"ep={self._name}", "lwm2m=1.1", f"lt={lifetime}"]
        answer = self.send("POST", "rd", payload=_LINKS, query=query, format=_LINK_FORMAT)
        self._location = answer["location"][1]

    def update(self) -> None:
        self.send("POST", "rd", self._location)

    def deregister(self) -> None:
        self.send("DELETE", "rd", self._location)

    def report(self, value: float) -> None:
        self.send("POST", "dp", payload=json.dumps([{"n": "/3303/0/5700", "v": value}]).encode(), format=_SENML)

    def notification(self, token: str, value: str) -> dict[str, Any]:
        """The event of one, as the gateway tells it together with others."""
        told = {"token": token, "newest": True, "at": self._cloud.clock.now()}
        content = {"code": "2.05", "format": _TEXT, "payload": base64.b64encode(value.encode()).decode()}
        named = {"kind": "notification", "door": "run", "id": f"event-{next(_numbers)}", "principal": self.principal}
        return {**named, **told, **content}

    def notify(self, token: str, value: str) -> None:
        told = {"token": token, "newest": True, "at": self._cloud.clock.now()}
        content = {"code": "2.05", "format": _TEXT, "payload": base64.b64encode(value.encode()).decode()}
        if not self.event("notification", principal=self.principal, **told, **content)["accepted"]:
            raise RuntimeError("a notification was rejected")

    def work(self) -> str:
        """Answer everything that it is asked; the token of the last observation."""
        done: dict[str, Any] | None = None
        while True:
            event = {"principal": self.principal, "holder": "bench", "awaited": False}
            told = self.event("next", **event, **({} if done is None else {"done": done}))
            if "request" not in told:
                return self.token
            self.token = told["request"].get("token", self.token)
            payload = base64.b64encode(b"1").decode()
            done = {"work": told["work"], "code": "2.05", "format": _TEXT, "payload": payload, "observing": True}

    def read(self) -> None:
        """An operation from the order to its end."""
        made = self._bench.post(f"/api/v1/deviceMgt/devices/{self.urn}/twin/operations", _READ)
        self.work()
        path = f"/api/v1/deviceMgt/devices/{self.urn}/twin/operations/{made['id']}"
        if self._bench.get(path)["status"] != "OK":
            raise RuntimeError("the operation did not succeed")

    def observe(self, path: str = "/3303/0/5700") -> str:
        body = {"paths": [path]}
        self._bench.post(f"/api/v1/deviceMgt/devices/{self.urn}/twin/observations", body)
        return self.work()


_READ = {"type": "READ", "paths": ["/3/0/9"]}


class Bench:
    """A device that is registered and observed, in a tenant with a data rule for what it measures."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self._api = Api(cloud)
        self.device = TwinDevice(self._api)
        rule = {"name": "all", "type": "PASSTHROUGH", "paths": ["/3303"]}
        self._api.post("/api/v1/deviceMgt/twin/data/rules", rule)
        *self._observed, self._another = [self._observed_device(number) for number in range(_TOGETHER + 1)]
        self.usual(rounds=4)
        self.device.register()
        self.token = self.device.observe()
        self.bootstrapped = Bootstrapped(self._api)
        cloud.settle()

    def usual(self, rounds: int) -> int:
        """Devices that report every ten minutes, from a whole hour on, and whose gateway tells them together."""
        self.cloud.clock.at += _HOUR - self.cloud.clock.at % _HOUR - 5 * _MINUTE
        for _ in range(rounds):
            self.cloud.clock.at += 10 * _MINUTE
            with self.cloud.meter.paused():
                # Of so many somebody has told something this very second: what is the tenant's is known.
                another, token = self._another
                another.notify(token, "20.5")
            events = [device.notification(token, "21.5") for device, token in self._observed]
            answers = self.cloud.invoke("lwm2m", {"kind": "batch", "events": events})["answers"]
            if not all(answer.get("accepted") for answer in answers):
                raise RuntimeError("a notification was not accepted")
        return rounds * _TOGETHER

    def _observed_device(self, number: int) -> tuple[TwinDevice, str]:
        device = TwinDevice(self._api, f"{URN}:{number}", f"{NAME}:{number}")
        device.register("2000000")
        return device, device.observe()

    def warm(self) -> None:
        """The last second of a minute: what functions remember for a minute is fresh, the next minute is not begun."""
        self.cloud.clock.at += 2 * _MINUTE - self.cloud.clock.at % _MINUTE - _SECOND
        self._api.get(f"/api/v1/deviceMgt/devices/{self.device.urn}")
        self.device.register()
        self.device.work()
        self.token = self.device.token
        self.cloud.settle()


class Bootstrapped:
    """A device at the bootstrap port: new credentials each time."""

    def __init__(self, bench: Asking) -> None:
        self._cloud, name = bench.cloud, "urn:bench:bootstrapped"
        definition = {"endpointName": name, "bootstrap": {"managed": True}}
        body = {"id": "urn:lo:nsid:bench:boot", "interfaces": [{"connector": "lwm2m", "definition": definition}]}
        bench.post("/api/v1/deviceMgt/devices", body)
        told = {"security": {"shortServerId": 1}, "server": {"shortServerId": 1, "lifetime": 300}}
        server = {"id": "run", "useLiveObjects": True, "renewSecurityOnBootstrap": True, "lwm2mDefinition": told}
        config = bench.post(f"{_BOOTSTRAP}/configs", {"name": "bench", "runServers": [server]})["id"]
        security = {"pskInfo": {"identity": "bench-bootstrap", "secret": "00" * 16}}
        entry = {"endpointName": name, "security": security, "definition": {"bootstrapConfigId": config}}
        bench.post(f"{_BOOTSTRAP}/entries", entry)
        self._name = name
        identity = base64.b64encode(b"bench-bootstrap").decode()
        self.principal = self.event("identity", identity=identity)["principal"]

    def event(self, kind: str, **told: Any) -> Any:
        numbered = {"kind": kind, "door": "bootstrap", "id": f"event-{next(_numbers)}", **told}
        return self._cloud.invoke("lwm2m", numbered)

    def run(self) -> None:
        asked = {"method": "POST", "path": ["bs"], "query": [f"ep={self._name}"]}
        if self.event("request", principal=self.principal, **asked)["code"] != "2.04":
            raise RuntimeError("no sequence was begun")
        done: dict[str, Any] | None = None
        steps = 0
        while True:
            event = {"principal": self.principal, "holder": "bench", "awaited": done is None}
            told = self.event("next", **event, **({} if done is None else {"done": done}))
            if "request" not in told:
                break
            steps += 1
            done = {"work": told["work"], "code": _DONE[told["request"]["method"]]}
        if steps < len(_DONE):
            raise RuntimeError("the sequence ended early")


def lwm2m_register(bench: Bench) -> int:
    bench.device.register()
    return 1


def lwm2m_update(bench: Bench) -> int:
    bench.device.update()
    return 1


def lwm2m_notification(bench: Bench) -> int:
    """What comes of it is shown, and a message by the rule."""
    bench.device.notify(bench.token, "21.5")
    return 1


def lwm2m_notification_usual(bench: Bench) -> int:
    """One in ten minutes of each of many devices, told by the gateway as they come in within its 0.4 s."""
    return bench.usual(rounds=36)


def lwm2m_send_batched(bench: Bench) -> int:
    """Twenty values of different moments that one report brings; the units are those of one value."""
    values = [{"n": "/3303/0/5700", "v": 20 + n, "t": n - _BATCH} for n in range(_BATCH)]
    bench.device.send("POST", "dp", payload=json.dumps(values).encode(), format=_SENML)
    return _BATCH


def lwm2m_read(bench: Bench) -> int:
    """From the order to the answer, and a look at it."""
    bench.device.read()
    return 1


def lwm2m_observation(bench: Bench) -> int:
    bench.device.observe("/3303/0/5701")
    return 1


def lwm2m_bootstrap(bench: Bench) -> int:
    bench.bootstrapped.run()
    return 1


OPERATIONS: tuple[Callable[[Bench], int], ...] = (
    lwm2m_register,
    lwm2m_update,
    lwm2m_notification,
    lwm2m_send_batched,
    lwm2m_read,
    lwm2m_observation,
    lwm2m_bootstrap,
    lwm2m_notification_usual,
)
