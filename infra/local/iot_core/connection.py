"""One network connection: bytes in and out, MQTT over TCP, TLS or WebSocket, and its end."""

import asyncio
import logging
from collections.abc import Callable
from enum import Enum
from typing import TYPE_CHECKING

from . import connecting, disconnecting, packets, publishing, receiving
from .authorizer import Certificate, Credentials
from .body import ProtocolViolation
from .codec import MQTT_3, Codec
from .delays import Delays
from .framing import Framer, check_flags
from .handlers import HANDLERS
from .lanes import Errand, Lane
from .lifecycle import Reason, Subject
from .limits import Limits, Meter
from .message import Message
from .newcomers import Newcomer
from .packets import Will
from .pause import Pause
from .policy import Policy
from .reasons import OF_DISCONNECTS
from .session import Session
from .tls import client_certificate
from .wire import Wire

if TYPE_CHECKING:
    from .broker import Broker

log = logging.getLogger(__name__)

_CONNECT_FIRST_BYTE = packets.CONNECT << 4
_ENDED_BY_THE_CLIENT = {Reason.CLIENT_INITIATED_DISCONNECT, Reason.CONNECTION_LOST}
# A client that does the same again would never get through what it sends before.
_BROUGHT_ABOUT = {Reason.CLIENT_ERROR, Reason.FORBIDDEN_ACCESS, Reason.MQTT_KEEP_ALIVE_TIMEOUT}


class State(Enum):
    OPENING = "waits for CONNECT"
    AUTHORIZING = "waits for the authorizer"
    CONNECTED = "connected"
    CLOSED = "closed"


