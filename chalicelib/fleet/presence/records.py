"""Who is connected: built from broker events that come late, twice and out of order.

A disconnect counts only for the session it names. An ended session leaves a tombstone, so that its own late
`connected` cannot bring it back. `subscribed` implies connected; a bare `connected` makes a device capable of nothing.
"""

from dataclasses import replace
from enum import StrEnum

from chalicelib.fleet.frozen import dataclass
from chalicelib.fleet.shapes import Extensible

MINUTE = 60_000
MQTT = "mqtt"
"""The connector whose nodes are client ids of the broker."""
_TOMBSTONES = 8
LONGEST = 25 * 3_600_000
"""No connection lasts as long (ms): the broker ends each within a day."""


class Capability(StrEnum):
    """What a device announces by subscribing to a downlink topic."""

    COMMAND = "command"
    CONFIGURATION = "configuration"
    RESOURCE = "resource"
    DOCUMENT = "document"
    """What a dialect keeps for the device to fetch."""
    TWIN = "twin"
    """Announced by registering, which is how devices with a model come."""


@dataclass(frozen=True, slots=True)
class Route:
    """Where a downlink of one interface goes: the client id to send to and the dialect to encode it in.

    `relayed` where that client is a gateway, which passes it on to the node. `heard` are the filters that its session
    is told commands on, where that is noted.
    """

    dialect: str
    client: str
    connector: str
    node: str
    session: str
    relayed: bool = False
    heard: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Peer(Extensible):
    """Who is, or was last, at the other end: what an operator wants to know of a session.

    `secured` says whether TLS protected it, `keep_alive` is in seconds, `level` is MQTT's: 3 for 3.1, 4 for 3.1.1, 5.
    `protocol` and `cipher` are TLS's, as OpenSSL names them. From `keep_alive` on it is what only some brokers tell.
    """

    key: str | None
    username: str = ""
    server_name: str | None = None
    certificate: bool = False
    secured: bool = True
    keep_alive: int | None = None
    address: str | None = None
    port: int | None = None
    level: int | None = None
    protocol: str | None = None
    cipher: str | None = None

    def known_as(self, before: "Peer") -> "Peer":
        """With what an earlier event of the same session told and this one does not."""
        told = {name: getattr(before, name) for name in _TOLD if getattr(self, name) is None}
        return replace(self, **told, unknown=self.unknown or before.unknown)


@dataclass(frozen=True, slots=True)
class Registration(Extensible):
    """What a device with a model said when it registered, and when (ms). `lifetime` is in seconds.

    A device in `queue_mode` is asleep from `awake_until` on; it wakes when it is heard again.
    """

    id: str
    version: str
    lifetime: int
    registered: int
    updated: int
    bindings: tuple[str, ...] = ("U",)
    queue_mode: bool = False
    awake_until: int = 0
    address: str | None = None
    port: int | None = None

    @property
    def until(self) -> int:
        """When it is over unless the device renews it."""
        return self.updated + self.lifetime * 1000

    def asleep(self, now: int) -> bool:
        return self.queue_mode and now >= self.awake_until


_COMMANDED = f"{Capability.COMMAND}:"
_TOLD = ("keep_alive", "address", "port", "level", "protocol", "cipher")


