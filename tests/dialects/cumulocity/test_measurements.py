"""Measurements (reference, "Measurements")."""

import csv
import io
from typing import Any

import pytest

from chalicelib.fleet.data import messages
from chalicelib.fleet.data.records import DataMessage, message_id
from tests.dialects.cumulocity.client import Client

pytestmark = pytest.mark.row("G6")
OBJECTS, PATH = "/inventory/managedObjects", "/measurement/measurements"
AT = "2013-07-02T16:32:30.152+02:00"
SIGNAL = {"rssi": {"value": -53, "unit": "dBm"}, "ber": {"value": 0.14, "unit": "%"}}


@pytest.fixture
def client() -> Client:
    return Client()


@pytest.fixture
def device(client: Client) -> str:
    return str(client.made(OBJECTS, {"name": "Modem", "c8y_IsDevice": {}})["id"])


def measurement(source: str, **changes: Any) -> dict[str, Any]:
    return {"source": {"id": source}, "time": AT, "type": "signal", **(changes or {"c8y_SignalStrength": SIGNAL})}


def times(client: Client, **query: Any) -> list[str]:
    reply = client.get(PATH, **{"pageSize": 100, **query})
    assert reply.status == 200, reply.raw
    return [one["time"][8:10] for one in reply.body["measurements"]]


def test_what_is_made_is_there_as_it_was_said(client: Client, device: str) -> None:
    reply = client.call("POST", PATH, measurement(device))
    assert reply.status == 201
    found = client.get(f"{PATH}/{reply.body['id']}").body
    assert found == reply.body
    assert (found["c8y_SignalStrength"], found["time"]) == (SIGNAL, "2013-07-02T14:32:30.152Z")
    assert (found["source"]["id"], found["type"]) == (device, "signal")
    assert reply.headers["Location"] == found["self"]


def test_all_dialects_read_its_numbers(client: Client, device: str) -> None:
    client.made(PATH, measurement(device))
    urn = f"urn:lo:nsid:c8y:{device}"
    (message,) = client.ports.messages.page(client.tenant.id, urn, start=None, end=None, before=None, limit=5)
    assert message.value == {"c8y_SignalStrength": {"rssi": -53, "ber": 0.14}}
    assert (message.model, message.metadata["source"]) == ("signal", urn)


def test_what_is_no_series_is_kept_beside_or_left_out(client: Client, device: str) -> None:
    said = {
        "mixed": {"good": {"value": 1, "of": {"n": 7}}, "bad": {"value": "1"}, "worse": 3},
        "plain": {"of": {"value": "x"}},
        "flag": {"on": {"value": True}},
    }
    found = client.made(PATH, measurement(device, **said))
    assert found["mixed"] == {"good": {"value": 1, "of": {"n": 7}}}
    assert (found["plain"], found["flag"]) == (said["plain"], said["flag"])


def test_many_come_at_once_or_not_at_all(client: Client, device: str) -> None:
    many = [measurement(device, a={"b": {"value": n}}) for n in range(7)]
    reply = client.call("POST", PATH, {"measurements": many})
    assert reply.status == 201
    assert [one["a"]["b"]["value"] for one in reply.body["measurements"]] == list(range(7))
    assert len({one["id"] for one in reply.body["measurements"]}) == 7
    assert client.call("POST", PATH, {"measurements": [*many, {}]}).status == 422
    assert len(times(client)) == 7


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"time": None, "type": ""}, "Following mandatory fields should be included: time,type"),
        ({"source": {}}, "Following mandatory fields should be included: source"),
        ({"source": {"id": "12"}}, "Finding device data from database failed : No managedObject for id '12'!"),
        ({"time": 3}, "time is a date and time in ISO 8601, not 3"),
        ({"measurements": []}, "measurements is a list of 1 to 1000"),
        ({"measurements": [1]}, "a measurement is a JSON object"),
    ],
)
def test_what_is_no_measurement_is_refused(client: Client, device: str, body: dict[str, Any], message: str) -> None:
    reply = client.call("POST", PATH, {**measurement(device), **body})
    assert (reply.status, reply.error, reply.message) == (422, "undefined/validationError", message)


@pytest.mark.parametrize("name", ["a b", "a.b", "a,b", "a*", "[a", "a]", "(a", "a)", "@a", "a$", ""])
def test_names_that_queries_could_not_say_are_refused(client: Client, device: str, name: str) -> None:
    assert client.call("POST", PATH, measurement(device, **{name: {"b": {"value": 1}}})).status == 422
    assert client.call("POST", PATH, measurement(device, a={name: {"value": 1}})).status == 422


@pytest.fixture(scope="module")
def fleet() -> tuple[Client, list[str]]:
    client = Client()
    sources = [client.made(OBJECTS, {"c8y_IsDevice": {}} if n else {})["id"] for n in range(2)]
    for day, source, changes in (
        ("03", 1, {"a": {"x": {"value": 3}}}),
        ("01", 0, {"a": {"x": {"value": 1}}}),
        ("02", 1, {"b": {"x": {"value": 2}}, "type": "other"}),
        ("04", 1, {"a": {"y": {"value": 4}}}),
    ):
        client.made(PATH, measurement(sources[source], time=f"2020-01-{day}", **changes))
    return client, sources


