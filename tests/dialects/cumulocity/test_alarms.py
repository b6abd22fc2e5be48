"""Alarms (reference, "Alarms")."""

from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.fleet.access.roles import Role
from chalicelib.fleet.data import alarms
from chalicelib.fleet.data.alarm_records import Alarm
from tests.dialects.cumulocity.client import Client
from tests.fakes.alarms import MemoryAlarms

pytestmark = pytest.mark.row("G6")
OBJECTS, PATH = "/inventory/managedObjects", "/alarm/alarms"
AT = "2013-08-19T21:31:22.740+02:00"
LATER = "2013-08-19T19:31:23Z"


@pytest.fixture
def client() -> Client:
    return Client()


@pytest.fixture
def device(client: Client) -> str:
    return str(client.made(OBJECTS, {"name": "Tracker", "c8y_IsDevice": {}})["id"])


def alarm(source: str, **changes: Any) -> dict[str, Any]:
    said = {"source": {"id": source}, "type": "c8y_PowerAlarm", "text": "lost power", "severity": "MAJOR", "time": AT}
    return {**said, **changes}


def listed(client: Client, **query: Any) -> list[str]:
    reply = client.get(PATH, pageSize=100, **query)
    assert reply.status == 200, reply.raw
    return [one["text"] for one in reply.body["alarms"]]


def test_what_is_raised_is_there_as_it_was_said(client: Client, device: str) -> None:
    reply = client.call("POST", PATH, alarm(device, battery={"level": 3}))
    assert reply.status == 201
    found = client.get(f"{PATH}/{reply.body['id']}").body
    assert found == reply.body
    assert (found["status"], found["severity"], found["count"]) == ("ACTIVE", "MAJOR", 1)
    assert (found["time"], found["battery"]) == ("2013-08-19T19:31:22.740Z", {"level": 3})
    assert (found["source"]["id"], found["source"]["name"]) == (device, "Tracker")
    assert reply.headers["Location"] == found["self"]
    assert "firstOccurrenceTime" not in found


def test_the_same_again_is_counted_and_nothing_else_changes(client: Client, device: str) -> None:
    first = client.made(PATH, alarm(device))
    again = client.made(PATH, alarm(device, time=LATER, severity="CRITICAL", text="again", more={}))
    assert again["id"] == first["id"]
    assert (again["count"], again["time"]) == (2, "2013-08-19T19:31:23.000Z")
    assert again["firstOccurrenceTime"] == first["time"]
    assert (again["severity"], again["text"], "more" in again) == ("MAJOR", "lost power", False)
    assert client.made(PATH, alarm(device, type="other"))["id"] != first["id"]


def test_an_acknowledged_one_is_counted_and_a_cleared_one_is_over(client: Client, device: str) -> None:
    first = client.made(PATH, alarm(device))["id"]
    assert client.call("PUT", f"{PATH}/{first}", {"status": "ACKNOWLEDGED"}).body["status"] == "ACKNOWLEDGED"
    assert client.made(PATH, alarm(device))["id"] == first
    assert client.call("PUT", f"{PATH}/{first}", {"status": "CLEARED"}, accept=None).raw == b""
    assert client.made(PATH, alarm(device))["id"] != first


def test_one_that_is_reported_as_cleared_stands_for_itself(client: Client, device: str) -> None:
    open_one = client.made(PATH, alarm(device))["id"]
    cleared = [client.made(PATH, alarm(device, status="CLEARED")) for _ in range(2)]
    assert len({open_one, *(one["id"] for one in cleared)}) == 3
    assert cleared[0]["status"] == "CLEARED"


def test_nobody_is_alarmed_in_maintenance(client: Client) -> None:
    source = client.made(OBJECTS, {"c8y_IsDevice": {}, "c8y_RequiredAvailability": {"responseInterval": -1}})["id"]
    reply = client.call("POST", PATH, alarm(source))
    assert reply.status == 201
    assert reply.body["self"].endswith("/alarm/alarms/null")
    assert listed(client) == []


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "Following mandatory fields should be included: severity,source,text,time,type"),
        ({"severity": None, "time": ""}, "Following mandatory fields should be included: severity,time"),
        ({"severity": "BAD"}, "severity is one of CRITICAL, MAJOR, MINOR, WARNING, not BAD"),
        ({"status": 3}, "status is one of ACTIVE, ACKNOWLEDGED, CLEARED, not 3"),
        ({"time": "yesterday"}, "time is a date and time in ISO 8601, not yesterday"),
        ({"text": 1}, "text is a text of 1 to 10000 characters"),
        ({"type": "x" * 257}, "type is a text of 1 to 256 characters"),
        ({"a.b": 1}, "the name of a property has no dot and does not begin with $: a.b"),
        ({"source": {"id": "1"}}, "Finding device data from database failed : No managedObject for id '1'!"),
    ],
)
def test_what_is_no_alarm_is_refused(client: Client, device: str, body: dict[str, Any], message: str) -> None:
    reply = client.call("POST", PATH, {**alarm(device), **body} if body else {})
    assert (reply.status, reply.error, reply.message) == (422, "undefined/validationError", message)


