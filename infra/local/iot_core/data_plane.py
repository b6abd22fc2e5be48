"""The operations of the service `iot-data` on the broker's loop; their errors are those of its service model."""

import asyncio
import ipaddress
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, ClassVar, Final

from . import receiving
from .lanes import Errand
from .lifecycle import Reason
from .message import NO_CLIENT, Message
from .packets import Publish
from .properties import Properties, Property
from .session import Session

if TYPE_CHECKING:
    from .broker import Broker
    from .connection import Connection

TIMEOUT_MIN: Final = 1
TIMEOUT_MAX: Final = 15
TIMEOUT_DEFAULT: Final = 5
_CLIENT_ID_LENGTH: Final = 128


class DataPlaneError(Exception):
    """An error that the service model names; the class is called as it is there."""

    status: ClassVar[HTTPStatus]


class InvalidRequestException(DataPlaneError):
    status = HTTPStatus.BAD_REQUEST


class ForbiddenException(DataPlaneError):
    status = HTTPStatus.FORBIDDEN


class ResourceNotFoundException(DataPlaneError):
    status = HTTPStatus.NOT_FOUND


class MethodNotAllowedException(DataPlaneError):
    status = HTTPStatus.METHOD_NOT_ALLOWED


class RequestEntityTooLargeException(DataPlaneError):
    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE


class ThrottlingException(DataPlaneError):
    status = HTTPStatus.TOO_MANY_REQUESTS


class InternalFailureException(DataPlaneError):
    status = HTTPStatus.INTERNAL_SERVER_ERROR


class GatewayTimeoutException(DataPlaneError):
    status = HTTPStatus.GATEWAY_TIMEOUT


@dataclass(frozen=True, slots=True)
class DirectMessage:
    """`timeout`: seconds to wait for the PUBACK, only with `confirmation`; `properties` are dropped for MQTT 3.1.1."""

    client_id: str
    topic: str
    payload: bytes
    confirmation: bool = False
    timeout: int = TIMEOUT_DEFAULT
    properties: Properties | None = None


async def publish(
    broker: "Broker",
    topic: str,
    payload: bytes,
    *,
    qos: int = 0,
    retain: bool = False,
    properties: Properties | None = None,
) -> None:
    """Publish; returns once every matching rule's invocation has been accepted."""
    if qos not in (0, 1):
        raise InvalidRequestException("qos is 0 or 1")
    check_topic(broker, topic)
    check_payload(broker, payload, InvalidRequestException)
    settings = broker.settings
    message = Message(
        topic,
        payload,
        qos,
        retain=retain,
        client_id=NO_CLIENT,
        principal="",
        at=broker.now_ms(),
        new_trace_id=settings.new_id,
        properties=properties and properties.forwarded(),
    )
    lives = properties.values.get(Property.MESSAGE_EXPIRY) if properties is not None else None
    expires = settings.monotonic() + lives if isinstance(lives, int) else None
    settled: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
    errand = Errand(message, broker.rules.matching(topic), done=lambda errand: settled.set_result(errand.accepted))
    broker.accept(message, broker.lanes.api, errand, expires=expires)
    if not await settled:
        raise InternalFailureException("the message could not be handed to its rules")


def check_topic(broker: "Broker", topic: str) -> None:
    """Raise `InvalidRequestException` for a topic that an API call may not publish on."""
    if not topic or "\0" in topic or "+" in topic or "#" in topic:
        raise InvalidRequestException("the topic is empty or holds a wildcard")
    if topic.startswith("$"):
        raise InvalidRequestException("topics that begin with $ are reserved")
    if not broker.settings.limits.topic_fits(topic):
        raise InvalidRequestException("the topic is too long or has too many slashes")


def check_payload(broker: "Broker", payload: bytes, error: type[DataPlaneError]) -> None:
    if len(payload) > broker.settings.limits.payload_bytes:
        raise error(f"the payload is larger than {broker.settings.limits.payload_bytes} bytes")


def check_client_id(client_id: str) -> None:
    if not 0 < len(client_id) <= _CLIENT_ID_LENGTH or client_id.startswith("$"):
        raise InvalidRequestException("a client id has 1 to 128 characters and does not begin with $")


def _session(broker: "Broker", client_id: str) -> Session | None:
    check_client_id(client_id)
    return broker.sessions.get(client_id)


def _connection(broker: "Broker", client_id: str) -> "Connection":
    session = _session(broker, client_id)
    if session is not None and session.connection is not None:
        return session.connection
    if session is not None:
        raise ResourceNotFoundException(
            "The target client ID is not connected, but it has an active persistent session",
        )
    raise ResourceNotFoundException("The target client ID is not connected")


