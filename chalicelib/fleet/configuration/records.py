"""Device configuration: typed parameters with what the device reported, what was requested, and how the two stand."""

import base64
import binascii
import json
import math
import struct
from collections.abc import Mapping
from dataclasses import field, replace
from enum import StrEnum

from chalicelib.fleet.configuration.document import Document
from chalicelib.fleet.errors import IllegalTransition, Invalid, ParameterNotFound, TooLarge
from chalicelib.fleet.fields import Field
from chalicelib.fleet.frozen import dataclass
from chalicelib.fleet.integers import whole
from chalicelib.fleet.presence.mailbox import LEASE
from chalicelib.fleet.shapes import Extensible, is_known

MAX_PARAMETERS = 100
MAX_KEY = 128
MAX_VALUE = 2000

MAX_SIDE = 150_000
"""Bytes that all reported values, and all requested ones, may have together: a configuration is one item."""

FULL = f"a device has at most {MAX_PARAMETERS} parameters, whose reported values have at most {MAX_SIDE} bytes"
_FRAME = 64
ParameterValue = int | float | str | bool


class ParameterType(StrEnum):
    INT32 = "INT32"
    UINT32 = "UINT32"
    BINARY = "BINARY"
    STRING = "STRING"
    FLOAT = "FLOAT"


class SyncStatus(StrEnum):
    NONE = "NONE"
    PENDING = "PENDING"
    SENT = "SENT"
    CANCELED = "CANCELED"
    OK = "OK"
    FAILED = "FAILED"


_RANGES = {ParameterType.INT32: (-(1 << 31), (1 << 31) - 1), ParameterType.UINT32: (0, (1 << 32) - 1)}


@dataclass(frozen=True, slots=True)
class Value(Extensible):
    """A typed value and when (ms) it was reported or requested."""

    type: ParameterType
    value: ParameterValue
    at: int

    def same(self, other: "Value | None") -> bool:
        if other is None or self.type is not other.type:
            return False
        return self.value == other.value or (self.type is ParameterType.FLOAT and _single(self) == _single(other))


@dataclass(frozen=True, slots=True)
class Parameter(Extensible):
    """`update` is the correlation id under which the present target was sent last, 0 if it was not sent yet."""

    reported: Value | None = None
    requested: Value | None = None
    status: SyncStatus = SyncStatus.NONE
    update: int = 0

    def answered_by(self, correlation: int | None) -> bool:
        """Whether a message with that correlation id answers what was asked of this parameter."""
        return bool(correlation) and self.update == correlation


@dataclass(frozen=True, slots=True)
class Update:
    """What goes to a device: the parameters to change, under a correlation id; or the whole, where it is one object."""

    correlation: int
    parameters: Mapping[str, Value]
    document: Document | None = None


@dataclass(frozen=True, slots=True)
class Configuration(Extensible):
    """All parameters of one device. `correlation` and `sent_to` name the last update and the session it went to.

    `sending` is since when (ms) that update is under way, None once it is known what became of it. `document` is that
    of a device which fetches its configuration as one object.
    """

    tenant: str
    device: str
    revision: int = 0
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    notify_to: str | None = None
    correlation: int = 0
    sent_to: str | None = None
    sending: int | None = None
    document: Document | None = None

    def due(self, session: str, now: int) -> dict[str, Value]:
        """What that session has still to be told.

        That is the pending, what an earlier session left unanswered, and what was to be sent by a sender that crashed.
        """
        crashed = self.sending is not None and now >= self.sending + LEASE
        unanswered = {SyncStatus.PENDING} | ({SyncStatus.SENT} if crashed or self.sent_to != session else set())
        return {
            k: p.requested
            for k, p in self.parameters.items()
            if p.requested and p.status in unanswered and is_known(p.requested.type)
        }

    def pending(self) -> bool:
        """Whether something is to be told that was not sent yet."""
        return any(p.status is SyncStatus.PENDING for p in self.parameters.values())

    def unsettled(self) -> bool:
        """Whether there is something that the device may still have to be told."""
        return any(p.status in (SyncStatus.PENDING, SyncStatus.SENT) for p in self.parameters.values())

    def busy(self, session: str, now: int) -> bool:
        """Whether an update to that session is under way."""
        return self.sending is not None and now < self.sending + LEASE and self.sent_to == session

    def sent(self, update: Update, session: str, now: int) -> "Configuration":
        """Marked before it goes: the device may answer before we hear that it was told."""
        told = {
            k: replace(p, status=SyncStatus.SENT, update=update.correlation)
            for k, p in self.parameters.items()
            if k in update.parameters
        }
        return replace(
            self,
            parameters={**self.parameters, **told},
            correlation=update.correlation,
            sent_to=session,
            sending=now,
        )

    def asked(self, correlation: int) -> bool:
        """Whether there is a parameter whose present target was sent under that correlation id."""
        return any(p.answered_by(correlation) for p in self.parameters.values())

    def left_out(self, values: Mapping[str, Value]) -> list[str]:
        """Of the values that were reported just now, those that found no room."""
        known = {key: p.reported for key, p in self.parameters.items() if p.reported}
        return [key for key, value in values.items() if key not in known or known[key].at < value.at]

    def with_status(self, keys: Mapping[str, Value], before: SyncStatus, after: SyncStatus) -> "Configuration":
        """Those of `keys` that still ask for the same, and stand at `before`, stand at `after`."""
        changed = {
            k: replace(p, status=after)
            for k, p in self.parameters.items()
            if k in keys and p.requested == keys[k] and p.status is before
        }
        return replace(self, parameters={**self.parameters, **changed}) if changed else self


