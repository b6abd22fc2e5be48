"""What is kept of a device that has a model: who it proves to be, what it has, what it reported, what it is asked.

Paths are text as `paths` writes it, values text as `values` writes it, moments milliseconds since 1970.
"""

from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum
from typing import Any

from chalicelib.fleet.frozen import dataclass
from chalicelib.fleet.shapes import Extensible

CONNECTOR = "lwm2m"
"""The connector of interfaces whose devices have a model; their nodes are endpoint names."""

DAY = 24 * 3_600_000
EXPIRY = 3 * DAY
"""How long an operation may wait, or wait to be tried again."""
ANSWER_S = 25 * 60
"""How long an answer may take once the device has acknowledged the question."""
LOST = ANSWER_S * 1000 + 10 * 60_000
"""After how long nobody can be waiting for an answer any more."""
MOST_ACTIVE, MOST_FINAL = 50, 100
MOST_OBSERVATIONS = 50
OBSERVATION_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class Credential(Extensible):
    """What an identity of a handshake stands for. `serial` is new with every change, `sealed` the secret.

    `until` is set once another identity or secret has taken its place.
    """

    identity: str
    tenant: str
    device: str
    node: str
    serial: str
    sealed: str
    until: int | None = None

    @property
    def principal(self) -> str:
        return f"{self.serial}:{self.identity}"


@dataclass(frozen=True, slots=True)
class Twin(Extensible):
    """What a device announced. `objects` are versions by object, `formats` numbers of content formats."""

    version: str = "1.0"
    root: str = "/"
    formats: tuple[int, ...] = ()
    objects: Mapping[str, str] = field(default_factory=dict)
    instances: tuple[str, ...] = ()

    @property
    def versions(self) -> dict[int, str]:
        return {int(number): version for number, version in self.objects.items() if version}


@dataclass(frozen=True, slots=True)
class Lifetime(Extensible):
    """When a device's registration is to be looked at, as it is over then unless it was renewed."""

    node: str
    registration: str
    until: int


@dataclass(frozen=True, slots=True)
class Reported(Extensible):
    value: str
    at: int


@dataclass(frozen=True, slots=True)
class ObjectValues(Extensible):
    """What was reported of one object of a device, by path."""

    values: Mapping[str, Reported] = field(default_factory=dict)


class OperationType(StrEnum):
    READ = "READ"
    WRITE = "WRITE"
    EXECUTE = "EXECUTE"
    WRITE_METADATA = "WRITE-METADATA"
    CREATE = "CREATE"
    DELETE = "DELETE"


class OperationStatus(StrEnum):
    PENDING = "PENDING"
    SENT = "SENT"
    RETRYING = "RETRYING"
    CANCELED = "CANCELED"
    EXPIRED = "EXPIRED"
    FAILED = "FAILED"
    OK = "OK"


class WriteMode(StrEnum):
    UPDATE = "UPDATE"
    REPLACE = "REPLACE"


class FailureCode(StrEnum):
    DEVICE_ERROR = "DEVICE_ERROR"
    OPERATION_INVALID = "OPERATION_INVALID"
    RESPONSE_INVALID = "RESPONSE_INVALID"
    TIMEOUT = "TIMEOUT"


@dataclass(frozen=True, slots=True)
class Metadata(Extensible):
    """A condition for notifications; without a value it is reset."""

    name: str
    value: str | None = None


@dataclass(frozen=True, slots=True)
class Assignment(Extensible):
    """What is to be written to a path."""

    path: str
    value: str | None = None
    metadata: tuple[Metadata, ...] = ()


@dataclass(frozen=True, slots=True)
class OperationFailure(Extensible):
    """`device_code` is the device's own, as HTTP writes such codes, with its `reason`."""

    code: FailureCode
    details: str = ""
    device_code: int | None = None
    reason: str = ""


class FirmwareStep(StrEnum):
    """What is asked of a device: to take the package's URI, whether it has it, to install it, what came of that."""

    PACKAGE = "PACKAGE"
    DOWNLOAD = "DOWNLOAD"
    INSTALL = "INSTALL"
    RESULT = "RESULT"


@dataclass(frozen=True, slots=True)
class FirmwareUpdate(Extensible):
    """Where an update is: its step since when, how often a device was looked at in it, how often told to install."""

    uri: str
    step: FirmwareStep
    began: int
    looks: int = 0
    installs: int = 0


