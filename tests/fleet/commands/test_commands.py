from dataclasses import replace
from typing import Any

import pytest

from chalicelib.fleet.commands.records import MAX_HISTORY, TRANSITIONS, AckMode, Command, DeliveryStatus, Policy, Status
from chalicelib.fleet.commands.transitions import as_of, attempt_failed, claimed, move, put_back
from chalicelib.fleet.errors import IllegalTransition, Invalid
from chalicelib.fleet.fields import Field

S = Status
ALLOWED = {
    (S.PENDING, S.PROCESSING),
    (S.PENDING, S.PROCESSED),
    (S.PENDING, S.ERROR),
    (S.PENDING, S.CANCELED),
    (S.PENDING, S.EXPIRED),
    (S.RETRYING, S.PROCESSING),
    (S.RETRYING, S.PROCESSED),
    (S.RETRYING, S.ERROR),
    (S.RETRYING, S.CANCELED),
    (S.RETRYING, S.EXPIRED),
    (S.PROCESSING, S.PENDING),
    (S.PROCESSING, S.RETRYING),
    (S.PROCESSING, S.PROCESSED),
    (S.PROCESSING, S.ERROR),
    (S.PROCESSING, S.CANCELED),
    (S.PROCESSING, S.EXPIRED),
}


def command(status: Status = S.PENDING, policy: Policy | None = None, **fields: Any) -> Command:
    fresh = Command("t", "0" * 24, "d", "mqtt", {}, policy or Policy(), 0, 0, expires=60_000, check_at=60_000)
    return replace(fresh, status=status, **fields)


@pytest.mark.parametrize("start", list(S))
@pytest.mark.parametrize("end", list(S))
def test_a_status_changes_only_as_the_table_allows(start: Status, end: Status) -> None:
    if start is end or (start, end) in ALLOWED:
        assert move(command(start), 1, end).status is end
    else:
        with pytest.raises(IllegalTransition):
            move(command(start), 1, end)


def test_the_table_names_every_status() -> None:
    assert set(TRANSITIONS) == set(S)


def test_each_step_is_one_line_of_history() -> None:
    moved = move(command(), 7, S.CANCELED, note="why")
    assert [(e.at, e.status, e.note) for e in moved.history] == [(7, S.CANCELED, "why")]


def test_a_final_command_has_no_deadline_left() -> None:
    moved = move(command(S.PROCESSING, due=9), 1, S.PROCESSED)
    assert (moved.due, moved.check_at) == (None, None)


def test_a_long_history_keeps_its_beginning_and_its_end() -> None:
    long = command(S.PROCESSING)
    for at in range(MAX_HISTORY + 10):
        long = move(long, at, S.PROCESSING)
    assert len(long.history) == MAX_HISTORY
    assert (long.history[0].at, long.history[-1].at) == (0, MAX_HISTORY + 9)


@pytest.mark.parametrize(
    ("fields", "culprit"),
    [
        ({"expiration": 4}, Field.EXPIRATION),
        ({"expiration": 30 * 86_400 + 1}, Field.EXPIRATION),
        ({"ack_timeout": 9}, Field.ACKNOWLEDGEMENT),
        ({"ack_timeout": 30 * 86_400 + 1}, Field.ACKNOWLEDGEMENT),
        ({"ack_mode": AckMode.NONE, "ack_timeout": 10}, Field.ACKNOWLEDGEMENT),
        ({"attempts": 0}, Field.ATTEMPTS),
        ({"attempts": 6}, Field.ATTEMPTS),
    ],
)
def test_a_policy_out_of_bounds_names_its_culprit(fields: dict[str, Any], culprit: Field) -> None:
    with pytest.raises(Invalid) as caught:
        Policy(**fields)
    assert caught.value.field == culprit


@pytest.mark.parametrize(
    "fields",
    [
        {"expiration": 5},
        {"expiration": 30 * 86_400},
        {"ack_timeout": 10},
        {"ack_timeout": 30 * 86_400},
        {"ack_mode": AckMode.NONE, "ack_timeout": None},
        {"attempts": 5},
    ],
)
def test_the_bounds_of_a_policy_belong_to_it(fields: dict[str, Any]) -> None:
    assert Policy(**fields)


def test_an_applicative_attempt_is_due_after_the_acknowledgement_time_out() -> None:
    attempt = claimed(command(policy=Policy(ack_timeout=30)), 1_000, 4, "node")
    assert (attempt.due, attempt.generation, attempt.attempts_used) == (31_000, 4, 1)
    assert (attempt.status, attempt.delivery) == (S.PROCESSING, DeliveryStatus.SENDING)


def test_without_an_answer_to_wait_for_no_timer_is_needed() -> None:
    assert claimed(command(policy=Policy(ack_mode=AckMode.NETWORK)), 0, 1, "node").timer is None


def test_an_attempt_that_failed_is_tried_again_while_attempts_are_left() -> None:
    policy = Policy(attempts=2)
    failed = attempt_failed(command(S.PROCESSING, policy, attempts_used=1), 5)
    assert (failed.status, failed.error) == (S.RETRYING, None)
    assert attempt_failed(replace(failed, status=S.PROCESSING, attempts_used=2), 6).error == "ACK_TIMEOUT"


def test_an_attempt_that_did_not_take_place_does_not_count() -> None:
    assert put_back(command(S.PROCESSING, attempts_used=1), 1, "").status is S.PENDING
    again = put_back(command(S.PROCESSING, attempts_used=2), 1, "")
    assert (again.status, again.attempts_used) == (S.RETRYING, 1)


def test_a_reader_sees_an_expiry_that_nobody_has_written_yet() -> None:
    assert as_of(command(), 59_999).status is S.PENDING
    seen = as_of(command(), 99_999)
    assert (seen.status, seen.updated) == (S.EXPIRED, 60_000)


def test_a_reader_sees_a_time_out_that_nobody_has_written_yet() -> None:
    waiting = command(S.PROCESSING, due=10_000, attempts_used=1)
    assert as_of(waiting, 9_999).status is S.PROCESSING
    assert as_of(waiting, 10_000).error == "ACK_TIMEOUT"


def test_a_command_in_flight_does_not_expire() -> None:
    assert as_of(command(S.PROCESSING, due=90_000), 70_000).status is S.PROCESSING


def test_each_attempt_has_timers_of_its_own() -> None:
    first, second = command(generation=1), command(generation=2)
    assert first.expiry_timer != second.expiry_timer
    assert first.attempt_timer != second.attempt_timer
