"""Events for webhooks through SQS: in batches that it takes, and none lost on the way."""

from typing import Any

import pytest

from chalicelib.aws.pushes import SqsPushes, load
from chalicelib.fleet.errors import TemporarilyUnavailable
from chalicelib.fleet.events.records import Push


class Sqs:
    """As much of SQS as sending takes; `failing` ids are not taken."""

    def __init__(self, *failing: str) -> None:
        self.failing = failing
        self.asked = 0
        self.batches: list[list[str]] = []

    def get_queue_url(self, **named: Any) -> dict[str, str]:
        self.asked += 1
        return {"QueueUrl": f"https://sqs/{named['QueueName']}"}

    def send_message_batch(self, *, QueueUrl: str, Entries: list[dict[str, str]]) -> dict[str, Any]:  # noqa: N803
        assert QueueUrl == "https://sqs/push"
        assert len({entry["Id"] for entry in Entries}) == len(Entries)
        assert {entry["MessageGroupId"] for entry in Entries} == {"t"}
        self.batches.append([entry["MessageBody"] for entry in Entries])
        failed = [{"Id": entry["Id"]} for entry in Entries if entry["Id"] in self.failing]
        return {"Successful": [], **({"Failed": failed} if failed else {})}


def push(number: int, size: int = 10) -> Push:
    return Push("t", "p", "a", f"e{number}", bytes(size))


def test_what_is_sent_is_what_is_received() -> None:
    sqs = Sqs()
    SqsPushes(lambda: sqs, "push").send(push(1))
    assert load(sqs.batches[0][0]) == push(1)


def test_what_an_older_release_put_into_the_queue_is_read() -> None:
    assert load('{"tenant":"t","policy":"p","action":"a","event":"e","body":"aGk="}') == Push("t", "p", "a", "e", b"hi")


def test_of_what_a_newer_release_put_there_as_much_is_read_as_is_known() -> None:
    text = '{"v":7,"since":{"x":1},"tenant":"t","policy":"p","action":"a","event":"e","body":"aGk="}'
    found = load(text)
    assert (found.policy, found.body) == ("p", b"hi")


def test_ten_go_at_once_and_the_queue_is_looked_up_once() -> None:
    sqs = Sqs()
    pushes = SqsPushes(lambda: sqs, "push")
    pushes.send(*(push(number) for number in range(25)))
    pushes.send(push(26))
    assert [len(batch) for batch in sqs.batches] == [10, 10, 5, 1]
    assert sqs.asked == 1


def test_big_ones_go_in_smaller_batches() -> None:
    sqs = Sqs()
    SqsPushes(lambda: sqs, "push").send(*(push(number, 90_000) for number in range(5)))
    assert [len(batch) for batch in sqs.batches] == [2, 2, 1]


def test_none_is_passed_over_in_silence() -> None:
    with pytest.raises(TemporarilyUnavailable):
        SqsPushes(lambda: Sqs("1"), "push").send(push(1), push(2))
