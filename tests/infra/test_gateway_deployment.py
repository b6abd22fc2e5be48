"""The CoAP gateway's part of a deployment against moto, as far as moto goes: both forms, and none again."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import botocore.session
import pytest
from moto import mock_aws

from infra.cli.doctoring import gateway as findings
from infra.deploying.gateway import Gateway
from infra.deploying.problems import Problem
from infra.deploying.stacks import Shelf, Stacks
from infra.settings import settings
from infra.stage import Stage

STAGE = Stage("trial")
INSTANCE = settings({"gateway": "instance", "gateway_tag": "1.0"})
MANIFEST = {"schemaVersion": 2, "mediaType": "application/vnd.docker.distribution.manifest.v2+json"}
pytestmark = pytest.mark.filterwarnings("ignore:Tried to parse:UserWarning")


@pytest.fixture
def clients() -> Iterator[Callable[[str], Any]]:
    session = botocore.session.get_session()
    given = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing", "region_name": "eu-west-1"}
    with mock_aws():
        yield lambda service: session.create_client(service, **given)


@pytest.fixture
def made(clients: Callable[[str], Any]) -> Gateway:
    clients("s3").create_bucket(Bucket="shelf", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    return Gateway(STAGE, clients, Stacks(clients("cloudformation"), Shelf(clients("s3"), "shelf"), poll=0))


def push(clients: Callable[[str], Any], tag: str) -> None:
    name = "homeport-trial-gateway"
    clients("ecr").put_image(repositoryName=name, imageManifest=json.dumps(MANIFEST), imageTag=tag)


def test_it_wants_an_image_first_and_a_key_and_says_where_it_is(made: Gateway, clients: Callable[[str], Any]) -> None:
    for _ in range(2):
        with pytest.raises(Problem, match=r"no image homeport-trial-gateway:1.0(.*\n)*.*podman push .*gateway:1.0"):
            list(made.deploy(INSTANCE))
    push(clients, "1.0")
    assert list(made.deploy(INSTANCE)) == ["gateway's key: made", "gateway (instance): created"]
    (address,) = clients("ec2").describe_addresses()["Addresses"]
    assert made.target() == address["PublicIp"]
    key = clients("ssm").get_parameter(Name="homeport-trial-gateway-key", WithDecryption=True)["Parameter"]
    assert (key["Type"], len(bytes.fromhex(key["Value"]))) == ("SecureString", 32)
    assert next(iter(made.deploy(INSTANCE))) == "gateway's key: there already"
    seen = {each.what: each.good for each in findings(STAGE, INSTANCE, clients)}
    assert seen == dict.fromkeys(("gateway's image", "gateway's key", "stack homeport-trial-gateway"), True)
    assert [made.key().delete(), made.key().delete()] == [True, False]
    assert [made.remove_images(), made.remove_images()] == [True, False]


class Deleted(Stacks):
    """moto deletes no network that something is in, whatever the order."""

    def delete(self, name: str) -> bool:
        return name == "homeport-trial-gateway" and super().status(name) is not None


def test_one_that_is_wanted_no_more_goes(made: Gateway, clients: Callable[[str], Any]) -> None:
    stacks = Deleted(clients("cloudformation"), made.stacks.shelf, poll=0)
    gone = Gateway(STAGE, clients, stacks)
    assert list(gone.deploy(settings({}))) == []
    stacks.apply("homeport-trial-gateway", {"Resources": {"T": {"Type": "AWS::SNS::Topic", "Properties": {}}}})
    assert list(gone.deploy(settings({}))) == ["gateway: removed, as the settings name none"]


def test_a_doctor_says_what_is_missing(clients: Callable[[str], Any]) -> None:
    seen = {each.what: (each.good, each.found) for each in findings(STAGE, INSTANCE, clients)}
    assert seen["gateway's image"] == (False, "there is no image homeport-trial-gateway:1.0 yet")
    assert seen["gateway's key"][0] is False
    assert seen["stack homeport-trial-gateway"] == (None, "not deployed yet")
