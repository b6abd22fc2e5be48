"""Whatever a client publishes, on whatever topic of its mode: it is taken, or it is audited, and nothing breaks."""

import base64
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib.dialects.live_objects import topics
from chalicelib.dialects.topics import Direction
from chalicelib.fleet.inventory import devices
from chalicelib.fleet.inventory.records import Device, Interface
from chalicelib.fleet.presence.claims import Claim
from chalicelib.triggers import uplink
from tests.dialects.live_objects.client import Client
from tests.fakes import START

URN = "urn:lo:nsid:any:1"
_WORDS = ("ONLINE", "FAILED", "OK", "BUSY", "n1", "1.0", "INT32", "i32", "0" * 24, "2027-01-01T00:00:00Z")
_FIELDS = (
    "status",
    "cfg",
    "rsc",
    "res",
    "cid",
    "value",
    "payload",
    "metadata",
    "encoding",
    "nodeId",
    "id",
    "response",
    "targetVersion",
    "parameters",
    "resources",
    "version",
    "updateCorrelationId",
    "error",
    "code",
    "details",
    "capabilities",
    "command",
    "available",
    "lastContact",
    "sessionSequenceId",
    "eventSequenceId",
    "timestamp",
    "location",
    "lat",
    "lon",
    "tags",
    "streamId",
    "model",
    "s",
    "v",
    "ts",
    "m",
    "loc",
    "t",
    "type",
    "errorCode",
    "errorDetails",
)
_LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(_WORDS)
_JSON = st.recursive(
    _LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_FIELDS) | st.text(max_size=4), inner, max_size=4)
    ),
    max_leaves=12,
)
_OBJECTS = st.dictionaries(st.sampled_from(_FIELDS), _JSON, max_size=6)
_PAYLOADS = (
    st.binary(max_size=40)
    | _JSON.map(lambda body: json.dumps(body).encode())
    | _OBJECTS.map(lambda body: json.dumps(body).encode())
)


def _upward(mode: str) -> st.SearchStrategy[str]:
    filters = [t.filter for t in topics.TOPICS if t.direction is Direction.UP and t.mode == mode]
    return st.sampled_from([*filters, "dev/nowhere", "connector/v1/nowhere"]).map(lambda f: f.replace("+", "n1"))


@pytest.fixture(scope="module")
def client() -> Client:
    client = Client()
    tenant, key = client.tenant.id, client.master.id
    interface = Interface("mqtt", URN, "live_objects", START, START)
    devices.register(client.ports, Device(tenant, URN, START, START, interfaces=(interface,)))
    client.ports.claims.rows.pop(URN, None)
    client.ports.claims.put_new(Claim(URN, tenant, "live_objects", topics.DEVICE, key, 1, URN, "mqtt"))
    client.ports.claims.put_new(
        Claim("gateway", tenant, "live_objects", topics.CONNECTOR, key, 1, connector="x-connector")
    )
    return client


def _publish(client: Client, name: str, topic: str, payload: bytes) -> None:
    at = client.ports.clock.advance(ms=1)
    event: dict[str, Any] = {"client": name, "topic": topic, "payload": base64.b64encode(payload).decode(), "at": at}
    uplink.handle(client.ports, {**event, "id": f"e{at}"})


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=300)
@given(topic=_upward(topics.DEVICE), payload=_PAYLOADS)
def test_a_device_may_say_anything(client: Client, topic: str, payload: bytes) -> None:
    _publish(client, URN, topic, payload)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=300)
@given(topic=_upward(topics.CONNECTOR), payload=_PAYLOADS)
def test_a_connector_may_say_anything(client: Client, topic: str, payload: bytes) -> None:
    _publish(client, "gateway", topic, payload)
