"""A device changes hands while a function is at work for it: what is done is the one's or the other's, never both.

The function remembers the device's entry as it was, as another instance has changed it; it is interrupted before each
of its calls of a port.
"""

import json
import zlib
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from itertools import count, takewhile
from typing import Any

import pytest

from tests.dialects.preempting import preempted
from tests.dialects.xyte.client import Client, Device, Reply
from tests.dialects.xyte.furnished import furnish
from tests.dialects.xyte.test_ownership import DEVICES, NEW, OLD, claim, elsewhere, kept
from tests.dialects.xyte.wire import Wire
from tests.fakes import MemoryPorts

PORTS = (
    *("directory", "mailboxes", "devices", "configurations", "records", "commands", "messages", "alarms", "claims"),
    *("files", "catalog", "groups", "delivery"),
)
SAID = "word-of-device"
CHILD = {"sn": "c1", "firmware_version": "1.0.0"}
Has = dict[str, str]


def two(ports: MemoryPorts) -> tuple[Client, Client]:
    return Client(ports, "old"), Client(ports, "new")


@dataclass
class Scene:
    """A device with a child that old has, and who has new do the same once it is theirs."""

    ports: MemoryPorts = field(default_factory=MemoryPorts)

    def __post_init__(self) -> None:
        self.old, self.new = two(self.ports)
        maker = Client(self.ports, "maker")
        self.device = maker.register(maker.model())
        made = self.device.call("POST", "/children", CHILD).body
        self.child = Device(self.ports, made["id"], made["access_key"])
        claim(self.old)
        self.has = self.furnish(self.old, OLD)
        self.wire = Wire(self.device)
        self.wire.connect("command", "config", "license", "incidents", "firmware")
        self.ports.run_background()

    def furnish(self, who: Client, word: str) -> Has:
        has = furnish(who, self.device, word)
        config = {"name": word, "configuration": {"wifi": word}}
        for device in (self.device, self.child):
            assert who.call("PATCH", f"{DEVICES}/{device.id}", config).status == 200
            who.made(f"{DEVICES}/{device.id}/commands", {"name": word, "file_id": None})
        return has

    def remembering(self, other: Callable[[], None]) -> Callable[[], None]:
        """What another instance does, while this one goes on remembering what it had read."""

        def changed() -> None:
            directory = self.ports.directory
            known = {**{name: directory.rows[name] for name in (self.device.id, self.child.id)}, **directory.remembered}
            other()
            directory.remembered |= known

        return changed


def hand_over(scene: Scene) -> None:
    """Old gives it up, new has it, and everything of its own."""
    # Where it is being given up already, it is found no more.
    assert scene.old.call("DELETE", f"{DEVICES}/{scene.device.id}").status in (200, 404)
    claim(scene.new)
    scene.furnish(scene.new, NEW)


def hand_over_elsewhere(scene: Scene) -> None:
    """Old deletes it by another API, which is found out as new claims it."""
    urn = f"urn:lo:nsid:xyte:{scene.device.id}"
    assert elsewhere(scene.old).call("DELETE", f"/api/v1/deviceMgt/devices/{urn}").status == 204
    claim(scene.new)
    scene.furnish(scene.new, NEW)


Asked = tuple[str, str, Any]


