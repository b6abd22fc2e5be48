"""Events that AWS will never take, in a file for the operator: they were acknowledged, so that they may not vanish."""

import json
import os
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path


class DeadLetters:
    """Lines of JSON: `at`, `function`, `error`, and `event` as the function would have got it. Thread-safe."""

    def __init__(self, path: Path, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._path = path
        self._now = now
        self._lock = threading.Lock()

    def add(self, function: str, payload: str, error: str) -> None:
        """Returns once it is on the disk. Errors: OSError, with nothing written that would count as a line."""
        told = {"at": self._now().isoformat(), "function": function, "error": error, "event": json.loads(payload)}
        line = json.dumps(told).encode() + b"\n"
        with self._lock:
            file = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            before = os.fstat(file).st_size
            try:
                # A full disk may take a part of the line before it says so.
                while line:
                    line = line[os.write(file, line) :]
                os.fsync(file)
            except OSError:
                os.ftruncate(file, before)
                raise
            finally:
                os.close(file)
