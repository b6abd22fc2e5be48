"""CPU seconds of the tests, by folder and of the dearest files: what they cost, whatever else the machine was doing."""

import os
import resource
from collections import Counter
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

_MANY_S = 0.1
_DEAREST = 20
_UTIME, _CSTIME = 11, 14  # where these stand behind a process's name in /proc/…/stat


class CpuTimes:
    """A plugin of pytest; with workers, each of them measures and their controller adds up.

    Whatever runs while a test does is counted as its own: stacks that it started, fixtures of the whole session that
    it was the first to need. What a file costs to be imported is not.
    """

    def __init__(self) -> None:
        self._until = _used()
        self._seconds: Counter[str] = Counter()
        self._files: Counter[str] = Counter()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtestloop(self) -> Generator[None, object, object]:
        self._until = _used()
        return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self) -> Generator[None, Any, Any]:
        report: Any = yield
        now = _used()
        report.cpu = now - self._until
        self._until = now
        return report

    def pytest_runtest_logreport(self, report: Any) -> None:
        file = report.nodeid.partition("::")[0]
        # What is said of a worker that died has no such figure.
        used = getattr(report, "cpu", 0)
        self._files[file] += used
        self._seconds["/".join(Path(file).parts[:3][:-1] or ("tests",))] += used

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        if not self._seconds:
            return
        terminalreporter.section("CPU seconds")
        for folder, seconds in self._seconds.most_common():
            if seconds >= _MANY_S:
                terminalreporter.write_line(f"{seconds:7.1f}  {folder}")
        terminalreporter.write_line(f"{self._seconds.total():7.1f}  all")
        for file, seconds in self._files.most_common(_DEAREST):
            terminalreporter.write_line(f"{seconds:7.1f}  {file}")


def _used() -> float:
    """Seconds of this process and of its children, those included that still run where the system tells."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    mine = resource.getrusage(resource.RUSAGE_SELF)
    done = mine.ru_utime + mine.ru_stime + ended.ru_utime + ended.ru_stime
    return done + sum(_of_process(child) for child in _children())


def _children() -> list[str]:
    try:
        tasks = list(Path("/proc/self/task").iterdir())
    except OSError:
        return []
    return [child for task in tasks for child in _read(task / "children").split()]


def _of_process(process: str) -> float:
    fields = _read(Path("/proc") / process / "stat").rpartition(")")[2].split()
    # Children of it that ended are its own by now; those that run are too few to look for.
    return sum(map(int, fields[_UTIME : _CSTIME + 1])) / os.sysconf("SC_CLK_TCK") if fields else 0.0


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""  # it has just ended
