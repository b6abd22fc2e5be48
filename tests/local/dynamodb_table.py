"""One table of readings, with an index, for the tests of the mended DynamoDB."""

from typing import Any

REGION = "eu-west-1"


def make_table(client: Any, name: str = "reading") -> None:
    client.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "device", "KeyType": "HASH"}, {"AttributeName": "at", "KeyType": "RANGE"}],
        AttributeDefinitions=[
            {"AttributeName": "device", "AttributeType": "S"},
            {"AttributeName": "at", "AttributeType": "N"},
            {"AttributeName": "group", "AttributeType": "S"},
            {"AttributeName": "label", "AttributeType": "S"},
        ],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "by-group",
                "KeySchema": [
                    {"AttributeName": "group", "KeyType": "HASH"},
                    {"AttributeName": "label", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "ALL"},
            },
            {
                "IndexName": "by-label",
                "KeySchema": [{"AttributeName": "label", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            },
        ],
        BillingMode="PAY_PER_REQUEST",
    )


def item(device: str, at: int, **further: Any) -> dict[str, Any]:
    return {"device": {"S": device}, "at": {"N": str(at)}, **{name: {"S": value} for name, value in further.items()}}


def ats(answer: dict[str, Any]) -> list[int]:
    return [int(found["at"]["N"]) for found in answer["Items"]]


def query_group(client: Any, group: str, condition: str, value: str, **further: Any) -> list[int]:
    names = {"#group": "group"}
    values = {":group": {"S": group}, ":value": {"S": value}}
    return ats(
        client.query(
            TableName="reading",
            IndexName="by-group",
            KeyConditionExpression=f"#group = :group AND {condition}",
            ExpressionAttributeNames=names,
            ExpressionAttributeValues=values,
            **further,
        )
    )
