"""Records of one kind as values: changed once, also where the answer of the write was lost."""

from dataclasses import replace

import pytest

from chalicelib.fleet.documents import Record
from chalicelib.fleet.frozen import dataclass
from chalicelib.fleet.shapes import Extensible, Kind
from chalicelib.fleet.typed_records import TypedRecords
from tests.fakes import MemoryPorts
from tests.fakes.data import MemoryRecords
from tests.fakes.lagging import LaggingRecords


@dataclass(frozen=True, slots=True)
class Tally(Extensible):
    count: int = 0


TALLIES = TypedRecords("tests/tallies", Kind(Tally))


class Losing(MemoryRecords):
    """Writes, and says of the first write that its condition failed."""

    lost = False

    def create(self, record: Record) -> bool:
        return super().create(record) and self._answered()

    def replace(self, old: Record, new: Record) -> bool:
        return super().replace(old, new) and self._answered()

    def _answered(self) -> bool:
        answered, self.lost = self.lost, True
        return answered


def counted(tally: Tally) -> Tally:
    return replace(tally, count=tally.count + 1)


@pytest.mark.parametrize("there", [True, False])
def test_a_change_whose_answer_was_lost_is_made_once(there: bool) -> None:  # noqa: FBT001 - a parameter
    ports = MemoryPorts()
    if there:
        TALLIES.create(ports, "t", "r", Tally(3))
    ports.records = Losing(ports.records.rows, ports.records.order)
    changed = TALLIES.change(ports, "t", "r", counted, otherwise=Tally)
    assert changed == TALLIES.get(ports, "t", "r") == Tally(4 if there else 1)


def doubled(tally: Tally) -> Tally:
    return replace(tally, count=2 * tally.count + 1)


@pytest.mark.parametrize("otherwise", [None, Tally])
@pytest.mark.parametrize("there", [True, False])
def test_a_change_of_what_was_glanced_at_is_made_of_what_is_there(
    there: bool,  # noqa: FBT001 - a parameter
    otherwise: type[Tally] | None,
) -> None:
    ports = MemoryPorts()
    ports.records = LaggingRecords()
    if there:
        TALLIES.create(ports, "t", "r", Tally(3))
        TALLIES.change(ports, "t", "r", counted)
    changed = TALLIES.change(ports, "t", "r", doubled, otherwise, glancing=True)
    assert changed == TALLIES.get(ports, "t", "r")
    assert changed == (Tally(9) if there else None if otherwise is None else Tally(1))


def test_what_a_glance_does_not_show_yet_is_changed_all_the_same() -> None:
    ports = MemoryPorts()
    ports.records = LaggingRecords()
    for otherwise in (None, Tally):
        TALLIES.delete(ports, "t", "r")
        TALLIES.create(ports, "t", "r", Tally(3))
        assert TALLIES.glance(ports, "t", "r") is None
        assert TALLIES.change(ports, "t", "r", counted, otherwise, glancing=True) == Tally(4)
