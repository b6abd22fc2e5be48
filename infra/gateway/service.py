"""The gateway between devices and the platform: it knows the wire, and asks for everything else.

What it holds itself is associations, exchanges under way and the order of notifications; everything that a user can see
is the platform's, and survives it.
"""

import asyncio
import base64
import logging
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from infra.gateway import translating
from infra.gateway.coap.message import Message, Response
from infra.gateway.coap.numbers import Code, Option
from infra.gateway.coap.peer import Peer
from infra.gateway.coaps import Coaps
from infra.gateway.dtls.association import Address, Association
from infra.gateway.dtls.half_open import Credential, Refusal
from infra.gateway.ordering import Orders
from infra.gateway.workers import Workers

_log = logging.getLogger(__name__)

Platform = Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]
"""Answers one event; may fail, and is asked again then."""

_MOST_TOLD = 16
"""Refusals and malformed messages that are told at a time; what comes beyond that is only counted."""
_UPDATES_S = 30.0


class Service:
    """Serves one port, the `door`; `holder` names this run of the gateway."""

    def __init__(self, platform: Platform, door: str, holder: str) -> None:
        self._platform, self._door = platform, door
        self._orders = Orders()
        self._workers = Workers(self._ask, holder)
        self._telling: set[asyncio.Task[None]] = set()
        self._woken: asyncio.Task[None] | None = None
        self._coaps: Coaps

    def serve(self, coaps: Coaps) -> None:
        """Before it is started."""
        self._coaps = coaps
        self._workers.serve(coaps)

    async def started(self) -> None:
        """Look what waits for devices that are there, a few at a time: of those that were restored nobody said."""
        if self._woken is None or self._woken.done():
            self._woken = asyncio.create_task(self._wake_all())

    async def finish(self) -> None:
        """Ask devices nothing more, and wait for what they are being asked."""
        await self._workers.finish()

    async def stop(self) -> None:
        """Nothing is asked any more."""
        for task in (*self._telling, *filter(None, (self._woken,))):
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        await self._workers.stop()

    def hint(self, hint: Mapping[str, str]) -> None:
        """`{wake: principal}` or `{forget: principal}`."""
        if "forget" in hint:
            self._coaps.forget(hint["forget"])
        elif "wake" in hint:
            self._workers.wake(hint["wake"])

    async def look_up(self, identity: bytes, server_name: str | None) -> Credential | None:
        """Raises whatever the platform does where it cannot say."""
        told = {"identity": _text(identity)} | ({"serverName": server_name} if server_name else {})
        found = await self._ask("identity", told)
        return Credential(base64.b64decode(found["key"]), found["principal"]) if found else None

    # What devices say

    def request(self, peer: Peer, request: Message) -> Awaitable[Response]:
        return self._answered(peer, request)

    async def _answered(self, peer: Peer, request: Message) -> Response:
        association: Association = peer.user
        principal = association.peer.principal
        told = {**translating.request_event(request), **_of(association)}
        try:
            answer = await self._ask("request", told)
        except Exception:  # noqa: BLE001 - whatever the platform says: the device tries again
            _log.exception("a request was not answered")
            return Response(Code.SERVICE_UNAVAILABLE)
        if "idle" in answer:
            association.idle_s = float(answer["idle"])
        if answer.get("forget"):
            asyncio.get_running_loop().call_soon(self._coaps.forget, principal)
        if answer.get("awaited"):
            asyncio.get_running_loop().call_soon(self._workers.wake, principal, True)  # noqa: FBT003 - a callback's
        return translating.response(answer)

    def notification(self, peer: Peer, message: Message) -> Awaitable[bool]:
        return self._accepted(peer, message)

    async def _accepted(self, peer: Peer, message: Message) -> bool:
        """Kept before it is acknowledged; one that could not be kept is not, so that the device repeats it."""
        association: Association = peer.user
        principal, token = association.peer.principal, message.token.hex()
        number = message.uint(Option.OBSERVE)
        newest = self._orders.newest((principal, token), number, time.monotonic())
        try:
            return await self._kept(peer, message, token, newest=newest)
        except BaseException:
            if newest:
                self._orders.withdraw((principal, token), number)
            raise

    async def _kept(self, peer: Peer, message: Message, token: str, *, newest: bool) -> bool:
        association: Association = peer.user
        principal, at = association.peer.principal, _now()
        asked = self._workers.observed.get((principal, token))
        if message.option(Option.BLOCK2) is not None:
            if asked is None:
                found = await self._ask("observation", {"principal": principal, "token": token})
                if not found:
                    return False
                asked = translating.request(found["request"])[0]
            message = await peer.rest_of(asked, message)
        told = {**translating.answer_event(message), **_of(association), "token": token, "newest": newest, "at": at}
        answer = await self._ask("notification", told)
        if answer.get("forget"):
            asyncio.get_running_loop().call_soon(self._coaps.forget, principal)
        if answer.get("awaited"):
            self._workers.wake(principal)
        return bool(answer.get("accepted"))

    def reset(self, peer: Any, message_id: int) -> None:
        """Nothing of ours goes unconfirmed."""

    def malformed(self, peer: Peer, why: str) -> None:
        association: Association = peer.user
        self._tell("malformed", {"principal": association.peer.principal, "why": why})

    def opened(self, peer: Any) -> None:
        """A device that has come says so by what it sends."""

    def closed(self, peer: Peer) -> None:
        self._orders.forget(peer.user.peer.principal)

    def refused(self, why: Refusal, address: Address, identity: bytes) -> None:
        if why is not Refusal.TOO_MANY:
            self._tell("refused", {"why": str(why), "address": str(address[0]), "identity": _text(identity)})

    # What the platform is asked

    async def _ask(self, kind: str, told: dict[str, Any]) -> dict[str, Any]:
        return await self._platform({"kind": kind, "door": self._door, "id": uuid.uuid4().hex, **told})

    def _tell(self, kind: str, told: dict[str, Any]) -> None:
        """Without waiting."""
        if len(self._telling) >= _MOST_TOLD:
            return

        async def tell() -> None:
            try:
                await self._ask(kind, told)
            except Exception as error:  # noqa: BLE001 - it is but a log entry
                _log.warning("%s was not told: %r", kind, error)

        task = asyncio.create_task(tell())
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)

    async def _wake_all(self) -> None:
        there = {association.peer.principal for association in self._coaps.server.all()}
        for principal in there:
            self._workers.wake(principal)
            await asyncio.sleep(_UPDATES_S / len(there))


def _of(association: Association) -> dict[str, Any]:
    host, port = association.address[:2]
    return {"principal": association.peer.principal, "address": str(host), "port": int(port)}


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def _now() -> int:
    """Milliseconds since 1970."""
    return int(time.time() * 1000)
