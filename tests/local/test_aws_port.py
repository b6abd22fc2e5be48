"""The AWS port is for programs of this machine that sign what they ask: a page in a browser gets nowhere with it."""

import http.client
import json
from http import HTTPStatus

import pytest

from tests.local.running import RunningStack
from tests.local.test_aws_endpoint import connect

_INVOKE = "/2015-03-31/functions/homeport-local-authorizer/invocations"
_SIGNED_FOR_S3 = "AWS4-HMAC-SHA256 Credential=any/20300101/eu-west-1/s3/aws4_request, SignedHeaders=host, Signature=0"


def ask(stack: RunningStack, path: str, headers: dict[str, str]) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", stack.aws, timeout=60)
    connection.request("POST", path, b"{}", {"Content-Type": "text/plain", **headers})
    answer = connection.getresponse()
    body = answer.read().decode()
    connection.close()
    return answer.status, body


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer x"}, {"Authorization": _SIGNED_FOR_S3}])
def test_nobody_invokes_a_function_without_having_signed_for_it(stack: RunningStack, headers: dict[str, str]) -> None:
    for path in (_INVOKE, _INVOKE + "/", _INVOKE.replace("homeport-local-", "homeport%2Dlocal-")):
        status, body = ask(stack, path, headers)
        assert status == HTTPStatus.FORBIDDEN
        assert "isAuthenticated" not in body


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "10.0.0.1", ""])
def test_a_name_that_was_led_here_is_refused(stack: RunningStack, host: str) -> None:
    signed = {"Authorization": _SIGNED_FOR_S3.replace("/s3/", "/lambda/"), "Host": host}
    status, body = ask(stack, _INVOKE, signed)
    assert status in {HTTPStatus.FORBIDDEN, HTTPStatus.BAD_REQUEST}
    assert "isAuthenticated" not in body


@pytest.mark.parametrize("host", ["localhost:4566", "127.0.0.1", "[::1]:4566", "homeport-local-objects.localhost"])
def test_this_machine_is_asked_for_by_its_own_names(stack: RunningStack, host: str) -> None:
    signed = {"Authorization": _SIGNED_FOR_S3.replace("/s3/", "/lambda/"), "Host": host}
    status, body = ask(stack, _INVOKE, signed)
    assert status == HTTPStatus.OK
    assert json.loads(body)["isAuthenticated"] is False


def test_an_sdk_signs_by_itself(stack: RunningStack) -> None:
    client = connect(stack, "lambda")
    assert client.invoke(FunctionName="homeport-local-authorizer", Payload=b"{}")["StatusCode"] == HTTPStatus.OK