async def send_direct_message(broker: "Broker", message: DirectMessage) -> str:
    """Send to one client, subscribed or not, past rules and retained messages; give the trace id.

    With `confirmation` it is sent with QoS 1 and this returns after the client's PUBACK; a client that leaves
    meanwhile has not confirmed anything, so that counts as a time-out, at once.
    """
    check_topic(broker, message.topic)
    check_payload(broker, message.payload, RequestEntityTooLargeException)
    if message.confirmation and not TIMEOUT_MIN <= message.timeout <= TIMEOUT_MAX:
        raise InvalidRequestException(f"timeout is {TIMEOUT_MIN} to {TIMEOUT_MAX} seconds")
    connection = _connection(broker, message.client_id)
    if not connection.policy.allows("iot:Receive", f"topic/{message.topic}"):
        raise ForbiddenException("the policy of the receiving client does not allow iot:Receive on the topic")
    if not connection.publishes.admit(broker.settings.monotonic()):
        raise ThrottlingException("the receiving client gets more messages a second than its quota")
    packet = Publish(message.topic, message.payload, qos=int(message.confirmation), properties=message.properties)
    packet.packet_id = 1  # of the same length as the one that it will have
    if len(connection.codec.publish(packet)) > connection.codec.maximum_packet:
        raise RequestEntityTooLargeException("the message is larger than the receiving client takes")
    if message.confirmation:
        await _confirmed(connection, packet, message.timeout)
    elif connection.writable:
        connection.send(connection.codec.publish(packet))
    return broker.settings.new_id()


async def _confirmed(connection: "Connection", packet: Publish, timeout: float) -> None:  # noqa: ASYNC109 - AWS's own
    full = len(connection.session.in_flight) >= connection.unacknowledged_out
    sent = None if full else receiving.transmit(connection, packet)
    if sent is None:
        raise ThrottlingException("the receiving client has too many unacknowledged messages")
    sent.confirmation = asyncio.get_running_loop().create_future()
    try:
        # Shielded: the identifier stays in flight after the time-out, so that a late PUBACK finds its own message.
        await asyncio.wait_for(asyncio.shield(sent.confirmation), timeout)
    except TimeoutError:
        sent.confirmation.cancel()
        raise GatewayTimeoutException("no PUBACK from the client in time") from None
    except receiving.Rejected as rejected:
        # An assumption: it has not confirmed the delivery.
        raise GatewayTimeoutException(f"the client refused the message: {rejected}") from None
    except ConnectionError:
        raise GatewayTimeoutException("the client disconnected before its PUBACK") from None


async def get_connection(broker: "Broker", client_id: str, *, include_socket: bool = False) -> dict[str, Any]:
    """The output of GetConnection; times are in milliseconds since the epoch."""
    session = _session(broker, client_id)
    if session is not None and session.connection is not None:
        return _connected(session, session.connection, include_socket=include_socket)
    left = broker.departures.recent(client_id, broker.settings.monotonic())
    if left is None and session is None:
        raise ResourceNotFoundException("The client ID is not known")
    answer: dict[str, Any] = {"clientId": client_id, "connected": False}
    if left is not None:
        answer |= {
            "cleanSession": left.clean_session,
            "keepAliveDuration": left.keep_alive,
            "disconnectedSince": left.at,
            "disconnectReason": str(left.reason),
        }
    if session is not None:
        answer |= {"cleanSession": session.clean, "sessionExpiry": int(session.expiry)}
    return answer


def _connected(session: Session, connection: "Connection", *, include_socket: bool) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "clientId": session.client_id,
        "connected": True,
        "cleanSession": session.clean,
        "keepAliveDuration": connection.keep_alive,
        "connectedSince": connection.connected_at,
        "sessionExpiry": int(session.expiry),
    }
    if include_socket:
        (source, source_port), (target, target_port) = connection.wire.peer(), connection.wire.local()
        answer |= {
            "sourceIp": _plain(source),
            "sourcePort": source_port,
            "targetIp": _plain(target),
            "targetPort": target_port,
        }
    return answer


def _plain(address: str) -> str:
    """An IPv4 address that arrived through an IPv6 socket, as IPv4."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    mapped = parsed.ipv4_mapped if isinstance(parsed, ipaddress.IPv6Address) else None
    return str(mapped or parsed)


async def list_subscriptions(broker: "Broker", client_id: str) -> list[dict[str, Any]]:
    """Every subscription of a session, connected or persistent, ordered by filter."""
    session = _session(broker, client_id)
    if session is None:
        raise ResourceNotFoundException("The client ID has no session")
    return [{"topicFilter": name, "qos": min(qos, 1)} for name, qos in sorted(session.subscriptions.items())]


async def delete_connection(
    broker: "Broker",
    client_id: str,
    *,
    clean_session: bool = False,
    prevent_will: bool = False,
) -> None:
    connection = _connection(broker, client_id)
    session = connection.session
    if prevent_will:
        connection.will = None
    connection.close(Reason.API_INITIATED_DISCONNECT)
    if clean_session:
        broker.discard_session(session)


async def get_retained_message(broker: "Broker", topic: str) -> dict[str, Any]:
    """`payload` as bytes, `userProperties` as objects; the HTTP interface encodes them."""
    message = broker.retained.get(topic)
    if message is None:
        raise ResourceNotFoundException("No retained message on the topic")
    told = {"topic": topic, "payload": message.payload, "qos": min(message.qos, 1), "lastModifiedTime": message.at}
    if message.properties is not None and message.properties.user:
        told["userProperties"] = [{name: value} for name, value in message.properties.user]
    return told


async def list_retained_messages(broker: "Broker") -> list[dict[str, Any]]:
    """Summaries, ordered by topic."""
    return [
        {
            "topic": message.topic,
            "payloadSize": len(message.payload),
            "qos": min(message.qos, 1),
            "lastModifiedTime": message.at,
        }
        for message in broker.retained.listed()
    ]
