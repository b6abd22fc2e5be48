"""The AWS port, spoken to as any SDK and the aws command line do."""

import json
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.session import Session

from tests.local.running import RunningStack


def connect(stack: RunningStack, service: str) -> Any:
    return Session().create_client(
        service,
        config=Config(read_timeout=10, retries={"total_max_attempts": 1}),
        region_name="eu-west-1",
        endpoint_url=f"http://127.0.0.1:{stack.aws}",
        aws_access_key_id="any",
        aws_secret_access_key="any",
    )


def test_functions_can_be_invoked_and_errors_are_told(stack: RunningStack) -> None:
    client = connect(stack, "lambda")

    answer = client.invoke(FunctionName="homeport-local-authorizer", Payload=b"{}")
    queued = client.invoke(FunctionName="authorizer", InvocationType="Event", Payload=b"{}")
    failed = client.invoke(FunctionName="settle", Payload=b"{}")

    assert json.loads(answer["Payload"].read())["isAuthenticated"] is False
    assert queued["StatusCode"] == 202
    assert failed["FunctionError"] == "Unhandled"
    assert json.loads(failed["Payload"].read())["errorType"] == "KeyError"
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        client.invoke(FunctionName="nobody", Payload=b"{}")
    with pytest.raises(ClientError, match="InvalidRequestContent"):
        client.invoke(FunctionName="settle", Payload=b"{")


def test_the_data_plane_of_iot_is_on_the_same_port(stack: RunningStack) -> None:
    client = connect(stack, "iot-data")

    client.publish(topic="somewhere/else", qos=1, payload=b"hello")
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        client.get_connection(clientId="nobody")


def test_the_resources_of_the_product_are_there(stack: RunningStack) -> None:
    assert "homeport-local-tenants" in connect(stack, "dynamodb").list_tables()["TableNames"]
    assert [bucket["Name"] for bucket in connect(stack, "s3").list_buckets()["Buckets"]] == ["homeport-local-objects"]
    assert connect(stack, "sqs").get_queue_url(QueueName="homeport-local-dead-letters")
    machines = connect(stack, "stepfunctions").list_state_machines()["stateMachines"]
    assert [machine["name"] for machine in machines] == ["homeport-local-deadlines"]


def test_tables_objects_and_messages_survive_kill_9() -> None:
    with RunningStack() as own:
        table = {"TableName": "own", "KeySchema": [{"AttributeName": "k", "KeyType": "HASH"}]}
        attributes = {"AttributeDefinitions": [{"AttributeName": "k", "AttributeType": "S"}]}
        connect(own, "dynamodb").create_table(**table, **attributes, BillingMode="PAY_PER_REQUEST")
        connect(own, "dynamodb").put_item(TableName="own", Item={"k": {"S": "1"}, "b": {"B": b"\x00"}})
        objects = connect(own, "s3")
        objects.put_object(
            Bucket="homeport-local-objects", Key="a/ü?", Body=b"\x00\xff", ContentType="x/y", Metadata={"m": "1"}
        )
        objects.put_object(Bucket="homeport-local-objects", Key="gone", Body=b"")
        objects.delete_object(Bucket="homeport-local-objects", Key="gone")
        source = {"Bucket": "homeport-local-objects", "Key": "a/ü?"}
        objects.copy_object(Bucket="homeport-local-objects", Key="copy", CopySource=source)
        etag = objects.head_object(Bucket="homeport-local-objects", Key="a/ü?")["ETag"]
        url = connect(own, "sqs").get_queue_url(QueueName="homeport-local-dead-letters")["QueueUrl"]
        connect(own, "sqs").send_message(QueueUrl=url, MessageBody="kept")
        own.kill9()
        own.restart()

        assert connect(own, "dynamodb").scan(TableName="own")["Items"] == [{"k": {"S": "1"}, "b": {"B": b"\x00"}}]
        objects = connect(own, "s3")
        found = objects.get_object(Bucket="homeport-local-objects", Key="a/ü?")
        assert (found["Body"].read(), found["ContentType"], found["Metadata"]) == (b"\x00\xff", "x/y", {"m": "1"})
        assert found["ETag"] == etag
        listed = [o["Key"] for o in objects.list_objects_v2(Bucket="homeport-local-objects")["Contents"]]
        assert listed == ["a/ü?", "copy"]
        message = connect(own, "sqs").receive_message(QueueUrl=url)["Messages"][0]
        assert message["Body"] == "kept"
