"""Campaigns by themselves: whose turn it is when, and what stays of one that is called off, dies or meets another."""

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from chalicelib.fleet.commands import campaigns
from chalicelib.fleet.commands.campaigns import Campaign, Program, State
from chalicelib.fleet.errors import (
    CampaignNotFound,
    CommandDuplicate,
    Contended,
    DeviceNotFound,
    IllegalTransition,
    LimitReached,
    TemporarilyUnavailable,
)
from chalicelib.fleet.ports import Ports
from tests.fakes import START, MemoryPorts

TENANT, RAMP = "t1", 60_000
FAR = 1 << 60


@dataclass
class Devices:
    """Those that are meant; `meanwhile` happens as one of them is given its command."""

    ports: MemoryPorts = field(default_factory=MemoryPorts)
    meant: list[str] = field(default_factory=lambda: ["a", "b", "c"])
    given: list[tuple[str, str]] = field(default_factory=list)
    meanwhile: Callable[[str], object] = lambda _: None
    nobody: Exception | None = None

    def __post_init__(self) -> None:
        self.program = Program("tests.campaigns", self._members, self._make)

    def _members(self, _ports: Ports, _tenant: str, _campaign: Campaign) -> list[str]:
        if self.nobody is not None:
            raise self.nobody
        return self.meant

    def _make(self, _ports: Ports, _tenant: str, _campaign: Campaign, target: str, command: str) -> None:
        self.meanwhile(target)
        self.given.append((target, command))

    def create(self, starts: int = START, ramp: int = RAMP) -> Campaign:
        return campaigns.create(self.ports, self.program, TENANT, starts, ramp, {"do": "it"})

    def work(self, campaign: Campaign, until: int = FAR) -> Campaign:
        campaigns.work(self.ports, self.program, TENANT, campaign.id, until)
        return campaigns.get(self.ports, self.program, TENANT, campaign.id)

    def outcomes(self, campaign: Campaign) -> dict[str, tuple[bool, str | None]]:
        every = campaigns.members(self.ports, self.program, TENANT, campaign.id)
        return {each.target: (each.made, each.failed) for each in every}

    @property
    def targets(self) -> list[str]:
        return [target for target, _ in self.given]


@pytest.fixture
def devices() -> Devices:
    return Devices()


def test_each_has_its_turn_at_its_moment_and_nobody_before_it_begins(devices: Devices) -> None:
    made = devices.create(starts=START + 10)
    assert (made.state, made.due, made.total) == (State.WAITING, START + 10, None)
    devices.ports.clock.at = START + 9
    assert devices.work(made) == made
    devices.ports.clock.at = START + 10
    begun = devices.work(made)
    assert (begun.state, begun.total, begun.made, begun.due) == (State.RUNNING, 3, 1, START + 10 + RAMP)
    devices.ports.clock.at = START + 9 + RAMP
    assert devices.work(made) == begun
    devices.ports.clock.at = START + 10 + RAMP
    assert devices.work(made).due == START + 10 + 2 * RAMP
    devices.ports.clock.advance(ms=RAMP)
    over = devices.work(made)
    assert (over.state, over.made, over.due) == (State.MADE, 3, None)
    assert devices.targets == ["a", "b", "c"]
    assert devices.work(made) == over
    assert len({command for _, command in devices.given}) == 3


def test_those_whose_moments_have_passed_are_given_theirs_together(devices: Devices) -> None:
    made = devices.create()
    devices.ports.clock.advance(ms=RAMP)
    assert devices.work(made).made == 2
    made = devices.create(ramp=0)
    assert devices.work(made).state is State.MADE


def test_what_is_left_when_the_time_is_over_stays_due(devices: Devices) -> None:
    made = devices.create(ramp=0)
    devices.meanwhile = lambda _: devices.ports.clock.advance(ms=10)
    left = devices.work(made, until=devices.ports.clock.now() + 15)
    assert (left.state, left.made, left.last) == (State.RUNNING, 2, "b")
    assert left.due == made.starts
    assert devices.work(made).state is State.MADE
    assert devices.targets == ["a", "b", "c"]


def test_one_that_means_nobody_is_over_at_once(devices: Devices) -> None:
    devices.meant = []
    over = devices.work(devices.create())
    assert (over.state, over.total, over.made, over.due, over.failed) == (State.MADE, 0, 0, None, None)


def test_where_nobody_can_tell_who_is_meant_it_says_why(devices: Devices) -> None:
    devices.nobody = LimitReached("x" * 400)
    over = devices.work(devices.create())
    assert (over.state, over.due, over.failed) == (State.MADE, None, "x" * 300)
    for passing in (Contended("a moment"), TemporarilyUnavailable("a moment")):
        devices.nobody = passing
        made = devices.create()
        with pytest.raises(type(passing)):
            devices.work(made)
        assert campaigns.get(devices.ports, devices.program, TENANT, made.id) == made


