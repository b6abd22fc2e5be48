"""SUBSCRIBE and UNSUBSCRIBE: MQTT 3.1.1 and MQTT 5, chapters 3.8 to 3.11."""

import logging
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from . import receiving, topics
from .lifecycle import Event, Reason, Subject, subscribe_refused, subscribed, unsubscribed
from .packets import Publish
from .reasons import FAILURE, Code

if TYPE_CHECKING:
    from .connection import Connection

log = logging.getLogger(__name__)
_QOS = 3  # the bits of the subscription options; in MQTT 3.1.1 there are no others
_QOS_2 = 2
_ONLY_WHEN_NEW, _NEVER = 1, 2  # Retain Handling of MQTT 5: when retained messages are sent


def on_subscribe(connection: "Connection", _flags: int, body: bytes) -> None:
    packet = connection.codec.decode_subscribe(body)
    settings = connection.broker.settings
    for topic_filter, _options in packet.filters:
        topics.check_filter(topic_filter)
    most = settings.limits.subscriptions_per_request
    if most is not None and len(packet.filters) > most:
        detail = f"{len(packet.filters)} filters in one SUBSCRIBE; {most} are allowed"
        connection.close(Reason.CLIENT_ERROR, detail, Code.QUOTA_EXCEEDED)
        return
    if not settings.lenient and any(options & _QOS == _QOS_2 for _filter, options in packet.filters):
        # "When QoS level 2 is requested, the message broker doesn't send a PUBACK or SUBACK", whatever the version.
        log.info("client %s subscribed with QoS 2, which is left unanswered", connection.name)
        return
    # One return code for each filter, in their order [MQTT-3.8.4-5], [MQTT-3.9.3-1]
    held = set(connection.session.subscriptions)
    codes = [_subscribe(connection, topic_filter, options) for topic_filter, options in packet.filters]
    connection.send(connection.codec.suback(packet.packet_id, codes))
    granted, refused = list[str](), list[str]()
    for (topic_filter, _options), code in zip(packet.filters, codes, strict=True):
        (granted if code < FAILURE else refused).append(topic_filter)
    _announce(connection, subscribed, granted)
    if settings.lenient:
        _announce(connection, subscribe_refused, refused)
    for (topic_filter, options), code in zip(packet.filters, codes, strict=True):
        handling = options >> 4
        if code < FAILURE and handling != _NEVER and not (handling == _ONLY_WHEN_NEW and topic_filter in held):
            _send_retained(connection, topic_filter, code)


def _subscribe(connection: "Connection", topic_filter: str, options: int) -> int:
    """Grant one filter; the return code for SUBACK."""
    refusal = _refusal(connection, topic_filter)
    if refusal is not None:
        return refusal
    qos = options & _QOS
    # The same filter again replaces the subscription [MQTT-3.8.4-3].
    connection.session.subscriptions[topic_filter] = qos
    connection.broker.subscriptions.add(topic_filter, connection.session, topics.grant(qos, options))
    return qos


def _refusal(connection: "Connection", topic_filter: str) -> Code | None:
    limits, held = connection.broker.settings.limits, connection.session.subscriptions
    if not limits.topic_fits(topic_filter):
        return Code.TOPIC_FILTER_INVALID
    if topic_filter.startswith("$share/"):
        return Code.SHARED_SUBSCRIPTIONS_NOT_SUPPORTED  # IoT Core has them, we do not model them
    if topic_filter.startswith("$") and not topic_filter.startswith("$aws/"):
        return Code.TOPIC_FILTER_INVALID
    most = limits.subscriptions_per_connection
    if most is not None and topic_filter not in held and len(held) >= most:
        return Code.QUOTA_EXCEEDED
    allowed = connection.policy.allows("iot:Subscribe", f"topicfilter/{topic_filter}")
    return None if allowed else Code.NOT_AUTHORIZED


def _send_retained(connection: "Connection", topic_filter: str, qos: int) -> None:
    """[MQTT-3.3.1-6]; RETAIN is set for what a new subscription receives [MQTT-3.3.1-8]."""
    broker = connection.broker
    for message in broker.retained.matching(topic_filter):
        packet = Publish(message.topic, message.payload, min(qos, message.qos), retain=True)
        packet.properties, packet.expires = message.properties, message.expires
        if not receiving.expired(packet, broker.settings.monotonic()):
            receiving.deliver(broker, connection.session, packet)


def on_unsubscribe(connection: "Connection", _flags: int, body: bytes) -> None:
    packet = connection.codec.decode_unsubscribe(body)
    gone, codes = [], []
    for topic_filter in packet.filters:
        # Compared character by character [MQTT-3.10.4-1]
        if connection.session.subscriptions.pop(topic_filter, None) is not None:
            connection.broker.subscriptions.discard(topic_filter, connection.session)
            gone.append(topic_filter)
            codes.append(Code.SUCCESS)
        else:
            codes.append(Code.NO_SUBSCRIPTION_EXISTED)
    connection.send(
        connection.codec.unsuback(packet.packet_id, list(codes))
    )  # also when nothing matched [MQTT-3.10.4-5]
    _announce(connection, unsubscribed, gone)


def _announce(
    connection: "Connection", event: Callable[[Subject, int, Sequence[str]], Event], named: list[str]
) -> None:
    """In as many events as it takes, since what becomes of one has a limit."""
    subject, now = connection.subject, connection.broker.now_ms()
    most = connection.broker.settings.limits.subscriptions_per_event
    for start in range(0, len(named), most):
        connection.broker.announce(subject, event(subject, now, named[start : start + most]))
