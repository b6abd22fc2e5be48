import contextlib
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.fleet.configuration.records import (
    MAX_PARAMETERS,
    Configuration,
    ParameterType,
    SyncStatus,
    Update,
    Value,
    canceled,
    checked,
    reported,
    requested,
)
from chalicelib.fleet.errors import IllegalTransition, Invalid, ParameterNotFound
from chalicelib.fleet.presence.mailbox import LEASE

EMPTY = Configuration("t", "d")
T, S = ParameterType, SyncStatus


def number(value: int, at: int = 0) -> Value:
    return Value(T.INT32, value, at)


def sent(value: int) -> Configuration:
    """One parameter, sent under correlation id 7 to session s1."""
    asked = requested(EMPTY, {"p": number(value)}, None)
    return replace(asked.sent(Update(7, asked.due("s1", 0)), "s1", 0), sending=None)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (T.INT32, -(1 << 31)),
        (T.INT32, (1 << 31) - 1),
        (T.UINT32, 0),
        (T.UINT32, (1 << 32) - 1),
        (T.FLOAT, 1),
        (T.FLOAT, -1.5),
        (T.STRING, ""),
        (T.STRING, "x" * 2000),
        (T.BINARY, "AAECAw=="),
    ],
)
def test_a_value_of_its_type_passes(kind: ParameterType, value: Any) -> None:
    assert checked(kind, value, "value") == value


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (T.INT32, 1 << 31),
        (T.INT32, -(1 << 31) - 1),
        (T.INT32, True),
        (T.INT32, 1.5),
        (T.INT32, "1"),
        (T.UINT32, -1),
        (T.UINT32, 1 << 32),
        (T.FLOAT, float("nan")),
        (T.FLOAT, float("inf")),
        (T.FLOAT, False),
        (T.STRING, 1),
        (T.STRING, "x" * 2001),
        (T.BINARY, "not base64!"),
        (T.BINARY, "AAE"),
        (T.STRING, None),
    ],
)
def test_a_value_of_another_type_names_its_field(kind: ParameterType, value: Any) -> None:
    with pytest.raises(Invalid) as caught:
        checked(kind, value, "the field")
    assert caught.value.field == "the field"


@given(
    st.sampled_from(list(T)),
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.binary(), st.lists(st.integers())),
)
def test_whatever_the_value_it_passes_or_is_invalid(kind: ParameterType, value: object) -> None:
    with contextlib.suppress(Invalid):
        assert checked(kind, value, "value") == value


def test_a_new_target_is_pending() -> None:
    assert requested(EMPTY, {"p": number(1)}, None).parameters["p"].status is S.PENDING


def test_a_target_that_the_device_has_already_is_ok_at_once() -> None:
    known = reported(EMPTY, {"p": number(1)}, None)
    assert requested(known, {"p": number(1, at=5)}, None).parameters["p"].status is S.OK


def test_a_target_is_not_ok_while_the_device_may_have_been_told_another() -> None:
    known = reported(EMPTY, {"p": number(1)}, None)
    told = requested(known, {"p": number(2)}, None)
    told = told.sent(Update(7, told.due("s1", 0)), "s1", 0)
    assert requested(told, {"p": number(1)}, None).parameters["p"].status is S.PENDING


def test_a_device_has_a_bounded_number_of_parameters() -> None:
    full = requested(EMPTY, {f"p{i}": number(i) for i in range(MAX_PARAMETERS)}, None)
    with pytest.raises(Invalid):
        requested(full, {"one more": number(1)}, None)
    assert "one more" not in reported(full, {"one more": number(1)}, None).parameters


def test_an_answer_with_the_value_makes_it_ok() -> None:
    assert reported(sent(1), {"p": number(1, at=1)}, 7).parameters["p"].status is S.OK


@pytest.mark.parametrize(
    ("asked", "answered", "status"),
    [
        (0.1, 0.10000000149011612, S.OK),
        (0.1, 0.1, S.OK),
        (1, 1.0, S.OK),
        (1e300, 1e300, S.OK),
        (16_777_217, 16_777_216.0, S.OK),
        (0.1, 0.1001, S.FAILED),
        (1e300, 2e300, S.FAILED),
        (-0.5, 0.5, S.FAILED),
    ],
)
def test_a_number_may_come_back_in_single_precision(asked: float, answered: float, status: SyncStatus) -> None:
    wanted = requested(EMPTY, {"p": Value(T.FLOAT, asked, 0)}, None)
    told = replace(wanted.sent(Update(7, wanted.due("s1", 0)), "s1", 0), sending=None)
    assert reported(told, {"p": Value(T.FLOAT, answered, 1)}, 7).parameters["p"].status is status


