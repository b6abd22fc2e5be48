"""Restoring data: the tables, and a stage that stands still meanwhile. moto copies items whatever the moment."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import botocore.session
import pytest
from botocore.stub import Stubber
from click.testing import CliRunner
from moto import mock_aws

from infra import description, pausing
from infra.__main__ import main
from infra.deploying.problems import Problem
from infra.functions import FUNCTIONS
from infra.restoring import Restoration, chosen
from infra.stage import Stage
from infra.templates import storage

SOURCE, COPY = Stage("prod"), Stage("drill")
AT = datetime(2026, 11, 20, 10, tzinfo=UTC)
CREDENTIALS = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing", "region_name": "eu-west-1"}
MAPPING = "14e0db71-5d35-4eb5-b481-8945cf9d10c2"
CLAIM = {"client": {"S": "c"}, "tenant": {"S": "t"}, "doc": {"S": "{}"}}


@pytest.fixture
def dynamodb() -> Iterator[Any]:
    """The tables of stage prod, as its stack makes them, with a claim."""
    with mock_aws():
        client = botocore.session.get_session().create_client("dynamodb", **CREDENTIALS)
        for made in storage.document(SOURCE).resources.values():
            if made["Type"] == "AWS::DynamoDB::Table":
                _create(client, made["Properties"])
        client.put_item(TableName="homeport-prod-claims", Item=CLAIM)
        yield client


def _create(client: Any, wanted: dict[str, Any]) -> None:
    taken = ("TableName", "BillingMode", "AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes")
    client.create_table(**{k: wanted[k] for k in taken if k in wanted}, DeletionProtectionEnabled=True)


def restore(dynamodb: Any, source: Stage, target: Stage, **how: Any) -> None:
    restoration = Restoration(dynamodb, source, target, poll=0)
    for noun in description.table_nouns():
        restoration.begin(noun, AT, **how)
    for noun in description.table_nouns():
        restoration.finish(noun)


def test_every_table_is_restored_with_its_items_and_indexes(dynamodb: Any) -> None:
    restore(dynamodb, SOURCE, COPY)
    for noun in description.table_nouns():
        table = dynamodb.describe_table(TableName=COPY.called(noun))["Table"]
        found = {index["IndexName"] for index in table.get("GlobalSecondaryIndexes", ())}
        assert found == set(description.indexes(noun))
    assert dynamodb.get_item(TableName="homeport-drill-claims", Key={"client": {"S": "c"}})["Item"] == CLAIM


def test_a_restored_table_gets_back_what_dynamodb_leaves_off(dynamodb: Any) -> None:
    restore(dynamodb, SOURCE, COPY)
    for made in storage.document(COPY).resources.values():
        if made["Type"] != "AWS::DynamoDB::Table":
            continue
        wanted = made["Properties"]
        name = wanted["TableName"]
        table = dynamodb.describe_table(TableName=name)["Table"]
        assert table["DeletionProtectionEnabled"]
        assert dynamodb.list_tags_of_resource(ResourceArn=table["TableArn"])["Tags"] == wanted["Tags"]
        backups = dynamodb.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
        assert backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"
        expiry = dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
        assert expiry.get("AttributeName") == wanted.get("TimeToLiveSpecification", {}).get("AttributeName")


def test_no_table_has_a_stream_that_would_have_to_be_restored() -> None:
    for made in storage.document(SOURCE).resources.values():
        assert "StreamSpecification" not in made["Properties"]


def test_a_second_run_goes_on_where_the_first_one_ended(dynamodb: Any) -> None:
    restore(dynamodb, SOURCE, COPY)
    dynamodb.delete_item(TableName="homeport-drill-claims", Key={"client": {"S": "c"}})
    restore(dynamodb, SOURCE, COPY)
    assert not dynamodb.scan(TableName="homeport-drill-claims")["Items"]


def test_a_table_that_came_from_elsewhere_is_not_touched(dynamodb: Any) -> None:
    restore(dynamodb, SOURCE, COPY)
    with pytest.raises(Problem, match="homeport-prod-tenants is there already"):
        Restoration(dynamodb, COPY, SOURCE, poll=0).begin("tenants", None)


def test_the_copy_takes_the_place_of_the_damaged_tables(dynamodb: Any) -> None:
    restore(dynamodb, SOURCE, COPY)
    dynamodb.put_item(TableName="homeport-prod-claims", Item={**CLAIM, "tenant": {"S": "wrong"}})
    for _ in range(2):
        restore(dynamodb, COPY, SOURCE, replacing=True)
    assert dynamodb.scan(TableName="homeport-prod-claims")["Items"] == [CLAIM]


def test_the_moment_is_the_same_for_all_and_said_to_the_second() -> None:
    client = botocore.session.get_session().create_client("dynamodb", **CREDENTIALS)
    with Stubber(client) as stub:
        stub.add_client_error("describe_table", "ResourceNotFoundException")
        asked = {"SourceTableName": "homeport-prod-keys", "TargetTableName": "homeport-drill-keys"}
        stub.add_response("restore_table_to_point_in_time", {}, {**asked, "RestoreDateTime": AT})
        assert Restoration(client, SOURCE, COPY).begin("keys", AT)
        stub.add_client_error("describe_table", "ResourceNotFoundException")
        stub.add_response("restore_table_to_point_in_time", {}, {**asked, "UseLatestRestorableTime": True})
        assert Restoration(client, SOURCE, COPY).begin("keys", None)


def test_some_tables_can_be_chosen_or_left_out() -> None:
    assert chosen(only=["commands", "mailboxes"]) == ["mailboxes", "commands"]
    assert set(description.table_nouns()) - set(chosen(without=["claims"])) == {"claims"}
    with pytest.raises(Problem, match="there is no table clams"):
        chosen(only=["clams"])


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["--to", "prod"], "another stage"),
        (["--to", "drill", "--at", "yesterday"], "is not like"),
        (["--to", "drill", "--at", "2026-11-20T10:00:00"], "time zone"),
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_is_asked_of_aws(arguments: list[str], why: str) -> None:
    found = CliRunner().invoke(main, ["restore", "--stage", "prod", *arguments])
    assert found.exit_code == 2
    assert why in found.output


def test_nothing_is_replaced_unless_the_stage_is_named_once_more() -> None:
    found = CliRunner().invoke(main, ["restore", "--stage", "drill", "--to", "prod", "--replace"], input="dev\n")
    assert found.exit_code == 1
    assert "nothing was deleted" in found.output


class Functions:
    """Lambda's part in pausing, with every call checked against its model."""

    def __init__(self) -> None:
        self.client = botocore.session.get_session().create_client("lambda", **CREDENTIALS)
        self.stub = Stubber(self.client)

    def clients(self, service: str) -> Any:
        assert service == "lambda"
        return self.client

    def lists_and_sets_the_mapping(self, *, enabled: bool) -> None:
        mapping = {"EventSourceMappings": [{"UUID": MAPPING}]}
        self.stub.add_response("list_event_source_mappings", mapping, {"FunctionName": "homeport-prod-push"})
        self.stub.add_response("update_event_source_mapping", {}, {"UUID": MAPPING, "Enabled": enabled})

    def sets(self, name: str, reserved: int) -> None:
        asked = {"FunctionName": name, "ReservedConcurrentExecutions": reserved}
        self.stub.add_response("put_function_concurrency", {}, asked)


