"""Whatever a client sends on whatever topic of any dialect: it is kept, answered or audited, and nothing breaks.

On the tables of moto's DynamoDB, which refuse what DynamoDB refuses.
"""

import base64
import logging
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib.dialects import registry
from chalicelib.dialects.dialect import Part
from chalicelib.dialects.topics import Direction, overlap
from chalicelib.fleet.commands.records import Command, Status
from chalicelib.fleet.errors import Invalid
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.presence.claims import Claim, passing
from chalicelib.store.tables import shared_connection
from chalicelib.triggers import authorizer, presence, uplink
from chalicelib.web import json_text
from chalicelib.web.routes import Route
from tests import fuzzing
from tests.dialects.live_objects.client import DEVICES, Client
from tests.dialects.walked import CLIENT, Inhabitant, inhabitant, messages, routes, written
from tests.fakes import MemoryPorts
from tests.fakes.tables import ports_on

ARN = "arn:aws:lambda:eu-west-1:123456789012:function:homeport-dev-authorizer"
DIGITS = "0" * 24
GOOD = {name: messages(name).GOOD for name in registry.having(Part.TOPICS)}
LEVELS = ("n1", "pump", "p1", "status", "json", "text", "bin", "", " ", "é", "$x", "a.b", "x" * 120, "٣")
SOME_READS = 12
Who = tuple[str, str]


@dataclass
class World:
    """A tenant of every dialect with a client of every mode that it has; `writes` counts what reached its tables."""

    ports: MemoryPorts
    writes: int = 0
    people: dict[str, Inhabitant] = field(init=False)
    names: dict[str, dict[str, str]] = field(init=False)
    clients: dict[Who, str] = field(default_factory=dict)
    principals: dict[str, str] = field(default_factory=dict)
    _commands: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.people = {name: inhabitant(name, self.ports, f"any{name}") for name in GOOD}
        self.names = {name: {**lives.furnish("word"), **lives.speaking} for name, lives in self.people.items()}
        for dialect, lives in self.people.items():
            for mode, login in lives.logins.items():
                answer = authorizer.handle(self.ports, login.knocking(), ARN)
                assert answer["isAuthenticated"]
                self.principals[login.client] = answer["principalId"]
                self.clients[dialect, mode] = login.client
                downs = [t for t in registry.topics(dialect).TOPICS if t.direction is Direction.DOWN]
                self._listen(login.client, [t.filter for t in downs if t.mode == mode and not t.queues])
        for who in self.clients:
            self._say_all(who)

    def _say_all(self, who: Who) -> None:
        """What there has to be before something can be said of it, such as a node that is online."""
        for pattern in _patterns(*who):
            self.publish(
                self.clients[who],
                _known(who[0], pattern).replace(CLIENT, self.clients[who]),
                written(GOOD[who[0]][pattern], "word"),
            )

    def publish(self, client: str, topic: str, payload: bytes) -> bool:
        """Whether anything came of it."""
        at = self.ports.clock.advance(seconds=61)
        before = self._outcome()
        event = {"client": client, "topic": topic, "payload": base64.b64encode(payload).decode(), "at": at}
        # Not what is written once a minute of every device that is heard of.
        uplink._heard[self._name(client)] = at, None
        uplink.handle(self.ports, {**event, "id": f"e{at}", "principal": self.principals[client]})
        self.ports.run_background()
        return self._outcome() != before

    def _outcome(self) -> tuple[int, int, int]:
        """What was written, sent and put off until now."""
        return self.writes, len(self.ports.delivery.sent), len(self.ports.background.matters)

    def outstanding(self, who: Who, device: str | None, connector: str) -> Command:
        """A command that the device, or the client's own, has and has not answered."""
        claim = self._claim(self.clients[who])
        name = device or str(claim.device)
        known = self._commands.get(name)
        last = self.ports.commands.get(claim.tenant, known) if known else None
        if last is not None and last.status is Status.PROCESSING:
            return last
        # It may have been said to be away meanwhile.
        self._say_all(who)
        lives = self.people[who[0]]
        rest = Client.known(self.ports, lives.tenant, lives.secrets[1], "any")
        body = {"request": {"connector": connector, "value": {"req": "x"}}, "policy": {"ackTimeoutInSeconds": 86_400}}
        reply = rest.call("POST", f"{DEVICES}/{name}/commands", body)
        assert reply.status == 201, reply.raw
        self._commands[name] = str(reply.body["id"])
        self.ports.run_background()
        return self.outstanding(who, device, connector)

    def _claim(self, client: str) -> Claim:
        claim = self.ports.claims.get(client)
        assert claim is not None
        return claim

    def _name(self, client: str) -> str:
        claim = passing(client, self.principals[client], 0) or self._claim(client)
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

    def failing(self, reads: Iterable[tuple[str, Route]]) -> list[str]:
        """Which of them are answered with a failure of ours."""
        paths = [(name, re.sub(r"{(\w+)}", lambda m, n=name: self.names[n][m[1]], route.path)) for name, route in reads]  # type: ignore[misc]
        return [path for name, path in paths if self.people[name].client.call("GET", path).status >= 500]


