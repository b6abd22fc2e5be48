"""What the edge refuses to subscribe a client to is told to its tenant."""

import uuid
from typing import Any

import pytest
from paho.mqtt.enums import MQTTProtocolVersion

from tests.clients import Rest, until
from tests.infra.edges import bare_key, connect
from tests.local.running import RunningStack

LEVELS = [MQTTProtocolVersion.MQTTv31, MQTTProtocolVersion.MQTTv311, MQTTProtocolVersion.MQTTv5]
REFUSED = ["dev/nothing", "router/~event/v1/data/new/#", "$SYS/#", "$share/all/dev/cmd"]


@pytest.mark.parametrize("level", LEVELS)
def test_refused_filters_are_in_the_audit_log_and_granted_ones_are_not(
    stack: RunningStack, edge: dict[str, int], level: MQTTProtocolVersion
) -> None:
    urn, rest = f"urn:lo:nsid:e:{uuid.uuid4().hex[:6]}", Rest(stack)
    device, _ = connect(edge["mqtt"], urn, bare_key(stack), level)
    codes: list[int] = []
    device.on_subscribe = lambda *a: codes.extend(code.value for code in a[3])
    device.subscribe([(name, 1) for name in ("dev/cmd", *REFUSED)])
    until(lambda: codes)
    assert (codes[0], {code >= 0x80 for code in codes[1:]}) == (1, {True})

    def told() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = rest.get("/api/v0/auditlog/messages", **{"source.nodeId": urn})
        return [entry for entry in found if "refused to subscribe" in str(entry)]

    (entry,) = until(told)
    device.publish("dev/data", b"{}", 1).wait_for_publish(60)  # it is still connected
    device.disconnect()
    device.loop_stop()
    rest.close()
    assert all(name in str(entry) for name in REFUSED)
    assert "dev/cmd'" not in str(entry).replace("$share/all/dev/cmd", "")
