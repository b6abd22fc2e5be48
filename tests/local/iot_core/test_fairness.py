"""Tenants take turns at the rules."""

import base64
import threading
from typing import Any

import pytest

from infra.local.iot_core import Limits, packets
from infra.local.iot_core.lanes import RUN, RUN_S
from infra.local.iot_core.packets import Publish

from .cloud import WAIT
from .conftest import MakeSite
from .device import Device

UNLIMITED = Limits(publishes_per_second=None, bytes_per_second=None)


def send(device: Device, payloads: list[bytes]) -> None:
    """Returns when the broker has read them and handed them over, as it has before it comes to the second ping."""
    for number, payload in enumerate(payloads, 1):
        device.send(packets.publish(Publish("dev/data", payload, 0, packet_id=number)))
    for _ in range(2):
        device.ping()


@pytest.mark.parametrize(("takes", "most"), [(2 * RUN_S, 1), (0.0, RUN)], ids=["slow rules", "fast rules"])
def test_a_tenant_that_floods_holds_up_another_by_a_turn(make_site: MakeSite, takes: float, most: int) -> None:
    """Whose rules take longer than a turn is left no second message in it."""
    hand = [0.0]
    site = make_site(lanes=1, limits=UNLIMITED, monotonic=lambda: hand[0])
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
            hand[0] += takes

    cloud.before_invoke = hold
    count = 2 * RUN + 5
    for number, device in enumerate(flooding):
        send(device, [f"b{number}.{n}".encode() for n in range(count)])
    send(quiet, [b"a0", b"a1"])
    go.set()
    cloud.wait_until(lambda: len(cloud.uplinks()) == 5 * count + 2)
    came = [payload.decode() for _topic, payload in cloud.uplinks()]
    assert came.index("a0") <= 2 * most
    assert came.index("a1") <= 4 * most
    for number in range(5):
        assert [one for one in came if one.startswith(f"b{number}.")] == [f"b{number}.{n}" for n in range(count)]


def test_a_turn_ends_with_the_message_that_is_slow(make_site: MakeSite) -> None:
    hand = [0.0]
    site = make_site(lanes=1, limits=UNLIMITED, monotonic=lambda: hand[0])
    cloud, go = site.cloud, threading.Event()

    def hold(function: str, event: dict[str, Any]) -> None:
        if function == "uplink":
            assert go.wait(WAIT)
            hand[0] += 2 * RUN_S * (base64.b64decode(event["payload"]) == b"b2")

    cloud.before_invoke = hold
    other, loud, quiet = (site.connected(name) for name in ("other", "loud", "quiet"))
    for name in ("other", "loud", "quiet"):
        cloud.lifecycle("connected", name)
    send(other, [b"c"])
    send(loud, [f"b{number}".encode() for number in range(8)])
    send(quiet, [b"a"])
    go.set()
    cloud.wait_until(lambda: len(cloud.uplinks()) == 10)
    came = " ".join(payload.decode() for _topic, payload in cloud.uplinks())
    assert came == "c b0 b1 b2 a b3 b4 b5 b6 b7"


def test_another_thread_takes_nothing_of_a_client_whose_turn_it_is(make_site: MakeSite) -> None:
    """Acknowledgements of several clients at once, each client's in the order of its messages."""
    site = make_site(lanes=4, limits=UNLIMITED)
    count = 3 * RUN + 1
    devices = [site.connected(f"client-{number}") for number in range(6)]
    for device in devices:
        device.send(b"".join(packets.publish(Publish("dev/data", b"%d" % n, 1, packet_id=n)) for n in range(1, count)))
    for device in devices:
        told = [device.receive() for _ in range(1, count)]
        assert told == [(packets.PUBACK, 0, n.to_bytes(2, "big")) for n in range(1, count)]
    by_client: dict[str, list[bytes]] = {}
    for event in site.cloud.events("uplink"):
        by_client.setdefault(event["client"], []).append(base64.b64decode(event["payload"]))
    assert len(by_client) == 6
    assert all(sent == [b"%d" % n for n in range(1, count)] for sent in by_client.values())
