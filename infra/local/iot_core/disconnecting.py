"""DISCONNECT, and what the end of a connection means for its session: MQTT 3.1.1 chapters 3.14 and 3.1.2.5."""

from typing import TYPE_CHECKING

from .lifecycle import Departure, Reason, disconnected
from .packets import ProtocolViolation, Will

if TYPE_CHECKING:
    from .connection import Connection


def on_disconnect(connection: "Connection", _flags: int, body: bytes) -> None:
    if body:
        raise ProtocolViolation("DISCONNECT has no body")
    connection.will = None  # [MQTT-3.14.4-3]
    connection.close(Reason.CLIENT_INITIATED_DISCONNECT)


def end(connection: "Connection", reason: Reason) -> None:
    """Part connection and session, announce it, and publish the Will unless the client took its leave."""
    broker, session = connection.broker, connection.session
    now = broker.settings.monotonic()
    session.connection = None
    session.drop_direct_messages()
    broker.release_publishers(session)
    if session.clean:
        broker.discard_session(session)
    else:
        session.expires_at = now + broker.settings.limits.session_expiry
        session.stored = len(session.queue)
    at = broker.now_ms()
    departure = Departure(connection.subject.version, at, reason, session.clean, connection.keep_alive, now)
    broker.departures.add(session.client_id, departure)
    broker.announce(connection.subject, disconnected(connection.subject, at, reason))
    if connection.will is not None:
        _publish_will(connection, connection.will)


def _publish_will(connection: "Connection", will: Will) -> None:
    """[MQTT-3.1.2-8]; what the client could not have published itself is not published for it."""
    broker, policy = connection.broker, connection.policy
    connection.will = None
    if will.topic.startswith("$") or not will.topic or not broker.settings.limits.topic_fits(will.topic):
        return
    resource = f"topic/{will.topic}"
    retained = will.retain and broker.settings.between_clients  # else there is nobody to retain it for
    if not policy.allows("iot:Publish", resource) or (retained and not policy.allows("iot:RetainPublish", resource)):
        return
    broker.accept(connection.message(will.topic, will.payload, will.qos, retain=will.retain))
