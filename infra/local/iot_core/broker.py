"""The broker: what all connections share. It lives on one event loop; nothing here may block."""

import asyncio
import json
import logging
from typing import TYPE_CHECKING

from .authorizer import Authorize, Authorizer
from .lanes import Errand, Lane, Lanes
from .lifecycle import Departures, Event, Reason, Subject
from .limits import Meter
from .message import NO_CLIENT, Message
from .newcomers import Newcomers
from .packets import Publish
from .pause import Pause
from .receiving import deliver
from .retained import RetainedMessages
from .rules import Invoke, Rule, Rules
from .session import Session
from .settings import Settings
from .topics import QOS_SHIFT, RETAIN_AS_PUBLISHED, SubscriptionTree

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .connection import Connection
    from .guests import Hall

log = logging.getLogger(__name__)


class Broker:
    def __init__(self, authorize: Authorize, invoke: Invoke, rules: "Sequence[Rule]", settings: Settings) -> None:
        self.settings = settings
        self.authorizer = Authorizer(authorize, settings.limits)
        self.rules = Rules(rules, settings)
        loop = asyncio.get_running_loop()
        self.lanes = Lanes(settings.lanes, invoke, loop, settings.vital, monotonic=settings.monotonic)
        self.subscriptions: SubscriptionTree[Session] = SubscriptionTree(parent=settings.lenient)
        self.retained = RetainedMessages(wildcards=settings.lenient, parent=settings.lenient)
        self.sessions: dict[str, Session] = {}
        self.connections: set[Connection] = set()
        self.newcomers = Newcomers(settings.limits.newcomers)
        self.empty = asyncio.Event()  # set while there is no connection
        self.empty.set()
        self.departures = Departures()
        self.connects: dict[str, Meter] = {}
        self.hall: Hall | None = None  # where clients without credentials go
        self.discarded = 0  # messages over a quota or for a client that does not keep up
        self.high_water = settings.limits.queued_messages // 2
        self.low_water = settings.limits.queued_messages // 4

    def now_ms(self) -> int:
        return int(self.settings.clock() * 1000)

    def remember(self, connection: "Connection") -> None:
        self.connections.add(connection)
        self.empty.clear()

    def forget(self, connection: "Connection") -> None:
        self.connections.discard(connection)
        if not self.connections:
            self.empty.set()

    # -- messages

    def accept(
        self,
        message: Message,
        lane: Lane,
        errand: Errand | None = None,
        *,
        expires: float | None = None,
    ) -> None:
        """Take a message that does not come from a client's PUBLISH; `errand` tells when its rules have had it.

        `expires` is when subscribers do not want it any more, in monotonic seconds.
        """
        if self.settings.between_clients or message.client_id == NO_CLIENT:
            packet = Publish(message.topic, message.payload, message.qos, message.retain, properties=message.properties)
            packet.expires = expires
            if message.retain:
                self.retained.keep(packet, message.at)
            self.route(packet)
        lane.put(errand or Errand(message, self.rules.matching(message.topic)))

    def route(self, message: Publish, publisher: "Connection | None" = None) -> None:
        """Deliver to every subscriber at the lower QoS of the two, with RETAIN cleared [MQTT-3.3.1-9].

        In MQTT 5 a subscription may ask for RETAIN as it was published [MQTT-3.3.1-13].
        """
        own = None if publisher is None else publisher.session
        topic, payload, qos = message.topic, message.payload, message.qos
        told, expires = message.properties, message.expires
        for session, granted in self.subscriptions.match(topic, own).items():
            retain = message.retain and bool(granted & RETAIN_AS_PUBLISHED)
            least = min(granted >> QOS_SHIFT, qos)
            copy = Publish(topic, payload, least, retain, properties=told, expires=expires)
            deliver(self, session, copy)
            if publisher is not None and session.connection is not None and len(session.queue) > self.high_water:
                session.waiting.add(publisher)
                publisher.pause(Pause.RECIPIENT)

    def announce(self, subject: Subject, event: Event) -> None:
        """Publish a lifecycle event; the rules get it behind what the client sent before."""
        if not subject.announced:
            return
        topic, body = event
        payload = json.dumps(body, separators=(",", ":")).encode()
        message = Message(topic, payload, 0, retain=False, client_id=NO_CLIENT, principal="", at=body["timestamp"])
        self.accept(message, self.lanes.lane(subject.client_id, subject.tenant))

    # -- sessions

    def discard_session(self, session: Session) -> None:
        """Its Will, if it waits, is published at once [MQTT-3.1.2-8]."""
        if session.will is not None:
            session.will.publish()
        for topic_filter in session.subscriptions:
            self.subscriptions.discard(topic_filter, session)
        session.subscriptions.clear()
        session.queue.clear()
        if self.sessions.get(session.client_id) is session:
            del self.sessions[session.client_id]

    def release_publishers(self, session: Session) -> None:
        """Read the publishers again that this session's long queue held back."""
        waiting, session.waiting = session.waiting, set()
        for publisher in waiting:
            publisher.resume(Pause.RECIPIENT)

    # -- time

    async def keep_time(self) -> None:
        while True:
            await asyncio.sleep(self.settings.sweep_every)
            self.sweep()

    def sweep(self) -> None:
        now = self.settings.monotonic()
        for connection in list(self.connections):
            connection.check_time(now)
        for session in [session for session in self.sessions.values() if session.connection is None]:
            if session.will is not None and session.will.due <= now:
                session.will.publish()
            if session.expires_at <= now:
                self.discard_session(session)
        self.retained.forget(now)
        for session in [session for session in self.sessions.values() if session.waiting]:
            self._check_recipient(session, now)
        self.departures.forget(now)
        self.connects = {client_id: meter for client_id, meter in self.connects.items() if not meter.idle(now)}

    def _check_recipient(self, session: Session, now: float) -> None:
        """A recipient that holds others back and acknowledges nothing must not do so for ever."""
        connection = session.connection
        if connection is not None and now - connection.acknowledged_at > self.settings.stall_after:
            connection.close(Reason.THROTTLED, "it does not acknowledge what others publish")

    def close(self) -> None:
        """End every connection, with its lifecycle event."""
        for connection in list(self.connections):
            connection.close(Reason.SERVER_INITIATED_DISCONNECT, "the broker stops")
        self.authorizer.close()
        self.lanes.close()

    def abort(self) -> None:
        """Drop the sockets whose peers did not end their TLS session."""
        for connection in list(self.connections):
            connection.wire.abort()
