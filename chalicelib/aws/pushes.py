"""Events for webhooks on their way through an SQS queue, which keeps them, tries again, and keeps what never works."""

import json
from collections.abc import Callable, Iterator
from typing import Any

from chalicelib.fleet.errors import TemporarilyUnavailable
from chalicelib.fleet.events.records import Push
from chalicelib.fleet.shapes import Envelope, Kind

MESSAGE = Envelope()
_PUSH = Kind(Push)
_MOST, _LARGEST = 10, 250_000
"""Messages and characters of one batch."""


class SqsPushes:
    """`client` makes the SQS client when it is first needed; `queue` is the queue's name."""

    def __init__(self, client: Callable[[], Any], queue: str) -> None:
        self._client = client
        self._queue = queue
        self._url = ""

    def send(self, *pushes: Push) -> None:
        # Not caught: who told the events is tried again, as long as the queue does not have them all.
        for batch in _batches([(push.tenant, dump(push)) for push in pushes]):
            # The group makes SQS take turns between tenants (fair queues): one slow webhook is not everybody's.
            entries = [
                {"Id": str(number), "MessageBody": body, "MessageGroupId": tenant}
                for number, (tenant, body) in enumerate(batch)
            ]
            failed = self._client().send_message_batch(QueueUrl=self._address(), Entries=entries).get("Failed", ())
            if failed:
                raise TemporarilyUnavailable(f"{len(failed)} events did not get into the queue for webhooks")

    def _address(self) -> str:
        if not self._url:
            self._url = self._client().get_queue_url(QueueName=self._queue)["QueueUrl"]
        return self._url


def _batches(messages: list[tuple[str, str]]) -> Iterator[list[tuple[str, str]]]:
    """As many as SQS takes at once."""
    batch: list[tuple[str, str]] = []
    for tenant, body in messages:
        if batch and (len(batch) == _MOST or sum(len(held) for _, held in batch) + len(body) > _LARGEST):
            yield batch
            batch = []
        batch.append((tenant, body))
    if batch:
        yield batch


def dump(push: Push) -> str:
    return json.dumps(MESSAGE.seal(_PUSH.body(push)))


def load(text: str) -> Push:
    return _PUSH.read(MESSAGE.open(json.loads(text)))
