"""The API as `make deploy` and `make package` describe it, imported by another API Gateway, and asked there."""

import json
from typing import Any

import pytest
import requests
from chalice.deploy.swagger import SwaggerGenerator

from chalicelib.web.application import ANY
from chalicelib.wiring import site
from tests.clients import PATIENCE_S
from tests.conformance.second_opinion.deployed import remove, spread
from tests.conformance.second_opinion.ministack import ACCOUNT, REGION, MiniStack
from tests.conformance.second_opinion.platform import Platform

pytestmark = pytest.mark.conformance

SAID = {"GET": 401, "HEAD": 401, "POST": 401, "PUT": 405, "PATCH": 405, "DELETE": 405, "OPTIONS": 204}
"""What a list of devices answers to somebody without a key."""
NINE = "/a/b/c/d/e/f/g/h/i"
_FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:homeport-dev"


def resources(ministack: MiniStack, api: str) -> dict[str, set[str]]:
    found = ministack.client("apigateway").get_resources(restApiId=api, limit=500, embed=["methods"])["items"]
    return {resource["path"]: set(resource.get("resourceMethods", {})) for resource in found}


def test_what_is_deployed_is_imported_with_two_resources_a_root(running_ministack: MiniStack) -> None:
    import app

    deployed = {"api_handler_arn": _FUNCTION}
    described = SwaggerGenerator(REGION, deployed).generate_swagger(app.app)
    assert all(served.keys() == {ANY} for served in described["paths"].values())
    # MiniStack imports a description only for CloudFormation.
    made = {"Type": "AWS::ApiGateway::RestApi", "Properties": {"Name": "imported", "Body": spread(described)}}
    template = {"Resources": {"Imported": made}, "Outputs": {"Id": {"Value": {"Ref": "Imported"}}}}
    cloudformation, s3 = running_ministack.client("cloudformation"), running_ministack.client("s3")
    # A template of more than 51,200 bytes is taken from a bucket only.
    s3.create_bucket(Bucket="imports")
    s3.put_object(Bucket="imports", Key="template.json", Body=json.dumps(template).encode())
    cloudformation.create_stack(StackName="imported", TemplateURL=f"{running_ministack.endpoint}/imports/template.json")
    cloudformation.get_waiter("stack_create_complete").wait(StackName="imported", WaiterConfig={"Delay": 1})
    (stack,) = cloudformation.describe_stacks(StackName="imported")["Stacks"]
    roots = {f"/{prefix.split('/')[1]}" for prefix in site.prefixes()}
    found = resources(running_ministack, stack["Outputs"][0]["OutputValue"])
    remove(running_ministack, "imported")
    assert found.pop("/") == set()
    assert found == {path: set(SAID) for root in roots for path in (root, f"{root}/{{proxy+}}")}


def asked(platform: Platform, method: str, path: str, **headers: str) -> requests.Response:
    return requests.request(method, platform.url + path, headers=headers, timeout=PATIENCE_S)


@pytest.mark.parametrize("path", ["/api", "/api/v1/nothing", f"/api{NINE}"])
def test_an_unknown_path_is_refused_by_its_dialect_at_any_depth(platform: Platform, path: str) -> None:
    answer = asked(platform, "GET", path)
    assert (answer.status_code, answer.json()["code"]) == (404, "GENERIC_NOT_FOUND_ERROR")
    answer = asked(platform, "DELETE", f"/api/v0002{path}")
    assert (answer.status_code, answer.json()["exception"]["id"]) == (404, "CUDRS0003E")


@pytest.mark.parametrize(
    ("root", "error"),
    [("/inventory", "general/notFound"), ("/core/v1", "there is nothing at"), ("/v1/devices", "there is nothing at")],
)
def test_whatever_the_root_nine_segments_below_it_are_refused_by_its_dialect(
    platform: Platform, root: str, error: str
) -> None:
    answer = asked(platform, "POST", root + NINE)
    assert answer.status_code == 404
    assert answer.json()["error"].startswith(error)
    assert root + NINE in answer.text


def test_a_root_of_files_refuses_as_itself(platform: Platform) -> None:
    answer = asked(platform, "GET", f"/dl{NINE}")
    assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/api/v1/deviceMgt/devices", "GET, HEAD, POST"),
        ("PATCH", "/api/v1/deviceMgt/devices", "GET, HEAD, POST"),
        ("DELETE", "/api/v0/whoami", "GET, HEAD"),
        ("POST", "/api/v0002/device/types/a/devices/b", "GET, HEAD, PUT, DELETE"),
        ("PUT", "/core/v1/organization/devices", "GET, HEAD"),
    ],
)
def test_a_method_that_is_not_there_is_refused_by_its_dialect(
    platform: Platform, method: str, path: str, allowed: str
) -> None:
    answer = asked(platform, method, path)
    assert (answer.status_code, answer.headers["Allow"]) == (405, allowed)
    told = answer.json()
    assert told.get("code") or told.get("exception") or told.get("error"), told


def test_head_is_answered_as_get_without_a_body(platform: Platform) -> None:
    key = {"X-API-Key": platform.api_key}
    answers = [asked(platform, "HEAD", path, **key) for path in ("/api/v1/deviceMgt/devices", f"/api{NINE}")]
    assert [(answer.status_code, answer.content) for answer in answers] == [(200, b""), (404, b"")]


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/api/v1/deviceMgt/devices", "GET, HEAD, POST, OPTIONS"),
        ("/inventory/managedObjects", "GET, HEAD, POST, PUT, OPTIONS"),
    ],
)
def test_options_says_what_there_is(platform: Platform, path: str, allowed: str) -> None:
    answer = asked(platform, "OPTIONS", path)
    assert (answer.status_code, answer.headers["Allow"], answer.content) == (204, allowed, b"")


def test_an_encoded_slash_is_one_more_segment(platform: Platform) -> None:
    """In API Gateway it is a part of its segment: MiniStack decodes the path before the function is asked."""
    key = {"X-API-Key": platform.api_key}
    answer = asked(platform, "GET", "/api/v1/deviceMgt/devices/urn:lo:nsid:second:a%2Fb", **key)
    assert (answer.status_code, answer.json()["code"]) == (404, "GENERIC_NOT_FOUND_ERROR")


@pytest.mark.parametrize(("method", "status"), SAID.items())
def test_each_method_arrives_as_itself(platform: Platform, method: str, status: int) -> None:
    assert asked(platform, method, "/api/v1/deviceMgt/devices").status_code == status


@pytest.mark.parametrize("name", ["%C3%BC", "a%20b", "a;b", "a%252Fb"])
def test_a_segment_is_decoded_once(platform: Platform, name: str) -> None:
    """MiniStack decodes an encoded slash before it hands the path over, where API Gateway leaves everything encoded."""
    path = f"/api/v1/deviceMgt/devices/urn:lo:nsid:second:{name}"
    answer = asked(platform, "GET", path, **{"X-API-Key": platform.api_key})
    told: Any = answer.json()
    assert answer.status_code in (400, 404), told
    assert told["code"] in ("DM_DEVICE_NOT_FOUND", "GENERIC_INVALID_PARAMETER_ERROR"), told
