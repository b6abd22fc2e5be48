"""Whatever is in the body, the path or the query of a request to any operation: it is answered, and never with a 500.

On the tables of moto's DynamoDB, which refuse what DynamoDB refuses.
"""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import boto3
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib.dialects import registry
from chalicelib.fleet.ports import Ports
from chalicelib.web.openapi import document
from tests import fuzzing
from tests.dialects.walked import Client, dialects, inhabitant
from tests.fakes import MemoryPorts
from tests.fakes.tables import ports_on

DOCUMENTS = {name: document(registry.rest(name).APIS, MemoryPorts(), "1") for name in dialects()}
SCHEMAS: dict[str, Any] = {dialect: schemathesis.openapi.from_dict(found) for dialect, found in DOCUMENTS.items()}
OPERATIONS = [(dialect, found.ok()) for dialect, schema in SCHEMAS.items() for found in schema.get_all_operations()]
ODD_TEXTS = [text for text in fuzzing.TEXTS if text.isprintable() and not set(text) & set(fuzzing.HALVES) and text]
KINDS = ("application/json", "application/json; charset=utf-8", "text/plain", "", "application/xml", "\x7f")
Callers = Mapping[str, tuple[Client, Mapping[str, str]]]


@pytest.fixture(scope="module")
def callers(dynamodb: Ports) -> Callers:
    """By dialect a client of a tenant that has one of everything, and what there is."""
    boto3.client("s3").create_bucket(Bucket="objects")
    ports = ports_on(dynamodb, seed=20_261_201)
    made = {name: inhabitant(name, ports, f"{name} of all") for name in dialects()}
    return {name: (each.client, each.furnish("asecret")) for name, each in made.items()}


@pytest.mark.parametrize(
    ("dialect", "operation"), OPERATIONS, ids=lambda o: o if isinstance(o, str) else f"{o.method.upper()} {o.path}"
)
def test_whatever_is_asked_it_is_answered(callers: Callers, dialect: str, operation: Any) -> None:
    client, names = callers[dialect]
    told = DOCUMENTS[dialect]["paths"][operation.path][operation.method]
    takes_body = "requestBody" in told

    @settings(max_examples=6 if takes_body else 2, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.data())
    def asked(data: st.DataObject) -> None:
        case = data.draw(operation.as_strategy())
        path = operation.path
        for name in case.path_parameters or {}:
            odd = data.draw(st.integers(0, 9)) == 0
            value = quote(data.draw(st.sampled_from(ODD_TEXTS)), safe="") if odd else names[name]
            path = path.replace(f"{{{name}}}", value)
        query: dict[str, str] = {name: json.dumps(value).strip('"') for name, value in (case.query or {}).items()}
        if data.draw(st.booleans()) and query:
            query[data.draw(st.sampled_from(sorted(query)))] = data.draw(st.sampled_from(ODD_TEXTS))
        raw = data.draw(fuzzing.payloads(case.body)) if takes_body else b""
        headers = {"Content-Type": data.draw(st.sampled_from(KINDS))} if data.draw(st.integers(0, 5)) == 0 else {}
        reply = client.call(operation.method.upper(), path, raw=raw, headers=headers, **query)
        assert 200 <= reply.status < 500, reply.raw

    asked()


@pytest.mark.parametrize("dialect", DOCUMENTS)
def test_all_can_be_read_afterwards(callers: Callers, dialect: str) -> None:
    client, names = callers[dialect]
    for path, methods in DOCUMENTS[dialect]["paths"].items():
        if "get" in methods:
            reply = client.call("GET", path.format_map(names), raw=b"", headers=None)
            assert reply.status < 500, f"{path} after that: {reply.raw!r}"
