"""Nothing of one tenant reaches another, however the identity of a handshake changes hands.

Generated: everything that the gateway asks of whoever proved the identity before, each way that it changes hands, while
nobody has it and once its next holder is there.
"""

import base64
from collections import Counter
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest

from chalicelib.dialects.lwm2m import gateway
from tests.dialects.live_objects.client import DEVICES, Client
from tests.dialects.lwm2m.rig import IDENTITY, LINKS, URN, Endpoint, content, interface
from tests.fakes import MemoryPorts

pytestmark = pytest.mark.row("A1", "F5")
OLD, NEW = "word-of-old", "word-of-new"
OTHER = "urn:lo:nsid:lwm2m:other"
TEXT = 0


class Scene:
    """`old` has the identity, is registered, observed, and asked something; `new` gets the identity."""

    def __init__(self) -> None:
        self.ports = MemoryPorts()
        self.old, self.new = Client(self.ports, "old"), Client(self.ports, "new")
        self.key = "6f6c646b6579" * 4
        self.path = self._provision(self.old, OLD, self.key)
        self.before = Endpoint(self.old, name=OLD)
        assert self.before.connect()
        assert self.before.register() == "2.01"
        self.before.answers["GET /3303/0/5700"] = content(b"20.5", TEXT, observing=True)
        observed = self.old.call("POST", f"{self.path}/twin/observations", {"paths": ["/3303/0/5700"], "name": OLD})
        assert observed.status < 300
        self.before.work()
        self.token = self.before.asked[-1]["token"]
        asked = self.old.call("POST", f"{self.path}/twin/operations", {"type": "READ", "paths": ["/3/0/1"]})
        assert asked.status == 201
        self.work = self.next(done=None)["work"]
        self.after = Endpoint(self.new, name=NEW, holder="run-2")

    def next(self, done: Any = None) -> dict[str, Any]:
        told = {"principal": self.before.principal, "holder": self.before.holder, "awaited": False}
        return self.before.event("next", **told, **({} if done is None else {"done": done}))

    def come(self) -> None:
        self._provision(self.new, NEW, "6e65776b6579" * 4, urn="urn:lo:nsid:lwm2m:of-new")
        assert self.after.connect()
        assert self.after.register() == "2.01"
        self.after.work()

    def _provision(self, client: Client, endpoint: str, secret: str, urn: str = URN) -> str:
        reply = client.call("POST", DEVICES, {"id": urn, "interfaces": [interface(endpoint, IDENTITY, secret)]})
        assert reply.status == 200, reply.raw
        return f"{DEVICES}/{urn}"

    @property
    def interface(self) -> str:
        return f"{self.path}/interfaces/lwm2m:{OLD}"

    def kept(self, client: Client) -> list[tuple[str, str]]:
        """All that is kept for a tenant, by table."""
        rows = [
            (name, repr(row))
            for name, table in vars(self.ports).items()
            if hasattr(table, "__dict__")
            for rows in vars(table).values()
            if isinstance(rows, dict)
            for row in rows.items()
        ]
        return [(name, text) for name, text in rows if client.tenant.id in text]


def delete(scene: Scene) -> None:
    assert scene.old.call("DELETE", scene.path).status == 204


def delete_interface(scene: Scene) -> None:
    assert scene.old.call("DELETE", scene.interface).status == 204


def another_identity(scene: Scene) -> None:
    """The one before may go on for a day."""
    renamed = {"security": {"pskInfo": {"identity": "another"}}}
    assert scene.old.call("PATCH", scene.interface, {"definition": renamed}).status == 200
    scene.ports.clock.advance(seconds=86_401)


def move(scene: Scene) -> None:
    """To another device of the old tenant, which is deleted then."""
    assert scene.old.call("POST", DEVICES, {"id": OTHER}).status == 200
    assert scene.old.call("PATCH", scene.interface, {"deviceId": OTHER}).status == 200
    assert scene.old.call("DELETE", f"{DEVICES}/{OTHER}").status == 204


WAYS: dict[str, Callable[[Scene], None]] = {
    "delete": delete,
    "delete interface": delete_interface,
    "another identity": another_identity,
    "move": move,
}
_PAYLOAD = base64.b64encode(f'[{{"n": "/3/0/1", "vs": "{OLD}"}}]'.encode()).decode()


