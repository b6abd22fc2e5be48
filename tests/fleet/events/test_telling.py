"""Whoever listens hears of the end of every command, also where the one who brought it about died before telling."""

import json

import pytest

from chalicelib.fleet.commands import creating, reporting
from chalicelib.fleet.commands.records import AckMode, Command
from chalicelib.fleet.commands.reporting import Report
from chalicelib.fleet.configuration import synchronizing
from chalicelib.fleet.configuration.records import ParameterType, Value
from chalicelib.fleet.events.events import Event, EventKind
from chalicelib.fleet.events.records import ActionPolicy, Filter, HttpPush, Push
from chalicelib.fleet.presence.mailbox import LEASE
from chalicelib.fleet.presence.records import Route
from chalicelib.fleet.queues import lifecycle
from tests.fakes import START, ListedPushes, MemoryCommands, PlainFormats
from tests.fleet.rig import CLIENT, DEVICE, EVERYTHING, TENANT, Rig


class Died(BaseException):
    pass


class DyingPushes(ListedPushes):
    """Whoever tells of that status dies before it is told, once."""

    def __init__(self, status: str) -> None:
        super().__init__()
        self.status: str | None = status

    def send(self, *pushes: Push) -> None:
        if self.status in [json.loads(push.body)["status"] for push in pushes]:
            self.status = None
            raise Died
        super().send(*pushes)


@pytest.fixture
def heard(online: Rig) -> Rig:
    """The rig, with a webhook for everything that commands do."""
    hook = HttpPush("hook", "https://example.com/")
    triggers: dict[str, Filter] = {EventKind.COMMAND_STATUS: Filter()}
    online.ports.policies.put(ActionPolicy(TENANT, "p", "d", "p", START, triggers=triggers, pushes=(hook,)))
    return online


def told(rig: Rig) -> list[str]:
    return [json.loads(push.body)["status"] for push in rig.ports.pushes.sent]


def ids(rig: Rig, status: str) -> list[str]:
    return [push.event for push in rig.ports.pushes.sent if json.loads(push.body)["status"] == status]


def test_every_state_is_told_once(heard: Rig) -> None:
    command = heard.sent()
    heard.answer(command)
    heard.deliver()
    assert told(heard) == ["PENDING", "PROCESSING", "PROCESSED"]


def test_an_end_that_its_sender_could_not_tell_is_told_by_who_finds_it(heard: Rig) -> None:
    heard.ports.pushes = DyingPushes("PROCESSED")
    heard.create(AckMode.NETWORK)
    with pytest.raises(Died):
        heard.deliver()
    heard.ports.clock.advance(ms=LEASE)
    heard.deliver()
    assert told(heard)[-1] == "PROCESSED"
    heard.deliver()
    assert told(heard).count("PROCESSED") == 1


def test_an_answer_that_its_handler_could_not_tell_is_told_when_it_comes_again(heard: Rig) -> None:
    heard.ports.pushes = DyingPushes("PROCESSED")
    command = heard.sent()
    with pytest.raises(Died):
        heard.answer(command, "e1")
    heard.answer(command, "e1")
    heard.answer(command, "e1")
    assert told(heard).count("PROCESSED") == 1


@pytest.mark.parametrize("end", ["EXPIRED", "ERROR"])
def test_a_deadline_whose_handler_could_not_tell_is_told_when_it_is_tried_again(heard: Rig, end: str) -> None:
    heard.ports.pushes = DyingPushes(end)
    if end == "EXPIRED":
        heard.disconnect()
    command = heard.sent(expiration=60, ack_timeout=60)
    heard.pass_time(60)
    with pytest.raises(Died):
        heard.deadline(command)
    heard.deadline(command)
    assert told(heard)[-1] == end


def test_an_event_has_the_same_id_whenever_it_is_told(heard: Rig) -> None:
    command = heard.sent()
    heard.answer(command, "e1")
    blocked = heard.mailbox
    assert heard.ports.mailboxes.replace(blocked, blocked.enqueue(command.id))
    heard.pass_time(5)
    heard.answer(command, "e2")
    assert len(ids(heard, "PROCESSED")) == 2
    assert len(set(ids(heard, "PROCESSED"))) == 1


class UnheardCommands(MemoryCommands):
    """Each write is done, but its answer is lost: the repeated request fails."""

    def replace(self, old: Command, new: Command) -> bool:
        return super().replace(old, new) and False


def test_a_change_whose_answer_was_lost_is_told_all_the_same(heard: Rig) -> None:
    heard.ports.commands = UnheardCommands()
    command = heard.sent()
    creating.cancel(heard.ports, TENANT, command.id)
    assert told(heard) == ["PENDING", "PROCESSING", "CANCELED"]


def test_an_answer_that_overtakes_the_acknowledgement_is_told_once(heard: Rig) -> None:
    command = heard.create()
    heard.ports.delivery.meanwhile = lambda: heard.answer(command)
    heard.deliver()
    assert told(heard).count("PROCESSED") == 1


def test_a_sender_that_died_has_its_attempt_told_by_who_finds_it(heard: Rig) -> None:
    heard.ports.pushes = DyingPushes("PROCESSING")
    heard.create(ack_timeout=600)
    with pytest.raises(Died):
        heard.deliver()
    heard.ports.clock.advance(ms=LEASE)
    heard.deliver()
    assert told(heard) == ["PENDING", "PROCESSING"]


def queued(rig: Rig) -> int:
    return sum(len(messages) for messages in rig.ports.queued.rows.values())


class DyingFormats(PlainFormats):
    armed = False

    def event(self, dialect: str | None, event: Event) -> bytes:
        armed, self.armed = self.armed, False
        if armed:
            raise Died
        return super().event(dialect, event)


def test_a_report_that_its_handler_could_not_tell_is_told_once_when_it_comes_again(rig: Rig) -> None:
    rig.ports.formats = formats = DyingFormats()
    lifecycle.ensure(rig.ports, TENANT, "q")
    rig.connect(capabilities=EVERYTHING)
    target = Value(ParameterType.INT32, 1, rig.ports.clock.now())
    synchronizing.request(rig.ports, TENANT, DEVICE, {"p": target}, "queue/q")
    rig.ports.run_background()
    cid, before = rig.ports.delivery.updates[-1][1].correlation, queued(rig)
    formats.armed = True
    with pytest.raises(Died):
        synchronizing.report(rig.ports, TENANT, DEVICE, {"p": target}, cid)
    for _ in range(2):
        rig.ports.clock.advance(ms=5)
        synchronizing.report(rig.ports, TENANT, DEVICE, {"p": target}, cid)
    assert queued(rig) == before + 1


def test_an_end_that_the_device_reports_again_is_told_by_its_second_report(heard: Rig) -> None:
    heard.ports.pushes = DyingPushes("ERROR")
    command = heard.sent()
    said = Report(Route("dialect", CLIENT, "mqtt", CLIENT, "s1"), reason="no space left")
    with pytest.raises(Died):
        reporting.fail(heard.ports, TENANT, command.id, said)
    assert "ERROR" not in told(heard)
    for _ in range(2):
        reporting.fail(heard.ports, TENANT, command.id, said)
    assert told(heard).count("ERROR") == 1


def test_that_a_device_has_begun_is_told_once(heard: Rig) -> None:
    command = heard.sent()
    for _ in range(2):
        reporting.progress(heard.ports, TENANT, command.id, Report(Route("dialect", CLIENT, "mqtt", CLIENT, "s1")))
    assert told(heard) == ["PENDING", "PROCESSING", "PROCESSING"]
    assert len(set(ids(heard, "PROCESSING"))) == 2
