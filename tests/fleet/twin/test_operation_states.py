"""What time alone does to an operation, to the millisecond."""

from dataclasses import replace

import pytest

from chalicelib.fleet.twin import operation_states as states
from chalicelib.fleet.twin.records import Operation, OperationStatus, OperationType
from tests.fakes import START

MINUTE = 60_000
DAYS = 24 * 60 * MINUTE


def operation(status: OperationStatus, **others: object) -> Operation:
    made = Operation("o", OperationType.READ, ("/3/0/9",), START, START, START, status=status)
    return replace(made, **others)  # type: ignore[arg-type]


@pytest.mark.parametrize("status", [OperationStatus.PENDING, OperationStatus.RETRYING])
def test_one_that_waits_has_three_days(status: OperationStatus) -> None:
    waiting = operation(status)
    assert states.aged(waiting, START + 3 * DAYS - 1) is None
    over = states.aged(waiting, START + 3 * DAYS)
    assert over is not None
    assert (over.status, over.updated) == (OperationStatus.EXPIRED, START + 3 * DAYS)
    assert states.due(waiting) == START + 3 * DAYS


def test_one_that_was_sent_has_25_minutes_for_its_answer_and_its_sender_ten_more() -> None:
    sent = operation(OperationStatus.SENT, tried=1)
    assert states.aged(sent, START + 35 * MINUTE - 1) is None
    again = states.aged(sent, START + 35 * MINUTE)
    assert again is not None
    assert again.status is OperationStatus.RETRYING
    late = replace(sent, since=START + 3 * DAYS)
    assert (states.due(sent), states.due(late)) == (START + 3 * DAYS, START + 3 * DAYS + 35 * MINUTE)


@pytest.mark.parametrize("status", [OperationStatus.OK, OperationStatus.FAILED, OperationStatus.EXPIRED])
def test_one_that_is_over_stays_what_it_is(status: OperationStatus) -> None:
    assert states.aged(operation(status), START + 365 * DAYS) is None
