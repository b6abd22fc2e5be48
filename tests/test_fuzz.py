"""Requests made up from our own OpenAPI document: no 5xx, and no status that the document does not name."""

import json
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from chalicelib.dialects.live_objects.rest import API
from chalicelib.web.openapi import document
from tests.dialects.live_objects.client import Client
from tests.fakes import MemoryPorts

EXAMPLES = 5
"""Requests an operation, so that all of them together take less than half a minute."""
REFUSED_ANYWHERE = {404}
"""A path parameter that is empty, or has a slash in it, makes the path another one."""

DOCUMENT = document((API,), MemoryPorts(), "1")
SCHEMA: Any = schemathesis.openapi.from_dict(DOCUMENT)
OPERATIONS: list[Any] = [found.ok() for found in SCHEMA.get_all_operations()]


@pytest.fixture(scope="module")
def client() -> Client:
    return Client()


def text(value: Any) -> str:
    """A query parameter as OpenAPI's `style: form` without `explode` writes it."""
    if isinstance(value, list):
        return ",".join(text(one) for one in value)
    return value if isinstance(value, str) else json.dumps(value)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda o: f"{o.method.upper()} {o.path}")
def test_an_operation_answers_as_it_is_described(client: Client, operation: Any) -> None:
    told = DOCUMENT["paths"][operation.path][operation.method]
    described, takes_body = {int(status) for status in told["responses"]}, "requestBody" in told

    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.data())
    def asked(data: st.DataObject) -> None:
        case = data.draw(operation.as_strategy())
        raw = json.dumps(case.body).encode() if takes_body else b""
        query = {name: text(value) for name, value in (case.query or {}).items()}
        sent = {"Content-Type": "application/json"} if raw else {}
        reply = client.call(operation.method.upper(), case.formatted_path, raw=raw, headers=sent, **query)
        assert reply.status in described | REFUSED_ANYWHERE, reply.raw

    asked()