def request(method: str, path: list[str], query: list[str], payload: bytes, format_: int | None) -> dict[str, Any]:
    told = {"method": method, "path": path, "query": query, "address": "192.0.2.1", "port": 59_436}
    return {**told, "payload": base64.b64encode(payload).decode(), **({} if format_ is None else {"format": format_})}


def notification(scene: Scene) -> dict[str, Any]:
    return {
        "token": scene.token,
        "code": "2.05",
        "format": TEXT,
        "payload": base64.b64encode(OLD.encode()).decode(),
        "newest": True,
        "at": scene.ports.clock.now(),
    }


def in_a_batch(scene: Scene) -> dict[str, Any]:
    told = {"kind": "notification", "door": "run", "id": "e-of-a-batch", "principal": scene.before.principal}
    return {"events": [{**told, **notification(scene)}]}


KINDS: dict[str, Callable[[Scene], dict[str, Any]]] = {
    "request: register": lambda _: request("POST", ["rd"], [f"ep={OLD}", "lwm2m=1.1", "lt=300"], LINKS.encode(), 40),
    "request: register as the new one": lambda _: request(
        "POST", ["rd"], [f"ep={NEW}", "lwm2m=1.1", "lt=77"], LINKS.encode(), 40
    ),
    "request: update": lambda s: request("POST", ["rd", s.before.location], ["lt=500"], b"", None),
    "request: deregister": lambda s: request("DELETE", ["rd", s.before.location], [], b"", None),
    "request: of the new one's": lambda s: request("DELETE", ["rd", s.after.location or "x"], [], b"", None),
    "request: report": lambda _: request("POST", ["dp"], [], base64.b64decode(_PAYLOAD), 110),
    "request: nothing that is there": lambda _: request("POST", [OLD], [], OLD.encode(), None),
    "notification": notification,
    "batch": in_a_batch,
    "ping": lambda _: {},
    "observation": lambda s: {"token": s.token},
    "next": lambda s: {"holder": s.before.holder, "awaited": True},
    "next: done": lambda s: {
        "holder": s.before.holder,
        "awaited": False,
        "done": {"work": s.work, "code": "2.05", "format": 110, "payload": _PAYLOAD},
    },
    "malformed": lambda _: {"why": OLD},
    # Of the identity, whoever knows it: it says nothing, and shows nothing but what a handshake needs.
    "identity": lambda _: {"identity": base64.b64encode(IDENTITY.encode()).decode()},
    "refused": lambda _: {"identity": base64.b64encode(IDENTITY.encode()).decode(), "why": "x", "address": "192.0.2.1"},
}
WHEN = ("free", "after")


@pytest.mark.parametrize("when", WHEN)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("way", WAYS)
def test_nothing_of_one_tenant_reaches_another(way: str, kind: str, when: str) -> None:
    scene, answers = walked(way, kind, when)
    kept = scene.kept(scene.new)
    assert [text for _, text in kept if OLD in text] == []
    assert [text for _, text in scene.kept(scene.old) if NEW in text] == []
    told = Counter({"audit": 1}) if (kind, when) == ("refused", "after") else Counter()
    assert Counter(name for name, _ in kept) - told == usual(way)
    assert (scene.after.update("lt=300"), scene.after.connect()) == ("2.04", True)
    for answer in answers:
        if kind == "identity":
            # Whose it is now.
            assert answer.get("key") == (base64.b64encode(scene.after.key).decode() if when == "after" else None)
            continue
        assert not any(word in repr(answer) for word in (NEW, scene.after.principal, "2.04", "2.05", "work"))


def walked(way: str, kind: str | None, when: str) -> tuple[Scene, list[dict[str, Any]]]:
    """The scene in the end, and what the gateway was told of the old tenant's client."""
    scene, answers = Scene(), []
    asked = {"principal": scene.before.principal, **KINDS[kind](scene)} if kind else {}

    def ask(now: str) -> None:
        if kind is not None and now == when:
            answers.append(scene.before.event(kind.partition(":")[0], **asked))

    WAYS[way](scene)
    ask("free")
    scene.come()
    ask("after")
    return scene, answers


@cache
def usual(way: str) -> Counter[str]:
    """How much is kept of the new tenant where nobody says anything but itself."""
    scene, _ = walked(way, None, "")
    return Counter(name for name, _ in scene.kept(scene.new))


def test_everything_that_the_gateway_asks_is_one_of_the_kinds() -> None:
    assert {kind.partition(":")[0] for kind in KINDS} == set(gateway.HANDLERS)
