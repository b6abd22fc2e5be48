"""moto's DynamoDB as the local stack mends it: same answers, but atomic, by index, and kept."""

import inspect
import random
import threading
from collections.abc import Iterator
from typing import Any

import boto3
import moto
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.dynamodb.exceptions import DynamodbException, TransactionCanceledException
from moto.dynamodb.models import DynamoDBBackend, dynamodb_backends
from moto.dynamodb.models.dynamo_type import Item
from moto.dynamodb.models.table import Table
from moto.dynamodb.responses import DynamoHandler

from infra.local import dynamodb
from infra.local.dynamodb_conflicts import Conflicts
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


def test_moto_still_has_the_inside_that_is_mended() -> None:
    assert moto.__version__ == "5.2.5"
    assert {name for _, name, _ in dynamodb._MENDED} == {
        "call_action", "put_item", "delete_item", "get_item", "all_items", "query", "update_item",
        "transact_write_items",
    }  # fmt: skip
    source = inspect.getsource(inspect.getmodule(DynamoDBBackend) or moto)
    assert "original_table_state[table_name] = copy.deepcopy(" in source
    assert "for item in self.all_items():" in inspect.getsource(inspect.getmodule(Table) or moto)


def test_a_transaction_copies_the_items_it_touches_and_no_table(client: Any) -> None:
    make_table(client)
    table = dynamodb_backends[DEFAULT_ACCOUNT_ID][REGION].tables["reading"]
    table.__dict__["uncopyable"] = threading.Lock()

    client.transact_write_items(
        TransactItems=[{"Put": {"TableName": "reading", "Item": item("a", at)}} for at in range(3)]
    )

    assert client.scan(TableName="reading")["Count"] == 3


def test_a_refused_transaction_leaves_everything_as_it_was(client: Any) -> None:
    make_table(client)
    client.put_item(TableName="reading", Item=item("a", 1, group="g", label="old"))
    client.put_item(TableName="reading", Item=item("a", 2))
    update = {
        "TableName": "reading",
        "Key": item("a", 1),
        "UpdateExpression": "SET label = :new",
        "ExpressionAttributeValues": {":new": {"S": "new"}},
    }
    refused = {"TableName": "reading", "Item": item("a", 9), "ConditionExpression": "attribute_exists(device)"}

    with pytest.raises(ClientError, match="TransactionCanceled"):
        client.transact_write_items(
            TransactItems=[
                {"Update": update},
                {"Delete": {"TableName": "reading", "Key": item("a", 2)}},
                {"Put": {"TableName": "reading", "Item": item("b", 1)}},
                {"Put": refused},
            ]
        )

    assert client.scan(TableName="reading")["Items"] == [item("a", 1, group="g", label="old"), item("a", 2)]
    assert query_group(client, "g", "label = :value", "old") == [1]
    assert query_group(client, "g", "label = :value", "new") == []


def test_a_refused_update_leaves_no_trace(client: Any) -> None:
    make_table(client)

    with pytest.raises(ClientError):
        client.update_item(
            TableName="reading",
            Key=item("a", 1),
            UpdateExpression="SET amount = missing + :one",
            ExpressionAttributeValues={":one": {"N": "1"}},
        )

    assert client.scan(TableName="reading")["Items"] == []


def test_a_query_does_not_read_beyond_its_partition_and_page(client: Any) -> None:
    make_table(client)
    for device in ("a", "b"):
        for at in range(50):
            client.put_item(TableName="reading", Item=item(device, at))
    seen: list[int] = []
    table = dynamodb_backends[DEFAULT_ACCOUNT_ID][REGION].tables["reading"]

    class Counted(Table):
        def all_items(self) -> list[Item]:
            found = super().all_items()
            seen.append(len(found))
            return found

    table.__class__ = Counted  # type: ignore[type-abstract]  # moto leaves a class method abstract

    page = client.query(
        TableName="reading",
        KeyConditionExpression="device = :device",
        ExpressionAttributeValues={":device": {"S": "a"}},
        ScanIndexForward=False,
        Limit=10,
    )

    assert ats(page) == list(range(49, 39, -1))
    assert seen == [11]


@pytest.mark.parametrize(
    ("condition", "values", "wanted"),
    [
        ("#at = :low", [3], [3]),
        ("#at < :low", [3], [0, 1, 2]),
        ("#at <= :low", [3], [0, 1, 2, 3]),
        ("#at > :low", [6], [7, 8, 9, 10]),
        ("#at >= :low", [6], [6, 7, 8, 9, 10]),
        ("#at BETWEEN :low AND :high", [9, 20], [9, 10]),
        ("#at > :low", [99], []),
    ],
)
def test_conditions_of_the_sort_key_select_by_number_and_not_by_text(
    client: Any, condition: str, values: list[int], wanted: list[int]
) -> None:
    make_table(client)
    for at in range(11):
        client.put_item(TableName="reading", Item=item("a", at))

    answer = client.query(
        TableName="reading",
        KeyConditionExpression=f"device = :device AND {condition}",
        ExpressionAttributeNames={"#at": "at"},
        ExpressionAttributeValues={
            ":device": {"S": "a"},
            **{name: {"N": str(value)} for name, value in zip((":low", ":high"), values, strict=False)},
        },
    )

    assert ats(answer) == wanted


