"""What the CoAP gateway asks, one event an invocation; it waits for the answer."""

from typing import Any

from chalicelib.dialects.lwm2m import gateway
from chalicelib.fleet.ports import Ports


def handle(ports: Ports, event: dict[str, Any]) -> dict[str, Any]:
    """An event of `infra.gateway`, whose `kind` says what it asks."""
    return gateway.handle(ports, event)
