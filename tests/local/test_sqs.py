"""moto's SQS as the local stack mends it: no message lost, none handed out twice at once, all kept."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.sqs.models import sqs_backends

from infra.local import sqs
from infra.local.journal import Journal

REGION = "eu-west-1"


@pytest.fixture
def path(tmp_path: Path) -> Iterator[Path]:
    sqs.install()
    with mock_aws():
        yield tmp_path / "aws.sqlite3"
    sqs.stop_keeping()


def connect() -> Any:
    return boto3.client("sqs", region_name=REGION)


def restart(path: Path) -> Any:
    """Forget all that is in memory, as a killed process does, and read the journal again."""
    sqs.stop_keeping()
    sqs_backends[DEFAULT_ACCOUNT_ID][REGION].reset()
    sqs.keep_in(Journal(path), account=DEFAULT_ACCOUNT_ID)
    return connect()


def receive(client: Any, url: str, **further: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.receive_message(
        QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"], **further
    ).get("Messages", [])
    return found


def test_what_is_in_a_queue_comes_back_in_order_and_what_was_deleted_does_not(path: Path) -> None:
    client = restart(path)
    url = client.create_queue(QueueName="work", Attributes={"VisibilityTimeout": "7"})["QueueUrl"]
    client.send_message(QueueUrl=url, MessageBody="done")
    client.delete_message(QueueUrl=url, ReceiptHandle=receive(client, url)[0]["ReceiptHandle"])
    attribute = {"kind": {"DataType": "Binary", "BinaryValue": b"\x00\xff"}}
    client.send_message(QueueUrl=url, MessageBody="ü", MessageAttributes=attribute)
    client.send_message_batch(QueueUrl=url, Entries=[{"Id": str(n), "MessageBody": f"batch {n}"} for n in range(3)])
    receive(client, url)  # in flight when the process dies

    client = restart(path)

    found = receive(client, url)
    assert [message["Body"] for message in found] == ["ü", "batch 0", "batch 1", "batch 2"]
    assert found[0]["MessageAttributes"]["kind"]["BinaryValue"] == b"\x00\xff"
    attributes = client.get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])["Attributes"]
    assert attributes == {"VisibilityTimeout": "7"}


def test_a_message_that_keeps_failing_is_kept_in_the_dead_letter_queue(path: Path) -> None:
    client = restart(path)
    dead = client.create_queue(QueueName="work-dead")["QueueUrl"]
    arn = client.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    redrive = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 2})
    url = client.create_queue(QueueName="a-work", Attributes={"RedrivePolicy": redrive})["QueueUrl"]
    client.send_message(QueueUrl=url, MessageBody="poison")
    for _ in range(3):
        receive(client, url, VisibilityTimeout=0)

    client = restart(path)

    assert receive(client, url) == []
    assert [message["Body"] for message in receive(client, dead)] == ["poison"]


def test_purged_messages_and_deleted_queues_do_not_come_back(path: Path) -> None:
    client = restart(path)
    kept, gone = (client.create_queue(QueueName=name)["QueueUrl"] for name in ("kept", "gone"))
    client.send_message(QueueUrl=kept, MessageBody="purged")
    client.purge_queue(QueueUrl=kept)
    client.send_message(QueueUrl=gone, MessageBody="lost on purpose")
    client.delete_queue(QueueUrl=gone)

    client = restart(path)

    assert receive(client, kept) == []
    assert [url.rsplit("/", 1)[-1] for url in client.list_queues()["QueueUrls"]] == ["kept"]


def test_sending_while_others_delete_loses_nothing_and_nobody_receives_what_another_holds(path: Path) -> None:
    client = restart(path)
    url = client.create_queue(QueueName="busy")["QueueUrl"]
    received: list[str] = []
    lock = threading.Lock()

    def send() -> None:
        for n in range(40):
            client.send_message(QueueUrl=url, MessageBody=str(n))

    def consume() -> None:
        while len(received) < 120:
            for message in receive(client, url, WaitTimeSeconds=0):
                with lock:
                    received.append(message["MessageId"])
                client.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])

    threads = [threading.Thread(target=work) for work in (send, send, send, consume, consume)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert len(received) == len(set(received)) == 120


def test_a_waiting_receiver_gets_a_message_as_soon_as_it_is_sent(path: Path) -> None:
    client = restart(path)
    url = client.create_queue(QueueName="quiet")["QueueUrl"]
    found: list[dict[str, Any]] = []
    waiting = threading.Thread(target=lambda: found.extend(receive(client, url, WaitTimeSeconds=20)))
    waiting.start()

    client.send_message(QueueUrl=url, MessageBody="at last")

    waiting.join(10)
    assert [message["Body"] for message in found] == ["at last"]


@pytest.mark.usefixtures("path")
def test_a_tenant_with_many_messages_under_way_stands_behind_the_others() -> None:
    """Fair queues: thirty in flight and more than a tenth of all make a group noisy."""
    client = connect()
    url = client.create_queue(QueueName="fair")["QueueUrl"]

    def send(tenant: str, body: str) -> None:
        client.send_message(QueueUrl=url, MessageBody=body, MessageGroupId=tenant)

    def receive(count: int) -> list[str]:
        found: list[str] = []
        while len(found) < count:
            got = client.receive_message(QueueUrl=url, MaxNumberOfMessages=min(10, count - len(found)))["Messages"]
            found += [message["Body"] for message in got]
        return found

    for number in range(40):
        send("b", f"b{number}")
    send("a", "a")
    assert receive(29) == [f"b{number}" for number in range(29)]
    assert receive(1) == ["b29"]
    assert receive(2) == ["a", "b30"]
    send("b", "late")
    assert receive(10) == [f"b{number}" for number in range(31, 40)] + ["late"]
