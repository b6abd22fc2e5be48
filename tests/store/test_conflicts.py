"""When a write that DynamoDB has no room for, or that met a transaction, is sent again, and after how long."""

from typing import Any

import pytest

from chalicelib.store.conflicts import LONGEST, SHORTEST, TRIES, Retries


def canceled(*codes: str) -> dict[str, Any]:
    reasons = [{"Code": code} for code in codes]
    return {"Error": {"Code": "TransactionCanceledException"}, "CancellationReasons": reasons}


def failed(code: str) -> dict[str, Any]:
    return {"Error": {"Code": code}}


def wait(answer: dict[str, Any], attempts: int = 1, chance: int = 0xFF) -> float | None:
    return Retries(lambda count: bytes([chance] * count))((None, answer), attempts)


@pytest.mark.parametrize(
    "answer",
    [
        canceled("TransactionConflict"),
        canceled("None", "TransactionConflict", "None"),
        canceled("None", "ThrottlingError"),
        canceled("ProvisionedThroughputExceeded", "TransactionConflict"),
        failed("TransactionConflictException"),
        failed("TransactionInProgressException"),
    ],
)
def test_what_is_refused_for_the_moment_is_sent_again(answer: dict[str, Any]) -> None:
    assert wait(answer) == SHORTEST


@pytest.mark.parametrize(
    "answer",
    [
        {},
        failed("ConditionalCheckFailedException"),
        canceled("ConditionalCheckFailed"),
        canceled("ConditionalCheckFailed", "TransactionConflict"),
        canceled("ValidationError", "TransactionConflict"),
        canceled("ConditionalCheckFailed", "ProvisionedThroughputExceeded"),
        canceled("None"),
    ],
)
def test_any_other_answer_is_the_answer(answer: dict[str, Any]) -> None:
    assert wait(answer) is None


def test_no_answer_is_left_to_others() -> None:
    assert Retries()(None, 1, caught_exception=OSError()) is None


def test_pauses_grow_to_the_longest_and_end() -> None:
    waits = [wait(canceled("TransactionConflict"), attempts) for attempts in range(1, TRIES + 1)]
    assert waits[:3] == [SHORTEST, 2 * SHORTEST, 4 * SHORTEST]
    assert waits[-2:] == [LONGEST, None]


def test_pauses_are_of_random_length() -> None:
    assert wait(canceled("TransactionConflict"), 3, chance=0) == 0
    assert 0 < (wait(canceled("TransactionConflict"), 3, chance=0x80) or 0) < 4 * SHORTEST
