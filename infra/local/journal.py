"""A file of named entries that survives `kill -9`: where the local AWS services write what they acknowledge."""

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

from infra.local.database import opened

Change = tuple[str, str, str | bytes | None]
"""(kind, key, value); a value of None deletes the entry."""

_PUT = "INSERT OR REPLACE INTO entry(kind, key, value) VALUES(?, ?, ?)"
_DELETE = "DELETE FROM entry WHERE kind = ? AND key = ?"


class Journal:
    """Thread-safe. What `write` returned from is in the operating system's hands; there is no fsync a write."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        self._db = opened(
            path, "CREATE TABLE IF NOT EXISTS entry(kind TEXT, key TEXT, value BLOB, PRIMARY KEY(kind, key))"
        )

    def write(self, changes: Sequence[Change]) -> None:
        """Apply all changes or none."""
        with self._lock:
            if len(changes) == 1:
                self._apply(changes[0])
                return
            self._db.execute("BEGIN")
            try:
                for change in changes:
                    self._apply(change)
                self._db.execute("COMMIT")
            except BaseException:
                # where the disk is full SQLite may have rolled back by itself
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    def entry(self, kind: str, key: str) -> str | bytes | None:
        """The value of one entry; None where there is none."""
        with self._lock:
            row = self._db.execute("SELECT value FROM entry WHERE kind = ? AND key = ?", (kind, key)).fetchone()
        return None if row is None else row[0]

    def entries(self, kind: str) -> Iterator[tuple[str, str | bytes]]:
        """Key and value of every entry of a kind, in the order of keys."""
        with self._lock:
            rows = self._db.execute("SELECT key, value FROM entry WHERE kind = ? ORDER BY key", (kind,)).fetchall()
        yield from rows

    def keys(self, kind: str, prefix: str) -> list[str]:
        with self._lock:
            rows = self._db.execute(
                "SELECT key FROM entry WHERE kind = ? AND substr(key, 1, ?) = ?", (kind, len(prefix), prefix)
            ).fetchall()
        return [key for (key,) in rows]

    def close(self) -> None:
        with self._lock:
            self._db.close()

    def _apply(self, change: Change) -> None:
        kind, key, value = change
        if value is None:
            self._db.execute(_DELETE, (kind, key))
        else:
            self._db.execute(_PUT, change)
