"""Reports are looked up as things were a moment ago, for half the price; what was written just now counts as well."""

import base64
import json
from collections.abc import Mapping
from typing import Any

import pytest

from chalicelib.dialects.lwm2m import gateway
from chalicelib.fleet.presence.mailbox import Counted
from tests.dialects.live_objects.client import Client
from tests.dialects.lwm2m.rig import LINKS, URN, Endpoint, content, interface, provision
from tests.fakes import MemoryPorts
from tests.fakes.lagging import LaggingMailboxes, LaggingRecords

pytestmark = pytest.mark.row("F6")
TEXT, SENML_JSON = 0, 110
STREAM = f"/api/v0/data/streams/{URN}"


class Scene:
    """A device in a store whose glances show what was there before the last write."""

    def __init__(self) -> None:
        self.ports = MemoryPorts()
        self.records, self.mailboxes = LaggingRecords(), LaggingMailboxes()
        self.ports.records = self.records
        self.ports.mailboxes = self.ports.devices.mailboxes = self.mailboxes
        self.client = Client(self.ports)
        rule = {"name": "all", "type": "PASSTHROUGH", "paths": ["/"]}
        assert self.client.call("POST", "/api/v1/deviceMgt/twin/data/rules", rule).status == 201
        self.path = provision(self.client)
        self.device = Endpoint(self.client)
        self.device.answers["GET /3303/0/5700"] = content(b"1", TEXT, observing=True)

    def settle(self) -> None:
        self.records.settle()
        self.mailboxes.settle()

    def observe(self) -> str:
        asked = {"paths": ["/3303/0/5700"], "name": "mine"}
        assert self.client.call("POST", f"{self.path}/twin/observations", asked).status == 201
        self.device.work()
        return str(self.device.asked[-1]["token"])

    def report(self, path: str, value: float) -> str:
        payload = json.dumps([{"n": path, "v": value}]).encode()
        return str(self.device.send("POST", ["dp"], payload, format=SENML_JSON)["code"])

    def shown(self, object_: int = 3303, instance: int = 0) -> dict[str, str]:
        reply = self.client.call("GET", f"{self.path}/twin/objects/{object_}/{instance}")
        return {each["pathSegment"]: each["content"]["reportedValue"] for each in reply.body["attributes"]}

    @property
    def messages(self) -> list[Mapping[str, Any]]:
        return list(reversed(self.client.call("GET", STREAM).body))


@pytest.fixture
def scene() -> Scene:
    return Scene()


def test_a_device_that_was_registered_and_asked_this_moment_is_heard(scene: Scene) -> None:
    assert scene.device.connect()
    assert scene.device.register() == "2.01"
    assert scene.device.notify(scene.observe(), b"20.5", TEXT)
    assert scene.report("/3303/0/5601", 3) == "2.04"
    assert scene.shown() == {"5700": "20.5", "5601": "3.0"}
    assert len(scene.messages) == 2


def test_what_is_shown_is_made_of_what_is_there(scene: Scene) -> None:
    assert scene.device.connect()
    scene.device.register()
    for number in range(4):
        scene.ports.clock.advance(seconds=1)
        assert scene.report(f"/3303/0/{5601 + number}", number) == "2.04"
    assert scene.shown() == {"5601": "0.0", "5602": "1.0", "5603": "2.0", "5604": "3.0"}


def test_an_older_value_takes_no_newer_ones_place(scene: Scene) -> None:
    assert scene.device.connect()
    scene.device.register()
    scene.settle()
    assert scene.report("/3303/0/5700", 7) == "2.04"
    old = json.dumps([{"n": "/3303/0/5700", "v": 1, "t": -3_600}]).encode()
    assert scene.device.send("POST", ["dp"], old, format=SENML_JSON)["code"] == "2.04"
    assert scene.shown() == {"5700": "7.0"}


def test_what_a_device_has_by_a_new_registration_is_shown(scene: Scene) -> None:
    assert scene.device.connect()
    scene.device.register()
    scene.settle()
    assert scene.device.register(f"{LINKS},</3304/0>") == "2.01"
    assert scene.report("/3304/0/5700", 55) == "2.04"
    assert scene.shown(3304) == {"5700": "55.0"}


def test_a_device_that_has_gone_is_not_heard_for_longer_than_a_moment(scene: Scene) -> None:
    assert scene.device.connect()
    scene.device.register()
    token = scene.observe()
    scene.settle()
    assert scene.device.deregister() == "2.02"
    scene.settle()
    assert not scene.device.notify(token, b"1", TEXT)
    assert scene.report("/3303/0/5700", 1) == "4.04"


