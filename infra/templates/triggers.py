"""The triggers stack: what calls the functions. Topic rules, lifecycle events, the authorizer, deadlines."""

from collections.abc import Callable
from typing import Any

from infra import description
from infra.functions import FUNCTIONS
from infra.stage import Stage, arn, sub
from infra.templates import alarms, hosts
from infra.templates.document import Document, Resources, logical, resource, tags

FunctionArn = Callable[[str], Any]
"""How a template refers to a function by its name in app.py."""

MACHINE = "deadlines"
REST_API = "RestApiId"
AUTHORIZER = "mqtt"
_SIX_HOURS = 6 * 3600
_AT_ONCE = 10
PARAMETERS: dict[str, Any] = {
    "DeadlinesBy": {
        "Type": "String",
        "Default": "states",
        "AllowedValues": ["states", "queue"],
        "Description": "Who keeps deadlines that are near: Step Functions, or an SQS queue",
    }
}
CONDITIONS: dict[str, Any] = {"DeadlinesAreQueued": {"Fn::Equals": [{"Ref": "DeadlinesBy"}, "queue"]}}
_SQL_VERSION = "2016-03-23"


def document(stage: Stage, function: FunctionArn, rest_api: Any) -> Document:
    made = _rules(stage, function) | _failures(stage, function) | _authorizer(stage, function)
    made |= _deadlines(stage, function) | alarms.resources(stage) | hosts.resources(stage, rest_api)
    return Document(
        f"Homeport {stage.name}: what calls the functions",
        made,
        parameters=alarms.PARAMETERS | hosts.PARAMETERS | PARAMETERS,
        conditions=alarms.CONDITIONS | hosts.CONDITIONS | CONDITIONS,
        outputs=hosts.outputs(),
    )


def template(stage: Stage) -> dict[str, Any]:
    """The stack for functions that `chalice deploy` has made already; it wants to be told which API is theirs."""
    made = document(stage, by_name(stage), {"Ref": REST_API}).template()
    made["Parameters"] |= {REST_API: {"Type": "String", "Description": "Id of the REST API that Chalice made"}}
    return made


def by_name(stage: Stage) -> FunctionArn:
    """For functions that were deployed otherwise: their ARN from their name."""
    return lambda function: arn("lambda", f"function:{stage.called(function)}")


def _rules(stage: Stage, function: FunctionArn) -> Resources:
    made: Resources = {"RuleFailuresRole": _rule_failures_role(stage)}
    for rule in description.rules():
        name = stage.rule(rule.name)
        made[logical(rule.name, "rule")] = resource(
            "AWS::IoT::TopicRule",
            {
                "RuleName": name,
                "TopicRulePayload": {
                    "Sql": rule.sql,
                    "AwsIotSqlVersion": _SQL_VERSION,
                    "RuleDisabled": False,
                    "Actions": [{"Lambda": {"FunctionArn": function(rule.function)}}],
                    "ErrorAction": {"Sqs": _to_dead_letters(stage)},
                },
                "Tags": tags(stage.name, stage.app),
            },
        )
        source = arn("iot", f"rule/{name}")
        made[logical(rule.name, "permission")] = _permission(function(rule.function), "iot.amazonaws.com", source)
    return made


def _to_dead_letters(stage: Stage) -> dict[str, Any]:
    name = stage.called(description.DEAD_LETTERS)
    url = sub(f"https://sqs.${{AWS::Region}}.${{AWS::URLSuffix}}/${{AWS::AccountId}}/{name}")
    return {"QueueUrl": url, "RoleArn": {"Fn::GetAtt": ["RuleFailuresRole", "Arn"]}, "UseBase64": False}


def _rule_failures_role(stage: Stage) -> dict[str, Any]:
    queue = arn("sqs", stage.called(description.DEAD_LETTERS))
    return _role(stage, "rule-failures", "iot.amazonaws.com", ("sqs:SendMessage", queue))


def _failures(stage: Stage, function: FunctionArn) -> Resources:
    """What an asynchronous invocation could not do after three tries is kept, not dropped."""
    return {
        logical(f.name, "failures"): resource(
            "AWS::Lambda::EventInvokeConfig",
            {
                "FunctionName": function(f.name),
                "Qualifier": "$LATEST",
                "MaximumRetryAttempts": 2,
                "MaximumEventAgeInSeconds": _SIX_HOURS,
                "DestinationConfig": {"OnFailure": {"Destination": arn("sqs", stage.called(description.DEAD_LETTERS))}},
            },
        )
        for f in FUNCTIONS
        if f.in_background
    }


def _authorizer(stage: Stage, function: FunctionArn) -> Resources:
    name = stage.called(AUTHORIZER)
    authorizer = resource(
        "AWS::IoT::Authorizer",
        {
            "AuthorizerName": name,
            "AuthorizerFunctionArn": function("authorizer"),
            # The firmware in the field signs no token.
            "SigningDisabled": True,
            "Status": "ACTIVE",
            "Tags": tags(stage.name, stage.app),
        },
    )
    source = arn("iot", f"authorizer/{name}")
    permission = _permission(function("authorizer"), "iot.amazonaws.com", source)
    return {"MqttAuthorizer": authorizer, "AuthorizerPermission": permission}


def _deadlines(stage: Stage, function: FunctionArn) -> Resources:
    machine = resource(
        "AWS::StepFunctions::StateMachine",
        {
            "StateMachineName": stage.called(MACHINE),
            "StateMachineType": "STANDARD",
            "Definition": description.state_machine("${SettleArn}"),
            "DefinitionSubstitutions": {"SettleArn": function("settle")},
            "RoleArn": {"Fn::GetAtt": ["DeadlinesRole", "Arn"]},
            "Tags": tags(stage.name, stage.app),
        },
    )
    role = _role(stage, MACHINE, "states.amazonaws.com", ("lambda:InvokeFunction", function("settle")))
    # With a batch of one an answered command is the dearer for it: deadlines that nobody needs any more come in tens.
    source = resource(
        "AWS::Lambda::EventSourceMapping",
        {
            "FunctionName": function("settle"),
            "EventSourceArn": arn("sqs", stage.called(description.DEADLINES)),
            "BatchSize": _AT_ONCE,
            "MaximumBatchingWindowInSeconds": 1,
            "FunctionResponseTypes": ["ReportBatchItemFailures"],
        },
        Condition="DeadlinesAreQueued",
    )
    return {"Deadlines": machine, "DeadlinesRole": role, "DeadlinesSource": source}


def _role(stage: Stage, noun: str, service: str, allowed: tuple[str, Any]) -> dict[str, Any]:
    here = {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}
    trust = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole", "Condition": here}
    action, target = allowed
    statement = {"Effect": "Allow", "Action": [action], "Resource": [target]}
    return resource(
        "AWS::IAM::Role",
        {
            # Roles belong to the account, not to the region.
            "RoleName": sub(f"{stage.called(noun)}-${{AWS::Region}}"),
            "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trust]},
            "Policies": [
                {"PolicyName": noun, "PolicyDocument": {"Version": "2012-10-17", "Statement": [statement]}},
            ],
            "Tags": tags(stage.name, stage.app),
        },
    )


def _permission(function: Any, service: str, source: Any) -> dict[str, Any]:
    return resource(
        "AWS::Lambda::Permission",
        {
            "Action": "lambda:InvokeFunction",
            "FunctionName": function,
            "Principal": service,
            "SourceAccount": {"Ref": "AWS::AccountId"},
            "SourceArn": source,
        },
    )
