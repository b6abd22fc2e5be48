"""Deadlines that ran out, from Step Functions, and the sweep that finds what they missed."""

from typing import Any

from chalicelib.fleet import queueing, settling, sweeping
from chalicelib.fleet.ports import Ports


def settle(ports: Ports, event: dict[str, Any]) -> None:
    """`{tenant, device, command}`. NotDue makes Step Functions ask again."""
    settling.on_deadline(ports, event["tenant"], event["device"], event["command"])


def sweep(ports: Ports, *, everything: bool = False) -> dict[str, int]:
    inspected = sweeping.sweep(ports, everything=everything)
    return {"inspected": inspected, "woken": queueing.sweep(ports, everything=everything)}
