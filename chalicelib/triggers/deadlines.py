"""Deadlines that ran out, from Step Functions, and the sweep that finds what they missed."""

from typing import Any

from chalicelib.aws.deadlines import DEADLINE
from chalicelib.fleet import sweeping
from chalicelib.fleet.data import deleting
from chalicelib.fleet.inventory import numbering, removing
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.queues import publishing
from chalicelib.triggers import metrics

TIDIES = 15_000
"""Milliseconds of a sweep for work that may take many."""


def settle(ports: Ports, event: dict[str, Any]) -> None:
    """`{kind, tenant, …}`: for a command `{device, command}`. NotDue makes Step Functions ask again."""
    sweeping.timed(ports, DEADLINE.open(event))


def sweep(ports: Ports, *, everything: bool = False) -> dict[str, int]:
    inspected = sweeping.sweep(ports, everything=everything)
    woken = publishing.sweep(ports, everything=everything)
    return {"inspected": inspected, "woken": woken, "removed": tidy(ports)}


def every_minute(ports: Ports, _event: object) -> dict[str, int]:
    done = sweep(ports)
    metrics.tell_overdue(ports)
    return done


def tidy(ports: Ports) -> int:
    """Go on with long work that somebody began: how many deletions are through."""
    until = ports.clock.now() + TIDIES
    removed = removing.sweep(ports, until) + deleting.sweep(ports, until)
    numbering.sweep(ports, until)
    return removed