@pytest.mark.parametrize(
    ("query", "days"),
    [
        ({}, "4321"),
        ({"source": 1}, "432"),
        ({"source": 1, "revert": "true"}, "432"),
        ({"dateFrom": "2020-01-02"}, "234"),
        ({"dateFrom": "2020-01-01", "dateTo": "2020-01-04"}, "123"),
        ({"dateFrom": "2020-01-02", "revert": "true"}, "432"),
        ({"type": "other"}, "2"),
        ({"valueFragmentType": "a"}, "431"),
        ({"valueFragmentType": "a", "valueFragmentSeries": "x"}, "31"),
        ({"valueFragmentSeries": "x"}, "321"),
        ({"source": "99"}, ""),
    ],
)
def test_what_is_asked_for_is_listed(fleet: tuple[Client, list[str]], query: dict[str, Any], days: str) -> None:
    client, sources = fleet
    asked = {n: sources[v] if isinstance(v, int) else v for n, v in query.items()}
    assert times(client, **asked) == [f"0{day}" for day in days]
    pages = [times(client, **asked, pageSize=1, currentPage=n + 1) for n in range(len(days) + 1)]
    assert pages == [*([f"0{day}"] for day in days), []]


def test_tenants_with_many_objects_have_to_say_whose(client: Client, device: str) -> None:
    for _ in range(100):
        client.made(OBJECTS, {})
    client.made(PATH, measurement(device))
    refused = client.get(PATH)
    assert (refused.status, "by source" in refused.message) == (422, True)
    assert times(client, source=device) == ["02"]


def test_deleted_by_itself_by_source_and_by_time(client: Client, device: str) -> None:
    made = [client.made(PATH, measurement(device, time=f"2020-01-0{n}", a={}))["id"] for n in range(1, 5)]
    assert client.call("DELETE", f"{PATH}/{made[0]}").status == 204
    gone = client.get(f"{PATH}/{made[0]}")
    assert (gone.status, gone.error) == (404, "measurement/notFound")
    assert gone.message == f"Finding measurement from database failed : No measurement for gid '{made[0]}'!"
    assert client.call("DELETE", PATH).status == client.call("DELETE", PATH, type="signal").status == 422
    assert client.call("DELETE", PATH, source=device, dateTo="2020-01-03", type="signal").status == 204
    assert times(client) == ["04", "03"]
    assert client.call("DELETE", PATH, source=device).status == 204
    assert times(client) == []


def test_what_came_by_another_dialect_is_a_measurement_where_it_has_numbers(client: Client, device: str) -> None:
    urn = f"urn:lo:nsid:c8y:{device}"
    for n, (model, value) in enumerate(
        (("weather", {"t": 21, "in": {"t": 20.5, "ok": True}}), (None, {"said": "hello"}))
    ):
        sent = DataMessage(
            client.tenant.id, message_id(n, n, f"e{n}"), urn, n, n, value, model, metadata={"source": urn}
        )
        messages.store(client.ports, sent, device=urn)
    (found,) = client.get(PATH, source=device).body["measurements"]
    assert (found["type"], found["weather"]) == ("weather", {"t": {"value": 21}, "in_t": {"value": 20.5}})
    assert client.get(f"{PATH}/{found['id']}").body == found


@pytest.mark.parametrize("name", ['=HYPERLINK("http://x")', "+1+1", "-2", "@SUM(A1)", "\t=1"])
def test_csv_runs_nothing_in_a_spreadsheet(client: Client, name: str) -> None:
    number = client.made("/inventory/managedObjects", {"name": name, "c8y_IsDevice": {}})["id"]
    value = {"value": -1.5, "unit": "-"}
    body = {"source": {"id": number}, "type": "t", "time": "2026-01-02T03:04:05Z", "c8y_T": {"T": value}}
    client.made(PATH, body)
    body["c8y_T"] = {"T": {**value, "unit": name}}
    client.made(PATH, body)
    text = client.get(PATH, accept="text/csv", source=number).raw.decode()
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert {row["device_name"] for row in rows} == {f"'{name}"}
    assert sorted(row["unit"] for row in rows) == sorted(["-", f"'{name}"])
    assert {row["value"] for row in rows} == {"-1.5"}


def test_a_list_is_csv_where_that_is_accepted(client: Client, device: str) -> None:
    client.call("PUT", f"{OBJECTS}/{device}", {"name": 'Modem, "old"'})
    client.made(PATH, measurement(device))
    client.made(PATH, measurement(device, plain={"a": 1}))
    reply = client.get(PATH, accept="text/csv", source=device)
    assert (reply.status, reply.headers["Content-Type"]) == (200, "text/csv;charset=UTF-8")
    start = f'2013-07-02T14:32:30.152Z,{device},"Modem, ""old""",c8y_SignalStrength'
    assert reply.raw.decode().split("\r\n") == [
        "time,source,device_name,fragment.series,value,unit",
        f"{start}.rssi,-53,dBm",
        f"{start}.ber,0.14,%",
        "",
    ]
    assert client.get(PATH, accept="application/vnd.ms-excel").status == 406


def test_another_tenants_measurement_is_not_there(client: Client, device: str) -> None:
    number = client.made(PATH, measurement(device))["id"]
    other = Client(client.ports, "other")
    assert other.get(f"{PATH}/{number}").status == other.call("DELETE", f"{PATH}/{number}").status == 404
    assert other.call("POST", PATH, measurement(device)).status == 422
    assert times(other) == times(other, source=device) == []
    assert other.call("DELETE", PATH, source=device).status == 204
    assert times(client) == ["02"]


def test_only_what_a_deletion_asks_for_goes(client: Client, device: str) -> None:
    for name in ("a", "b"):
        client.made(PATH, measurement(device, **{name: {"s": {"value": 1}}}))
    assert client.call("DELETE", PATH, source=device, fragmentType="a", dateTo="2000-01-01").status == 204
    assert len(times(client)) == 2
    assert client.call("DELETE", PATH, source=device, fragmentType="a").status == 204
    (left,) = client.get(PATH).body["measurements"]
    assert "b" in left
