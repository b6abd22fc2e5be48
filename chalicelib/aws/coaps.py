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


class SqsCoapGateways:
    """`client` makes the SQS client when it is first needed; `queue` is the queue's name."""

    def __init__(self, client: Callable[[], Any], queue: str) -> None:
        self._client = client
        self._queue = queue
        self._url = ""

    @property
    def uri(self) -> str:
        return os.environ.get(URI, "")

    def wake(self, principal: str) -> None:
        self._send({"wake": principal})

    def forget(self, principal: str) -> None:
        self._send({"forget": principal})

    def _send(self, hint: dict[str, str]) -> None:
        try:
            if not self._url:
                self._url = self._client().get_queue_url(QueueName=self._queue)["QueueUrl"]
            self._client().send_message(QueueUrl=self._url, MessageBody=json.dumps(hint))
        except (ClientError, BotoCoreError) as error:
            # What waits stands in the store, and every message of a device is held against what it is known by now.
            log.warning("the gateway was not told: %s", error)
