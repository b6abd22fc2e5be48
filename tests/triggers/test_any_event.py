"""Whatever a client sends on whatever topic of any dialect: it is kept, answered or audited, and nothing breaks.

On the tables of moto's DynamoDB, which refuse what DynamoDB refuses.
"""

import base64
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib.dialects import registry
from chalicelib.dialects.dialect import Part
from chalicelib.dialects.topics import Direction
from chalicelib.fleet.commands.records import Command, Status
from chalicelib.fleet.errors import Invalid
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.presence.claims import Claim
from chalicelib.store.tables import shared_connection
from chalicelib.triggers import presence, uplink
from chalicelib.web import json_text
from tests import fuzzing
from tests.dialects.ibm.client import Client as IbmClient
from tests.dialects.ibm.messages import MANAGEMENT
from tests.dialects.ibm.site import Site
from tests.dialects.live_objects.client import DEVICES, Client
from tests.dialects.walked import messages
from tests.fakes import MemoryPorts
from tests.fakes.tables import ports_on

URN, NODE, GATEWAY = "urn:lo:nsid:any:1", "n1", "gateway"
DIGITS = "0" * 24
GOOD = {name: messages(name).GOOD for name in registry.having(Part.TOPICS)}
SAYING_AGAIN = {topic for name in GOOD for topic in messages(name).SAYING_AGAIN}
RELAYED = ("iot-2/type/+/id/+/evt/+/fmt/+", "iot-2/type/+/id/+/cmd/+/fmt/+")
LEVELS = ("n1", "pump", "p1", "status", "json", "text", "bin", "", " ", "é", "$x", "a.b", "x" * 120, "٣")


@dataclass
class World:
    """One tenant with a client of every mode of every dialect; `writes` counts what reached its tables."""

    ports: MemoryPorts
    clients: dict[tuple[str, str], str] = field(default_factory=dict)
    writes: int = 0
    rest: Client = field(init=False)
    ibm: Site = field(init=False)
    _commands: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.rest = Client(self.ports, "umbrella")
        tenant, key = self.rest.tenant.id, self.rest.master.id
        interface = {"connector": "mqtt", "definition": {"clientId": URN}}
        assert self.rest.call("POST", DEVICES, {"id": URN, "interfaces": [interface]}).status == 200
        self._claim(Claim(URN, tenant, "live_objects", "device", key, 1, URN, "mqtt"))
        self._claim(Claim(GATEWAY, tenant, "live_objects", "connector", key, 1, connector="x-connector"))
        self._claim(Claim("listener", tenant, "live_objects", "application", key, 1))
        self.ibm = Site(IbmClient(self.ports, "cyberdyne"))
        self._listen(URN, ["dev/cmd"])
        self._listen(GATEWAY, ["connector/v1/requests/command"])
        self._node_is_there()
        self.clients["ibm", "device"] = self.ibm.device()
        self.clients["ibm", "application"] = self.ibm.application("app", *RELAYED)
        self.ibm.client.registered("gw", "g1")
        org, owner = self.ibm.org, self.ibm.client.fleet_id("gw", "g1")
        self._claim(Claim(f"g:{org}:gw:g1", org, "ibm", "gateway", self.ibm.client.key.id, 1, owner, "mqtt"))

    def _node_is_there(self) -> None:
        online = {"status": "ONLINE", "capabilities": {"command": {"available": True}}}
        self.publish(GATEWAY, f"connector/v1/nodes/{NODE}/status", fuzzing.written(online))

    def _claim(self, claim: Claim) -> None:
        """As its client's admission leaves it; where the id is reserved already, what was reserved."""
        self.clients[claim.dialect, claim.mode] = claim.client
        known = self.ports.claims.current(claim.client)
        if known is None:
            self.ports.claims.put_new(claim)
            return
        came = replace(known, mode=claim.mode, key=claim.key, device=claim.device, connector=claim.connector)
        assert self.ports.claims.replace(known, came)

    def publish(self, client: str, topic: str, payload: bytes) -> bool:
        """Whether anything came of it."""
        at = self.ports.clock.advance(seconds=61)
        before = self.writes, len(self.ports.delivery.sent)
        event = {"client": client, "topic": topic, "payload": base64.b64encode(payload).decode(), "at": at}
        # Not what is written once a minute of every device that is heard of.
        uplink._heard[self._name(client)] = at, None
        uplink.handle(self.ports, {**event, "id": f"e{at}"})
        self.ports.run_background()
        return (self.writes, len(self.ports.delivery.sent)) != before

    def outstanding(self, device: str, connector: str) -> Command:
        """A command that the device has and has not answered."""
        known = self._commands.get(device)
        last = self.ports.commands.get(self.rest.tenant.id, known) if known else None
        if last is not None and last.status is Status.PROCESSING:
            return last
        # It may have been said to be away meanwhile.
        self._node_is_there()
        body = {"request": {"connector": connector, "value": {"req": "x"}}, "policy": {"ackTimeoutInSeconds": 86_400}}
        reply = self.rest.call("POST", f"{DEVICES}/{device}/commands", body)
        assert reply.status == 201, reply.raw
        self._commands[device] = str(reply.body["id"])
        self.ports.run_background()
        return self.outstanding(device, connector)

    def _name(self, client: str) -> str:
        claim = self.ports.claims.get(client)
        assert claim is not None
        return f"{claim.tenant}/{claim.connector}:{claim.client}"

    def subscribe(self, client: str, filters: list[str]) -> None:
        self._listen(client, filters)
        self._tell("unsubscribed", client, filters)

    def _listen(self, client: str, filters: list[str]) -> None:
        self._tell("connected", client)
        self._tell("subscribed", client, filters)

    def _tell(self, kind: str, client: str, filters: list[str] | None = None) -> None:
        at = self.ports.clock.advance(seconds=1)
        more = {} if filters is None else {"topics": filters}
        told = {"eventType": kind, "clientId": client, "sessionIdentifier": "s1", "timestamp": at, **more}
        presence.handle(self.ports, told)
        self.ports.run_background()

    def reads(self) -> Mapping[str, int]:
        """The status of everything that shows what was said."""
        device, org = f"{DEVICES}/{URN}", "/api/v0002/device/types/pump/devices/p1"
        mine = [device, f"{device}/config", f"{device}/resources", f"{device}/commands", f"{device}/interfaces"]
        mine += [DEVICES, f"/api/v0/data/streams/{URN}", "/api/v0/data/streams/mine", f"{device}/data/streams"]
        mine += ["/api/v1/audit/log?limit=1000"]
        theirs = [org, f"{org}/events", f"{org}/mgmt", f"{org}/location", f"{org}/diag/logs", f"{org}/diag/errorCodes"]
        theirs += ["/api/v0002/historian", "/api/v0001/historian/pump/p1", "/api/v0002/mgmt/requests"]
        found = {path: self.rest.get(path).status for path in mine}
        return found | {path: self.ibm.client.get(path).status for path in theirs}