def test_one_that_cannot_be_given_a_command_holds_up_no_other(devices: Devices) -> None:
    troubles = {"a": DeviceNotFound("y" * 400), "b": CommandDuplicate("made before")}

    def refuse(target: str) -> None:
        if target in troubles:
            raise troubles[target]

    devices.meanwhile = refuse
    made = devices.create(ramp=0)
    over = devices.work(made)
    assert (over.state, over.made, over.total) == (State.MADE, 3, 3)
    # who was given his by a run that died has it
    assert devices.outcomes(made) == {"a": (False, "y" * 300), "b": (True, None), "c": (True, None)}
    troubles["a"] = DeviceNotFound("")
    made = devices.create(ramp=0)
    devices.work(made)
    assert devices.outcomes(made)["a"] == (False, "it could not be made")


@pytest.mark.parametrize("trouble", [Contended("now"), TemporarilyUnavailable("now"), RuntimeError("dead")])
def test_who_dies_on_the_way_is_followed_by_one_who_makes_the_same_commands(
    devices: Devices, trouble: Exception
) -> None:
    made = devices.create(ramp=0)

    def die(target: str) -> None:
        if target == "b":
            raise trouble

    devices.meanwhile = die
    with pytest.raises(type(trouble)):
        devices.work(made)
    chosen = {m.target: m.command for m in campaigns.members(devices.ports, devices.program, TENANT, made.id)}
    devices.meanwhile = lambda _: None
    devices.ports.clock.advance(ms=1)
    over = devices.work(made)
    assert (over.state, over.made) == (State.MADE, 3)
    assert devices.targets == ["a", "b", "c"]
    assert dict(devices.given)["b"] == chosen["b"] != ""


def test_one_that_is_called_off_meanwhile_says_how_many_had_their_turn(devices: Devices) -> None:
    made = devices.create(ramp=0)

    def off(target: str) -> None:
        if target == "b":
            campaigns.cancel(devices.ports, devices.program, made, TENANT)

    devices.meanwhile = off
    after = devices.work(made)
    assert (after.state, after.made, after.due) == (State.CANCELED, 3, devices.ports.clock.now())
    withdrawn = devices.work(made)
    assert (withdrawn.state, withdrawn.made, withdrawn.due) == (State.CANCELED, 3, None)


def test_calling_off_what_is_left_goes_on_when_there_is_time(devices: Devices) -> None:
    made = devices.create(ramp=0)
    devices.work(made)
    now = devices.ports.clock.now()
    campaigns.cancel(devices.ports, devices.program, made, TENANT)
    assert devices.work(made, until=now).due == now
    assert devices.work(made, until=now + 1).due is None


def test_one_that_never_began_gives_nobody_anything_once_it_is_called_off(devices: Devices) -> None:
    made = devices.create(starts=START + 5)
    campaigns.cancel(devices.ports, devices.program, made, TENANT)
    devices.ports.clock.advance(ms=10)
    assert devices.work(made).state is State.CANCELED
    assert devices.given == []


def test_it_can_be_changed_until_it_begins(devices: Devices) -> None:
    made = devices.create(starts=START + 100)
    changed = campaigns.change(devices.ports, devices.program, made, TENANT, starts=START + 50, ramp=7)
    assert (changed.starts, changed.due, changed.ramp) == (START + 50, START + 50, 7)
    devices.ports.clock.at = START + 60
    late = campaigns.change(devices.ports, devices.program, made, TENANT, starts=START + 1)
    assert late.due == START + 60
    devices.work(made)
    with pytest.raises(IllegalTransition):
        campaigns.change(devices.ports, devices.program, made, TENANT, ramp=1)


def test_how_a_command_ended_is_noted_of_its_member_alone(devices: Devices) -> None:
    made = devices.create(ramp=0)
    devices.work(made)
    members = list(campaigns.members(devices.ports, devices.program, TENANT, made.id))
    campaigns.note(devices.ports, devices.program, TENANT, made.id, members[1], "OK")
    after = campaigns.members(devices.ports, devices.program, TENANT, made.id)
    assert [each.outcome for each in after] == [None, "OK", None]


def test_a_number_is_given_once_and_what_is_none_names_nothing(devices: Devices) -> None:
    class Drawn(MemoryPorts):
        draws = 0

        def chance(self, size: int) -> bytes:
            self.draws += 1
            return bytes(size)

    devices.ports = Drawn()
    devices.create()
    devices.ports.draws = 0
    with pytest.raises(Contended):
        devices.create()
    assert devices.ports.draws == 20
    for number in ("", "x", "9" * 30, "12345"):
        with pytest.raises(CampaignNotFound):
            campaigns.get(devices.ports, devices.program, TENANT, number)
    campaigns.work(devices.ports, devices.program, TENANT, "12345", FAR)
