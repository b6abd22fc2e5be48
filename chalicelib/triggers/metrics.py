"""What the platform says of itself to CloudWatch: lines in the embedded metric format, which cost no call."""

import json
import logging
import os
from collections.abc import Callable
from itertools import islice
from typing import Any

from chalicelib.fleet.commands.records import Status
from chalicelib.fleet.ports import Ports

NAMESPACE = "Homeport"
OLDEST_OVERDUE = "OldestOverdueProcessing"
_LOOKED_AT = 25
_SECOND = 1_000


log = logging.getLogger(__name__)


def tell_overdue(ports: Ports, say: Callable[[str], object] | None = None) -> None:
    """How late the latest command is that the sweep has just left behind; after a healthy one there is none."""
    # CloudWatch reads a function's standard output; elsewhere nobody does.
    say = say or (print if "AWS_LAMBDA_FUNCTION_NAME" in os.environ else log.debug)
    say(json.dumps(_line(OLDEST_OVERDUE, most_overdue(ports), "Seconds", ports.clock.now())))


def most_overdue(ports: Ports) -> int:
    """Seconds past its deadline of the most overdue PROCESSING command, among the first that are due."""
    now = ports.clock.now()
    due = islice(ports.commands.due(after=0, until=now), _LOOKED_AT)
    found = (ports.commands.get(tenant, command) for tenant, _, command in due)
    late = (now - c.deadline for c in found if c is not None and c.status is Status.PROCESSING and c.deadline)
    return max((0, *late)) // _SECOND


def _line(name: str, value: float, unit: str, at: int) -> dict[str, Any]:
    """By stage and nothing else: each value of a dimension is a metric of its own, and is billed."""
    from aws_lambda_powertools.metrics.provider.cloudwatch_emf.cloudwatch import AmazonCloudWatchEMFProvider

    metrics = AmazonCloudWatchEMFProvider(namespace=NAMESPACE)
    metrics.add_dimension("Stage", os.environ.get("HOMEPORT_STAGE", "local"))
    metrics.add_metric(name=name, unit=unit, value=value)
    line: dict[str, Any] = dict(metrics.serialize_metric_set())
    line["_aws"]["Timestamp"] = at
    return line
