"""Events for webhooks, from their SQS queue: one a call, so that a slow webhook holds up no other."""

from typing import Any

from chalicelib.aws import pushes
from chalicelib.fleet import traces
from chalicelib.fleet.events import pushing
from chalicelib.fleet.ports import Ports


def handle(ports: Ports, event: dict[str, Any]) -> None:
    """What raises is tried again by SQS and kept in the dead-letter queue in the end."""
    for record in event["Records"]:
        push = pushes.load(record["body"])
        with traces.within(push.event):
            pushing.push(ports, push)
