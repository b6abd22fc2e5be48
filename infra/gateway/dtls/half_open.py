"""A server's handshake in flight: who asks, whether they may, and what must be repeated meanwhile."""

import asyncio
import hashlib
import logging
import secrets
from collections.abc import Awaitable, Callable
from enum import StrEnum
from typing import NamedTuple, Protocol

from infra.gateway.dtls import reassembly, records
from infra.gateway.dtls.association import Address, Peer
from infra.gateway.dtls.contexts import Connection, HandshakeError
from infra.gateway.dtls.handshake import Handshake
from infra.gateway.dtls.reassembly import Reassembly
from infra.gateway.dtls.records import CLIENT_KEY_EXCHANGE, HANDSHAKE, Record
from infra.gateway.dtls.sessions import Session, Sessions

_log = logging.getLogger(__name__)

CID = 8
"""Bytes of a connection id of ours; the first two are the gateway's number."""

_LOOKUP_S = 5.0
_MOST_HELD = 8
_LONG_PAUSE_S = 30.0
_TIMER_SLACK_S = 0.01


class Credential(NamedTuple):
    """What an identity stands for: its key, and whoever presents it."""

    key: bytes
    principal: str


Lookup = Callable[[bytes, str | None], Awaitable[Credential | None]]
"""Identity and SNI to the credential; None if nobody has it. May fail; the device's next try asks again."""


class Refusal(StrEnum):
    UNKNOWN_IDENTITY = "unknown identity"
    BAD_KEY = "bad key"
    TOO_MANY = "too many handshakes"


class Host(Protocol):
    """What a handshake needs of its server."""

    sessions: Sessions
    loop: asyncio.AbstractEventLoop

    async def lookup(self, identity: bytes, server_name: str | None) -> Credential | None: ...
    def new_cid(self, half: "HalfOpen") -> bytes: ...
    def transmit(self, datagram: bytes, address: Address) -> None: ...
    def refused(self, why: Refusal, address: Address, identity: bytes) -> None: ...
    def established(self, half: "HalfOpen", rest: list[Record]) -> None: ...
    def over(self, half: "HalfOpen", *, failed: bool) -> None: ...


