"""Messages of Bayeux 1.0, as clients send and are sent them (reference, "Real-time notifications").

A request has one message or a list of them; the answer is always a list. A channel may lack its slash in front.
"""

from collections.abc import Mapping
from dataclasses import field
from typing import Any

from chalicelib.fleet.errors import Invalid
from chalicelib.fleet.frozen import dataclass
from chalicelib.fleet.reading import reading
from chalicelib.web import json_text

META = "/meta/"
HANDSHAKE, CONNECT, DISCONNECT = f"{META}handshake", f"{META}connect", f"{META}disconnect"
SUBSCRIBE, UNSUBSCRIBE = f"{META}subscribe", f"{META}unsubscribe"
LONG_POLLING, WEBSOCKET = "long-polling", "websocket"
CONNECTIONS = (LONG_POLLING, WEBSOCKET)
"""What somebody may connect by; the second one is offered by who holds connections alone."""
VERSION = "1.0"
MOST = 64
"""Messages of a request."""
LARGEST = 64 * 1024
_LONGEST = 256
UNKNOWN_CLIENT = "402::Unknown client"
HANDSHAKE_DENIED = "403::Handshake denied"
HANDSHAKE_AGAIN: Mapping[str, Any] = {"reconnect": "handshake", "interval": 0}
NO_MORE: Mapping[str, Any] = {"reconnect": "none"}


@dataclass(frozen=True, slots=True)
class Message:
    """`interval` and `timeout` (ms) are what its advice says, None where it says nothing."""

    channel: str
    id: str | int | None = None
    client: str = ""
    subscriptions: tuple[str, ...] = ()
    connections: tuple[str, ...] = ()
    interval: int | None = None
    timeout: int | None = None
    named: tuple[str, ...] = field(default=())
    """The subscriptions as they were written."""

    def reply(self, *, successful: bool, **more: Any) -> dict[str, Any]:
        known = {"id": self.id} if self.id is not None else {}
        return {**known, "channel": self.channel, "successful": successful, **more}

    def refused(self, error: str, **more: Any) -> dict[str, Any]:
        return self.reply(successful=False, error=error, **more)


def read(raw: bytes) -> list[Message]:
    """Errors: Invalid."""
    with reading("the body"):
        body = json_text.parse(raw)
    every = body if isinstance(body, list) else [body]
    if not 0 < len(every) <= MOST:
        raise Invalid(f"a request has 1 to {MOST} messages", json_text.BODY)
    messages = [_read(one) for one in every]
    # Each may be made to wait, and a function that waits is paid for.
    if sum(one.channel == CONNECT for one in messages) > 1:
        raise Invalid(f"a request has one {CONNECT} at most", json_text.BODY)
    return messages


def _read(body: Any) -> Message:
    if not isinstance(body, dict):
        raise Invalid("a message is a JSON object", json_text.BODY)
    channel, number, client = body.get("channel"), body.get("id"), body.get("clientId")
    if not isinstance(channel, str) or not channel or len(channel) > _LONGEST:
        raise Invalid(f"a message has a channel of at most {_LONGEST} characters", "channel")
    advice = body.get("advice")
    advice = advice if isinstance(advice, dict) else {}
    named = _texts(body.get("subscription"))
    return Message(
        slashed(channel),
        number if _is_id(number) else None,
        client if isinstance(client, str) else "",
        tuple(slashed(one) for one in named),
        _texts(body.get("supportedConnectionTypes")) or _texts(body.get("connectionType")),
        _ms(advice.get("interval")),
        _ms(advice.get("timeout")),
        named,
    )


def slashed(channel: str) -> str:
    return channel if channel.startswith("/") else f"/{channel}"


def _is_id(said: Any) -> bool:
    if isinstance(said, str):
        return len(said) <= _LONGEST
    return isinstance(said, int) and not isinstance(said, bool)


def _texts(said: Any) -> tuple[str, ...]:
    """One text or a list of them; what is none is left out."""
    every = said if isinstance(said, list) else [said]
    return tuple(one for one in every[:MOST] if isinstance(one, str) and 0 < len(one) <= _LONGEST)


def _ms(said: Any) -> int | None:
    return int(said) if isinstance(said, int | float) and not isinstance(said, bool) and 0 <= said < 1 << 53 else None
