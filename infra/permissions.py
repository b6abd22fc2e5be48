"""What each function may do: one policy a function, made of grants. A wildcard stands only with its reason."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from chalicelib.aws import stage_key
from chalicelib.dialects import registry
from chalicelib.dialects.dialect import Part
from chalicelib.dialects.topics import Direction
from chalicelib.triggers import functions
from infra import description
from infra.functions import API, log_group, named
from infra.gateway.settings import ASSOCIATIONS, KEY, NODES
from infra.stage import Stage, arn, bucket_name, sub
from infra.uses import tables
from infra.uses.actions import BATCH, DELETE, GET, PUT, QUERY, UPDATE

_MACHINE = "deadlines"

_STARTS = ("states:StartExecution",)
_STOPS = ("states:StopExecution",)
DEADLINES: dict[str, tuple[str, ...]] = {
    API: (*_STARTS, *_STOPS),
    "uplink": _STOPS,
    "deliver": (*_STARTS, *_STOPS),
    "settle": (*_STARTS, *_STOPS),
    "sweep": (*_STARTS, *_STOPS),
}
_STARTING = tuple(function for function, actions in DEADLINES.items() if _STARTS[0] in actions)
INVOKES: dict[str, tuple[str, ...]] = {
    API: ("deliver", "disconnect", "pump"),
    "uplink": ("deliver", "disconnect", "pump"),
    "presence": ("deliver", "disconnect", "pump"),
    "authorizer": ("disconnect", "pump"),
    "lwm2m": ("deliver", "pump"),
    "deliver": ("deliver", "pump"),
    "settle": ("deliver", "pump"),
    # What was postponed, too.
    "sweep": ("deliver", "disconnect", "pump", *(f.name for f in functions.FUNCTIONS if f.postpones)),
    "pump": ("pump",),
    "disconnect": ("disconnect", "pump"),
    "later": ("deliver", "disconnect", "pump"),
}
PUSHES: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(
        (API, "uplink", "presence", "authorizer", "lwm2m", "deliver", "settle", "sweep", "disconnect", "later"),
        ("sqs:GetQueueUrl", "sqs:SendMessage"),
    ),
    "push": ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"),
}
"""Who puts events for webhooks into their queue, and who takes them out."""
LATER: dict[str, tuple[str, ...]] = {
    **dict.fromkeys((API, "uplink"), ("sqs:GetQueueUrl", "sqs:SendMessage")),
    "later": (
        *("sqs:GetQueueUrl", "sqs:SendMessage"),
        *("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"),
    ),
}
"""Who has something looked at again in a moment, and who looks."""
HINTS = (API, "lwm2m")
"""Who tells the CoAP gateway that something waits, or has changed."""
OBJECTS: dict[str, tuple[str, ...]] = {
    API: ("s3:GetObject", "s3:PutObject", "s3:DeleteObject"),
    "uplink": ("s3:PutObject",),
    "later": ("s3:PutObject",),
    # Messages too big for a table that are deleted.
    "sweep": ("s3:GetObject", "s3:DeleteObject"),
    # A URL that it signs can do what it can do itself: devices download resources.
    "deliver": ("s3:GetObject",),
}


# Of devices few messages are about secrets: who takes them reads the key when one is.
READS_STAGE_KEY = frozenset({API, "uplink", *(f.name for f in functions.FUNCTIONS if f.looks_up_secrets)})
"""Who looks up secrets, or opens them. AWS's own key encrypts the parameter, and lets in whoever may read that."""

REGISTER = (
    "iot:DescribeCACertificate",
    "iot:UpdateCACertificate",
    "iot:DeleteCACertificate",
    "iot:ListTagsForResource",
    "iot:TagResource",
    "iot:UntagResource",
)
"""What it takes to keep the account's register of CA certificates beside other stages."""


@dataclass(frozen=True, slots=True)
class Grant:
    """`because` gives the reason for every wildcard in `resources`."""

    actions: tuple[str, ...]
    resources: tuple[dict[str, str], ...]
    because: str = ""
    condition: dict[str, Any] = field(default_factory=dict)

    def statement(self) -> dict[str, Any]:
        made: dict[str, Any] = {"Effect": "Allow", "Action": list(self.actions), "Resource": list(self.resources)}
        return {**made, "Condition": self.condition} if self.condition else made


