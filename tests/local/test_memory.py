"""A stack says what bounds it, and when it comes near."""

from pathlib import Path

import pytest

from infra.local import memory
from infra.local.banner import banner
from infra.local.data_directory import Credentials
from infra.local.memory import MemoryWatch

_MIB = 1024 * 1024


def test_it_is_told_from_half_on_and_at_each_further_tenth(caplog: pytest.LogCaptureFixture) -> None:
    held = iter(mib * _MIB for mib in (10, 499, 500, 590, 610, 605, 300, 520, 999))
    watch = MemoryWatch(1000 * _MIB, lambda: next(held))
    told = []
    for _ in range(9):
        caplog.clear()
        watch.look()
        told.append([record.getMessage().partition(" of memory")[0] for record in caplog.records])
    assert told == [
        [],
        [],
        ["500 MiB of 1000 MiB"],
        [],
        ["610 MiB of 1000 MiB"],
        [],
        [],
        ["520 MiB of 1000 MiB"],
        ["999 MiB of 1000 MiB"],
    ]


def test_a_container_may_have_less_than_its_machine(tmp_path: Path) -> None:
    machine = memory.limit(tmp_path / "none")
    told = tmp_path / "memory.max"
    for text, limit in (("max\n", machine), (f"{machine * 2}\n", machine), ("73400320\n", 73400320)):
        told.write_text(text)
        assert memory.limit(told) == limit
    assert 0 < memory.used() < machine


def test_it_is_said_at_the_start(tmp_path: Path) -> None:
    made = Credentials(tenant="t", apiKey="k", http=1, https=2, mqtts=3, aws=4)
    told = banner(made, tmp_path, host="127.0.0.1", code="c", without_coaps="none", memory=70 * _MIB)
    assert "memory         70 MiB at most" in told
