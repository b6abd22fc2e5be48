"""Answers as API Gateway gets them from the function."""

import base64
import json
from typing import Any

import pytest

from chalicelib.dialects.live_objects.errors import explain
from chalicelib.fleet.access import callers
from chalicelib.fleet.access.records import ApiKey
from chalicelib.fleet.ports import Ports
from chalicelib.web.request import Answer, Request
from chalicelib.web.routes import Api, Route
from tests.dialects.served import application
from tests.fakes import MemoryPorts


def answered(body: Any, **headers: str) -> dict[str, Any]:
    """What the function returns for a route that answers with this body."""

    def handler(_ports: Ports, _request: Request) -> Answer:
        return Answer(body)

    route = Route("GET", "/x/it", handler, "a test")
    api = Api(
        "test",
        ("/x",),
        [route],
        lambda _ports, _request: callers.of_key(ApiKey("tenant", "id", frozenset(), 0)),
        explain,
    )
    app = application([api], MemoryPorts)
    event = {
        "httpMethod": "GET",
        "path": "/x/it",
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "pathParameters": None,
        "multiValueQueryStringParameters": None,
        "stageVariables": None,
        "requestContext": {"httpMethod": "GET", "resourcePath": "/x/it"},
        "body": None,
        "isBase64Encoded": False,
    }
    returned: dict[str, Any] = app(event, None)
    return returned


@pytest.mark.parametrize("headers", [{}, {"accept": "application/json"}, {"accept": "*/*"}])
def test_an_answer_is_text_whatever_the_client_accepts(headers: dict[str, str]) -> None:
    returned = answered({"a": "é"}, **headers)
    assert "isBase64Encoded" not in returned
    assert json.loads(returned["body"]) == {"a": "é"}


def test_what_lambda_could_not_carry_as_text_is_encoded() -> None:
    """Each of these letters takes two bytes, and six within JSON."""
    returned = answered("é" * 2_000_000)
    assert returned["isBase64Encoded"]
    assert json.loads(base64.b64decode(returned["body"])) == "é" * 2_000_000
    assert len(json.dumps(returned)) < 6_000_000


def test_a_million_bytes_go_as_text_and_one_more_encoded() -> None:
    """Two of them are the quotes."""
    assert ["isBase64Encoded" in answered("x" * count) for count in (999_998, 999_999)] == [False, True]


def test_what_it_could_not_carry_at_all_is_refused() -> None:
    assert answered("x" * 5_000_000)["statusCode"] == 400
