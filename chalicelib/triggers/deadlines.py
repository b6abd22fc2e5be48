"""Deadlines that ran out, from Step Functions, and the sweep that finds what they missed."""

import json
import logging
from typing import Any

from chalicelib.aws.deadlines import DEADLINE
from chalicelib.dialects import registry
from chalicelib.fleet import sweeping
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.queues import publishing
from chalicelib.triggers import metrics

log = logging.getLogger(__name__)

RESUMING = 15_000
"""Milliseconds of a minute for events that were postponed."""


def settle(ports: Ports, event: dict[str, Any]) -> dict[str, Any] | None:
    """`{kind, tenant, …}`: for a command `{device, command}`. NotDue makes Step Functions ask again.

    Or some of these as messages of a queue, which keeps those that are named in the answer.
    """
    if "Records" in event:
        failed = [record["messageId"] for record in event["Records"] if not _settled(ports, record)]
        return {"batchItemFailures": [{"itemIdentifier": each} for each in failed]}
    sweeping.timed(ports, DEADLINE.open(event))
    return None


def _settled(ports: Ports, record: dict[str, Any]) -> bool:
    """What goes wrong with one must not bring the others again."""
    try:
        sweeping.timed(ports, DEADLINE.open(json.loads(record["body"])))
    except Exception:
        log.exception("a deadline was not settled; it comes again")
        return False
    return True


def sweep(ports: Ports, *, everything: bool = False) -> dict[str, int]:
    """Errors: ExceptionGroup of what could not be settled; queues are woken all the same."""
    try:
        keepers = {**sweeping.KEEPERS, **registry.keepers()}
        inspected = sweeping.sweep(ports, everything=everything, keepers=keepers)
    finally:
        woken = publishing.sweep(ports, everything=everything)
    return {"inspected": inspected, "woken": woken}


def every_minute(ports: Ports, _event: object) -> dict[str, int]:
    try:
        done = sweep(ports)
    finally:
        resumed = ports.postponed.resume(ports.clock.now() + RESUMING)
    metrics.tell_overdue(ports)
    return {**done, "resumed": resumed}
