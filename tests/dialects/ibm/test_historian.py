import math
import statistics
from collections.abc import Callable, Iterator
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from chalicelib.dialects.ibm import historian, payload
from chalicelib.dialects.ibm.historian import Position, Query
from chalicelib.dialects.ibm.identity import Name
from chalicelib.dialects.ibm.payload import Said
from chalicelib.dialects.ibm.summary import Accumulator
from chalicelib.fleet.data import messages
from chalicelib.fleet.data import records as data_records
from chalicelib.fleet.inventory import devices
from chalicelib.fleet.inventory.records import Device
from tests.dialects.ibm.client import V1, V2, Client, Reply
from tests.fakes import START

pytestmark = pytest.mark.row("H2")
HISTORY = f"{V1}/historian"
P1 = Name("pump", "p1")
REFERENCE: dict[str, Callable[[list[float]], float]] = {
    "avg": statistics.fmean,
    "count": len,
    "min": min,
    "max": max,
    "sum": math.fsum,
    "range": lambda values: max(values) - min(values),
    "stdev": statistics.stdev,
    "variance": statistics.variance,
}


@pytest.fixture
def client() -> Client:
    return Client()


def say(client: Client, data: Any, *, at: int, of: Name = P1, event: str = "status") -> None:
    """A device's event, as it is kept when it arrives at START + `at`."""
    device = devices.get(client.ports, client.org, of.fleet_id)
    said = Said(event, "json", payload.compact({"d": data}), START + at, f"{of}{event}{at}")
    messages.store(
        client.ports, payload.message(device, said, payload.specified(said.payload, said.format), "mqtt", "/")
    )


def pages(client: Client, path: str, **query: Any) -> Iterator[Reply]:
    """Every answer of a query, as a client goes on with header and cookie."""
    reply = client.get(path, **query)
    cookie = reply.headers["Set-Cookie"].partition(";")[0]
    while True:
        assert reply.status == 200, reply.raw
        yield reply
        if "cursorId" not in reply.headers:
            return
        headers = {"cursorId": reply.headers["cursorId"], "Cookie": cookie}
        reply = client.call("GET", path, headers=headers, **query)


def values(client: Client, path: str, **query: Any) -> list[Any]:
    return [record["evt"]["n"] for reply in pages(client, path, **query) for record in reply.body]


def test_a_record_of_the_organization_has_the_fields_of_the_manual(client: Client) -> None:
    client.registered()
    say(client, {"sensor1": 76}, at=5, event="sensor-event")
    assert client.get(HISTORY).body == [
        {
            "device_id": f"d:{client.org}:pump:p1",
            "device_type": "pump",
            "evt_type": "sensor-event",
            "timestamp": {"$date": START + 5},
            "evt": {"sensor1": 76},
        }
    ]


def test_records_of_a_type_leave_out_the_type(client: Client) -> None:
    client.registered()
    say(client, {}, at=1)
    assert set(client.get(f"{HISTORY}/pump").body[0]) == {"device_id", "evt_type", "timestamp", "evt"}


def test_records_of_a_device_leave_out_the_device(client: Client) -> None:
    client.registered()
    say(client, {}, at=1)
    assert set(client.get(f"{HISTORY}/pump/p1/").body[0]) == {"evt_type", "timestamp", "evt"}


def test_the_newest_event_of_all_devices_comes_first(client: Client) -> None:
    names = [Name("pump", "p1"), Name("valve", "v1"), Name("pump", "p2")]
    for name in names:
        client.registered(name.type, name.id)
    for n in range(300):
        say(client, {"n": n}, at=n, of=names[n % 3])
    assert values(client, HISTORY) == list(range(299, -1, -1))
    assert values(client, f"{HISTORY}/pump") == [n for n in range(299, -1, -1) if n % 3 != 1]
    assert values(client, f"{HISTORY}/valve/v1") == [n for n in range(299, -1, -1) if n % 3 == 1]


def test_a_page_has_at_most_top_records(client: Client) -> None:
    client.registered()
    for n in range(25):
        say(client, {"n": n}, at=n)
    assert [len(reply.body) for reply in pages(client, f"{HISTORY}/pump/p1", top=10)] == [10, 10, 5]


def test_without_top_a_page_has_a_hundred(client: Client) -> None:
    client.registered()
    for n in range(101):
        say(client, {"n": n}, at=n)
    assert len(client.get(f"{HISTORY}/pump/p1").body) == 100


def test_the_range_is_from_start_up_to_end(client: Client) -> None:
    client.registered()
    for n in range(10):
        say(client, {"n": n}, at=n)
    assert values(client, HISTORY, start=START + 3, end=START + 6) == [5, 4, 3]


def test_evt_type_selects_events_by_name(client: Client) -> None:
    client.registered()
    for n in range(300):
        say(client, {"n": n}, at=n, event="rare" if n % 100 == 0 else "status")
    assert values(client, f"{HISTORY}/pump/p1", evt_type="rare") == [200, 100, 0]


