"""The way back of what failed for good, whatever form it was left in."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import botocore.session
import pytest
from moto import mock_aws

from infra.dead_letters import DeadLetters, read

EVENT = {"payload": "e30=", "client": "c", "topic": "dev/data", "at": 5, "id": "e"}
OF_LAMBDA = {
    "requestContext": {
        "functionArn": "arn:aws:lambda:eu-west-1:1:function:homeport-dev-uplink:$LATEST",
        "condition": "RetriesExhausted",
    },
    "requestPayload": EVENT,
    "responsePayload": {"errorType": "KeyError", "errorMessage": "'x'"},
}


def of_rule(rule: str, topic: str, payload: bytes) -> dict[str, Any]:
    return {
        "ruleName": rule,
        "topic": topic,
        "clientId": "c",
        "cloudwatchTraceId": "trace",
        "base64OriginalPayload": base64.b64encode(payload).decode(),
        "failures": [{"failedAction": "LambdaAction", "errorMessage": "throttled"}],
    }


@pytest.fixture
def queue() -> Iterator[DeadLetters]:
    with mock_aws():
        sqs = botocore.session.get_session().create_client(
            "sqs", region_name="eu-west-1", aws_access_key_id="testing", aws_secret_access_key="testing"
        )
        yield DeadLetters(sqs, sqs.create_queue(QueueName="dead-letters")["QueueUrl"])


def waiting(queue: DeadLetters) -> int:
    found = queue.sqs.get_queue_attributes(QueueUrl=queue.url, AttributeNames=["All"])["Attributes"]
    return int(found["ApproximateNumberOfMessages"]) + int(found["ApproximateNumberOfMessagesNotVisible"])


def test_a_failed_invocation_goes_back_to_its_function() -> None:
    found = read(json.dumps(OF_LAMBDA), "r", 1)
    assert (found.function, found.event, found.why) == ("uplink", EVENT, "KeyError: 'x'")


def test_a_message_that_a_rule_could_not_hand_over_becomes_an_uplink() -> None:
    found = read(json.dumps(of_rule("homeport_dev_uplink_dev", "dev/data", b"\xff")), "r", 7)
    assert found.function == "uplink"
    assert found.event == {"payload": "/w==", "client": "c", "topic": "dev/data", "at": 7, "id": "trace"}


def test_a_lifecycle_event_that_a_rule_could_not_hand_over_goes_to_presence() -> None:
    event = {"clientId": "c", "eventType": "connected"}
    topic = "$aws/events/presence/connected/c"
    found = read(json.dumps(of_rule("homeport_dev_lifecycle_presence", topic, json.dumps(event).encode())), "r", 7)
    assert (found.function, found.event) == ("presence", event)


def test_a_new_certificate_that_a_rule_could_not_hand_over_goes_to_activate() -> None:
    event = {"certificateId": "c", "caCertificateId": "a", "certificateStatus": "PENDING_ACTIVATION"}
    topic = "$aws/events/certificates/registered/a"
    found = read(json.dumps(of_rule("homeport_dev_certificates", topic, json.dumps(event).encode())), "r", 7)
    assert (found.function, found.event) == ("activate", event)


@pytest.mark.parametrize("body", ["{", "[]", "{}", json.dumps(of_rule("foreign", "t", b"\xff"))])
def test_what_cannot_be_read_is_told_so(body: str) -> None:
    assert read(body, "r", 1).function is None


def test_redriving_empties_the_queue_into_the_functions(queue: DeadLetters) -> None:
    for _ in range(12):
        queue.sqs.send_message(QueueUrl=queue.url, MessageBody=json.dumps(OF_LAMBDA))
    invoked: list[tuple[str, dict[str, Any]]] = []
    assert len(queue.redrive(lambda function, event: invoked.append((function, event)))) == 12
    assert invoked == [("uplink", EVENT)] * 12
    assert waiting(queue) == 0


def test_an_event_that_lambda_does_not_take_stays(queue: DeadLetters) -> None:
    queue.sqs.send_message(QueueUrl=queue.url, MessageBody=json.dumps(OF_LAMBDA))

    def refuse(_function: str, _event: dict[str, Any]) -> None:
        raise ConnectionError

    with pytest.raises(ConnectionError):
        queue.redrive(refuse)
    assert waiting(queue) == 1


def test_listing_takes_nothing(queue: DeadLetters) -> None:
    queue.sqs.send_message(QueueUrl=queue.url, MessageBody="not for us")
    assert [letter.function for letter in queue.listed()] == [None]
    assert waiting(queue) == 1


def test_what_cannot_be_read_is_kept(queue: DeadLetters) -> None:
    queue.sqs.send_message(QueueUrl=queue.url, MessageBody="not for us")
    queue.redrive(lambda _function, _event: None)
    assert waiting(queue) == 1
