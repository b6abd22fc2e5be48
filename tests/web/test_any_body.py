"""Whatever is in the body, the path or the query of a request to any operation: it is answered, and never with a 500.

On the tables of moto's DynamoDB, which refuse what DynamoDB refuses.
"""

import json
from collections.abc import Mapping
from typing import Any, Protocol
from urllib.parse import quote

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib.dialects.ibm import rest as ibm
from chalicelib.dialects.live_objects import rest as live_objects
from chalicelib.fleet.ports import Ports
from chalicelib.web.openapi import document
from tests import fuzzing
from tests.dialects.ibm.client import Client as IbmClient
from tests.dialects.ibm.furnished import furnish as furnish_ibm
from tests.dialects.ibm.site import Site
from tests.dialects.live_objects.client import Client
from tests.dialects.live_objects.furnished import furnish
from tests.fakes import MemoryPorts
from tests.fakes.tables import ports_on

DOCUMENTS = {
    "live_objects": document((live_objects.API,), MemoryPorts(), "1"),
    "ibm": document((ibm.V1, ibm.V2), MemoryPorts(), "1"),
}
SCHEMAS: dict[str, Any] = {dialect: schemathesis.openapi.from_dict(found) for dialect, found in DOCUMENTS.items()}
OPERATIONS = [(dialect, found.ok()) for dialect, schema in SCHEMAS.items() for found in schema.get_all_operations()]
ODD_TEXTS = [text for text in fuzzing.TEXTS if text.isprintable() and not set(text) & set(fuzzing.HALVES) and text]
KINDS = ("application/json", "application/json; charset=utf-8", "text/plain", "", "application/xml", "\x7f")


class Reply(Protocol):
    @property
    def status(self) -> int: ...
    @property
    def raw(self) -> bytes: ...


class Caller(Protocol):
    def call(
        self, method: str, path: str, /, *, raw: bytes | None, headers: Mapping[str, str] | None, **query: Any
    ) -> Reply: ...


@pytest.fixture(scope="module")
def callers(dynamodb: Ports) -> Mapping[str, tuple[Caller, Mapping[str, str]]]:
    """By dialect a client of a tenant that has one of everything, and what there is."""
    ports = ports_on(dynamodb, seed=20_261_201)
    client, site = Client(ports, "hooli"), Site(IbmClient(ports, "initech"))
    return {
        "live_objects": (client, furnish(client, "asecret")),
        "ibm": (site.client, furnish_ibm(site, "asecret")),
    }


@pytest.mark.parametrize(
    ("dialect", "operation"), OPERATIONS, ids=lambda o: o if isinstance(o, str) else f"{o.method.upper()} {o.path}"
)
def test_whatever_is_asked_it_is_answered(
    callers: Mapping[str, tuple[Caller, Mapping[str, str]]], dialect: str, operation: Any
) -> None:
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
def test_all_can_be_read_afterwards(callers: Mapping[str, tuple[Caller, Mapping[str, str]]], dialect: str) -> None:
    client, names = callers[dialect]
    for path, methods in DOCUMENTS[dialect]["paths"].items():
        if "get" in methods:
            reply = client.call("GET", path.format_map(names), raw=b"", headers=None)
            assert reply.status < 500, f"{path} after that: {reply.raw!r}"
