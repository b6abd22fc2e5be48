"""What is asked past HTTP is answered as through it: every operation on items, what refuses it, and what is kept."""

import copy
import random
import tracemalloc
from collections.abc import Iterator
from functools import cache
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from moto import mock_aws
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.dynamodb.models import dynamodb_backends

from infra.local import dynamodb, dynamodb_direct, shortcut
from tests.local.dynamodb_table import item, make_table

ENDPOINT = "http://127.0.0.1:9"  # nobody listens there
LONG, DIRECT = "eu-west-1", "eu-west-3"
TABLE = {"TableName": "reading"}
Call = tuple[str, dict[str, Any]]


@cache
def session() -> boto3.session.Session:
    """Made when the shortcut is there, and once: each reads botocore's models for itself."""
    return boto3.session.Session()


def client(region: str, *, checks: bool) -> Any:
    return session().client(
        "dynamodb", region_name=region, endpoint_url=ENDPOINT, config=Config(parameter_validation=checks)
    )


@pytest.fixture
def clients() -> Iterator[tuple[Any, Any]]:
    """One that goes the long way and one that does not, each with a table of its own."""
    dynamodb.install()
    shortcut.install(ENDPOINT)
    with mock_aws():
        pair = client(LONG, checks=True), client(DIRECT, checks=False)
        for each in pair:
            make_table(each)
        yield pair
    dynamodb.stop_keeping()


def answer(asked: Any, call: Call) -> Any:
    method, arguments = call
    try:
        told = getattr(asked, method)(**copy.deepcopy(arguments))
    except ClientError as error:
        reasons = error.response.get("CancellationReasons")
        return type(error).__name__, error.response["Error"], reasons, error.response.get("Item"), str(error)
    assert told.pop("ResponseMetadata")["HTTPStatusCode"] == 200
    return told


def kept(region: str) -> list[str]:
    items = dynamodb_backends[DEFAULT_ACCOUNT_ID][region].tables["reading"].all_items()
    return sorted(str(each.to_json()) for each in items)


def everything(device: str, at: int) -> dict[str, Any]:
    """A value of each type, nested too."""
    return {
        **item(device, at, group="g", label=f"l{at}"),
        "empty": {"S": ""},
        "number": {"N": "-1.50"},
        "bytes": {"B": b"\x00\xff"},
        "true": {"BOOL": True},
        "null": {"NULL": True},
        "strings": {"SS": ["a", "b"]},
        "numbers": {"NS": ["1", "2"]},
        "blobs": {"BS": [b"\x01"]},
        "map": {"M": {"list": {"L": [{"S": "x"}, {"M": {}}, {"L": []}, {"NULL": True}]}, "n": {"N": "7"}}},
    }


def put(device: str, at: int, **further: Any) -> Call:
    return "put_item", {**TABLE, "Item": everything(device, at), **further}


def update(device: str, at: int, expression: str, values: dict[str, Any] | None = None, **further: Any) -> Call:
    given = {} if values is None else {"ExpressionAttributeValues": values}
    return "update_item", {**TABLE, "Key": item(device, at), "UpdateExpression": expression, **given, **further}


def query(**further: Any) -> Call:
    values = {":d": {"S": "d0"}}
    arguments = {"KeyConditionExpression": "device = :d", "ExpressionAttributeValues": values, **further}
    return "query", {**TABLE, **arguments}


ABSENT = {"ConditionExpression": "attribute_not_exists(device)"}


def absent(attribute: str, **names: str) -> dict[str, Any]:
    """As PynamoDB writes it."""
    given = {"#0": attribute, **{f"#{name}": value for name, value in names.items()}}
    return {"ConditionExpression": "attribute_not_exists (#0)", "ExpressionAttributeNames": given}


