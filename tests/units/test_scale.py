"""A million devices against AWS's quotas: which breaks first."""

from dataclasses import replace

import pytest

from bench.scale import model
from bench.scale.quotas import BIG, SMALL

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
