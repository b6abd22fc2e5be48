"""The templates against AWS's own schemas, and against what the product promises of them."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from cfnlint.api import ManualArgs, lint

from infra import description, permissions
from infra.functions import FUNCTIONS
from infra.stage import Account, Stage
from infra.templates import storage, triggers
from tests.infra.conftest import STAGE, Template, of_type

REGIONS = ["eu-west-1", "us-east-1"]


def complaints(template: Template) -> list[str]:
    found = lint(json.dumps(template), config=ManualArgs(regions=REGIONS))
    return [f"{match.rule.id} {match.message}" for match in found]


def test_the_merged_template_has_no_warnings(whole: Template) -> None:
    assert complaints(whole) == []


def test_the_resources_stack_has_no_warnings(kept: Template) -> None:
    assert complaints(kept) == []


def test_the_triggers_stack_has_no_warnings(triggering: Template) -> None:
    assert complaints(triggering) == []


def test_a_mistake_in_a_template_would_be_found(kept: Template) -> None:
    broken = json.loads(json.dumps(kept))
    broken["Resources"]["CommandsTable"]["Properties"]["KeySchema"][0]["AttributeName"] = "nowhere"
    assert complaints(broken)


def test_every_table_is_encrypted_restorable_and_protected(kept: Template) -> None:
    tables = of_type(kept, "AWS::DynamoDB::Table")
    assert len(tables) == len(description.tables())
    for table in tables.values():
        assert table["SSESpecification"]["SSEEnabled"]
        assert table["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"]
        assert table["DeletionProtectionEnabled"]


def test_every_table_with_an_expiry_has_it_enforced(kept: Template) -> None:
    tables = of_type(kept, "AWS::DynamoDB::Table")
    expiring = {t["TableName"] for t in tables.values() if "TimeToLiveSpecification" in t}
    assert {STAGE.called(n) for n in ("messages", "commands", "audit")} <= expiring


def test_the_functions_find_the_tables_that_the_template_makes(kept: Template) -> None:
    made = {t["TableName"] for t in of_type(kept, "AWS::DynamoDB::Table").values()}
    assert made == {STAGE.called(m.Meta.table_name.removeprefix("homeport-local-")) for m in description.tables()}


def test_every_uplink_topic_root_has_a_rule_that_keeps_its_failures(triggering: Template) -> None:
    rules = of_type(triggering, "AWS::IoT::TopicRule")
    assert len(rules) == len(description.rules())
    for rule in rules.values():
        assert "Sqs" in rule["TopicRulePayload"]["ErrorAction"]
        assert not rule["TopicRulePayload"]["RuleDisabled"]


def test_every_function_in_the_background_keeps_what_it_could_not_do(triggering: Template) -> None:
    configured = of_type(triggering, "AWS::Lambda::EventInvokeConfig").values()
    assert len(configured) == sum(f.in_background for f in FUNCTIONS)
    for config in configured:
        assert "OnFailure" in config["DestinationConfig"]


def test_each_entrance_authenticates_in_its_own_way(triggering: Template) -> None:
    entrances = of_type(triggering, "AWS::IoT::DomainConfiguration").values()
    assert {(e["AuthenticationType"], e["ApplicationProtocol"]) for e in entrances} == {
        ("CUSTOM_AUTH", "SECURE_MQTT"),
        ("CUSTOM_AUTH_X509", "SECURE_MQTT"),
        ("CUSTOM_AUTH", "MQTT_WSS"),
    }


def test_an_entrance_that_aws_keeps_for_a_week_is_not_in_the_way_of_the_next_deployment(triggering: Template) -> None:
    for entrance in of_type(triggering, "AWS::IoT::DomainConfiguration").values():
        _, own, made_by_aws = entrance["DomainConfigurationName"]["Fn::If"]
        assert "Host}" in own["Fn::Sub"]
        assert "AWS::StackId" in json.dumps(made_by_aws)


def test_the_state_machine_settles_by_the_function_of_this_stage(triggering: Template) -> None:
    machine = of_type(triggering, "AWS::StepFunctions::StateMachine")["Deadlines"]
    assert machine["Definition"]["States"]["Settle"]["Resource"] == "${SettleArn}"
    assert machine["DefinitionSubstitutions"]["SettleArn"]["Fn::Sub"].endswith(":function:homeport-dev-settle")


def test_each_function_of_the_package_has_a_role_of_its_own(whole: Template) -> None:
    functions = of_type(whole, "AWS::Serverless::Function")
    assert len(functions) == len(FUNCTIONS)
    assert len({json.dumps(f["Role"]) for f in functions.values()}) == len(FUNCTIONS)


def test_every_function_of_the_package_runs_on_arm_and_keeps_lambdas_own_lines_quiet(whole: Template) -> None:
    for function in of_type(whole, "AWS::Serverless::Function").values():
        assert function["Architectures"] == ["arm64"]
        assert function["LoggingConfig"]["SystemLogLevel"] == "WARN"


def test_every_function_of_the_package_writes_into_a_log_that_is_made_and_that_it_may_write(whole: Template) -> None:
    account = Account("210987654321", "cn-north-1", "aws-cn")
    made = {group["LogGroupName"]: group["RetentionInDays"] for group in of_type(whole, "AWS::Logs::LogGroup").values()}
    roles = of_type(whole, "AWS::IAM::Role")
    for function in of_type(whole, "AWS::Serverless::Function").values():
        group = function["LoggingConfig"]["LogGroup"]
        assert made[group] == 30
        role = account.filled(roles[function["Role"]["Fn::GetAtt"][0]])
        writable = [
            s["Resource"]
            for p in role["Policies"]
            for s in p["PolicyDocument"]["Statement"]
            if "logs:PutLogEvents" in s["Action"]
        ]
        assert writable == [[f"arn:aws-cn:logs:cn-north-1:210987654321:log-group:{group}:*"]]


def test_two_stages_share_no_name() -> None:
    assert not names(everything(Stage("dev"))) & names(everything(Stage("prod")))


def test_everything_has_a_name_with_application_and_stage(whole: Template) -> None:
    for kind, field in NAMED.items():
        for name, properties in of_type(whole, kind).items():
            text = json.dumps(properties[field])
            assert re.search(r"homeport[-_/]dev(?![0-9A-Za-z])", text), f"{name} is called {text}"


NAMED = {
    "AWS::DynamoDB::Table": "TableName",
    "AWS::SQS::Queue": "QueueName",
    "AWS::S3::Bucket": "BucketName",
    "AWS::Logs::LogGroup": "LogGroupName",
    "AWS::IAM::Role": "RoleName",
    "AWS::Serverless::Function": "FunctionName",
    "AWS::Serverless::Api": "Name",
    "AWS::StepFunctions::StateMachine": "StateMachineName",
    "AWS::IoT::TopicRule": "RuleName",
    "AWS::IoT::Authorizer": "AuthorizerName",
    "AWS::IoT::DomainConfiguration": "DomainConfigurationName",
    "AWS::CloudWatch::Alarm": "AlarmName",
    "AWS::SNS::Topic": "TopicName",
}


def everything(stage: Stage) -> Template:
    return {"Resources": storage.document(stage).resources | triggers.template(stage)["Resources"]}


def names(template: Template) -> set[str]:
    return {
        json.dumps(properties[field])
        for kind, field in NAMED.items()
        for properties in of_type(template, kind).values()
        if field in properties
    }


@pytest.mark.parametrize("name", ["", "Dev", "my-stage", "1st", "x" * 17])
def test_a_stage_cannot_be_called_what_some_name_would_not_allow(name: str) -> None:
    with pytest.raises(ValueError, match="no name for a stage"):
        Stage(name)


@pytest.mark.parametrize("function", [f.name for f in FUNCTIONS])
def test_every_wildcard_in_a_policy_has_its_reason(function: str) -> None:
    for grant in permissions.grants(function, STAGE):
        assert not any("*" in action for action in grant.actions)
        if any("*" in resource["Fn::Sub"] for resource in grant.resources):
            assert grant.because


def test_the_roles_of_the_triggers_have_no_wildcard(triggering: Template) -> None:
    for role in of_type(triggering, "AWS::IAM::Role").values():
        assert "*" not in json.dumps(role["Policies"])


def test_no_permission_to_invoke_is_open_to_another_account(triggering: Template) -> None:
    for permission in of_type(triggering, "AWS::Lambda::Permission").values():
        assert permission["SourceAccount"] == {"Ref": "AWS::AccountId"}
        assert permission["SourceArn"]


def test_an_alarm_points_to_a_chapter_of_the_runbook_that_exists(triggering: Template) -> None:
    text = (Path(__file__).parents[2] / "docs" / "runbook.md").read_text()
    chapters = {match.strip() for match in re.findall(r"^#+ (.+)$", text, re.MULTILINE)}
    for alarm in of_type(triggering, "AWS::CloudWatch::Alarm").values():
        anchor = alarm["AlarmDescription"].rpartition("#")[2].rstrip(")")
        assert anchor in chapters


def test_what_calls_need_is_filled_in_for_an_account() -> None:
    filled: Any = Account("111122223333", "eu-west-1").filled(permissions.policy("settle", STAGE))
    assert "${" not in json.dumps(filled)
    assert "arn:aws:dynamodb:eu-west-1:111122223333:table/homeport-dev-commands" in json.dumps(filled)
