"""What a stage costs a month, with nobody in it and with a fleet of usual devices: a line a service, zeros included."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bench.units import price
from bench.units.used import Units
from infra import description
from infra.settings import CLASSES
from infra.stage import Stage
from infra.templates import alarms

DAYS = 30.4
"""Of a month."""
GB = 1 << 30
KEPT = 365
"""Days that messages are kept unless somebody says otherwise."""
EVERY = 5
"""Minutes between two messages of a usual device."""
_MINUTES = DAYS * 24 * 60
_POLLERS, _POLLS_A_MINUTE = 5, 3
"""What Lambda asks a queue with at least: so many ask at once, for twenty seconds each."""
_METRICS = 1
_LOGGED_A_SWEEP = 700
"""Bytes: the metric and Lambda's own line."""
_KEY_KEPT = 5
"""Minutes for which DynamoDB remembers a table's key, for each role that asks."""
_SWEPT_TABLES = 8
_BUSY_TABLES = 12
"""Tables that uplink, presence and authorizer touch all the time, added up."""
INFREQUENT = 1.25
"""What reads and writes of such a table cost of the usual price."""


@dataclass(frozen=True, slots=True)
class Line:
    """USD a month for one service, and what it does for that."""

    service: str
    usd: float
    what: str


def storage(bytes_: float, days: float, *, infrequent: bool) -> tuple[float, float]:
    """USD for a million messages over all the days that they are kept: storage, and its continuous backup."""
    listed = price.prices().months
    months = bytes_ * 1e6 / GB * days / DAYS
    return months * listed["dynamodb_gb_infrequent" if infrequent else "dynamodb_gb"], months * listed[
        "dynamodb_gb_backup"
    ]


def dearer_writes(units: float = 1) -> float:
    """USD a million messages: what their writes cost more in the infrequent-access class."""
    return units * price.prices().per_million["dynamodb_write"] * (INFREQUENT - 1)


def pays_from(bytes_: float) -> float:
    """Days of retention from which infrequent access is cheaper, where messages are read seldom."""
    listed = price.prices().months
    a_month = bytes_ * 1e6 / GB * (listed["dynamodb_gb"] - listed["dynamodb_gb_infrequent"])
    return dearer_writes() / a_month * DAYS


def idle(stage: Stage, minute: Units) -> list[Line]:
    """A stage with nobody in it. `minute` is what the sweep uses of AWS each minute."""
    listed = price.prices()
    million = listed.per_million
    reads = minute.dynamodb_read_units * _MINUTES * million["dynamodb_read"] / 1e6
    sweep = minute.usd_per_million * _MINUTES / 1e6 - reads
    polls = _POLLERS * _POLLS_A_MINUTE * _MINUTES * million["sqs_request"] / 1e6
    many = len(alarms.alarms(stage))
    keys = _SWEPT_TABLES * _MINUTES / _KEY_KEPT * million["kms_request"] / 1e6
    return [
        Line("CloudWatch alarms", many * listed.months["alarm"], f"{many} of them"),
        Line("CloudWatch metrics", _METRICS * listed.months["metric"], "the oldest overdue command"),
        Line("CloudWatch Logs", _LOGGED_A_SWEEP * _MINUTES / GB * listed.months["log_gb"], "the sweep's lines"),
        Line("DynamoDB", reads, f"the sweep looks at what is due in {len(description.tables())} tables' indexes"),
        Line("Lambda", sweep, "the sweep, once a minute"),
        Line("SQS", polls, "five pollers of the queue of webhooks"),
        Line("KMS", keys, "the tables' keys, once in five minutes a table"),
        *(
            Line(service, 0, why)
            for service, why in (
                ("IoT Core", "billed by messages and connections"),
                ("API Gateway", "billed by requests; no cache"),
                ("Step Functions", "billed by transitions"),
                ("EventBridge", "schedules are free"),
                ("S3", "an empty bucket, and kilobytes of what was deployed"),
                ("Systems Manager", "one standard parameter is free"),
                ("SNS", "the first thousand e-mails are free"),
                ("VPC, NAT, load balancers, containers", "there are none"),
                ("WAF, CloudFront, Route 53", "there are none"),
                ("Data transfer", "into AWS is free; answers and downlinks of an empty stage are none"),
            )
        ),
    ]


