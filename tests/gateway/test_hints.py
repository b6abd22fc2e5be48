"""Hints from a queue that comes and goes, and holds what is none."""

import threading
from typing import Any

import pytest
from botocore.exceptions import ClientError

from infra.gateway.hints import Hints, distinct


class Queue:
    """A client of SQS with a script: what each question finds, or how it fails."""

    def __init__(self, *script: Any) -> None:
        self._script, self.over = list(script), threading.Event()
        self.urls: list[str] = []
        self.deleted: list[str] = []

    def get_queue_url(self, *, QueueName: str) -> dict[str, str]:  # noqa: N803 - botocore's
        self.urls.append(QueueName)
        return {"QueueUrl": f"https://sqs/{QueueName}"}

    def receive_message(self, **_: Any) -> dict[str, Any]:
        if not self._script:
            self.over.set()
            return {}
        found = self._script.pop(0)
        if isinstance(found, Exception):
            raise found
        return {"Messages": [{"Body": body, "ReceiptHandle": f"r-{body}"} for body in found]} if found else {}

    def delete_message_batch(self, *, QueueUrl: str, Entries: list[dict[str, str]]) -> None:  # noqa: N803, ARG002 - same
        self.deleted += [entry["ReceiptHandle"] for entry in Entries]


def heard(queue: Queue) -> tuple[list[Any], list[bool]]:
    told: list[Any] = []
    missed: list[bool] = []
    hints = Hints(queue, "coaps", told.append, lambda: missed.append(True), pauses=(0.0,))
    thread = threading.Thread(target=hints.run)
    thread.start()
    assert queue.over.wait(60)
    hints.stop()
    thread.join(60)
    return told, missed


def test_what_is_said_twice_at_once_is_heard_once_and_what_is_no_hint_is_taken_away() -> None:
    queue = Queue(['{"wake": "a"}', '{"wake": "a"}', "{", "[]", '{"wake": 7}', '{"other": "x"}'], ['{"forget": "b"}'])
    told, missed = heard(queue)
    assert told == [{"wake": "a"}, {"forget": "b"}]
    assert len(queue.deleted) == 7
    assert missed == []


def test_a_queue_that_was_away_is_found_again_and_what_may_have_passed_is_looked_for() -> None:
    away = ClientError({"Error": {"Code": "AWS.SimpleQueueService.NonExistentQueue"}}, "ReceiveMessage")
    queue = Queue(['{"wake": "a"}'], away, ConnectionError("away"), [], ['{"wake": "b"}'])
    told, missed = heard(queue)
    assert told == [{"wake": "a"}, {"wake": "b"}]
    assert missed == [True]
    assert len(queue.urls) == 3


@pytest.mark.parametrize(
    "poison",
    [
        "[" * 200_000,
        '{"wake": ' * 100_000,
        "1" * 100_000,
        "\udc80",
        "",
        "\0",
        '{"wake": null}',
        '{"forget": ["a"]}',
        "NaN",
    ],
)
def test_nothing_that_is_put_into_the_queue_ends_who_reads_it(poison: str) -> None:
    told, missed = heard(Queue([poison, '{"wake": "a"}'], [poison], ['{"forget": "b"}']))
    assert told == [{"wake": "a"}, {"forget": "b"}]
    assert missed == []


def test_an_order_is_kept() -> None:
    bodies = ['{"wake": "b"}', '{"forget": "b"}', '{"wake": "a"}']
    assert distinct(bodies) == [{"wake": "b"}, {"forget": "b"}, {"wake": "a"}]
