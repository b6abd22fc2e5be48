"""DynamoDB tables, from the models that read and write them."""

from typing import Any

from pynamodb.models import Model

from infra.stage import Stage
from infra.templates.document import Resources, logical, resource, tags

_TIME_TO_LIVE = "ttl"


def resources(models: list[type[Model]], stage: Stage, noun: dict[type[Model], str]) -> Resources:
    """One table a model: encrypted, restorable to any second of 35 days, protected from deletion."""
    return {logical(noun[model], "table"): _table(model, stage.called(noun[model]), stage) for model in models}


def _table(model: type[Model], name: str, stage: Stage) -> dict[str, Any]:
    schema = model._get_schema()  # noqa: SLF001 - the one place where PynamoDB says what it knows
    indexes = [_index(index) for index in schema["global_secondary_indexes"]]
    expiring = any(a.attr_name == _TIME_TO_LIVE for a in model.get_attributes().values())
    return resource(
        "AWS::DynamoDB::Table",
        {
            "TableName": name,
            "BillingMode": "PAY_PER_REQUEST",
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


def _index(index: Any) -> dict[str, Any]:
    return {
        "IndexName": index["index_name"],
        "KeySchema": _keys(index["key_schema"]),
        "Projection": index["projection"],
    }


def _keys(schema: Any) -> list[dict[str, str]]:
    """CloudFormation wants the hash key first."""
    return sorted(map(dict, schema), key=lambda part: part["KeyType"] != "HASH")
