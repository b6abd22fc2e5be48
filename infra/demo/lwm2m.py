"""Simulated devices of LwM2M 1.1: half are always there, half sleep after a while and wake to take what waits."""

import asyncio
import functools
import json
import math
import threading
from collections.abc import Awaitable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from infra.demo import coaps
from infra.demo.furnishing import dress
from infra.demo.platform import Platform
from infra.demo.tally import Tally
from infra.gateway.coap.message import Message, Response, uint
from infra.gateway.coap.numbers import Code, Option
from infra.gateway.coap.requests import Request
from infra.gateway.coap.transmissions import DeliveryError
from infra.gateway.dtls.client import Identity

_DEVICES = "/api/v1/deviceMgt/devices"
_RULES = "/api/v1/deviceMgt/twin/data/rules"
_REPORTED = ("/3200", "/3303")
_LINKS = b'</>;rt="oma.lwm2m";ct="60 110",</1/0>,</3/0>,</3200/0>,</3303>;ver=1.1,</3303/0>'
_SENML_JSON, _LINK_FORMAT = 110, 40
_LIFETIME_S = 86_400
_STATUS = {"OK": "PROCESSED", "FAILED": "ERROR"}
"""Where an operation's state is called otherwise than a command's."""
_once = threading.Lock()


@dataclass(frozen=True)
class Rhythm:
    """In seconds: how long a device speaks, how long it is silent then, and after how long of that it sleeps."""

    speaks: float = 8
    silent: float = 118
    sleeps_after: float = 93


