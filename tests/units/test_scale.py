"""A million devices against AWS's quotas: which breaks first, and which key of which table."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from bench.scale import events, model
from bench.scale.events import Load
from bench.scale.quotas import BIG, SMALL
from infra import description
from infra.templates import tables

ROOT = Path(__file__).parents[2]
MILLION = 1_000_000
RAISED = replace(BIG, connections=MILLION)


def test_a_million_devices_need_more_connections_than_an_account_has() -> None:
    assert model.reconnect_storm(MILLION, BIG).first == "connections"


def test_a_reconnect_storm_is_bounded_by_connects_a_second() -> None:
    verdict = model.reconnect_storm(MILLION, RAISED)
    assert verdict.first == "connects"
    assert verdict.seconds == pytest.approx(333, abs=1)


def test_a_reconnect_storm_takes_hours_in_a_small_region() -> None:
    assert model.reconnect_storm(MILLION, replace(SMALL, connections=MILLION)).seconds > 2 * 3600


def test_a_command_to_everyone_is_bounded_by_functions_that_wait_for_devices() -> None:
    assert model.command_to_everyone(MILLION, RAISED).first == "concurrency"


def test_a_command_to_everyone_that_is_answered_is_bounded_by_deadlines() -> None:
    assert model.command_to_everyone(MILLION, RAISED, applicative=True).first == "executions"


def test_a_group_that_speaks_into_one_stream_is_bounded_by_its_key() -> None:
    assert model.hot_group(10_000, RAISED).first == "key_writes"


def test_the_daily_end_of_connections_takes_little() -> None:
    assert model.daily_return(MILLION, RAISED) < 0.01


def test_for_every_quota_it_is_said_what_happens_then() -> None:
    quotas = (BIG, RAISED, SMALL)
    events = (model.reconnect_storm, model.command_to_everyone, model.hot_group)
    assert all(set(event(MILLION, q).share) <= set(model.THEN) for event in events for q in quotas)


@pytest.fixture(scope="module")
def loads() -> dict[str, list[Load]]:
    """In a process of its own: the tables' names and botocore's hooks last for a process."""
    command = [sys.executable, "-m", "bench.scale.keys"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return {event: [Load(*load) for load in found] for event, found in json.loads(done.stdout).items()}


def test_every_table_and_every_index_is_in_the_model(loads: dict[str, list[Load]]) -> None:
    nouns = description.table_nouns()
    every = {*nouns, *(f"{noun}/index/{index}" for noun in nouns for index in description.indexes(noun))}
    assert all({load.path for load in found} == every for found in loads.values())


@pytest.mark.parametrize("event", [events.RECONNECT, events.TELEMETRY, events.COMMAND])
def test_no_key_takes_more_than_dynamodb_lets_it(loads: dict[str, list[Load]], event: str) -> None:
    rate = events.offered(event, MILLION, RAISED)
    assert [each for each in events.hot(loads[event], rate) if each.key > RAISED.key_writes] == []


@pytest.mark.parametrize("event", [events.FIRST, events.IMPORT])
def test_registering_goes_at_the_pace_of_a_key_and_says_which(loads: dict[str, list[Load]], event: str) -> None:
    """Devices of one tenant are all in the same lists: of the group, of the connector, of the fleet."""
    found = events.pace(event, loads[event], MILLION, RAISED)
    assert found.bound == "facets"
    assert found.devices == pytest.approx(500)
    assert all(each.key <= RAISED.key_writes for each in events.hot(loads[event], found.devices))
    assert MILLION / found.devices < 3600


@pytest.mark.parametrize("event", events.EVENTS)
def test_tables_in_production_are_warm_enough_from_the_start(loads: dict[str, list[Load]], event: str) -> None:
    rate = events.pace(event, loads[event], MILLION, RAISED).devices
    for each in events.hot(loads[event], rate):
        assert each.writes <= tables.WARM.get(each.path, events.WARM), each


def test_a_table_says_all_of_it(loads: dict[str, list[Load]]) -> None:
    said = events.table(loads, MILLION, RAISED)
    assert all(path in said for path in ("mailboxes/index/online", "claims/index/by_key", "messages"))
