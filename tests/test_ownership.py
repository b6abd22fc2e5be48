"""Nothing of one tenant is stored in, shown to or delivered to another, however a client id changes hands.

Generated: every kind of event, every way an id changes hands, handled before, during or after that, or five hours late,
by two instances that remember claims; with a broker that vouches for principals, and with one that does not.
"""

import itertools
from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.fleet.events import pushing
from chalicelib.triggers import deadlines, downlink
from tests.dialects.live_objects.client import DEVICES
from tests.ownership import CLIENT, HOUR, MINUTE, SECOND, Event, Scene

pytestmark = pytest.mark.row("A1")
OLD, NEW = "secret-of-old", "secret-of-new"
WAYS: dict[str, tuple[str, Callable[[Scene], object]]] = {
    "delete": ("device", Scene.delete),
    "delete interface": ("device", Scene.delete_interface),
    "release": ("device", Scene.release),
    "give": ("device", Scene.give),
    "move": ("device", Scene.move),
    "reclaim": ("device", Scene.reclaim),
    "reclaim from an application": ("application", Scene.reclaim),
    "an application leaves": ("application", lambda scene: scene.leave()),
    "a connector leaves": ("connector", lambda scene: scene.leave()),
    "a device comes for an application's id": ("application", lambda scene: scene.knock(scene.new)),
    "a device comes for a connector's id": ("connector", lambda scene: scene.knock(scene.new)),
    "a device is registered with an application's id": ("application", lambda scene: scene.register()),
    "an application is not heard of any more": ("application", lambda scene: scene.vanish()),
}
KINDS: dict[str, Callable[[Scene], Event]] = {
    "data": lambda s: s.message("dev/data", {"v": {"is": OLD}, "t": [OLD]}),
    "configuration": lambda s: s.message("dev/cfg", {"cfg": {OLD: {"t": "str", "v": OLD}}}),
    "resources": lambda s: s.message("dev/rsc", {"rsc": {"fw": {"v": "1", "m": {"by": OLD}}}}),
    "answer": lambda s: s.message("dev/cmd/res", {"cid": s.cid, "res": {"is": OLD}}),
    "update refused": lambda s: s.message("dev/rsc/upd/err", {"errorCode": "E", "errorDetails": OLD}),
    "rubbish": lambda s: s.message(f"dev/{OLD}", {}),
    "node's data": lambda s: s.message(f"connector/v1/nodes/{OLD}/data", {"value": {"is": OLD}}),
    "node's status": lambda s: s.message(f"connector/v1/nodes/{OLD}/status", {"status": "ONLINE"}),
    "connected": lambda s: s.lifecycle("connected", "s-old-2"),
    "subscribed": lambda s: s.lifecycle("subscribed", "s-old-2"),
    "subscribed again": lambda s: s.lifecycle("subscribed", "s-old"),
    "unsubscribed": lambda s: s.lifecycle("unsubscribed", "s-old"),
    "disconnected": lambda s: s.lifecycle("disconnected", "s-old"),
    "told two minutes late": lambda s: s.lifecycle("connected", "s-old-3", wrong=2 * MINUTE),
    "deliver": lambda s: lambda i: downlink.deliver(i, {"tenant": s.old.tenant.id, "device": CLIENT}, 60_000),
    "time-out": lambda s: s.time_out,
    "sweep": lambda s: s.sweep,
    "queue": lambda s: s.pump,
    "webhook": lambda s: s.push,
}
WHEN = ("before", "during", "closed", "at rest", "after", "late")
CASES = [
    pytest.param(way, kind, vouches, id=f"{way}-{kind}-{'vouched' if vouches else 'not vouched'}")
    for way, kind, vouches in itertools.product(WAYS, KINDS, (True, False))
]


@pytest.mark.parametrize(("way", "kind", "vouches"), CASES)
def test_nothing_of_one_tenant_reaches_another(way: str, kind: str, *, vouches: bool) -> None:
    for when in WHEN:
        scene = Scene(WAYS[way][0], vouches=vouches)
        scene.fill(OLD)
        # Both instances know whose the id is, as of now.
        for instance in scene.instances:
            instance.claims.get(CLIENT)
        events = [KINDS[kind](scene) for _ in scene.instances]
        handle = Handling(scene, events, when)
        handle("before")
        scene.ports.clock.advance(ms=20 * SECOND)
        for instance in scene.instances:
            instance.claims.get(CLIENT)
        WAYS[way][1](scene)
        handle("during")
        scene.settle()
        handle("closed")
        scene.ports.clock.advance(ms=50 * SECOND)
        handle("at rest")
        scene.come()
        scene.settle()
        reached = scene.reached()
        scene.speak(NEW)
        handle("after")
        scene.settle()
        scene.ports.clock.advance(ms=5 * HOUR)
        handle("late")
        scene.settle()
        scene.check(OLD, NEW, reached, f"{way}, {kind}, {when}")


