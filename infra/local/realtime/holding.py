"""Holding a request for messages until there are some: it is asked again when the bell rings, and once a minute.

Once a minute it is asked whatever happens: whoever may not come in any more is told so then, and a bell that was not
heard costs no more than that.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

from chalicelib.fleet.errors import Invalid
from chalicelib.web import json_text
from infra.local.realtime.waiting import Bell, Channels

HANDSHAKE, CONNECT, SUBSCRIBE = "/meta/handshake", "/meta/connect", "/meta/subscribe"
DISCONNECT = "/meta/disconnect"
USUAL_MS, LONGEST_MS = 60_000, 7_200_000
AGAIN_S = 60.0
Ask = Callable[[list[Any]], Awaitable[tuple[int, bytes]]]
"""Sends messages, answers status and body."""


class Refused(Exception):
    """The API answered with something that is no list of messages: to be passed on as it is."""

    def __init__(self, status: int, body: bytes) -> None:
        super().__init__(f"the API answered {status}")
        self.status, self.body = status, body


def messages_of(body: bytes) -> list[Any] | None:
    """The messages of a request; None where these are none, which the API says better."""
    try:
        read = json_text.parse(body)
    except Invalid:
        return None
    return read if isinstance(read, list) else [read]


class Holder:
    def __init__(self, bell: Bell, channels: Channels, again_s: float = AGAIN_S) -> None:
        self._bell, self._channels, self._again_s = bell, channels, again_s

    async def answer(self, messages: list[Any], ask: Ask) -> list[Any]:
        """What the messages are answered, held as long as the client lets us. Errors: Refused."""
        held = next((one for one in messages if _is_held(one)), None)
        if held is None:
            return self._noted(messages, await _asked(ask, messages))
        loop = asyncio.get_running_loop()
        until = loop.time() + _patience(held) / 1000
        rung = asyncio.Event()
        session = str(held.get("clientId", ""))
        names: set[str] = set()
        try:
            sent = messages
            while True:
                rung.clear()
                # Before it is asked: what happens from then on rings.
                names = self._listen(session, names, rung)
                replies = self._noted(sent, await _asked(ask, sent))
                left = until - loop.time()
                if left <= 0 or not _is_quiet(replies):
                    return replies
                earlier = [one for one in replies if one.get("channel") != CONNECT]
                if earlier:
                    return replies
                names = self._listen(session, names, rung)
                await _rung(rung, min(left, self._again_s))
                sent = [{**held, "advice": {**_advice(held), "timeout": USUAL_MS}}]
        finally:
            self._bell.leave(names, rung)

    def _listen(self, session: str, before: set[str], rung: asyncio.Event) -> set[str]:
        names = self._channels.of(session)
        if names != before:
            self._bell.leave(before - names, rung)
            self._bell.listen(names - before, rung)
        return names

    def _noted(self, sent: list[Any], replies: list[Any]) -> list[Any]:
        """The replies as somebody gives them who holds, and what is learnt of the sessions by them."""
        sessions = {_id_of(one): one.get("clientId") for one in sent if isinstance(one, dict)}
        for reply in replies:
            channel, session = reply.get("channel"), sessions.get(_id_of(reply))
            if not reply.get("successful"):
                continue
            if channel == HANDSHAKE:
                reply["supportedConnectionTypes"] = ["long-polling", "websocket"]
            elif channel == SUBSCRIBE and isinstance(session, str):
                self._channels.add(session, str(reply.get("subscription", "")))
            elif channel == DISCONNECT and isinstance(session, str):
                self._channels.forget(session)
            elif channel == CONNECT and isinstance(reply.get("advice"), dict):
                # There is no need to wait before the next one.
                reply["advice"]["interval"] = 0
        return replies


async def _asked(ask: Ask, messages: list[Any]) -> list[Any]:
    status, body = await ask(messages)
    try:
        # What is told may stand deeper in the reply than a client may send it.
        replies = json.loads(body) if status == _OK else None
    except (ValueError, RecursionError):
        replies = None
    if not isinstance(replies, list) or not all(isinstance(one, dict) for one in replies):
        raise Refused(status, body)
    return replies


def _id_of(message: dict[str, Any]) -> str | int | None:
    """As a reply has it, which leaves out what is no id."""
    said = message.get("id")
    return said if isinstance(said, str | int) else None


_OK = 200


async def _rung(rung: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(rung.wait(), seconds)
    except TimeoutError:
        return


def _is_held(message: Any) -> bool:
    return isinstance(message, dict) and message.get("channel") == CONNECT and _patience(message) > 0


def _is_quiet(replies: list[Any]) -> bool:
    """Whether a session is well, and was told nothing."""
    told = any("data" in one for one in replies)
    return not told and all(one.get("successful") for one in replies)


def _advice(message: dict[str, Any]) -> dict[str, Any]:
    advice = message.get("advice")
    return advice if isinstance(advice, dict) else {}


def _patience(message: dict[str, Any]) -> float:
    """Milliseconds that a client waits."""
    said = _advice(message).get("timeout", USUAL_MS)
    if isinstance(said, bool) or not isinstance(said, int | float):
        return USUAL_MS
    return min(max(said, 0), LONGEST_MS)
