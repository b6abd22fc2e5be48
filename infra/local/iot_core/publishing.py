"""PUBLISH from a client, and its acknowledgement: MQTT 3.1.1 chapters 3.3, 3.4 and 4.3.

PUBACK (or PUBREC) means that every rule's invocation has been accepted, and is sent only then.
"""

import logging
from typing import TYPE_CHECKING

from . import packets
from .lanes import Errand
from .lifecycle import Reason
from .packets import ProtocolViolation, Publish
from .rules import PreparedRule

if TYPE_CHECKING:
    from .connection import Connection

log = logging.getLogger(__name__)

_QOS_2 = 2
# How much of one client may wait for its rules; beyond that it is not read until they have caught up.
_PENDING_BYTES = 1024 * 1024
_OVERHEAD = 200


def on_publish(connection: "Connection", flags: int, body: bytes) -> None:
    packet = packets.decode_publish(flags, body)
    broker = connection.broker
    if packet.qos == _QOS_2 and not broker.settings.lenient:
        # "When QoS level 2 is requested, the message broker doesn't send a PUBACK or SUBACK."
        log.info("client %s published with QoS 2, which is left unanswered", connection.name)
        return
    topic, rules = _destination(connection, packet)
    if not connection.publishes.admit(connection.heard_at):
        broker.discarded += 1  # IoT Core discards the excess without a word; QoS 1 is not acknowledged
        return
    if not _allowed(connection, packet):
        connection.close(Reason.FORBIDDEN_ACCESS, packet.topic)
        return
    if packet.qos == _QOS_2 and _repeated(connection, packet.packet_id):
        return
    if rules is None:
        # A reserved topic that lenient mode does not know: acknowledged, and of no effect.
        rules = ()
    elif topic == packet.topic:
        _to_others(connection, packet)
    _to_rules(connection, packet, topic, rules)


def _destination(connection: "Connection", packet: Publish) -> tuple[str, tuple[PreparedRule, ...] | None]:
    """The topic that rules see, and the rules; None for a reserved topic that nobody serves."""
    broker = connection.broker
    limits = broker.settings.limits
    if len(packet.payload) > limits.payload_bytes:
        raise ProtocolViolation(f"a payload of {len(packet.payload)} bytes")
    topic, rules = broker.destination(packet.topic)
    if not limits.topic_fits(topic):
        raise ProtocolViolation(f"the topic {topic[:64]!r}… is too long or has too many slashes")
    if rules is None and not broker.settings.lenient:
        # "Unsupported publish or subscribe operations to topics that start with $aws can result in a terminated
        # connection": it is terminated.
        raise ProtocolViolation(f"the topic {packet.topic} is reserved")
    return topic, rules


def _allowed(connection: "Connection", packet: Publish) -> bool:
    resource = f"topic/{packet.topic}"
    if not connection.policy.allows("iot:Publish", resource):
        return False
    return not packet.retain or connection.policy.allows("iot:RetainPublish", resource)


def _repeated(connection: "Connection", packet_id: int) -> bool:
    """Whether the client sends a QoS 2 message again [MQTT-4.3.3-2]; if it is accepted by now, say so again."""
    received = connection.session.received
    if packet_id not in received:
        received[packet_id] = False
        return False
    if received[packet_id]:
        connection.send(packets.pubrec(packet_id))
    return True


def _to_others(connection: "Connection", packet: Publish) -> None:
    broker = connection.broker
    if packet.retain:
        broker.retained.store(packet.topic, packet.payload, packet.qos, broker.now_ms())
    if broker.subscriptions:
        broker.route(packet.topic, packet.payload, packet.qos, connection)


def _to_rules(
    connection: "Connection",
    packet: Publish,
    topic: str,
    rules: tuple[PreparedRule, ...],
) -> None:
    if not rules and not connection.pending:
        _acknowledge(connection, packet.qos, packet.packet_id)
        return
    # Without a rule it still waits behind the ones before it: acknowledgements keep the order [MQTT-4.6.0-2].
    message = connection.message(packet.topic, packet.payload, packet.qos, retain=packet.retain)
    message.rule_topic = topic
    connection.pending += 1
    connection.pending_bytes += _OVERHEAD + len(packet.payload)
    connection.lane.put(Errand(message, rules, connection, connection.settled, packet.packet_id))
    if _overloaded(connection):
        connection.pause(connection.RULES)


def _overloaded(connection: "Connection") -> bool:
    # A quota of unacknowledged QoS 1 messages would be counted here too, but a client that keeps to MQTT never sees
    # it: reading it more slowly has the same effect and loses nothing.
    return connection.pending_bytes > _PENDING_BYTES


def settle(connection: "Connection", errand: Errand) -> None:
    """The rules have had the message: acknowledge it, or end a connection whose message could not be kept."""
    message = errand.message
    connection.pending -= 1
    connection.pending_bytes -= _OVERHEAD + len(message.payload)
    if errand.accepted:
        _acknowledge(connection, message.qos, errand.packet_id)
    else:
        if message.qos == _QOS_2:
            connection.session.received.pop(errand.packet_id, None)
        connection.close(Reason.SERVER_ERROR, f"the message on {message.topic} was not accepted")
    if not _overloaded(connection):
        connection.resume(connection.RULES)


def _acknowledge(connection: "Connection", qos: int, packet_id: int) -> None:
    if qos == 1:
        # Only over the connection that it came by: on another one the identifier may mean another message.
        if connection.alive:
            connection.send(packets.puback(packet_id))
    elif qos == _QOS_2:
        session = connection.session
        session.received[packet_id] = True
        if session.connection is not None:
            session.connection.send(packets.pubrec(packet_id))


def on_pubrel(connection: "Connection", _flags: int, body: bytes) -> None:
    """[MQTT-4.3.3-2]; an unknown identifier is confirmed too, as the first PUBCOMP may have been lost."""
    packet_id = packets.decode_ack(body)
    connection.session.received.pop(packet_id, None)
    connection.send(packets.pubcomp(packet_id))
