"""Events are kept together when they come together, and each is kept, or told that it is not."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from infra.local.spool import Spool
from tests.clients import until

_AT_ONCE = 7


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    with closing(Spool(tmp_path / "spool")) as made:
        yield made


def added_together(spool: Spool, payloads: list[str]) -> list[int | sqlite3.Error]:
    """What became of each, when all of them came while the file was in use; the order is theirs."""
    told: dict[str, int | sqlite3.Error] = {}

    def add(payload: str) -> None:
        try:
            told[payload] = spool.add("uplink", payload)
        except sqlite3.Error as error:
            told[payload] = error

    threads = [threading.Thread(target=add, args=(payload,)) for payload in payloads]
    with spool._lock:
        for thread in threads:
            thread.start()
        until(lambda: len(spool._arriving) == len(payloads))
    for thread in threads:
        thread.join()
    return [told[payload] for payload in payloads]


def in_file(path: Path) -> dict[int, str]:
    with closing(sqlite3.connect(path)) as other:
        return dict(other.execute("SELECT id, payload FROM event"))


def test_what_comes_while_the_file_is_in_use_is_one_commit(spool: Spool, tmp_path: Path) -> None:
    statements: list[str] = []
    spool._db.set_trace_callback(statements.append)
    payloads = [f"event {number}" for number in range(_AT_ONCE)]
    ids = added_together(spool, payloads)
    assert statements.count("COMMIT") == 1
    assert in_file(tmp_path / "spool") == dict(zip(ids, payloads, strict=True))


@pytest.mark.parametrize("count", [1, _AT_ONCE])
def test_what_cannot_be_kept_is_refused_and_what_comes_later_is_kept(spool: Spool, tmp_path: Path, count: int) -> None:
    kept = spool.add("uplink", "before")
    # A file that may not grow is a full disk to SQLite.
    spool._db.execute("PRAGMA max_page_count = 3")
    refused = added_together(spool, [f"{number}" * 50_000 for number in range(count)])
    assert all(isinstance(each, sqlite3.Error) for each in refused)
    assert in_file(tmp_path / "spool") == {kept: "before"}
    spool._db.execute("PRAGMA max_page_count = 1000000")
    after = spool.add("uplink", "after")
    assert in_file(tmp_path / "spool") == {kept: "before", after: "after"}


def test_after_a_restart_numbers_go_on_behind_what_waits(tmp_path: Path) -> None:
    with closing(Spool(tmp_path / "spool")) as first:
        waiting = [first.add("uplink", f"{number}") for number in range(3)]
        first.done(waiting[0])
    with closing(Spool(tmp_path / "spool")) as second:
        last = second.add("uplink", "last")
        assert [event.id for event in second.pending()] == [*waiting[1:], last]
    assert last > waiting[-1]


def test_a_file_of_an_earlier_release_is_gone_on_with(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "spool")) as earlier:
        earlier.execute("CREATE TABLE event(id INTEGER PRIMARY KEY AUTOINCREMENT, function TEXT, payload TEXT)")
        earlier.execute("INSERT INTO event(function, payload) VALUES('uplink', 'earlier')")
        earlier.commit()
    with closing(Spool(tmp_path / "spool")) as spool:
        spool.add("uplink", "later")
        assert [event.payload for event in spool.pending()] == ["earlier", "later"]


def test_nothing_is_taken_by_a_spool_that_was_closed(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool")
    spool.close()
    with pytest.raises(sqlite3.Error):
        spool.add("uplink", "late")