@pytest.fixture(scope="module")
def world(dynamodb: Ports) -> World:
    made = World(ports_on(dynamodb, seed=20_261_130))

    def counted(model: Any, **_: Any) -> None:
        made.writes += model.name in ("PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems", "BatchWriteItem")

    shared_connection().client.meta.events.register("before-parameter-build", counted)
    return made


def _ups(dialect: str, mode: str) -> list[str]:
    return [t.filter for t in registry.topics(dialect).TOPICS if (t.direction, t.mode) == (Direction.UP, mode)]


def _modes(dialect: str) -> list[str]:
    return sorted({t.mode for t in registry.topics(dialect).TOPICS})


def _patterns(dialect: str, mode: str) -> list[str]:
    """Of good messages that such a client may send."""
    return [pattern for pattern in GOOD[dialect] if any(overlap(pattern, up) for up in _ups(dialect, mode))]


def _known(dialect: str, pattern: str) -> str:
    for levels, names in messages(dialect).KNOWN.items():
        pattern = pattern.replace(levels, names)
    return pattern.replace("+", "json")


def _cases() -> list[tuple[str, str, str]]:
    """Dialect, mode, and a filter: of what it may publish on, and of what nobody may."""
    made = []
    for dialect, good in GOOD.items():
        modes = [mode for mode in _modes(dialect) if _ups(dialect, mode)]
        every = [up for mode in modes for up in _ups(dialect, mode)]
        nowhere = [pattern for pattern in good if not any(overlap(pattern, up) for up in every)]
        made += [(dialect, mode, filter_) for mode in modes for filter_ in (*_ups(dialect, mode), *nowhere)]
    return made


CASES = _cases()
READS = [(name, route) for name, route in routes() if name in GOOD and route.method == "GET"]


def _says_again(dialect: str, pattern: str, payload: bytes) -> bool:
    """Whether it may tell what was known already, or nothing."""
    try:
        again = pattern in messages(dialect).SAYING_AGAIN
        return pattern in messages(dialect).IGNORED or (again and isinstance(json_text.parse_lenient(payload), dict))
    except Invalid:
        return False


@st.composite
def _published(draw: st.DrawFn, dialect: str, filter_: str) -> tuple[str, str, bytes]:
    """The filter of the good message, the topic, and the payload."""
    pattern = draw(st.sampled_from([pattern for pattern in GOOD[dialect] if overlap(pattern, filter_)]))
    topic = pattern
    if draw(st.integers(0, 3)):
        for levels, names in messages(dialect).KNOWN.items():
            topic = topic.replace(levels, names)
    while "+" in topic:
        topic = topic.replace("+", draw(st.sampled_from(LEVELS)), 1)
    return pattern, topic, draw(fuzzing.payloads(GOOD[dialect][pattern]))


def test_there_is_a_good_message_for_every_topic_of_every_dialect() -> None:
    for dialect, good in GOOD.items():
        ups = {t.filter for t in registry.topics(dialect).TOPICS if t.direction is Direction.UP}
        assert [up for up in ups if not any(overlap(pattern, up) for pattern in good)] == []


@pytest.mark.parametrize(("dialect", "mode", "filter_"), CASES)
def test_whatever_is_published_something_comes_of_it_and_all_can_be_read(
    world: World, caplog: pytest.LogCaptureFixture, dialect: str, mode: str, filter_: str
) -> None:
    @settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
    @given(_published(dialect, filter_))
    def said(message: tuple[str, str, bytes]) -> None:
        pattern, topic, payload = message
        if pattern in messages(dialect).ANSWERED:
            command = world.outstanding((dialect, mode), *messages(dialect).ANSWERED[pattern])
            payload = payload.replace(b":7", b":%d" % command.correlation).replace(DIGITS.encode(), command.id.encode())
        topic = topic.replace(CLIENT, world.clients[dialect, mode])
        assert world.publish(world.clients[dialect, mode], topic, payload) or _says_again(dialect, pattern, payload)

    with caplog.at_level(logging.ERROR, "chalicelib.fleet.reading"):
        said()
    # The last net is for what these tests do not find.
    assert caplog.records == []
    assert world.failing(Random(f"{dialect} {mode} {filter_}").sample(READS, SOME_READS)) == []


FILTERS = st.lists(
    st.sampled_from(("fifo/", "fifo/q", "fifo/+", "#", "+", "", "/", "dev/cmd", "connector/v1/requests/command"))
    | st.lists(st.sampled_from((*LEVELS, "+", "#", "iot-2", "type", "id", "mon", "fifo")), max_size=9).map("/".join),
    max_size=4,
)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.sampled_from(sorted({(dialect, mode) for dialect in GOOD for mode in _modes(dialect)})), FILTERS)
def test_whatever_is_subscribed_to_nothing_breaks(world: World, who: Who, filters: list[str]) -> None:
    world.subscribe(world.clients[who], filters)


def test_all_can_be_read_in_the_end(world: World) -> None:
    assert world.failing(READS) == []
