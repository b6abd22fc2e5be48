"""Associations in a file beside the process: for one gateway on one machine."""

import sqlite3
import threading
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

_SCHEMA = """
CREATE TABLE IF NOT EXISTS generation (one INTEGER PRIMARY KEY CHECK (one = 1), number INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS associations (id TEXT PRIMARY KEY, sealed BLOB NOT NULL) WITHOUT ROWID;
INSERT OR IGNORE INTO generation VALUES (1, 0);
"""


class AssociationFile:
    """A store (see `keeping`). A copy that was put back would bring old generations back: remove it instead."""

    def __init__(self, path: Path) -> None:
        path.touch(mode=0o600)
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        # a generation must have reached the disk before its numbers are used: they are nonces
        self._connection.executescript("PRAGMA synchronous = FULL;" + _SCHEMA)
        self._lock = threading.Lock()

    def next_generation(self) -> int:
        with self._lock:
            answer = self._connection.execute("UPDATE generation SET number = number + 1 RETURNING number").fetchone()
            return int(answer[0])

    def save(self, states: Mapping[str, bytes], gone: Collection[str]) -> None:
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                self._connection.executemany("DELETE FROM associations WHERE id = ?", [(each,) for each in gone])
                self._connection.executemany("REPLACE INTO associations VALUES (?, ?)", list(states.items()))
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def load(self) -> Iterable[tuple[str, bytes]]:
        with self._lock:
            return [(str(id_), bytes(sealed)) for id_, sealed in self._connection.execute("SELECT * FROM associations")]

    def close(self) -> None:
        with self._lock:
            self._connection.close()
