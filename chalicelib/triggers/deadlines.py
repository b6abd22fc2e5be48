"""Deadlines that ran out, from Step Functions, and the sweep that finds what they missed."""

from typing import Any

from chalicelib.aws.deadlines import DEADLINE
from chalicelib.dialects import registry
from chalicelib.fleet import sweeping
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.queues import publishing
from chalicelib.triggers import metrics


def settle(ports: Ports, event: dict[str, Any]) -> None:
    """`{kind, tenant, …}`: for a command `{device, command}`. NotDue makes Step Functions ask again."""
    sweeping.timed(ports, DEADLINE.open(event))


def sweep(ports: Ports, *, everything: bool = False) -> dict[str, int]:
    """Errors: ExceptionGroup of what could not be settled; queues are woken all the same."""
    try:
        keepers = {**sweeping.KEEPERS, **registry.keepers()}
        inspected = sweeping.sweep(ports, everything=everything, keepers=keepers)
    finally:
        woken = publishing.sweep(ports, everything=everything)
    return {"inspected": inspected, "woken": woken}


def every_minute(ports: Ports, _event: object) -> dict[str, int]:
    done = sweep(ports)
    metrics.tell_overdue(ports)
    return done