@pytest.mark.parametrize("function", REFERENCE)
def test_a_summary_agrees_with_the_statistics_module(client: Client, function: str) -> None:
    client.registered()
    random = Random(3)
    cpu = [random.gauss(1e6, 3) for _ in range(500)]
    for n, value in enumerate(cpu):
        say(client, {"cpu": value, "net": {"up": n}}, at=n)
    query = {"summarize": "{cpu,net.up}", "summarize_type": function}
    ((record,),) = [reply.body for reply in pages(client, f"{HISTORY}/pump/p1", **query)]
    assert record["evt"]["cpu"] == pytest.approx(REFERENCE[function](cpu), rel=1e-9)
    assert record["evt"]["net.up"] == pytest.approx(REFERENCE[function](list(range(500))), rel=1e-9)


@pytest.fixture(scope="module")
def long_history() -> tuple[Client, list[float]]:
    """One device with 100,000 events."""
    client = Client()
    client.registered()
    random = Random(7)
    temperatures = [random.gauss(20, 5) for _ in range(100_000)]
    device = devices.get(client.ports, client.org, Name("pump", "p1").fleet_id)
    for n, value in enumerate(temperatures):
        said = Said("status", "json", payload.compact({"d": {"temp": value}}), START + n, str(n))
        client.ports.messages.put(
            payload.message(device, said, payload.specified(said.payload, said.format), "mqtt", "/"), 60
        )
    return client, temperatures


@pytest.mark.parametrize("function", REFERENCE)
def test_a_hundred_thousand_events_are_summarized_call_by_call(
    long_history: tuple[Client, list[float]], function: str
) -> None:
    client, temperatures = long_history
    query = {"summarize": "{temp}", "summarize_type": function, "evt_type": "status"}
    replies = list(pages(client, f"{HISTORY}/pump/p1", **query))
    assert len(replies) > 1
    assert [r["evt_type"] for r in replies[-1].body] == ["status"]
    assert replies[-1].body[0]["evt"]["temp"] == pytest.approx(REFERENCE[function](temperatures), rel=1e-9)


def test_one_call_reads_no_more_units_than_it_may(long_history: tuple[Client, list[float]]) -> None:
    client, _ = long_history
    ports, read = client.ports, 0
    part = historian.read(ports, client.org, Query("pump", "p1", fields=("temp",)), Position())
    assert part.next is not None
    seen = 100_000 - sum(1 for m in ports.messages.order[client.org, client.fleet_id()] if m < _before(part.next))
    read = seen * len(payload.compact({"temp": 20.123456789012345}))
    assert 0 < read / 4_096 < historian.UNITS


def _before(position: Position) -> str:
    return position.segments[0].before or ""


def test_an_interrupted_walk_over_many_devices_misses_nothing_and_repeats_nothing(client: Client) -> None:
    names = [Name("pump", f"p{n:03}") for n in range(historian.BLOCK + 7)]
    for name in names:
        device = Device(client.org, name.fleet_id, START, START)
        devices.register(client.ports, device)
    for n in range(700):
        say(client, {"n": n}, at=n, of=names[n * 13 % len(names)])
    assert sorted(values(client, HISTORY)) == list(range(700))


def test_devices_with_long_records_do_not_stop_a_walk_either(client: Client) -> None:
    names = [Name("pump", f"p{n:02}") for n in range(60)]
    for n, name in enumerate(names):
        devices.register(client.ports, Device(client.org, name.fleet_id, START, START, attributes={"x": "y" * 100_000}))
        say(client, {"n": n}, at=n, of=name)
    query = {"top": 100}
    replies = list(pages(client, HISTORY, **query))
    assert len(replies) > 1
    assert sorted(r["evt"]["n"] for reply in replies for r in reply.body) == list(range(60))


def test_large_messages_do_not_stop_a_walk(client: Client) -> None:
    names = [Name("pump", f"p{n:02}") for n in range(30)]
    for name in names:
        client.registered(name.type, name.id)
    for n in range(60):
        say(client, {"n": n, "image": "x" * 300_000}, at=n, of=names[n % 30])
    seen = [r["evt"]["n"] for reply in pages(client, HISTORY) for r in reply.body]
    assert sorted(seen) == list(range(60))


def test_the_first_answer_sets_the_cookie_of_the_session(client: Client) -> None:
    assert client.get(HISTORY).headers["Set-Cookie"].startswith("iotHistorianSessionId=")


def with_cursor(client: Client) -> Reply:
    client.registered()
    for n in range(150):
        say(client, {"n": n}, at=n)
    return client.get(HISTORY)


