"""Each operation, performed once against the counting cloud, as what AWS would bill for it."""

import importlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

from bench.units import price
from bench.units.cloud import Cloud
from bench.units.dialects import counted
from bench.units.meter import Meter, Use
from bench.units.used import Units

ITEM = 100
"""Bytes that DynamoDB bills an item beside what is in it (developer guide, "Item sizes and formats")."""


class Bench(Protocol):
    """What operations are performed with. They say how often they did what is counted."""

    cloud: Cloud

    def warm(self) -> None:
        """Have everything remembered that usually is."""


@dataclass(frozen=True, slots=True)
class Row:
    name: str
    units: Units
    api_requests: float
    writes: tuple[Use, ...] = field(default=())
    reads: tuple[Use, ...] = field(default=())
    memory: Mapping[str, int] = field(default_factory=dict)

    def json(self) -> dict[str, float]:
        return asdict(self.units)


def measure() -> list[Row]:
    """All operations of every dialect, in the order of the table."""
    with Cloud().running() as cloud:
        return [row for dialect in counted() for row in _of(importlib.import_module(f"{__package__}.{dialect}"), cloud)]


def _of(dialect: Any, cloud: Cloud) -> Iterator[Row]:
    bench: Bench = dialect.Bench(cloud)
    return (_measured(bench, operation) for operation in dialect.OPERATIONS)


def _measured(bench: Bench, operation: Callable[[Bench], int]) -> Row:
    bench.warm()
    bench.cloud.know_stage_key()
    meter = bench.cloud.meter
    with meter.measuring():
        times = operation(bench)
    return _row(operation.__name__, meter, times)


def _row(name: str, meter: Meter, times: int) -> Row:
    calls = meter.calls

    def counted(*prefixes: str) -> float:
        return _tidy(sum(n for what, n in calls.items() if what.startswith(prefixes)) / times)

    invoked = price.invocations(calls)
    counts = {
        "lambda_invocations": _tidy(sum(invoked.values()) / times),
        "dynamodb_write_units": _tidy(meter.writes() / times),
        "dynamodb_read_units": _tidy(meter.reads() / times),
        "iot_messages": counted("iot:message"),
        "rules": counted("rule:"),
        "direct_messages": counted("iot-data:SendDirectMessage"),
        "sfn_transitions": counted("states:transition"),
        "s3_requests": counted("s3:"),
        "sqs_requests": counted("sqs:"),
    }
    api = counted("apigateway:")
    usd = _usd(counts, api, {f: n / times for f, n in invoked.items()}, {k: n / times for k, n in meter.waits.items()})
    return Row(
        name,
        Units(**counts, usd_per_million=round(usd, 2), stored_bytes=_tidy(stored(meter) / times)),
        api,
        writes=tuple(use for use in meter.uses if use.writes),
        reads=tuple(use for use in meter.uses if use.reads),
        memory=Counter(invoked),
    )


def stored(meter: Meter) -> int:
    return sum(use.size + ITEM for use in meter.uses if use.what == "PutItem messages")


def _usd(
    counts: Mapping[str, float], api: float, invoked: Mapping[str, float], waits: Mapping[tuple[str, str], float]
) -> float:
    listed = price.prices()
    billed = {
        "lambda_request": counts["lambda_invocations"],
        "dynamodb_write": counts["dynamodb_write_units"],
        "dynamodb_read": counts["dynamodb_read_units"],
        "iot_message": counts["iot_messages"],
        "iot_rule": counts["rules"],
        "direct_message": counts["direct_messages"],
        "sfn_transition": counts["sfn_transitions"],
        "s3_request": counts["s3_requests"],
        "sqs_request": counts["sqs_requests"],
        "api_request": api,
    }
    return sum(n * listed.per_million[what] for what, n in billed.items()) + listed.compute(invoked, waits)


def _tidy(number: float) -> float:
    return round(number, 4)
