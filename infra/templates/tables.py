"""DynamoDB tables, from the models that read and write them."""

from typing import Any

from pynamodb.models import Model

from infra.stage import Stage
from infra.templates.document import Resources, logical, resource, tags

_TIME_TO_LIVE = "ttl"
_LONG_KEPT = "messages"
WARM = {"mailboxes": 10_000, "mailboxes/index/online": 6_000, "commands": 8_000, "commands/index/due": 6_000}
"""Writes a second for which a stage in production is made ready.

Where a fleet that comes back at 3,000 CONNECTs a second, or is commanded at once, takes more than the 4,000 that a new
table or index has (`bench/scale`).
"""
_READS = 12_000
"""Reads a second that every new table has."""
CLASS = "MessageClass"
PARAMETERS: dict[str, Any] = {
    CLASS: {
        "Type": "String",
        "Default": "STANDARD_INFREQUENT_ACCESS",
        "AllowedValues": ["STANDARD", "STANDARD_INFREQUENT_ACCESS"],
        "Description": "Class of the table of messages: infrequent access where they are kept for three months or more",
    }
}


def resources(models: list[type[Model]], stage: Stage, noun: dict[type[Model], str]) -> Resources:
    """One table a model: encrypted, restorable to any second of 35 days, protected from deletion."""
    return {logical(noun[model], "table"): _table(model, noun[model], stage) for model in models}


def _table(model: type[Model], noun: str, stage: Stage) -> dict[str, Any]:
    schema = model._get_schema()  # noqa: SLF001 - the one place where PynamoDB says what it knows
    indexes = [_index(index, noun, stage) for index in schema["global_secondary_indexes"]]
    expiring = any(a.attr_name == _TIME_TO_LIVE for a in model.get_attributes().values())
    return resource(
        "AWS::DynamoDB::Table",
        {
            "TableName": stage.called(noun),
            "BillingMode": "PAY_PER_REQUEST",
            "TableClass": {"Ref": CLASS} if noun == _LONG_KEPT else None,
            "WarmThroughput": _warm(noun, stage),
            "AttributeDefinitions": schema["attribute_definitions"],
            "KeySchema": _keys(schema["key_schema"]),
            "GlobalSecondaryIndexes": indexes or None,
            "TimeToLiveSpecification": {"AttributeName": _TIME_TO_LIVE, "Enabled": True} if expiring else None,
            "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
            "SSESpecification": {"SSEEnabled": True, "SSEType": "KMS"},
            "DeletionProtectionEnabled": True,
            "Tags": tags(stage.name, stage.app),
        },
        # Deletion protection stands before this; `destroy --delete-data` lifts it.
        DeletionPolicy="Delete",
        UpdateReplacePolicy="Retain",
    )


def _index(index: Any, noun: str, stage: Stage) -> dict[str, Any]:
    made = {
        "IndexName": index["index_name"],
        "KeySchema": _keys(index["key_schema"]),
        "Projection": index["projection"],
    }
    warm = _warm(f"{noun}/index/{index['index_name']}", stage)
    return {**made, "WarmThroughput": warm} if warm else made


def _warm(path: str, stage: Stage) -> dict[str, int] | None:
    writes = WARM.get(path) if stage.watched else None
    return None if writes is None else {"ReadUnitsPerSecond": _READS, "WriteUnitsPerSecond": writes}


def _keys(schema: Any) -> list[dict[str, str]]:
    """CloudFormation wants the hash key first."""
    return sorted(map(dict, schema), key=lambda part: part["KeyType"] != "HASH")