def test_a_client_may_send_back_what_it_was_told(client: Client, device: str) -> None:
    found = client.made(PATH, alarm(device, old=1))
    sent = {**found, "severity": "MINOR", "text": "low", "new": 2, "old": None}
    changed = client.call("PUT", f"{PATH}//{found['id']}", sent).body
    assert (changed["severity"], changed["text"], changed["new"], "old" in changed) == ("MINOR", "low", 2, False)
    for other in ({"type": "x"}, {"time": LATER}, {"source": {"id": "1"}}, {"severity": "x"}, {"status": "x"}):
        assert client.call("PUT", f"{PATH}/{found['id']}", other).status == 422


def test_one_of_a_kind_is_open(client: Client, device: str) -> None:
    first = client.made(PATH, alarm(device))["id"]
    client.call("PUT", f"{PATH}/{first}", {"status": "CLEARED"})
    assert client.call("PUT", f"{PATH}/{first}", {"status": "ACTIVE"}).status == 200
    client.call("PUT", f"{PATH}/{first}", {"status": "CLEARED"})
    client.made(PATH, alarm(device))
    assert client.call("PUT", f"{PATH}/{first}", {"status": "ACTIVE"}).status == 409


def test_upserting_changes_the_open_one_or_raises_it(client: Client, device: str) -> None:
    made = client.call("POST", f"{PATH}/upsert", alarm(device, old=1))
    assert (made.status, made.body["previousState"], made.body["alarm"]["count"]) == (201, None, 1)
    changed = client.call("POST", f"{PATH}/upsert", alarm(device, severity="MINOR", text="low"))
    assert changed.status == 200
    assert changed.body["previousState"]["severity"] == "MAJOR"
    now = changed.body["alarm"]
    assert (now["id"], now["severity"], now["text"], "old" in now) == (made.body["alarm"]["id"], "MINOR", "low", False)
    assert now["count"] == 1
    counted = client.call("POST", f"{PATH}/upsert", alarm(device, time=LATER), incrementCount="true").body
    assert (counted["previousState"]["count"], counted["alarm"]["count"]) == (1, 2)
    assert client.call("POST", f"{PATH}/upsert", alarm(device, status="CLEARED")).body["alarm"]["status"] == "CLEARED"
    assert client.call("POST", f"{PATH}/upsert", alarm(device)).status == 201


@pytest.fixture(scope="module")
def fleet() -> tuple[Client, list[str]]:
    """A house, a room in it and a device in that; alarms a to f."""
    client = Client()
    house, room = (client.made(OBJECTS, {"name": name})["id"] for name in ("house", "room"))
    device = client.made(OBJECTS, {"name": "device", "c8y_IsDevice": {}})["id"]
    client.made(f"{OBJECTS}/{house}/childAssets", {"managedObject": {"id": room}})
    client.made(f"{OBJECTS}/{room}/childDevices", {"managedObject": {"id": device}})
    for text, source, changes in (
        ("a", house, {"severity": "CRITICAL"}),
        ("b", room, {"time": "2020-01-02"}),
        ("c", device, {"status": "ACKNOWLEDGED", "severity": "MINOR"}),
        ("d", device, {"status": "CLEARED"}),
        ("e", device, {"time": "2020-01-01"}),
        ("f", device, {"status": "CLEARED", "severity": "WARNING"}),
    ):
        client.made(PATH, alarm(source, text=text, type=f"of {text}", **changes))
    return client, [house, room, device]


@pytest.mark.parametrize(
    ("query", "texts"),
    [
        ({}, "fedcba"),
        ({"source": 0}, "a"),
        ({"source": 2}, "fedc"),
        ({"source": 0, "withSourceAssets": "true"}, "ba"),
        ({"source": 0, "withSourceAssets": "true", "withSourceDevices": "true"}, "fedcba"),
        ({"source": 0, "withSourceChildren": "true"}, "fedcba"),
        ({"source": 0, "withSourceDevices": "true"}, "a"),
        ({"source": 2, "status": "ACTIVE"}, "e"),
        ({"status": "ACTIVE,ACKNOWLEDGED"}, "ecba"),
        ({"status": "cleared"}, "fd"),
        ({"resolved": "true"}, "fd"),
        ({"resolved": "false", "status": "CLEARED"}, "ecba"),
        ({"severity": "CRITICAL,WARNING"}, "fa"),
        ({"type": "of a,of d"}, "da"),
        ({"dateFrom": "2020-01-01"}, "eb"),
        ({"dateFrom": "2020-01-01", "dateTo": "2020-01-02T00:00:00+00:00"}, "e"),
        ({"dateTo": "2019-01-01T00:00:00Z"}, "fdca"),
        ({"createdTo": "2000-01-01"}, ""),
        ({"lastUpdatedFrom": "2000-01-01"}, "fedcba"),
        ({"source": "12"}, ""),
        ({"source": "nobody"}, ""),
    ],
)
def test_what_is_asked_for_is_listed_and_counted(
    fleet: tuple[Client, list[str]], query: dict[str, Any], texts: str
) -> None:
    client, numbers = fleet
    asked = {n: numbers[v] if isinstance(v, int) else v for n, v in query.items()}
    assert "".join(listed(client, **asked)) == texts
    assert client.get(f"{PATH}/count", **asked).raw == str(len(texts)).encode()
    counted = client.get(PATH, pageSize=1, withTotalPages="true", **asked).body["statistics"]
    assert counted["totalPages"] == len(texts)