@dataclass(frozen=True, slots=True)
class Operation(Extensible):
    """One thing that a device is asked. `since` is when its status began, `tried` how often it was sent.

    While it is being retried it is not sent before `retry_at`, unless the device shows up first. `holder` is the run
    that sent it, which may ask twice at once: `draw` is of the one that was given it.
    """

    id: str
    type: OperationType
    paths: tuple[str, ...]
    created: int
    updated: int
    since: int
    values: tuple[Assignment, ...] = ()
    mode: WriteMode | None = None
    context: str | None = None
    request_format: str | None = None
    response_format: str | None = None
    attempts: int | None = None
    status: OperationStatus = OperationStatus.PENDING
    tried: int = 0
    retry_at: int = 0
    holder: str = ""
    failure: OperationFailure | None = None
    command: str | None = None
    """The command that is carried out by it."""
    draw: str = ""
    firmware: FirmwareUpdate | None = None
    """Of one that goes through the steps of an update: it is what its step asks."""

    @property
    def final(self) -> bool:
        return self.status in FINAL

    @property
    def waiting(self) -> bool:
        return self.status in WAITING

    @property
    def attempts_left(self) -> bool:
        return self.tried < (self.attempts or 1)


WAITING = frozenset({OperationStatus.PENDING, OperationStatus.RETRYING})
FINAL = frozenset(OperationStatus) - WAITING - {OperationStatus.SENT}


class ObservationStatus(StrEnum):
    PENDING = "PENDING"
    OBSERVING = "OBSERVING"
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True)
class Observation(Extensible):
    """`token` (hexadecimal) is what its notifications carry; `due` says that it is to be sent.

    While its request is under way `holder` is the run that sent it.
    """

    id: str
    paths: tuple[str, ...]
    created: int
    name: str | None = None
    status: ObservationStatus = ObservationStatus.PENDING
    due: bool = False
    attempts: int = 0
    token: str = ""
    holder: str = ""


@dataclass(frozen=True, slots=True)
class Cancellation(Extensible):
    """An observation that is gone, and of which the device has to be told."""

    token: str
    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Observations(Extensible):
    """All of one device, the oldest first."""

    entries: tuple[Observation, ...] = ()
    cancelled: tuple[Cancellation, ...] = ()


@dataclass(frozen=True, slots=True)
class DataRule(Extensible):
    """Which values that devices report become messages."""

    id: str
    name: str
    type: str
    paths: tuple[str, ...]
    created: int


class BootstrapStatus(StrEnum):
    NEVER_REQUESTED = "NEVER_REQUESTED"
    IN_PROGRESS = "IN_PROGRESS"
    FINISHED = "FINISHED"
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True)
class BootstrapConfig(Extensible):
    """What devices are told of servers; `servers` as they were written, as JSON."""

    id: str
    name: str
    servers: tuple[Any, ...]
    created: int
    updated: int
    description: str | None = None


@dataclass(frozen=True, slots=True)
class RunSecurity(Extensible):
    """What a device is to prove to one of the servers; `sealed` is the secret as it was written."""

    id: str
    identity: str | None = None
    sealed: str | None = None


@dataclass(frozen=True, slots=True)
class ServerSent(Extensible):
    """What a device was told of one server: as JSON, but for the secret."""

    security: Mapping[str, Any]
    server: Mapping[str, Any]
    sealed: str | None = None


@dataclass(frozen=True, slots=True)
class Sequence(Extensible):
    """A bootstrap under way. `own` is the instance that the bootstrap server has on the device, once it is known.

    `holder` is the run that has sent the step at `position`, `draw` of the request that it was given to.
    """

    id: str
    servers: tuple[ServerSent, ...]
    format: int | None = None
    discovers: bool = False
    own: int | None = None
    position: int = 0
    holder: str = ""
    draw: str = ""


@dataclass(frozen=True, slots=True)
class BootstrapEntry(Extensible):
    """One device as bootstrap knows it: how it proves itself, what it is to be told, and how far that is."""

    endpoint: str
    identity: str
    created: int
    updated: int
    config: str | None = None
    run: tuple[RunSecurity, ...] = ()
    status: BootstrapStatus = BootstrapStatus.NEVER_REQUESTED
    sent: tuple[ServerSent, ...] = ()
    requests: int = 0
    requested: int | None = None
    finishes: int = 0
    finished: int | None = None
    sequence: Sequence | None = None