def fleet(stage: Stage, devices: int, message: Units, minute: Units, *, months: int = 1) -> list[Line]:
    """The bill of that month of a stage with so many devices that are always connected and send every five minutes."""
    listed = price.prices()
    million = listed.per_million
    messages = devices * _MINUTES / EVERY
    share = messages / 1e6
    # Of what is sent in a month half is stored for all of it on average; what came before, for all of it.
    kept = message.stored_bytes * messages / GB * (min(months - 1, KEPT / DAYS) + 0.5)
    functions = message.lambda_invocations * million["lambda_request"]
    billed = {
        "iot": message.iot_messages * million["iot_message"] + message.rules * million["iot_rule"],
        "writes": message.dynamodb_write_units * million["dynamodb_write"] + dearer_writes(),
        "reads": message.dynamodb_read_units * million["dynamodb_read"],
    }
    rest = message.usd_per_million + dearer_writes() - sum(billed.values())
    keys = _BUSY_TABLES * _MINUTES / _KEY_KEPT * million["kms_request"] / 1e6
    still = sum(line.usd for line in idle(stage, minute))
    return [
        Line("IoT Core: messages and rules", billed["iot"] * share, f"{messages / 1e6:.1f} million messages"),
        Line("IoT Core: connections", devices * _MINUTES * million["iot_minute"] / 1e6, f"{devices} of them"),
        Line("Lambda", rest * share, f"of which {functions * share:.2f} for being asked"),
        Line("DynamoDB: writes", billed["writes"] * share, f"{message.dynamodb_write_units:g} units a message"),
        Line("DynamoDB: reads", billed["reads"] * share, f"{message.dynamodb_read_units:g} units a message"),
        Line("DynamoDB: storage", kept * listed.months["dynamodb_gb_infrequent"], f"{kept:.1f} GB on average"),
        Line("DynamoDB: continuous backup", kept * listed.months["dynamodb_gb_backup"], "of the same"),
        Line("KMS", keys, "the tables' keys"),
        Line("the stage itself", still, "as with nobody in it"),
    ]


def table(title: str, lines: Sequence[Line]) -> str:
    rows = [f"  {line.service:38}{line.usd:>8.2f}  {line.what}" for line in lines]
    return "\n".join([title, *rows, f"  {'together':38}{sum(line.usd for line in lines):>8.2f}"])


def report(units: Mapping[str, Units]) -> str:
    """All that is said of months, from the units of the operations."""
    minute, usual, small = units["idle_minute"], units["telemetry_usual"], units["telemetry_small"]
    parts = [_kept(f"messages of {name}", row) for name, row in (("1 KB", usual), ("300 bytes", small))]
    parts += [
        table(f"\nstage {stage.name} with nobody in it, USD a month", idle(stage, minute))
        for stage in (Stage("dev"), Stage("prod"))
    ]
    prod = Stage("prod")
    for months, which in ((1, "first"), (12, "twelfth")):
        title = f"\n1,000 devices, 300 bytes every five minutes, stage prod, {which} month, USD"
        parts.append(table(title, fleet(prod, 1_000, small, minute, months=months)))
    return "\n".join(parts)


def _kept(what: str, row: Units) -> str:
    said = [f"\n{what}: {row.stored_bytes:.0f} bytes in the table; a million of them, kept for {KEPT} days, USD"]
    for name in CLASSES:
        infrequent = name == "infrequent"
        stored, backup = storage(row.stored_bytes, KEPT, infrequent=infrequent)
        writes = row.usd_per_million + (dearer_writes() if infrequent else 0)
        whole = writes + stored + backup
        said.append(f"  {name:12} sent {writes:.2f} + stored {stored:.2f} + backup {backup:.2f} = {whole:.2f}")
    return "\n".join([*said, f"  infrequent is cheaper from {pays_from(row.stored_bytes):.0f} days on"])
