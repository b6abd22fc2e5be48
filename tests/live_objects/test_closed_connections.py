"""What the broker refuses reaches no function: the audit log has why a connection was closed."""

import uuid
from typing import Any

import pytest

from tests.clients import MqttClient, Rest, until
from tests.local.running import RunningStack

pytestmark = pytest.mark.row("A7")
REFUSED = {
    "outside of the topics": ("/dev/data", b"{}", False, "FORBIDDEN_ACCESS"),
    "another root": ("foo", b"{}", False, "FORBIDDEN_ACCESS"),
    "with RETAIN": ("dev/data", b"{}", True, "FORBIDDEN_ACCESS"),
    "too long": ("dev/data", b"x" * (128 * 1024 + 1), False, "CLIENT_ERROR"),
    "too many slashes": ("dev/1/2/3/4/5/6/7/8", b"{}", False, "CLIENT_ERROR"),
}


@pytest.mark.parametrize(("topic", "payload", "retain", "reason"), REFUSED.values(), ids=REFUSED)
def test_why_a_connection_was_closed_is_in_the_audit_log(
    stack: RunningStack, topic: str, payload: bytes, reason: str, *, retain: bool
) -> None:
    urn = f"urn:lo:nsid:closed:{uuid.uuid4().hex[:8]}"
    with MqttClient(stack, urn, "json+device", stack.api_key) as device:
        device.raw_publish(topic, payload, retain=retain)
        until(lambda: device.closed)
    rest = Rest(stack)

    def told() -> list[dict[str, Any]]:
        entries = rest.get("/api/v0/auditlog/messages", **{"source.nodeId": urn})
        return [entry for entry in entries if reason in str(entry)]

    assert until(told)
    rest.close()
