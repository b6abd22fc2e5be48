"""Guests: clients without credentials, in a broker of their own beside the one that everybody else uses.

AWS IoT Core has nothing like it. What guests say is relayed among them as it comes; no authorizer, rule or lifecycle
event of the account hears of it, so that it costs nothing, and nothing of it is kept.
"""

import asyncio
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

from .broker import Broker
from .lifecycle import Departures
from .limits import KIB, Limits
from .packets import Publish
from .rules import Rule
from .settings import Settings

if TYPE_CHECKING:
    from .connection import Connection

PER_ADDRESS = 20
"""How many guests may come from one address."""
_LIMITS = replace(
    Limits.lifted(),
    payload_bytes=4 * KIB,
    subscriptions_per_request=8,
    subscriptions_per_connection=10,
    publishes_per_second=20,
    bytes_per_second=32 * KIB,
    unacknowledged_in=20,
    unacknowledged_out=20,
    keep_alive_min=30,
    keep_alive_max=1200,
    queued_messages=100,
    topic_bytes=256,
)
"""What one guest may use up; the excess of messages is discarded, as IoT Core does it."""
_REMEMBERED = 1_000
_QOS_2 = 2


@dataclass(frozen=True, slots=True)
class Relayed:
    """A message for whoever subscribed; `retain` says whether it is also for those who subscribe later, or no more."""

    topic: str
    payload: bytes
    retain: bool | None = None


class House(Protocol):
    """Who is a guest, what guests may do and who hears what they say; `rules` select what `relay` gets."""

    @property
    def rules(self) -> Sequence[Rule]: ...
    def recognises(self, client_id: str) -> bool: ...
    def authorize(self, event: dict[str, Any]) -> dict[str, Any]:
        """As a custom authorizer; it has to be quick, as it costs a thread."""

    def relay(self, function: str, event: dict[str, Any]) -> Iterable[Relayed]: ...


@dataclass(frozen=True, slots=True)
class Guests:
    """At most so many of them are let in at a time."""

    house: House
    most: int


class Hall:
    """The guests' broker. It lives on the loop of the other one."""

    def __init__(self, guests: Guests, settings: Settings) -> None:
        own = replace(settings, between_clients=False, limits=_LIMITS, lanes=1)
        self._guests = guests
        self._loop = asyncio.get_running_loop()
        self.broker = Broker(guests.house.authorize, self._relay, guests.house.rules, own)
        # Anybody may come with a thousand names.
        self.broker.departures = Departures(_REMEMBERED)

    def recognises(self, client_id: str) -> bool:
        return self._guests.house.recognises(client_id)

    def admit(self, connection: "Connection") -> bool:
        """Let a connection in that has said who it is; False where it is one too many."""
        present = self.broker.connections
        addresses = Counter(guest.wire.peer()[0] for guest in present)
        if len(present) >= self._guests.most or addresses[connection.wire.peer()[0]] >= PER_ADDRESS:
            return False
        connection.move(self.broker)
        return True

    def _relay(self, function: str, event: dict[str, Any]) -> None:
        for message in self._guests.house.relay(function, event):
            self._loop.call_soon_threadsafe(self._tell, message)

    def _tell(self, message: Relayed) -> None:
        broker = self.broker
        if message.retain is not None:
            kept = message.payload if message.retain else b""
            broker.retained.store(message.topic, kept, 0, broker.now_ms())
        broker.route(Publish(message.topic, message.payload, _QOS_2))
