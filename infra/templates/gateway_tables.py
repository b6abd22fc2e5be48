"""The CoAP gateway's own tables: no function reads or writes them."""

from typing import Any

from infra.gateway.settings import ASSOCIATIONS, NODES
from infra.stage import Stage
from infra.templates.document import Resources, logical, resource, tags

_KEYS: dict[str, list[tuple[str, str, str]]] = {
    NODES: [("id", "N", "HASH")],
    ASSOCIATIONS: [("owner", "S", "HASH"), ("id", "S", "RANGE")],
}
NOUNS = tuple(_KEYS)


def schema(noun: str) -> dict[str, Any]:
    """Keys and billing, as both CloudFormation and CreateTable take them."""
    return {
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": name, "AttributeType": kind} for name, kind, _ in _KEYS[noun]],
        "KeySchema": [{"AttributeName": name, "KeyType": role} for name, _, role in _KEYS[noun]],
    }


def resources(stage: Stage) -> Resources:
    """Without backups: an old copy of the counter of generations would have sequence numbers used twice."""
    return {
        logical(noun, "table"): resource(
            "AWS::DynamoDB::Table",
            {
                "TableName": stage.called(noun),
                **schema(noun),
                "TimeToLiveSpecification": {"AttributeName": "ttl", "Enabled": True} if noun == ASSOCIATIONS else None,
                "SSESpecification": {"SSEEnabled": True, "SSEType": "KMS"},
                "Tags": tags(stage.name, stage.app),
            },
            DeletionPolicy="Delete",
            UpdateReplacePolicy="Delete",
        )
        for noun in NOUNS
    }
