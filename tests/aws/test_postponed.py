"""What there was no room for: when it comes again, and when it is given up."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from chalicelib.aws.postponed import LEFT_OFF, LONGEST, MESSAGE, SHORTEST, SINCE, PostponedEvents
from tests.fakes import SetClock

EVENT = {"client": "c", "id": "e1"}


class Sqs:
    """As much of SQS as this takes; `error` is what it answers with."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []
        self.left: dict[str, str] = {}
        self.error: Exception | None = None

    def get_queue_url(self, QueueName: str) -> dict[str, str]:  # noqa: N803 - AWS's names
        return {"QueueUrl": f"https://queues.example/{QueueName}"}

    def send_message(self, **asked: Any) -> None:
        if self.error:
            raise self.error
        self.sent.append(asked)
        self.left[f"r{len(self.sent)}"] = asked["MessageBody"]

    def receive_message(self, **_asked: Any) -> dict[str, Any]:
        return {"Messages": [{"Body": body, "ReceiptHandle": receipt} for receipt, body in self.left.items()]}

    def delete_message(self, ReceiptHandle: str, **_asked: Any) -> None:  # noqa: N803 - AWS's names
        del self.left[ReceiptHandle]


class Functions:
    def __init__(self) -> None:
        self.invoked: list[dict[str, Any]] = []
        self.error: Exception | None = None

    def invoke(self, **asked: Any) -> None:
        if self.error:
            raise self.error
        self.invoked.append(asked)


class Rig:
    def __init__(self) -> None:
        self.sqs, self.functions, self.clock = Sqs(), Functions(), SetClock()
        self.events = PostponedEvents(lambda: self.sqs, lambda: self.functions, "app-x-{}".format, self.clock)


@pytest.fixture
def rig() -> Rig:
    return Rig()


def refused() -> ClientError:
    return ClientError({"Error": {"Code": "ThrottlingException", "Message": "m"}}, "SendMessage")


def test_an_event_waits_by_chance_so_that_not_all_come_back_at_once(rig: Rig) -> None:
    for _ in range(60):
        assert rig.events.put("presence", EVENT)
    waits = {asked["DelaySeconds"] for asked in rig.sqs.sent}
    assert waits <= set(range(SHORTEST, LONGEST + 1))
    assert len(waits) > 20
    assert {asked["QueueUrl"] for asked in rig.sqs.sent} == {"https://queues.example/app-x-postponed"}


def test_it_goes_to_its_function_again_and_is_gone(rig: Rig) -> None:
    rig.events.put("presence", EVENT)
    assert rig.events.resume(rig.clock.now() + 1) == 1
    (invoked,) = rig.functions.invoked
    assert (invoked["FunctionName"], invoked["InvocationType"]) == ("app-x-presence", "Event")
    assert json.loads(invoked["Payload"]) == {**EVENT, SINCE: rig.clock.now()}
    assert rig.sqs.left == {}


def test_what_lambda_did_not_take_stays(rig: Rig) -> None:
    rig.events.put("presence", EVENT)
    rig.functions.error = refused()
    with pytest.raises(ClientError):
        rig.events.resume(rig.clock.now() + 1)
    assert len(rig.sqs.left) == 1


def test_nothing_is_taken_when_the_time_is_over(rig: Rig) -> None:
    rig.events.put("presence", EVENT)
    assert rig.events.resume(rig.clock.now()) == 0
    assert len(rig.sqs.left) == 1


def test_an_event_is_tried_for_a_day(rig: Rig) -> None:
    rig.events.put("presence", EVENT)
    rig.clock.advance(ms=LEFT_OFF - 1)
    again = MESSAGE.open(json.loads(rig.sqs.sent[0]["MessageBody"]))["event"]
    assert rig.events.put("presence", again)
    rig.clock.advance(ms=1)
    assert not rig.events.put("presence", again)
    assert MESSAGE.open(json.loads(rig.sqs.sent[1]["MessageBody"]))["event"] == again, "the first moment counts"


def test_where_the_queue_has_no_room_either_the_event_fails(rig: Rig) -> None:
    rig.sqs.error = refused()
    assert not rig.events.put("presence", EVENT)
