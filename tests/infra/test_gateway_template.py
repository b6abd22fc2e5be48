"""The CoAP gateway's template, against AWS's own schemas and against what the gateway itself does."""

import asyncio
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.iam.access_control import IAMPolicy, PermissionResult

from infra import permissions
from infra.gateway.dtls.client import Identity
from infra.gateway.settings import read_settings
from infra.stage import Account, Stage
from infra.templates import coap_gateway
from infra.templates.gateway_facts import environment
from tests.gateway.coaps_rig import KEY, SimulatedDevice
from tests.gateway.dtls.rig import LIB
from tests.gateway.nodes import REGION, STAGE, MemoryPlatform, Running, aws
from tests.infra.conftest import Template, of_type
from tests.infra.test_templates import complaints

ROOT = Path(__file__).parents[2]
ACCOUNT = Account("210987654321", REGION, "aws-cn")
_CALLED = {"DeleteMessageBatch": "DeleteMessage"}


@pytest.fixture(scope="module")
def served() -> Template:
    return coap_gateway.document(STAGE).template()


def test_the_stack_has_no_warnings(served: Template) -> None:
    assert complaints(served) == []


def test_a_stage_without_a_gateway_pays_for_nothing_of_it(whole: Template, served: Template) -> None:
    for name, made in served["Resources"].items():
        assert made["Condition"] in ("HasGateway", "GatewayOnInstance", "GatewayBalanced"), name
    assert set(served["Resources"]) <= set(whole["Resources"])
    assert whole["Parameters"]["Gateway"]["Default"] == ""


def test_what_a_form_refers_to_is_there_in_that_form(served: Template) -> None:
    """A resource of one form that refers to one of the other would fail in the account only."""
    conditions = {name: made["Condition"] for name, made in served["Resources"].items()}
    for name, made in served["Resources"].items():
        for other in referred(made):
            assert conditions.get(other, "HasGateway") in ("HasGateway", conditions[name]), f"{name} needs {other}"


