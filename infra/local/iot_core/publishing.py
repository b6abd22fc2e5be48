"""PUBLISH from a client, and its acknowledgement: MQTT 3.1.1 chapters 3.3, 3.4 and 4.3.

PUBACK (or PUBREC) means that every rule's invocation has been accepted, and is sent only then.
"""

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import packets
from .body import ProtocolViolation
from .lanes import Errand
from .lifecycle import Reason
from .packets import Publish
from .pause import Pause
from .reasons import Code
from .rules import Destination
from .settings import Settings

if TYPE_CHECKING:
    from .connection import Connection

log = logging.getLogger(__name__)

_QOS_2 = 2
# How much of one client may wait for its rules; beyond that it is not read until they have caught up.
_PENDING_BYTES = 1024 * 1024
_OVERHEAD = 200


@dataclass(slots=True)
class Pending:
    """One client's messages that its rules have not had yet."""

    messages: int = 0
    unacknowledged: int = 0  # those with QoS 1 or 2
    size: int = 0

    def add(self, qos: int, payload: bytes, sign: int = 1) -> None:
        self.messages += sign
        self.unacknowledged += sign * (qos > 0)
        self.size += sign * (len(payload) + _OVERHEAD)

    def overloaded(self, unacknowledged_in: int) -> bool:
        # The quota of unacknowledged messages is kept by reading no further: nothing is lost.
        return self.size > _PENDING_BYTES or self.unacknowledged >= unacknowledged_in


def on_publish(connection: "Connection", flags: int, body: bytes) -> None:
    packet = connection.codec.decode_publish(flags, body)
    broker = connection.broker
    settings = broker.settings
    if packet.qos == _QOS_2 and not settings.lenient:
        if connection.codec.gives_reasons:
            raise ProtocolViolation("QoS 2 [MQTT-3.2.2-11]", Code.QOS_NOT_SUPPORTED)
        # "When QoS level 2 is requested, the message broker doesn't send a PUBACK or SUBACK."
        log.info("client %s published with QoS 2, which is left unanswered", connection.name)
        return
    destination = broker.rules.destination(packet.topic)
    _check(packet, destination, settings)
    if connection.codec.gives_reasons and packet.qos:
        _check_quota(connection, packet)
    if not connection.publishes.admit(connection.heard_at):
        broker.discarded += 1  # IoT Core discards the excess without a word; QoS 1 is not acknowledged
        # An assumption for MQTT 5, where a message without an answer would count as under way for ever.
        _refuse(connection, packet, Code.QUOTA_EXCEEDED)
        return
    if not _allowed(connection, packet):
        if not _refuse(connection, packet, Code.NOT_AUTHORIZED):
            connection.close(Reason.FORBIDDEN_ACCESS, packet.topic)
        return
    if packet.qos == _QOS_2 and _repeated(connection, packet.packet_id):
        return
    if destination.subscribers and broker.settings.between_clients:
        _to_others(connection, packet)
    _to_rules(connection, packet, destination)


def _check(packet: Publish, destination: Destination, settings: Settings) -> None:
    if len(packet.payload) > settings.limits.payload_bytes:
        raise ProtocolViolation(f"a payload of {len(packet.payload)} bytes", Code.PACKET_TOO_LARGE)
    if not destination.fits:
        detail = f"the topic {packet.topic[:64]!r}… is too long or has too many slashes"
        raise ProtocolViolation(detail, Code.TOPIC_NAME_INVALID)
    if destination.reserved and not settings.lenient:
        # "Unsupported publish or subscribe operations to topics that start with $aws can result in a terminated
        # connection": it is terminated. In lenient mode such a message is acknowledged, and of no effect.
        raise ProtocolViolation(f"the topic {packet.topic} is reserved", Code.TOPIC_NAME_INVALID)


