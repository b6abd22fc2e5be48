"""Events that were accepted and are not done yet, kept where `kill -9` cannot reach them.

SQLite in WAL mode: an accepted event is one write() into the log, which the operating system keeps when the process
dies. There is no fsync an event: losing power is not what this stack guards against.
"""

import logging
import sqlite3
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from infra.local.database import opened

_log = logging.getLogger(__name__)
_PAGE = 500
_FORGET_AT = 64


@dataclass(frozen=True)
class SpooledEvent:
    """`id` rises in the order of acceptance; `payload` is the event as JSON text."""

    id: int
    function: str
    payload: str


class Spool:
    """Thread-safe. An event is in the file from `add` until some time after `done`: it may be replayed, never lost."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        self._db = opened(
            path,
            "CREATE TABLE IF NOT EXISTS event(id INTEGER PRIMARY KEY AUTOINCREMENT, function TEXT, payload TEXT)",
        )
        self._done: list[tuple[int]] = []
        self._closed = False

    def add(self, function: str, payload: str) -> int:
        """Keep the event; when this returns it survives `kill -9`."""
        with self._lock:
            row = self._db.execute("INSERT INTO event(function, payload) VALUES(?, ?)", (function, payload))
            return row.lastrowid or 0

    def payload(self, event: int) -> str:
        with self._lock:
            row = self._db.execute("SELECT payload FROM event WHERE id = ?", (event,)).fetchone()
        return str(row[0])

    def done(self, event: int) -> None:
        """Let go of the event; deletions go to the file many at a time, since repeating an event is harmless."""
        with self._lock:
            self._done.append((event,))
            # a function that outlives the stack ends after the file was closed: its event is replayed
            if len(self._done) >= _FORGET_AT and not self._closed:
                self._forget()

    def flush(self) -> None:
        """Write what `done` still holds back."""
        with self._lock:
            self._forget()

    def pending(self) -> Iterator[SpooledEvent]:
        """What was accepted and not done, oldest first."""
        last = 0
        while True:
            with self._lock:
                self._forget()
                page = self._db.execute(
                    "SELECT id, function, payload FROM event WHERE id > ? ORDER BY id LIMIT ?", (last, _PAGE)
                ).fetchall()
            if not page:
                return
            for row in page:
                yield SpooledEvent(*row)
            last = page[-1][0]

    def close(self) -> None:
        with self._lock:
            self._forget()
            self._closed = True
            self._db.close()

    def _forget(self) -> None:
        if not self._done:
            return
        try:
            self._db.execute("BEGIN")
            self._db.executemany("DELETE FROM event WHERE id = ?", self._done)
            self._db.execute("COMMIT")
        except sqlite3.Error as error:
            # The disk is full, most likely: what is done stays until it is not, and is done again after a crash.
            _log.warning("%d events that are done could not be deleted: %s", len(self._done), error)
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            return
        self._done.clear()
