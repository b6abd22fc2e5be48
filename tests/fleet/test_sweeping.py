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
from chalicelib.fleet.twin import clearing, operating
from chalicelib.fleet.twin.records import EXPIRY, Operation, OperationStatus, OperationType
from tests.fakes import START, MemoryPorts
from tests.fleet.rig import DEVICE, TENANT, Rig

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


@dataclass
class Slow:
    """Keeps work that takes as long as it is let."""

    done: dict[str, int] = field(default_factory=dict)

    def work(self, ports: Ports, matter: Matter, until: int) -> None:
        assert isinstance(ports, MemoryPorts)
        self.done[matter.id] = self.done.get(matter.id, 0) + until - ports.clock.now()
        ports.clock.at = until
        if matter.id == "broken":
            raise ValueError(matter.id)


def test_long_work_shares_the_time_and_comes_again(rig: Rig) -> None:
    slow = Slow()
    keepers = {**sweeping.KEEPERS, KIND: Keeper(work=slow.work)}
    for name in ("a", "broken", "c"):
        remember(rig, name, EARLY)
    rig.ports.clock.at = EARLY
    command = rig.create(expiration=60)
    rig.ports.clock.at = LATE
    with pytest.raises(ExceptionGroup):
        sweeping.sweep(rig.ports, keepers=keepers)
    assert slow.done == dict.fromkeys(("a", "broken", "c"), sweeping.WORKED // 3)
    assert rig.ports.clock.at == LATE + sweeping.WORKED
    assert rig.read(command).final


def test_of_more_work_than_one_sweep_does_none_is_always_last(rig: Rig) -> None:
    slow, every = Slow(), {f"w{n:03}" for n in range(100)}
    keepers = {**sweeping.KEEPERS, KIND: Keeper(work=slow.work)}
    for name in every:
        remember(rig, name, EARLY)
    rig.ports.clock.at = EARLY
    for _ in range(100):
        sweeping.sweep(rig.ports, keepers=keepers)
        rig.ports.clock.advance(ms=60_000)
    assert set(slow.done) == every


def test_work_that_takes_longer_than_it_is_let_leaves_the_rest_to_the_next_sweep(rig: Rig) -> None:
    every, done = ["a", "b", "c"], list[str]()

    def work(ports: Ports, matter: Matter, until: int) -> None:
        assert isinstance(ports, MemoryPorts)
        assert until > ports.clock.now()
        done.append(matter.id)
        ports.clock.advance(ms=sweeping.WORKED)

    keepers = {**sweeping.KEEPERS, KIND: Keeper(work=work)}
    for name in every:
        remember(rig, name, EARLY)
    rig.ports.clock.at = EARLY
    for sweeps in range(1, 4):
        sweeping.sweep(rig.ports, keepers=keepers)
        assert len(done) == sweeps
        # The next one begins with another one.
        rig.ports.clock.at = EARLY + sweeps * 61_000
    assert sorted(done) == every


def test_a_kind_that_somebody_keeps_is_not_taken_for_one_of_a_family(
    rig: Rig, lifetimes: Lifetimes, keepers: dict[str, Keeper]
) -> None:
    own = Lifetimes()
    keepers |= {f"{KIND}/long": Keeper(own.settle)}
    exact = remember(rig, "x", EARLY, kind=f"{KIND}/long")
    remember(rig, "y", EARLY, kind=f"{KIND}/d1")
    rig.ports.clock.at = EARLY
    sweeping.sweep(rig.ports, keepers=keepers)
    assert own.settled == [exact]
    assert lifetimes.settled == [Matter(KIND, TENANT, "d1", "y")]


def test_what_a_device_is_asked_ends_though_nobody_looks(rig: Rig) -> None:
    operation = operating.create(rig.ports, TENANT, DEVICE, read)
    rig.ports.clock.advance(ms=EXPIRY - 1)
    sweeping.sweep(rig.ports)
    assert operating.ACTIVE.of(DEVICE).get(rig.ports, TENANT, operation.id) == operation
    rig.ports.clock.advance(ms=1)
    assert sweeping.sweep(rig.ports) == 1
    final = operating.FINAL.of(DEVICE).get(rig.ports, TENANT, operation.id)
    assert final is not None
    assert final.status is OperationStatus.EXPIRED
    assert operating.ACTIVE.of(DEVICE).count(rig.ports, TENANT) == 0
    assert sweeping.sweep(rig.ports) == 0


def test_an_operation_that_is_being_tried_again_is_looked_at_when_that_is_over(rig: Rig) -> None:
    made = operating.create(rig.ports, TENANT, DEVICE, lambda id_, now: replace(read(id_, now), attempts=2))
    rig.ports.clock.advance(ms=EXPIRY // 2)
    operating.take(rig.ports, TENANT, DEVICE, "run", awaited=True)
    for status, wait in ((OperationStatus.SENT, EXPIRY // 2 - 1), (OperationStatus.RETRYING, 1)):
        rig.ports.clock.advance(ms=wait)
        sweeping.sweep(rig.ports)
        active = operating.ACTIVE.of(DEVICE).get(rig.ports, TENANT, made.id)
        assert active is not None
        assert active.status is status
    assert sweeping.sweep(rig.ports) == 0
    rig.ports.clock.advance(ms=EXPIRY)
    sweeping.sweep(rig.ports)
    assert operating.get(rig.ports, TENANT, DEVICE, made.id).status is OperationStatus.EXPIRED


def test_an_operation_whose_run_died_as_it_ended_is_in_one_place_again(rig: Rig) -> None:
    made = operating.create(rig.ports, TENANT, DEVICE, read)
    rig.ports.records.delete = lambda *_: (_ for _ in ()).throw(ConnectionError)  # type: ignore[method-assign]
    with pytest.raises(ConnectionError):
        operating.cancel(rig.ports, TENANT, DEVICE, made.id)
    del rig.ports.records.delete
    rig.ports.clock.advance(ms=EXPIRY)
    sweeping.sweep(rig.ports)
    assert operating.ACTIVE.of(DEVICE).count(rig.ports, TENANT) == 0
    assert operating.get(rig.ports, TENANT, DEVICE, made.id).status is OperationStatus.CANCELED


def test_an_operation_of_a_device_that_is_gone_is_nobodys(rig: Rig) -> None:
    operating.create(rig.ports, TENANT, DEVICE, read)
    rig.ports.clock.advance(ms=EXPIRY)
    (matter,) = sweeping.due(rig.ports, after=0, until=rig.ports.clock.now())
    assert (matter.kind, matter.subject) == (operating.ACTIVE.name, DEVICE)
    clearing.clear(rig.ports, TENANT, DEVICE)
    operating.on_due(rig.ports, matter)
    assert operating.listing(rig.ports, TENANT, DEVICE) == []


def read(id_: str, now: int) -> Operation:
    return Operation(id_, OperationType.READ, ("/3/0/9",), now, now, now)
