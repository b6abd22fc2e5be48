"""An association after its handshake: keys, counters, and who is at the other end."""

import contextlib
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from infra.gateway.dtls.numbers import Numbers, NumbersSpentError
from infra.gateway.dtls.protection import Protection
from infra.gateway.dtls.records import (
    ALERT,
    APPLICATION_DATA,
    CHANGE_CIPHER_SPEC,
    FINISHED,
    HANDSHAKE,
    Record,
    numbered,
    plain,
)
from infra.gateway.dtls.replay import ReplayWindow
from infra.gateway.dtls.suites import Secrets

Address = tuple[Any, ...]
"""As sockets give it."""

DAY_S = 24 * 3600.0
_WARNING, _FATAL = 1, 2
_CLOSE_NOTIFY = 0
_ALERT = 2
_FINISHED = bytes((FINISHED,))


class ClosedError(Exception):
    """The association has ended."""


class Peer(NamedTuple):
    """Whom a handshake proved. `key_digest` tells whether the identity's key is still the one that was used."""

    identity: bytes
    principal: str
    server_name: str | None
    key_digest: bytes


@dataclass(slots=True)
class Counts:
    """What happened since start."""

    hellos: int = 0
    handshakes: int = 0
    resumed: int = 0
    restored: int = 0
    moved: int = 0
    unknown: int = 0
    """Identities that nobody has."""
    bad_keys: int = 0
    throttled: int = 0
    failed: int = 0
    crowded_out: int = 0
    forged: int = 0
    """Records that did not verify."""
    replayed: int = 0
    stray: int = 0
    """Records that belong to nothing we know."""


class Owner(Protocol):
    """Whoever holds associations."""

    counts: Counts

    def transmit(self, datagram: bytes, address: Address) -> None: ...
    def time(self) -> float: ...
    def received(self, association: "Association", data: bytes) -> None: ...
    def moves(self, association: "Association", address: Address) -> None: ...
    def ended(self, association: "Association", *, fatal: bool) -> None: ...
    def low_on_numbers(self, association: "Association") -> None: ...


class Association:
    """Sends and receives application data until it is closed. `idle_s`: seconds of silence after which it ends."""

    __slots__ = (
        "_last_flight",
        "_owner",
        "_plain_numbers",
        "_protection",
        "address",
        "heard",
        "id",
        "idle_s",
        "numbers",
        "open",
        "peer",
        "resumed",
        "secrets",
        "user",
        "window",
    )

    def __init__(
        self,
        owner: Owner,
        *,
        id: str,  # noqa: A002 - what it is called everywhere else
        address: Address,
        peer: Peer,
        secrets: Secrets,
        protection: Protection,
        numbers: Numbers,
        window: ReplayWindow,
        resumed: bool = False,
    ) -> None:
        self._owner, self._protection = owner, protection
        self.id, self.address, self.peer, self.secrets = id, address, peer, secrets
        self.numbers, self.window, self.resumed = numbers, window, resumed
        self._last_flight: tuple[bytes, bytes] | None = None
        self._plain_numbers = 0
        self.open, self.heard, self.idle_s = True, owner.time(), DAY_S
        self.user: Any = None

    @property
    def cid(self) -> bytes:
        """What the peer calls us; empty where no connection id was agreed on."""
        return self._protection.cid_in

    @property
    def peer_cid(self) -> bytes:
        return self._protection.cid_out

    def may_repeat(self, flight: tuple[bytes, bytes] | None, plain_numbers: int) -> None:
        """Keep the last flight of the handshake until the peer shows that it came."""
        self._last_flight, self._plain_numbers = flight, plain_numbers

    def send(self, data: bytes) -> None:
        """Raises ClosedError, or NumbersSpentError where the process must take a new generation first."""
        if not self.open:
            raise ClosedError
        self._owner.transmit(self._sealed(APPLICATION_DATA, data), self.address)

    def close(self) -> None:
        """Tell the peer, if there is a number left for that, and forget the association."""
        if self.open:
            with contextlib.suppress(NumbersSpentError):
                self._transmit(ALERT, bytes((_WARNING, _CLOSE_NOTIFY)))
            self._owner.ended(self, fatal=False)

    def _transmit(self, content_type: int, body: bytes) -> None:
        self._owner.transmit(self._sealed(content_type, body), self.address)

    def _sealed(self, content_type: int, body: bytes) -> bytes:
        numbers = self.numbers
        number = numbers.take()
        if numbers.low:
            self._owner.low_on_numbers(self)
        return self._protection.seal(content_type, number, body)

    def receive(self, record: Record, address: Address) -> None:
        """Take a record of epoch 1; what is old, seen or forged is counted and dropped."""
        owner, number = self._owner, record.sequence
        if not self.window.fresh(number):
            owner.counts.replayed += 1
            return
        opened = self._protection.open(record)
        if opened is None:
            owner.counts.forged += 1
            return
        newest = number > self.window.top
        self.window.mark(number)
        self.heard = owner.time()
        # RFC 9146, 6: only the newest record moves the peer, so that a delayed or repeated one cannot move it back
        if newest and address != self.address:
            owner.moves(self, address)
        content_type, content = opened
        if content_type == APPLICATION_DATA:
            self._last_flight = None
            owner.received(self, content)
        elif content_type == HANDSHAKE and content[:1] == _FINISHED:
            self._repeat()
        elif content_type == ALERT and len(content) == _ALERT:
            self._alerted(*content)

    def _alerted(self, level: int, description: int) -> None:
        if description == _CLOSE_NOTIFY:
            self.close()
        elif level == _FATAL:
            self._owner.ended(self, fatal=True)

    def _repeat(self) -> None:
        """The peer repeats its Finished: our last flight was lost (RFC 6347, 4.2.4)."""
        if self._last_flight is None:
            return
        change, finished = self._last_flight
        datagram = plain(CHANGE_CIPHER_SPEC, numbered(0, self._plain_numbers), change)
        self._plain_numbers += 1
        with contextlib.suppress(NumbersSpentError):
            self._owner.transmit(datagram + self._sealed(HANDSHAKE, finished), self.address)
