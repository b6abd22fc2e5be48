from hypothesis import given
from hypothesis import strategies as st

from chalicelib.fleet.data import messages
from chalicelib.fleet.data.records import FUTURE, DataMessage, clamped, message_id
from chalicelib.fleet.tenancy import audit
from chalicelib.fleet.tenancy.records import AuditEntry, Cause
from tests.fakes import START, MemoryPorts

TENANT = "tenant"


def refuse(ports: MemoryPorts, event: str, at: int = START, device: str = "d1", cause: Cause = Cause.REFUSED) -> None:
    audit.refuse(ports, TENANT, at=at, event=event, reason="because", source={"device": device}, cause=cause)


def entries(ports: MemoryPorts) -> list[AuditEntry]:
    return list(ports.audit.page(TENANT, start=0, end=1 << 50, descending=False))


def test_a_refusal_says_who_and_why(ports: MemoryPorts) -> None:
    refuse(ports, "e1")
    entry = entries(ports)[0]
    assert (entry.reason, entry.source, entry.at) == ("because", {"device": "d1"}, START)


def test_a_refusal_that_comes_again_is_one(ports: MemoryPorts) -> None:
    refuse(ports, "e1")
    refuse(ports, "e1")
    assert len(entries(ports)) == 1


def test_a_source_is_heard_so_often_a_minute_and_no_more(ports: MemoryPorts) -> None:
    for number in range(1_000):
        refuse(ports, f"event-{number:04}")
    assert sorted(e.event for e in entries(ports)) == [f"event-{n:04}" for n in range(audit.PER_MINUTE)]


@given(st.lists(st.text(min_size=1), unique=True, max_size=audit.PER_MINUTE))
def test_below_the_cap_nothing_is_lost_and_nothing_is_told_twice(events: list[str]) -> None:
    ports = MemoryPorts()
    for event in [*events, *reversed(events)]:
        refuse(ports, event)
    assert sorted(e.event for e in entries(ports)) == sorted(events)


def test_what_is_refused_often_does_not_hide_what_is_refused_for_another_cause(ports: MemoryPorts) -> None:
    for number in range(100):
        refuse(ports, f"event-{number:04}")
    refuse(ports, "another", cause=Cause.RATE)
    assert Cause.RATE in {e.cause for e in entries(ports)}


def test_another_source_and_another_minute_are_heard_again(ports: MemoryPorts) -> None:
    refuse(ports, "e1")
    refuse(ports, "e1", device="d2")
    refuse(ports, "e1", at=START + 60_000)
    assert len(entries(ports)) == 3


def test_a_device_clock_is_believed_within_reason() -> None:
    assert clamped(START - FUTURE, START) == START - FUTURE
    assert clamped(START + FUTURE, START) == START + FUTURE
    assert clamped(0, START) == 0
    for wrong in (None, -1, START + FUTURE + 1):
        assert clamped(wrong, START) == START


def message(event: str, at: int = START) -> DataMessage:
    return DataMessage(TENANT, message_id(at, at, event), "stream", at, at, {"event": event})


def test_two_readings_of_one_moment_are_both_kept_and_a_repeated_one_once(ports: MemoryPorts) -> None:
    for event in ("a", "b", "a"):
        ports.messages.put(message(event), 60)
    assert len(messages.read(ports, TENANT, "stream")) == 2


def test_readings_come_newest_first_within_their_bounds(ports: MemoryPorts) -> None:
    for number in range(5):
        ports.messages.put(message(f"e{number}", START + number), 60)
    found = messages.read(ports, TENANT, "stream", start=START + 1, end=START + 4, limit=2)
    assert [m.timestamp for m in found] == [START + 3, START + 2]
    rest = messages.read(ports, TENANT, "stream", start=START + 1, before=found[-1].id)
    assert [m.timestamp for m in rest] == [START + 1]
