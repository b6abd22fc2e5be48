"""Deadlines as messages that SQS hides: none comes early, and one that could not be sent is owned up to."""

import json
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.aws.deadlines import DEADLINE
from chalicelib.aws.delayed_deadlines import LONGEST, QueuedDeadlines
from chalicelib.fleet.commands.records import PATROL
from chalicelib.triggers import deadlines
from tests.fakes import MemoryPorts, SetClock

SUBJECT = {"kind": "command", "tenant": "t", "device": "d", "command": "c"}


class Sqs:
    """As much of SQS as deadlines take; `error` is what it answers with."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.sent: list[dict[str, Any]] = []
        self.asked = 0

    def get_queue_url(self, QueueName: str) -> dict[str, str]:  # noqa: N803 - AWS's names
        self.asked += 1
        return {"QueueUrl": f"https://queues.example/{QueueName}"}

    def send_message(self, **asked: Any) -> None:
        if self.error is not None:
            raise self.error
        self.sent.append(asked)


def kept(sqs: Sqs, clock: SetClock) -> QueuedDeadlines:
    return QueuedDeadlines(lambda: sqs, "app-x-deadlines", clock)


def refused(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": code}}, "SendMessage")


@pytest.mark.parametrize(("left", "hidden"), [(-5_000, 0), (0, 0), (1, 1), (1_500, 2), (60_000, 60), (PATROL, LONGEST)])
def test_a_message_is_hidden_until_it_is_due_and_never_shorter(left: int, hidden: int) -> None:
    sqs, clock = Sqs(), SetClock()
    assert kept(sqs, clock).start("c-1", clock.now() + left, SUBJECT)
    (sent,) = sqs.sent
    assert sent["DelaySeconds"] == hidden
    assert sent["QueueUrl"] == "https://queues.example/app-x-deadlines"
    assert DEADLINE.open(json.loads(sent["MessageBody"])) == SUBJECT


def test_a_queue_can_hide_as_long_as_deadlines_are_armed_ahead() -> None:
    assert LONGEST * 1000 >= PATROL


def test_nothing_is_asked_to_stop_one() -> None:
    sqs = Sqs(refused("Any"))
    kept(sqs, SetClock()).stop("c-1")
    assert sqs.asked == 0


@pytest.mark.parametrize("error", [refused("ThrottlingException"), BotoCoreError()])
def test_a_message_that_could_not_be_sent_is_owned_up_to(error: Exception) -> None:
    clock = SetClock()
    assert not kept(Sqs(error), clock).start("c-1", clock.now(), SUBJECT)


def test_the_queue_is_looked_up_once() -> None:
    sqs, clock = Sqs(), SetClock()
    keeper = kept(sqs, clock)
    for number in range(3):
        keeper.start(f"c-{number}", clock.now(), SUBJECT)
    assert sqs.asked == 1


def test_of_some_messages_those_come_again_that_could_not_be_settled() -> None:
    good = {"messageId": "good", "body": json.dumps(DEADLINE.seal(SUBJECT))}
    unknown = {"messageId": "unknown", "body": json.dumps(DEADLINE.seal({**SUBJECT, "kind": "nobody's"}))}
    broken = {"messageId": "broken", "body": "{"}
    answer = deadlines.settle(MemoryPorts(), {"Records": [unknown, good, broken]})
    assert answer == {"batchItemFailures": [{"itemIdentifier": "unknown"}, {"itemIdentifier": "broken"}]}
