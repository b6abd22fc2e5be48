"""Background work that we asked Lambda for ourselves: delivering, and closing connections."""

from typing import Any

from chalicelib.aws.background import JOB
from chalicelib.fleet import delivering
from chalicelib.fleet.access import inheriting
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.presence import fencing, relaying

RESERVE = 25_000
"""Milliseconds that must be left to begin another delivery: the longest confirmation and what comes after it."""

PAGE = 5_000
"""As much for another page of clients to be disconnected."""


def deliver(ports: Ports, event: dict[str, Any], remaining: int) -> None:
    """`{tenant, device}`, or all that wait behind a gateway: `{tenant, gateway}`.

    `remaining` is how long (ms) the function may still run.
    """
    event, until = JOB.open(event), ports.clock.now() + max(0, remaining - RESERVE)
    if "gateway" in event:
        relaying.wake(ports, event["tenant"], event["gateway"], until)
    else:
        delivering.deliver(ports, event["tenant"], event["device"], until)


def disconnect(ports: Ports, event: dict[str, Any], remaining: int) -> None:
    """`{client}`, with `generation` as far as a claim's fence goes, or all clients of a key: `{tenant, key, after}`.

    `remaining` as for `deliver`.
    """
    event, until = JOB.open(event), ports.clock.now() + max(0, remaining - PAGE)
    if "key" in event:
        inheriting.close(ports, event["tenant"], event["key"], event["after"], until)
    elif "generation" in event:
        fencing.close(ports, event["client"], event["generation"], until)
    else:
        ports.delivery.disconnect(event["client"])
