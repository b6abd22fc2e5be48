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
    directive = {"Namespace": NAMESPACE, "Dimensions": [["Stage"]], "Metrics": [{"Name": name, "Unit": unit}]}
    stage = os.environ.get("HOMEPORT_STAGE", "local")
    return {"_aws": {"Timestamp": at, "CloudWatchMetrics": [directive]}, "Stage": stage, name: value}
