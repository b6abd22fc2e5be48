"""Firmware updates by object 5 (LwM2M Core 1.1, E.6): one operation that goes from step to step, and what ends it.

It is one record that every step changes as a whole, so that whoever asks twice, late, or dies between finds it at
one step. Of each step that was answered it becomes what is to be asked next; None ends it well.
"""

from collections.abc import Mapping
from dataclasses import replace

from chalicelib.fleet.twin.paths import Path
from chalicelib.fleet.twin.records import (
    Assignment,
    FailureCode,
    FirmwareStep,
    FirmwareUpdate,
    Operation,
    OperationFailure,
    OperationStatus,
    OperationType,
)

INSTANCE, PACKAGE_URI, UPDATE = "/5/0", "/5/0/1", "/5/0/2"
STATE: Path = (5, 0, 3)
RESULT: Path = (5, 0, 5)
LONGEST_URI = 255
MOST_INSTALLS = 3
WITHIN = 24 * 3_600_000
"""How long (ms) a device may take to download, and to install."""
_IDLE, _DOWNLOADING, _DOWNLOADED, _UPDATING = range(4)
_NONE_YET, _DONE, _DEFERRED = 0, 1, 11
_STATES = {_IDLE: "idle", _DOWNLOADING: "downloading", _DOWNLOADED: "downloaded", _UPDATING: "updating"}
_RESULTS = {
    2: "not enough flash memory for the package",
    3: "out of memory while downloading",
    4: "connection lost while downloading",
    5: "the package failed its integrity check",
    6: "unsupported type of package",
    7: "invalid URI",
    8: "the update failed",
    9: "unsupported protocol",
    10: "the update was cancelled",
}
_PAUSES = (10_000, 30_000, 60_000, 300_000)
"""How long (ms) a device that is awake is left alone between two looks at it; whoever shows up is looked at at once."""
_ATTEMPTS, _LOOKS = 3, 20
"""How often one step is tried where nobody answers; a device that restarts answers nothing for a while."""

Values = Mapping[Path, object]


def operation(id_: str, now: int, uri: str, command: str) -> Operation:
    """What an update begins with."""
    return _asking(
        Operation(id_, OperationType.WRITE, (PACKAGE_URI,), now, now, now, command=command),
        FirmwareUpdate(uri, FirmwareStep.PACKAGE, now),
    )


def answered(present: Operation, values: Values, now: int) -> Operation | OperationFailure | None:
    """After a step that the device did as it was asked; `values` are what it answered a READ."""
    update = _of(present)
    match update.step:
        case FirmwareStep.PACKAGE:
            return _look(present, FirmwareStep.DOWNLOAD, now)
        case FirmwareStep.INSTALL:
            return _look(present, FirmwareStep.RESULT, now)
        case FirmwareStep.DOWNLOAD:
            return _downloaded(present, values, now)
        case FirmwareStep.RESULT:
            return _installed(present, values, now)


def unheard(present: Operation, now: int) -> Operation | None:
    """Nobody knows whether the device has done it. None where that makes no difference to other operations.

    It may have installed and restarted before it answered: what it reports then says so.
    """
    if present.firmware is None or present.firmware.step is not FirmwareStep.INSTALL:
        return None
    return _look(present, FirmwareStep.RESULT, now)


def _downloaded(present: Operation, values: Values, now: int) -> Operation | OperationFailure | None:
    state, result = _number(values, STATE), _number(values, RESULT)
    if state is None or state not in _STATES:
        return _failure(f"the device reports no state of its update at {INSTANCE}/3")
    if state == _DOWNLOADED:
        return _install(present, now)
    if state == _UPDATING:
        # Some install by themselves what they have downloaded.
        return _look(present, FirmwareStep.RESULT, now)
    if state == _IDLE and result is not None and result not in (_NONE_YET, _DONE, _DEFERRED):
        return _refused(result)
    # One that is idle has not begun, and its result may be that of the update before.
    return _later(present, f"the device was still {_STATES[state]}", now)


def _installed(present: Operation, values: Values, now: int) -> Operation | OperationFailure | None:
    state, result = _number(values, STATE), _number(values, RESULT)
    if result is None:
        return _failure(f"the device reports no result of its update at {INSTANCE}/5")
    if result == _DONE and state != _UPDATING:
        return None
    if result not in (_NONE_YET, _DONE, _DEFERRED):
        return _refused(result)
    if state == _DOWNLOADED and result == _NONE_YET:
        # It never heard that it is to install it.
        installs = _of(present).installs
        return _install(present, now) if installs < MOST_INSTALLS else _failure("the device does not begin to install")
    return _later(present, "the device reported no result", now)


def _install(present: Operation, now: int) -> Operation:
    update = _of(present)
    changed = replace(update, step=FirmwareStep.INSTALL, began=now, looks=0, installs=update.installs + 1)
    return replace(_asking(present, changed), retry_at=0, since=now, updated=now)


def _look(present: Operation, step: FirmwareStep, now: int) -> Operation:
    changed = replace(_of(present), step=step, began=now, looks=0)
    return _paused(present, changed, now)


def _later(present: Operation, standing: str, now: int) -> Operation | OperationFailure:
    update = _of(present)
    if now >= update.began + WITHIN:
        return OperationFailure(FailureCode.TIMEOUT, f"{standing} after {WITHIN // 3_600_000} hours")
    return _paused(present, replace(update, looks=update.looks + 1), now)


def _paused(present: Operation, update: FirmwareUpdate, now: int) -> Operation:
    pause = _PAUSES[min(update.looks, len(_PAUSES) - 1)]
    return replace(_asking(present, update), retry_at=now + pause, since=now, updated=now)


def _asking(present: Operation, update: FirmwareUpdate) -> Operation:
    """The operation as that of its step; attempts are counted anew."""
    values: tuple[Assignment, ...] = ()
    type_, path, attempts = OperationType.READ, INSTANCE, _LOOKS
    if update.step is FirmwareStep.PACKAGE:
        type_, path, attempts = OperationType.WRITE, PACKAGE_URI, _ATTEMPTS
        values = (Assignment(PACKAGE_URI, update.uri),)
    elif update.step is FirmwareStep.INSTALL:
        type_, path, attempts = OperationType.EXECUTE, UPDATE, 1
    return replace(
        present,
        type=type_,
        paths=(path,),
        values=values,
        attempts=present.tried + attempts,
        status=OperationStatus.PENDING,
        holder="",
        draw="",
        firmware=update,
    )


def _of(present: Operation) -> FirmwareUpdate:
    if present.firmware is None:
        raise AssertionError(f"operation {present.id} updates no firmware")
    return present.firmware


def _number(values: Values, path: Path) -> int | None:
    found = values.get(path)
    return found if isinstance(found, int) else None


def _refused(result: int) -> OperationFailure:
    return _failure(f"{_RESULTS.get(result, 'the update failed')} (result {result})")


def _failure(details: str) -> OperationFailure:
    return OperationFailure(FailureCode.DEVICE_ERROR, details)