IN_A_VPC = Grant(
    (
        "ec2:CreateNetworkInterface",
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeSubnets",
        "ec2:DeleteNetworkInterface",
        "ec2:AssignPrivateIpAddresses",
        "ec2:UnassignPrivateIpAddresses",
    ),
    ({"Fn::Sub": "*"},),
    because="Lambda makes interfaces by the function's role, and EC2 describes none by name",
)


def policy(function: str, stage: Stage, *, inside: bool = False) -> dict[str, Any]:
    """The policy document of a function's role; its ARNs are `Fn::Sub`. `inside` is for one that runs in a VPC."""
    granted = [*grants(function, stage), *([IN_A_VPC] if inside else [])]
    return {"Version": "2012-10-17", "Statement": [grant.statement() for grant in granted]}


def grants(function: str, stage: Stage) -> list[Grant]:
    found = [_logs(function, stage), *_tables(function, stage), *_deadlines(function, stage)]
    if function in READS_STAGE_KEY:
        found.append(Grant(("ssm:GetParameter",), (arn("ssm", f"parameter/{stage.called(stage_key.NOUN)}"),)))
    if function in INVOKES:
        targets = tuple(arn("lambda", f"function:{stage.called(f)}") for f in INVOKES[function])
        found.append(Grant(("lambda:InvokeFunction",), targets))
    if function in PUSHES:
        found.append(Grant(PUSHES[function], (arn("sqs", stage.called(description.PUSHES)),)))
    if function in LATER:
        found.append(Grant(LATER[function], (arn("sqs", stage.called(description.LATER)),)))
    if function in HINTS:
        hints = tuple(arn("sqs", stage.called(queue)) for queue in description.coaps())
        found.append(Grant(("sqs:GetQueueUrl", "sqs:SendMessage"), hints))
    if function in _STARTING or function == "settle":
        deadlines = arn("sqs", stage.called(description.DEADLINES))
        keeping = ("sqs:GetQueueUrl", "sqs:SendMessage") if function in _STARTING else ()
        # What its event source does, by the function's own role.
        taking = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes") if function == "settle" else ()
        found.append(Grant((*keeping, *taking), (deadlines,)))
    if named(function).postpones or function == "sweep":
        postponed = arn("sqs", stage.called(description.POSTPONED))
        used = ("sqs:ReceiveMessage", "sqs:DeleteMessage") if function == "sweep" else ("sqs:SendMessage",)
        found.append(Grant(("sqs:GetQueueUrl", *used), (postponed,)))
    if function in OBJECTS:
        objects = sub(f"arn:${{AWS::Partition}}:s3:::{bucket_name(stage, description.OBJECTS)['Fn::Sub']}/*")
        found.append(Grant(OBJECTS[function], (objects,), because="objects are named after messages and resources"))
    if named(function).in_background:
        dead_letters = arn("sqs", stage.called(description.DEAD_LETTERS))
        found.append(Grant(("sqs:SendMessage",), (dead_letters,)))
    return [*found, *_broker(function)]


def _logs(function: str, stage: Stage) -> Grant:
    group = arn("logs", f"log-group:{log_group(function, stage)}:*")
    actions = ("logs:CreateLogStream", "logs:PutLogEvents")
    return Grant(actions, (group,), because="Lambda names the log streams of this one group")


def _tables(function: str, stage: Stage) -> Iterable[Grant]:
    uses = _all_tables() if function == API else tables(function)
    by_actions: dict[tuple[str, ...], list[dict[str, str]]] = {}
    for path, actions in uses.items():
        by_actions.setdefault(actions, []).append(arn("dynamodb", f"table/{stage.called(path)}"))
    return (Grant(actions, tuple(resources)) for actions, resources in by_actions.items())


