"""What happened so far, counted by many threads."""

import threading
from collections import Counter


class Tally:
    """Counters by name; `line` is how they are shown while the demo runs."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()

    def add(self, name: str, count: int = 1) -> None:
        with self._lock:
            self._counts[name] += count

    def __getitem__(self, name: str) -> int:
        with self._lock:
            return self._counts[name]

    def line(self) -> str:
        asleep = f"asleep {self['asleep']:4}   " if self["asleep"] or self["woken"] else ""
        return (
            f"online {self['online']:4}   {asleep}sent {self['sent']:6}   acknowledged {self['acknowledged']:6}   "
            f"commands {self['processed']}/{self['commanded']}   configurations {self['configured']}   "
            f"dropped {self['dropped']}"
        )
