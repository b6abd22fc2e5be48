"""CONNECT: chapter 3.1 of MQTT 3.1.1 and MQTT 5, the custom authorizer, and taking over a client id.

Nothing that belongs to the client id is touched before the new credentials were accepted: who does not know the
password cannot disturb the connected client.
"""

import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from . import mqtt5, packets, receiving
from .authorizer import AuthorizerFailed, Credentials, Grant, NotAuthenticated
from .body import Body, ProtocolViolation
from .lifecycle import Reason, Subject, connect_failed, connected
from .limits import Meter
from .mqtt5 import Mqtt5
from .packets import Connect
from .policy import Policy
from .properties import Properties, Property, Value
from .reasons import Code
from .session import Session

if TYPE_CHECKING:
    from .connection import Connection

log = logging.getLogger(__name__)
_QOS_2 = 2
_MQTT_3_1_CLIENT_ID = 23


class _Refused(Exception):
    """`return_code` of MQTT 3.1.1, None for closing without a word; `code` is for MQTT 5, where it has a closer one."""

    def __init__(self, return_code: int | None, reason: Reason, detail: str, code: Code | None = None) -> None:
        super().__init__(detail)
        self.return_code = return_code
        self.reason = reason
        self.code = code


async def connect(connection: "Connection", body: bytes) -> None:
    """Answer a CONNECT; whatever goes wrong ends the connection and nothing else."""
    try:
        packet = _received(connection, _decode(connection, body))
        grant, policy = await _authorized(connection, packet)
    except _Refused as refused:
        if refused.return_code is not None:
            connection.send(connection.codec.connack(refused.return_code, refused.code))
        connection.close(refused.reason, str(refused))
    except ProtocolViolation as violation:
        if connection.codec.gives_reasons:
            connection.send(connection.codec.connack(violation.code))
        connection.close(Reason.CLIENT_ERROR, str(violation))
    except Exception:
        log.exception("CONNECT of %s", connection.name)
        connection.close(Reason.SERVER_ERROR)
    else:
        if connection.authorizing:  # it may have been closed meanwhile
            _open(connection, packet, grant, policy)


def _decode(connection: "Connection", data: bytes) -> Connect:
    settings = connection.broker.settings
    body = Body(data)
    try:
        connection.level = packets.protocol_level(body)
    except packets.UnsupportedProtocol as error:
        # What a client of another protocol can read: nothing for a foreign name [MQTT-3.1.2-1].
        answer = packets.UNACCEPTABLE_PROTOCOL if error.level else None
        raise _Refused(answer, Reason.CLIENT_ERROR, str(error)) from None
    if connection.level == packets.MQTT_5:
        packet = _decode_mqtt_5(connection, body)
    else:
        packet = packets.decode_connect(body, connection.level)
    if packet.level == packets.MQTT_3_1 and not settings.lenient:
        raise _Refused(packets.UNACCEPTABLE_PROTOCOL, Reason.CLIENT_ERROR, "MQTT 3.1")  # [MQTT-3.1.2-2]
    if packet.will is not None and packet.will.qos == _QOS_2 and not settings.lenient:
        # IoT Core has no QoS 2; for MQTT 3.1.1 its documentation only says that such a CONNECT fails [MQTT-3.2.2-12].
        silent = packet.level != packets.MQTT_5
        raise _Refused(None if silent else 0, Reason.CLIENT_ERROR, "Will QoS 2", Code.QOS_NOT_SUPPORTED)
    if not _client_id_accepted(packet, settings.limits.client_id_bytes, lenient=settings.lenient):
        raise _Refused(packets.IDENTIFIER_REJECTED, Reason.CLIENT_ERROR, f"client id {packet.client_id[:200]!r}")
    return packet


def _decode_mqtt_5(connection: "Connection", body: Body) -> Connect:
    settings = connection.broker.settings
    codec = connection.codec = Mqtt5(settings.monotonic)
    packet = mqtt5.decode_connect(body)
    wishes = packet.properties or Properties()
    if Property.AUTHENTICATION_METHOD in wishes.values:
        raise _Refused(0, Reason.CLIENT_ERROR, "an authentication method", Code.BAD_AUTHENTICATION_METHOD)
    codec.agree(wishes)
    if codec.maximum_packet < settings.limits.packet_bytes_least:
        # An assumption: the documentation only tells the least that a client may ask for.
        raise _Refused(0, Reason.CLIENT_ERROR, f"packets of {codec.maximum_packet} bytes", Code.PACKET_TOO_LARGE)
    return packet


def _received(connection: "Connection", packet: Connect) -> Connect:
    """A guest goes to the broker for guests, with a session that ends with its connection; anybody else stays here."""
    hall = connection.broker.hall
    if hall is None or not hall.recognises(packet.client_id):
        return packet
    if not hall.admit(connection):
        raise _Refused(packets.SERVER_UNAVAILABLE, Reason.THROTTLED, "no more guests are let in", Code.SERVER_BUSY)
    return replace(packet, clean_session=True, session_expiry=0 if packet.level == packets.MQTT_5 else None)


