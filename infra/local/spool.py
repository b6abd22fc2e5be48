"""Events that were accepted and are not done yet, kept where `kill -9` cannot reach them.

SQLite in WAL mode: an accepted event is one write() into the log, which the operating system keeps when the process
dies. There is no fsync an event: losing power is not what this stack guards against. What several threads bring while
one is writing, as the messages of one turn of a broker's loop, goes into the file together, in one commit.
"""

import logging
import sqlite3
import threading
from collections import deque
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


@dataclass(slots=True)
class _Arrival:
    """An event on its way into the file; `id` is 0 until it is there, and stays so where it cannot be."""

    function: str
    payload: str
    id: int = 0
    over: bool = False
    error: Exception | None = None


class Spool:
    """Thread-safe. An event is in the file from `add` until some time after `done`: it may be replayed, never lost."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        self._db = opened(
            path,
            "CREATE TABLE IF NOT EXISTS event(id INTEGER PRIMARY KEY, function TEXT, payload TEXT)",
        )
        self._last = int(self._db.execute("SELECT coalesce(max(id), 0) FROM event").fetchone()[0])
        self._arriving: deque[_Arrival] = deque()
        self._done: list[tuple[int]] = []
        self._closed = False

    def add(self, function: str, payload: str) -> int:
        """Keep the event; when this returns it survives `kill -9`. Errors: sqlite3.Error, when it is not kept."""
        arrival = _Arrival(function, payload)
        self._arriving.append(arrival)
        with self._lock:
            # whoever wrote before has written it with its own
            if not arrival.over:
                self._write()
        if not arrival.id:
            raise sqlite3.OperationalError(f"an event could not be kept: {arrival.error}") from arrival.error
        return arrival.id

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

    def _write(self) -> None:
        """All that has arrived, in one commit: what fails has failed for each of them."""
        arrived = [self._arriving.popleft() for _ in range(len(self._arriving))]
        try:
            self._insert([(self._last + n, each.function, each.payload) for n, each in enumerate(arrived, 1)])
        except Exception as error:  # noqa: BLE001  raised again where each of them waits
            for each in arrived:
                each.error = error
        else:
            for each in arrived:
                self._last = each.id = self._last + 1
        finally:
            for each in arrived:
                each.over = True

    def _insert(self, rows: list[tuple[int, str, str]]) -> None:
        insert = "INSERT INTO event(id, function, payload) VALUES(?, ?, ?)"
        if len(rows) == 1:
            self._db.execute(insert, rows[0])
            return
        self._db.execute("BEGIN")
        try:
            self._db.executemany(insert, rows)
            self._db.execute("COMMIT")
        except BaseException:
            # where the disk is full SQLite may have rolled back by itself
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise

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
