"""Each operation that stores something, at the limit that the operator set."""

from typing import Any

import pytest

from chalicelib.dialects.live_objects.rest.shapes.tenants import STORED
from chalicelib.fleet.tenancy import settings
from chalicelib.fleet.tenancy.records import Stored
from tests.dialects.live_objects.client import DEVICES, Client
from tests.fakes import START

POLICIES = "/api/v1/event2action/actionPolicies"
POLICY = {"name": "p", "triggers": {"dataMessage": {"version": 1}}, "actions": {"fifoPublish": [{"fifoName": "q"}]}}
USER = {"login": "ada", "email": "ada@example.com", "roles": []}
VERSION = {"resourceVersionId": "1", "checksum": "kAFQmDzST7DWlj99KOF/cg=="}
URN = "urn:lo:nsid:a:b"

OPERATIONS = [
    (Stored.DEVICES, "POST", DEVICES, {"id": URN}),
    (Stored.DEVICES, "POST", f"{DEVICES}/{URN}/config", {"parameters": {"p": {"type": "INT32", "value": 1}}}),
    (Stored.GROUPS, "POST", "/api/v1/deviceMgt/groups", {"pathNode": "g"}),
    (Stored.KEYS, "POST", "/api/v0/apiKeys", {"roles": []}),
    (Stored.USERS, "POST", "/api/v0/users", USER),
    (Stored.RESOURCES, "POST", "/api/v0/rm", {"resourceId": "another"}),
    (Stored.RESOURCE_BYTES, "POST", "/api/v0/rm/there/version", {**VERSION, "file": "YWJj"}),
    (Stored.RESOURCE_BYTES, "POST", "/api/v0/rm/there/version", {**VERSION, "size": 3}),
    (Stored.DECODERS, "POST", "/api/v0/decoders/binary", {"encoding": "e", "format": "int x;"}),
    (Stored.POLICIES, "POST", POLICIES, POLICY),
    (Stored.POLICIES, "PUT", f"{POLICIES}/p", POLICY),
    (Stored.QUEUES, "POST", "/api/v0/topics/fifo", {"name": "q", "maxLengthBytes": -1}),
    (Stored.QUEUES, "POST", POLICIES, POLICY),
]


def test_every_kind_is_met() -> None:
    assert {stored for stored, *_ in OPERATIONS} == set(Stored)


@pytest.mark.parametrize(("stored", "method", "path", "body"), OPERATIONS)
def test_what_is_beyond_the_limit_is_refused_and_told(
    client: Client, stored: Stored, method: str, path: str, body: dict[str, Any]
) -> None:
    client.call("POST", "/api/v0/rm", {"resourceId": "there"})
    if stored is Stored.KEYS:
        body = {**body, "parentId": client.master.id}
    if stored is Stored.USERS:
        body = {**body, "tenantId": client.tenant.id}
    settings.set_quotas(client.ports, client.tenant.id, {stored: 0})
    reply = client.call(method, path, body)
    assert (reply.status, reply.code) == (403, "GENERIC_OFFER_DISABLED_ERROR"), reply.raw
    (entry,) = client.get("/api/v0/auditlog/messages").body
    assert (entry["type"], entry["content"]["stored"]) == ("insufficient_quota", STORED.get(stored, stored.value))
    settings.set_quotas(client.ports, client.tenant.id, {stored: None})
    again = client.call(method, path, body)
    assert again.status < 300, again.raw


def test_a_flood_of_refusals_does_not_fill_the_audit_log(client: Client) -> None:
    settings.set_quotas(client.ports, client.tenant.id, {Stored.DEVICES: 0})
    for _ in range(100):
        client.call("POST", DEVICES, {"id": URN})
    entries = list(client.ports.audit.page(client.tenant.id, start=0, end=START + 60_000, descending=True))
    assert 1 <= len(entries) <= 10
