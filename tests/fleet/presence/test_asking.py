"""Devices that only ask: there while they ask, away after a span in which nothing was heard of them."""

from typing import Any

import pytest

from chalicelib.fleet import sweeping
from chalicelib.fleet.data import messages, open_alarms
from chalicelib.fleet.data.records import DataMessage, message_id
from chalicelib.fleet.due import Matter
from chalicelib.fleet.events.events import Event, EventKind
from chalicelib.fleet.events.records import ActionPolicy, Filter
from chalicelib.fleet.presence import asking, hearing, silences
from chalicelib.fleet.presence.asking import ABSENCES, Line
from chalicelib.fleet.presence.records import Presence
from tests.fakes import START
from tests.fleet.rig import DEVICE, TENANT, Rig

SPAN, SECOND, MINUTE = 300, 1_000, 60_000
LINE = Line(TENANT, DEVICE, "asking", "node-1", "poll")


class Asker:
    """A device that asks, who hears of it, and how often its mailbox was written."""

    def __init__(self, rig: Rig) -> None:
        self.rig, self.ports = rig, rig.ports
        self.told: list[bool] = []
        self.writes = self.reads = 0
        self.ports.listeners = self  # type: ignore[assignment]
        triggers = {str(EventKind.DEVICE_STATUS): Filter()}
        self.ports.policies.create(ActionPolicy(TENANT, "p", "d9", "p", START, triggers=triggers, listens=True))
        self._get, self._replace = self.ports.mailboxes.get, self.ports.mailboxes.replace
        vars(self.ports.mailboxes)["get"] = self._read
        vars(self.ports.mailboxes)["replace"] = self._written

    def _written(self, *given: Any) -> bool:
        self.writes += 1
        return self._replace(*given)

    def _read(self, *given: Any) -> Any:
        self.reads += 1
        return self._get(*given)

    def hear(self, _: str, event: Event) -> None:
        self.told.append(event.status == "online")

    def fenced(self, *_: object) -> None: ...

    def asks(self, span: int = SPAN, **about: Any) -> None:
        assert asking.heard(self.ports, self.rig.mailbox, LINE, span, **about) is not None

    def leaves(self) -> None:
        assert asking.left(self.ports, self.rig.mailbox, LINE) is not None

    def says(self) -> None:
        now = self.ports.clock.now()
        stream = self.ports.devices.get(TENANT, DEVICE).data_stream  # type: ignore[union-attr]
        said = DataMessage(TENANT, message_id(now, now, ""), stream, now, now, {}, metadata={"source": DEVICE})
        messages.store(self.ports, said, device=DEVICE)

    def passes(self, ms: int, *, looked: bool = True) -> None:
        """So long nothing happens; then somebody looks, as a sweep would, if there is something to look at."""
        self.ports.clock.advance(ms=ms)
        if looked and (self.due is None or self.due <= self.ports.clock.now()):
            asking.on_due(self.ports, Matter(ABSENCES.name, TENANT, DEVICE, ""))

    @property
    def presence(self) -> Presence:
        return self.rig.mailbox.presence[LINE.key]

    @property
    def due(self) -> int | None:
        absence = ABSENCES.get(self.ports, TENANT, DEVICE)
        return absence.until if absence is not None else None

    @property
    def alarms(self) -> list[str]:
        return [one.type for one in open_alarms.of_source(self.ports, TENANT, DEVICE)]


@pytest.fixture
def asker(rig: Rig) -> Asker:
    return Asker(rig)


def test_who_asks_is_there_and_is_looked_for_when_its_span_is_over(asker: Asker) -> None:
    asker.asks()
    now = asker.ports.clock.now()
    assert (asker.presence.online, asker.presence.since, asker.presence.last_contact) == (True, now, now)
    assert (asker.due, asker.told, asker.alarms) == (now + SPAN * SECOND, [True], [])


