"""Requests made up from our own OpenAPI document: only statuses that it names, and all can still be read afterwards."""

import json
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from chalicelib.dialects import registry
from chalicelib.web.openapi import document
from tests.dialects.walked import Client, dialects, inhabitant
from tests.fakes import MemoryPorts

EXAMPLES = 5
"""Requests an operation, so that all of them together take less than half a minute."""
REFUSED_ANYWHERE = {404}
"""A path parameter that is empty, or has a slash in it, makes the path another one."""

DOCUMENTS = {name: document(registry.rest(name).APIS, MemoryPorts(), "1") for name in dialects()}
SCHEMAS: dict[str, Any] = {dialect: schemathesis.openapi.from_dict(found) for dialect, found in DOCUMENTS.items()}
OPERATIONS = [(dialect, found.ok()) for dialect, schema in SCHEMAS.items() for found in schema.get_all_operations()]


WORD = "asecret"
READS = {
    dialect: [path for path, methods in found["paths"].items() if "get" in methods]
    for dialect, found in DOCUMENTS.items()
}


@dataclass(frozen=True)
class Tenant:
    """One that has one of everything; `names` says of each path parameter what there is."""

    client: Client
    names: Mapping[str, str]


@cache
def _furnished(dialect: str) -> Tenant:
    made = inhabitant(dialect, MemoryPorts(), "acme")
    return Tenant(made.client, made.furnish(WORD))


def furnished(dialect: str) -> Tenant:
    """A tenant of one's own: made once a dialect, copied for each operation with all that it has."""
    return deepcopy(_furnished(dialect))


def text(value: Any) -> str:
    """A query parameter as OpenAPI's `style: form` without `explode` writes it."""
    if isinstance(value, list):
        return ",".join(text(one) for one in value)
    return value if isinstance(value, str) else json.dumps(value)


@pytest.mark.parametrize(
    ("dialect", "operation"), OPERATIONS, ids=lambda o: o if isinstance(o, str) else f"{o.method.upper()} {o.path}"
)
def test_an_operation_answers_as_it_is_described(dialect: str, operation: Any) -> None:
    tenant = furnished(dialect)
    told = DOCUMENTS[dialect]["paths"][operation.path][operation.method]
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
        if data.draw(st.booleans()):
            made_up = case.path_parameters or {}
            case.path_parameters = {name: tenant.names[name] for name in made_up}
        raw = json.dumps(case.body).encode() if takes_body else b""
        query = {name: text(value) for name, value in (case.query or {}).items()}
        sent = {"Content-Type": "application/json"} if raw else {}
        reply = tenant.client.call(operation.method.upper(), case.formatted_path, raw=raw, headers=sent, **query)
        assert reply.status in described | REFUSED_ANYWHERE, reply.raw

    asked()
    for path in READS[dialect]:
        reply = tenant.client.call("GET", path.format_map(tenant.names), raw=b"", headers=None)
        assert reply.status < 500, f"{path} after that: {reply.raw!r}"
