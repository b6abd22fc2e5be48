"""Commands: one record for every dialect, and the table of what may become of it.

A command's body (`request`, `response`) is opaque here; its dialect wrote it and the codec of the device's interface
will read it.
"""

from dataclasses import field, replace
from enum import StrEnum
from typing import Any

from chalicelib.fleet.errors import Invalid
from chalicelib.fleet.fields import Field
from chalicelib.fleet.frozen import dataclass
from chalicelib.fleet.ids import correlation
from chalicelib.fleet.presence.mailbox import LEASE
from chalicelib.fleet.shapes import Extensible

SECOND = 1_000
MINUTE = 60 * SECOND

MIN_EXPIRATION, DEFAULT_EXPIRATION, MAX_EXPIRATION = 5, 7 * 86_400, 30 * 86_400
MIN_ACK_TIMEOUT, DEFAULT_ACK_TIMEOUT, MAX_ACK_TIMEOUT = 10, 120, 30 * 86_400
MAX_ATTEMPTS = 5
MAX_HISTORY = 50
BROKER = "mqtt"
"""The transport of what goes through the MQTT broker."""
CONFIRMATION = 15
"""The longest (s) a network acknowledgement is waited for."""
PATROL = 15 * MINUTE
"""How long after a step that should be quick the sweep looks whether it was finished."""

LOOK = 24 * 60 * MINUTE
"""How often the sweep looks at what waits, or is being done, for as long as it takes."""


class Status(StrEnum):
    PENDING = "PENDING"
    PROCESSING = "PROCESSING"
    RETRYING = "RETRYING"
    PROCESSED = "PROCESSED"
    CANCELED = "CANCELED"
    ERROR = "ERROR"
    EXPIRED = "EXPIRED"


class DeliveryStatus(StrEnum):
    SENDING = "SENDING"
    SENT = "SENT"
    DELIVERED = "DELIVERED"
    REPLIED = "REPLIED"


class AckMode(StrEnum):
    NONE = "NONE"
    NETWORK = "NETWORK"
    APPLICATIVE = "APPLICATIVE"


class Failure(StrEnum):
    """Why a command ended in ERROR; what the device itself says of it is the command's `reason`."""

    ACK_TIMEOUT = "ACK_TIMEOUT"
    DELIVERY_REFUSED = "DELIVERY_REFUSED"
    DEVICE_ERROR = "DEVICE_ERROR"


TRANSITIONS: dict[Status, frozenset[Status]] = {
    Status.PENDING: frozenset(
        {Status.PROCESSING, Status.PROCESSED, Status.ERROR, Status.CANCELED, Status.EXPIRED},
    ),
    Status.RETRYING: frozenset(
        {Status.PROCESSING, Status.PROCESSED, Status.ERROR, Status.CANCELED, Status.EXPIRED},
    ),
    Status.PROCESSING: frozenset(
        {Status.PENDING, Status.RETRYING, Status.PROCESSED, Status.ERROR, Status.CANCELED, Status.EXPIRED},
    ),
    Status.PROCESSED: frozenset(),
    Status.CANCELED: frozenset(),
    Status.ERROR: frozenset(),
    Status.EXPIRED: frozenset(),
}
"""A device may take, answer and fail what was not sent yet; what is out expires only where no time-out ends it."""
FINAL = frozenset(s for s, following in TRANSITIONS.items() if not following)
WAITING = frozenset({Status.PENDING, Status.RETRYING})


@dataclass(frozen=True, slots=True)
class Terms:
    """What a device's route grants every command, whoever asks. Times in seconds.

    `queue` and `window` are how many commands the route may have waiting and out. The acknowledgement is that of
    commands which ask for none; without `ack_timeout` an attempt has no end of its own. `expiration` is how long its
    dialect's own commands wait, None for as long as it takes. Where it `renews`, each new session gets again what its
    device has not begun. `transport` is what carries a downlink; where its devices `take`, it only tells them that
    something waits.
    """

    queue: int = 10
    window: int = 1
    ack_mode: AckMode = AckMode.APPLICATIVE
    ack_timeout: int | None = DEFAULT_ACK_TIMEOUT
    expiration: int | None = DEFAULT_EXPIRATION
    renews: bool = False
    transport: str = BROKER
    take: bool = False