@pytest.mark.parametrize(("late", "there"), [(-1, True), (0, False), (MINUTE, False)])
def test_who_is_silent_is_away_from_the_moment_that_its_span_is_over(asker: Asker, late: int, *, there: bool) -> None:
    asker.asks()
    heard = asker.ports.clock.now()
    asker.ports.clock.advance(ms=SPAN * SECOND + late)
    asking.on_due(asker.ports, Matter(ABSENCES.name, TENANT, DEVICE, ""))
    assert asker.presence.online is there
    assert asker.presence.last_contact == heard
    assert asker.due == (heard + SPAN * SECOND if there else None)
    assert asker.told == ([True] if there else [True, False])
    assert asker.alarms == ([] if there else [asking.ALARM])
    assert asker.presence.ended == (None if there else asker.ports.clock.now())


def test_the_alarm_says_how_long_and_is_the_gravest(asker: Asker) -> None:
    asker.asks()
    asker.passes(SPAN * SECOND)
    (alarm,) = open_alarms.of_source(asker.ports, TENANT, DEVICE)
    assert (alarm.severity, alarm.count) == ("critical", 1)
    assert alarm.text == f"The device has not been heard for {SPAN} seconds"


def test_looking_twice_is_looking_once(asker: Asker) -> None:
    asker.asks()
    for _ in range(3):
        asker.passes(SPAN * SECOND)
    assert (asker.told, asker.alarms, asker.due) == ([True, False], [asking.ALARM], None)


def test_who_comes_back_has_no_alarm_any_more_and_another_session(asker: Asker) -> None:
    asker.asks()
    first = asker.presence.session
    asker.passes(SPAN * SECOND)
    asker.passes(SPAN * SECOND)
    asker.asks()
    assert (asker.told, asker.alarms) == ([True, False, True], [])
    assert asker.presence.session not in (None, first)
    assert asker.due == asker.ports.clock.now() + SPAN * SECOND


@pytest.mark.parametrize(
    ("span", "rest"), [(SPAN, MINUTE), (60, 30 * SECOND), (120, MINUTE), (10, 5 * SECOND), (0, hearing.LONGEST)]
)
def test_asking_is_written_down_once_in_a_while(asker: Asker, span: int, rest: int) -> None:
    """A minute, or half the span where that is shorter: it may not be over before that is known."""
    asker.asks(span)
    came, asker.writes = asker.ports.clock.now(), 0
    asker.passes(rest - 1, looked=False)
    asker.asks(span)
    assert (asker.writes, asker.presence.last_contact) == (0, came)
    asker.passes(1, looked=False)
    asker.asks(span)
    assert (asker.writes, asker.presence.last_contact) == (1, came + rest)


def test_what_is_kept_anyway_is_not_written_down_a_second_time(asker: Asker) -> None:
    asker.asks()
    asker.writes = 0
    for _ in range(20):
        asker.passes(MINUTE)
        asker.says()
        asker.asks(kept=True)
    # Once the absence was due: what it said in its stream shows that it is there.
    assert (asker.presence.online, asker.told, asker.alarms) == (True, [True], [])
    assert asker.writes <= 20 * MINUTE // hearing.LONGEST
    said = asker.ports.clock.now()
    asker.passes(SPAN * SECOND)
    asker.passes(SPAN * SECOND)
    assert (asker.presence.online, asker.presence.last_contact) == (False, said)


def test_what_somebody_else_says_in_its_stream_does_not_count(asker: Asker) -> None:
    asker.asks()
    asker.passes(MINUTE)
    now = asker.ports.clock.now()
    stream = asker.ports.devices.get(TENANT, DEVICE).data_stream  # type: ignore[union-attr]
    other = DataMessage(TENANT, message_id(now, now, ""), stream, now, now, {}, metadata={"source": "urn:lab:2"})
    messages.store(asker.ports, other)
    asker.passes((SPAN - 60) * SECOND)
    assert not asker.presence.online


def test_where_there_is_no_span_nobody_looks(asker: Asker) -> None:
    asker.asks(0)
    assert (asker.due, ABSENCES.get(asker.ports, TENANT, DEVICE)) == (None, None)
    asker.passes(30 * 86_400 * SECOND)
    assert (asker.presence.online, asker.alarms) == (True, [])


