"""Background work that we asked Lambda for ourselves: delivering, and closing connections."""

from typing import Any

from chalicelib.fleet import delivering
from chalicelib.fleet.ports import Ports

RESERVE = 25_000
"""Milliseconds that must be left to begin another delivery: the longest confirmation and what comes after it."""


def deliver(ports: Ports, event: dict[str, Any], remaining: int) -> None:
    """`{tenant, device}`; `remaining` is how long (ms) the function may still run."""
    until = ports.clock.now() + max(0, remaining - RESERVE)
    delivering.deliver(ports, event["tenant"], event["device"], until)


def disconnect(ports: Ports, event: dict[str, Any]) -> None:
    """`{client}`."""
    ports.delivery.disconnect(event["client"])