def asked(has: Has) -> dict[str, Asked]:
    """All that a device asks."""
    telemetry = {"status": "online", "telemetries": {"word": SAID}, "message": SAID}
    return {
        "info": ("GET", "", None),
        "update": ("PUT", "", {"details": {"own": 1}, "name": OLD, "firmware_version": "2.0.0", "config_version": 1}),
        "telemetry": ("POST", "/telemetry", telemetry),
        "going": ("POST", "/telemetry", {**telemetry, "status": "offline"}),
        "children": ("GET", "/children", None),
        "child": ("POST", "/children", {**CHILD, "sn": "c2"}),
        "command": ("GET", "/command", None),
        "commands": ("GET", "/command/pending_commands", None),
        "begun": ("POST", "/command", {"id": has["command_id"], "status": "in_progress", "message": SAID}),
        "done": ("POST", "/command", {"id": has["command_id"], "status": "done", "message": SAID}),
        "config": ("GET", "/config", None),
        "send back": ("POST", "/config", {"word": SAID}),
        "license": ("GET", "/license", None),
        "licenses": ("GET", "/licenses", None),
        "files": ("GET", "/files", None),
        "file": ("GET", f"/files/{has['file_id']}", None),
        "dump": ("POST", f"/dumps/text%2Fplain/{SAID}", b"x"),
        "append": ("PUT", f"/dumps/{has['dump_id']}", b"x"),
        "incidents": ("GET", "/incidents", None),
        "incident": ("POST", "/incidents", {"title": SAID, "issue": SAID}),
        "close": ("DELETE", f"/incidents/{has['incident_id']}", None),
        "close all": ("DELETE", "/incidents", None),
        "event": ("POST", "/events", {"name": SAID}),
        "space": ("GET", "/space", None),
        "move": ("PUT", "/space/move", {"space_id": 1}),
        "settings": ("PUT", "/cloud_settings", {"incidents.suspend_creation": False}),
    }


def told(has: Has) -> dict[str, tuple[str, Any]]:
    """All that a device publishes."""
    return {
        "telemetry": ("telemetry", {"status": "online", "telemetries": {"word": SAID}}),
        "begun": ("command/update", {"id": has["command_id"], "status": "in_progress", "message": SAID}),
        "done": ("commands/update", {"id": has["command_id"], "status": "done", "message": SAID}),
        "send back": ("config/update", {"config": {"word": SAID}}),
        "licence": ("license/update", {"id": "x", "state": "error", "error": SAID}),
    }


def ordered(has: Has) -> dict[str, Asked]:
    """All that an organization asks about a device."""
    return {
        "get": ("GET", "", None),
        "change": ("PATCH", "", {"name": f"{OLD} again", "configuration": {"again": OLD}}),
        "give up": ("DELETE", "", None),
        "commands": ("GET", "/commands", None),
        "send": ("POST", "/commands", {"name": OLD, "extra_params": {"word": OLD}}),
        "send with a file": ("POST", "/commands", {"name": OLD, "file_id": has["file_id"]}),
        "cancel": ("DELETE", f"/commands/{has['command_id']}", None),
        "licenses": ("GET", "/licenses", None),
        "give": ("POST", "/licenses", {"data": {"word": OLD}}),
        "dumps": ("GET", "/dumps", None),
    }


def ask(device: Device, asked: Asked) -> Reply:
    method, path, body = asked
    raw = body if isinstance(body, bytes) else None
    return device.call(method, path, None if raw is not None else body, raw=raw)


def ensure_apart(scene: Scene, at: int, answered: str) -> None:
    """Nothing of one is the other's, and what the device said is at most one's."""
    scene.ports.directory.remembered.clear()
    old, new = (kept(scene.ports, who.tenant.id) for who in (scene.old, scene.new))
    assert [text for text in new if OLD in text] == [], at
    assert [text for text in old if NEW in text] == [], at
    where = [name for name, texts in (("old", old), ("new", new)) if any(SAID in text for text in texts)]
    assert len(where) <= 1, (at, where)
    seen = {name for name, word in (("old", OLD), ("new", NEW)) if word in answered}
    assert len(seen | set(where)) <= 1, (at, where, answered)
    assert scene.new.call("GET", f"{DEVICES}/{scene.device.id}").body["name"] == NEW
    assert scene.old.call("GET", f"{DEVICES}/{scene.device.id}").status == 404


WAYS = {"given up": hand_over, "deleted elsewhere": hand_over_elsewhere}
ANY = dict.fromkeys(("command_id", "file_id", "dump_id", "incident_id"), "x")
FEW, EVERY = 9, 1
"""Every so many calls one is interrupted, another one for each name."""


def walked(name: str, step: int, one: Callable[[int], bool]) -> None:
    assert one(0)
    assert all(one(at) for at in range(3))
    deque(takewhile(one, count(3 + zlib.crc32(name.encode()) % step, step)), maxlen=0)


