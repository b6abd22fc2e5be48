"""A deployment against moto, as far as moto goes (see `aws_server`)."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore.exceptions import ClientError
from moto.iam.access_control import IAMPolicy, PermissionResult

from infra.deploying.deployment import Clients, Deployed, Deployment
from infra.deploying.problems import Problem
from infra.deploying.stacks import Shelf, Stacks
from infra.functions import API, FUNCTIONS, deployed_name
from infra.gateway_responses import RESPONSES
from infra.settings import Settings
from infra.stage import Stage
from tests.infra import aws_server

STAGE = Stage("trial")
SETTINGS = Settings(
    push_allow=("10.20.0.0/16",),
    alarm_email="ops@example.com",
    subnets=("subnet-0123456789abcdef0",),
    security_groups=("sg-0123456789abcdef0",),
)
# What moto takes and forgets is listed in `aws_server`.
pytestmark = pytest.mark.filterwarnings("ignore:Tried to parse:UserWarning")


@pytest.fixture(scope="module")
def clients() -> Iterator[Clients]:
    with aws_server.serving() as endpoint, pytest.MonkeyPatch.context() as environment:
        for name, value in aws_server.environment(endpoint).items():
            environment.setenv(name, value)
        session = botocore.session.get_session()
        made: dict[str, Any] = {}
        yield lambda service: made.setdefault(service, session.create_client(service))


class Run:
    def __init__(self, clients: Clients, folder: Path) -> None:
        self.told: list[str] = []
        self.clients = clients
        self.logging: dict[str, dict[str, str]] = {}
        # moto takes and forgets it.
        clients("lambda").meta.events.register("provide-client-params.lambda.UpdateFunctionConfiguration", self._note)
        self.deployment = Deployment(STAGE, clients, folder, self.told.append, poll=0)

    def _note(self, params: dict[str, Any], **_: Any) -> None:
        if "LoggingConfig" in params:
            self.logging[params["FunctionName"]] = params["LoggingConfig"]

    def deploy(self) -> Deployed:
        self.told.clear()
        return self.deployment.deploy(SETTINGS, dependencies=False)


@pytest.fixture(scope="module")
def run(clients: Clients, tmp_path_factory: pytest.TempPathFactory) -> Run:
    made = Run(clients, tmp_path_factory.mktemp("build"))
    made.deploy()
    return made


def test_a_first_run_makes_everything(run: Run) -> None:
    assert run.clients("dynamodb").describe_table(TableName="homeport-trial-commands")
    names = {f["FunctionName"] for f in run.clients("lambda").list_functions()["Functions"]}
    assert names == {deployed_name(f.name, STAGE) for f in FUNCTIONS}


def test_functions_know_their_stage_and_account(run: Run) -> None:
    found = run.clients("lambda").get_function_configuration(FunctionName="homeport-trial-uplink")
    variables = found["Environment"]["Variables"]
    assert variables["HOMEPORT_STAGE"] == "trial"
    assert variables["HOMEPORT_BUCKET"] == "homeport-trial-objects-123456789012-eu-west-1"
    assert variables["HOMEPORT_IOT_ENDPOINT"].startswith("https://")
    assert variables["HOMEPORT_PUSH_ALLOW"] == "10.20.0.0/16"


def test_functions_that_reach_inside_run_there_and_may(run: Run) -> None:
    for name, inside in (("push", True), ("settle", False)):
        found = run.clients("lambda").get_function_configuration(FunctionName=f"homeport-trial-{name}")
        assert found.get("VpcConfig", {}).get("SubnetIds", []) == (list(SETTINGS.subnets) if inside else [])
        role = f"homeport-trial-{name}"
        policy = run.clients("iam").get_role_policy(RoleName=role, PolicyName=role)
        assert ("ec2:CreateNetworkInterface" in str(policy["PolicyDocument"])) is inside


def test_each_function_gets_its_own_policy(run: Run) -> None:
    policy = run.clients("iam").get_role_policy(RoleName="homeport-trial-settle", PolicyName="homeport-trial-settle")
    assert "iot:SendDirectMessage" not in str(policy["PolicyDocument"])
    assert "table/homeport-trial-mailboxes" in str(policy["PolicyDocument"])


def test_every_function_logs_into_a_group_that_is_made_and_that_its_role_may_write(run: Run) -> None:
    groups = {g["logGroupName"]: g for g in run.clients("logs").describe_log_groups()["logGroups"]}
    for function in FUNCTIONS:
        name = deployed_name(function.name, STAGE)
        found = run.clients("lambda").get_function_configuration(FunctionName=name)
        group = groups[run.logging[name].get("LogGroup", f"/aws/lambda/{name}")]
        assert group["retentionInDays"] == 30
        role = found["Role"].rpartition("/")[2]
        policy = run.clients("iam").get_role_policy(RoleName=role, PolicyName=role)["PolicyDocument"]
        stream = f"{group['arn'].removesuffix(':*')}:log-stream:2027/01/15/[$LATEST]1"
        for action in ("logs:CreateLogStream", "logs:PutLogEvents"):
            assert IAMPolicy(json.dumps(policy)).is_action_permitted(action, stream) is PermissionResult.PERMITTED


def test_the_api_names_the_host_that_aws_made_for_mqtt(run: Run) -> None:
    """In the first run functions stand before there is one."""
    iot, functions, name = run.clients("iot"), run.clients("lambda"), deployed_name(API, STAGE)
    iot.create_domain_configuration(domainConfigurationName="homeport-trial-mqtt-1", domainName="made.example.com")
    run.deploy()
    found = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    assert found["HOMEPORT_MQTTS_ADDRESS"] == "made.example.com:8883"
    del found["HOMEPORT_MQTTS_ADDRESS"]
    functions.update_function_configuration(FunctionName=name, Environment={"Variables": found})
    run.deployment._tell_broker("made.example.com:8883")
    found = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    assert found["HOMEPORT_MQTTS_ADDRESS"] == "made.example.com:8883"
    iot.delete_domain_configuration(domainConfigurationName="homeport-trial-mqtt-1")


def test_running_it_again_keeps_the_data_and_makes_no_second_api(run: Run) -> None:
    """From a folder that is built anew: what was deployed is known to the account, not to the folder."""
    claim = {"client": {"S": "c"}, "tenant": {"S": "t"}, "doc": {"S": "{}"}}
    run.clients("dynamodb").put_item(TableName="homeport-trial-claims", Item=claim)
    run.deploy()
    kept = run.clients("dynamodb").get_item(TableName="homeport-trial-claims", Key={"client": {"S": "c"}})
    assert kept["Item"] == claim
    apis = run.clients("apigateway").get_rest_apis()["items"]
    assert [api["name"] for api in apis] == ["homeport-trial-api"]


def test_answers_outside_the_routes_are_there_after_every_run_and_deployed(run: Run) -> None:
    gateway = run.clients("apigateway")
    for _ in range(2):
        api = run.deploy().api.split("//")[1].split(".")[0]
        missing = gateway.get_gateway_response(restApiId=api, responseType="MISSING_AUTHENTICATION_TOKEN")
        assert missing["statusCode"] == "404"
        assert {r["responseType"] for r in gateway.get_gateway_responses(restApiId=api)["items"]} >= {
            response.kind for response in RESPONSES
        }
        (stage,) = gateway.get_stages(restApiId=api)["item"]
        newest = gateway.get_deployment(restApiId=api, deploymentId=stage["deploymentId"])
        assert newest["description"] == "answers outside the routes"


def test_a_step_that_fails_says_what_to_do(clients: Clients, tmp_path: Path) -> None:
    def broken(service: str) -> Any:
        if service == "iot":
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "DescribeEndpoint")
        return clients(service)

    told: list[str] = []
    with pytest.raises(Problem, match=r"step functions: .*AccessDenied.*\n.*run this again"):
        Deployment(Stage("halfway"), broken, tmp_path, told.append, poll=0).deploy(dependencies=False)
    assert "data: created" in told


def test_a_template_too_big_for_a_call_goes_by_the_bucket(clients: Clients) -> None:
    clients("s3").create_bucket(Bucket="shelf", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    stacks = Stacks(clients("cloudformation"), Shelf(clients("s3"), "shelf"), poll=0)
    topics = {
        f"T{n}": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": f"t{n}-{'x' * 200}"}} for n in range(250)
    }
    assert stacks.apply("big", {"Resources": topics}) == "created"
    assert clients("s3").list_objects_v2(Bucket="shelf")["KeyCount"] == 1


def test_destroying_keeps_the_data_unless_told_otherwise(run: Run) -> None:
    run.deployment.destroy(data=False)
    assert not run.clients("lambda").list_functions()["Functions"]
    assert not left(run.clients) - DATA
    (said,) = [line for line in run.told if line.startswith("data: stays, and is billed")]
    assert all(name in said for name in ("homeport-trial-data", "homeport-trial-objects-123456789012-eu-west-1"))
    assert run.clients("dynamodb").describe_table(TableName="homeport-trial-commands")
    run.deployment.destroy(data=True)
    assert left(run.clients) == set()


DATA = {"tables", "queues", "buckets", "parameters", "stacks"}


def left(clients: Clients) -> set[str]:
    """What of the stage is still in the account: what is billed, or would be in somebody's way."""
    asked: dict[str, Any] = {
        "tables": lambda: clients("dynamodb").list_tables()["TableNames"],
        "queues": lambda: clients("sqs").list_queues().get("QueueUrls", []),
        "buckets": lambda: [b["Name"] for b in clients("s3").list_buckets()["Buckets"]],
        "parameters": lambda: [p["Name"] for p in clients("ssm").describe_parameters()["Parameters"]],
        "stacks": lambda: [s["StackName"] for s in clients("cloudformation").describe_stacks()["Stacks"]],
        "functions": lambda: [f["FunctionName"] for f in clients("lambda").list_functions()["Functions"]],
        "logs": lambda: [g["logGroupName"] for g in clients("logs").describe_log_groups()["logGroups"]],
        "roles": lambda: [r["RoleName"] for r in clients("iam").list_roles()["Roles"]],
        "apis": lambda: [a["name"] for a in clients("apigateway").get_rest_apis()["items"]],
        "schedules": lambda: [r["Name"] for r in clients("events").list_rules()["Rules"]],
        "alarms": lambda: [a["AlarmName"] for a in clients("cloudwatch").describe_alarms()["MetricAlarms"]],
        "topics": lambda: [t["TopicArn"] for t in clients("sns").list_topics()["Topics"]],
        "machines": lambda: [m["name"] for m in clients("stepfunctions").list_state_machines()["stateMachines"]],
    }
    return {kind for kind, names in asked.items() if any("homeport-trial" in name for name in names())}
