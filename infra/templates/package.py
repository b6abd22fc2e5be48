"""One template of everything, for pipelines: what Chalice makes of app.py, with both of our stacks merged in."""

import json
import os
from pathlib import Path
from typing import Any

from chalicelib.aws import coaps
from chalicelib.dialects import registry
from chalicelib.web import brokers
from infra import description, gateway_responses, project
from infra.functions import API, FUNCTIONS, deployed_name, log_group
from infra.permissions import INVOKES
from infra.settings import API_RATE
from infra.stage import Stage, sub
from infra.templates import coap_gateway, storage, triggers
from infra.templates.document import Document, Resources, logical

_THROTTLE = {
    "ResourcePath": "/*",
    "HttpMethod": "*",
    "ThrottlingRateLimit": API_RATE,
    "ThrottlingBurstLimit": 2 * API_RATE,
}
"""Each request below a root costs one of API Gateway and of Lambda, whether there is anything or not."""
TEMPLATE, ARCHIVE = "homeport.json", "deployment.zip"
REST_API = "RestAPI"
_SETTINGS = {
    "HOMEPORT_IOT_ENDPOINT": ("IotEndpoint", "iot:Data-ATS endpoint; empty for the region's own"),
    "HOMEPORT_DOWNLOAD_HOST": ("DownloadHost", "The host name of an edge, where devices fetch files"),
    brokers.SECURED: ("MqttAddress", "Where devices are told to come by MQTT, such as mqtt.example.com:8883"),
    registry.SETTING: ("Dialects", "Dialects, by commas, that the stage speaks; empty for all"),
    "HOMEPORT_CORS_ORIGINS": ("CorsOrigins", "Sites, by commas, whose pages may ask"),
    "HOMEPORT_FENCE_SECONDS": (
        "FenceSeconds",
        "How long a client id rests before it goes to another tenant; empty for 300",
    ),
    "HOMEPORT_LONGEST_POLL": (
        "LongestPoll",
        "Seconds that clients wait who poll and have heard nothing; empty for 60",
    ),
    "HOMEPORT_PUSH_ALLOW": ("PushAllow", "Networks, by commas, that webhooks may be in though they are private"),
    coaps.URI: ("CoapsUri", "Where LwM2M devices register, such as coaps://coap.example.com:5684"),
    "HOMEPORT_LOG_SAMPLE": ("LogSample", "Which share of all traces is logged, 0 to 1; empty for 0.1"),
}
"""Variables of functions that are parameters of the template."""


def write(
    stage: Stage, folder: Path, *, dependencies: bool = True, platforms: tuple[str, ...] = project.LAMBDA
) -> Path:
    """`folder`/homeport.json and beside it the archive it refers to; returns the template's path."""
    built = project.build(stage, folder / f"package-{stage.name}", dependencies=dependencies, platforms=platforms)
    merge = built / "merge.json"
    merge.write_text(json.dumps(merged(stage)))
    out = built / "out"
    # Chalice wants a region to be set, and asks AWS nothing.
    environment = {"AWS_DEFAULT_REGION": "us-east-1", **os.environ}
    project.chalice(
        built, "package", "--stage", stage.name, "--merge-template", str(merge), str(out), environment=environment
    )
    template = json.loads((out / "sam.json").read_text())
    # Without white space: CloudFormation takes a megabyte.
    (folder / TEMPLATE).write_text(json.dumps(template, separators=(",", ":")))
    (out / ARCHIVE).replace(folder / ARCHIVE)
    return folder / TEMPLATE


def merged(stage: Stage) -> dict[str, Any]:
    """What is merged into Chalice's template."""
    triggering = triggers.document(stage, _by_reference, {"Ref": REST_API})
    ours = [storage.document(stage), triggering, coap_gateway.document(stage)]
    functions: Resources = {k: {"Properties": v} for f in FUNCTIONS for k, v in _function(stage, f.name).items()}
    # SAM puts them into the definition of the API, so that a change of them is deployed like one of the routes.
    functions[REST_API] = {
        "Properties": {
            "Name": stage.called("api"),
            "GatewayResponses": gateway_responses.properties(),
            "MethodSettings": [_THROTTLE],
        }
    }
    # An event source looks for its queue when it is made.
    for fed in description.queues():
        if fed.function is not None:
            functions[logical_function(fed.function)]["DependsOn"] = logical(fed.name, "queue")
    settings = {name: {"Type": "String", "Default": "", "Description": what} for name, what in _SETTINGS.values()}
    known = "|".join(registry.NAMES)
    settings["Dialects"]["AllowedPattern"] = f"(({known})(,({known}))*)?"
    whole = Document(
        f"Homeport {stage.name}: everything",
        {k: v for part in ours for k, v in part.resources.items()} | functions,
        parameters={**{k: v for part in ours for k, v in part.parameters.items()}, **settings},
        conditions={k: v for part in ours for k, v in part.conditions.items()},
        outputs={k: v for part in ours for k, v in part.outputs.items()},
    )
    return whole.template()


def logical_function(name: str) -> str:
    """Chalice's logical ids."""
    return "APIHandler" if name == API else name.capitalize()


def _by_reference(function: str) -> dict[str, Any]:
    return {"Fn::GetAtt": [logical_function(function), "Arn"]}


def logging(name: str, stage: Stage) -> dict[str, str]:
    """A function's LoggingConfig. Its group is named, because Lambda's own choice is not always the one that is made.

    Lambda's own lines about each invocation cost as much as the invocation's compute: only warnings are kept.
    """
    return {
        "LogFormat": "JSON",
        "ApplicationLogLevel": "INFO",
        "SystemLogLevel": "WARN",
        "LogGroup": log_group(name, stage),
    }


def recursion(name: str) -> dict[str, str]:
    """What goes on in a new invocation of itself would be stopped after 16 of them, as a loop."""
    return {"RecursiveLoop": "Allow"} if name in INVOKES.get(name, ()) else {}


def _function(stage: Stage, name: str) -> dict[str, Any]:
    """A function with its role and log group, which Chalice leaves without names of ours."""
    settings = {name: {"Ref": parameter} for name, (parameter, _) in _SETTINGS.items()}
    own = {
        "HOMEPORT_API_HOST": {"Ref": "ApiHost"},
        "HOMEPORT_DEADLINES": {"Ref": "DeadlinesBy"},
        coaps.NODES: {"Ref": "GatewayNodes"},
    }
    variables = {**project.variables(stage), **settings, **own}
    stem = "".join(word.capitalize() for word in name.split("_"))
    return {
        logical_function(name): {
            "FunctionName": deployed_name(name, stage),
            "Environment": {"Variables": variables},
            "LoggingConfig": logging(name, stage),
            **recursion(name),
        },
        f"{stem}Role": {"RoleName": sub(f"{stage.called(name)}-${{AWS::Region}}")},
        f"{stem}LogGroup": {"LogGroupName": log_group(name, stage)},
    }
