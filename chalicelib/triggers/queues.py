"""Background work on queues: delivering one to its consumers, and removing what a deleted one left."""

from typing import Any

from chalicelib.aws.background import JOB
from chalicelib.fleet.jobs import Job
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.queues import publishing, pumping

RESERVE = 25_000
"""Milliseconds that must be left to begin another round: the longest confirmation and what comes after it."""


def pump(ports: Ports, event: dict[str, Any], remaining: int) -> None:
    """To its consumers, or what one left that is no more; `remaining` is how long (ms) we may run."""
    event, until = JOB.open(event), ports.clock.now() + max(0, remaining - RESERVE)
    match event["kind"]:
        case Job.PUMP:
            pumping.pump(ports, event["tenant"], event["queue"], until)
        case Job.PURGE:
            publishing.purge(ports, event["tenant"], event["queue"], event["purge"], until)
        case other:
            raise LookupError(f"this is not done here: {other}")
