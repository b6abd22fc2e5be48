"""Numbers that stored rows, AWS or other functions rely on, said a second time.

Into how many shards an index is divided is part of what was written: with fewer, what an earlier release has written is
found no more. Bounds of items leave room below DynamoDB's 400 KB for what else stands in them.
"""

from importlib import import_module
from typing import Any

import pytest

from chalicelib.store.tables import all_models

SECOND, MINUTE, HOUR, DAY = 1_000, 60_000, 3_600_000, 86_400_000
"""Milliseconds."""

SAID: dict[str, dict[str, Any]] = {
    "alarms": {"_SHARDS": 8},
    "commands": {"SHARDS": 8, "_BATCH": 25},
    "keys": {"_SHARDS": range(256)},
    "mailboxes": {"SHARDS": 16},
    "queues": {"SHARDS": 4},
    "records": {"SHARDS": 8, "MAX_AGE": 5 * SECOND},
    "tombstones": {"SHARDS": 8},
    "managed_objects": {"SHARDS": 8, "LARGE": 4_096, "MAX_ITEM": 350_000, "MOST_LARGE": 40},
    "messages": {"MAX_ITEM": 350_000, "_COMPRESS_FROM": 600, "_STREAMS": 1_000},
    "packing": {"DEFLATE_FROM": 600},
    "resources": {"MAX_ITEM": 390_000},
    # How long an instance believes what it has read, and how much of that it keeps.
    "cache": {"MAX_AGE": MINUTE, "LOOK_AGAIN": 2 * SECOND, "_MAX_ENTRIES": 20_000},
    "stream_counts": {"ALONE": 15 * MINUTE, "CARRIED": 65 * MINUTE, "ANEW": 6 * HOUR, "_MAX_ENTRIES": 20_000},
    # DynamoDB: bytes of a key, and how often what met a transaction is tried again.
    "tables": {"_LONGEST_HASH": 2_048, "_LONGEST_RANGE": 1_024},
    "conflicts": {"TRIES": 12, "SHORTEST": 0.01, "LONGEST": 0.5},
    "audit": {"_DAY": DAY},
}


@pytest.mark.parametrize("module", SAID)
def test_a_number_is_what_was_written_by(module: str) -> None:
    found = import_module(f"chalicelib.store.{module}")
    assert {name: getattr(found, name) for name in SAID[module]} == SAID[module]


@pytest.mark.parametrize("model", all_models(), ids=lambda model: model.__name__)
def test_a_table_is_given_up_before_a_function_is(model: Any) -> None:
    """An authorizer has five seconds, most functions thirty: a connection that hangs is another try's matter."""
    meta = model.Meta
    assert (meta.connect_timeout_seconds, meta.read_timeout_seconds, meta.max_retry_attempts) == (2, 5, 4)
    assert meta.billing_mode == "PAY_PER_REQUEST"