def test_a_new_secret_counts_at_once_and_the_old_one_for_no_longer_than_a_moment(scene: Scene) -> None:
    assert scene.device.connect()
    scene.device.register()
    scene.settle()
    before = scene.device.principal
    changed = interface(secret="ff" * 16)["definition"]
    path = f"{scene.path}/interfaces/lwm2m:{scene.device.name}"
    assert scene.client.call("PATCH", path, {"definition": changed}).status == 200
    assert scene.device.connect()
    assert scene.device.principal != before
    assert scene.report("/3303/0/5700", 1) == "2.04"
    scene.settle()
    scene.device.principal = before
    assert scene.report("/3303/0/5700", 2) == "4.03"
    assert scene.shown() == {"5700": "1.0"}


@pytest.mark.parametrize("settled", [True, False])
def test_what_comes_under_an_identity_that_another_tenant_has_by_now_does_not_reach_it(
    scene: Scene,
    settled: bool,  # noqa: FBT001 - a parameter
) -> None:
    assert scene.device.connect()
    scene.device.register()
    scene.settle()
    assert scene.client.call("DELETE", scene.path).status == 204
    other = Client(scene.ports, "other")
    path = provision(other)
    new = Endpoint(other)
    assert new.connect()
    assert new.register() == "2.01"
    if settled:
        scene.settle()
    assert scene.report("/3303/0/5700", 66) == "4.03"
    assert other.call("GET", f"{path}/twin/objects/3303/0").body["attributes"] == []
    assert other.call("GET", STREAM).body == []


def test_a_batch_that_cannot_be_foreseen_is_looked_up_one_by_one(scene: Scene) -> None:
    class Failing(LaggingRecords):
        def foreseen(self, names: Any) -> Any:
            raise TimeoutError(f"of {len(names)}")

    assert scene.device.connect()
    scene.device.register()
    token = scene.observe()
    scene.ports.records = Failing(scene.records.rows, scene.records.order)
    told = [notification(scene, token, value) for value in (20, 21)]
    answers = gateway.handle(scene.ports, {"kind": "batch", "events": told})["answers"]
    assert [answer["accepted"] for answer in answers] == [True, True]
    assert len(scene.messages) == 2


@pytest.mark.parametrize("same", [True, False])
def test_two_reports_of_one_device_in_a_batch_are_both_kept(scene: Scene, same: bool) -> None:  # noqa: FBT001
    """The second is made of what the first has left; the same event twice is one message."""
    assert scene.device.connect()
    scene.device.register()
    token = scene.observe()
    scene.settle()
    first, second = (notification(scene, token, value) for value in (20, 21))
    events = [first, first if same else second, {"kind": "odd"}, {**first, "principal": "nobody", "token": ""}]
    answers = gateway.handle(scene.ports, {"kind": "batch", "events": events})["answers"]
    assert [answer.get("accepted") for answer in answers] == [True, True, None, False]
    assert len(scene.messages) == (1 if same else 2)
    assert scene.shown() == {"5700": "20.0" if same else "21.0"}


def test_a_contact_that_is_written_takes_along_what_was_not_counted(scene: Scene) -> None:
    assert scene.device.connect()
    scene.device.register(lifetime=86_400)
    scene.settle()
    tenant, messages = scene.client.tenant.id, scene.ports.messages
    waiting = {URN: Counted(5, scene.ports.clock.now())}
    messages.waiting[tenant, URN] = waiting
    scene.ports.clock.advance(seconds=1_799)
    assert scene.report("/3303/0/5700", 1) == "2.04"
    assert messages.uncounted(tenant, URN) == waiting
    scene.ports.clock.advance(seconds=1)
    assert scene.report("/3303/0/5700", 2) == "2.04"
    assert messages.uncounted(tenant, URN) == {}
    mailbox = scene.mailboxes.get(tenant, URN)
    assert mailbox is not None
    assert mailbox.counted == waiting


def notification(scene: Scene, token: str, value: int) -> dict[str, Any]:
    return {
        "kind": "notification",
        "door": "run",
        "id": f"batched-{value}",
        "principal": scene.device.principal,
        "token": token,
        "code": "2.05",
        "format": TEXT,
        "payload": base64.b64encode(str(float(value)).encode()).decode(),
        "newest": True,
        "at": scene.ports.clock.now(),
    }
