"""Every way of taking messages: what is kept, what is counted, and who is told."""

from collections.abc import Callable, Sequence

import pytest

from chalicelib.fleet.data import messages
from chalicelib.fleet.data.records import DataMessage, message_id
from chalicelib.fleet.events.events import Event, EventKind
from chalicelib.fleet.events.records import ActionPolicy, Filter
from tests.fakes import START, MemoryPorts

TENANT, DEVICE, STREAM = "acme01", "urn:lab:1", "indoors"

Way = Callable[[MemoryPorts, Sequence[DataMessage]], object]


def one_by_one(ports: MemoryPorts, sent: Sequence[DataMessage]) -> None:
    for message in sent:
        messages.store(ports, message, device=DEVICE)


def of_a_request(ports: MemoryPorts, sent: Sequence[DataMessage]) -> list[DataMessage]:
    return messages.store_all(ports, [(message, DEVICE) for message in sent])


def of_one_message(ports: MemoryPorts, sent: Sequence[DataMessage]) -> list[DataMessage]:
    return messages.store_each(ports, sent, DEVICE)


def some(*numbers: int) -> list[DataMessage]:
    return [
        DataMessage(TENANT, message_id(at, at, f"{at}"), STREAM, at, START, {"n": at}, metadata={"source": DEVICE})
        for at in (START + number for number in numbers)
    ]


@pytest.fixture
def heard(ports: MemoryPorts) -> list[Event]:
    """What a dialect hears that listens to messages."""
    events: list[Event] = []

    class Ears:
        def hear(self, _: str, event: Event) -> None:
            events.append(event)

        def fenced(self, *_: object) -> None: ...

    ports.listeners = Ears()  # type: ignore[assignment]
    triggers = {str(EventKind.DATA_MESSAGE): Filter()}
    ports.policies.create(ActionPolicy(TENANT, "p", "d9", "p", START, triggers=triggers, listens=True))
    return events


def kept(ports: MemoryPorts) -> list[int]:
    return [m.timestamp - START for m in messages.read(ports, TENANT, STREAM, ascending=True)]


def counted(ports: MemoryPorts) -> dict[str, int]:
    return {use.stream: use.count for use in messages.streams(ports, TENANT, DEVICE, 10)}


@pytest.mark.parametrize("way", [one_by_one, of_a_request, of_one_message])
def test_what_is_taken_is_kept_counted_and_told(ports: MemoryPorts, heard: list[Event], way: Way) -> None:
    way(ports, some(1, 2, 3))
    assert kept(ports) == [1, 2, 3]
    assert counted(ports) == {STREAM: 3}
    assert [event.kind for event in heard] == [EventKind.DATA_MESSAGE] * 3
    assert len({event.id for event in heard}) == 3


@pytest.mark.parametrize("way", [one_by_one, of_one_message])
def test_what_comes_again_is_told_again_under_its_name(ports: MemoryPorts, heard: list[Event], way: Way) -> None:
    """Whoever took it may have died before it was told."""
    for _ in range(2):
        way(ports, some(1, 2))
    assert kept(ports) == [1, 2]
    assert counted(ports) == {STREAM: 2}
    assert (len(heard), len({event.id for event in heard})) == (4, 2)


def test_what_is_only_told_is_not_kept(ports: MemoryPorts, heard: list[Event]) -> None:
    messages.tell(ports, some(1, 2))
    assert (kept(ports), counted(ports), len(heard)) == ([], {}, 2)


@pytest.mark.parametrize("way", [one_by_one, of_a_request, of_one_message, messages.tell])
def test_nothing_is_nothing(ports: MemoryPorts, heard: list[Event], way: Way) -> None:
    way(ports, [])
    assert (kept(ports), counted(ports), heard) == ([], {}, [])


def test_a_request_without_a_device_is_counted_for_none(ports: MemoryPorts) -> None:
    messages.store_all(ports, [(message, None) for message in some(1)])
    assert (kept(ports), counted(ports)) == ([1], {})
