"""What DynamoDB acknowledged comes back after the process was killed, and goes when its time has passed."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.dynamodb.models import dynamodb_backends

from infra.local import dynamodb
from infra.local.journal import Journal
from tests.local.dynamodb_table import REGION, ats, item, make_table, query_group


@pytest.fixture(autouse=True)
def aws() -> Iterator[None]:
    dynamodb.install()
    with mock_aws():
        yield
    dynamodb.stop_keeping()


@pytest.fixture
def client() -> Any:
    return boto3.client("dynamodb", region_name=REGION)


def every_type(device: str, at: int) -> dict[str, Any]:
    return {
        **item(device, at, group="g", label="l"),
        "bytes": {"B": b"\x00\xff"},
        "set": {"BS": [b"1", b"2"]},
        "numbers": {"NS": ["1", "2.50"]},
        "nothing": {"NULL": True},
        "flag": {"BOOL": False},
        "nested": {"M": {"B": {"S": "a map's own B"}, "list": {"L": [{"B": b"\x01"}, {"M": {}}]}}},
        "text": {"S": "ü\u0000\U0001f600"},
    }


def restart(path: Path) -> Any:
    """Forget all that is in memory, as a killed process does, and read the journal again."""
    dynamodb.stop_keeping()
    dynamodb_backends[DEFAULT_ACCOUNT_ID][REGION].reset()
    dynamodb.keep_in(Journal(path), account=DEFAULT_ACCOUNT_ID)
    return boto3.client("dynamodb", region_name=REGION)


def test_tables_and_items_of_every_type_come_back(client: Any, tmp_path: Path) -> None:
    path = tmp_path / "aws.sqlite3"
    dynamodb.keep_in(Journal(path), account=DEFAULT_ACCOUNT_ID)
    make_table(client)
    make_table(client, "gone")
    client.put_item(TableName="gone", Item=item("a", 1))
    client.delete_table(TableName="gone")
    client.update_time_to_live(
        TableName="reading", TimeToLiveSpecification={"Enabled": True, "AttributeName": "expires"}
    )
    client.put_item(TableName="reading", Item=every_type("a", 1))
    client.put_item(TableName="reading", Item=item("a", 2))
    client.delete_item(TableName="reading", Key=item("a", 2))
    client.update_item(
        TableName="reading",
        Key=item("a", 3),
        UpdateExpression="SET amount = :one",
        ExpressionAttributeValues={":one": {"N": "1"}},
    )

    client = restart(path)

    assert client.list_tables()["TableNames"] == ["reading"]
    assert client.describe_time_to_live(TableName="reading")["TimeToLiveDescription"]["AttributeName"] == "expires"
    found = client.scan(TableName="reading")["Items"]
    assert found == [every_type("a", 1), {**item("a", 3), "amount": {"N": "1"}}]
    assert query_group(client, "g", "label = :value", "l") == [1]


def test_a_batch_and_a_transaction_are_kept_and_a_refused_one_is_not(client: Any, tmp_path: Path) -> None:
    path = tmp_path / "aws.sqlite3"
    dynamodb.keep_in(Journal(path), account=DEFAULT_ACCOUNT_ID)
    make_table(client)
    client.batch_write_item(RequestItems={"reading": [{"PutRequest": {"Item": item("a", at)}} for at in range(5)]})
    client.transact_write_items(
        TransactItems=[
            {"Put": {"TableName": "reading", "Item": item("b", 1)}},
            {"Delete": {"TableName": "reading", "Key": item("a", 0)}},
        ]
    )
    with pytest.raises(ClientError):
        client.transact_write_items(
            TransactItems=[
                {"Put": {"TableName": "reading", "Item": item("c", 1)}},
                {
                    "ConditionCheck": {
                        "TableName": "reading",
                        "Key": item("a", 0),
                        "ConditionExpression": "attribute_exists(device)",
                    }
                },
            ]
        )

    client = restart(path)

    found = sorted((value["device"]["S"], value["at"]["N"]) for value in client.scan(TableName="reading")["Items"])
    assert found == [("a", "1"), ("a", "2"), ("a", "3"), ("a", "4"), ("b", "1")]


def test_items_past_their_time_to_live_go(client: Any, tmp_path: Path) -> None:
    path = tmp_path / "aws.sqlite3"
    dynamodb.keep_in(Journal(path), account=DEFAULT_ACCOUNT_ID)
    make_table(client)
    client.update_time_to_live(
        TableName="reading", TimeToLiveSpecification={"Enabled": True, "AttributeName": "expires"}
    )
    now = int(time.time())
    for at, expires in enumerate((now - 10, now + 1000, now - 5)):
        client.put_item(TableName="reading", Item={**item("a", at), "expires": {"N": str(expires)}})
    client.put_item(TableName="reading", Item={**item("a", 2), "expires": {"N": str(now + 2000)}})
    client.put_item(TableName="reading", Item={**item("a", 1), "expires": {"N": str(now + 1200)}})
    client = restart(path)

    assert dynamodb.expire_items(now) == 1
    assert ats(client.scan(TableName="reading")) == [1, 2]
    assert dynamodb.expire_items(now + 1500) == 1
    assert ats(restart(path).scan(TableName="reading")) == [2]