def checked(kind: ParameterType, value: object, field_name: str) -> ParameterValue:
    """The value, if it is one of that type. Invalid otherwise."""
    if kind in _RANGES:
        low, high = _RANGES[kind]
        number = None if isinstance(value, str) else whole(value)
        if number is None or not low <= number <= high:
            raise Invalid(f"{field_name} is an integer from {low} to {high}", field_name)
        return number
    if kind is ParameterType.FLOAT:
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not _finite(value):
            raise Invalid(f"{field_name} is a finite number", field_name)
        return value
    if not isinstance(value, str) or len(value) > MAX_VALUE:
        raise Invalid(f"{field_name} is a string of at most {MAX_VALUE} characters", field_name)
    if kind is ParameterType.BINARY:
        try:
            base64.b64decode(value, validate=True)
        except (binascii.Error, ValueError):
            raise Invalid(f"{field_name} is base64", field_name) from None
    return value


def _size(key: str, value: Value | None) -> int:
    if value is None:
        return 0
    return len(json.dumps([key, value.value], ensure_ascii=False).encode()) + _FRAME


def _single(value: Value) -> bytes | ParameterValue:
    """What is left of a number in a device that counts in single precision."""
    try:
        return struct.pack("<f", value.value)
    except (OverflowError, struct.error):
        return value.value


def _finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # an integer beyond what a double can hold
        return False


def requested(configuration: Configuration, values: Mapping[str, Value], notify_to: str | None) -> Configuration:
    """New targets. One that the device already reported is OK at once, unless it may have been told something else."""
    after = dict(configuration.parameters)
    for key, value in values.items():
        known = after.get(key, Parameter())
        certain = known.status in (SyncStatus.NONE, SyncStatus.OK)
        status = SyncStatus.OK if certain and value.same(known.reported) else SyncStatus.PENDING
        after[key] = replace(known, requested=value, status=status, update=0)
    if len(after) > MAX_PARAMETERS:
        raise Invalid(f"a device has at most {MAX_PARAMETERS} parameters", Field.PARAMETERS)
    if sum(_size(key, parameter.requested) for key, parameter in after.items()) > MAX_SIDE:
        raise TooLarge(f"the requested values of a device have at most {MAX_SIDE} bytes", Field.PARAMETERS)
    return replace(configuration, parameters=after, notify_to=notify_to or configuration.notify_to)


def reported(
    configuration: Configuration, values: Mapping[str, Value], correlation: int | None, *, partial: bool = False
) -> Configuration:
    """What a device says of itself. With a correlation id it answers the parameters last sent under that id, no others.

    What an answer leaves out has failed, unless it is `partial`.
    """
    after = dict(configuration.parameters)
    size = sum(_size(key, parameter.reported) for key, parameter in after.items())
    for key, value in values.items():
        if key not in after and len(after) >= MAX_PARAMETERS:
            continue
        known = after.get(key, Parameter())
        if known.reported is not None and value.at < known.reported.at:
            # A late or repeated report: the device has said something newer since.
            continue
        grown = size + _size(key, value) - _size(key, known.reported)
        if grown > MAX_SIDE:
            continue
        size = grown
        after[key] = replace(known, reported=value, status=_status_after_report(known, value, correlation))
    if not partial:
        for key, known in after.items():
            if known.status is SyncStatus.SENT and known.answered_by(correlation) and key not in values:
                after[key] = replace(known, status=SyncStatus.FAILED)
    return replace(configuration, parameters=after)


def canceled(configuration: Configuration, key: str) -> Configuration:
    """The request for one parameter is withdrawn. ParameterNotFound, IllegalTransition."""
    known = configuration.parameters.get(key)
    if known is None and configuration.document is not None and key in configuration.document.content:
        raise IllegalTransition("a field of a configuration that is one object is not canceled by itself")
    if known is None:
        raise ParameterNotFound(f"configuration parameter {key} not found")
    if known.status not in (SyncStatus.PENDING, SyncStatus.SENT):
        raise IllegalTransition(f"a parameter that is {known.status} cannot be canceled")
    parameter = replace(known, status=SyncStatus.CANCELED)
    return replace(configuration, parameters={**configuration.parameters, key: parameter})


def _status_after_report(known: Parameter, value: Value, correlation: int | None) -> SyncStatus:
    if known.requested is None:
        return SyncStatus.NONE
    same = value.same(known.requested)
    answers = known.answered_by(correlation)
    match known.status:
        case SyncStatus.SENT if answers:
            return SyncStatus.OK if same else SyncStatus.FAILED
        case SyncStatus.PENDING | SyncStatus.SENT if same and (answers or correlation is None):
            # An answer to an older update says what the device had then, which another update may have changed since.
            return SyncStatus.OK
        case SyncStatus.OK if not same:
            # The device went back on what it had accepted: ask again.
            return SyncStatus.PENDING
        case status:
            return status
