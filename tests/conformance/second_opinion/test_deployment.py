"""What `make package` writes, in the hands of another CloudFormation: AWS's own transform, then MiniStack."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from infra import description
from infra.deploying.entrances import Entrances
from infra.stage import Stage
from infra.templates import package
from tests.conformance.second_opinion.deployed import UNKNOWN, bucket, deploy, remove
from tests.conformance.second_opinion.ministack import MiniStack
from tests.conformance.second_opinion.platform import Platform

pytestmark = pytest.mark.conformance

PROD = Stage("prod")
HOSTS = {name: f"{name.lower()}.fleet.example" for name in ("MqttHost", "CertificateHost", "WssHost", "ApiHost")}


@pytest.fixture(scope="module")
def beside(stage: Platform, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MiniStack]:
    """The account while a second stage is in it, which has host names of its own."""
    certificate = stage.ministack.client("acm").request_certificate(DomainName="*.fleet.example")["CertificateArn"]
    packaged = package.write(PROD, tmp_path_factory.mktemp("prod"), dependencies=False)
    deploy(stage.ministack, "homeport-prod", packaged, **HOSTS, CertificateArn=certificate)
    yield stage.ministack
    remove(stage.ministack, "homeport-prod")


def test_the_archive_is_small(packaged: Path) -> None:
    """Eleven functions are uploaded one by one, and each of them is unpacked at every cold start."""
    assert packaged.with_name(package.ARCHIVE).stat().st_size <= 14_000_000


def test_only_what_is_unknown_is_left_out(running_ministack: MiniStack) -> None:
    for kind in UNKNOWN:
        template = json.dumps({"Resources": {"It": {"Type": kind}}})
        with pytest.raises(ClientError, match="Unrecognized resource types"):
            running_ministack.client("cloudformation").validate_template(TemplateBody=template)


def test_two_stages_live_side_by_side(beside: MiniStack) -> None:
    found = set(beside.client("dynamodb").list_tables()["TableNames"])
    assert found == {stage.called(noun) for stage in (Stage("dev"), PROD) for noun in description.table_nouns()}


def test_the_same_template_again_changes_nothing(stage: Platform) -> None:
    with pytest.raises(ClientError, match="No updates are to be performed"):
        stage.ministack.client("cloudformation").update_stack(
            StackName="homeport-dev",
            UsePreviousTemplate=True,
            Capabilities=["CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
            Parameters=[{"ParameterKey": name, "UsePreviousValue": True} for name in ("IotEndpoint", "PushAllow")],
        )


@pytest.mark.parametrize(
    ("noun", "host", "authentication", "protocol"),
    [
        ("mqtt", "mqtthost", "CUSTOM_AUTH", "SECURE_MQTT"),
        ("certificate", "certificatehost", "CUSTOM_AUTH_X509", "SECURE_MQTT"),
        ("wss", "wsshost", "CUSTOM_AUTH", "MQTT_WSS"),
    ],
)
def test_a_host_name_says_how_its_clients_log_in(
    beside: MiniStack, noun: str, host: str, authentication: str, protocol: str
) -> None:
    iot, host = beside.client("iot"), f"{host}.fleet.example"
    assert Entrances(iot, PROD).open()[noun] == host
    made = iot.describe_domain_configuration(domainConfigurationName=f"{PROD.called(noun)}-{host}")
    assert (made["authenticationType"], made["applicationProtocol"]) == (authentication, protocol)
    assert made["authorizerConfig"]["defaultAuthorizerName"] == PROD.called("mqtt")


def test_a_host_name_that_aws_made_is_closed_at_once_and_kept_for_a_week(stage: Platform) -> None:
    entrances = Entrances(stage.ministack.client("iot"), Stage("gone"))
    config = {"authenticationType": "AWS_X509", "applicationProtocol": "SECURE_MQTT"}
    entrances.iot.create_domain_configuration(domainConfigurationName="homeport-gone-mqtt-1", **config)
    (host,) = entrances.open().values()
    for _ in range(2):
        (said,) = entrances.close()
        assert said.startswith(f"host {host}: disabled; AWS keeps it until")
    assert entrances.open() == {}


def test_a_host_name_of_ones_own_goes_at_once(beside: MiniStack) -> None:
    entrances = Entrances(beside.client("iot"), PROD)
    assert sorted(entrances.close()) == sorted(f"host {HOSTS[n]}: removed" for n in HOSTS if n != "ApiHost")
    assert entrances.close() == []


def test_a_table_is_not_deleted_by_mistake(stage: Platform) -> None:
    with pytest.raises(ClientError, match="protected against deletion"):
        stage.ministack.client("dynamodb").delete_table(TableName="homeport-dev-devices")


def test_the_bucket_takes_nothing_in_the_clear(beside: MiniStack) -> None:
    everything = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    with pytest.raises(ClientError, match="explicit deny in a resource-based policy"):
        beside.as_user("anybody", everything)("s3").put_object(Bucket=bucket(PROD), Key="k", Body=b"")


def test_who_has_no_rights_is_refused(running_ministack: MiniStack) -> None:
    """What the tests of the platform rest on: that MiniStack asks IAM at all."""
    with pytest.raises(ClientError, match="AccessDenied"):
        running_ministack.as_user("nobody")("dynamodb").list_tables()
