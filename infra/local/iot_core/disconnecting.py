"""DISCONNECT, and what the end of a connection means for its session.

MQTT 3.1.1 chapters 3.14 and 3.1.2.5, MQTT 5 chapters 3.14 and 3.1.2.11.2.
"""

from functools import partial
from typing import TYPE_CHECKING

from . import topics
from .body import ProtocolViolation
from .lifecycle import Departure, Reason, disconnected
from .packets import Will
from .reasons import Code
from .session import WaitingWill

if TYPE_CHECKING:
    from .connection import Connection


def on_disconnect(connection: "Connection", _flags: int, body: bytes) -> None:
    farewell = connection.codec.decode_disconnect(body)
    session = connection.session
    if farewell.session_expiry is not None:
        if session.clean and farewell.session_expiry:
            raise ProtocolViolation("a session expiry for a session that ends with its connection [MQTT-3.14.2-2]")
        session.live(connection.broker.settings.limits.session_seconds(farewell.session_expiry))
    if farewell.code == Code.SUCCESS:
        connection.will = None  # [MQTT-3.14.4-3]
    connection.close(Reason.CLIENT_INITIATED_DISCONNECT)


def end(connection: "Connection", reason: Reason) -> None:
    """Part connection and session, announce it, and publish the Will unless the client took its leave."""
    broker, session = connection.broker, connection.session
    now = broker.settings.monotonic()
    session.connection = None
    session.drop_direct_messages()
    broker.release_publishers(session)
    will, connection.will = connection.will, None
    if session.clean:
        broker.discard_session(session)
    else:
        session.expires_at = now + session.expiry
        session.stored = len(session.queue)
    at = broker.now_ms()
    departure = Departure(connection.subject.version, at, reason, session.clean, connection.keep_alive, now)
    broker.departures.add(session.client_id, departure)
    broker.announce(connection.subject, disconnected(connection.subject, at, reason))
    if will is not None and will.delay and not session.clean:
        # The session's end brings it about too, if that comes first [MQTT-3.1.2-8], [MQTT-3.1.3-9].
        session.will = WaitingWill(session, now + will.delay, partial(_publish_will, connection, will))
    elif will is not None:
        _publish_will(connection, will)


def _publish_will(connection: "Connection", will: Will) -> None:
    """[MQTT-3.1.2-8]; what the client could not have published itself is not published for it."""
    broker, policy = connection.broker, connection.policy
    if will.topic.startswith("$") or not will.topic or not broker.settings.limits.topic_fits(will.topic):
        return
    if any(topics.matches(ignored, will.topic, parent=True) for ignored in broker.settings.ignored_wills):
        return
    resource = f"topic/{will.topic}"
    retained = will.retain and broker.settings.between_clients  # else there is nobody to retain it for
    if not policy.allows("iot:Publish", resource) or (retained and not policy.allows("iot:RetainPublish", resource)):
        return
    message = connection.message(will.topic, will.payload, will.qos, retain=will.retain)
    message.properties = will.properties
    expires = None if will.expiry is None else broker.settings.monotonic() + will.expiry
    broker.accept(message, connection.lane, expires=expires)
