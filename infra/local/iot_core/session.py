"""Session state: what a server keeps of a client, MQTT 3.1.1 chapter 3.1.2.4 and 4.1."""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from .packets import MQTT_3_1_1, Publish

if TYPE_CHECKING:
    from .connection import Connection

_PACKET_IDS = 65_535


class Awaiting(Enum):
    """The packet that the client owes us for a message in flight."""

    PUBACK = 1
    PUBREC = 2
    PUBCOMP = 3


@dataclass(slots=True)
class InFlight:
    """A message sent and not yet acknowledged.

    A direct message is not part of the session: it carries who waits for it, and its packet identifier stays reserved
    after they gave up, so that a late PUBACK cannot confirm another message.
    """

    packet: Publish
    awaiting: Awaiting
    confirmation: "asyncio.Future[None] | None" = None


class WaitingWill:
    """A Will whose delay has not passed; `due` in monotonic seconds."""

    def __init__(self, session: "Session", due: float, publish: Callable[[], None]) -> None:
        self.due = due
        self._session = session
        self._publish = publish

    def publish(self) -> None:
        self._session.will = None
        self._publish()


@dataclass(slots=True, eq=False)
class Session:
    client_id: str
    clean: bool
    connection: "Connection | None" = None
    subscriptions: dict[str, int] = field(default_factory=dict)
    in_flight: dict[int, InFlight] = field(default_factory=dict)
    queue: deque[Publish] = field(default_factory=deque)
    received: dict[int, bool] = field(default_factory=dict)  # QoS 2 identifiers: whether PUBREC may be sent
    level: int = MQTT_3_1_1
    expiry: float = 0.0  # seconds that it outlives its connection
    expires_at: float = 0.0  # monotonic; counts while nobody is connected
    will: "WaitingWill | None" = None
    stored: int = 0  # how many of the queue were kept while the client was away
    waiting: "set[Connection]" = field(default_factory=set)  # publishers held back until the queue is shorter
    _last_packet_id: int = 0

    def live(self, seconds: float) -> None:
        """Outlive the connection by so much; 0: end with it."""
        self.clean, self.expiry = not seconds, seconds

    def packet_id(self) -> int | None:
        """A free packet identifier [MQTT-2.3.1-2], or None when all are in flight."""
        if len(self.in_flight) >= _PACKET_IDS:
            return None
        while True:
            self._last_packet_id = self._last_packet_id % _PACKET_IDS + 1
            if self._last_packet_id not in self.in_flight:
                return self._last_packet_id

    def drop_direct_messages(self) -> None:
        """Forget the direct messages in flight: whoever waits learns that the client has gone."""
        for packet_id, sent in list(self.in_flight.items()):
            if sent.confirmation is not None:
                del self.in_flight[packet_id]
                if not sent.confirmation.done():
                    sent.confirmation.set_exception(ConnectionError(self.client_id))
