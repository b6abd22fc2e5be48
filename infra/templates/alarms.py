"""Alarms: each says in one sentence what is wrong; docs/runbook.md says what to do about it."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from chalicelib.triggers.metrics import NAMESPACE, OLDEST_OVERDUE
from infra import description, uses
from infra.functions import API, FUNCTIONS, deployed_name
from infra.stage import Stage, arn
from infra.templates.document import Resources, logical, resource, tags
from infra.uses.actions import PUT, UPDATE

_OF_DEVICES = ("uplink", "presence")
_VALVES = frozenset({"disconnect", "activate"})
"""Functions whose being throttled is how they keep to a quota."""
FEW = frozenset(
    {
        "dead-letters",
        "errors-api-handler",
        "errors-authorizer",
        "errors-deliver",
        "errors-presence",
        "errors-sweep",
        "errors-uplink",
        "overdue-commands",
        "uplink-late",
    }
)
"""The alarms of a stage that is not watched: whatever fails for good ends in the dead letters."""
RUNBOOK = "docs/runbook.md"

PARAMETERS: dict[str, Any] = {
    "AlarmEmail": {"Type": "String", "Default": "", "Description": "Who is told of alarms; empty for nobody"},
}
CONDITIONS: dict[str, Any] = {"HasAlarmEmail": {"Fn::Not": [{"Fn::Equals": [{"Ref": "AlarmEmail"}, ""]}]}}


@dataclass(frozen=True, slots=True)
class Alarm:
    """Fires when the statistic of a minute is above `above` in `minutes` of as many minutes.

    `chapter` is the one of the runbook.
    """

    name: str
    chapter: str
    what: str
    namespace: str
    metric: str
    dimensions: dict[str, Any]
    statistic: str = "Sum"
    above: float = 0
    minutes: int = 1
    silence_is_bad: bool = False


def alarms(stage: Stage) -> list[Alarm]:
    """All of them for a stage that is watched; of another one those that tell when something is lost, late or shut."""
    every = [*_messages(stage), *_functions(stage), *_tables(stage), *_deadlines(stage)]
    return every if stage.watched else [alarm for alarm in every if alarm.name in FEW]


def resources(stage: Stage) -> Resources:
    topic = resource("AWS::SNS::Topic", {"TopicName": stage.called("alarms"), "Tags": tags(stage.name, stage.app)})
    mail = resource(
        "AWS::SNS::Subscription",
        {"TopicArn": {"Ref": "Alarms"}, "Protocol": "email", "Endpoint": {"Ref": "AlarmEmail"}},
        Condition="HasAlarmEmail",
    )
    made_ = {logical(a.name, "alarm"): made(stage, a, {"Ref": "Alarms"}) for a in alarms(stage)}
    return {"Alarms": topic, "AlarmMail": mail, **made_}


def made(stage: Stage, alarm: Alarm, topic: Any) -> dict[str, Any]:
    """`topic` refers to where it is told."""
    percentile = alarm.statistic.startswith("p")
    return resource(
        "AWS::CloudWatch::Alarm",
        {
            "AlarmName": stage.called(alarm.name),
            "AlarmDescription": f"{alarm.what} ({RUNBOOK}#{alarm.chapter})",
            "Namespace": alarm.namespace,
            "MetricName": alarm.metric,
            "Dimensions": [{"Name": k, "Value": v} for k, v in alarm.dimensions.items()],
            "Statistic": None if percentile else alarm.statistic,
            "ExtendedStatistic": alarm.statistic if percentile else None,
            "Period": 60,
            "EvaluationPeriods": alarm.minutes,
            "Threshold": alarm.above,
            "ComparisonOperator": "GreaterThanThreshold",
            "TreatMissingData": "breaching" if alarm.silence_is_bad else "notBreaching",
            "AlarmActions": [topic],
            "OKActions": [topic],
            "Tags": tags(stage.name, stage.app),
        },
    )


def _messages(stage: Stage) -> list[Alarm]:
    found = [
        Alarm(
            "dead-letters",
            "dead-letters",
            "Messages or work that failed three times wait to be looked at",
            "AWS/SQS",
            "ApproximateNumberOfMessagesVisible",
            {"QueueName": stage.called(description.DEAD_LETTERS)},
            statistic="Maximum",
        )
    ]
    for rule in description.rules():
        of_rule = {"RuleName": stage.rule(rule.name)}
        word = rule.name.replace("_", "-")
        action = {"ActionType": "Lambda", **of_rule}
        what = f"Topic rule {rule.name}"
        found += [
            Alarm(
                f"rule-failures-{word}",
                "rule-failures",
                f"{what} could not invoke its function",
                "AWS/IoT",
                "Failure",
                action,
            ),
        ]
    return found


def _functions(stage: Stage) -> list[Alarm]:
    def of(function: str) -> dict[str, str]:
        return {"FunctionName": deployed_name(function, stage)}

    throttled = [
        Alarm(
            f"throttled-{f.name.replace('_', '-')}",
            "throttled-functions",
            f"Function {f.name} has not enough concurrency",
            "AWS/Lambda",
            "Throttles",
            of(f.name),
            above=10_000 if f.name in _VALVES else 0,
            minutes=5,
        )
        for f in FUNCTIONS
    ]
    failing = [
        Alarm(
            f"errors-{f.name.replace('_', '-')}",
            "errors",
            f"Function {f.name} fails",
            "AWS/Lambda",
            "Errors",
            of(f.name),
            minutes=1 if f.name in ("authorizer", API) else 3,
        )
        for f in FUNCTIONS
    ]
    slow = Alarm(
        "authorizer-slow",
        "authorizer-slow",
        "The authorizer comes near the 5 s that IoT Core waits",
        "AWS/Lambda",
        "Duration",
        of("authorizer"),
        statistic="p99",
        above=3_000,
        minutes=5,
    )
    late = Alarm(
        "uplink-late",
        "uplink-late",
        "Messages of devices wait minutes before they are stored",
        "AWS/Lambda",
        "AsyncEventAge",
        of("uplink"),
        statistic="Maximum",
        above=300_000,
        minutes=5,
    )
    return [*throttled, *failing, slow, late]


def _tables(stage: Stage) -> list[Alarm]:
    """Of those that devices write; who writes others is an API's client, and is told."""
    busy = {table for function in _OF_DEVICES for table, actions in uses.tables(function).items() if _writes(actions)}
    return [
        Alarm(
            f"throttled-{kind.lower()}s-{noun}",
            "throttled-tables",
            f"Table {noun} refuses {kind.lower()}s",
            "AWS/DynamoDB",
            f"{kind}ThrottleEvents",
            {"TableName": stage.called(noun)},
            minutes=3,
        )
        for noun in description.table_nouns()
        if noun in busy
        for kind in ("Read", "Write")
    ]


def _writes(actions: Collection[str]) -> bool:
    return any(action in actions for action in (PUT, UPDATE))


def _deadlines(stage: Stage) -> list[Alarm]:
    machine = {"StateMachineArn": arn("states", f"stateMachine:{stage.called('deadlines')}")}
    return [
        Alarm(
            "deadlines-failed", "deadlines", "Deadlines could not be settled", "AWS/States", "ExecutionsFailed", machine
        ),
        Alarm(
            "deadlines-throttled",
            "deadlines",
            "Step Functions throttle",
            "AWS/States",
            "ExecutionThrottled",
            machine,
            minutes=3,
        ),
        Alarm(
            "overdue-commands",
            "overdue-commands",
            "A PROCESSING command is minutes past its deadline, or the sweep does not run",
            NAMESPACE,
            OLDEST_OVERDUE,
            {"Stage": stage.name},
            statistic="Maximum",
            above=300,
            minutes=5,
            silence_is_bad=True,
        ),
    ]