class Handling:
    """The same event twice, by an instance each, when it is its time; and a warm cache again before it."""

    def __init__(self, scene: Scene, events: list[Event], when: str) -> None:
        self.scene, self.events, self.when = scene, events, when

    def __call__(self, now: str) -> None:
        if now == self.when:
            for event, instance in zip(self.events, self.scene.instances, strict=True):
                event(instance)


@pytest.mark.parametrize("vouches", [True, False])
@pytest.mark.parametrize("way", WAYS)
def test_the_old_holder_is_away_and_what_it_left_waits(way: str, *, vouches: bool) -> None:
    scene = Scene(WAYS[way][0], vouches=vouches)
    scene.fill(OLD)
    WAYS[way][1](scene)
    scene.settle()
    assert not scene.online(scene.old)
    scene.come()
    scene.settle()
    assert scene.online(scene.new)
    assert not scene.online(scene.old)


def test_a_message_taken_before_and_handled_after_is_stored_for_the_old_holder() -> None:
    for way in ("release", "give"):
        for vouches in (True, False):
            scene = Scene(vouches=vouches)
            event = scene.message("dev/data", {"v": {"is": OLD}})
            WAYS[way][1](scene)
            scene.come()
            scene.ports.clock.advance(ms=5 * HOUR)
            event(scene.instances[1])
            assert scene.stored(scene.old) == [{"is": OLD}]
            assert scene.stored(scene.new) == []


def test_what_the_broker_names_and_nobody_had_is_audited_with_who_it_names() -> None:
    scene = Scene(vouches=True)
    scene.principals["s-old"] = f"{scene.old.tenant.id}G9Kx"
    scene.message("dev/data", {"v": {"is": OLD}})(scene.instances[0])
    assert scene.stored(scene.old) == []
    assert any("belonged to somebody else" in reason for reason in scene.audited(scene.old))


@pytest.mark.parametrize("status", ["SENT", "PENDING"])
def test_a_command_of_the_old_holder_is_never_delivered_to_the_new_one(status: str) -> None:
    """It was left waiting, or without an answer, and is tried again by everything that tries."""
    scene = Scene(vouches=False)
    if status == "PENDING":
        scene.lifecycle("disconnected", "s-old")(scene.instances[0])
    scene.fill(OLD)
    scene.release()
    scene.come()
    sent = len(scene.ports.delivery.commands)
    for _ in range(3):
        downlink.deliver(scene.ports, {"tenant": scene.old.tenant.id, "device": CLIENT}, 60_000)
        deadlines.sweep(scene.ports, everything=True)
        scene.settle()
        scene.ports.clock.advance(ms=HOUR)
    assert len(scene.ports.delivery.commands) == sent
    answer = scene.old.get(f"{DEVICES}/{CLIENT}/commands").body
    assert [c["status"] for c in answer if c["status"] == "PROCESSED"] == []


def test_pushes_of_the_old_holder_go_to_its_own_webhook() -> None:
    scene = Scene(vouches=False)
    scene.message("dev/data", {"v": {"is": OLD}})(scene.instances[0])
    scene.release()
    scene.come()
    for each in list(scene.ports.pushes.sent):
        pushing.push(scene.ports, each)
    posted: list[Any] = [url for url, _, body in scene.ports.webhooks.posted if OLD.encode() in body]
    assert posted == ["https://hooks.example/old"]


@pytest.mark.parametrize("vouches", [True, False])
def test_an_interface_that_moves_within_its_tenant_is_offline_once_its_connection_ends(*, vouches: bool) -> None:
    scene = Scene(vouches=vouches)
    other = "urn:lo:nsid:meter:other"
    late = scene.message("dev/data", {"v": {"is": OLD}})
    assert scene.old.call("POST", DEVICES, {"id": other}).status < 300
    path = f"{DEVICES}/{CLIENT}/interfaces/mqtt:{CLIENT}"
    assert scene.old.call("PATCH", path, {"deviceId": other}).status < 300
    scene.lifecycle("disconnected", "s-old")(scene.ports)  # type: ignore[arg-type]
    assert not scene.online(scene.old)
    late(scene.instances[1])
    assert scene.knock(scene.old, "device", "again")
    scene.lifecycle("connected", "again")(scene.ports)  # type: ignore[arg-type]
    assert scene.online(scene.old)
