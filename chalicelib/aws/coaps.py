"""Hints for the CoAP gateway, in a queue that it reads."""

import json
import logging
import os
from collections.abc import Callable
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

URI = "HOMEPORT_COAPS_URI"
"""The environment variable that says where devices register."""

log = logging.getLogger(__name__)


NODES = "HOMEPORT_COAPS_NODES"
"""The environment variable that says how many nodes of the gateway there are; one where it is not set."""


def nodes() -> int:
    return int(os.environ.get(NODES) or 1)


class SqsCoapGateways:
    """Every node has a queue, and hears everything: which of them a device speaks to just now, no record says.

    `client` makes the SQS client when it is first needed; `queue` is the name of the first node's queue, and the
    others' have their number after it.
    """

    def __init__(self, client: Callable[[], Any], queue: str, nodes: int = 1) -> None:
        self._client = client
        self._queues = [queue, *(f"{queue}-{number}" for number in range(1, nodes))]
        self._urls: dict[str, str] = {}

    @property
    def uri(self) -> str:
        return os.environ.get(URI, "")

    def wake(self, principal: str) -> None:
        self._send({"wake": principal})

    def forget(self, principal: str) -> None:
        self._send({"forget": principal})

    def _send(self, hint: dict[str, str]) -> None:
        for queue in self._queues:
            self._send_to(queue, json.dumps(hint))

    def _send_to(self, queue: str, hint: str) -> None:
        try:
            if queue not in self._urls:
                self._urls[queue] = self._client().get_queue_url(QueueName=queue)["QueueUrl"]
            self._client().send_message(QueueUrl=self._urls[queue], MessageBody=hint)
        except (ClientError, BotoCoreError) as error:
            # What waits stands in the store, and every message of a device is held against what it is known by now.
            log.warning("the gateway was not told: %s", error)
