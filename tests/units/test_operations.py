"""What every operation uses of AWS, exactly: a change that adds a read or a write shows here first."""

import json
from importlib import import_module
from pathlib import Path

import pytest

from bench.units import monthly, price
from bench.units.dialects import counted
from bench.units.used import Units as Used
from infra.stage import Stage
from tests.units.conftest import Units

pytestmark = pytest.mark.row("J4")
ROOT = Path(__file__).parents[2]
COUNTED = (
    "lambda_invocations",
    "dynamodb_write_units",
    "dynamodb_read_units",
    "iot_messages",
    "rules",
    "direct_messages",
    "sfn_transitions",
    "s3_requests",
    "sqs_requests",
)
EXPECTED = {
    operation: expected
    for dialect in counted()
    for operation, expected in import_module(f"tests.units.expected.{dialect}").EXPECTED.items()
}
FLOOR = 2.19
"""USD for a million messages of 1 KB with one write unit: message, rule and action, a function of 256 MB for 20 ms."""


def test_every_operation_is_counted(units: Units) -> None:
    assert list(units) == list(EXPECTED)


@pytest.mark.parametrize("operation", EXPECTED)
def test_an_operation_uses_exactly_this(units: Units, operation: str) -> None:
    found = {name: units[operation][name] for name in COUNTED}
    assert found == dict(zip(COUNTED, EXPECTED[operation], strict=True))


def test_telemetry_stays_near_the_floor(units: Units) -> None:
    row = units["telemetry"]
    assert row["dynamodb_write_units"] == 1
    assert row["dynamodb_read_units"] == 0
    assert row["usd_per_million"] <= 1.05 * FLOOR


def test_the_usual_device_costs_what_is_promised(units: Units) -> None:
    assert units["telemetry_usual"]["usd_per_million"] <= 2.6
    assert units["telemetry_alone"]["usd_per_million"] <= 3.0


def test_months_cost_what_is_promised(units: Units) -> None:
    small, minute = (Used(**units[name]) for name in ("telemetry_small", "idle_minute"))
    assert sum(line.usd for line in monthly.idle(Stage("dev"), minute)) <= 3
    assert sum(line.usd for line in monthly.fleet(Stage("prod"), 1_000, small, minute)) <= 40


@pytest.mark.parametrize("operation", ["command_none", "command_network"])
def test_a_command_to_a_connected_device_starts_no_workflow(units: Units, operation: str) -> None:
    assert units[operation]["sfn_transitions"] == 0
    assert units[operation]["dynamodb_write_units"] <= 10


def test_a_command_that_is_answered_in_time_starts_one_deadline(units: Units) -> None:
    assert units["command_applicative"]["sfn_transitions"] <= 2
    assert units["command_applicative"]["dynamodb_write_units"] <= 10


def test_a_queue_keeps_deadlines_for_less(units: Units) -> None:
    queued = units["command_applicative_queue"]
    assert queued["sfn_transitions"] == 0
    assert queued["usd_per_million"] <= 18
    assert queued["dynamodb_write_units"] == units["command_applicative"]["dynamodb_write_units"]


def test_an_offline_command_expires_with_three_transitions(units: Units) -> None:
    assert units["command_expired"]["sfn_transitions"] <= 3
    assert units["command_expired"]["dynamodb_write_units"] <= 8


def test_reading_a_device_takes_a_unit_a_record(units: Units) -> None:
    """The device, who is there, and the configuration and resources that it reported."""
    assert units["device_get"]["dynamodb_read_units"] <= 4


def test_a_limit_of_devices_costs_its_count_and_no_read(units: Units) -> None:
    free, limited = units["device_register"], units["device_register_limited"]
    assert limited["dynamodb_write_units"] - free["dynamodb_write_units"] == 2
    assert limited["dynamodb_read_units"] == free["dynamodb_read_units"] == 0


def test_coming_and_going_takes_few_writes(units: Units) -> None:
    assert units["connect_disconnect"]["dynamodb_write_units"] <= 8


def test_what_a_device_of_xyte_asks_for_costs_what_is_promised(units: Units) -> None:
    """Four requests for a command, without a deadline of its own; API Gateway takes $14 of it."""
    for command in ("xyte_command", "xyte_command_made", "xyte_command_mqtt"):
        assert units[command]["sfn_transitions"] == 0
    assert units["xyte_command"]["usd_per_million"] <= 25
    assert units["xyte_telemetry"]["usd_per_million"] <= 4.8
    assert units["xyte_telemetry_mqtt"]["usd_per_million"] <= 4.1


def test_a_notification_among_others_costs_what_is_promised(units: Units) -> None:
    assert units["lwm2m_notification_usual"]["usd_per_million"] <= 2.03


def test_every_price_names_its_source_and_its_date(tmp_path: Path) -> None:
    assert price.prices().per_million["iot_message"] > 0
    body = json.loads((ROOT / "bench" / "prices.json").read_text())
    body["prices"]["iot_message"]["source"] = ""
    (tmp_path / "prices.json").write_text(json.dumps(body))
    with pytest.raises(ValueError, match="no source"):
        price.prices(tmp_path / "prices.json")
