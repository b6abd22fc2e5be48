"""Series of measurements (reference, "Measurements", series)."""

from typing import Any

import pytest

from chalicelib.dialects.cumulocity import series, times
from chalicelib.dialects.cumulocity.measurements import Measurement
from chalicelib.web import json_text
from tests.dialects.cumulocity.client import Client

PATH = "/measurement/measurements"
SPAN = {"dateFrom": "2020-01-01", "dateTo": "2020-02-01"}


@pytest.fixture(scope="module")
def fleet() -> tuple[Client, str]:
    client = Client()
    source = client.made("/inventory/managedObjects", {"c8y_IsDevice": {}})["id"]
    for at, numbers in (
        ("2020-01-01T10:00:00Z", {"a": {"x": {"value": 1, "unit": "C"}, "y": {"value": 10}}}),
        ("2020-01-01T10:30:00Z", {"a": {"x": {"value": 4, "unit": "C"}}}),
        ("2020-01-02T09:00:00Z", {"b": {"z": {"value": -1}}}),
        ("2020-03-01T00:00:00Z", {"a": {"x": {"value": 99}}}),
    ):
        client.made(PATH, {"source": {"id": source}, "type": "t", "time": at, **numbers})
    return client, source


def asked(fleet: tuple[Client, str], **query: Any) -> Any:
    client, source = fleet
    reply = client.get(f"{PATH}/series", source=source, **SPAN, **query)
    assert reply.status == 200, reply.raw
    return reply.body


def test_values_come_as_they_are_with_a_place_for_each_series(fleet: tuple[Client, str]) -> None:
    found = asked(fleet)
    assert found["series"] == [
        {"type": "a", "name": "x", "unit": "C"},
        {"type": "a", "name": "y"},
        {"type": "b", "name": "z"},
    ]
    assert list(found["values"].items()) == [
        ("2020-01-01T10:00:00.000Z", [{"min": 1, "max": 1}, {"min": 10, "max": 10}, None]),
        ("2020-01-01T10:30:00.000Z", [{"min": 4, "max": 4}, None, None]),
        ("2020-01-02T09:00:00.000Z", [None, None, {"min": -1, "max": -1}]),
    ]
    assert found["truncated"] is False


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"aggregationType": "DAILY"}, {"2020-01-01T00:00:00.000Z": [{"min": 1, "max": 4}]}),
        (
            {"aggregationType": "MINUTELY", "aggregationInterval": "1d"},
            {"2020-01-01T00:00:00.000Z": [{"min": 1, "max": 4}]},
        ),
        ({"aggregationInterval": "1h", "aggregationFunction": "avg"}, {"2020-01-01T10:00:00.000Z": [{"avg": 2.5}]}),
        (
            {"aggregationInterval": "1M", "aggregationFunction": ["sum", "count", "stdDevPop"]},
            {"2020-01-01T00:00:00.000Z": [{"sum": 5, "count": 2, "stdDevPop": 1.5}]},
        ),
        (
            {"revert": "true"},
            {"2020-01-01T10:30:00.000Z": [{"min": 4, "max": 4}], "2020-01-01T10:00:00.000Z": [{"min": 1, "max": 1}]},
        ),
    ],
)
def test_one_series_by_interval(fleet: tuple[Client, str], query: dict[str, Any], expected: dict[str, Any]) -> None:
    assert list(asked(fleet, series="a.x", **query)["values"].items()) == list(expected.items())


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"aggregationFunction": "avg"}, 400),
        ({"aggregationFunction": "median", "aggregationInterval": "1h"}, 422),
        ({"aggregationInterval": "0h"}, 422),
        ({"aggregationInterval": "1000s"}, 422),
        ({"aggregationInterval": "5x"}, 422),
        ({"aggregationType": "WEEKLY"}, 422),
        ({"dateFrom": ""}, 422),
    ],
)
def test_what_cannot_be_told_is_refused(fleet: tuple[Client, str], query: dict[str, Any], status: int) -> None:
    client, source = fleet
    assert client.get(f"{PATH}/series", **{"source": source, **SPAN, **query}).status == status


def test_what_is_mandatory_is_named(fleet: tuple[Client, str]) -> None:
    reply = fleet[0].get(f"{PATH}/series")
    assert reply.message == "Following mandatory fields should be included: dateFrom,dateTo,source"


@pytest.mark.parametrize(
    ("said", "begin"),
    [
        ("45s", "2024-05-15T13:46:30.000Z"),
        ("25m", "2024-05-15T13:25:00.000Z"),
        ("12h", "2024-05-15T12:00:00.000Z"),
        ("1w", "2024-05-13T00:00:00.000Z"),
        ("1M", "2024-05-01T00:00:00.000Z"),
        ("2q", "2024-01-01T00:00:00.000Z"),
        ("1y", "2024-01-01T00:00:00.000Z"),
    ],
)
def test_an_interval_begins_in_utc(said: str, begin: str) -> None:
    found = series.interval(said)
    at = times.parse("2024-05-15T15:46:39.5+02:00", "at")
    assert times.render(found.begin(at)) == begin
    assert found.begin(found.begin(at)) == found.begin(at)
    assert found.begin(found.begin(at) - 1) < found.begin(at)


@pytest.mark.parametrize("said", ["999s", "999d", "999w", "999M", "999y"])
@pytest.mark.parametrize("at", [-(10**18), times.parse("0001-01-01", "at"), times.parse("9999-12-31", "at"), 10**18])
def test_an_interval_is_within_the_calendar(said: str, at: int) -> None:
    table = series.table([Measurement("t", at, {"a": {"x": 1}})], frozenset(), series.interval(said))
    assert [len(moment) for moment in table["values"]] == [len("0001-01-01T00:00:00.000Z")]


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ([1.7e308, 1.7e308], {"sum": None, "avg": 1.7e308, "min": 1.7e308, "stdDevPop": 0.0, "count": 2}),
        ([1.7e308, -1.7e308], {"sum": 0.0, "avg": 0.0, "max": 1.7e308, "stdDevPop": 1.7e308, "stdDevSamp": None}),
        ([17 * 10**307, 17 * 10**307], {"sum": None, "avg": 17 * 10**307}),
        ([1e-320, 2], {"sum": 2.0}),
    ],
)
def test_what_json_has_no_number_for_is_none(values: list[float], told: dict[str, Any]) -> None:
    every = [Measurement("t", 0, {"a": {"x": value}}) for value in values]
    table = series.table(every, frozenset(), series.interval("1h"), tuple(told))
    assert table["values"] == {"1970-01-01T00:00:00.000Z": [told]}
    assert json_text.render(table)


def test_no_more_than_so_many_values_are_told() -> None:
    every = [Measurement("t", at, {"a": {"x": at}}) for at in range(series.MOST_VALUES + 1)]
    assert len(series.table(every, frozenset())["values"]) == series.MOST_VALUES
    assert series.table(every, frozenset())["truncated"]
    assert not series.table(every[:-1], frozenset())["truncated"]
