"""Requests made up from our own OpenAPI document: no 5xx, and no status that the document does not name."""

import json
from collections.abc import Mapping
from typing import Any, Protocol

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from chalicelib.dialects.ibm import rest as ibm
from chalicelib.dialects.live_objects import rest as live_objects
from chalicelib.web.openapi import document
from tests.dialects.ibm.client import Client as IbmClient
from tests.dialects.ibm.site import Site
from tests.dialects.live_objects.client import Client as LiveObjectsClient
from tests.fakes import MemoryPorts

EXAMPLES = 5
"""Requests an operation, so that all of them together take less than half a minute."""
REFUSED_ANYWHERE = {404}
"""A path parameter that is empty, or has a slash in it, makes the path another one."""

DOCUMENTS = {
    "live_objects": document((live_objects.API,), MemoryPorts(), "1"),
    "ibm": document((ibm.V1, ibm.V2), MemoryPorts(), "1"),
}
SCHEMAS: dict[str, Any] = {dialect: schemathesis.openapi.from_dict(found) for dialect, found in DOCUMENTS.items()}
OPERATIONS = [(dialect, found.ok()) for dialect, schema in SCHEMAS.items() for found in schema.get_all_operations()]


class Reply(Protocol):
    @property
    def status(self) -> int: ...
    @property
    def raw(self) -> bytes: ...


class Caller(Protocol):
    def call(
        self, method: str, path: str, *, raw: bytes | None, headers: Mapping[str, str] | None, **query: Any
    ) -> Reply: ...


@pytest.fixture(scope="module")
def clients() -> dict[str, Caller]:
    return {"live_objects": LiveObjectsClient(), "ibm": with_a_device()}


def with_a_device() -> IbmClient:
    """An organization of which `KNOWN` names something, so that not everything made up is missing."""
    site = Site()
    device = site.device()
    site.publish(device, "iot-2/evt/status/fmt/json", {"d": {"cpu": 1}})
    site.publish(device, "iotdevice-1/mgmt/manage", {"d": {"supports": {"deviceActions": True}}, "reqId": "1"})
    return site.client


KNOWN: dict[str, dict[str, str]] = {
    "live_objects": {},
    "ibm": {"type_id": "pump", "device_type": "pump", "device_id": "p1", "event_id": "status"},
}


def text(value: Any) -> str:
    """A query parameter as OpenAPI's `style: form` without `explode` writes it."""
    if isinstance(value, list):
        return ",".join(text(one) for one in value)
    return value if isinstance(value, str) else json.dumps(value)


@pytest.mark.parametrize(
    ("dialect", "operation"), OPERATIONS, ids=lambda o: o if isinstance(o, str) else f"{o.method.upper()} {o.path}"
)
def test_an_operation_answers_as_it_is_described(clients: dict[str, Caller], dialect: str, operation: Any) -> None:
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
            case.path_parameters = {name: KNOWN[dialect].get(name, value) for name, value in made_up.items()}
        raw = json.dumps(case.body).encode() if takes_body else b""
        query = {name: text(value) for name, value in (case.query or {}).items()}
        sent = {"Content-Type": "application/json"} if raw else {}
        reply = clients[dialect].call(operation.method.upper(), case.formatted_path, raw=raw, headers=sent, **query)
        assert reply.status in described | REFUSED_ANYWHERE, reply.raw

    asked()
