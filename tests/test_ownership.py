"""Nothing of one tenant is stored in, shown to or delivered to another, however a client id changes hands.

Generated: every kind of event of every function and dialect, every way an id changes hands, handled before, during or
after that, or five hours late, by two instances that remember claims; with a broker that vouches for principals, and
with one that does not. Every kind in every way is walked here in some of these moments, by `make soak` in all.
"""

import itertools
import json
from collections import Counter
from functools import cache
from typing import Any

import pytest

from chalicelib.fleet.events import pushing
from chalicelib.fleet.jobs import Job
from chalicelib.triggers import deadlines, downlink
from chalicelib.triggers.functions import FUNCTIONS
from tests.dialects.live_objects.client import DEVICES
from tests.dialects.walked import messages, written
from tests.ownership import kinds as every
from tests.ownership.scene import HOUR, MINUTE, OTHER, SECOND, Event, Scene
from tests.ownership.side import Who
from tests.ownership.ways import Way, candidate, everybody, give, leave, release, ways

pytestmark = pytest.mark.row("A1")
OLD, NEW = "secret-of-old", "secret-of-new"
WHEN = ("before", "during", "closed", "at rest", "after", "late")
MOMENTS = tuple(itertools.product(WHEN, (True, False)))
SOME = 1
"""Of twelve; another one at the next kind."""
WAYS = {f"{'.'.join(who)}-{name}": (who, way, new, named) for who in everybody() for name, way, new, named in ways(who)}
CASES = [(name, kind) for name, (who, *_) in WAYS.items() for kind in every.kinds(who)]


def moments(case: tuple[str, str]) -> list[tuple[str, bool]]:
    """Five is prime to twelve: twelve kinds in a row have all moments, and neighbours differ."""
    first = CASES.index(case) * SOME
    return [MOMENTS[(first + number) * 5 % len(MOMENTS)] for number in range(SOME)]


@pytest.mark.parametrize(("way", "kind"), CASES)
def test_nothing_of_one_tenant_reaches_another(way: str, kind: str) -> None:
    for when, vouches in moments((way, kind)):
        nothing_reaches(way, kind, when, vouches=vouches)


@pytest.mark.soak
@pytest.mark.parametrize(("way", "kind"), CASES)
def test_nothing_of_one_tenant_reaches_another_at_any_moment(way: str, kind: str) -> None:
    for when, vouches in MOMENTS:
        nothing_reaches(way, kind, when, vouches=vouches)


def nothing_reaches(way: str, kind: str, when: str, *, vouches: bool) -> None:
    who, *_ = WAYS[way]
    case = f"{way}, {kind}, {when}, {'vouched' if vouches else 'not vouched'}"
    scene, before, sent = walked(way, vouches, every.kinds(who)[kind], when)
    usual, usually_sent = quiet(way, vouches)
    kept, old = scene.kept(scene.new), [text for _, text in scene.kept(scene.old)]
    assert [text for _, text in kept if any(word in text for word in (OLD, "192.0.2.1'", "s-old"))] == [], case
    assert [text for text in old if any(word in text for word in (NEW, "192.0.2.2'", "s-new"))] == [], case
    # What has no word in it would be seen by what there is more.
    assert Counter(table for table, _ in kept) == usual, case
    assert all(NEW in json.dumps(value) for value in scene.stored(scene.new)), case
    assert sent - before == usually_sent, case
    assert scene.online(scene.new) == (candidate(WAYS[way][2]).device is not None), case
    assert not scene.online(scene.old), case
    posted = {(url, word) for url, _, body in scene.ports.webhooks.posted for word in (OLD, NEW) if word in str(body)}
    assert not posted & {(scene.new.webhook, OLD), (scene.old.webhook, NEW)}, case


def walked(way: str, vouches: bool, kind: every.Kind | None, when: str) -> tuple[Scene, int, int]:  # noqa: FBT001 - cached
    """The scene in the end; what had been sent to the client id when the new client came, and what at last."""
    who, change, new, named = WAYS[way]
    scene = Scene(who, new, vouches=vouches, wanted=named)
    scene.fill(OLD)
    know(scene)
    events = [kind(scene, OLD) for _ in scene.instances] if kind else []
    handle = Handling(scene, events, when)
    handle("before")
    scene.ports.clock.advance(ms=20 * SECOND)
    know(scene)
    change(scene)
    handle("during")
    scene.settle()
    handle("closed")
    scene.ports.clock.advance(ms=50 * SECOND)
    handle("at rest")
    scene.come()
    scene.settle()
    before = scene.reached()
    for instance in scene.instances:
        dialect, mode = new
        every.said(scene, dialect, every.topics_of((dialect, mode))[0], NEW, session="s-new")(instance)
    handle("after")
    scene.settle()
    scene.ports.clock.advance(ms=5 * HOUR)
    handle("late")
    scene.settle()
    return scene, before, scene.reached()


def know(scene: Scene) -> None:
    """Both instances know whose the id is, as of now."""
    for instance in scene.instances:
        instance.claims.get(scene.client)


@cache
def quiet(way: str, vouches: bool) -> tuple[Counter[str], int]:  # noqa: FBT001 - cached
    """What is kept of the new tenant, and sent, where nothing comes but what must."""
    scene, before, after = walked(way, vouches, None, "")
    return Counter(table for table, _ in scene.kept(scene.new)), after - before


