"""While the disk is full nothing is taken, nothing that was refused is seen, and nothing acknowledged is lost."""

import contextlib
import resource
import threading
from collections.abc import Callable, Iterator
from http import HTTPStatus
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.clients import MqttClient, Rest, until
from tests.figures import tell
from tests.local.running import RunningStack
from tests.local.test_crash import Load, progress, settle, stored, told

_ROUNDS = 10
BEFORE, REFUSED = "urn:lo:nsid:disk:before", "urn:lo:nsid:disk:refused"


@contextlib.contextmanager
def full_disk(stack: RunningStack) -> Iterator[None]:
    """No file of the process grows: what a full disk answers, but that it is EFBIG instead of ENOSPC."""
    soft, hard = resource.prlimit(stack.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(stack.pid, resource.RLIMIT_FSIZE, (1, hard))
    try:
        yield
    finally:
        resource.prlimit(stack.pid, resource.RLIMIT_FSIZE, (soft, hard))


@pytest.fixture(scope="module")
def stack() -> Iterator[RunningStack]:
    with RunningStack() as running:
        yield running


@pytest.fixture
def rest(stack: RunningStack) -> Iterator[Rest]:
    with contextlib.closing(Rest(stack)) as client:
        yield client


def path(device: str) -> str:
    return f"/api/v1/deviceMgt/devices/{device}"


def test_what_was_refused_is_seen_by_nobody_and_can_be_done_later(stack: RunningStack, rest: Rest) -> None:
    interface = {"connector": "mqtt", "enabled": True, "definition": {"clientId": BEFORE}}
    rest.post(
        "/api/v1/deviceMgt/devices", {"id": BEFORE, "name": "before", "tags": ["kept"], "interfaces": [interface]}
    )
    command = {"request": {"connector": "mqtt", "value": {"req": "blink", "arg": {}}}}
    with full_disk(stack):
        made = rest.call("POST", "/api/v1/deviceMgt/devices", {"id": REFUSED})
        renamed = rest.call("PATCH", path(BEFORE), {"id": BEFORE, "name": "after"})
        deleted = rest.call("DELETE", path(BEFORE))
        ordered = rest.call("POST", f"{path(BEFORE)}/commands", command)
        assert {made.status_code, renamed.status_code, deleted.status_code, ordered.status_code} <= {500, 503}
        assert rest.call("GET", path(REFUSED)).status_code == HTTPStatus.NOT_FOUND
        assert rest.get(path(BEFORE))["name"] == "before"
        assert [device["id"] for device in rest.get("/api/v1/deviceMgt/devices", tags="kept")] == [BEFORE]
        assert rest.get(f"{path(BEFORE)}/commands") == []
    assert rest.call("GET", path(REFUSED)).status_code == HTTPStatus.NOT_FOUND
    # Not half of what was refused stands in the way of the second try.
    rest.post("/api/v1/deviceMgt/devices", {"id": REFUSED})
    rest.ok("PATCH", path(BEFORE), {"id": BEFORE, "name": "after"})
    stack.kill9()
    stack.restart()
    assert rest.get(path(REFUSED))["id"] == REFUSED
    assert rest.get(path(BEFORE))["name"] == "after"


def test_a_message_is_acknowledged_only_when_it_is_kept(stack: RunningStack, rest: Rest) -> None:
    device = "urn:lo:nsid:disk:device"
    with MqttClient(stack, device, "json+device", stack.api_key) as client:
        client.publish("dev/data", {"s": "disk", "v": {"n": 1}})
        until(lambda: len(rest.get("/api/v0/data/streams/disk")) == 1)
        sent = threading.Event()

        def send() -> None:
            client.publish("dev/data", {"s": "disk", "v": {"n": 2}})
            sent.set()

        with full_disk(stack):
            threading.Thread(target=send, daemon=True).start()
            # The broker cannot keep it and closes the connection, after which the client sends it again.
            until(lambda: client.closed)
            assert not sent.is_set()
        until(sent.is_set)
        until(lambda: {read["value"]["n"] for read in rest.get("/api/v0/data/streams/disk")} == {1, 2})
    until(lambda: rest.get(path(device))["interfaces"][0]["status"] == "OFFLINE")


def test_a_session_that_ended_meanwhile_is_told_to_be_over(stack: RunningStack, rest: Rest) -> None:
    device = "urn:lo:nsid:disk:leaving"
    client = MqttClient(stack, device, "json+device", stack.api_key)
    client.join()
    client.publish("dev/data", {"s": "leaving", "v": {"n": 1}})
    until(lambda: rest.get(path(device))["interfaces"][0]["status"] == "ONLINE")
    with full_disk(stack):
        client.close()
        until(lambda: client.closed)
        rest.get(path(device))
    until(lambda: rest.get(path(device))["interfaces"][0]["status"] == "OFFLINE")


def test_what_queues_and_buckets_refuse_is_not_there(stack: RunningStack) -> None:
    config = Config(retries={"total_max_attempts": 1})

    def client(service: Any) -> Any:
        return boto3.client(
            service,
            region_name="eu-west-1",
            endpoint_url=f"http://127.0.0.1:{stack.aws}",
            aws_access_key_id="local",
            aws_secret_access_key="local",
            config=config,
        )

    sqs, s3 = client("sqs"), client("s3")
    url = sqs.create_queue(QueueName="disk", Attributes={"VisibilityTimeout": "0"})["QueueUrl"]
    s3.create_bucket(Bucket="disk", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    sqs.send_message(QueueUrl=url, MessageBody="kept")
    s3.put_object(Bucket="disk", Key="old", Body=b"kept")
    (message,) = sqs.receive_message(QueueUrl=url)["Messages"]
    with full_disk(stack):
        calls: tuple[Callable[[], object], ...] = (
            lambda: sqs.send_message(QueueUrl=url, MessageBody="refused"),
            lambda: sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"]),
            lambda: sqs.purge_queue(QueueUrl=url),
            lambda: s3.put_object(Bucket="disk", Key="old", Body=b"refused"),
            lambda: s3.put_object(Bucket="disk", Key="new", Body=b"refused"),
            lambda: s3.delete_object(Bucket="disk", Key="old"),
        )
        for call in calls:
            with pytest.raises(ClientError) as refused:
                call()
            assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == HTTPStatus.INTERNAL_SERVER_ERROR
        assert [found["Body"] for found in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]] == [
            "kept"
        ]
        assert s3.get_object(Bucket="disk", Key="old")["Body"].read() == b"kept"
        assert [found["Key"] for found in s3.list_objects_v2(Bucket="disk")["Contents"]] == ["old"]


@pytest.mark.soak
def test_a_disk_that_fills_up_again_and_again_under_load_loses_nothing() -> None:
    with (
        RunningStack() as stack,
        contextlib.closing(Load(stack, devices=3, may_refuse=True)) as load,
        contextlib.closing(Rest(stack)) as rest,
    ):
        for _ in range(_ROUNDS):
            progress(load, rest)
            known = set(load.refused)
            with full_disk(stack):
                until(lambda: load.refused > known)  # noqa: B023 - used before the next turn
        progress(load, rest)
        settle(load, rest)
        tell(f"{_ROUNDS} times a full disk: {told(load)}; {len(load.refused)} refused, none of them seen")
        assert not load.refused & stored(rest, "crash-inserted")
