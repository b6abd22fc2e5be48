"""Messages of one source, in whatever stream."""

from typing import Any

import pytest

from chalicelib.fleet.data import deleting, messages
from chalicelib.fleet.data.records import DataMessage, message_id
from chalicelib.fleet.errors import LimitReached
from tests.fakes import MemoryPorts

TENANT = "acme01"


def send(ports: MemoryPorts, at: int, source: str, stream: str, *, counted: bool = True) -> None:
    sent = DataMessage(
        TENANT, message_id(at, at, f"{at}"), stream, at, ports.clock.now(), {}, metadata={"source": source}
    )
    messages.store(ports, sent, device=source if counted else None)


def found(ports: MemoryPorts, source: str, **asked: Any) -> list[int]:
    return [message.timestamp for message in messages.sent_by(ports, TENANT, source, **asked)]


@pytest.fixture
def ports() -> MemoryPorts:
    """Of `a` 1 to 5 in three streams, of `b` one in a stream of both."""
    ports = MemoryPorts()
    for at, stream in ((1, "a"), (2, "shared"), (3, "own"), (5, "shared")):
        send(ports, at, "a", stream)
    send(ports, 4, "b", "shared")
    return ports


def test_its_own_of_all_streams_in_order_of_time(ports: MemoryPorts) -> None:
    assert found(ports, "a") == [5, 3, 2, 1]
    assert found(ports, "a", ascending=True) == [1, 2, 3, 5]
    assert found(ports, "a", start=2, end=5) == [3, 2]
    assert found(ports, "a", start=2, end=5, ascending=True) == [2, 3]
    assert found(ports, "b") == [4]
    assert found(ports, "nobody") == []


def test_page_by_page_either_way(ports: MemoryPorts) -> None:
    for at in range(10, 310):
        send(ports, at, "a", "shared" if at % 2 else "own")
    expected = [1, 2, 3, 5, *range(10, 310)]
    assert found(ports, "a", ascending=True) == expected
    assert found(ports, "a") == expected[::-1]


def test_one_whose_stream_was_not_counted_is_found_where_it_is_named_after_its_source() -> None:
    ports = MemoryPorts()
    send(ports, 1, "a", "a", counted=False)
    assert found(ports, "a") == [1]


def test_what_was_deleted_is_not_among_them(ports: MemoryPorts) -> None:
    deleting.of_source(ports, TENANT, "a", deleting.Chosen(end=4))
    assert (found(ports, "a"), found(ports, "b")) == ([5], [4])


def test_what_others_sent_is_looked_at_so_far_and_no_further(ports: MemoryPorts) -> None:
    with pytest.raises(LimitReached):
        found(ports, "b", most=2)
    assert found(ports, "b", most=3) == [4]
