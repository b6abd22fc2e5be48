"""Tenants take turns at the rules."""

import threading
from typing import Any

from infra.local.iot_core import packets
from infra.local.iot_core.packets import Publish

from .cloud import WAIT
from .conftest import MakeSite
from .device import Device


def send(device: Device, payloads: list[bytes]) -> None:
    """Returns when the broker has read them and handed them over, as it has before it comes to the second ping."""
    for number, payload in enumerate(payloads, 1):
        device.send(packets.publish(Publish("dev/data", payload, 0, packet_id=number)))
    for _ in range(2):
        device.ping()


def test_a_tenant_that_floods_holds_up_another_by_what_runs(make_site: MakeSite) -> None:
    site = make_site(lanes=1)
    cloud, go = site.cloud, threading.Event()
    admit = cloud.answer

    def answer(event: dict[str, Any]) -> dict[str, Any]:
        return admit(event) | {"tenant": event["protocolData"]["mqtt"]["clientId"].partition("-")[0]}

    cloud.answer = answer
    flooding = [site.connected(f"b-{number}") for number in range(5)]
    quiet = site.connected("a-0")
    cloud.wait_for("presence", lambda event: event["clientId"] == "a-0")

    def hold(function: str, _event: dict[str, Any]) -> None:
        if function == "uplink":
            assert go.wait(WAIT)

    cloud.before_invoke = hold
    for number, device in enumerate(flooding):
        send(device, [f"b{number}.{n}".encode() for n in range(20)])
    send(quiet, [b"a0", b"a1"])
    go.set()
    cloud.wait_until(lambda: len(cloud.uplinks()) == 102)
    came = [payload.decode() for _topic, payload in cloud.uplinks()]
    assert came.index("a0") <= 2
    assert came.index("a1") <= 4
    for number in range(5):
        assert [one for one in came if one.startswith(f"b{number}.")] == [f"b{number}.{n}" for n in range(20)]
