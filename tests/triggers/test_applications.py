"""Applications at the door and in the broker's events."""

import json
from typing import Any

import pytest

from chalicelib.dialects.topics import resource
from chalicelib.fleet.access import callers, keys
from chalicelib.fleet.access.records import ApiKey, KeyRequest
from chalicelib.fleet.access.roles import Role
from chalicelib.fleet.queues import consuming, lifecycle
from chalicelib.triggers import authorizer, presence
from chalicelib.triggers.authorizer import LONGEST_DOCUMENT, MOST_DOCUMENTS
from infra.local.iot_core.policy import Policy, read_documents
from tests.fakes import START, MemoryPorts
from tests.triggers.test_authorizer import key_of, knock, reasons


@pytest.fixture
def ports() -> MemoryPorts:
    return MemoryPorts()


def scoped(ports: MemoryPorts, *names: str) -> tuple[str, str]:
    tenant, _ = key_of(ports)
    request = KeyRequest(queues=frozenset(names))
    return tenant, keys.mint(ports, tenant, roles={Role.BUS_R}, request=request)[1]


def allowed(answer: dict[str, Any], action: str, effect: str = "Allow") -> set[str]:
    """What the answer's policies say of an action, without the beginning of the ARNs."""
    statements = [s for document in answer["policyDocuments"] for s in json.loads(document)["Statement"]]
    found = [r for s in statements if (s["Action"], s["Effect"]) == (action, effect) for r in s["Resource"]]
    return {name.split(":", 5)[5] for name in found}


def happened(ports: MemoryPorts, kind: str, at: int, session: str = "s1", *topics: str) -> None:
    event = {"clientId": "app", "timestamp": START + at, "eventType": kind, "sessionIdentifier": session}
    presence.handle(ports, {**event, "topics": list(topics)} if topics else event)


def test_an_application_may_listen_to_every_fifo_and_nothing_else(ports: MemoryPorts) -> None:
    answer = knock(ports, key_of(ports)[1], "app", "application")
    assert allowed(answer, "iot:Subscribe") == {"topicfilter/fifo/*"}
    assert allowed(answer, "iot:Receive") == {"topic/fifo/*"}
    assert "topic/fifo/*" in allowed(answer, "iot:Publish", "Deny")


@pytest.mark.parametrize(
    ("name", "granted"), [("fifo/a", True), ("fifo/+", False), ("fifo/#", False), ("fifo/a/b", False), ("#", False)]
)
def test_only_one_fifo_by_its_name_may_be_subscribed_to(ports: MemoryPorts, name: str, *, granted: bool) -> None:
    answer = knock(ports, key_of(ports)[1], "app", "application")
    policy = Policy(read_documents(answer["policyDocuments"]), {}, "arn:aws:iot:eu-west-1:123456789012:")
    assert policy.allows("iot:Subscribe", f"topicfilter/{name}") is granted


def test_a_key_that_names_queues_narrows_the_subscriptions(ports: MemoryPorts) -> None:
    answer = knock(ports, scoped(ports, "b", "a")[1], "app", "application")
    assert allowed(answer, "iot:Subscribe") == {"topicfilter/fifo/a", "topicfilter/fifo/b"}


def test_many_queues_are_spread_over_documents(ports: MemoryPorts) -> None:
    names = {f"a-queue-with-a-name-{number}" for number in range(100)}
    answer = knock(ports, scoped(ports, *names)[1], "app", "application")
    assert allowed(answer, "iot:Subscribe") == {f"topicfilter/fifo/{name}" for name in names}
    assert 1 < len(answer["policyDocuments"]) <= MOST_DOCUMENTS
    assert all(len(document) <= LONGEST_DOCUMENT for document in answer["policyDocuments"])


def test_more_names_than_fit_are_refused_with_the_reason(ports: MemoryPorts) -> None:
    tenant, secret = scoped(ports, *(f"{number:0250}" for number in range(100)))
    assert knock(ports, secret, "app", "application")["isAuthenticated"] is False
    assert "more queues than" in reasons(ports, tenant)[0]


@pytest.mark.parametrize("client", ["mqttjs_1a2b3c4d", "any.thing/that!is@printable", "x" * 128])
def test_an_application_calls_itself_what_it_likes(ports: MemoryPorts, client: str) -> None:
    tenant, secret = key_of(ports)
    assert knock(ports, secret, client, "application")["isAuthenticated"] is True
    claim = ports.claims.get(client)
    assert claim is not None
    assert (claim.tenant, claim.device) == (tenant, None)
    assert ports.devices.count(tenant) == 0


@pytest.mark.parametrize("client", ["", "$me", "a+b", "a#b", "a b", "x" * 129])
def test_an_id_that_the_broker_cannot_tell_of_is_refused(ports: MemoryPorts, client: str) -> None:
    assert knock(ports, key_of(ports)[1], client, "application")["isAuthenticated"] is False


def test_the_role_is_bus_r(ports: MemoryPorts) -> None:
    _, secret = key_of(ports, "acme", Role.DEVICE_ACCESS, Role.BUS_W)
    assert knock(ports, secret, "app", "application")["isAuthenticated"] is False


def test_the_id_of_a_device_is_not_taken_by_an_application(ports: MemoryPorts) -> None:
    _, secret = key_of(ports)
    knock(ports, secret, "app", "json+device")
    assert knock(ports, secret, "app", "application")["isAuthenticated"] is False


def test_subscribing_makes_a_consumer_and_disconnecting_ends_it(ports: MemoryPorts) -> None:
    tenant, secret = key_of(ports)
    lifecycle.create(ports, tenant, "q")
    knock(ports, secret, "app", "application")
    happened(ports, "connected", 1)
    happened(ports, "subscribed", 2, "s1", "fifo/q", "fifo/+", "else")
    assert [c.client for c in consuming.live(ports, tenant, "q")] == ["app"]
    assert list(ports.background.pumps) == [(tenant, "q")]
    happened(ports, "disconnected", 3)
    assert consuming.live(ports, tenant, "q") == []


def test_unsubscribing_ends_it_too(ports: MemoryPorts) -> None:
    tenant, secret = key_of(ports)
    lifecycle.create(ports, tenant, "q")
    knock(ports, secret, "app", "application")
    happened(ports, "subscribed", 2, "s1", "fifo/q")
    happened(ports, "unsubscribed", 3, "s1", "fifo/q")
    assert consuming.live(ports, tenant, "q") == []


def test_a_queue_of_another_tenant_is_not_reached_by_its_name(ports: MemoryPorts) -> None:
    owner, _ = key_of(ports, "owner")
    lifecycle.create(ports, owner, "q")
    _, secret = key_of(ports, "stranger")
    knock(ports, secret, "app", "application")
    happened(ports, "subscribed", 2, "s1", "fifo/q")
    assert consuming.live(ports, owner, "q") == []
    assert not ports.background.pumps


def test_a_policy_writes_wildcards_as_iot_core_does() -> None:
    assert resource("fifo/+") == "fifo/*"
    key = ApiKey("tenant", "id", frozenset({Role.BUS_R}), 1)
    assert authorizer.policy("live_objects", "application", "arn:aws:lambda:r:1:function:f", callers.of_key(key))