@dataclass(frozen=True, slots=True)
class Policy(Extensible):
    """How hard to try. Seconds; a command without `expiration` waits for as long as it takes.

    The acknowledgement is the route's where it is not said: `ack_mode` and `ack_timeout` are None then until the
    command is claimed. `relayed` where a gateway passes the command on: then even a network acknowledgement comes as an
    answer.
    """

    expiration: int | None = DEFAULT_EXPIRATION
    ack_mode: AckMode | None = AckMode.APPLICATIVE
    ack_timeout: int | None = DEFAULT_ACK_TIMEOUT
    attempts: int = 1
    relayed: bool = False

    def __post_init__(self) -> None:
        if self.expiration is not None and not MIN_EXPIRATION <= self.expiration <= MAX_EXPIRATION:
            raise Invalid(f"expiration is {MIN_EXPIRATION} to {MAX_EXPIRATION} seconds", Field.EXPIRATION)
        if self.ack_mode is AckMode.NONE and self.ack_timeout is not None:
            raise Invalid("a command without acknowledgement has no acknowledgement time-out", Field.ACKNOWLEDGEMENT)
        if self.ack_timeout is not None and not MIN_ACK_TIMEOUT <= self.ack_timeout <= MAX_ACK_TIMEOUT:
            raise Invalid(
                f"the acknowledgement time-out is {MIN_ACK_TIMEOUT} to {MAX_ACK_TIMEOUT} seconds", Field.ACKNOWLEDGEMENT
            )
        if not 1 <= self.attempts <= MAX_ATTEMPTS:
            raise Invalid(f"attempts are 1 to {MAX_ATTEMPTS}", Field.ATTEMPTS)

    def under(self, terms: Terms, *, relayed: bool = False) -> "Policy":
        """With what the route grants where nothing was asked for."""
        mode = self.ack_mode or terms.ack_mode
        timeout = self.ack_timeout
        if timeout is None and (mode is AckMode.APPLICATIVE or (relayed and mode is AckMode.NETWORK)):
            timeout = terms.ack_timeout
        if (mode, timeout, relayed) == (self.ack_mode, self.ack_timeout, self.relayed):
            return self
        return replace(self, ack_mode=mode, ack_timeout=timeout, relayed=relayed)

    @property
    def mode(self) -> AckMode:
        return self.ack_mode or AckMode.APPLICATIVE

    @property
    def awaits_answer(self) -> bool:
        return self.ack_mode is AckMode.APPLICATIVE or (self.relayed and self.ack_mode is AckMode.NETWORK)

    @property
    def patient(self) -> bool:
        """Whether an answer may take as long as it takes."""
        return self.awaits_answer and self.ack_timeout is None

    @property
    def allowance(self) -> int:
        """After how many milliseconds an attempt has failed; of a patient one, if nobody has said that it was sent."""
        if self.awaits_answer and self.ack_timeout is not None:
            return self.ack_timeout * SECOND
        return LEASE


@dataclass(frozen=True, slots=True)
class Entry(Extensible):
    """One line of a command's history. `note` is free text for what the columns cannot say."""

    at: int
    status: Status
    delivery: DeliveryStatus | None = None
    error: str | None = None
    node: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Command(Extensible):
    """Times in ms. `due` is when the present attempt has failed, `check_at` when the sweep looks at the latest.

    It goes by any of its device's routes where `connector` is None, and waits for as long as it takes where `expires`
    is. `begun` is since when its device says that it is at it, `reason` why it could not do it. `kept` is how long (s)
    it stays after `expires`, or after its end where that is None; None for the default. `reached` are the filters on
    which it was sent to the session `reached_in`, where that is noted. `begun_by` and `about` are as in a report.
    `wording` is how its device's dialect puts the request, where that depends on what the device could do. While it is
    being sent, `awaited` tells its sender that somebody has left to him whatever follows.
    """

    tenant: str
    id: str
    device: str
    connector: str | None
    request: Any
    policy: Policy
    created: int
    updated: int
    expires: int | None
    check_at: int | None
    revision: int = 0
    status: Status = Status.PENDING
    delivery: DeliveryStatus | None = None
    response: Any = None
    error: str | None = None
    notify_to: str | None = None
    attempts_used: int = 0
    generation: int = 0
    due: int | None = None
    timer: str | None = None
    answered_by: str | None = None
    begun: int | None = None
    reason: str | None = None
    trace: str | None = None
    kept: int | None = None
    reached: frozenset[str] = frozenset()
    reached_in: str = ""
    begun_by: str | None = None
    about: str = ""
    wording: Any = None
    awaited: bool = False
    history: tuple[Entry, ...] = field(default_factory=tuple)

    @property
    def final(self) -> bool:
        return self.status in FINAL

    @property
    def since(self) -> int:
        """When (ms) it came to stand where it stands; what was noted later does not change that."""
        began = self.updated
        for entry in reversed(self.history):
            if entry.status is not self.status:
                break
            began = entry.at
        return began

    @property
    def waiting(self) -> bool:
        return self.status in WAITING

    @property
    def leaving(self) -> bool:
        """Whether it is on its way, and nobody has said yet what became of that."""
        return self.status is Status.PROCESSING and self.delivery is DeliveryStatus.SENDING

    @property
    def correlation(self) -> int:
        return correlation(self.id)

    @property
    def deadline(self) -> int | None:
        """When the clock will demand something next, if ever."""
        return self.due if self.due is not None else self.expires

    def overdue(self, now: int) -> bool:
        """Whether it does now."""
        return self.deadline is not None and now >= self.deadline

    def expired(self, now: int) -> bool:
        return self.expires is not None and now >= self.expires

    @property
    def subject(self) -> dict[str, str]:
        """What a deadline carries: enough to find the command again."""
        return {"kind": "command", "tenant": self.tenant, "device": self.device, "command": self.id}

    @property
    def expiry_timer(self) -> str:
        """Another one for each attempt: a timer's name cannot be used again once it was stopped."""
        return f"{self.id}-x{self.generation}"

    @property
    def attempt_timer(self) -> str:
        return f"{self.id}-{self.generation}"