class LwM2mDevice:
    """Registers, sends, and answers READ, WRITE and EXECUTE. Those of an odd number are in queue mode."""

    def __init__(
        self,
        platform: Platform,
        tally: Tally,
        number: int,
        run: str,
        rhythm: Rhythm = Rhythm(),
    ) -> None:
        self.id = f"urn:lo:nsid:demo:lwm2m-{run}-{number:04}"
        self._platform, self._tally, self._rhythm = platform, tally, rhythm
        self._queue_mode = bool(number % 2)
        self._speaks_first = rhythm.speaks * (1 + number % 10 / 4)
        self._warmer = number % 7
        self._endpoint = f"demo-{run}-{number:04}"
        self._key = bytes(range(16))
        self._socket: coaps.Socket | None = None
        self._location = ""
        self._sent = 0
        self._acknowledged: set[int] = set()
        self._sending: Future[None] | None = None
        self._life: Future[None] | None = None
        self._silent = self._asleep = self._known = False

    @property
    def commandable(self) -> bool:
        """Each answer would keep it awake, so that whoever wants to see it asleep leaves it alone before."""
        return not self._silent or self._asleep

    def connect(self) -> None:
        if self._socket is not None:
            return
        if not self._known:
            self._provision()
        coaps.run(self._connect())
        self._tally.add("online")
        if self._queue_mode:
            self._life = asyncio.run_coroutine_threadsafe(self._live(), coaps.loop())

    def drop(self) -> None:
        """Whoever is silent has nothing to drop."""
        if self._silent or self._socket is None:
            return
        self._end()
        self._tally.add("dropped")

    def close(self) -> None:
        if self._socket is not None:
            self._end()

    def dress(self, number: int) -> None:
        dress(self._platform, self.id, number)

    def publish(self) -> None:
        if self._socket is None or self._silent or not (self._sending is None or self._sending.done()):
            return
        self._sent += 1
        self._tally.add("sent")
        self._sending = asyncio.run_coroutine_threadsafe(self._send(self._socket, self._sent), coaps.loop())

    def command(self) -> str:
        read = {"type": "READ", "paths": ["/3/0"]}
        execute = {"type": "EXECUTE", "paths": ["/3303/0/5605"]}
        return self._operation(execute if self._sent % 2 else read)

    def command_status(self, command: str) -> str:
        status = str(self._platform.call("GET", f"{self._twin}/operations/{command}")["status"])
        return _STATUS.get(status, status)

    def configure(self, number: int) -> None:
        value = {"path": "/3303/0/5750", "value": f"Room {number}"}
        self._operation({"type": "WRITE", "paths": [value["path"]], "values": [value]})

    def lost(self) -> int:
        stored: set[int] = set()
        query: dict[str, Any] = {"limit": 1000}
        while page := self._platform.call("GET", f"/api/v0/data/streams/{self.id}", **query):
            stored |= {message["value"]["digitalInput"]["0"]["digitalInputCounter"] for message in page}
            query["bookmarkId"] = page[-1]["id"]
        return len(self._acknowledged - stored)

    # What it is asked

    def request(self, _: Any, request: Message) -> Response | Awaitable[Response]:
        if request.code == Code.GET:
            values = [{"n": "/3/0/0", "vs": "Homeport"}, {"n": "/3/0/1", "vs": "demo"}, {"n": "/3/0/9", "v": 77}]
            return Response(Code.CONTENT, json.dumps(values).encode(), ((Option.CONTENT_FORMAT, uint(_SENML_JSON)),))
        if request.code == Code.PUT:
            self._tally.add("configured")
        return Response(Code.CHANGED)

    def notification(self, peer: Any, message: Message) -> bool:  # noqa: ARG002 - the protocol's
        return False

    def reset(self, peer: Any, message_id: int) -> None:
        pass

    def malformed(self, peer: Any, why: str) -> None:
        pass

    # What it does by itself

    def _provision(self) -> None:
        _prepare(self._platform)
        security = {"mode": "PSK", "pskInfo": {"identity": self._endpoint, "secret": self._key.hex()}}
        definition = {"endpointName": self._endpoint, "security": security}
        body = {"id": self.id, "interfaces": [{"connector": "lwm2m", "enabled": True, "definition": definition}]}
        self._platform.call("POST", _DEVICES, body)
        self._known = True

    async def _connect(self) -> None:
        if self._platform.coaps is None:
            raise SystemExit("this stack serves no CoAP over DTLS; `make run` says why")
        identity = Identity(self._endpoint.encode(), self._key, cid=b"")
        found = coaps.Socket(self._platform.coaps, identity, self)
        try:
            await found.connect()
            answer = await self._register(found)
        except BaseException:
            found.close()
            raise
        if answer.code != Code.CREATED:
            found.close()
            raise RuntimeError(f"{self.id} was not let in: {Code(answer.code).name}")
        self._location = answer.values(Option.LOCATION_PATH)[-1].decode()
        self._socket = found

    async def _register(self, over: coaps.Socket) -> Message:
        queue = ("Q",) if self._queue_mode else ()
        query = (f"ep={self._endpoint}", "lwm2m=1.1", f"lt={_LIFETIME_S}", *queue)
        return await over.peer.ask(Request(Code.POST, ("rd",), _LINKS, _LINK_FORMAT, query=query))

    async def _send(self, over: coaps.Socket, number: int) -> None:
        temperature = round(20 + self._warmer + 5 * math.sin(number / 120 * 2 * math.pi), 2)
        values = [{"n": "/3200/0/5501", "v": number}, {"n": "/3303/0/5700", "v": temperature}]
        asked = Request(Code.POST, ("dp",), json.dumps(values).encode(), _SENML_JSON)
        # What no answer came for was not acknowledged.
        with suppress(DeliveryError):
            answer = await over.peer.ask(asked)
            if answer.code == Code.CHANGED:
                self._acknowledged.add(number)
                self._tally.add("acknowledged")

    async def _live(self) -> None:
        """Speak, be silent, sleep, wake."""
        await asyncio.sleep(self._speaks_first)
        while True:
            self._silent = True
            try:
                await asyncio.sleep(self._rhythm.sleeps_after)
                self._asleep = True
                self._tally.add("asleep")
                await asyncio.sleep(self._rhythm.silent - self._rhythm.sleeps_after)
            finally:
                if self._asleep:
                    self._tally.add("asleep", -1)
                self._asleep = self._silent = False
            if self._socket is not None:
                await self._wake(self._socket)
            await asyncio.sleep(self._rhythm.speaks)

    async def _wake(self, over: coaps.Socket) -> None:
        # One that is not heard tries again when it wakes next.
        with suppress(DeliveryError):
            await over.peer.ask(Request(Code.POST, ("rd", self._location)))
            self._tally.add("woken")

    def _end(self) -> None:
        over, self._socket = self._socket, None
        if self._life is not None:
            self._life.cancel()
            self._life = None
        if over is not None:
            coaps.loop().call_soon_threadsafe(over.close)
            self._tally.add("online", -1)

    @property
    def _twin(self) -> str:
        return f"{_DEVICES}/{self.id}/twin"

    def _operation(self, body: dict[str, Any]) -> str:
        made = self._platform.call("POST", f"{self._twin}/operations", {**body, "policy": {"attempts": 5}})
        return str(made["id"])


def _prepare(platform: Platform) -> None:
    """Once: what devices report becomes messages."""
    with _once:
        _ensure_rule(platform)


@functools.cache
def _ensure_rule(platform: Platform) -> None:
    for rule in platform.call("GET", _RULES):
        missing = [path for path in _REPORTED if path not in rule["paths"]]
        if missing:
            body = {"name": rule["name"], "type": rule["type"], "paths": [*rule["paths"], *missing]}
            platform.call("PUT", f"{_RULES}/{rule['id']}", body)
        return
    platform.call("POST", _RULES, {"name": "Demo", "type": "PASSTHROUGH", "paths": list(_REPORTED)})