class Handling:
    """The same event twice, by an instance each, when it is its time; and a warm cache again before it."""

    def __init__(self, scene: Scene, events: list[Event], when: str) -> None:
        self.scene, self.events, self.when = scene, events, when

    def __call__(self, now: str) -> None:
        if now == self.when:
            for event, instance in zip(self.events, self.scene.instances, strict=True):
                event(instance)


def test_every_function_and_job_is_one_of_the_kinds() -> None:
    assert set(every.OF_FUNCTIONS) == {function.name for function in FUNCTIONS}
    assert set(Job) == every.JOBS


def test_every_dialect_of_the_broker_says_something_that_could_be_seen_elsewhere() -> None:
    for dialect, mode in everybody():
        topics = every.topics_of((dialect, mode))
        words = [OLD.encode() in written(messages(dialect).GOOD[topic], OLD) for topic in topics]
        assert any(words) or not topics, (dialect, mode)


@pytest.mark.parametrize("vouches", [True, False])
@pytest.mark.parametrize("way", WAYS)
def test_the_old_holder_is_away_and_what_it_left_waits(way: str, *, vouches: bool) -> None:
    who, change, new, named = WAYS[way]
    scene = Scene(who, new, vouches=vouches, wanted=named)
    scene.fill(OLD)
    change(scene)
    scene.settle()
    assert not scene.online(scene.old)
    scene.come()
    scene.settle()
    assert scene.online(scene.new) == (candidate(new).device is not None)
    assert not scene.online(scene.old)


NAMED = [who for who in everybody() if candidate(who).entitled]


@pytest.mark.parametrize("who", NAMED)
def test_nobody_gets_an_id_by_itself_that_names_another_tenant(who: Who) -> None:
    for let_go in (release, leave):
        scene = Scene(who, vouches=False)
        event = every.said(scene, who[0], every.topics_of(who)[0], OLD)
        let_go(scene)
        for _ in range(20):
            scene.settle()
            scene.ports.clock.advance(ms=MINUTE)
            assert not scene.knock(scene.new)
        interface = {"connector": "mqtt", "definition": {"clientId": scene.client}}
        reply = scene.new.rest.call("POST", DEVICES, {"id": OTHER, "interfaces": [interface]})
        assert reply.status == 409
        event(scene.instances[1])
        assert scene.stored(scene.new) == []


def reading(scene: Scene) -> Event:
    return scene.message("dev/data", json.dumps({"v": {"is": OLD}}).encode())


@pytest.mark.parametrize("change", [release, give])
@pytest.mark.parametrize("vouches", [True, False])
def test_a_message_taken_before_and_handled_after_is_stored_for_the_old_holder(change: Way, *, vouches: bool) -> None:
    scene = Scene(vouches=vouches)
    event = reading(scene)
    change(scene)
    scene.come()
    scene.ports.clock.advance(ms=5 * HOUR)
    event(scene.instances[1])
    assert scene.stored(scene.old) == [{"is": OLD}]
    assert scene.stored(scene.new) == []


def test_what_the_broker_names_and_nobody_had_is_audited_with_who_it_names() -> None:
    scene = Scene(vouches=True)
    scene.principals["s-old"] = f"{scene.old.tenant}G9Kx"
    reading(scene)(scene.instances[0])
    assert scene.stored(scene.old) == []
    assert any("belonged to somebody else" in reason for reason in scene.audited(scene.old))


@pytest.mark.parametrize("status", ["SENT", "PENDING"])
def test_a_command_of_the_old_holder_is_never_delivered_to_the_new_one(status: str) -> None:
    """It was left waiting, or without an answer, and is tried again by everything that tries."""
    scene = Scene(vouches=False)
    if status == "PENDING":
        scene.lifecycle("disconnected", "s-old")(scene.instances[0])
    scene.fill(OLD)
    release(scene)
    scene.come()
    sent = len(scene.ports.delivery.commands)
    for _ in range(3):
        downlink.deliver(scene.ports, {"tenant": scene.old.tenant, "device": scene.device}, 60_000)
        deadlines.sweep(scene.ports, everything=True)
        scene.settle()
        scene.ports.clock.advance(ms=HOUR)
    assert len(scene.ports.delivery.commands) == sent
    answer = scene.old.rest.get(f"{DEVICES}/{scene.device}/commands").body
    assert [c["status"] for c in answer if c["status"] == "PROCESSED"] == []


def test_pushes_of_the_old_holder_go_to_its_own_webhook() -> None:
    scene = Scene(vouches=False)
    reading(scene)(scene.instances[0])
    release(scene)
    scene.come()
    for each in list(scene.ports.pushes.sent):
        pushing.push(scene.ports, each)
    posted: list[Any] = [url for url, _, body in scene.ports.webhooks.posted if OLD.encode() in body]
    assert posted == [scene.old.webhook]


@pytest.mark.parametrize("vouches", [True, False])
def test_an_interface_that_moves_within_its_tenant_is_offline_once_its_connection_ends(*, vouches: bool) -> None:
    scene = Scene(vouches=vouches)
    late = reading(scene)
    assert scene.old.rest.call("POST", DEVICES, {"id": OTHER}).status < 300
    path = f"{DEVICES}/{scene.device}/interfaces/mqtt:{scene.claim.own_node}"
    assert scene.old.rest.call("PATCH", path, {"deviceId": OTHER}).status < 300
    scene.lifecycle("disconnected", "s-old")(scene.ports)  # type: ignore[arg-type]
    assert not scene.online(scene.old)
    late(scene.instances[1])
    assert scene.knock(scene.old, "again")
    scene.lifecycle("connected", "again")(scene.ports)  # type: ignore[arg-type]
    assert scene.online(scene.old)