def _client_id_accepted(packet: Connect, limit: int | None, *, lenient: bool) -> bool:
    if not packet.client_id:
        # [MQTT-3.1.3-7], [MQTT-3.1.3-8]; MQTT 3.1 knows no empty client id at all, MQTT 5 tells the one it gives.
        return packet.level == packets.MQTT_5 or (packet.clean_session and packet.level != packets.MQTT_3_1)
    if packet.level == packets.MQTT_3_1 and len(packet.client_id) > _MQTT_3_1_CLIENT_ID and not lenient:
        return False
    if limit is not None and len(packet.client_id.encode()) > limit:
        return False
    return lenient or not packet.client_id.startswith("$")


async def _authorized(connection: "Connection", packet: Connect) -> tuple[Grant, Policy]:
    """Raise `_Refused`; a wrong password, a failing authorizer and a policy without iot:Connect look alike on AWS."""
    broker = connection.broker
    # The server gives a name to a client that has none [MQTT-3.1.3-6].
    offered = broker.settings.new_id()
    client_id = packet.client_id or offered
    connection.credentials = _credentials(connection, packet, offered)
    connection.subject = Subject(client_id, "", connection.credentials.connection_id, connection.wire.peer()[0])
    _throttle(connection, client_id)
    try:
        grant = await broker.authorizer.grant(connection.credentials)
    except NotAuthenticated as error:
        # An assumption for MQTT 3.1.1: the documentation once said that clients saw CONNACK 5 or just a closed
        # connection. Lenient mode sends the code that the original platform would, when the answer names one.
        code = error.connack_code if broker.settings.lenient else None
        raise _failed(connection, code or packets.NOT_AUTHORIZED, str(error)) from None
    except AuthorizerFailed as error:
        log.warning("the authorizer failed for %s: %s", client_id, error)
        # An assumption too: "server unavailable" makes clients try again, as they should.
        raise _failed(connection, packets.SERVER_UNAVAILABLE, str(error)) from None
    if grant.client_id is not None and broker.settings.lenient:
        client_id = grant.client_id
        connection.subject = replace(connection.subject, client_id=client_id)
    policy = policy_of(connection, grant)
    if not policy.allows("iot:Connect", f"client/{client_id}"):
        raise _failed(connection, packets.NOT_AUTHORIZED, "the policy does not allow iot:Connect")
    will = packet.will
    if will is not None and not broker.settings.lenient and not policy.allows("iot:Publish", f"topic/{will.topic}"):
        # The developer guide says so, and that only the event `connect_failed` tells it.
        connection.subject = replace(connection.subject, principal=grant.principal)
        raise _failed(connection, packets.NOT_AUTHORIZED, f"the policy does not allow the will on {will.topic[:200]!r}")
    return grant, policy


def _throttle(connection: "Connection", client_id: str) -> None:
    broker = connection.broker
    limit = broker.settings.limits.connects_per_second
    if limit is None:
        return
    meter = broker.connects.setdefault(client_id, Meter(limit))
    if not meter.admit(broker.settings.monotonic()):
        raise _Refused(packets.SERVER_UNAVAILABLE, Reason.THROTTLED, "CONNECT rate", Code.QUOTA_EXCEEDED)


def _failed(connection: "Connection", code: int, detail: str) -> _Refused:
    connection.broker.announce(connection.subject, connect_failed(connection.subject, connection.broker.now_ms()))
    return _Refused(code, Reason.AUTH_ERROR, detail)


def _credentials(connection: "Connection", packet: Connect, offered: str) -> Credentials:
    websocket = connection.wire.websocket
    lenient = connection.broker.settings.lenient
    return Credentials(
        connection_id=connection.broker.settings.new_id(),
        client_id=packet.client_id or None,
        offered_id=offered if lenient else None,
        address=connection.wire.peer()[0] if lenient else None,
        username=packet.username,
        password=packet.password,
        server_name=connection.server_name,
        tls=connection.tls,
        certificate=connection.certificate,
        http_headers=None if websocket is None else websocket.headers,
        http_query="" if websocket is None else websocket.query,
    )


def policy_of(connection: "Connection", grant: Grant) -> Policy:
    variables = {"iot:ClientId": connection.subject.client_id, "aws:SourceIp": connection.subject.ip_address}
    if connection.certificate is not None:
        variables |= connection.certificate.variables()
    return Policy(grant.statements, variables, connection.broker.settings.arn)