def referred(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, part in value.items():
            if key in ("Ref", "DependsOn"):
                yield from [part] if isinstance(part, str) else part
            elif key == "Fn::GetAtt":
                yield part[0]
            elif key == "Fn::Sub":
                text = part if isinstance(part, str) else part[0]
                yield from re.findall(r"\$\{([A-Za-z0-9]+)(?:\.[A-Za-z]+)?\}", text)
            yield from referred(part)
    elif isinstance(value, list):
        for part in value:
            yield from referred(part)


def test_the_tables_have_no_backup_to_go_back_to(served: Template) -> None:
    tables = of_type(served, "AWS::DynamoDB::Table")
    assert len(tables) == 2
    for table in tables.values():
        assert "PointInTimeRecoverySpecification" not in table
        assert table["SSESpecification"]["SSEEnabled"]


def test_a_gateway_understands_what_the_template_tells_it(served: Template) -> None:
    (task,) = of_type(served, "AWS::ECS::TaskDefinition").values()
    told = {each["Name"]: each["Value"] for each in task["ContainerDefinitions"][0]["Environment"]}
    told |= {"AWS_REGION": REGION, "HOMEPORT_GATEWAY_NODES": "3"}
    read = read_settings(told)
    assert (read.stage, read.nodes, read.forward_port, read.health_bind) == (STAGE, 3, 5690, "0.0.0.0")
    alone = read_settings({**environment(STAGE), "AWS_REGION": REGION})
    assert (alone.nodes, alone.forward_port, alone.health_bind) == (1, None, "127.0.0.1")
    (launch,) = of_type(served, "AWS::EC2::LaunchTemplate").values()
    _, words = launch["LaunchTemplateData"]["UserData"]["Fn::Base64"]["Fn::Sub"]
    for name in environment(STAGE):
        assert f"-e {name}=" in words["ENVIRONMENT"]["Fn::Sub"]


def test_every_word_of_the_first_start_is_filled_in(served: Template) -> None:
    (launch,) = of_type(served, "AWS::EC2::LaunchTemplate").values()
    text, words = launch["LaunchTemplateData"]["UserData"]["Fn::Base64"]["Fn::Sub"]
    named = set(re.findall(r"\$\{([^}]+)\}", text))
    assert named == {*words, "AWS::Region", "GatewayAddress.AllocationId"}


@pytest.mark.parametrize("container", ["task", "instance"])
def test_its_container_may_nothing_and_writes_nowhere(served: Template, container: str) -> None:
    if container == "task":
        (task,) = of_type(served, "AWS::ECS::TaskDefinition").values()
        (defined,) = task["ContainerDefinitions"]
        assert defined["ReadonlyRootFilesystem"]
        assert defined["LinuxParameters"]["Capabilities"] == {"Drop": ["ALL"]}
    else:
        (launch,) = of_type(served, "AWS::EC2::LaunchTemplate").values()
        text = launch["LaunchTemplateData"]["UserData"]["Fn::Base64"]["Fn::Sub"][0]
        assert all(word in text for word in ("--read-only", "--cap-drop ALL", "no-new-privileges"))
        assert launch["LaunchTemplateData"]["MetadataOptions"]["HttpTokens"] == "required"
    assert "USER 10001" in (ROOT / "infra" / "gateway" / "Containerfile").read_text()


def test_the_image_has_the_versions_that_are_tested() -> None:
    ours = (ROOT / "infra" / "gateway" / "requirements-gateway.txt").read_text().splitlines()
    tested = (ROOT / "requirements.txt").read_text().splitlines()
    assert {line for line in ours if not line.startswith("#")} <= set(tested)


def test_only_devices_and_the_balancer_reach_it(served: Template) -> None:
    (group,) = of_type(served, "AWS::EC2::SecurityGroup").values()
    opened = {(rule["IpProtocol"], rule["FromPort"], rule["CidrIp"]) for rule in group["SecurityGroupIngress"]}
    assert opened == {("udp", 5684, "0.0.0.0/0"), ("udp", 5685, "0.0.0.0/0"), ("tcp", 5680, "10.68.0.0/24")}
    (between,) = of_type(served, "AWS::EC2::SecurityGroupIngress").values()
    assert "CidrIp" not in between


def test_a_node_gives_its_number_back_before_the_next_one_starts(served: Template) -> None:
    (service,) = of_type(served, "AWS::ECS::Service").values()
    assert service["DeploymentConfiguration"]["MaximumPercent"] == 100
    group = served["Resources"]["GatewayInstances"]
    assert group["UpdatePolicy"]["AutoScalingRollingUpdate"]["MinInstancesInService"] == 0
    for targets in of_type(served, "AWS::ElasticLoadBalancingV2::TargetGroup").values():
        attributes = {each["Key"]: each["Value"] for each in targets["TargetGroupAttributes"]}
        assert int(attributes["deregistration_delay.timeout_seconds"]) <= 10
        assert len(targets["Name"]) <= 32


def test_the_longest_name_of_a_stage_fits(served: Template) -> None:
    longest = coap_gateway.document(Stage("x" * 16)).template()
    (balancer,) = of_type(longest, "AWS::ElasticLoadBalancingV2::LoadBalancer").values()
    names = [balancer["Name"]]
    names += [t["Name"] for t in of_type(longest, "AWS::ElasticLoadBalancingV2::TargetGroup").values()]
    assert all(len(name) <= 32 for name in names)
    assert len(set(names)) == len(names)


def test_an_alarm_points_to_a_chapter_of_the_runbook_that_exists(served: Template) -> None:
    text = (ROOT / "docs" / "runbook.md").read_text()
    chapters = {match.strip() for match in re.findall(r"^#+ (.+)$", text, re.MULTILINE)}
    found = of_type(served, "AWS::CloudWatch::Alarm").values()
    assert found
    for alarm in found:
        assert alarm["AlarmDescription"].rpartition("#")[2].rstrip(")") in chapters


def test_the_dashboard_is_one_row_of_what_the_gateway_tells(served: Template) -> None:
    (board,) = of_type(served, "AWS::CloudWatch::Dashboard").values()
    widgets = json.loads(board["DashboardBody"]["Fn::Sub"])["widgets"]
    assert [widget["x"] for widget in widgets] == [0, 6, 12, 18]


@pytest.mark.parametrize(
    "grant",
    [
        *permissions.gateway(STAGE),
        *permissions.gateway_image(STAGE),
        *permissions.gateway_log(STAGE),
    ],
)
def test_every_wildcard_in_its_policy_has_its_reason(grant: permissions.Grant) -> None:
    assert not any("*" in action for action in grant.actions)
    if any("*" in resource["Fn::Sub"] for resource in grant.resources):
        assert grant.because


def test_its_role_may_do_what_it_does_and_nothing_else() -> None:
    seen = asyncio.run(_seen())
    granted = permissions.gateway(STAGE)
    policy = ACCOUNT.filled({"Version": "2012-10-17", "Statement": [grant.statement() for grant in granted]})
    for action, resource in seen:
        assert IAMPolicy(json.dumps(policy)).is_action_permitted(action, resource) is PermissionResult.PERMITTED, action
    assert {action for grant in granted for action in grant.actions} == {action for action, _ in seen}


async def _seen() -> set[tuple[str, str]]:
    """Every call of a node that serves a device and stops, as IAM sees it."""
    seen: set[tuple[str, str]] = set()

    def noted(params: dict[str, Any], model: Any, **_: Any) -> None:
        service, operation = model.service_model.endpoint_prefix, model.name
        action = f"{service}:{_CALLED.get(operation, operation)}"
        seen.add((action, _resource(service, params)))

    with aws(MemoryPlatform(), nodes=2) as clients:
        for service in ("dynamodb", "sqs"):
            clients(service).meta.events.register(f"provide-client-params.{service}", noted)
        running = Running(clients, nodes=2, forward_port=0, address="127.0.0.1")
        await running.start()
        device = SimulatedDevice(LIB, running.port, Identity(b"device-1", KEY))
        await device.connect()
        url = clients("sqs").get_queue_url(QueueName=STAGE.called("coaps"))["QueueUrl"]
        seen.clear()
        # By a client of its own: the node may take the message, and say so, before this call returns.
        boto3.client("sqs", region_name=REGION).send_message(QueueUrl=url, MessageBody='{"wake": "device-1"}')
        try:
            async with asyncio.timeout(60):
                while ("sqs:DeleteMessage", _queue("coaps")) not in seen:  # noqa: ASYNC110 - a client's hook knows no event
                    await asyncio.sleep(0.01)
        finally:
            # One whose loop is over takes the process along.
            await running.stop()
            device.close()
        again = Running(clients, nodes=2, forward_port=0, address="127.0.0.1", machine="two")
        await again.start()
        await again.stop()
        fresh = STAGE.called("gateway-nodes")
        clients("dynamodb").delete_item(TableName=fresh, Key={"id": {"N": "0"}})
        seen.discard(("dynamodb:DeleteItem", _table(fresh)))
        last = Running(clients, nodes=2, forward_port=0, address="127.0.0.1")
        await last.start()
        await last.stop()
    key = f"arn:aws-cn:ssm:{REGION}:{ACCOUNT.id}:parameter/{STAGE.called('gateway-key')}"
    function = f"arn:aws-cn:lambda:{REGION}:{ACCOUNT.id}:function:{STAGE.called('lwm2m')}"
    # What the test's own clients stand in for.
    return {*seen, ("ssm:GetParameter", key), ("lambda:InvokeFunction", function)}


def _resource(service: str, params: dict[str, Any]) -> str:
    if service == "sqs":
        return _queue(
            str(params.get("QueueName") or params["QueueUrl"].rpartition("/")[2]).removeprefix(STAGE.called(""))
        )
    return _table(str(params.get("TableName") or next(iter(params["RequestItems"]))))


def _queue(noun: str) -> str:
    return f"arn:aws-cn:sqs:{REGION}:{ACCOUNT.id}:{STAGE.called(noun)}"


def _table(name: str) -> str:
    return f"arn:aws-cn:dynamodb:{REGION}:{ACCOUNT.id}:table/{name}"
