"""What becomes of an operation: one function an event, from the operation to the operation, or None for no change.

`docs/lwm2m.md` has the table.
"""

from dataclasses import replace
from enum import StrEnum

from chalicelib.fleet.twin import firmware
from chalicelib.fleet.twin.records import (
    EXPIRY,
    LOST,
    FailureCode,
    Operation,
    OperationFailure,
    OperationStatus,
    OperationType,
)

_REPEATABLE = frozenset({OperationType.READ, OperationType.WRITE_METADATA})
"""What does no harm where it is done twice."""
_PAUSES = (30_000, 60_000, 300_000)
"""How long (ms) a device that is awake is left alone before the next attempt."""
_SERVER_ERRORS = 500


class Silence(StrEnum):
    """Why there is no answer."""

    REJECTED = "the device rejected the request"
    UNACKNOWLEDGED = "the device did not acknowledge the request"
    UNANSWERED = "the device acknowledged the request and did not answer"


def taken(operation: Operation, holder: str, now: int, draw: str) -> Operation | None:
    """It leaves for the device."""
    if not operation.waiting:
        return None
    return replace(_in(operation, OperationStatus.SENT, now), tried=operation.tried + 1, holder=holder, draw=draw)


def cancelled(operation: Operation, now: int) -> Operation | None:
    return _in(operation, OperationStatus.CANCELED, now) if operation.waiting else None


def succeeded(operation: Operation, now: int) -> Operation | None:
    return _in(operation, OperationStatus.OK, now) if operation.status is OperationStatus.SENT else None


def answered(operation: Operation, values: firmware.Values, now: int) -> Operation | None:
    """The device did what it was asked, and answered `values` to a READ: that is all, or one step of an update."""
    if operation.status is not OperationStatus.SENT or operation.firmware is None:
        return succeeded(operation, now)
    after = firmware.answered(operation, values, now)
    if isinstance(after, OperationFailure):
        return failed(operation, after, now)
    return succeeded(operation, now) if after is None else after


def failed(operation: Operation, failure: OperationFailure, now: int) -> Operation | None:
    """For good: the device refused it, or it cannot be put to a device."""
    if operation.status is not OperationStatus.SENT:
        return None
    return replace(_in(operation, OperationStatus.FAILED, now), failure=failure)


def refused(operation: Operation, code: int, reason: str, now: int) -> Operation | None:
    """The device answered with an error; one of its own it may not make again."""
    failure = OperationFailure(FailureCode.DEVICE_ERROR, "the device answered with an error", code, reason)
    if code >= _SERVER_ERRORS and operation.status is OperationStatus.SENT and operation.attempts_left:
        return _again(operation, now)
    return failed(operation, failure, now)


def silent(operation: Operation, why: Silence, now: int) -> Operation | None:
    """No answer came."""
    if operation.status is not OperationStatus.SENT:
        return None
    if operation.attempts_left:
        return _again(operation, now)
    # A rejected request was not done.
    after = None if why is Silence.REJECTED else firmware.unheard(operation, now)
    if after is not None:
        return after
    if why is Silence.UNANSWERED:
        return _in(operation, OperationStatus.EXPIRED, now)
    return failed(operation, OperationFailure(FailureCode.TIMEOUT, str(why)), now)


def lost(operation: Operation, now: int) -> Operation | None:
    """Whoever waited for the answer is gone, so that nobody knows whether the device has done it."""
    if operation.status is not OperationStatus.SENT:
        return None
    if operation.attempts_left or operation.type in _REPEATABLE:
        return _again(operation, now)
    after = firmware.unheard(operation, now)
    if after is not None:
        return after
    details = "it is not known whether the device has done it"
    return failed(operation, OperationFailure(FailureCode.TIMEOUT, details), now)


def aged(operation: Operation, now: int) -> Operation | None:
    """What time alone does to it."""
    if operation.waiting and now >= operation.since + EXPIRY:
        return _in(operation, OperationStatus.EXPIRED, now)
    if operation.status is OperationStatus.SENT and now >= operation.since + LOST:
        return lost(operation, now)
    return None


def due(operation: Operation) -> int:
    """When (ms) the sweep is to look what time has done to it.

    No sooner than it would have expired where it was never sent: whoever reads it or takes the next one ages it by
    itself, and a moment that stays the same costs no write of an index when it leaves.
    """
    ends = operation.since + (EXPIRY if operation.waiting else LOST)
    return max(ends, operation.created + EXPIRY)


def _again(operation: Operation, now: int) -> Operation:
    pause = _PAUSES[min(max(operation.tried, 1), len(_PAUSES)) - 1]
    return replace(_in(operation, OperationStatus.RETRYING, now), retry_at=now + pause, holder="", draw="")


def _in(operation: Operation, status: OperationStatus, now: int) -> Operation:
    return replace(operation, status=status, since=now, updated=now)