def _open(connection: "Connection", packet: Connect, grant: Grant, policy: Policy) -> None:
    broker = connection.broker
    client_id = connection.subject.client_id
    previous = broker.sessions.get(client_id)
    if previous is not None and previous.connection is not None:
        previous.connection.close(Reason.DUPLICATE_CLIENTID, "another connection took the client id")  # [MQTT-3.1.4-2]
    if grant.clean_session and broker.settings.lenient:
        ends = 0 if packet.session_expiry is not None else None
        packet = replace(packet, clean_session=True, session_expiry=ends)
    session, present = _session(connection, packet)
    session.connection = connection
    connection.session, connection.policy, connection.will = session, policy, packet.will
    connection.keep_alive = broker.settings.limits.keep_alive(packet.keep_alive)
    connection.connected_at = broker.now_ms()
    version = broker.departures.next_version(client_id, broker.settings.monotonic())
    subject = connection.subject
    connection.subject = replace(
        subject, client_id=client_id, principal=grant.principal, version=version, tenant=grant.tenant
    )
    connection.opened()
    told = _agreed(connection, packet) if packet.properties is not None else None
    connection.send(connection.codec.connack(packets.ACCEPTED, session_present=present, properties=told))
    broker.announce(connection.subject, connected(connection.subject, connection.connected_at, _told(connection)))
    if present:
        _reconsider(connection)
    receiving.redeliver(connection)
    connection.later(grant.disconnect_after, connection.close, Reason.CUSTOMAUTH_TTL_EXPIRATION)
    connection.later(grant.refresh_after, connection.refresh)
    connection.begin_reading()


def _told(connection: "Connection") -> dict[str, Any]:
    """What the event "connected" tells in lenient mode beyond what it does on IoT Core."""
    if not connection.broker.settings.lenient:
        return {}
    secrecy = connection.wire.secrecy()
    tls = {"tlsVersion": secrecy[0], "tlsCipher": secrecy[1]} if secrecy is not None else {}
    keep_alive, port = connection.keep_alive, connection.wire.peer()[1]
    return {"mqttLevel": connection.level, "keepAliveDuration": keep_alive, "sourcePort": port, **tls}


def _session(connection: "Connection", packet: Connect) -> tuple[Session, bool]:
    """The session to go on with and whether it was there before [MQTT-3.1.2-4], [MQTT-3.1.2-6]."""
    broker = connection.broker
    client_id = connection.subject.client_id
    previous = broker.sessions.get(client_id)
    # IoT Core does not go on with a session of MQTT 3.1.1 in MQTT 5, nor the other way.
    kept = previous is not None and (previous.level == packets.MQTT_5) == (packet.level == packets.MQTT_5)
    if previous is not None and (packet.clean_session or previous.clean or not kept):
        broker.discard_session(previous)
        previous = None
    session = previous
    if session is None:
        session = broker.sessions[client_id] = Session(client_id, clean=packet.clean_session, level=packet.level)
    session.will = None  # the client is back before the delay has passed [MQTT-3.1.3-9]
    limits = broker.settings.limits
    if packet.session_expiry is not None:
        session.live(limits.session_seconds(packet.session_expiry))
    else:
        session.live(0 if packet.clean_session else limits.session_expiry)
    return session, previous is not None


def _agreed(connection: "Connection", packet: Connect) -> Properties:
    """What CONNACK tells a client of MQTT 5, and what its wishes mean for the connection: chapter 3.2.2.3."""
    settings, session = connection.broker.settings, connection.session
    wishes = packet.properties or Properties()
    limits = settings.limits
    connection.unacknowledged_out = min(
        limits.unacknowledged_out, wishes.number(Property.RECEIVE_MAXIMUM, limits.unacknowledged_out)
    )
    connection.unacknowledged_in = limits.unacknowledged_in + 1  # the client knows; it is disconnected, not held back
    told: dict[Property, Value] = {
        Property.RECEIVE_MAXIMUM: limits.unacknowledged_in,
        Property.MAXIMUM_PACKET_SIZE: limits.packet_bytes,
        Property.TOPIC_ALIAS_MAXIMUM: mqtt5.TOPIC_ALIAS_MAXIMUM,
        Property.SUBSCRIPTION_IDENTIFIER_AVAILABLE: 0,
        Property.SHARED_SUBSCRIPTION_AVAILABLE: 0,
    }
    if session.expiry != wishes.number(Property.SESSION_EXPIRY, 0):
        told[Property.SESSION_EXPIRY] = int(session.expiry)
    if not packet.client_id:
        told[Property.ASSIGNED_CLIENT_IDENTIFIER] = session.client_id
    if connection.keep_alive != packet.keep_alive:
        told[Property.SERVER_KEEP_ALIVE] = connection.keep_alive
    if not settings.lenient:
        told[Property.MAXIMUM_QOS] = 1
    return Properties(told)


def _reconsider(connection: "Connection") -> None:
    """Drop the filters of a resumed session that its new policy no longer allows: it may be another principal's."""
    for topic_filter in list(connection.session.subscriptions):
        if not connection.policy.allows("iot:Subscribe", f"topicfilter/{topic_filter}"):
            del connection.session.subscriptions[topic_filter]
            connection.broker.subscriptions.discard(topic_filter, connection.session)


async def refresh(connection: "Connection") -> None:
    """Ask the authorizer again, refreshAfterInSeconds after the last time; the policy may change, the end not."""
    try:
        grant = await connection.broker.authorizer.grant(connection.credentials)
    except (NotAuthenticated, AuthorizerFailed) as error:
        connection.close(Reason.AUTH_ERROR, f"refresh: {error}")
        return
    connection.policy = policy_of(connection, grant)
    connection.later(grant.refresh_after, connection.refresh)
