"""What both forms of the CoAP gateway have in common: ports, names, the environment and the role's policy."""

from typing import Any

from infra import permissions
from infra.stage import Stage, sub
from infra.templates.document import resource, tags

INSTANCE, BALANCED = FORMS = ("instance", "balanced")
PORT, BOOTSTRAP_PORT, HEALTH_PORT, FORWARD_PORT = 5684, 5685, 5680, 5690
IMAGE_TAG = r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}"
REPOSITORY = "gateway"
STOPS_WITHIN_S = 60
"""Longer than what is under way is waited for, and the export."""


def log_group(stage: Stage) -> str:
    return f"/homeport/{stage.called('gateway')}"


def image(stage: Stage) -> dict[str, str]:
    """In the stage's own repository, which is the only one that the gateway's roles may read."""
    registry = "${AWS::AccountId}.dkr.ecr.${AWS::Region}.${AWS::URLSuffix}"
    return sub(f"{registry}/{stage.called(REPOSITORY)}:${{GatewayTag}}")


def environment(stage: Stage) -> dict[str, Any]:
    """Values may be references."""
    return {
        "HOMEPORT_APP": stage.app,
        "HOMEPORT_STAGE": stage.name,
        "AWS_REGION": {"Ref": "AWS::Region"},
        "HOMEPORT_GATEWAY_PORT": str(PORT),
        "HOMEPORT_GATEWAY_BOOTSTRAP_PORT": str(BOOTSTRAP_PORT),
        "HOMEPORT_GATEWAY_HEALTH_PORT": str(HEALTH_PORT),
    }


def role(stage: Stage, noun: str, service: str, granted: list[permissions.Grant], condition: str) -> dict[str, Any]:
    """For a service that runs something of this account's."""
    trust: dict[str, Any] = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    if service.startswith("ecs"):
        trust["Condition"] = {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}
    policy = {"Version": "2012-10-17", "Statement": [_plain(grant.statement()) for grant in granted]}
    return resource(
        "AWS::IAM::Role",
        {
            "RoleName": sub(f"{stage.called(noun)}-${{AWS::Region}}"),
            "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trust]},
            "Policies": [{"PolicyName": noun, "PolicyDocument": policy}],
            "Tags": tags(stage.name, stage.app),
        },
        Condition=condition,
    )


def _plain(statement: dict[str, Any]) -> dict[str, Any]:
    """Without a substitution of nothing, which CloudFormation's linter warns of."""
    named = [each["Fn::Sub"] if "${" not in each["Fn::Sub"] else each for each in statement["Resource"]]
    return {**statement, "Resource": named}