def asked_meanwhile(name: str, way: str, at: int) -> bool:
    scene, replies = Scene(), list[Reply]()
    question, other = asked(scene.has)[name], scene.remembering(lambda: WAYS[way](scene))
    came = preempted(scene.ports, PORTS, at, lambda: replies.append(ask(scene.device, question)), other)
    if came:
        assert replies[0].status < 500 or replies[0].status == 503, (at, replies[0].raw)
        assert replies[0].status not in (401, 403), (at, replies[0].raw)
        # Of what the device asks for there may be none by now, but not of itself.
        assert replies[0].status != 404 or b"evice" not in replies[0].raw, (at, replies[0].raw)
        # Where it had changed hands before, nothing that is remembered counts.
        assert at > 0 or OLD not in replies[0].raw.decode()
        ensure_apart(scene, at, json.dumps(replies[0].body))
    return came


def told_meanwhile(name: str, way: str, at: int) -> bool:
    scene = Scene()
    topic, body = told(scene.has)[name]
    came = preempted(
        scene.ports,
        PORTS,
        at,
        lambda: scene.wire.publish(topic, body),
        scene.remembering(lambda: WAYS[way](scene)),
    )
    if came:
        # Its session was old's, whatever the device is by now.
        assert [text for text in kept(scene.ports, scene.new.tenant.id) if SAID in text] == [], at
        ensure_apart(scene, at, "")
    return came


def ordered_meanwhile(name: str, at: int) -> bool:
    scene, replies = Scene(), list[Reply]()
    method, path, body = ordered(scene.has)[name]
    path, other = f"{DEVICES}/{scene.device.id}{path}", scene.remembering(lambda: hand_over(scene))
    came = preempted(scene.ports, PORTS, at, lambda: replies.append(scene.old.call(method, path, body)), other)
    if came:
        assert replies[0].status < 500 or replies[0].status == 503, (at, replies[0].raw)
        assert NEW not in replies[0].raw.decode(), at
        ensure_apart(scene, at, "")
    return came


def come_in_meanwhile(at: int) -> bool:
    scene = Scene()
    scene.wire.disconnect()
    came = preempted(scene.ports, PORTS, at, scene.wire.knock, scene.remembering(lambda: hand_over(scene)))
    if came:
        ensure_apart(scene, at, "")
        # Whatever it was told at the door, its client id is old's no more.
        claim = scene.ports.claims.current(scene.device.id)
        assert claim is None or claim.vacant or claim.tenant == scene.new.tenant.id, at
    return came


@pytest.mark.row("A1", "I4")
def test_who_comes_in_by_mqtt_holds_its_client_id_for_no_one_who_has_it_no_more() -> None:
    walked("come in", EVERY, come_in_meanwhile)


@pytest.mark.row("A1", "I4")
@pytest.mark.parametrize("name", asked(ANY))
def test_what_a_device_asks(name: str) -> None:
    walked(name, FEW, partial(asked_meanwhile, name, "given up"))
    assert asked_meanwhile(name, "deleted elsewhere", 0)
    asked_meanwhile(name, "given up", 3)
    asked_meanwhile(name, "given up", 6)


@pytest.mark.row("A1", "I4")
@pytest.mark.parametrize("name", told(ANY))
def test_what_a_device_publishes_is_never_the_next_owners(name: str) -> None:
    walked(name, FEW, partial(told_meanwhile, name, "given up"))
    assert told_meanwhile(name, "deleted elsewhere", 1)


@pytest.mark.row("A1", "I4")
@pytest.mark.parametrize("name", ordered(ANY))
def test_what_its_organization_asks(name: str) -> None:
    walked(name, FEW, partial(ordered_meanwhile, name))


@pytest.mark.soak
def test_all_of_it_before_each_call() -> None:
    for way in WAYS:
        for name in asked(ANY):
            walked(name, EVERY, partial(asked_meanwhile, name, way))
        for name in told(ANY):
            walked(name, EVERY, partial(told_meanwhile, name, way))
    for name in ordered(ANY):
        walked(name, EVERY, partial(ordered_meanwhile, name))
