"""Events for webhooks on their way through an SQS queue, which keeps them, tries again, and keeps what never works."""

import base64
import json
from collections.abc import Callable
from typing import Any

from chalicelib.fleet.pushing import Push


class SqsPushes:
    """`client` makes the SQS client when it is first needed; `queue` is the queue's name."""

    def __init__(self, client: Callable[[], Any], queue: str) -> None:
        self._client = client
        self._queue = queue
        self._url = ""

    def send(self, push: Push) -> None:
        # Not caught: who told the event is tried again, as long as the queue does not have it.
        client = self._client()
        if not self._url:
            self._url = client.get_queue_url(QueueName=self._queue)["QueueUrl"]
        client.send_message(QueueUrl=self._url, MessageBody=dump(push))


def dump(push: Push) -> str:
    return json.dumps(
        {
            "tenant": push.tenant,
            "policy": push.policy,
            "action": push.action,
            "event": push.event,
            "body": base64.b64encode(push.body).decode(),
        }
    )


def load(text: str) -> Push:
    body = json.loads(text)
    payload = base64.b64decode(body["body"])
    return Push(body["tenant"], body["policy"], body["action"], body["event"], payload)