class HalfOpen:
    """From the ClientHello with a good cookie to the client's Finished."""

    def __init__(self, host: Host, connection: Connection, address: Address, hello: bytes) -> None:
        self._host, self._connection, self.address = host, connection, address
        self.handshake = Handshake(connection, self, server=True)
        self._random = reassembly.random_of(hello)
        self.peer: Peer | None = None
        self._session_id = reassembly.session_of(hello)
        self._session: Session | None = None
        self._answers: dict[bytes, Credential | None] = {}
        self._identity: bytes | None = None
        self._key_exchange = Reassembly(CLIENT_KEY_EXCHANGE)
        self._asking: asyncio.Task[None] | None = None
        self._held: list[list[Record]] = []
        self._timer: asyncio.TimerHandle | None = None
        self._reported = self._over = False

    # What OpenSSL asks

    def psk(self, identity: bytes) -> bytes:
        """A key that nobody has where the identity is unknown: on the wire that looks like a wrong key."""
        asked = self._identity
        credential = self._answers.get(asked) if asked is not None else None
        if asked is None or credential is None or identity != asked.split(b"\0")[0]:
            return secrets.token_bytes(16)
        return credential.key

    def introduce(self) -> tuple[bytes, bytes]:
        raise AssertionError("a server introduces nobody")

    def own_cid(self) -> bytes | None:
        return self.handshake.cid_in or None

    def peer_cid(self, cid: bytes) -> None:
        self.handshake.cid_out = cid
        self.handshake.cid_in = self.handshake.cid_in or self._host.new_cid(self)

    def session(self, session_id: bytes) -> bytes | None:
        return self._session.der if self._session and session_id == self._session_id else None

    def keep_session(self, session_id: bytes, der: bytes) -> None:
        if self.peer is not None:
            self._host.sessions.keep(session_id, der, self.peer)

    def is_repeated(self, hello: bytes) -> bool:
        """Whether this is the ClientHello that began it."""
        return reassembly.random_of(hello) == self._random

    # What the wire brings

    def start(self) -> None:
        """The ClientHello is with OpenSSL; a session is resumed only while its key is still the identity's."""
        session = self._host.sessions.get(self._session_id)
        if session is None:
            self._go_on()
        else:
            self._ask(session.peer.identity, session.peer.server_name, session)

    def take(self, datagram: bytes) -> None:
        self._take(records.read(datagram, CID))

    def _take(self, found: list[Record]) -> None:
        """The records of one datagram."""
        if self._asking is not None:
            if len(self._held) < _MOST_HELD:
                self._held.append(found)
            return
        identity = self._identity_in(found) if self._identity is None else None
        if identity is None:
            self._feed(found)
        elif identity in self._answers:
            self._identified(identity, self._answers[identity], self._connection.server_name())
            self._feed(found)
        else:
            self._held.append(found)
            self._ask(identity, self._connection.server_name(), None)

    def _identity_in(self, found: list[Record]) -> bytes | None:
        for record in found:
            if record.content_type == HANDSHAKE and record.epoch == 0:
                for message in records.messages(record.body):
                    whole = self._key_exchange.add(message)
                    if whole is not None:
                        return reassembly.identity(whole)
        return None

    def _ask(self, identity: bytes, server_name: str | None, session: Session | None) -> None:
        self._asking = self._host.loop.create_task(self._answered(identity, server_name, session))

    async def _answered(self, identity: bytes, server_name: str | None, session: Session | None) -> None:
        credential, known = None, True
        try:
            async with asyncio.timeout(_LOOKUP_S):
                credential = await self._host.lookup(identity, server_name)
        except Exception as error:  # noqa: BLE001 - whatever the store says: the client repeats its flight, and we ask again
            _log.warning("identities cannot be looked up: %r", error)
            known = False
        self._asking = None
        held, self._held = self._held, []
        if known:
            self._answers[identity] = credential
        if session is not None:
            self._session_checked(session, credential)
        elif known:
            self._identified(identity, credential, server_name)
        if known or session is not None:
            for found in held:
                self._take(found)

    def _session_checked(self, session: Session, credential: Credential | None) -> None:
        if (
            credential is not None
            and peer_of(session.peer.identity, credential, None).key_digest == session.peer.key_digest
        ):
            if credential.principal == session.peer.principal:
                self._session, self.peer = session, session.peer
        elif session.peer.identity in self._answers:
            self._host.sessions.remove(self._session_id)
        self._go_on()

    def _identified(self, identity: bytes, credential: Credential | None, server_name: str | None) -> None:
        self._identity = identity
        if credential is None:
            self._report(Refusal.UNKNOWN_IDENTITY)
        else:
            self.peer = peer_of(identity, credential, server_name)

    def _go_on(self) -> None:
        self._advance(self.handshake.step, [])
        self._rearm()

    def _feed(self, rest: list[Record]) -> None:
        while rest and not self._over:
            record = rest.pop(0)
            self._advance(lambda record=record: self.handshake.take(record), rest)  # type: ignore[misc]
        self._rearm()

    def _advance(self, step: Callable[[], bool], rest: list[Record]) -> None:
        try:
            complete = step()
        except HandshakeError as error:
            _log.info("handshake with %s: %s", self.address, error)
            self._flush()
            self._end(failed=True)
            return
        self._flush()
        if self.handshake.forged:
            self._report(Refusal.BAD_KEY)
        if complete:
            self._end(failed=False)
            self._host.established(self, rest)
            rest.clear()

    def _report(self, why: Refusal) -> None:
        if not self._reported and self._identity is not None:
            self._reported = True
            self._host.refused(why, self.address, self._identity)

    def _flush(self) -> None:
        for datagram in self.handshake.output():
            self._host.transmit(datagram, self.address)

    # Time

    def _rearm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if not self._over:
            self._arm()

    def _arm(self) -> None:
        pause = self._connection.repeats_in()
        self._timer = self._host.loop.call_later(
            (_LONG_PAUSE_S if pause is None else pause) + _TIMER_SLACK_S, self._late
        )

    def _late(self) -> None:
        self._timer = None
        try:
            self._connection.repeat(self)
        except HandshakeError:
            self._end(failed=True)
            return
        self._flush()
        self._arm()

    def _end(self, *, failed: bool) -> None:
        self.drop()
        self._host.over(self, failed=failed)

    def drop(self) -> None:
        """Stop everything; nothing is told."""
        self._over = True
        for pending in (self._timer, self._asking):
            if pending is not None and pending is not _current_task():
                pending.cancel()
        self._timer = None


def peer_of(identity: bytes, credential: Credential, server_name: str | None) -> Peer:
    digest = hashlib.sha256(len(identity).to_bytes(2, "big") + identity + credential.key).digest()[:16]
    return Peer(identity, credential.principal, server_name, digest)


def _current_task() -> "asyncio.Task[None] | None":
    try:
        return asyncio.current_task()
    except RuntimeError:
        return None
