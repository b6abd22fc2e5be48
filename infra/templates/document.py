"""Templates as values: resources by logical id, joined into a document."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Resources = dict[str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Document:
    """A CloudFormation template in parts, so that two can be joined."""

    description: str
    resources: Resources
    parameters: Mapping[str, Any] = field(default_factory=dict)
    conditions: Mapping[str, Any] = field(default_factory=dict)
    outputs: Mapping[str, Any] = field(default_factory=dict)

    def template(self) -> dict[str, Any]:
        parts = {
            "AWSTemplateFormatVersion": "2010-09-09",
            "Description": self.description,
            "Parameters": dict(self.parameters),
            "Conditions": dict(self.conditions),
            "Resources": self.resources,
            "Outputs": dict(self.outputs),
        }
        return {name: part for name, part in parts.items() if part}


def logical(*words: str) -> str:
    """A logical id: letters and digits only."""
    return "".join(w[:1].upper() + w[1:] for word in words for w in re.split(r"[^A-Za-z0-9]+", word))


def resource(kind: str, properties: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """`more` are the attributes beside the properties, by their names in CloudFormation."""
    return {"Type": kind, "Properties": {k: v for k, v in properties.items() if v is not None}, **more}


def tags(stage: str, app: str) -> list[dict[str, str]]:
    return [{"Key": "app", "Value": app}, {"Key": "stage", "Value": stage}]
