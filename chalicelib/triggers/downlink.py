"""Background work that we asked Lambda for ourselves: delivering, and closing connections."""

from typing import Any

from chalicelib.aws.background import JOB
from chalicelib.fleet import delivering
from chalicelib.fleet.access import inheriting
from chalicelib.fleet.jobs import Job
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.presence import fencing, relaying

RESERVE = 25_000
"""Milliseconds that must be left to begin another delivery: the longest confirmation and what comes after it."""

PAGE = 5_000
"""As much for another page of clients to be disconnected."""


def deliver(ports: Ports, event: dict[str, Any], remaining: int) -> None:
    """To a device, or to all that wait behind a gateway; `remaining` is how long (ms) the function may still run."""
    event, until = JOB.open(event), ports.clock.now() + max(0, remaining - RESERVE)
    match event["kind"]:
        case Job.DELIVER:
            delivering.deliver(ports, event["tenant"], event["device"], until)
        case Job.WAKE:
            relaying.wake(ports, event["tenant"], event["gateway"], until)
        case other:
            raise LookupError(f"this is not done here: {other}")


def disconnect(ports: Ports, event: dict[str, Any], remaining: int) -> None:
    """A client, as far as its claim's fence goes, or all clients of a key; `remaining` as for `deliver`."""
    event, until = JOB.open(event), ports.clock.now() + max(0, remaining - PAGE)
    match event["kind"]:
        case Job.DISCONNECT:
            _disconnect(ports, event["client"], event.get("tenant"))
        case Job.FENCE:
            fencing.close(ports, event["client"], event["generation"], until)
        case Job.REVOKE:
            inheriting.close(ports, event["tenant"], event["key"], event["after"], until)
        case other:
            raise LookupError(f"this is not done here: {other}")


def _disconnect(ports: Ports, client: str, tenant: str | None) -> None:
    """What was asked for hours ago is not to close the connection of whoever has had the id since."""
    held = ports.claims.current(client) if tenant is not None else None
    if held is None or held.tenant == tenant:
        ports.delivery.disconnect(client)
