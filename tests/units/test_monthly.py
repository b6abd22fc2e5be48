"""What a stage costs a month: every service has its line, and the goals that the product promises are met."""

from dataclasses import replace

import pytest

from bench.units import monthly, price
from bench.units.used import Units
from chalicelib.fleet.tenancy.records import DAY, Kept
from chalicelib.fleet.tenancy.retention import DEFAULTS
from infra.settings import CLASSES, Settings
from infra.stage import Stage
from infra.templates import alarms

USUAL = Units(1, 1.3472, 1, 1, 1, 0, 0, 0, 0, 2.57, 450)
MINUTE = Units(1, 0, 20, 0, 0, 0, 0, 0, 0, 5.0, 0)


def total(lines: list[monthly.Line]) -> float:
    return sum(line.usd for line in lines)


def test_a_stage_for_trials_has_few_alarms_and_one_for_production_all() -> None:
    few, every = (alarms.alarms(Stage(name)) for name in ("trial", "prod"))
    assert {alarm.name for alarm in few} == alarms.FEW
    assert {"throttled-writes-messages", "throttled-reads-claims"} <= {alarm.name for alarm in every}
    assert {alarm.name for alarm in few} <= {alarm.name for alarm in every}


def test_whatever_fails_for_good_is_told_by_some_alarm_of_a_stage_for_trials() -> None:
    metrics = {(alarm.namespace, alarm.metric) for alarm in alarms.alarms(Stage("dev"))}
    assert {("AWS/SQS", "ApproximateNumberOfMessagesVisible"), ("AWS/Lambda", "Errors")} <= metrics


def test_every_service_of_an_empty_stage_has_a_line_and_zeros_say_why() -> None:
    lines = monthly.idle(Stage("dev"), MINUTE)
    assert len({line.service for line in lines}) == len(lines)
    assert all(line.what for line in lines)
    assert {"IoT Core", "API Gateway", "S3", "SQS", "Lambda", "DynamoDB", "KMS"} <= {line.service for line in lines}
    assert all(line.usd >= 0 for line in lines)


def test_alarms_are_said_in_dollars() -> None:
    (line,) = [each for each in monthly.idle(Stage("prod"), MINUTE) if each.service == "CloudWatch alarms"]
    assert line.usd == pytest.approx(0.1 * len(alarms.alarms(Stage("prod"))))


def test_what_is_stored_costs_what_its_bytes_and_months_are() -> None:
    stored, backup = monthly.storage(monthly.GB / 1e6, monthly.DAYS, infrequent=False)
    assert stored == pytest.approx(0.25)
    assert backup == pytest.approx(0.20)
    assert monthly.storage(monthly.GB / 1e6, 2 * monthly.DAYS, infrequent=True)[0] == pytest.approx(0.20)


@pytest.mark.parametrize("size", [300, 450, 700, 1_100])
def test_infrequent_access_pays_from_where_it_says(size: int) -> None:
    days = monthly.pays_from(size)
    standard, infrequent = (monthly.storage(size, days, infrequent=each)[0] for each in (False, True))
    assert infrequent + monthly.dearer_writes() == pytest.approx(standard)


def test_messages_are_kept_long_enough_for_the_class_that_is_usual() -> None:
    assert DEFAULTS[Kept.MESSAGES] == monthly.KEPT * DAY
    assert CLASSES[Settings().message_class] == "STANDARD_INFREQUENT_ACCESS"
    assert monthly.pays_from(300) < monthly.KEPT


def test_a_month_of_a_fleet_grows_with_what_is_kept_until_that_ends() -> None:
    def of(month: int) -> float:
        return total(monthly.fleet(Stage("prod"), 1_000, USUAL, MINUTE, months=month))

    assert of(1) < of(6) < of(12)
    assert of(14) == of(20)


def test_the_lines_of_a_fleet_add_up_to_its_messages_and_the_rest() -> None:
    """Nothing of a message's price is lost between the lines."""
    dearer = replace(USUAL, usd_per_million=USUAL.usd_per_million + 1)
    million = 1e6 / (monthly.DAYS * 24 * 60 / monthly.EVERY)
    first, second = (total(monthly.fleet(Stage("dev"), round(million), row, MINUTE)) for row in (USUAL, dearer))
    assert second - first == pytest.approx(1, abs=0.01)


def test_every_price_of_a_month_is_known() -> None:
    assert set(price.prices().months) >= {
        "dynamodb_gb",
        "dynamodb_gb_infrequent",
        "dynamodb_gb_backup",
        "alarm",
        "metric",
    }
