"""AWS's limits, each named; what grows towards one is counted here."""

import json
import sys
import zipfile
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

from chalicelib.dialects import registry
from chalicelib.dialects.dialect import Part
from chalicelib.fleet.access import callers
from chalicelib.fleet.access.records import ApiKey
from chalicelib.fleet.access.roles import ALL_ROLES
from chalicelib.fleet.presence.mailbox import LEASE
from chalicelib.triggers.authorizer import MOST_DOCUMENTS, documents, policy
from chalicelib.wiring import site
from infra import description, permissions, project
from infra.functions import FUNCTIONS, deployed_name, named
from infra.stage import STAGES, Account, Stage
from tests.infra.conftest import STAGE, Template, of_type

TEMPLATE_BYTES = 250_000  # ours; CloudFormation takes 1,000,000 of a template in S3
TEMPLATE_RESOURCES = 500  # CloudFormation: resources a template
API_RESOURCES = 80  # ours; API Gateway: 300 resources a REST API, unless raised
POLICY_CHARACTERS = 2_048  # IoT Core: a policy document, without white space
INLINE_POLICIES = 10_240  # IAM: all inline policies of a role, without white space
ARCHIVE_BYTES = 50 * 1024 * 1024  # Lambda: an archive that is uploaded directly
UNPACKED_BYTES = 250 * 1024 * 1024  # Lambda: code and layers, unpacked
ENVIRONMENT_BYTES = 4_096  # Lambda: all environment variables
TABLE_INDEXES = 20  # DynamoDB: global secondary indexes a table
RULE_ACTIONS = 10  # IoT Core: actions a rule
RULE_SQL = 64 * 1024
ASYNC_RETRY = 60_000  # Lambda: milliseconds before a failed asynchronous invocation is tried again
ARN = "arn:aws:lambda:ap-southeast-1:111122223333:function:homeport-production123456-authorizer"
ACCOUNT = Account("111122223333", "ap-southeast-1")


def compact(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))


def test_the_template_is_small_enough(packaged: Path) -> None:
    assert packaged.stat().st_size < TEMPLATE_BYTES


def test_the_template_has_few_enough_resources(whole: Template) -> None:
    # SAM makes a permission of every schedule, and a deployment and a stage of the API.
    assert len(whole["Resources"]) + 10 < TEMPLATE_RESOURCES


def test_the_api_has_few_enough_resources(whole: Template) -> None:
    found = set()
    for path in definition(whole)["paths"]:
        levels = path.strip("/").split("/")
        found |= {"/".join(levels[: i + 1]) for i in range(len(levels))}
    assert len(found) == 2 * len(_roots())
    assert len(found) + 1 < API_RESOURCES


def _roots() -> set[str]:
    return {f"/{prefix.split('/')[1]}" for prefix in site.prefixes()}


def definition(whole: Template) -> Any:
    (api,) = of_type(whole, "AWS::Serverless::Api").values()
    return api["DefinitionBody"]


def test_every_root_takes_every_method_at_any_depth(whole: Template) -> None:
    """In the words of API Gateway's own extension of OpenAPI: it would not know any other."""
    roots = _roots()
    assert definition(whole)["paths"].keys() == roots | {f"{root}/{{proxy+}}" for root in roots}
    assert all(served.keys() == {"x-amazon-apigateway-any-method"} for served in definition(whole)["paths"].values())


MASTER = callers.of_key(ApiKey("tenant", "key", ALL_ROLES, 0))


@pytest.mark.parametrize("arn", [ARN, ARN.replace("aws:", "aws-cn:").replace("ap-southeast-1", "cn-northwest-1")])
@pytest.mark.parametrize("dialect", registry.having(Part.TOPICS))
def test_what_a_client_may_do_fits_into_the_policy_documents_of_an_answer(dialect: str, arn: str) -> None:
    for mode in {topic.mode for topic in registry.topics(dialect).TOPICS}:
        made = documents(policy(dialect, mode, arn, MASTER))
        assert len(made) <= MOST_DOCUMENTS
        assert all(len(document) <= POLICY_CHARACTERS for document in made)


@pytest.mark.parametrize("function", [f.name for f in FUNCTIONS])
def test_what_a_function_may_do_fits_into_a_role(function: str) -> None:
    filled = ACCOUNT.filled(permissions.policy(function, Stage("production123456")))
    assert len(compact(filled)) <= INLINE_POLICIES


def test_the_code_of_the_application_leaves_room_for_what_it_needs(packaged: Path) -> None:
    archive = packaged.with_name("deployment.zip")
    with zipfile.ZipFile(archive) as opened:
        unpacked = sum(member.file_size for member in opened.infolist())
        # None was put there, and what packs has imported all of it.
        assert not any(name.endswith(".pyc") for name in opened.namelist())
    needed = sum(_size(name) for name in _closure(project.requirements()))
    # Bytecode of the same size again; compressing leaves less than half, which is taken as half.
    assert (unpacked + needed) * 2 < UNPACKED_BYTES
    assert archive.stat().st_size + needed < ARCHIVE_BYTES


def _closure(requirements: list[str]) -> set[str]:
    found: set[str] = set()
    waiting = list(requirements)
    while waiting:
        requirement = Requirement(waiting.pop())
        if requirement.name.lower() in found or (requirement.marker and not requirement.marker.evaluate({"extra": ""})):
            continue
        found.add(requirement.name.lower())
        waiting += distribution(requirement.name).requires or []
    return found


def _size(name: str) -> int:
    files = distribution(name).files or []
    paths = [Path(str(f.locate())) for f in files if f.suffix != ".pyc"]
    return sum(path.stat().st_size for path in paths if path.exists())


@pytest.mark.parametrize("stage", STAGES)
def test_the_variables_of_a_function_fit(stage: str) -> None:
    variables = ACCOUNT.filled(project.variables(Stage(stage)))
    assert len(compact(variables)) < ENVIRONMENT_BYTES


def test_tables_have_few_enough_indexes() -> None:
    assert all(len(description.indexes(noun)) <= TABLE_INDEXES for noun in description.table_nouns())


def test_rules_have_few_enough_actions(whole: Template) -> None:
    for rule in of_type(whole, "AWS::IoT::TopicRule").values():
        assert len(rule["TopicRulePayload"]["Actions"]) <= RULE_ACTIONS
        assert len(rule["TopicRulePayload"]["Sql"]) <= RULE_SQL


def test_production_leaves_lambda_the_concurrency_that_nobody_may_reserve() -> None:
    assert sum((f.reserved or 0) for f in FUNCTIONS) <= 1_000 - 100


def test_the_committed_configuration_is_what_the_description_says() -> None:
    committed = json.loads((project.ROOT / ".chalice" / "config.json").read_text())
    assert committed == project.config(), "run `python -m infra configure`"


def test_the_configuration_names_every_function_of_the_application(whole: Template) -> None:
    made = {f["FunctionName"] for f in of_type(whole, "AWS::Serverless::Function").values()}
    assert made == {deployed_name(f.name, STAGE) for f in FUNCTIONS}


def test_the_interpreter_that_packages_is_one_that_lambda_has() -> None:
    assert (3, 11) <= sys.version_info[:2] <= (3, 14)


def test_a_claim_outlives_the_function_that_holds_it_and_is_free_when_that_is_tried_again() -> None:
    assert named("deliver").timeout * 1_000 < LEASE < ASYNC_RETRY
