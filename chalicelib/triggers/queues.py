"""Background work on queues: delivering one to its consumers, and removing what a deleted one left."""

from typing import Any

from chalicelib.aws.background import JOB
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.queues import publishing, pumping

RESERVE = 25_000
"""Milliseconds that must be left to begin another round: the longest confirmation and what comes after it."""


def pump(ports: Ports, event: dict[str, Any], remaining: int) -> None:
    """`{tenant, queue}`, with `purge` the id of a queue that is no more; `remaining` is how long (ms) we may run."""
    event, until = JOB.open(event), ports.clock.now() + max(0, remaining - RESERVE)
    if "purge" in event:
        publishing.purge(ports, event["tenant"], event["queue"], event["purge"], until)
    else:
        pumping.pump(ports, event["tenant"], event["queue"], until)
