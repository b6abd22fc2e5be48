"""One index of what is due and one sweep, whatever it is that is due."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from chalicelib.fleet import sweeping
from chalicelib.fleet.commands.records import PATROL
from chalicelib.fleet.documents import Record
from chalicelib.fleet.due import Keeper, Matter
from chalicelib.fleet.ports import Ports
from tests.fakes import START
from tests.fleet.rig import TENANT, Rig

KIND = "fleet/lifetimes"
EARLY, LATE = START + 60_000, START + 3_600_000


@dataclass
class Lifetimes:
    """Keeps documents that end: each is settled once."""

    settled: list[Matter] = field(default_factory=list)
    near: list[Matter] = field(default_factory=list)
    timed: list[Mapping[str, Any]] = field(default_factory=list)

    def settle(self, ports: Ports, matter: Matter) -> None:
        self.settled.append(matter)
        record = ports.records.get(matter.tenant, matter.kind, matter.id)
        if record is not None:
            if record.body == "broken":
                raise ValueError(record.id)
            ports.records.replace(record, replace(record, due=None))

    def comes_near(self, _ports: Ports, matters: Sequence[Matter]) -> None:
        self.near += matters

    def run_out(self, _ports: Ports, subject: Mapping[str, Any]) -> None:
        self.timed.append(subject)


@pytest.fixture
def lifetimes() -> Lifetimes:
    return Lifetimes()


@pytest.fixture
def keepers(lifetimes: Lifetimes) -> dict[str, Keeper]:
    keeper = Keeper(lifetimes.settle, near=lifetimes.comes_near, timed=lifetimes.run_out)
    return {**sweeping.KEEPERS, KIND: keeper}


def remember(rig: Rig, name: str, due: int | None, body: str = "", kind: str = KIND) -> Matter:
    rig.ports.records.create(Record(TENANT, kind, name, body, due=due))
    return Matter(kind, TENANT, name, name)


def test_what_is_due_is_settled_once_by_its_keeper(rig: Rig, lifetimes: Lifetimes, keepers: dict[str, Keeper]) -> None:
    early, late = remember(rig, "early", EARLY), remember(rig, "late", LATE)
    remember(rig, "never", None)
    rig.ports.clock.at = EARLY - 1
    sweeping.sweep(rig.ports, keepers=keepers)
    assert lifetimes.settled == []
    for expected in ([early], [early], [early, late]):
        rig.ports.clock.at = EARLY if len(expected) == 1 else LATE
        sweeping.sweep(rig.ports, keepers=keepers)
        assert lifetimes.settled == expected


def test_what_comes_near_is_handed_over_before_it_is_due(
    rig: Rig, lifetimes: Lifetimes, keepers: dict[str, Keeper]
) -> None:
    matter = remember(rig, "late", LATE)
    rig.ports.clock.at = LATE - PATROL
    sweeping.sweep(rig.ports, keepers=keepers)
    assert (lifetimes.near, lifetimes.settled) == ([matter], [])


def test_after_a_restart_all_is_handed_over(rig: Rig, lifetimes: Lifetimes, keepers: dict[str, Keeper]) -> None:
    matter = remember(rig, "late", LATE)
    command = rig.create(expiration=600)
    rig.ports.deadlines.running.clear()
    assert sweeping.sweep(rig.ports, everything=True, keepers=keepers) == 2
    assert lifetimes.near == [matter]
    assert [subject["command"] for _, subject in rig.ports.deadlines.running.values()] == [command.id]


def test_one_that_cannot_be_settled_holds_up_no_other(
    rig: Rig, lifetimes: Lifetimes, keepers: dict[str, Keeper]
) -> None:
    remember(rig, "a", EARLY, "broken")
    fine = remember(rig, "b", EARLY)
    stranger = remember(rig, "c", EARLY, kind="fleet/unheard-of")
    command = rig.create(expiration=60)
    rig.ports.clock.at = LATE
    with pytest.raises(ExceptionGroup) as failed:
        sweeping.sweep(rig.ports, keepers=keepers)
    assert {type(error) for error in failed.value.exceptions} == {ValueError, LookupError}
    assert stranger.kind in str(failed.value.exceptions[1])
    assert fine in lifetimes.settled
    assert rig.read(command).final


def test_a_timer_goes_to_who_keeps_its_kind(rig: Rig, lifetimes: Lifetimes, keepers: dict[str, Keeper]) -> None:
    sweeping.timed(rig.ports, {"kind": KIND, "name": "x"}, keepers)
    assert lifetimes.timed == [{"kind": KIND, "name": "x"}]
    with pytest.raises(LookupError):
        sweeping.timed(rig.ports, {"kind": "fleet/unheard-of"}, keepers)


def test_a_commands_timer_says_that_it_is_one(rig: Rig) -> None:
    command = rig.create(expiration=600)
    ((_, subject),) = rig.ports.deadlines.running.values()
    rig.pass_time(600)
    sweeping.timed(rig.ports, subject)
    assert rig.read(command).final
