"""What a node tells CloudWatch: a line a minute in the embedded metric format.

Of the stage, never of a device: each value of a dimension is a metric of its own, and is billed.
"""

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any, Protocol

NAMESPACE = "Homeport"
UNWELL, ASSOCIATIONS, REPORTS, FAILED, HANDSHAKES = (
    "GatewayUnwell",
    "GatewayAssociations",
    "GatewayReports",
    "GatewayFailedInvocations",
    "GatewayFailedHandshakes",
)
EVERY_S = 60.0


class Measured(Protocol):
    """A node."""

    health: Any
    platform: Any
    batches: Any
    served: Any


class Measuring:
    def __init__(self, stage: str, node: Measured, say: Callable[[str], object]) -> None:
        self._stage, self._node, self._say = stage, node, say
        self._before: dict[str, int] = {}

    async def run(self) -> None:
        while True:
            await asyncio.sleep(EVERY_S)
            self._say(json.dumps(self.line(int(time.time() * 1000))))

    def line(self, at: int) -> dict[str, Any]:
        """Since the line before; `at` in ms since 1970."""
        node = self._node
        servers = [coaps.server for _, coaps in node.served.values()]
        totals = {
            REPORTS: node.batches.reports,
            FAILED: node.platform.failures,
            HANDSHAKES: sum(server.counts.failed for server in servers),
        }
        since = {name: total - self._before.get(name, 0) for name, total in totals.items()}
        self._before = totals
        values = {
            UNWELL: int(node.health.wrong is not None),
            ASSOCIATIONS: sum(len(server) for server in servers),
            **since,
        }
        metrics = [{"Name": name, "Unit": "Count"} for name in values]
        told = {"Namespace": NAMESPACE, "Dimensions": [["Stage"]], "Metrics": metrics}
        return {"_aws": {"Timestamp": at, "CloudWatchMetrics": [told]}, "Stage": self._stage, **values}
