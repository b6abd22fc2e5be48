"""SUBSCRIBE and UNSUBSCRIBE: MQTT 3.1.1 chapters 3.8 to 3.11."""

import logging
from typing import TYPE_CHECKING

from . import packets, receiving, topics
from .lifecycle import Reason, subscribed, unsubscribed
from .packets import FAILURE, Publish

if TYPE_CHECKING:
    from .connection import Connection

log = logging.getLogger(__name__)
_QOS_2 = 2


def on_subscribe(connection: "Connection", _flags: int, body: bytes) -> None:
    packet = packets.decode_subscribe(body)
    settings = connection.broker.settings
    for topic_filter, _qos in packet.filters:
        topics.check_filter(topic_filter)
    most = settings.limits.subscriptions_per_request
    if most is not None and len(packet.filters) > most:
        connection.close(Reason.CLIENT_ERROR, f"{len(packet.filters)} filters in one SUBSCRIBE; {most} are allowed")
        return
    if not settings.lenient and any(qos == _QOS_2 for _filter, qos in packet.filters):
        # "When QoS level 2 is requested, the message broker doesn't send a PUBACK or SUBACK."
        log.info("client %s subscribed with QoS 2, which is left unanswered", connection.name)
        return
    # One return code for each filter, in their order [MQTT-3.8.4-5], [MQTT-3.9.3-1]
    codes = [_subscribe(connection, topic_filter, qos) for topic_filter, qos in packet.filters]
    connection.send(packets.suback(packet.packet_id, codes))
    granted = [
        topic_filter for (topic_filter, _qos), code in zip(packet.filters, codes, strict=True) if code != FAILURE
    ]
    if granted:
        connection.broker.announce(
            connection.subject,
            subscribed(connection.subject, connection.broker.now_ms(), granted),
        )
    for (topic_filter, _qos), code in zip(packet.filters, codes, strict=True):
        if code != FAILURE:
            _send_retained(connection, topic_filter, code)


def _subscribe(connection: "Connection", topic_filter: str, qos: int) -> int:
    """Grant one filter; the return code for SUBACK."""
    if not _permitted(connection, topic_filter):
        return FAILURE
    # The same filter again replaces the subscription [MQTT-3.8.4-3].
    connection.session.subscriptions[topic_filter] = qos
    connection.broker.subscriptions.add(topic_filter, connection.session, qos)
    return qos


def _permitted(connection: "Connection", topic_filter: str) -> bool:
    limits, held = connection.broker.settings.limits, connection.session.subscriptions
    if not limits.topic_fits(topic_filter):
        return False
    if topic_filter.startswith("$") and not topic_filter.startswith("$aws/"):
        return False  # shared subscriptions, $share/…, are not modelled
    most = limits.subscriptions_per_connection
    if most is not None and topic_filter not in held and len(held) >= most:
        return False
    return connection.policy.allows("iot:Subscribe", f"topicfilter/{topic_filter}")


def _send_retained(connection: "Connection", topic_filter: str, qos: int) -> None:
    """[MQTT-3.3.1-6]; RETAIN is set for what a new subscription receives [MQTT-3.3.1-8]."""
    for message in connection.broker.retained.matching(topic_filter):
        packet = Publish(message.topic, message.payload, min(qos, message.qos), retain=True)
        receiving.deliver(connection.broker, connection.session, packet)


def on_unsubscribe(connection: "Connection", _flags: int, body: bytes) -> None:
    packet = packets.decode_unsubscribe(body)
    gone = []
    for topic_filter in packet.filters:
        # Compared character by character [MQTT-3.10.4-1]
        if connection.session.subscriptions.pop(topic_filter, None) is not None:
            connection.broker.subscriptions.discard(topic_filter, connection.session)
            gone.append(topic_filter)
    connection.send(packets.unsuback(packet.packet_id))  # also when nothing matched [MQTT-3.10.4-5]
    if gone:
        connection.broker.announce(
            connection.subject,
            unsubscribed(connection.subject, connection.broker.now_ms(), gone),
        )
