"""Deadlines as messages that SQS hides until they are due: fifteen minutes at most, and none is armed earlier.

A message cannot be called back: one whose command has ended meanwhile comes all the same, and finds nothing to do.
"""

import json
import logging
from collections.abc import Callable
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.aws.deadlines import DEADLINE
from chalicelib.fleet.ports import Clock

QUEUE = "deadlines"
LONGEST = 900
"""Seconds that SQS hides a message at most (API reference, SendMessage, DelaySeconds)."""
log = logging.getLogger(__name__)


class QueuedDeadlines:
    """`client` makes the SQS client when it is first needed; `queue` is the queue's name."""

    def __init__(self, client: Callable[[], Any], queue: str, clock: Clock) -> None:
        self._client = client
        self._queue = queue
        self._clock = clock
        self._url = ""

    def start(self, name: str, due: int, subject: dict[str, Any]) -> bool:
        """Started twice, it comes twice: whoever settles it looks at what there is."""
        # Rounded up, so that it does not come early.
        seconds = max(0, -(-(due - self._clock.now()) // 1000))
        try:
            self._client().send_message(
                QueueUrl=self.find(),
                MessageBody=json.dumps(DEADLINE.seal(subject)),
                DelaySeconds=min(seconds, LONGEST),
            )
        except (ClientError, BotoCoreError) as error:
            # The record itself carries the deadline: the caller lets the sweep look after it.
            log.warning("deadline %s was not started: %s", name, error)
            return False
        return True

    def stop(self, name: str) -> None:
        """It comes all the same."""

    def find(self) -> str:
        """The queue's address, which is asked once."""
        if not self._url:
            self._url = self._client().get_queue_url(QueueName=self._queue)["QueueUrl"]
        return self._url
