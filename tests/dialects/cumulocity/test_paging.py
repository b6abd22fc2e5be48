"""Lists read page after page by clients that count the pages (reference, "Query result paging")."""

from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import pytest

from chalicelib.dialects.cumulocity.rest import cursors, lists, paging
from chalicelib.fleet import ids
from chalicelib.fleet.access import callers
from chalicelib.fleet.access.roles import Role
from chalicelib.fleet.commands import creating
from chalicelib.fleet.data import alarms
from chalicelib.fleet.errors import Invalid
from chalicelib.web.request import Query, Request
from tests.dialects.cumulocity.client import Client
from tests.fakes import MemoryPorts

pytestmark = pytest.mark.row("G3")
OBJECTS = "/inventory/managedObjects"
TIME = "2026-01-02T03:04:05Z"
LAST_FIRST = "type eq 't' $orderby=_id desc"
RANGE = {"dateFrom": "2020-01-01", "dateTo": "2100-01-01"}
Made = Callable[[], str]


class Lists:
    """Of each kind of list one: where it is, under which name, and how something is put into it or taken away."""

    def __init__(self) -> None:
        self.client = Client()
        self.device = self.client.made(OBJECTS, {"name": "pump", "c8y_IsDevice": {}})["id"]
        self.numbers = count()

    def object(self) -> str:
        return str(self.client.made(OBJECTS, {"type": "t"})["id"])

    def child(self) -> str:
        return str(self.client.made(f"{OBJECTS}/{self.device}/childAssets", {"name": "child"})["id"])

    def alarm(self) -> str:
        return self._told("/alarm/alarms", {"text": "hot", "severity": "MAJOR"})

    def event(self) -> str:
        return self._told("/event/events", {"text": "seen"})

    def measurement(self) -> str:
        return self._told("/measurement/measurements", {"temp": {"T": {"value": 1}}})

    def operation(self) -> str:
        made = self.client.made("/devicecontrol/operations", {"deviceId": self.device, "c8y_Restart": {}})
        return str(made["id"])

    def _told(self, path: str, body: dict[str, Any]) -> str:
        about = {"source": {"id": self.device}, "type": f"t{next(self.numbers)}", "time": TIME}
        return str(self.client.made(path, {**about, **body})["id"])

    def remove(self, path: str, number: str) -> None:
        ports, tenant = self.client.ports, self.client.tenant.id
        if path == "/alarm/alarms":
            alarms.delete(ports, tenant, number)
        elif path == "/devicecontrol/operations":
            creating.delete(ports, tenant, ids.of_number(number))
        else:
            place = OBJECTS if path.startswith(OBJECTS) else path
            assert self.client.call("DELETE", f"{place}/{number}").status == 204

    def page(self, path: str, name: str, number: int, **query: Any) -> list[str]:
        reply = self.client.get(path, pageSize=3, currentPage=number, **query)
        assert reply.status == 200, reply.raw
        return [str((one.get("managedObject") or one)["id"]) for one in reply.body[name]]


def kinds(lists_: Lists) -> dict[str, tuple[Made, str, str, dict[str, Any]]]:
    device = lists_.device
    data = {"source": device}
    raised, events, measurements = "/alarm/alarms", "/event/events", "/measurement/measurements"
    operations = "/devicecontrol/operations"
    return {
        "objects": (lists_.object, OBJECTS, "managedObjects", {"type": "t"}),
        "objects, the last first": (
            lists_.object,
            OBJECTS,
            "managedObjects",
            {"query": LAST_FIRST},
        ),
        "children": (lists_.child, f"{OBJECTS}/{device}/childAssets", "references", {}),
        "alarms": (lists_.alarm, raised, "alarms", {}),
        "alarms of a source": (lists_.alarm, raised, "alarms", data),
        "events": (lists_.event, events, "events", data),
        "events, the oldest first": (lists_.event, events, "events", {**data, **RANGE, "revert": "true"}),
        "measurements": (lists_.measurement, measurements, "measurements", data),
        "measurements, the oldest first": (lists_.measurement, measurements, "measurements", {**data, **RANGE}),
        "operations": (lists_.operation, operations, "operations", {"deviceId": device}),
        "operations, the newest first": (
            lists_.operation,
            operations,
            "operations",
            {"deviceId": device, **RANGE, "revert": "true"},
        ),
        "operations that wait": (lists_.operation, operations, "operations", {"deviceId": device, "status": "PENDING"}),
    }


