"""What is to be looked at again in a moment, on its way through an SQS queue, which holds it back for so long."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from chalicelib.fleet.shapes import Envelope

MESSAGE = Envelope()
LONGEST = 900
"""Seconds that SQS holds a message back."""


class SqsLater:
    """`client` makes the SQS client when it is first needed; `queue` is the queue's name."""

    def __init__(self, client: Callable[[], Any], queue: str) -> None:
        self._client = client
        self._queue = queue
        self._url = ""

    def send(self, dialect: str, matter: Mapping[str, Any], seconds: int) -> None:
        # Not caught: whoever asks is tried again, as nothing else would look.
        if not self._url:
            self._url = self._client().get_queue_url(QueueName=self._queue)["QueueUrl"]
        self._client().send_message(
            QueueUrl=self._url, MessageBody=dump(dialect, matter), DelaySeconds=min(seconds, LONGEST)
        )


def dump(dialect: str, matter: Mapping[str, Any]) -> str:
    return json.dumps(MESSAGE.seal({"dialect": dialect, "matter": dict(matter)}))


def load(text: str) -> tuple[str, Mapping[str, Any]]:
    body = MESSAGE.open(json.loads(text))
    return str(body["dialect"]), body["matter"]
