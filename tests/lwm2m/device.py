"""A device with a model on the wire: CoAP over DTLS by our own client, whatever it is asked answered from a table."""

import asyncio
import threading
from collections.abc import Awaitable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from infra.gateway.coap.message import Message, Response, uint
from infra.gateway.coap.numbers import Code, Option
from infra.gateway.coap.peer import Peer
from infra.gateway.coap.requests import Request
from infra.gateway.dtls.client import Identity
from infra.gateway.dtls.libssl import Libssl
from tests.gateway.coaps_rig import NotingApplication, SimulatedDevice

PATIENCE_S = 60.0


@dataclass
class Model(NotingApplication):
    """`answers` by method and path; `observed` are the tokens by path."""

    answers: dict[str, Response] = field(default_factory=dict)
    observed: dict[str, bytes] = field(default_factory=dict)

    def request(self, _: Any, request: Message) -> Response | Awaitable[Response]:
        self.requests.append(request)
        path = "/" + "/".join(request.path)
        answer = self.answers.get(f"{Code(request.code).name} {path}", Response(Code.NOT_FOUND))
        observe = request.uint(Option.OBSERVE)
        if observe == 0 and answer.code == Code.CONTENT:
            self.observed[path] = request.token
            return answer._replace(options=((Option.OBSERVE, uint(1)), *answer.options))
        if observe == 1:
            self.observed.pop(path, None)
        return answer


def content(payload: bytes, format: int = 0) -> Response:  # noqa: A002 - the standard's word
    return Response(Code.CONTENT, payload, ((Option.CONTENT_FORMAT, uint(format)),))


class WireDevice:
    """Its loop runs in a thread, so that a test can call the API meanwhile."""

    def __init__(self, lib: Libssl, port: int, identity: Identity, endpoint: str) -> None:
        self.endpoint, self.model, self.location = endpoint, Model(), ""
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="device", daemon=True)
        self._thread.start()
        self._device: SimulatedDevice = self.run(self._made(lib, port, identity))

    async def _made(self, lib: Libssl, port: int, identity: Identity) -> SimulatedDevice:
        device = SimulatedDevice(lib, port, identity)
        device.application = self.model  # type: ignore[assignment]
        device.endpoint.handler = self.model
        return device

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE_S)

    def redirect(self, port: int) -> None:
        """To a gateway at another port, before it connects."""
        address = ("127.0.0.1", port)
        self._device._server = self._device.client._server = address

    def connect(self) -> None:
        self.run(self._device.connect())

    @property
    def over(self) -> bool:
        """Whether the other side has ended the association."""
        association = self._device.client.association
        return association is not None and not association.open

    @property
    def peer(self) -> Peer:
        return self._device.peer

    def ask(self, code: Code, *path: str, payload: bytes = b"", format: int | None = None, query: str = "") -> Message:  # noqa: A002 - same
        asked = Request(code, path, payload, format, query=tuple(query.split("&")) if query else ())
        answer: Message = self.run(self.peer.ask(asked))
        return answer

    def register(self, links: str, query: str = "lwm2m=1.1&lt=300") -> int:
        """The code of the answer."""
        answer = self.ask(Code.POST, "rd", payload=links.encode(), format=40, query=f"ep={self.endpoint}&{query}")
        where = answer.values(Option.LOCATION_PATH)
        self.location = where[1].decode() if where else self.location
        return answer.code

    def update(self, query: str = "") -> int:
        return self.ask(Code.POST, "rd", self.location, query=query).code

    def notify(self, path: str, response: Response) -> None:
        """Confirmable; raises RejectedError where it was rejected."""

        async def notify() -> None:
            await self.peer.notify(self.model.observed[path], response)

        self.run(notify())

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._device.close)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE_S)
        self._loop.close()
