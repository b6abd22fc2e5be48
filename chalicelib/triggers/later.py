"""What a dialect wanted to look at again in a moment, from its SQS queue: one a call."""

from typing import Any

from chalicelib.aws import later
from chalicelib.dialects import registry
from chalicelib.fleet.ports import Ports


def handle(ports: Ports, event: dict[str, Any]) -> None:
    """What raises is tried again by SQS and kept in the dead-letter queue in the end."""
    for record in event["Records"]:
        dialect, matter = later.load(record["body"])
        registry.resumer(dialect).resume(ports, matter)
