"""What may become of a command: each step of its life, by the table of `records`."""

from dataclasses import replace
from typing import Any

from chalicelib.fleet.commands.records import (
    FINAL,
    MAX_HISTORY,
    MINUTE,
    PATROL,
    TRANSITIONS,
    Command,
    DeliveryStatus,
    Entry,
    Failure,
    Policy,
    Status,
)
from chalicelib.fleet.errors import IllegalTransition

BEGUN = "the device has begun"
UNKNOWN = "what became of the sending was lost: the device may have it"
"""Noted where an attempt has failed by the clock, as whoever sent it died before it could say what the broker said."""


def soonest(*moments: int | None) -> int:
    """The first of these (ms); None is never."""
    return min(moment for moment in moments if moment is not None)


def move(
    command: Command,
    now: int,
    status: Status,
    *,
    delivery: DeliveryStatus | None = None,
    error: str | None = None,
    node: str | None = None,
    note: str | None = None,
    **changes: Any,
) -> Command:
    """The one place where a status changes. IllegalTransition where the table has no such step."""
    if status is not command.status and status not in TRANSITIONS.get(command.status, frozenset()):
        raise IllegalTransition(f"a command that is {command.status} cannot become {status}")
    entry = Entry(now, status, delivery, error, node, note)
    if status in FINAL:
        # What counts only while it is open would make the item of many a command two write units.
        changes |= {"due": None, "check_at": None, "reached": frozenset(), "reached_in": "", "begun_by": None}
    return replace(
        command,
        status=status,
        delivery=delivery,
        error=error,
        updated=now,
        history=remember(command.history, entry),
        **changes,
    )


def remember(history: tuple[Entry, ...], entry: Entry) -> tuple[Entry, ...]:
    """The history with one more entry; a full one keeps its beginning and its end."""
    if len(history) < MAX_HISTORY:
        return (*history, entry)
    return (*history[: MAX_HISTORY // 2], *history[MAX_HISTORY // 2 + 1 :], entry)


def claimed(command: Command, now: int, generation: int, node: str, policy: Policy | None = None) -> Command:
    """An attempt begins: it is ours to send under `generation`, by `policy` as its route fills it in."""
    policy = policy or command.policy
    due = now + policy.allowance
    check_at = command.check_at
    if check_at is None or check_at > due + PATROL:
        check_at = due + MINUTE
    return move(
        command,
        now,
        Status.PROCESSING,
        delivery=DeliveryStatus.SENDING,
        node=node,
        policy=policy,
        generation=generation,
        attempts_used=command.attempts_used + 1,
        due=due,
        check_at=check_at,
        timer=f"{command.id}-{generation}" if policy.awaits_answer and not policy.patient else None,
    )


def sent(command: Command, now: int, delivery: DeliveryStatus | None, node: str) -> Command:
    """Still in progress, known to be that far: from now on only its expiry ends it where it is patient."""
    known = move(command, now, Status.PROCESSING, delivery=delivery, node=node)
    return replace(known, due=None, check_at=command.expires) if command.policy.patient else known


def begun(command: Command, now: int, node: str, **changes: Any) -> Command:
    """Its device is at it: it is not sent again, and has until it expires."""
    changes |= {"due": None, "timer": None, "check_at": command.expires}
    return move(
        command, now, Status.PROCESSING, delivery=DeliveryStatus.DELIVERED, node=node, note=BEGUN, begun=now, **changes
    )


def put_back(command: Command, now: int, note: str) -> Command:
    """The attempt did not take place: it does not count, and the command waits again."""
    used = command.attempts_used - 1
    status = Status.RETRYING if used else Status.PENDING
    return move(command, now, status, note=note, attempts_used=used, due=None, timer=None, awaited=False)


def attempt_failed(command: Command, now: int, node: str | None = None) -> Command:
    """No acknowledgement in time: try again, or give up with ACK_TIMEOUT; the patient is tried for ever."""
    command = replace(command, awaited=False)
    if command.policy.patient:
        used = min(command.attempts_used, command.policy.attempts - 1)
        return move(command, now, Status.RETRYING, node=node, note=UNKNOWN, attempts_used=used, due=None, timer=None)
    if command.attempts_used < command.policy.attempts:
        return move(command, now, Status.RETRYING, node=node, note=Failure.ACK_TIMEOUT, due=None, timer=None)
    lost = node is None and command.delivery is DeliveryStatus.SENDING
    note = UNKNOWN if lost else None
    return move(command, now, Status.ERROR, delivery=command.delivery, error=Failure.ACK_TIMEOUT, node=node, note=note)


def as_of(command: Command, now: int) -> Command:
    """What a reader is told: the truth by the clock, even before anybody has written it down."""
    if not command.final and command.due is None and command.expired(now):
        return move(command, command.expires or now, Status.EXPIRED)
    if command.status is Status.PROCESSING and command.due is not None and now >= command.due:
        return attempt_failed(command, command.due)
    return command