def test_a_cursor_without_its_cookie_is_refused(client: Client) -> None:
    cursor = with_cursor(client).headers["cursorId"]
    assert client.call("GET", HISTORY, headers={"cursorId": cursor}).status == 400
    headers = {"cursorId": cursor, "Cookie": "iotHistorianSessionId=another"}
    assert client.call("GET", HISTORY, headers=headers).status == 400


def test_a_cursor_of_another_query_is_refused(client: Client) -> None:
    first = with_cursor(client)
    headers = {"cursorId": first.headers["cursorId"], "Cookie": first.headers["Set-Cookie"].partition(";")[0]}
    assert client.call("GET", f"{HISTORY}/pump", headers=headers).status == 400


@pytest.mark.parametrize("cursor", ["x", "%%%", "eJw", "A" * 7000, "eJyLBQAAXQBe"])
def test_junk_is_no_cursor(client: Client, cursor: str) -> None:
    headers = {"cursorId": cursor, "Cookie": "iotHistorianSessionId=1"}
    assert client.call("GET", HISTORY, headers=headers).status == 400


@pytest.mark.parametrize(
    "query",
    [
        {"top": 0},
        {"top": 101},
        {"start": "yesterday"},
        {"summarize_type": "median"},
        {"summarize": "{}"},
        {"summarize": "{a"},
        {"summarize": ",".join("abcdefghijklmnopqrstuvwxyz")},
    ],
)
def test_a_query_that_the_manual_does_not_know_is_refused(client: Client, query: dict[str, Any]) -> None:
    assert client.get(HISTORY, **query).status == 400


def test_a_field_without_numbers_has_no_average_and_a_count_of_none(client: Client) -> None:
    client.registered()
    say(client, {"name": "foo", "on": True}, at=1)
    path = f"{HISTORY}/pump/p1"
    assert client.get(path, summarize="{name,on}").body == [{"evt": {"name": None, "on": None}}]
    assert client.get(path, summarize="{name}", summarize_type="count").body == [{"evt": {"name": 0}}]


def test_one_value_has_no_spread() -> None:
    seen = Accumulator()
    seen.add(3.5)
    assert seen.spread == 0


def test_totals_survive_being_packed() -> None:
    seen = Accumulator()
    for value in (1.5, -2.0, 7.25):
        seen.add(value)
    assert Accumulator.unpacked(seen.packed()) == seen


def test_the_history_of_an_unknown_device_is_not_found(client: Client) -> None:
    assert client.get(f"{HISTORY}/pump/p1").status == 404


def test_a_type_without_devices_has_no_events(client: Client) -> None:
    assert client.get(f"{HISTORY}/pump").body == []


def test_the_oldest_clients_name_the_organization_in_the_path(client: Client) -> None:
    client.registered()
    say(client, {"n": 1}, at=1)
    for path in ("", "/pump", "/pump/p1"):
        reply = client.call("GET", f"{HISTORY}/{client.org}{path}", host="internetofthings.ibmcloud.com")
        assert [r["evt"] for r in reply.body] == [{"n": 1}]


def test_a_type_named_like_the_organization_is_a_type_on_the_organization_s_host(client: Client) -> None:
    client.registered(client.org, "p1")
    say(client, {"n": 1}, at=1, of=Name(client.org, "p1"))
    assert [r["evt"] for r in client.get(f"{HISTORY}/{client.org}/p1").body] == [{"n": 1}]


def test_an_organization_reads_its_own_history_only(client: Client) -> None:
    other = Client(client.ports, "globex")
    for owner in (client, other):
        owner.registered()
        say(owner, {"n": owner.name}, at=1)
    assert values(other, HISTORY) == ["globex"]


def test_what_another_device_wrote_into_the_stream_is_not_its_event(client: Client) -> None:
    client.registered()
    say(client, {"n": 1}, at=1)
    stream = client.fleet_id()
    (own,) = messages.read(client.ports, client.org, stream)
    foreign = replace(
        own, id=data_records.message_id(START + 2, START + 2, "x"), metadata={"source": "urn:lo:nsid:pump:p2"}
    )
    messages.store(client.ports, foreign)
    assert values(client, f"{HISTORY}/pump/p1") == [1]


def test_the_later_version_goes_on_by_a_bookmark(client: Client) -> None:
    client.registered()
    for n in range(150):
        say(client, {"n": n}, at=n)
    first = client.get(f"{V2}/historian").body
    second = client.get(f"{V2}/historian", _bookmark=first["bookmark"]).body
    assert [r["evt"]["n"] for r in first["events"] + second["events"]] == list(range(149, -1, -1))
    assert "bookmark" not in second
    assert first["events"][0]["device_type"] == "pump"


def test_the_later_version_answers_a_summary_with_a_bare_list(client: Client) -> None:
    client.registered()
    say(client, {"n": 4}, at=1)
    assert client.get(f"{V2}/historian/types/pump/devices/p1", summarize="n").body == [{"evt": {"n": 4.0}}]