@pytest.mark.parametrize("query", [{"status": "x"}, {"severity": "x"}, {"dateFrom": "x"}, {"resolved": "x"}])
def test_what_cannot_be_listed_is_refused(fleet: tuple[Client, list[str]], query: dict[str, Any]) -> None:
    assert fleet[0].get(PATH, **query).status == 422


@pytest.mark.parametrize("size", [1, 2, 4])
def test_pages_are_one_big_page(fleet: tuple[Client, list[str]], size: int) -> None:
    client, found, page = fleet[0], "", 1
    while texts := client.get(PATH, pageSize=size, currentPage=page).body["alarms"]:
        found += "".join(one["text"] for one in texts)
        page += 1
    assert found == "fedcba"


def test_many_are_changed_and_deleted_by_what_they_are(client: Client, device: str) -> None:
    for kind in "abc":
        client.made(PATH, alarm(device, type=kind, text=kind))
    assert client.call("PUT", PATH, {"status": "CLEARED"}, source=device, type="a").status == 200
    assert listed(client, resolved="true") == ["a"]
    assert client.call("DELETE", PATH, status="CLEARED").status == 204
    assert listed(client) == ["c", "b"]
    for method, body in (("PUT", {"status": "CLEARED"}), ("DELETE", None)):
        assert client.call(method, PATH, body).status == 422
        assert client.call(method, PATH, body, withSourceAssets="true").status == 422
    assert client.call("PUT", PATH, {}, source=device).status == 422
    assert client.call("DELETE", PATH, source=device).status == 204
    assert listed(client) == []


@pytest.mark.parametrize("name", ["source", "type", "status", "severity", "resolved", "dateFrom", "createdTo"])
def test_a_filter_that_is_empty_means_nothing_rather_than_everything(client: Client, device: str, name: str) -> None:
    client.made(PATH, alarm(device))
    every: list[dict[str, Any]] = [{}, {"severity": "MAJOR"}]
    for others in every:
        for method, body in (("PUT", {"status": "CLEARED"}), ("DELETE", None)):
            reply = client.call(method, PATH, body, **{**others, name: ""})
            assert (reply.status, reply.error) == (422, "undefined/validationError")
            assert reply.message.startswith(f"{name} is empty")
    assert listed(client, resolved="false") == ["lost power"]


def test_an_alarm_grows_no_further_than_it_can_be_kept(client: Client, device: str) -> None:
    number = client.made(PATH, alarm(device, one="x" * 200_000))["id"]
    reply = client.call("PUT", f"{PATH}/{number}", {"two": "y" * 200_000})
    assert (reply.status, reply.error) == (413, "general/payloadTooLarge")
    assert client.call("PUT", f"{PATH}/{number}", {"one": None, "two": "y" * 200_000}).status == 200


class Meanwhile(MemoryAlarms):
    """Where somebody else deletes, or clears and raises, an alarm between the reads and the write of a request."""

    meanwhile: list[Callable[[], object]]

    def replace(self, old: Alarm, new: Alarm, **how: Any) -> bool:
        if self.meanwhile:
            self.meanwhile.pop()()
        return super().replace(old, new, **how)

    def delete(self, tenant: str, alarm: str) -> None:
        super().delete(tenant, alarm)
        if self.meanwhile:
            self.meanwhile.pop()()


def meanwhile(client: Client, *happens: Callable[[], object]) -> None:
    """From now on, by turns from the last."""
    alarms = Meanwhile(**vars(client.ports.alarms))
    alarms.meanwhile = list(happens)
    client.ports.alarms = alarms


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_many_are_changed_though_somebody_deletes_some(client: Client, device: str, method: str) -> None:
    numbers = [client.made(PATH, alarm(device, type=kind, text=kind))["id"] for kind in "abc"]
    meanwhile(client, lambda: MemoryAlarms.delete(client.ports.alarms, client.tenant.id, numbers[1]))
    body = {"status": "CLEARED"} if method == "PUT" else None
    assert client.call(method, PATH, body, source=device).status in (200, 204)
    assert listed(client, resolved="false") == []
    assert listed(client) == (["c", "a"] if method == "PUT" else [])


