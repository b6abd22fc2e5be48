"""PUBLISH to a client, and its acknowledgement: MQTT 3.1.1 chapters 3.3, 4.3 and 4.4.

"Receiving" is what the client does, as in `iot:Receive`, which is checked on every delivery.
"""

from dataclasses import replace
from typing import TYPE_CHECKING

from . import packets
from .packets import Publish
from .reasons import FAILURE
from .session import Awaiting, InFlight, Session

if TYPE_CHECKING:
    from .broker import Broker
    from .connection import Connection

_FIRST = {1: Awaiting.PUBACK, 2: Awaiting.PUBREC}
_PAUSE = 1.0


class Rejected(Exception):
    """The client answered a message with a reason code of failure, chapter 3.4 of MQTT 5."""

    def __init__(self, code: int) -> None:
        super().__init__(f"reason code 0x{code:02X}")


def deliver(broker: "Broker", session: Session, packet: Publish) -> None:
    """Send, queue or drop a message for one subscriber; `packet.qos` is the QoS granted to it."""
    connection = session.connection
    if connection is None:
        if packet.qos:
            _enqueue(broker, session, packet)
            session.stored = len(session.queue)
    elif not _may_receive(connection, packet):
        return
    elif packet.qos and (session.queue or not _room(connection)):
        _enqueue(broker, session, packet)
    elif not connection.publishes.admit(broker.settings.monotonic()):
        broker.discarded += 1
    elif packet.qos:
        transmit(connection, packet)
    elif connection.writable:
        _send(connection, packet)
    else:
        broker.discarded += 1  # QoS 0 to a client that does not read [MQTT-4.3.1-1]


def _send(connection: "Connection", packet: Publish) -> bool:
    """False for what is too large for the client, who gets nothing of it [MQTT-3.1.2-24], [MQTT-3.1.2-25]."""
    data = connection.codec.publish(packet)
    if len(data) > connection.codec.maximum_packet:
        connection.broker.discarded += 1
        return False
    connection.send(data)
    return True


def _may_receive(connection: "Connection", packet: Publish) -> bool:
    return connection.policy.allows("iot:Receive", f"topic/{packet.topic}")


def _enqueue(broker: "Broker", session: Session, packet: Publish) -> None:
    if len(session.queue) < broker.settings.limits.queued_messages:
        session.queue.append(packet)
    else:
        broker.discarded += 1


def _room(connection: "Connection") -> bool:
    return connection.writable and len(connection.session.in_flight) < connection.unacknowledged_out


def transmit(connection: "Connection", packet: Publish) -> InFlight | None:
    """Send with QoS 1 or 2; None when no packet identifier is free, or the packet is too large for the client."""
    packet_id = connection.session.packet_id()
    if packet_id is None:
        return None
    packet.packet_id = packet_id  # it is this session's own copy
    sent = InFlight(packet, _FIRST[packet.qos])
    if not _send(connection, packet):
        return None
    connection.session.in_flight[packet_id] = sent
    return sent


def drain(connection: "Connection") -> None:
    """Send from the queue what the client can take now."""
    session, broker = connection.session, connection.broker
    while session.queue and _room(connection):
        if not _admitted(connection):
            connection.drain_later(_PAUSE)
            break
        session.stored = max(0, session.stored - 1)
        packet = session.queue.popleft()
        if not expired(packet, broker.settings.monotonic()) and _may_receive(connection, packet):
            transmit(connection, packet)
    if len(session.queue) <= broker.low_water:
        broker.release_publishers(session)


def expired(packet: Publish, now: float) -> bool:
    """Nothing that nobody wants any more is begun to be delivered [MQTT-3.3.2-5]."""
    return packet.expires is not None and packet.expires <= now


def _admitted(connection: "Connection") -> bool:
    """Whether one more queued message keeps to the quotas; what was stored for an absent client has one of its own."""
    now = connection.broker.settings.monotonic()
    if connection.session.stored and not connection.stored.admit(now):
        return False
    return connection.publishes.admit(now)


def redeliver(connection: "Connection") -> None:
    """What was in flight when the client left is sent again, in its order [MQTT-4.4.0-1], [MQTT-4.6.0-1]."""
    for packet_id, sent in connection.session.in_flight.items():
        if sent.awaiting is Awaiting.PUBCOMP:
            connection.send(packets.pubrel(packet_id))
        elif _may_receive(connection, sent.packet):
            connection.send(connection.codec.publish(replace(sent.packet, dup=True)))
    drain(connection)


def on_puback(connection: "Connection", _flags: int, body: bytes) -> None:
    packet_id, code = connection.codec.decode_ack(body)
    sent = connection.session.in_flight.get(packet_id)
    if sent is None or sent.awaiting is not Awaiting.PUBACK:
        return
    del connection.session.in_flight[packet_id]
    if sent.confirmation is not None and not sent.confirmation.done():
        if code < FAILURE:
            sent.confirmation.set_result(None)
        else:
            sent.confirmation.set_exception(Rejected(code))
    _progress(connection)


def on_pubrec(connection: "Connection", _flags: int, body: bytes) -> None:
    packet_id, code = connection.codec.decode_ack(body)
    sent = connection.session.in_flight.get(packet_id)
    if sent is not None and sent.awaiting is Awaiting.PUBREC and code >= FAILURE:
        del connection.session.in_flight[packet_id]
        _progress(connection)
    elif sent is not None and sent.awaiting is not Awaiting.PUBACK:
        sent.awaiting = Awaiting.PUBCOMP
        connection.send(packets.pubrel(packet_id))


def on_pubcomp(connection: "Connection", _flags: int, body: bytes) -> None:
    packet_id, _code = connection.codec.decode_ack(body)
    sent = connection.session.in_flight.get(packet_id)
    if sent is not None and sent.awaiting is Awaiting.PUBCOMP:
        del connection.session.in_flight[packet_id]
        _progress(connection)


def _progress(connection: "Connection") -> None:
    connection.acknowledged_at = connection.heard_at
    if connection.session.queue:
        drain(connection)