@pytest.fixture(scope="module")
def world(dynamodb: Ports) -> World:
    made = World(ports_on(dynamodb, seed=20_261_130))

    def counted(model: Any, **_: Any) -> None:
        made.writes += model.name in ("PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems", "BatchWriteItem")

    shared_connection().client.meta.events.register("before-parameter-build", counted)
    return made


def _modes(dialect: str, pattern: str) -> list[str]:
    known = [t.mode for t in registry.topics(dialect).TOPICS if t.filter == pattern and t.direction is Direction.UP]
    return known or sorted({t.mode for t in registry.topics(dialect).TOPICS if t.direction is Direction.UP})


ANSWERS = {
    "dev/cmd/res": (URN, "mqtt"),
    "connector/v1/responses/command": (f"urn:lo:nsid:x-connector:{NODE}", "x-connector"),
}
"""The device and the connector whose command is answered."""


def _repeats(pattern: str, payload: bytes) -> bool:
    if pattern == "dev/info":
        return True
    try:
        return pattern in SAYING_AGAIN and isinstance(json_text.parse_lenient(payload), dict)
    except Invalid:
        return False


CASES = [(d, pattern, mode) for d, known in GOOD.items() for pattern in known for mode in _modes(d, pattern)]


@st.composite
def _published(draw: st.DrawFn, dialect: str, pattern: str, mode: str) -> tuple[str, bytes]:
    good, topic = GOOD[dialect][pattern], pattern
    if pattern == "iotdevice-1/#":
        operation = draw(st.sampled_from(sorted(MANAGEMENT)))
        through = "type/gw/id/g1/" if mode == "gateway" and draw(st.integers(0, 9)) else ""
        good, topic = MANAGEMENT[operation], f"iotdevice-1/{through}{operation}"
    elif "/type/+/id/+/" in pattern and draw(st.integers(0, 3)):
        topic = pattern.replace("/type/+/id/+/", "/type/pump/id/p1/")
    while "+" in topic:
        topic = topic.replace("+", draw(st.sampled_from(LEVELS)), 1)
    return topic, draw(fuzzing.payloads(good))


def test_there_is_a_good_message_for_every_topic_of_every_dialect() -> None:
    for dialect in registry.having(Part.TOPICS):
        ups = {t.filter for t in registry.topics(dialect).TOPICS if t.direction is Direction.UP}
        assert ups <= GOOD[dialect].keys()


@pytest.mark.parametrize(("dialect", "pattern", "mode"), CASES)
def test_whatever_is_published_something_comes_of_it_and_all_can_be_read(
    world: World, caplog: pytest.LogCaptureFixture, dialect: str, pattern: str, mode: str
) -> None:
    @settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
    @given(_published(dialect, pattern, mode))
    def said(message: tuple[str, bytes]) -> None:
        topic, payload = message
        if pattern in ANSWERS:
            command = world.outstanding(*ANSWERS[pattern])
            payload = payload.replace(b":7", b":%d" % command.correlation).replace(DIGITS.encode(), command.id.encode())
        assert world.publish(world.clients[dialect, mode], topic, payload) or _repeats(pattern, payload)

    with caplog.at_level(logging.ERROR, "chalicelib.fleet.reading"):
        said()
    # The last net is for what these tests do not find.
    assert caplog.records == []
    assert [path for path, status in world.reads().items() if status >= 500] == []


FILTERS = st.lists(
    st.sampled_from(("fifo/", "fifo/q", "fifo/+", "#", "+", "", "/", "dev/cmd", "connector/v1/requests/command"))
    | st.lists(st.sampled_from((*LEVELS, "+", "#", "iot-2", "type", "id", "mon", "fifo")), max_size=9).map("/".join),
    max_size=4,
)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.sampled_from([("live_objects", "device"), ("live_objects", "connector"), ("live_objects", "application")])
    | st.sampled_from([("ibm", "device"), ("ibm", "gateway"), ("ibm", "application")]),
    FILTERS,
)
def test_whatever_is_subscribed_to_nothing_breaks(world: World, who: tuple[str, str], filters: list[str]) -> None:
    world.subscribe(world.clients[who], filters)
