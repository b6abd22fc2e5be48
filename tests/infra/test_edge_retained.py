"""RETAIN at the edge: there is nobody to retain for, and a reading with the flag is a reading."""

import json
import uuid

from paho.mqtt.enums import MQTTProtocolVersion

from tests.clients import PATIENCE_S, Rest, until
from tests.infra.edges import bare_key, connect
from tests.local.running import RunningStack

LEVELS = (MQTTProtocolVersion.MQTTv31, MQTTProtocolVersion.MQTTv311, MQTTProtocolVersion.MQTTv5)


def test_what_is_published_with_retain_is_stored_and_the_connection_stays(
    stack: RunningStack, edge: dict[str, int]
) -> None:
    rest, key = Rest(stack), bare_key(stack)
    for level in LEVELS:
        urn = f"urn:lo:nsid:e:{uuid.uuid4().hex[:6]}"
        device, codes = connect(edge["mqtt"], urn, key, level)
        gone: list[int] = []
        device.on_disconnect = lambda *_, gone=gone: gone.append(1)
        for qos in range(3):
            device.publish("dev/data", json.dumps({"v": {"n": qos}}), qos, retain=True).wait_for_publish(PATIENCE_S)
        device.publish("dev/cfg", json.dumps({"cfg": {"p": {"t": "i32", "v": 1}}}), 1, retain=True).wait_for_publish(
            PATIENCE_S
        )
        until(lambda: len(rest.get(f"/api/v0/data/streams/{urn}")) == 3)  # noqa: B023 - used before the next turn
        shown = until(lambda: rest.get(f"/api/v1/deviceMgt/devices/{urn}/config").get("parameters"))  # noqa: B023
        assert list(shown) == ["p"]
        assert (codes, gone) == ([0], [])
        device.disconnect()
        device.loop_stop()
    rest.close()
