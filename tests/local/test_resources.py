from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import botocore.session
import pytest
from moto import mock_aws

from infra.description import Queue
from infra.local import resources


@dataclass
class Release:
    """A description of queues alone; what else the product has does not matter here."""

    listed: list[Queue]
    DEAD_LETTERS: str = "dead"
    OBJECTS: str = "objects"

    def tables(self) -> list[Any]:
        return []

    def rules(self) -> list[Any]:
        return []

    def queues(self) -> list[Queue]:
        return self.listed

    def buckets(self) -> list[str]:
        return []

    def ignored_wills(self) -> list[str]:
        return []

    def answers(self) -> list[str]:
        return []

    def gateway_responses(self) -> list[Any]:
        return []

    def state_machine(self, function_arn: str, /) -> dict[str, Any]:
        return {"StartAt": "End", "States": {"End": {"Type": "Succeed", "Comment": function_arn}}}


@pytest.fixture
def sqs(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        yield client("sqs")


def client(service: str) -> Any:
    return botocore.session.get_session().create_client(service, region_name="eu-west-1")


def test_a_queue_of_an_earlier_release_keeps_its_messages_and_gets_the_new_dead_letters(sqs: Any) -> None:
    before = Release([Queue("dead"), Queue("work")])
    after = Release([Queue("dead"), Queue("work", dead_letter="dead")])
    urls = resources.create(before, client, "arn:aws:lambda:eu-west-1:123456789012:function:settle")
    sqs.send_message(QueueUrl=urls["work"], MessageBody="kept")
    urls = resources.create(after, client, "arn:aws:lambda:eu-west-1:123456789012:function:settle")
    attributes = sqs.get_queue_attributes(QueueUrl=urls["work"], AttributeNames=["All"])["Attributes"]
    assert "homeport-local-dead" in attributes["RedrivePolicy"]
    assert attributes["ApproximateNumberOfMessages"] == "1"
