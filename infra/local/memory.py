"""How much memory a stack may fill, and who says when it does: what is stored stands in memory, besides on disk."""

import logging
import os
from collections.abc import Callable
from pathlib import Path

EVERY_S = 30.0
_FROM, _STEPS = 5, 10
"""It is told from five tenths on, and at each further tenth."""
_MIB = 1024 * 1024
_PAGE = "SC_PAGE_SIZE"
_STATM, _CGROUP = Path("/proc/self/statm"), Path("/sys/fs/cgroup/memory.max")
_log = logging.getLogger(__name__)


def limit(cgroup: Path = _CGROUP) -> int:
    """Bytes: what the machine has, or less where a container has less."""
    has = os.sysconf("SC_PHYS_PAGES") * os.sysconf(_PAGE)
    try:
        told = cgroup.read_text().strip()
    except OSError:
        return has
    return min(has, int(told)) if told.isdigit() else has


def used() -> int:
    """Bytes of this process that are in memory; 0 where the system does not tell."""
    try:
        resident = _STATM.read_text().split()[1]
    except OSError:
        return 0
    return int(resident) * os.sysconf(_PAGE)


class MemoryWatch:
    """`look` at it from time to time."""

    def __init__(self, most: int, held: Callable[[], int] = used) -> None:
        """`most` and what `held` tells are bytes."""
        self._most = most
        self._held = held
        self._told = _FROM - 1

    def look(self) -> None:
        held = self._held()
        step = held * _STEPS // self._most
        if step > self._told:
            _log.warning(
                "%d MiB of %d MiB of memory are in use: what is stored stands there until its retention ends, and where"
                " there is no more the system ends this process; nothing acknowledged is lost",
                held // _MIB,
                self._most // _MIB,
            )
        self._told = max(step, _FROM - 1)
