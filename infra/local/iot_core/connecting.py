"""CONNECT: MQTT 3.1.1 chapter 3.1, the custom authorizer, and taking over a client id.

Nothing that belongs to the client id is touched before the new credentials were accepted: who does not know the
password cannot disturb the connected client.
"""

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from . import packets, receiving
from .authorizer import AuthorizerFailed, Credentials, Grant, NotAuthenticated
from .lifecycle import Reason, Subject, connect_failed, connected
from .limits import Meter
from .packets import Connect, ProtocolViolation
from .policy import Policy
from .session import Session

if TYPE_CHECKING:
    from .connection import Connection

log = logging.getLogger(__name__)
_QOS_2 = 2
_MQTT_3_1_CLIENT_ID = 23


class _Refused(Exception):
    """`answer`: what to send before closing, which may be nothing."""

    def __init__(self, answer: bytes, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.answer = answer
        self.reason = reason


async def connect(connection: "Connection", body: bytes) -> None:
    """Answer a CONNECT; whatever goes wrong ends the connection and nothing else."""
    try:
        packet = _received(connection, _decode(connection, body))
        grant, policy = await _authorized(connection, packet)
    except _Refused as refused:
        if refused.answer:
            connection.send(refused.answer)
        connection.close(refused.reason, str(refused))
    except ProtocolViolation as violation:
        connection.close(Reason.CLIENT_ERROR, str(violation))
    except Exception:
        log.exception("CONNECT of %s", connection.name)
        connection.close(Reason.SERVER_ERROR)
    else:
        if connection.authorizing:  # it may have been closed meanwhile
            _open(connection, packet, grant, policy)


def _decode(connection: "Connection", body: bytes) -> Connect:
    settings = connection.broker.settings
    try:
        packet = packets.decode_connect(body)
    except packets.UnsupportedProtocol as error:
        raise _Refused(_protocol_answer(error.level), Reason.CLIENT_ERROR, str(error)) from None
    if packet.level == packets.MQTT_3_1 and not settings.lenient:
        answer = packets.connack(packets.UNACCEPTABLE_PROTOCOL)  # [MQTT-3.1.2-2]
        raise _Refused(answer, Reason.CLIENT_ERROR, "MQTT 3.1")
    if packet.will is not None and packet.will.qos == _QOS_2 and not settings.lenient:
        # IoT Core has no QoS 2; its documentation only says that such a CONNECT fails.
        raise _Refused(b"", Reason.CLIENT_ERROR, "Will QoS 2")
    if not _client_id_accepted(packet, settings.limits.client_id_bytes, lenient=settings.lenient):
        answer = packets.connack(packets.IDENTIFIER_REJECTED)
        raise _Refused(answer, Reason.CLIENT_ERROR, f"client id {packet.client_id[:200]!r}")
    connection.level = packet.level
    return packet


def _received(connection: "Connection", packet: Connect) -> Connect:
    """A guest goes to the broker for guests, with a session that ends with its connection; anybody else stays here."""
    hall = connection.broker.hall
    if hall is None or not hall.recognises(packet.client_id):
        return packet
    if connection.tls:
        raise _Refused(packets.connack(packets.NOT_AUTHORIZED), Reason.AUTH_ERROR, "guests come without TLS")
    if not hall.admit(connection):
        raise _Refused(packets.connack(packets.SERVER_UNAVAILABLE), Reason.THROTTLED, "no more guests are let in")
    return replace(packet, clean_session=True)


def _protocol_answer(level: int) -> bytes:
    """What a client of another protocol can read: nothing for a foreign name [MQTT-3.1.2-1]."""
    if level == packets.MQTT_5:
        # IoT Core speaks MQTT 5; this stand-in does not, and says so in MQTT 5's own form.
        return packets.CONNACK_MQTT_5_REFUSED
    return packets.connack(packets.UNACCEPTABLE_PROTOCOL) if level else b""


def _client_id_accepted(packet: Connect, limit: int | None, *, lenient: bool) -> bool:
    if not packet.client_id:
        # [MQTT-3.1.3-7], [MQTT-3.1.3-8]; MQTT 3.1 knows no empty client id at all.
        return packet.clean_session and packet.level != packets.MQTT_3_1
    if packet.level == packets.MQTT_3_1 and len(packet.client_id) > _MQTT_3_1_CLIENT_ID and not lenient:
        return False
    if limit is not None and len(packet.client_id.encode()) > limit:
        return False
    return lenient or not packet.client_id.startswith("$")


async def _authorized(connection: "Connection", packet: Connect) -> tuple[Grant, Policy]:
    """Raise `_Refused`; a wrong password, a failing authorizer and a policy without iot:Connect look alike on AWS."""
    broker = connection.broker
    # The server gives a name to a client that has none [MQTT-3.1.3-6].
    client_id = packet.client_id or broker.settings.new_id()
    connection.credentials = _credentials(connection, packet)
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
    policy = policy_of(connection, grant)
    if not policy.allows("iot:Connect", f"client/{client_id}"):
        raise _failed(connection, packets.NOT_AUTHORIZED, "the policy does not allow iot:Connect")
    return grant, policy


def _throttle(connection: "Connection", client_id: str) -> None:
    broker = connection.broker
    limit = broker.settings.limits.connects_per_second
    if limit is None:
        return
    meter = broker.connects.setdefault(client_id, Meter(limit))
    if not meter.admit(broker.settings.monotonic()):
        raise _Refused(packets.connack(packets.SERVER_UNAVAILABLE), Reason.THROTTLED, "CONNECT rate")


def _failed(connection: "Connection", code: int, detail: str) -> _Refused:
    connection.broker.announce(connection.subject, connect_failed(connection.subject, connection.broker.now_ms()))
    return _Refused(packets.connack(code), Reason.AUTH_ERROR, detail)


def _credentials(connection: "Connection", packet: Connect) -> Credentials:
    websocket = connection.wire.websocket
    return Credentials(
        connection_id=connection.broker.settings.new_id(),
        client_id=packet.client_id or None,
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
    session, present = _session(connection, packet)
    session.connection = connection
    connection.session, connection.policy, connection.will = session, policy, packet.will
    connection.keep_alive = broker.settings.limits.keep_alive(packet.keep_alive)
    connection.connected_at = broker.now_ms()
    version = broker.departures.next_version(client_id, broker.settings.monotonic())
    subject = connection.subject
    connection.subject = Subject(client_id, grant.principal, subject.session_identifier, subject.ip_address, version)
    connection.opened()
    connection.send(packets.connack(packets.ACCEPTED, session_present=present))
    broker.announce(connection.subject, connected(connection.subject, connection.connected_at))
    if present:
        _reconsider(connection)
    receiving.redeliver(connection)
    connection.later(grant.disconnect_after, connection.close, Reason.CUSTOMAUTH_TTL_EXPIRATION)
    connection.later(grant.refresh_after, connection.refresh)
    connection.begin_reading()


def _session(connection: "Connection", packet: Connect) -> tuple[Session, bool]:
    """The session to go on with and whether it was there before [MQTT-3.1.2-4], [MQTT-3.1.2-6]."""
    broker = connection.broker
    client_id = connection.subject.client_id
    previous = broker.sessions.get(client_id)
    if previous is not None and (packet.clean_session or previous.clean):
        broker.discard_session(previous)
        previous = None
    if previous is not None:
        return previous, True
    session = broker.sessions[client_id] = Session(client_id, clean=packet.clean_session)
    return session, False


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
