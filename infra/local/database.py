"""SQLite files of a data directory: opened so that what was written survives `kill -9`."""

import sqlite3
from pathlib import Path

from infra.local.data_directory import DataError


def opened(path: Path, table: str) -> sqlite3.Connection:
    """A connection for all threads, whose caller locks; `table` is its CREATE TABLE. Errors: DataError.

    There is no fsync a write: losing power is not what these files guard against.
    """
    try:
        database = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
    except sqlite3.Error as error:
        raise DataError(f"{path} cannot be opened: {error}") from error
    try:
        # What is damaged is to be found now and not amid the first message; the pages are read anyway.
        found = database.execute("PRAGMA quick_check(1)").fetchone()
        database.executescript(f"PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; {table};")
    except sqlite3.Error as error:
        database.close()
        raise DataError(f"{path} is damaged or cannot be written: {error}") from error
    if found != ("ok",):
        database.close()
        raise DataError(f"{path} is damaged; restore a copy of it, or move it away to begin without it")
    return database