@pytest.mark.parametrize("answer", [{"p": number(2, at=1)}, {}])
def test_an_answer_with_another_value_or_without_it_makes_it_failed(answer: dict[str, Value]) -> None:
    assert reported(sent(1), answer, 7).parameters["p"].status is S.FAILED


def test_a_report_that_is_no_answer_may_bring_the_value_and_else_changes_no_status() -> None:
    assert reported(sent(1), {"p": number(2, at=1)}, None).parameters["p"].status is S.SENT
    assert reported(sent(1), {"p": number(1, at=1)}, None).parameters["p"].status is S.OK


@pytest.mark.parametrize("value", [1, 2])
def test_an_answer_to_another_update_is_no_acknowledgement(value: int) -> None:
    after = reported(sent(1), {"p": number(value, at=1)}, 6).parameters["p"]
    assert (after.status, after.reported) == (S.SENT, number(value, at=1))


def test_an_answer_is_no_acknowledgement_of_a_target_that_was_set_since() -> None:
    newer = requested(requested(sent(1), {"p": number(2)}, None), {"p": number(1, at=5)}, None)
    assert reported(newer, {"p": number(1, at=6)}, 7).parameters["p"].status is S.PENDING


def test_each_of_two_updates_under_way_is_answered_for_itself() -> None:
    both = requested(sent(1), {"q": number(2)}, None)
    both = both.sent(Update(8, {"q": number(2)}), "s1", 0)
    first = reported(both, {"p": number(1, at=1)}, 7)
    assert [p.status for p in first.parameters.values()] == [S.OK, S.SENT]
    assert reported(first, {"q": number(2, at=2)}, 8).parameters["q"].status is S.OK


def test_what_nobody_requested_has_no_status() -> None:
    assert reported(EMPTY, {"p": number(1)}, None).parameters["p"].status is S.NONE


def test_a_device_that_goes_back_on_what_it_accepted_is_asked_again() -> None:
    accepted = reported(sent(1), {"p": number(1, at=1)}, 7)
    assert reported(accepted, {"p": number(9, at=2)}, None).parameters["p"].status is S.PENDING


def test_a_late_report_does_not_hide_a_newer_one() -> None:
    known = reported(EMPTY, {"p": number(2, at=20)}, None)
    assert reported(known, {"p": number(1, at=10)}, None) == known


def test_what_is_pending_is_due_and_what_was_sent_to_this_session_is_not() -> None:
    assert requested(EMPTY, {"p": number(1)}, None).due("s1", 0)
    assert not sent(1).due("s1", 0)


def test_what_an_earlier_session_left_unanswered_is_due_again() -> None:
    assert sent(1).due("s2", 0)


def test_what_a_sender_that_crashed_was_to_send_is_due_again() -> None:
    crashed = Configuration("t", "d", parameters=sent(1).parameters, sent_to="s1", sending=1_000)
    assert not crashed.due("s1", 1_000 + LEASE - 1)
    assert crashed.due("s1", 1_000 + LEASE)


def test_a_status_is_set_only_while_the_same_is_asked() -> None:
    newer = requested(sent(1), {"p": number(2)}, None)
    assert newer.with_status({"p": number(1)}, S.PENDING, S.FAILED) is newer


@pytest.mark.parametrize("configuration", [requested(EMPTY, {"p": number(1)}, None), sent(1)])
def test_a_request_that_is_not_settled_can_be_canceled(configuration: Configuration) -> None:
    after = canceled(configuration, "p")
    assert after.parameters["p"].status is S.CANCELED
    assert not after.due("s2", 0)


def test_a_request_that_is_settled_cannot_be_canceled() -> None:
    with pytest.raises(IllegalTransition):
        canceled(reported(sent(1), {"p": number(1, at=1)}, 7), "p")
    with pytest.raises(ParameterNotFound):
        canceled(EMPTY, "p")