def _check_quota(connection: "Connection", packet: Publish) -> None:
    """The receive maximum that CONNACK told, chapter 4.9 of MQTT 5: a client that exceeds it is disconnected."""
    received = connection.session.received
    unreleased = sum(received.values())
    most = connection.broker.settings.limits.unacknowledged_in
    if packet.packet_id not in received and connection.pending.unacknowledged + unreleased >= most:
        raise ProtocolViolation(f"more than {most} messages unacknowledged", Code.RECEIVE_MAXIMUM_EXCEEDED)


def _refuse(connection: "Connection", packet: Publish, code: Code) -> bool:
    """Tell the client in place of an acknowledgement, where it can be told."""
    codec = connection.codec
    if not codec.gives_reasons or not packet.qos:
        return False
    connection.send((codec.puback if packet.qos == 1 else codec.pubrec)(packet.packet_id, code))
    return True


def _allowed(connection: "Connection", packet: Publish) -> bool:
    resource = f"topic/{packet.topic}"
    if not connection.policy.allows("iot:Publish", resource):
        return False
    if not connection.broker.settings.between_clients:
        return True  # there is nobody to retain it for
    return not packet.retain or connection.policy.allows("iot:RetainPublish", resource)


def _repeated(connection: "Connection", packet_id: int) -> bool:
    """Whether the client sends a QoS 2 message again [MQTT-4.3.3-2]; if it is accepted by now, say so again."""
    received = connection.session.received
    if packet_id not in received:
        received[packet_id] = False
        return False
    if received[packet_id]:
        connection.send(connection.codec.pubrec(packet_id))
    return True


def _to_others(connection: "Connection", packet: Publish) -> None:
    broker = connection.broker
    if packet.retain:
        broker.retained.keep(packet, broker.now_ms())
    if broker.subscriptions:
        broker.route(packet, connection)


def _to_rules(connection: "Connection", packet: Publish, destination: Destination) -> None:
    if not destination.rules and not connection.pending.messages:
        _acknowledge(connection, packet.qos, packet.packet_id)
        return
    # Without a rule it still waits behind the ones before it: acknowledgements keep the order [MQTT-4.6.0-2].
    message = connection.message(packet.topic, packet.payload, packet.qos, retain=packet.retain)
    message.rule_topic = destination.topic
    message.properties = packet.properties
    connection.pending.add(packet.qos, packet.payload)
    # What came with QoS 2 is known again in a session that goes on, and acknowledged there.
    comes_again = packet.qos == 1 or (packet.qos == _QOS_2 and connection.session.clean)
    errand = Errand(message, destination.rules, connection, connection.settled, packet.packet_id, comes_again)
    connection.lane.put(errand)
    if connection.pending.overloaded(connection.unacknowledged_in):
        connection.pause(Pause.RULES)


def settle(connection: "Connection", errand: Errand) -> None:
    """The rules have had the message: acknowledge it, or end a connection whose message could not be kept."""
    message = errand.message
    connection.pending.add(message.qos, message.payload, -1)
    if errand.accepted:
        _acknowledge(connection, message.qos, errand.packet_id)
    else:
        if message.qos == _QOS_2:
            connection.session.received.pop(errand.packet_id, None)
        connection.close(Reason.SERVER_ERROR, f"the message on {message.topic} was not accepted")
    if not connection.pending.overloaded(connection.unacknowledged_in):
        connection.resume(Pause.RULES)


def _acknowledge(connection: "Connection", qos: int, packet_id: int) -> None:
    if qos == 1:
        # Only over the connection that it came by: on another one the identifier may mean another message.
        if connection.alive:
            connection.send(connection.codec.puback(packet_id))
    elif qos == _QOS_2:
        session = connection.session
        session.received[packet_id] = True
        if session.connection is not None:
            session.connection.send(session.connection.codec.pubrec(packet_id))


def on_pubrel(connection: "Connection", _flags: int, body: bytes) -> None:
    """[MQTT-4.3.3-2]; an unknown identifier is confirmed too, as the first PUBCOMP may have been lost."""
    packet_id, _code = connection.codec.decode_ack(body)
    connection.session.received.pop(packet_id, None)
    connection.send(packets.pubcomp(packet_id))
