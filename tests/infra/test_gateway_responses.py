"""What API Gateway answers by itself: on AWS by templates, locally by the same ones."""

import json
from http import HTTPStatus
from typing import Any

import botocore.session
import pytest
import requests

from chalicelib.web import plain
from infra import gateway_responses
from infra.gateway_responses import RESPONSES, GatewayResponse
from tests.clients import PATIENCE_S
from tests.infra.conftest import Template, of_type
from tests.local.running import RunningStack

KINDS = botocore.session.get_session().get_service_model("apigateway").shape_for("GatewayResponseType").enum


def named(kind: str) -> GatewayResponse:
    return next(response for response in RESPONSES if response.kind == kind)


def test_every_response_is_of_a_kind_that_api_gateway_knows() -> None:
    kinds = [response.kind for response in RESPONSES]
    assert set(kinds) <= set(KINDS)
    assert len(set(kinds)) == len(kinds)


def test_the_defaults_leave_the_statuses_of_others_alone() -> None:
    assert named("DEFAULT_4XX").status is None
    assert named("DEFAULT_5XX").status is None


@pytest.mark.parametrize("response", RESPONSES, ids=lambda response: response.kind)
def test_a_response_has_the_shape_of_what_belongs_to_no_dialect(response: GatewayResponse) -> None:
    told = json.loads(response.body("4711", 'a "quoted" message'))
    assert set(told) == set(plain.body(HTTPStatus.NOT_FOUND, ""))
    assert told["code"] in HTTPStatus.__members__
    assert "$" not in str(told)


def test_the_response_that_cannot_be_customized_is_left_alone() -> None:
    assert "REQUEST_TOO_LARGE" not in {response.kind for response in RESPONSES}


def test_a_path_that_is_not_there_is_not_found() -> None:
    assert named("MISSING_AUTHENTICATION_TOKEN").status == 404


def test_the_package_has_every_response_in_its_api(whole: Template) -> None:
    (api,) = of_type(whole, "AWS::Serverless::Api").values()
    assert api["GatewayResponses"] == gateway_responses.properties()


def ask(stack: RunningStack, method: str, path: str, data: bytes = b"") -> tuple[int, Any]:
    answer = requests.request(method, stack.url + path, data=data, timeout=PATIENCE_S)
    return answer.status_code, answer.json()


@pytest.mark.parametrize(("method", "path"), [("GET", "/"), ("GET", "/nowhere"), ("DELETE", "/apis"), ("PUT", "/a/b")])
def test_a_path_under_none_of_the_roots_is_not_found(running_stack: RunningStack, method: str, path: str) -> None:
    status, body = ask(running_stack, method, path)
    assert (status, body) == (404, {"code": "NOT_FOUND", "message": "there is nothing at this path"})


def test_what_belongs_to_no_dialect_refuses_alike(running_stack: RunningStack) -> None:
    assert ask(running_stack, "GET", "/docs/deeper")[0] == 404
    status, body = ask(running_stack, "DELETE", "/docs")
    assert (status, body["code"]) == (405, "METHOD_NOT_ALLOWED")


def test_a_body_that_is_too_long_gets_gateways_own_words(running_stack: RunningStack) -> None:
    status, body = ask(running_stack, "POST", "/api/v1/deviceMgt/devices", data=b"x" * (10 * 1024 * 1024 + 1))
    assert (status, body) == (413, {"message": "Request Too Long"})