def _all_tables() -> dict[str, tuple[str, ...]]:
    uses: dict[str, tuple[str, ...]] = {}
    for table in description.table_nouns():
        # Messages that a client posts in bulk are kept, and go into a queue, in bulk.
        written = ("dynamodb:BatchWriteItem",) if table in ("messages", "queued") else ()
        uses[table] = (GET, PUT, UPDATE, DELETE, QUERY, BATCH, *written)
        uses |= {f"{table}/index/{index}": (QUERY,) for index in description.indexes(table)}
    # A version is only added to a resource, a device to a group, and a child to an object, that is still there.
    for checked in ("resources", "groups", "objects"):
        uses[checked] = (*uses[checked], "dynamodb:ConditionCheckItem")
    return uses


def _deadlines(function: str, stage: Stage) -> Iterable[Grant]:
    actions = DEADLINES.get(function, ())
    starts, stops = (tuple(a for a in actions if a in wanted) for wanted in (_STARTS, _STOPS))
    if starts:
        yield Grant(starts, (arn("states", f"stateMachine:{stage.called(_MACHINE)}"),))
    if stops:
        executions = arn("states", f"execution:{stage.called(_MACHINE)}:*")
        yield Grant(stops, (executions,), because="executions are named after commands")


def _broker(function: str) -> Iterable[Grant]:
    clients = (arn("iot", "client/*"),)
    because = "client ids are whatever the firmware in the field says"
    # Whoever tells an event may find that a client of another dialect listens to it.
    if function in ("deliver", "pump", "uplink", "presence", "lwm2m", "sweep", "later", API):
        topics = {"StringLike": {"iot:Topic": downlink_topics()}}
        yield Grant(("iot:SendDirectMessage",), clients, because, topics)
        yield Grant(("iot:GetConnection", "iot:ListSubscriptions"), clients, because)
    if function == API:
        everything = ({"Fn::Sub": "*"},)
        yield Grant(("iot:RegisterCACertificate",), everything, "a certificate has no name before it is registered")
        yield Grant(REGISTER, (arn("iot", "cacert/*"),), "IoT Core names certificates after what is in them")
    if function == "activate":
        certificates = (arn("iot", "cert/*"),)
        yield Grant(("iot:DescribeCertificate", "iot:UpdateCertificate"), certificates, "clients bring their own")
    if function == "disconnect":
        yield Grant(("iot:DeleteConnection", "iot:GetConnection"), clients, because)


def gateway(stage: Stage) -> list[Grant]:
    """What the CoAP gateway may do, wherever it runs: one function, its queues, its two tables, its key."""
    queues = tuple(arn("sqs", stage.called(name)) for name in description.coaps())
    return [
        Grant(("lambda:InvokeFunction",), (arn("lambda", f"function:{stage.called('lwm2m')}"),)),
        Grant(("sqs:GetQueueUrl", "sqs:ReceiveMessage", "sqs:DeleteMessage"), queues),
        Grant((GET, PUT, UPDATE, "dynamodb:Scan"), (arn("dynamodb", f"table/{stage.called(NODES)}"),)),
        Grant((QUERY, "dynamodb:BatchWriteItem"), (arn("dynamodb", f"table/{stage.called(ASSOCIATIONS)}"),)),
        Grant(("ssm:GetParameter",), (arn("ssm", f"parameter/{stage.called(KEY)}"),)),
    ]


def gateway_image(stage: Stage) -> list[Grant]:
    """What it takes to fetch its image."""
    repository = arn("ecr", f"repository/{stage.called('gateway')}")
    return [
        Grant(("ecr:GetAuthorizationToken",), ({"Fn::Sub": "*"},), "the token is the registry's, which has no name"),
        Grant(("ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:BatchCheckLayerAvailability"), (repository,)),
    ]


def gateway_log(stage: Stage) -> list[Grant]:
    group = arn("logs", f"log-group:/homeport/{stage.called('gateway')}:*")
    actions = ("logs:CreateLogStream", "logs:PutLogEvents")
    return [Grant(actions, (group,), because="whoever runs the container names the log streams of this one group")]


def downlink_topics() -> list[str]:
    """Every topic that a device may be spoken to on, as IAM writes patterns."""
    spoken = (topic for dialect in registry.having(Part.TOPICS) for topic in registry.topics(dialect).TOPICS)
    filters = {topic.filter for topic in spoken if topic.direction is Direction.DOWN}
    return sorted(name.replace("+", "*").replace("#", "*") for name in filters)
