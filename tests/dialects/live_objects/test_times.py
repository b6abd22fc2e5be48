from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.dialects.live_objects import times
from chalicelib.fleet.errors import Invalid


@given(st.integers(min_value=0, max_value=253_402_300_799_999))
def test_a_moment_survives_writing_and_reading(at: int) -> None:
    assert times.parse(times.render(at), "t") == at


@pytest.mark.parametrize("at", [-1, 10**30, -(10**30)])
def test_a_moment_beyond_the_calendar_is_its_nearest_day(at: int) -> None:
    assert times.render(at) in ("1970-01-01T00:00:00.000Z", "9999-12-31T23:59:59.999Z")


@pytest.mark.parametrize(
    "text",
    [
        "2018-03-07T10:55:21Z",
        "2018-03-07T10:55:21.000Z",
        "2018-03-07T10:55:21",
        "2018-03-07T11:55:21+01:00",
        "2018-03-07T11:55:21 01:00",
        "2018-03-07T11:55:21+0100",
        "2018-03-07T10:55:21.000999999Z",
        "20180307T105521Z",
        " 2018-03-07 10:55:21 ",
    ],
)
def test_iso_8601_is_read_in_its_usual_forms(text: str) -> None:
    assert times.parse(text, "t") == 1_520_420_121_000


@pytest.mark.parametrize("value", [1_520_420_121_000, 1_520_420_121, 1_520_420_121.0, "2018-03-07T10:55:21Z"])
def test_a_moment_is_text_or_a_number(value: str | float) -> None:
    assert times.parse(value, "t") == 1_520_420_121_000


@pytest.mark.parametrize("value", [None, [], {}])
def test_nothing_else_is_a_moment(value: Any) -> None:
    with pytest.raises(Invalid):
        times.parse(value, "t")


@given(st.text())
def test_no_text_is_more_than_invalid(text: str) -> None:
    with suppress(Invalid):
        times.parse(text, "from")


def test_what_is_no_moment_is_refused_by_name() -> None:
    with pytest.raises(Invalid) as refusal:
        times.parse("tomorrow", "from")
    assert refusal.value.field == "from"
