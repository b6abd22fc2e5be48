"""Connections that the broker refuses after the authorizer has let them in."""

from typing import Any

import pytest

from chalicelib.triggers import presence
from tests.fakes import START, MemoryPorts
from tests.triggers.test_authorizer import key_of, knock, reasons

CLIENT = "urn:lo:nsid:will:1"


def failed(ports: MemoryPorts, **fields: Any) -> None:
    event = {"clientId": CLIENT, "timestamp": START, "eventType": "connect_failed", "sessionIdentifier": "s1"}
    presence.handle(ports, {**event, "connectFailureReason": "AUTHORIZATION_FAILED", **fields})


def test_who_was_let_in_and_then_refused_finds_out_why_once() -> None:
    ports = MemoryPorts()
    tenant, secret = key_of(ports)
    principal = knock(ports, secret, CLIENT)["principalId"]
    for _ in range(2):
        failed(ports, principalIdentifier=principal)
    (reason,) = reasons(ports, tenant)
    assert "will" in reason
    assert "AUTHORIZATION_FAILED" in reason


@pytest.mark.parametrize(
    "fields",
    [{}, {"principalIdentifier": "somebody"}, {"connectFailureReason": "THROTTLED"}],
    ids=["no principal", "a stranger", "another reason"],
)
def test_a_stranger_who_uses_the_name_fills_nobodys_audit_log(fields: dict[str, Any]) -> None:
    ports = MemoryPorts()
    tenant, secret = key_of(ports)
    knock(ports, secret, CLIENT)
    failed(ports, **fields)
    assert reasons(ports, tenant) == []


def test_a_connection_without_a_name_is_nobodys() -> None:
    presence.handle(MemoryPorts(), {"timestamp": START, "eventType": "connect_failed"})


@pytest.mark.parametrize("reason", ["AUTH_ERROR", "FORBIDDEN_ACCESS"])
def test_who_is_closed_for_a_subscription_finds_out_why(reason: str) -> None:
    """Which of the two IoT Core gives is not documented."""
    ports = MemoryPorts()
    tenant, secret = key_of(ports)
    knock(ports, secret, CLIENT)
    for _ in range(2):
        told(ports, "disconnected", disconnectReason=reason)
    (entry,) = reasons(ports, tenant)
    assert reason in entry


def test_refused_filters_are_told_once_and_cut_short() -> None:
    ports = MemoryPorts()
    tenant, secret = key_of(ports)
    knock(ports, secret, CLIENT)
    for _ in range(2):
        told(ports, "subscribe_refused", topics=["foreign/a", "x" * 8192])
    (entry,) = reasons(ports, tenant)
    assert "'foreign/a'" in entry
    assert len(entry) < 600


def told(ports: MemoryPorts, kind: str, **more: Any) -> None:
    event = {"clientId": CLIENT, "timestamp": START, "eventType": kind, "sessionIdentifier": "s1"}
    presence.handle(ports, event | more)