@dataclass(frozen=True, slots=True)
class Presence(Extensible):
    """The connection state of one interface. Times in ms; `session` is None while it is not connected.

    `relayed` where `client` is a gateway that speaks for it: then it is what the gateway last said, and `order` tells
    whether it said something before or after that. Sessions of a claim whose generation is `fenced` or older are over,
    whatever is still told of them. `registration` is the last one of a device with a model; `asleep` is for readers.
    `faulty` where it says of itself that something is wrong with it.
    """

    dialect: str
    client: str
    session: str | None = None
    since: int | None = None
    ended: int | None = None
    last_contact: int | None = None
    capabilities: frozenset[str] = frozenset()
    remembered: frozenset[str] = frozenset()
    tombstones: tuple[str, ...] = ()
    peer: Peer | None = None
    relayed: bool = False
    order: tuple[int, ...] = ()
    fenced: int = -1
    registration: Registration | None = None
    asleep: bool = False
    faulty: bool = False

    @property
    def online(self) -> bool:
        return self.session is not None

    @property
    def listening(self) -> frozenset[str]:
        """The filters that it is told commands on, where that is noted."""
        return frozenset(name.removeprefix(_COMMANDED) for name in self.capabilities if name.startswith(_COMMANDED))

    @property
    def in_doubt(self) -> bool:
        """Connected without having subscribed, though its last session had: it may have resumed a kept one."""
        return self.online and not self.relayed and not self.capabilities and bool(self.remembered)

    def lapsed(self, now: int) -> bool:
        """Whether its session must be over, though its end was never told."""
        return self.since is not None and now > self.since + LONGEST

    def connected(self, session: str, at: int, generation: int | None = None) -> "Presence":
        if session == self.session or session in self.tombstones:
            return self
        if generation is not None and generation <= self.fenced:
            return self._bury(session)
        if self.since is not None and at < self.since:
            # Older than one that we know of already: it is over, whether its end was reported or not.
            return self._bury(session)
        buried = self._bury(self.session) if self.session else self
        return replace(
            buried,
            session=session,
            since=at,
            last_contact=max(at, self.last_contact or 0),
            capabilities=frozenset(),
            remembered=self.capabilities or self.remembered,
            peer=None,
        )

    def subscribed(
        self, session: str, capabilities: frozenset[str], at: int, generation: int | None = None
    ) -> "Presence":
        now = self.connected(session, at, generation)
        if generation is not None and generation <= self.fenced:
            return now
        if now.session != session:
            # That session is over, but the broker may have kept what it subscribed to for the one that followed.
            return replace(now, remembered=now.remembered | capabilities)
        return replace(now, capabilities=now.capabilities | capabilities, remembered=now.remembered | capabilities)

    def unsubscribed(self, session: str, capabilities: frozenset[str]) -> "Presence":
        if session != self.session:
            return self
        left, remembered = (_without(known, capabilities) for known in (self.capabilities, self.remembered))
        return replace(self, capabilities=left, remembered=remembered)

    def disconnected(self, session: str, at: int, *, heard: bool = True) -> "Presence":
        """`heard` is False where nobody heard it end, but it was found to be over."""
        if session != self.session:
            return self._bury(session)
        return replace(
            self._bury(session),
            session=None,
            ended=at,
            last_contact=max(at, self.last_contact or 0) if heard else self.last_contact,
            capabilities=frozenset(),
            remembered=self.capabilities or self.remembered,
        )

    def ended_by_fence(self, generation: int, at: int) -> "Presence":
        """The client id belongs to somebody else from now on: nothing is known of a connection, nor will be."""
        over = self.disconnected(self.session, at) if self.session else self
        fenced = max(self.fenced, generation)
        return replace(over, fenced=fenced, capabilities=frozenset(), remembered=frozenset())

    def with_peer(self, session: str, peer: Peer) -> "Presence":
        """What is known of the session's other end; a session that is not the present one changes nothing."""
        if session != self.session or peer == self.peer:
            return self
        return replace(self, peer=peer.known_as(self.peer) if self.peer else peer)

    def heard(self, at: int, rest: int = MINUTE) -> "Presence":
        """A message came at `at`; within `rest` (ms) of the one that was written last it changes nothing."""
        known = self.last_contact is not None and at < self.last_contact + rest
        return self if known else replace(self, last_contact=at)

    def seen(self, now: int) -> "Presence":
        """As a reader is told of it: a registration that was not renewed is over, whoever noticed."""
        registration = self.registration
        if registration is None or self.session != registration.id:
            return self
        if now >= registration.until:
            return self.lapsed_registration()
        return replace(self, asleep=registration.asleep(now))

    def lapsed_registration(self) -> "Presence":
        until = self.registration.until if self.registration else None
        return replace(self, session=None, ended=until, capabilities=frozenset(), asleep=False)

    def resumed(self, session: str, capabilities: frozenset[str]) -> "Presence":
        """What the broker itself said, when asked, about a session that was in doubt."""
        if session != self.session:
            return self
        return replace(self, capabilities=self.capabilities | capabilities, remembered=frozenset())

    def _bury(self, session: str) -> "Presence":
        if session in self.tombstones:
            return self
        return replace(self, tombstones=(*self.tombstones, session)[-_TOMBSTONES:])


def _without(known: frozenset[str], gone: frozenset[str]) -> frozenset[str]:
    """Whoever listens to commands on several filters, and to one of them no more, listens on."""
    left = known - gone
    still = any(name.startswith(_COMMANDED) for name in left)
    return left | (known & {Capability.COMMAND}) if still else left


def named_filter(capability: Capability | None, filter_: str) -> str:
    """How a filter is noted among the capabilities that it announces."""
    return f"{capability}:{filter_}" if capability is not None else filter_


def interface_key(connector: str, node: str) -> str:
    return f"{connector}:{node}"


def split_interface_key(key: str) -> tuple[str, str]:
    connector, _, node = key.partition(":")
    return connector, node