class Connection(asyncio.Protocol):
    """What becomes of a client from its first byte to its end; what packets mean is in the modules named after them.

    `session`, `policy`, `subject` and `credentials` are there once CONNECT was accepted.
    """

    session: Session
    policy: Policy
    subject: Subject
    credentials: Credentials
    lane: Lane

    def __init__(
        self,
        broker: "Broker",
        *,
        tls: bool = False,
        server_name: str | None = None,
        newcomer: Newcomer | None = None,
    ) -> None:
        self.broker = broker
        self.tls = tls
        self.server_name = server_name
        self._newcomer = newcomer
        self.certificate: Certificate | None = None
        self.state = State.OPENING
        self.level = packets.MQTT_3_1_1
        self.codec: Codec = MQTT_3
        self.keep_alive = 0
        self.will: Will | None = None
        self.connected_at = 0  # milliseconds since the epoch
        self.failed = False  # a message of this client could not be handed over
        self.abandoned = False  # ended on this side: what is not acknowledged yet the client sends again
        self.pending = publishing.Pending()
        self.writable = True
        self._limit(limits := broker.settings.limits)
        self.wire = Wire(limits.packet_bytes)
        self.send = self.wire.send
        self._framer = Framer(limits.packet_bytes)
        self._paused = Pause.NONE
        self._draining = False
        self._connecting: asyncio.Task[None] | None = None
        self.opened_at = self.heard_at = self.acknowledged_at = broker.settings.monotonic()
        self._loop = asyncio.get_running_loop()
        self._delays = Delays(self._loop)
        self.later = self._delays.later

    def move(self, broker: "Broker") -> None:
        """Go on in another broker, before CONNECT is answered."""
        self.broker.forget(self)
        self.broker = broker
        self._limit(broker.settings.limits)
        broker.remember(self)

    def _limit(self, limits: Limits) -> None:
        # How many messages may be under way to the client and from it; more from it are not read.
        self.unacknowledged_out, self.unacknowledged_in = limits.unacknowledged_out, limits.unacknowledged_in
        self.publishes = Meter(limits.publishes_per_second)
        self.stored = Meter(limits.stored_per_second)
        self._bytes = Meter(limits.bytes_per_second)

    @property
    def alive(self) -> bool:
        return self.state is State.CONNECTED

    @property
    def authorizing(self) -> bool:
        return self.state is State.AUTHORIZING

    def opened(self) -> None:
        """CONNECT was accepted."""
        self.state = State.CONNECTED
        self._leave_newcomers()
        self.lane = self.broker.lanes.lane(self.subject.client_id, self.subject.tenant)

    def _leave_newcomers(self) -> None:
        if self._newcomer is not None:
            self._newcomer.leave()
            self._newcomer = None

    def begin_reading(self) -> None:
        self.resume(Pause.AUTHORIZING)

    def message(self, topic: str, payload: bytes, qos: int, *, retain: bool) -> Message:
        """A message from this client, accepted now."""
        settings = self.broker.settings
        return Message(
            topic,
            payload,
            qos,
            retain=retain,
            client_id=self.subject.client_id,
            principal=self.subject.principal,
            at=self.broker.now_ms(),
            new_trace_id=settings.new_id,
        )

    # -- asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.wire.attach(transport)
        if self._newcomer is not None:
            self._newcomer.turn_away = self.wire.abort
        self.certificate = client_certificate(transport)
        self.broker.remember(self)

    def data_received(self, data: bytes) -> None:
        self.heard_at = self.broker.settings.monotonic()
        if self.state is State.CLOSED:
            self.wire.discard()
            return
        if wait := self._bytes.overdrawn(self.heard_at, len(data)):
            self.pause(Pause.BYTES)
            self.later(wait, self.resume, Pause.BYTES)
        self._guarded(self._receive, data)

    def eof_received(self) -> bool:
        return False

    def pause_writing(self) -> None:
        self.writable = False
        self.pause(Pause.WRITING)

    def resume_writing(self) -> None:
        self.writable = True
        if self.state is State.CONNECTED:
            receiving.drain(self)
        self.resume(Pause.WRITING)

    def connection_lost(self, _error: Exception | None) -> None:
        self.close(Reason.CONNECTION_LOST)
        self._leave_newcomers()
        self.wire.detach()
        self.broker.forget(self)

    # -- reading

    def _guarded(self, step: Callable[..., None], *args: object) -> None:
        """Whatever a client sends, only its own connection may suffer."""
        try:
            step(*args)
        except ProtocolViolation as violation:
            self.close(Reason.CLIENT_ERROR, str(violation), violation.code)
        except Exception:
            log.exception("client %s", self.name)
            self.close(Reason.SERVER_ERROR)

    def _receive(self, data: bytes) -> None:
        data = self.wire.receive(data)
        if data:
            self._framer.feed(data)
            self._read_packets()
        websocket = self.wire.websocket
        if websocket is not None and websocket.ended:
            # As there was no DISCONNECT, the Will stands [MQTT-3.1.2-8].
            self.close(Reason.CLIENT_INITIATED_DISCONNECT if websocket.left else Reason.CLIENT_ERROR)

    def _read_packets(self) -> None:
        while not self._paused and self.state is not State.CLOSED:
            cut = self._framer.next()
            if cut is None:
                return
            first, body = cut
            if self.state is State.CONNECTED:
                HANDLERS[check_flags(first, self.level)](self, first & 0x0F, body)
            else:
                self._begin(first, body)

    def _begin(self, first: int, body: bytes) -> None:
        if first != _CONNECT_FIRST_BYTE:
            raise ProtocolViolation("the first packet is not CONNECT [MQTT-3.1.0-1]")
        self.state = State.AUTHORIZING
        self.pause(Pause.AUTHORIZING)
        self._connecting = self._loop.create_task(connecting.connect(self, body))

    def pause(self, why: Pause) -> None:
        if not self._paused:
            self.wire.pause_reading()
        self._paused |= why

    def resume(self, why: Pause) -> None:
        if not self._paused & why:
            return
        self._paused &= ~why
        if self._paused or self.state is State.CLOSED:
            return
        self.heard_at = self.broker.settings.monotonic()  # its silence was our doing
        self._guarded(self._read_packets)
        if not self._paused:
            self.wire.resume_reading()

    def check_time(self, now: float) -> None:
        """End a connection that has been silent for 1.5 times its keep-alive [MQTT-3.1.2-24], or sends no CONNECT."""
        limits = self.broker.settings.limits
        if self.state is State.OPENING and now - self.opened_at > limits.connect_timeout:
            self.close(Reason.CLIENT_ERROR, "no CONNECT")
        silent = self.keep_alive and now - self.heard_at > self.keep_alive * 1.5
        if self.state is State.CONNECTED and silent and not self.held_back:
            self.close(Reason.MQTT_KEEP_ALIVE_TIMEOUT)

    @property
    def held_back(self) -> bool:
        """Whether it is our doing that nothing is heard of the client."""
        return bool(self._paused & ~Pause.WRITING)

    # -- rules and authorizer

    def settled(self, errand: Errand) -> None:
        publishing.settle(self, errand)

    def refresh(self) -> None:
        self._connecting = self._loop.create_task(connecting.refresh(self))

    def drain_later(self, seconds: float) -> None:
        """Go on with the session's queue after a while; once, however often it is asked for."""
        if not self._draining:
            self._draining = True
            self.later(seconds, self._drain)

    def _drain(self) -> None:
        self._draining = False
        receiving.drain(self)

    # -- the end

    def close(self, reason: Reason, detail: str = "", code: int | None = None) -> None:
        """End the connection now: the session is told at once, the peer gets what was already sent.

        A client of MQTT 5 is told why; `code` says it more exactly than the reason.
        """
        if self.state is State.CLOSED:
            return
        connected = self.state is State.CONNECTED
        self.state = State.CLOSED
        self.abandoned = reason not in _ENDED_BY_THE_CLIENT | _BROUGHT_ABOUT
        log.info("client %s: %s %s", self.name, reason, detail)
        self._delays.end()
        if self._connecting is not None and not self._connecting.done():
            self._loop.call_soon(self._connecting.cancel)
        if connected:
            if reason in OF_DISCONNECTS:
                # What is wrong with its packets is the client's to know; other details are ours.
                told = detail if reason is Reason.CLIENT_ERROR else ""
                code = OF_DISCONNECTS[reason] if code is None else code
                if packet := self.codec.disconnect(code, told):
                    self.send(packet)
            disconnecting.end(self, reason)
        settings = self.broker.settings
        self.wire.close(settings.close_grace, 0.0 if reason in _ENDED_BY_THE_CLIENT else settings.linger)

    @property
    def name(self) -> str:
        return self.session.client_id if hasattr(self, "session") else str(self.wire.peer())
