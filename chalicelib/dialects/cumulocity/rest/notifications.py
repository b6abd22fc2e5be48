"""Notifications by Bayeux over long polling (reference, "Real-time notifications").

No request is held: who asks is answered at once, and told when to come again.
Two endpoints, each with the names that older clients know it by: operations of agents, and whatever happens.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from chalicelib.dialects.cumulocity import bayeux, bayeux_sessions, doorbell, polling, reach, realtime
from chalicelib.dialects.cumulocity.bayeux import Message
from chalicelib.dialects.cumulocity.bayeux_sessions import Session
from chalicelib.dialects.cumulocity.errors import BadRequest
from chalicelib.dialects.cumulocity.rest import contents, links, operation_channel
from chalicelib.fleet.access.roles import Role
from chalicelib.fleet.errors import FleetError, Forbidden, Invalid, LimitReached, NotFound, SubscriptionNotFound
from chalicelib.fleet.ids import is_number
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.queues import subscriptions
from chalicelib.fleet.tenancy.records import Limit, Use
from chalicelib.web import json_text
from chalicelib.web.request import Answer, Raw, Request
from chalicelib.web.routes import Route

OPERATIONS, REALTIME = "operations", "realtime"
PATHS: Mapping[str, tuple[str, ...]] = {
    OPERATIONS: ("/notification/operations", "/devicecontrol/notifications"),
    REALTIME: ("/notification/realtime", "/cep/realtime", "/cep/notifications"),
}
SUFFIXES = ("", "/handshake", "/connect", "/disconnect")
"""What clients write behind a path; the message says it anyway."""
TIMEOUT = 60_000
MOST_MESSAGES = 100
"""What an answer tells."""
_SETTLING = 300
"""Milliseconds that a first request for messages waits for the subscriptions that were sent with it."""
_TOO_EARLY = 3_000
_ONCE_MORE = 3
"""How often in a row the same is given again to a client that says that its last request failed."""
_READING = {OPERATIONS: frozenset({Role.DEVICE_R}), REALTIME: frozenset({Role.DEVICE_R, Role.DATA_R})}
_CODES: Mapping[type[FleetError], int] = {Forbidden: 403, NotFound: 404}


def _served(endpoint: str, ports: Ports, request: Request) -> Answer:
    answered: list[Mapping[str, Any]] = []
    try:
        messages = bayeux.read(request.raw)
    except Invalid as error:
        raise BadRequest(str(error), error.field) from None
    for message in messages:
        answered += _answered(endpoint, ports, request, message)
    return Answer(Raw(json_text.render(answered).encode(), "application/json;charset=UTF-8"))


def _answered(endpoint: str, ports: Ports, request: Request, message: Message) -> list[Mapping[str, Any]]:
    if message.channel == bayeux.HANDSHAKE:
        return [_handshake(endpoint, ports, request, message)]
    known = _MESSAGES.get(message.channel)
    if known is None:
        return [message.refused(f"403:{message.channel}:clients publish nothing here")]
    try:
        session = bayeux_sessions.get(ports, request.by, endpoint, message.client)
        return known(ports, request, session, message)
    except SubscriptionNotFound:
        return [message.refused(bayeux.UNKNOWN_CLIENT, advice=bayeux.HANDSHAKE_AGAIN)]
    except Forbidden as error:
        return [message.refused(f"403::{error}", advice=bayeux.NO_MORE)]


def _handshake(endpoint: str, ports: Ports, request: Request, message: Message) -> Mapping[str, Any]:
    if not _READING[endpoint] & request.by.roles:
        return message.refused(bayeux.HANDSHAKE_DENIED, advice=bayeux.NO_MORE)
    if not set(bayeux.CONNECTIONS) & set(message.connections):
        return message.refused(
            f"400::there is no connection type but {bayeux.LONG_POLLING}", advice=bayeux.NO_MORE, version=bayeux.VERSION
        )
    session, gone = bayeux_sessions.open_(ports, request.by, endpoint)
    for one in gone:
        _forget(ports, request, one)
    return message.reply(
        successful=True,
        version=bayeux.VERSION,
        minimumVersion=bayeux.VERSION,
        clientId=session.id,
        supportedConnectionTypes=[bayeux.LONG_POLLING],
        # A client waits for as long before it asks for the first time.
        advice={"reconnect": "retry", "interval": 0, "timeout": TIMEOUT},
    )


def _subscribe(ports: Ports, request: Request, session: Session, message: Message) -> list[Mapping[str, Any]]:
    if not message.subscriptions:
        return [message.refused("400::a subscription names its channel")]
    replies: list[Mapping[str, Any]] = []
    wanted: set[str] = set()
    for named, name in zip(message.named, message.subscriptions, strict=True):
        try:
            _ensure(ports, request, session, name.removeprefix("/"))
        except (Invalid, NotFound, Forbidden) as error:
            code = next((code for kind, code in _CODES.items() if isinstance(error, kind)), 400)
            replies.append(message.refused(f"{code}:{name}:{error}", subscription=named))
            continue
        wanted.add(name.removeprefix("/"))
        replies.append(message.reply(successful=True, subscription=named))
    if len(session.channels | wanted) > subscriptions.MOST_CHANNELS:
        return [message.refused(f"400::a session has at most {subscriptions.MOST_CHANNELS} channels")]
    try:
        _listen(ports, request, session, frozenset(wanted))
    except LimitReached as error:
        return [message.refused(f"403::{error}")]
    return replies


def _ensure(ports: Ports, request: Request, session: Session, name: str) -> None:
    """Whether the caller may listen to that channel. Errors: Invalid, NotFound, Forbidden."""
    if session.endpoint == OPERATIONS:
        operation_channel.ensure(ports, request, name)
        return
    kind, which = realtime.channel(name)
    if realtime.role(kind) not in request.by.roles:
        raise Forbidden(f"the roles do not open {kind}")
    if is_number(which):
        reach.get(ports, request.by, which)
    elif reach.bounded(request.by):
        raise Forbidden("a device listens to what is its own")


def _listen(ports: Ports, request: Request, session: Session, wanted: frozenset[str]) -> None:
    """Errors: LimitReached, SubscriptionNotFound."""
    if session.endpoint == REALTIME and wanted:
        lasting = bayeux_sessions.LASTING
        tenant, owner = request.tenant, bayeux_sessions.owner(request.by)
        try:
            buffer = subscriptions.get(ports, tenant, realtime.SESSIONS, session.id)
        except SubscriptionNotFound:
            buffer = subscriptions.open_(ports, tenant, realtime.SESSIONS, session.id, owner, lasting)
        subscriptions.listen(ports, buffer, wanted)
        realtime.settle(ports, tenant)
    if session.endpoint == OPERATIONS and wanted and doorbell.note_agents(ports, request.tenant):
        realtime.settle(ports, request.tenant)
    bayeux_sessions.change(ports, request.by, session, lambda one: replace(one, channels=one.channels | wanted))


def _unsubscribe(ports: Ports, request: Request, session: Session, message: Message) -> list[Mapping[str, Any]]:
    names = frozenset(name.removeprefix("/") for name in message.subscriptions)
    if session.endpoint == REALTIME and session.channels & names:
        buffer = subscriptions.get(ports, request.tenant, realtime.SESSIONS, session.id)
        subscriptions.ignore(ports, buffer, names)
        realtime.settle(ports, request.tenant)
    bayeux_sessions.change(ports, request.by, session, lambda one: replace(one, channels=one.channels - names))
    return [message.reply(successful=True, subscription=named) for named in message.named]


def _disconnect(ports: Ports, request: Request, session: Session, message: Message) -> list[Mapping[str, Any]]:
    bayeux_sessions.close(ports, request.by, session)
    _forget(ports, request, session)
    return [message.reply(successful=True)]


def _forget(ports: Ports, request: Request, session: Session) -> None:
    if session.endpoint == REALTIME and session.channels:
        try:
            buffer = subscriptions.get(ports, request.tenant, realtime.SESSIONS, session.id)
        except SubscriptionNotFound:
            return
        subscriptions.close(ports, buffer)
        realtime.settle(ports, request.tenant)


def _connect(ports: Ports, request: Request, session: Session, message: Message) -> list[Mapping[str, Any]]:
    if not session.channels and not session.there:
        # It was sent together with the subscriptions, and has overtaken them.
        ports.pause(_SETTLING)
        session = bayeux_sessions.get(ports, request.by, session.endpoint, session.id)
    asked = str(message.id) if message.id is not None else ""
    repeated = bool(asked) and asked == session.last
    failed = message.timeout == 0 and bool(session.sent) and session.again < _ONCE_MORE
    told, after = _told(ports, request, session, confirmed=not (repeated or failed), asked=asked)
    now = ports.clock.now()
    interval = polling.interval(now, after.active, polling.longest(), message.interval)
    alive = bayeux_sessions.kept_alive(after, now, polling.there_until(now, interval))
    if alive != session:
        bayeux_sessions.change(ports, request.by, session, partial(_with, alive))
    if not told and not (doorbell.hung() and doorbell.HEADER in request.headers):
        _hold_back(ports, request, session, interval)
    advice = {"reconnect": "retry", "interval": interval, "timeout": TIMEOUT}
    return [*told, message.reply(successful=True, clientId=session.id, advice=advice)]


def _with(wanted: Session, present: Session) -> Session:
    """What a request for messages has found out, whatever was subscribed to meanwhile."""
    return replace(wanted, channels=present.channels)


def _told(
    ports: Ports, request: Request, session: Session, *, confirmed: bool, asked: str
) -> tuple[list[Mapping[str, Any]], Session]:
    if not session.channels:
        return [], session
    if session.endpoint == OPERATIONS:
        given = operation_channel.due(ports, request, session, confirmed=confirmed, asked=asked)
        return list(given.messages), given.session
    from chalicelib.dialects.cumulocity.listening import at_host

    found = subscriptions.take(ports, request.tenant, realtime.SESSIONS, session.id, MOST_MESSAGES, confirmed=confirmed)
    here = links.to(request).removesuffix("/")
    if not found:
        return [], replace(session, sent=(), again=0)
    now = ports.clock.now()
    again = session.again + 1 if not confirmed else 0
    return at_host(found, here), replace(session, active=now, sent=(_SOMETHING,), last=asked, again=again)


_SOMETHING = "told"
"""What was sent of a buffer, which knows by itself what that was."""


def _hold_back(ports: Ports, request: Request, session: Session, interval: int) -> None:
    """Whoever comes far too early waits: it would cost more than it asks for."""
    limit = Limit(Use.REQUESTS, polling.a_minute(interval), 60, f"polls of {session.id}")
    if ports.windows.spend(request.tenant, [limit], ports.clock.now()) is not None:
        ports.pause(_TOO_EARLY)


_Known = Callable[[Ports, Request, Session, Message], list[Mapping[str, Any]]]
_MESSAGES: Mapping[str, _Known] = {
    bayeux.CONNECT: _connect,
    bayeux.SUBSCRIBE: _subscribe,
    bayeux.UNSUBSCRIBE: _unsubscribe,
    bayeux.DISCONNECT: _disconnect,
}
_SUMMARIES = {OPERATIONS: "Operations of agents, by Bayeux", REALTIME: "Whatever happens, by Bayeux"}
_BODY: dict[str, Any] = {
    "reads": contents.ANYTHING,
    "schema": {"type": ["object", "array"]},
    "max_body": bayeux.LARGEST,
    "devices": True,
    "failures": (BadRequest,),
}
ROUTES = tuple(
    Route("POST", path + below, partial(_served, endpoint), _SUMMARIES[endpoint], **_BODY)
    for endpoint, paths in PATHS.items()
    for path in paths
    for below in SUFFIXES
)