@pytest.mark.parametrize("kind", kinds(Lists()))
def test_what_goes_while_a_list_is_read_moves_nothing_out_of_sight(kind: str) -> None:
    lists_ = Lists()
    make, path, name, query = kinds(lists_)[kind]
    made = [make() for _ in range(8)]
    every = walked(lists_, path, name, query)
    assert sorted(every) == sorted(made)
    first = lists_.page(path, name, 1, **query)
    for gone in first[:2]:
        lists_.remove(path, gone)
    second = lists_.page(path, name, 2, **query)
    assert [*first, *second] == every[:6]
    # Whoever begins anew sees what is there now.
    assert walked(lists_, path, name, query) == every[2:]


def walked(lists_: Lists, path: str, name: str, query: dict[str, Any]) -> list[str]:
    found: list[str] = []
    for number in count(1):
        page = lists_.page(path, name, number, **query)
        found += page
        if not page:
            break
    return found


def test_records_of_the_audit_log_are_read_on_while_others_come() -> None:
    client = Client()
    body = {"source": {"id": "1"}, "type": "t", "text": "x", "time": TIME, "activity": "a"}
    made = [client.made("/audit/auditRecords", body)["id"] for _ in range(7)]

    def page(number: int) -> list[str]:
        found = client.get("/audit/auditRecords", pageSize=3, currentPage=number, type="t").body["auditRecords"]
        return [one["id"] for one in found]

    first = page(1)
    client.made("/audit/auditRecords", body)
    assert [*first, *page(2), *page(3)] == made[::-1]


def test_what_comes_at_the_front_pushes_nothing_onto_the_next_page() -> None:
    lists_ = Lists()
    made = [lists_.event() for _ in range(6)]
    first = lists_.page("/event/events", "events", 1, source=lists_.device)
    lists_.event()
    assert [*first, *lists_.page("/event/events", "events", 2, source=lists_.device)] == made[::-1]


def test_it_is_remembered_for_a_quarter_of_an_hour_and_of_one_list_and_caller() -> None:
    lists_ = Lists()
    made = [lists_.object() for _ in range(9)]
    other = lists_.client.credentials_with(Role.DEVICE_R)

    def page(**query: Any) -> list[str]:
        reply = lists_.client.get(OBJECTS, **{"type": "t", "pageSize": 3, "currentPage": 2, **query})
        return [one["id"] for one in reply.body["managedObjects"]]

    page(currentPage=1)
    lists_.client.call("DELETE", f"{OBJECTS}/{made[0]}")
    assert page() == made[3:6]
    assert page(auth=other) == made[4:7]
    assert page(pageSize=2) == made[3:5]
    assert page(type="", fragmentType="none") == []
    assert page(withTotalPages="true") == made[3:6]
    lists_.client.ports.clock.advance(ms=cursors.KEPT * 1000)
    assert page() == made[4:7]


def test_whoever_reads_all_pages_gets_beyond_what_can_be_skipped() -> None:
    ports = MemoryPorts()
    walks: list[int] = []

    def walk(after: str | None) -> Iterator[int]:
        for number in range(0 if after is None else int(after) + 1, 30_000):
            walks.append(number)
            yield number

    def page(number: int) -> list[int]:
        request = Request(caller=callers.of_operator("t"), query=Query({"currentPage": [str(number)], "a": ["b"]}))
        return lists.items(ports, request, paging.Wanted(number, 2_000, False, False), walk, str, ("some",))

    with pytest.raises(Invalid, match="one after the other"):
        page(12)
    found = [one for number in range(1, 17) for one in page(number)]
    assert found == list(range(30_000)) == walks
