"""What a device is asked next, and what came of what it was asked."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from chalicelib.dialects.lwm2m import auditing, payloads, reporting, requesting
from chalicelib.dialects.lwm2m.entries import CannotCarry, Decoded, Entry, FormatError
from chalicelib.dialects.lwm2m.modelled import Model, model_of
from chalicelib.dialects.lwm2m.wire import Answered, Asked
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.twin import observing, operating, paths, working
from chalicelib.fleet.twin import operation_states as states
from chalicelib.fleet.twin.identities import Speaker
from chalicelib.fleet.twin.observing import Begin, End, Outcome
from chalicelib.fleet.twin.operation_states import Silence
from chalicelib.fleet.twin.paths import ROOT, Path
from chalicelib.fleet.twin.records import (
    FailureCode,
    Observation,
    Operation,
    OperationFailure,
    OperationType,
)
from chalicelib.fleet.twin.values import Value
from chalicelib.fleet.twin.working import Later

_GARBLED = "GARBLED"
_REFUSALS = "4."
_REASONS = 3
"""That a failure names at most, of a report of which nothing can be read."""


def next_of(ports: Ports, speaker: Speaker, holder: str, *, awaited: bool) -> dict[str, Any]:
    """`{work, request}`, `{at}` where there is nothing before that moment, or nothing."""
    while True:
        found = working.take(ports, speaker, holder, awaited=awaited)
        if found is None:
            return {}
        if isinstance(found, Later):
            return {"at": found.at}
        work, asked = _put(ports, speaker, found)
        if asked is not None:
            return {"work": work, "request": asked.told()}


def _put(ports: Ports, speaker: Speaker, found: Begin | End | Operation) -> tuple[str, Asked | None]:
    """What it is called, and as a request; None for one that cannot be put to the device, which has been told."""
    model = model_of(ports, speaker)
    match found:
        case End():
            gone = found.cancellation
            try:
                return f"end/{gone.token}", requesting.observation(model, gone.paths, gone.token, end=True)
            except CannotCarry:
                # It has come back as a version that has no such observations, and so it has none.
                return "", None
        case Begin():
            begun = found.observation
            try:
                asked = requesting.observation(model, begun.paths, begun.token)
            except CannotCarry:
                observing.conclude(ports, speaker.tenant, speaker.device.id, begun.token, Outcome.REFUSED)
                return "", None
            return f"observation/{begun.token}", asked
        case Operation():
            try:
                return f"operation/{found.id}/{found.tried}", requesting.operation(model, found)
            except CannotCarry as error:
                failure = OperationFailure(FailureCode.OPERATION_INVALID, str(error))
                _concluded(ports, speaker, found, partial(states.failed, failure=failure, now=ports.clock.now()))
                return "", None


def done(ports: Ports, speaker: Speaker, told: Mapping[str, Any]) -> None:
    """`{work, silence}`, or `{work, code, format?, payload?, observing?}`."""
    kind, _, rest = str(told["work"]).partition("/")
    answered = Answered.of(told) if "code" in told else None
    if kind == "operation":
        id_, _, tried = rest.partition("/")
        operation = operating.under_way(ports, speaker.tenant, speaker.device.id, id_)
        if operation is not None and operation.tried == int(tried):
            _operation_done(ports, speaker, operation, answered, told)
    elif kind == "observation":
        _observation_done(ports, speaker, rest, answered, told)


def _operation_done(
    ports: Ports, speaker: Speaker, operation: Operation, answered: Answered | None, told: Mapping[str, Any]
) -> None:
    now = ports.clock.now()
    if answered is None and told["silence"] != _GARBLED:
        change = partial(states.silent, why=Silence[told["silence"]], now=now)
    elif answered is None:
        change = partial(states.failed, failure=_unreadable("its blocks do not make a whole"), now=now)
    elif not answered.succeeded:
        change = partial(states.refused, code=answered.number, reason=answered.reason, now=now)
    else:
        values: dict[Path, Value] = {}
        change = partial(states.answered, values=values, now=now)
        if operation.type is OperationType.READ:
            wanted = [paths.parse(path) for path in operation.paths]
            try:
                values |= {each.path: each.value for each in _show(ports, speaker, wanted, answered, operation.id)}
            except FormatError as error:
                change = partial(states.failed, failure=_unreadable(str(error)), now=now)
    _concluded(ports, speaker, operation, change)


def _observation_done(
    ports: Ports, speaker: Speaker, token: str, answered: Answered | None, told: Mapping[str, Any]
) -> None:
    tenant, device = speaker.tenant, speaker.device.id
    found = observing.notified(ports, tenant, device, token)
    outcome = Outcome.FAILED
    if answered is None:
        outcome = Outcome.REFUSED if told["silence"] == Silence.REJECTED.name else Outcome.FAILED
    elif answered.code.startswith(_REFUSALS) or (answered.succeeded and not answered.observing):
        outcome = Outcome.REFUSED
    elif answered.succeeded:
        outcome = Outcome.OBSERVING
    observing.conclude(ports, tenant, device, token, outcome)
    if found is not None and answered is not None and answered.succeeded:
        _shown_of(ports, speaker, found, answered)


def _shown_of(ports: Ports, speaker: Speaker, observation: Observation, answered: Answered) -> None:
    """The first answer is what a reading would be: the twin shows it, and it becomes no message."""
    try:
        _show(ports, speaker, [paths.parse(path) for path in observation.paths], answered, observation.token)
    except FormatError as error:
        auditing.complain(ports, speaker, observation.token, [str(error)])


def _show(ports: Ports, speaker: Speaker, wanted: list[Path], answered: Answered, event: str) -> list[Entry]:
    """What it holds. Raises FormatError."""
    model, at = model_of(ports, speaker), ports.clock.now()
    base = wanted[0] if len(wanted) == 1 else ROOT
    decoded = decode(model, base, answered.format, answered.payload, at)
    if any(not any(paths.is_below(entry.path, each) for each in wanted) for entry in decoded.entries):
        raise FormatError("something else came than what was asked for")
    if decoded.complaints and not decoded.entries:
        raise FormatError("; ".join(decoded.complaints[:_REASONS]))
    reporting.show(ports, speaker, model, reporting.measured(decoded.entries, at), event, decoded.complaints)
    return decoded.entries


def decode(model: Model, base: Path, format_: int | None, payload: bytes, at: int) -> Decoded:
    """Raises FormatError; `at` in ms."""
    return payloads.decode(format_, base, payload, model.type_of, now=at / 1000)


def _concluded(ports: Ports, speaker: Speaker, operation: Operation, change: Any) -> None:
    operating.conclude(ports, speaker.tenant, speaker.device.id, operation.id, operation.tried, change)


def _unreadable(why: str) -> OperationFailure:
    return OperationFailure(FailureCode.RESPONSE_INVALID, f"the answer cannot be read: {why}")