CHECKED = {"ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
CALLS: dict[str, Call] = {
    "put": put("d0", 1, ReturnConsumedCapacity="TOTAL"),
    "put over another": put("d0", 0, ReturnValues="ALL_OLD", ReturnConsumedCapacity="INDEXES"),
    "put under a condition": put("d0", 2, **ABSENT),
    "put refused": put("d0", 0, **ABSENT),
    "put refused, telling why": put("d0", 0, **ABSENT, **CHECKED),
    "put what is new": put("d0", 2, **absent("at"), ReturnConsumedCapacity="TOTAL"),
    "put what is not": put("d0", 0, **absent("at")),
    "put what is not, telling why": put("d0", 0, **absent("at"), **CHECKED),
    "put over one without": put("d0", 4, **absent("anything"), ReturnValues="ALL_OLD"),
    "put under a condition and an unused name": put("d0", 2, **absent("at", other="label")),
    "put under a condition and an unused value": put("d0", 2, **absent("at"),
                                                     ExpressionAttributeValues={":v": {"S": "x"}}),
    "put what is new without its key": ("put_item", {**TABLE, "Item": {"device": {"S": "d0"}}, **absent("device")}),
    "put what is new into no table": ("put_item", {"TableName": "none", "Item": item("d0", 1), **absent("at")}),
    "put without its key": ("put_item", {**TABLE, "Item": {"device": {"S": "d0"}}}),
    "put into no table": ("put_item", {"TableName": "none", "Item": item("d0", 1)}),
    "get": ("get_item", {**TABLE, "Key": item("d0", 0), "ConsistentRead": True, "ReturnConsumedCapacity": "TOTAL"}),
    "get what is not there": ("get_item", {**TABLE, "Key": item("d9", 0)}),
    "get a part": ("get_item", {**TABLE, "Key": item("d0", 0), "ProjectionExpression": "#m.n, label",
                                "ExpressionAttributeNames": {"#m": "map"}}),
    "update": update("d0", 0, "SET label = :v REMOVE empty ADD number :n",
                     {":v": {"S": "new"}, ":n": {"N": "2"}}, ReturnValues="ALL_NEW"),
    "update of bytes": update("d0", 0, "SET bytes = :v", {":v": {"B": b"\xfe"}}, ReturnValues="UPDATED_NEW"),
    "update makes": update("d7", 7, "SET label = :v", {":v": {"S": "new"}}, ReturnValues="ALL_OLD"),
    "update refused": update("d0", 0, "SET label = :v", {":v": {"S": "new"}}, **ABSENT, **CHECKED),
    "update of a wrong type": update("d0", 0, "ADD label :n", {":n": {"N": "2"}}),
    "delete": ("delete_item", {**TABLE, "Key": item("d0", 0), "ReturnValues": "ALL_OLD"}),
    "delete refused": ("delete_item", {**TABLE, "Key": item("d0", 0), **ABSENT}),
    "query": query(ReturnConsumedCapacity="TOTAL"),
    "query a page": query(Limit=2, ScanIndexForward=False),
    "query the next": query(Limit=2, ExclusiveStartKey=item("d0", 4)),
    "query and count": query(Select="COUNT"),
    "query an index": query(IndexName="by-group", KeyConditionExpression="#g = :d",
                            ExpressionAttributeNames={"#g": "group"}, ExpressionAttributeValues={":d": {"S": "g"}}),
    "query by a filter": query(FilterExpression="contains(label, :l)", Limit=2,
                               ExpressionAttributeValues={":d": {"S": "d0"}, ":l": {"S": "4"}}),
    "query by a filter backwards": query(FilterExpression="label = :l AND attribute_exists(bytes)",
                                         ScanIndexForward=False, ReturnConsumedCapacity="TOTAL",
                                         ExpressionAttributeValues={":d": {"S": "d0"}, ":l": {"S": "l4"}}),
    "query and count by a filter": query(Select="COUNT", FilterExpression="label = :l",
                                         ExpressionAttributeValues={":d": {"S": "d0"}, ":l": {"S": "l5"}}),
    "query parts": query(ProjectionExpression="label, device"),
    "query parts within parts": query(ProjectionExpression="#m.n, label", ExpressionAttributeNames={"#m": "map"}),
    "query a range": query(KeyConditionExpression="device = :d AND at > :a", Limit=1,
                           ExpressionAttributeValues={":d": {"S": "d0"}, ":a": {"N": "0"}}),
    "query keys of an index": query(IndexName="by-label", KeyConditionExpression="label = :d",
                                    ExpressionAttributeValues={":d": {"S": "l4"}}),
    "query an index by a filter": query(IndexName="by-group", KeyConditionExpression="#g = :d", Limit=2,
                                        FilterExpression="contains(device, :l)",
                                        ExpressionAttributeNames={"#g": "group"},
                                        ExpressionAttributeValues={":d": {"S": "g"}, ":l": {"S": "0"}}),
    "query an index on": query(IndexName="by-group", KeyConditionExpression="#g = :d",
                               ExclusiveStartKey=item("d0", 4, group="g", label="l4"),
                               ExpressionAttributeNames={"#g": "group"},
                               ExpressionAttributeValues={":d": {"S": "g"}}),
    "query an index as it is now": query(IndexName="by-label", KeyConditionExpression="label = :d", ConsistentRead=True,
                                         ExpressionAttributeValues={":d": {"S": "l4"}}),
    "query nonsense": query(KeyConditionExpression="at = :d"),
    "scan": ("scan", {**TABLE, "Limit": 3}),
    "get many": ("batch_get_item", {"RequestItems": {"reading": {"Keys": [item("d0", 4), item("d9", 9)]}}}),
    "write many": ("batch_write_item", {"RequestItems": {"reading": [
        {"PutRequest": {"Item": everything("d0", 8)}}, {"DeleteRequest": {"Key": item("d0", 4)}}]}}),
    "read together": ("transact_get_items", {"TransactItems": [{"Get": {**TABLE, "Key": item("d0", 4)}}]}),
    "write together": ("transact_write_items", {"TransactItems": [
        {"Put": {**TABLE, "Item": everything("d0", 9), **ABSENT}},
        {"Update": {**TABLE, "Key": item("d0", 4), "UpdateExpression": "SET label = :v",
                    "ExpressionAttributeValues": {":v": {"S": "new"}}}}]}),
    "refuse together": ("transact_write_items", {"TransactItems": [
        {"Put": {**TABLE, "Item": everything("d0", 9)}},
        {"ConditionCheck": {**TABLE, "Key": item("d0", 4), **ABSENT, **CHECKED}}]}),
}  # fmt: skip


@pytest.mark.parametrize("name", CALLS)
def test_the_answer_is_the_same(clients: tuple[Any, Any], name: str) -> None:
    for each in clients:
        for at in (0, 4, 5):
            each.put_item(**TABLE, Item=everything("d0", at))
    long, direct = (answer(each, CALLS[name]) for each in clients)
    assert direct == long
    assert kept(DIRECT) == kept(LONG)


def test_every_operation_on_items_is_held_to_that() -> None:
    assert {method for method, _ in CALLS.values()} == set(dynamodb_direct.METHODS.values())


@pytest.mark.parametrize("select", ["COUNT", "ALL_ATTRIBUTES"])
def test_an_answer_ends_where_a_megabyte_does(clients: tuple[Any, Any], select: str) -> None:
    for at in range(9):
        for each in clients:
            each.put_item(**TABLE, Item=item("d0", at, filling="x" * (260_000 if at else 100)))
    start: dict[str, Any] = {}
    for _ in range(3):
        long, direct = (answer(each, query(Select=select, **start)) for each in clients)
        assert direct == long
        start = {"ExclusiveStartKey": direct["LastEvaluatedKey"]} if "LastEvaluatedKey" in direct else {}
    assert not start


@pytest.mark.parametrize("seed", range(3))
def test_it_is_the_same_after_any_others(clients: tuple[Any, Any], seed: int) -> None:
    chance = random.Random(seed)
    for number in range(60):
        method, arguments = CALLS[chance.choice(list(CALLS))] if number % 2 else put("d0", chance.randrange(9))
        long, direct = (answer(each, (method, arguments)) for each in clients)
        assert direct == long
    assert kept(DIRECT) == kept(LONG)


def test_what_is_kept_is_neither_the_callers_nor_the_next_ones_to_change(clients: tuple[Any, Any]) -> None:
    _, direct = clients
    given = everything("d0", 0)
    direct.put_item(**TABLE, Item=given)
    given["map"]["M"]["n"]["N"] = "8"
    key = {**TABLE, "Key": item("d0", 0)}
    found = direct.get_item(**key)["Item"]
    assert found == everything("d0", 0)
    found["map"]["M"]["list"]["L"].clear()
    assert direct.get_item(**key)["Item"] == everything("d0", 0)


def test_only_what_moto_refuses_goes_through_http(clients: tuple[Any, Any]) -> None:
    _, direct = clients
    went: list[bytes] = []
    direct.meta.events.register_first("before-send", lambda request, **_: went.append(request.headers["X-Amz-Target"]))
    answer(direct, CALLS["put"])
    assert went == []
    answer(direct, put("d0", 1, **ABSENT))
    assert went == [b"DynamoDB_20120810.PutItem"]


def test_a_stored_message_takes_three_kibibytes_of_memory_at_most(clients: tuple[Any, Any]) -> None:
    _, direct = clients
    count = 500

    def store(device: str) -> None:
        for at in range(count):
            ttl, doc = {"N": str(2_000_000_000 + at)}, {"B": bytes(300)}
            direct.put_item(**TABLE, Item={**item(device, at), "ttl": ttl, "doc": doc}, **absent("at"))

    direct.update_time_to_live(**TABLE, TimeToLiveSpecification={"Enabled": True, "AttributeName": "ttl"})
    store("before")
    tracemalloc.start()
    try:
        store("counted")
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert taken / count <= 3 * 1024
