"""Stages deployed into MiniStack from what `make package` writes."""

import io
import json
import time
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from chalicelib.web.application import ANY
from infra import description
from infra.stage import Account, Stage, bucket_name
from infra.templates.package import ARCHIVE, REST_API
from tests.conformance.second_opinion.ministack import ACCOUNT, REGION, MiniStack

Template = dict[str, Any]
METHODS = ("delete", "get", "head", "options", "patch", "post", "put")
UNKNOWN = {"AWS::IoT::Authorizer": "no such resource type: devices call the authorizer's function themselves"}
"""Resource types that MiniStack's CloudFormation does not know, each with what follows from that."""

_ARTIFACTS = "artifacts"
_WITHIN_S = 60


def deploy(ministack: MiniStack, stack: str, packaged: Path, **parameters: str) -> dict[str, str]:
    """The stack's outputs, once everything is made."""
    s3, cloudformation = ministack.client("s3"), ministack.client("cloudformation")
    if not any(bucket["Name"] == _ARTIFACTS for bucket in s3.list_buckets()["Buckets"]):
        s3.create_bucket(Bucket=_ARTIFACTS)
    template, archive = f"{stack}.json", f"{stack}.zip"
    s3.put_object(Bucket=_ARTIFACTS, Key=archive, Body=_lighter(packaged.with_name(ARCHIVE)))
    adapted = json.dumps(_adapted(json.loads(packaged.read_text()), archive))
    s3.put_object(Bucket=_ARTIFACTS, Key=template, Body=adapted.encode())
    cloudformation.create_stack(
        StackName=stack,
        TemplateURL=f"{ministack.endpoint}/{_ARTIFACTS}/{template}",
        Capabilities=["CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
        Parameters=[{"ParameterKey": k, "ParameterValue": v} for k, v in parameters.items()],
    )
    return _outputs(cloudformation, stack)


def api(ministack: MiniStack, outputs: dict[str, str]) -> str:
    """The URL that answers for `EndpointURL`, which is one of Amazon's."""
    return f"{ministack.endpoint}/_aws/execute-api/{outputs['RestAPIId']}/api"


def remove(ministack: MiniStack, stack: str) -> None:
    cloudformation = ministack.client("cloudformation")
    cloudformation.delete_stack(StackName=stack)
    cloudformation.get_waiter("stack_delete_complete").wait(StackName=stack, WaiterConfig={"Delay": 1})


def _lighter(archive: Path) -> bytes:
    """The archive without compression: MiniStack unpacks it for every running instance of a function."""
    made = io.BytesIO()
    with zipfile.ZipFile(archive) as given, zipfile.ZipFile(made, "w") as kept:
        for name in given.namelist():
            kept.writestr(name, given.read(name))
    return made.getvalue()


def bucket(stage: Stage) -> str:
    name: str = Account(ACCOUNT, REGION).filled(bucket_name(stage, description.OBJECTS))
    return name


def _adapted(template: Template, archive: str) -> Template:
    """Without what is unknown; the rest is said differently, not less."""
    resources = template["Resources"]
    names = {k: resources.pop(k)["Properties"]["AuthorizerName"] for k in list(resources) if _unknown(resources[k])}
    for resource in resources.values():
        properties = resource["Properties"]
        if resource["Type"] == "AWS::Serverless::Function":
            # As `aws cloudformation package` writes it.
            properties["CodeUri"] = f"s3://{_ARTIFACTS}/{archive}"
        if resource["Type"] == "AWS::IAM::Role":
            for policy in properties.get("Policies", ()):
                _with_batches(policy["PolicyDocument"])
        if resource["Type"] == "AWS::IoT::DomainConfiguration":
            config = properties["AuthorizerConfig"]
            config["DefaultAuthorizerName"] = names[config["DefaultAuthorizerName"]["Ref"]]
    # MiniStack does not read the extension of the definition that says the same.
    properties = resources[REST_API]["Properties"]
    properties["DefinitionBody"] = spread(properties["DefinitionBody"])
    properties["BinaryMediaTypes"] = properties["DefinitionBody"]["x-amazon-apigateway-binary-media-types"]
    return template


def spread(definition: Mapping[str, Any]) -> dict[str, Any]:
    """With each method that ANY stands for written out: MiniStack exports ANY, and reads only these."""
    paths = {path: dict.fromkeys(METHODS, served[ANY]) for path, served in definition["paths"].items()}
    return {**definition, "paths": paths}


def _with_batches(document: dict[str, Any]) -> None:
    """SQS asks for the right to send when a batch is sent; MiniStack asks for a right that IAM does not have."""
    for statement in document["Statement"]:
        if "sqs:SendMessage" in statement["Action"]:
            statement["Action"].append("sqs:SendMessageBatch")


def _unknown(resource: dict[str, Any]) -> bool:
    return resource["Type"] in UNKNOWN


def _outputs(cloudformation: Any, stack: str) -> dict[str, str]:
    ends = time.monotonic() + _WITHIN_S
    while True:
        (found,) = cloudformation.describe_stacks(StackName=stack)["Stacks"]
        if not found["StackStatus"].endswith("_IN_PROGRESS"):
            break
        assert time.monotonic() < ends, f"{stack} is not made in time"
        time.sleep(0.2)
    events = cloudformation.describe_stack_events(StackName=stack)["StackEvents"]
    failed = {e["LogicalResourceId"]: e.get("ResourceStatusReason") for e in events if "FAILED" in e["ResourceStatus"]}
    assert found["StackStatus"] == "CREATE_COMPLETE", failed
    return {output["OutputKey"]: output["OutputValue"] for output in found["Outputs"]}