NAMES = {f.name: "homeport-prod" if f.name == "api_handler" else f"homeport-prod-{f.name}" for f in FUNCTIONS}


def test_a_paused_stage_runs_no_function_and_takes_nothing_from_its_queue() -> None:
    functions = Functions()
    functions.lists_and_sets_the_mapping(enabled=False)
    for name in NAMES.values():
        functions.sets(name, 0)
    with functions.stub:
        assert pausing.pause(SOURCE, functions.clients) == list(NAMES)
        functions.stub.assert_no_pending_responses()


def test_a_resumed_stage_has_the_concurrency_that_it_was_deployed_with() -> None:
    functions = Functions()
    for function in FUNCTIONS:
        if function.reserved:
            functions.sets(NAMES[function.name], function.reserved)
        else:
            functions.stub.add_response("delete_function_concurrency", {}, {"FunctionName": NAMES[function.name]})
    functions.lists_and_sets_the_mapping(enabled=True)
    with functions.stub:
        assert pausing.resume(SOURCE, functions.clients) == list(NAMES)
        functions.stub.assert_no_pending_responses()


def test_the_door_can_be_opened_first() -> None:
    functions = Functions()
    functions.sets("homeport-prod-authorizer", 150)
    with functions.stub:
        assert pausing.resume(SOURCE, functions.clients, ("authorizer",)) == ["authorizer"]
        functions.stub.assert_no_pending_responses()