@pytest.mark.parametrize("new", [SPAN * 2, SPAN // 2, 0])
def test_another_span_holds_from_the_next_time_on(asker: Asker, new: int) -> None:
    asker.asks()
    asker.passes(SECOND)
    asker.asks(new)
    assert asker.due == (asker.ports.clock.now() + new * SECOND if new else None)
    assert asker.told == [True]
    spans = {watch.span for watch in asker.rig.mailbox.watches.values()}
    assert spans == ({new} if new else set())


def test_what_is_wrong_with_it_is_written_down_at_once_and_stays_until_it_says_otherwise(asker: Asker) -> None:
    asker.asks(faulty=False)
    for said, shown in [(True, True), (None, True), (False, False), (None, False)]:
        asker.passes(SECOND)
        asker.asks(faulty=said)
        assert asker.presence.faulty is shown


def test_coming_staying_and_leaving_read_no_mailbox_but_the_one_that_was_read_for_the_request(asker: Asker) -> None:
    for step in (asker.asks, asker.asks, asker.leaves):
        asker.reads = 0
        step()
        assert asker.reads == 1
        asker.passes(MINUTE, looked=False)


class TestLeaving:
    def test_who_says_so_is_away_at_once_without_an_alarm(self, asker: Asker) -> None:
        asker.asks(faulty=True)
        asker.passes(SECOND)
        asker.leaves()
        now = asker.ports.clock.now()
        assert (asker.presence.online, asker.presence.ended, asker.presence.faulty) == (False, now, False)
        assert asker.presence.last_contact == now
        asker.passes(SPAN * SECOND)
        assert (asker.told, asker.alarms, asker.due) == ([True, False], [], None)

    def test_who_says_so_again_within_a_minute_has_said_it(self, asker: Asker) -> None:
        asker.asks()
        asker.leaves()
        ended, asker.writes = asker.presence.ended, 0
        asker.passes(MINUTE - 1)
        asker.leaves()
        assert asker.writes == 0
        asker.passes(1)
        asker.leaves()
        assert (asker.writes, asker.presence.last_contact) == (1, asker.ports.clock.now())
        assert (asker.presence.ended, asker.told) == (ended, [True, False])

    def test_who_was_never_there_can_say_so(self, asker: Asker) -> None:
        asker.leaves()
        assert (asker.presence.online, asker.presence.ended, asker.told) == (False, None, [])


class TestSilence:
    """A rule of somebody else's about silence, which the device breaks and then keeps again."""

    @pytest.fixture
    def silent(self, asker: Asker) -> Asker:
        asker.asks(0)
        silences.demand(asker.ports, TENANT, DEVICE, 600, "silent", "nothing was heard")
        for _ in range(60):
            asker.ports.clock.advance(ms=MINUTE)
            sweeping.sweep(asker.ports)
        assert asker.alarms == ["silent"]
        return asker

    def test_who_asks_again_is_silent_no_more(self, silent: Asker) -> None:
        silent.asks(0)
        assert (silent.alarms, silent.presence.last_contact) == ([], silent.ports.clock.now())

    def test_who_was_deleted_meanwhile_is_gone(self, silent: Asker) -> None:
        mailbox = silent.rig.mailbox
        silent.ports.mailboxes.rows.clear()
        assert asking.heard(silent.ports, mailbox, LINE, 0) is None


class TestMeanwhile:
    def test_one_that_is_heard_while_it_is_found_silent_stays(self, asker: Asker) -> None:
        asker.asks()
        asker.ports.clock.advance(ms=SPAN * SECOND)
        page = asker.ports.messages.page

        def asked_meanwhile(*given: Any, **named: Any) -> Any:
            found = page(*given, **named)
            asker.ports.messages.page = page  # type: ignore[method-assign]
            asker.asks()
            return found

        asker.ports.messages.page = asked_meanwhile  # type: ignore[method-assign]
        asking.on_due(asker.ports, Matter(ABSENCES.name, TENANT, DEVICE, ""))
        assert (asker.presence.online, asker.told, asker.alarms) == (True, [True], [])
        assert asker.due is not None
        asker.passes(0)
        assert asker.due == asker.ports.clock.now() + SPAN * SECOND

    def test_one_that_is_deleted_is_looked_for_no_more(self, asker: Asker) -> None:
        asker.asks()
        asker.ports.mailboxes.rows.clear()
        asking.on_due(asker.ports, Matter(ABSENCES.name, TENANT, DEVICE, ""))
        assert ABSENCES.get(asker.ports, TENANT, DEVICE) is None
        assert (asker.told, asker.alarms) == ([True], [])