def test_what_is_upserted_is_raised_where_the_open_one_is_deleted(client: Client, device: str) -> None:
    first = client.made(PATH, alarm(device))["id"]
    meanwhile(client, lambda: alarms.delete(client.ports, client.tenant.id, first))
    reply = client.call("POST", f"{PATH}/upsert", alarm(device, text="again"))
    assert (reply.status, listed(client)) == (201, ["again"])


def test_what_is_upserted_changes_the_one_that_is_open_by_now(client: Client, device: str) -> None:
    first = client.made(PATH, alarm(device))["id"]

    def another() -> None:
        client.call("PUT", f"{PATH}/{first}", {"status": "CLEARED"})
        client.made(PATH, alarm(device, text="another"))

    meanwhile(client, another)
    reply = client.call("POST", f"{PATH}/upsert", alarm(device, text="again"))
    assert (reply.status, listed(client, resolved="false")) == (200, ["again"])


def test_a_reader_changes_nothing(client: Client, device: str) -> None:
    number = client.made(PATH, alarm(device))["id"]
    reader = client.credentials_with(Role.DATA_R)
    assert client.call("GET", f"{PATH}/{number}", auth=reader).status == 200
    for method, path in (("POST", PATH), ("PUT", f"{PATH}/{number}"), ("DELETE", PATH), ("POST", f"{PATH}/upsert")):
        assert client.call(method, path, alarm(device), auth=reader).status == 403
    assert client.call("GET", PATH, auth=client.credentials_with(Role.DEVICE_R)).status == 403


def test_another_tenants_alarm_is_not_there(client: Client, device: str) -> None:
    number = client.made(PATH, alarm(device))["id"]
    other = Client(client.ports, "other")
    missing = other.get(f"{PATH}/{number}")
    assert (missing.status, missing.error) == (404, "alarm/notFound")
    assert missing.message == f"Finding alarm from database failed : No alarm for gid '{number}'!"
    assert other.call("PUT", f"{PATH}/{number}", {"status": "CLEARED"}).status == 404
    assert other.call("POST", PATH, alarm(device)).status == 422
    assert listed(other) == listed(other, source=device) == []
    other.call("DELETE", PATH, source=device)
    assert listed(client) == ["lost power"]


def test_an_object_takes_its_alarms_along(client: Client) -> None:
    number = client.made(OBJECTS, {"c8y_IsDevice": {}})["id"]
    client.made(PATH, alarm(number))
    client.call("DELETE", f"{OBJECTS}/{number}")
    assert client.get(f"{PATH}/count").raw == b"0"


class TestMapping:
    """Options of the category `alarm.type.mapping` change what is raised."""

    def option(self, client: Client, value: str, key: str = "c8y_PowerAlarm") -> None:
        body = {"category": "alarm.type.mapping", "key": key, "value": value}
        assert client.call("POST", "/tenant/options", body).status == 200

    @pytest.mark.parametrize(
        ("value", "severity", "text"),
        [
            ("CRITICAL|no power", "CRITICAL", "no power"),
            ("warning|", "WARNING", "lost power"),
            ("|no power", "MAJOR", "no power"),
            ("BAD|a|b", "MAJOR", "a|b"),
            ("", "MAJOR", "lost power"),
        ],
    )
    def test_severity_and_text_are_those_of_the_option(
        self, client: Client, device: str, value: str, severity: str, text: str
    ) -> None:
        self.option(client, value)
        made = client.made(PATH, alarm(device))
        assert (made["severity"], made["text"]) == (severity, text)
        found = client.call("POST", f"{PATH}/upsert", alarm(device)).body["alarm"]
        assert (found["id"], found["severity"], found["text"]) == (made["id"], severity, text)

    def test_nobody_hears_of_what_is_none(self, client: Client, device: str) -> None:
        self.option(client, "NONE")
        reply = client.call("POST", PATH, alarm(device))
        assert (reply.status, reply.body["self"].endswith("/alarm/alarms/null")) == (201, True)
        assert client.call("POST", f"{PATH}/upsert", alarm(device)).status == 201
        assert listed(client) == []

    def test_other_types_and_tenants_are_as_they_were(self, client: Client, device: str) -> None:
        self.option(client, "NONE", key="other")
        stranger = Client(client.ports, "stranger")
        self.option(stranger, "NONE")
        assert client.made(PATH, alarm(device))["severity"] == "MAJOR"
        assert client.made(PATH, alarm(device, type="\u20ac" * 256))["severity"] == "MAJOR"