def test_an_index_holds_what_carries_its_keys_in_their_order(client: Any) -> None:
    make_table(client)
    labels = ["ba", "b", "bcd", "c", "a"]
    for at, label in enumerate(labels):
        client.put_item(TableName="reading", Item=item("a", at, group="g", label=label))
    client.put_item(TableName="reading", Item=item("a", 7, group="g"))
    client.put_item(TableName="reading", Item=item("a", 8, group="other", label="b"))

    assert query_group(client, "g", "begins_with(label, :value)", "b") == [1, 0, 2]
    assert query_group(client, "g", "begins_with(label, :value)", "b", ScanIndexForward=False) == [2, 0, 1]
    client.delete_item(TableName="reading", Key=item("a", 0))
    client.put_item(TableName="reading", Item=item("a", 2, group="other", label="bcd"))
    assert query_group(client, "g", "begins_with(label, :value)", "b") == [1]


def test_pages_of_an_index_follow_each_other_whatever_changes_between_them(client: Any) -> None:
    make_table(client)
    for at in range(25):
        client.put_item(TableName="reading", Item=item("a", at, group="g", label=f"{at // 5}"))
    pages: list[list[int]] = []
    start: dict[str, Any] = {}
    while True:
        answer = client.query(
            TableName="reading",
            IndexName="by-group",
            KeyConditionExpression="#group = :group",
            ExpressionAttributeNames={"#group": "group"},
            ExpressionAttributeValues={":group": {"S": "g"}},
            Limit=7,
            **start,
        )
        pages.append(ats(answer))
        if "LastEvaluatedKey" not in answer:
            break
        start = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}
        client.delete_item(TableName="reading", Key=item("a", pages[-1][-1]))

    assert [len(page) for page in pages] == [7, 7, 7, 4]
    assert [at for page in pages for at in page] == list(range(25))


def test_random_changes_and_queries_agree_with_a_plain_search(client: Any) -> None:
    make_table(client)
    rng = random.Random(5)
    held: dict[tuple[str, int], dict[str, Any]] = {}
    for _ in range(400):
        device, at = rng.choice("abc"), rng.randrange(12)
        if rng.random() < 0.3:
            client.delete_item(TableName="reading", Key=item(device, at))
            held.pop((device, at), None)
        else:
            held[device, at] = item(device, at, group=rng.choice("xy"), label=rng.choice("pqr"))
            client.put_item(TableName="reading", Item=held[device, at])
    for group in "xy":
        for label in "pqr":
            found = [
                key
                for key, value in sorted(held.items())
                if value["group"]["S"] == group and value["label"]["S"] == label
            ]
            assert query_group(client, group, "label = :value", label) == [at for _, at in found]


def test_looking_for_what_is_not_there_leaves_nothing_behind(client: Any) -> None:
    make_table(client)
    table = dynamodb_backends[DEFAULT_ACCOUNT_ID][REGION].tables["reading"]
    client.get_item(TableName="reading", Key=item("nobody", 1))
    client.put_item(TableName="reading", Item=item("a", 1))
    client.delete_item(TableName="reading", Key=item("a", 1))
    with pytest.raises(ClientError):
        client.put_item(TableName="reading", Item=item("b", 1), ConditionExpression="attribute_exists(device)")

    assert dict(table.items) == {}


def test_concurrent_conditional_writes_have_one_winner(client: Any) -> None:
    make_table(client)
    won: list[int] = []

    def write(writer: int) -> None:
        try:
            client.put_item(TableName="reading", Item=item("a", 1), ConditionExpression="attribute_not_exists(device)")
        except ClientError:
            return
        won.append(writer)

    writers = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()

    assert len(won) == 1


def test_of_transactions_that_meet_at_an_item_the_later_one_is_refused(client: Any) -> None:
    make_table(client)
    conflicts = Conflicts()

    def call(action: str, params: dict[str, Any]) -> Any:
        handler = DynamoHandler()
        handler.region, handler.current_account = REGION, DEFAULT_ACCOUNT_ID
        handler.querystring = {}
        handler.headers = {"X-Amz-Target": f"DynamoDB_20120810.{action}"}
        handler.params = params
        return handler

    def write(*ats: int) -> Any:
        puts = [{"Put": {"TableName": "reading", "Item": item("a", at)}} for at in ats]
        return call("TransactWriteItems", {"TransactItems": puts})

    def single(at: int) -> Any:
        return call("PutItem", {"TableName": "reading", "Item": item("a", at)})

    with conflicts.entered(write(1, 2)):
        with conflicts.entered(write(3)):
            pass
        with conflicts.entered(other := write(3, 2)), pytest.raises(TransactionCanceledException) as canceled:
            other.transact_write_items()
        with conflicts.entered(alone := single(1)), pytest.raises(DynamodbException, match="ongoing"):
            alone.put_item()
    assert "[None, TransactionConflict]" in str(canceled.value.message)
    with conflicts.entered(later := write(1)):
        assert "transact_write_items" not in vars(later)
