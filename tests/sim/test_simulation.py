from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from multiprocessing import get_context

import pytest

from chalicelib.fleet.presence.mailbox import Mailbox
from tests.fakes import MemoryMailboxes, MemoryPorts
from tests.sim.scheduler import Violation
from tests.sim.simulation import failure, run, simulate

QUEUED = {3, 4, 7, 8}
"""Seeds of runs in which a queue keeps deadlines; half of them are harsh."""
RUNS = [
    *((seed, 100, "moto", False) for seed in (11, 12)),
    *((seed, 4_950, "memory", seed in QUEUED) for seed in range(1, 5)),
]
"""Seed, commands, stores and whether a queue keeps deadlines: 20,000 commands in all.

The stores of production cost eighty times as much a command.
"""
LONG_RUNS = [
    *((seed, 1_000, "moto", False) for seed in (11, 12)),
    *((seed, 99_800, "memory", seed in QUEUED) for seed in range(1, 11)),
]
"""A million."""

Run = tuple[int, int, str, bool]


Outcome = Future[str | None]


@pytest.fixture(scope="module")
def workers() -> Iterator[ProcessPoolExecutor]:
    """All runs at once, on two cores."""
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        yield pool


@pytest.fixture(scope="module")
def outcomes(workers: ProcessPoolExecutor) -> dict[Run, Outcome]:
    return {each: workers.submit(failure, *each) for each in RUNS}


@pytest.fixture(scope="module")
def long_outcomes(workers: ProcessPoolExecutor) -> dict[Run, Outcome]:
    return {each: workers.submit(failure, *each) for each in LONG_RUNS}


def named(run: Run) -> str:
    return "{}-{}-{}".format(*run[:3]) + ("-queued" if run[3] else "")


@pytest.mark.parametrize("each", RUNS, ids=named)
def test_every_command_ends_as_it_should_whatever_fails(outcomes: dict[Run, Outcome], each: Run) -> None:
    assert outcomes[each].result() is None


@pytest.mark.soak
@pytest.mark.parametrize("each", LONG_RUNS, ids=named)
def test_each_of_a_million_commands_ends_as_it_should(long_outcomes: dict[Run, Outcome], each: Run) -> None:
    assert long_outcomes[each].result() is None


def test_a_seed_says_everything() -> None:
    assert simulate(99, 300) == simulate(99, 300)


@dataclass
class LastWriterWins(MemoryMailboxes):
    """A store that forgets to compare before it sets."""

    def replace(self, old: Mailbox, new: Mailbox) -> bool:
        stored = self.rows[old.tenant, old.device]
        return super().replace(replace(old, revision=stored.revision), new)


@dataclass
class Forgetful(MemoryMailboxes):
    """A store that says it wrote, and now and then did not."""

    writes: int = field(default=0)

    def replace(self, old: Mailbox, new: Mailbox) -> bool:
        self.writes += 1
        return self.writes % 50 == 0 or super().replace(old, new)


@pytest.mark.parametrize("broken", [LastWriterWins, Forgetful])
def test_a_store_that_breaks_its_promise_is_noticed(broken: type[MemoryMailboxes]) -> None:
    stores = MemoryPorts()
    stores.mailboxes = stores.devices.mailboxes = broken()
    with pytest.raises(Violation):
        run(1, 5_000, stores)
