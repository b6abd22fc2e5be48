"""What a tenant may store, use and keep, and what its audit log says."""

from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum
from typing import Any

from chalicelib.fleet.frozen import dataclass
from chalicelib.fleet.shapes import Extensible

DAY = 86_400


class Kept(StrEnum):
    """What ends by itself after a time."""

    MESSAGES = "messages"
    COMMANDS = "commands"
    AUDIT = "audit"
    QUEUED = "queued"


LONGEST: Mapping[Kept, int] = {
    Kept.MESSAGES: 3650 * DAY,
    Kept.COMMANDS: 3650 * DAY,
    # The log is read day by day.
    Kept.AUDIT: 92 * DAY,
    Kept.QUEUED: 365 * DAY,
}
"""Seconds."""


class Stored(StrEnum):
    """What a tenant may have so many of; `RESOURCE_BYTES` are those of all files of its resources together."""

    DEVICES = "devices"
    GROUPS = "groups"
    KEYS = "keys"
    USERS = "users"
    RESOURCES = "resources"
    RESOURCE_BYTES = "resourceBytes"
    DECODERS = "decoders"
    POLICIES = "policies"
    QUEUES = "queues"


@dataclass(frozen=True, slots=True)
class Quota(Extensible):
    """At most `most`, as decided at `since` (ms)."""

    most: int
    since: int


class Use(StrEnum):
    REQUESTS = "requests"
    MESSAGES = "messages"


@dataclass(frozen=True, slots=True)
class Limit(Extensible):
    """At most `most` uses in `window` seconds by `holder`: a key and all below it, or a tenant."""

    use: Use
    most: int
    window: int
    holder: str


@dataclass(frozen=True, slots=True)
class Settings(Extensible):
    """`quotas` by what is stored, `limits` of requests and messages, `retention` in seconds by what is kept.

    Since `objects` (ms) every device is a managed object too; None where none has to be.
    `dialects` are those that the tenant was let in to, of those that it has to be.
    `watched` is after how long a silence (s) somebody has to know of each device, by who.
    """

    tenant: str
    quotas: Mapping[str, Quota] = field(default_factory=dict)
    limits: tuple[Limit, ...] = ()
    retention: Mapping[str, int] = field(default_factory=dict)
    objects: int | None = None
    revision: int = 0
    watched: Mapping[str, int] = field(default_factory=dict)
    dialects: frozenset[str] = frozenset()

    def quota(self, stored: Stored) -> Quota | None:
        return self.quotas.get(stored)

    def kept(self, what: Kept) -> int | None:
        """Seconds; None where nothing was set."""
        return self.retention.get(what)


@dataclass(frozen=True, slots=True)
class Share:
    """What something takes of a tenant's quota: there is room if no more than `most` is stored with it.

    A count from before `since` (ms) does not tell.
    """

    tenant: str
    stored: Stored
    most: int
    since: int
    amount: int = 1


@dataclass(frozen=True, slots=True)
class Usage:
    """How much is stored, as last counted at `counted` (ms) and kept up since."""

    tenant: str
    stored: Stored
    used: int
    counted: int = 0
    revision: int = 0

    def tells(self, share: Share) -> bool:
        return self.counted >= share.since

    def has_room(self, share: Share) -> bool:
        return self.used + share.amount <= share.most


class Way(StrEnum):
    """By which a client came in."""

    MQTT = "mqtt"
    HTTP = "http"
    COAP = "coap"


class Cause(StrEnum):
    """Why something is in the audit log: a client or what it sent was REFUSED, or taken while somebody looks.

    Others are what a QUOTA or a RATE had no room for, a user who is LOCKED out, and what did not get into a QUEUE, to a
    WEBHOOK or through DECODING. REPORTED is what a client wants to be there.
    """

    REFUSED = "refused"
    QUOTA = "quota"
    RATE = "rate"
    LOCKED = "locked"
    QUEUE = "queue"
    WEBHOOK = "webhook"
    DECODING = "decoding"
    REPORTED = "reported"


@dataclass(frozen=True, slots=True)
class AuditEntry(Extensible):
    """`source` names who it is about (device, client, connector…); `content` holds what is particular to the cause.

    `way` is None where nobody came in. `event` is the id of what it tells of: the same event is told once.
    """

    tenant: str
    id: str
    at: int
    level: str
    cause: Cause
    way: Way | None
    reason: str
    source: Mapping[str, str] = field(default_factory=dict)
    content: Mapping[str, Any] = field(default_factory=dict)
    event: str = ""
