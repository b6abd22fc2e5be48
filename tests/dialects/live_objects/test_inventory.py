"""Manual 5.3.2: filters, order and pages of the list of devices."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.dialects.live_objects.rest import searching
from chalicelib.fleet.inventory.records import Device, Interface
from chalicelib.fleet.ports import Page
from chalicelib.fleet.presence.mailbox import Mailbox
from chalicelib.fleet.presence.records import Presence
from tests.dialects.live_objects.client import DEVICES, Client
from tests.fakes.clock import SetClock

pytestmark = pytest.mark.row("B2")
GROUPS = "/api/v1/deviceMgt/groups"
WITH_TOTAL = {"X-Total-Count": "true"}


def urn(number: int) -> str:
    return f"urn:lo:nsid:n:{number:05d}"


def numbers(client: Client, **query: Any) -> list[int]:
    return [int(device["id"][-5:]) for device in client.get(DEVICES, **query).body]


@pytest.fixture
def fleet(client: Client) -> Client:
    """Five devices that differ in everything that a list can sort by."""
    group = client.call("POST", GROUPS, {"pathNode": "lyon"}).body["id"]
    places = ["root", group, "root", group, "root"]
    for number, name in enumerate(["delta", "alpha", "echo", "bravo", "charlie"]):
        client.ports.clock.advance(seconds=1)
        interface = {"connector": "mqtt", "enabled": number != 3, "definition": {"clientId": f"c{number}"}}
        body = {
            "id": urn(number),
            "name": name,
            "tags": ["even" if number % 2 == 0 else "odd", f"t{number}"],
            "group": {"id": places[number]},
            "interfaces": [interface] if number < 4 else [],
        }
        assert client.call("POST", DEVICES, body).status == 200
    for number, ended in ((0, None), (1, 5_000), (2, None)):
        box = client.ports.mailboxes.rows[client.tenant.id, urn(number)]
        session = None if ended else "s"
        seen = Presence("live_objects", f"c{number}", session, since=1, ended=ended, last_contact=9_000 - number)
        client.ports.mailboxes.replace(box, box.with_presence(f"mqtt:c{number}", seen))
    client.call("PATCH", f"{DEVICES}/{urn(0)}", {"id": urn(0), "description": "later"})
    return client


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("id", [0, 1, 2, 3, 4]),
        ("-id", [4, 3, 2, 1, 0]),
        ("name", [1, 3, 4, 0, 2]),
        ("group", [0, 2, 4, 1, 3]),
        ("-created", [4, 3, 2, 1, 0]),
        ("updated,id", [1, 2, 3, 0, 4]),
        ("interfaces.status", [4, 3, 1, 0, 2]),
        ("interfaces.enabled", [4, 3, 0, 1, 2]),
        ("-interfaces.lastContact", [0, 1, 2, 3, 4]),
        ("group,-name", [2, 0, 4, 3, 1]),
        ("urn", [0, 1, 2, 3, 4]),
        ('["-creationTs","urn"]', [4, 3, 2, 1, 0]),
    ],
)
def test_a_list_is_sorted_by_each_of_its_columns(fleet: Client, sort: str, order: list[int]) -> None:
    assert numbers(fleet, sort=sort) == order


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"interfaces.status": "ONLINE"}, [0, 2]),
        ({"interfaces.status": "OFFLINE"}, [1]),
        ({"interfaces.status": "ONLINE,DEACTIVATED"}, [0, 2, 3]),
        ({"interfaces.status": "REGISTERED"}, []),
        ({"interfaces.status": "SLEEPING,UNKNOWN"}, []),
        ({"sort": "+id", "tags": "even"}, [0, 2, 4]),
        ({"id": "00003"}, [3]),
        ({"id": "[13]$"}, [1, 3]),
        ({"id": "^nothing"}, []),
        ({"filterQuery": "tags=re=^t[23]$"}, [2, 3]),
        ({"interfaces.nodeId": "c3"}, [3]),
        ({"interfaces.nodeId": "c3", "tags": "even"}, []),
        ({"interfaces.nodeId": "unknown"}, []),
        ({"interfaces.enabled": "false"}, [3]),
        ({"connectors": "none"}, [4]),
        ({"connectors": "mqtt,x-connector"}, [0, 1, 2, 3]),
        ({"connectors": "-mqtt"}, [4]),
        ({"groupPath": "/lyon"}, [1, 3]),
        ({"groupPath": "/lyon", "tags": "t3"}, [3]),
        ({"tags": "even", "interfaces.status": "ONLINE", "sort": "-id"}, [2, 0]),
        ({"activityStates": "NOT_MONITORED"}, [0, 1, 2, 3, 4]),
        ({"activityStates": "SILENT"}, []),
        ({"filterQuery": "tags==even"}, [0, 2, 4]),
        ({"filterQuery": "groupPath==/lyon;tags!=t3"}, [1]),
        ({"filterQuery": "tags==t4,groupPath==/lyon/*"}, [1, 3, 4]),
        ({"filterQuery": "connector==mqtt;tags=in=(t0,t1,t4)"}, [0, 1]),
        ({"filterQuery": "tags==even", "id": urn(2)}, [2]),
    ],
)
def test_filters_combine_and_are_counted(fleet: Client, query: dict[str, Any], found: list[int]) -> None:
    reply = fleet.call("GET", DEVICES, headers=WITH_TOTAL, **query)
    assert [int(device["id"][-5:]) for device in reply.body] == found
    assert reply.headers["X-Total-Count"] == str(len(found))


@pytest.mark.parametrize("sort", ["id", "-id", "name", "-interfaces.status"])
@pytest.mark.parametrize("filters", [{}, {"tags": "even"}, {"groupPath": "/*"}, {"connectors": "mqtt"}])
def test_pages_after_a_bookmark_are_those_by_offset(fleet: Client, sort: str, filters: dict[str, str]) -> None:
    whole = numbers(fleet, sort=sort, **filters)
    seen: list[int] = []
    while page := numbers(fleet, limit=2, sort=sort, **filters, **({"bookmarkId": urn(seen[-1])} if seen else {})):
        seen += page
    assert seen == whole
    assert numbers(fleet, limit=2, offset=1, sort=sort, **filters) == whole[1:3]


def test_an_offset_ends_where_a_bookmark_must_go_on(fleet: Client) -> None:
    for offset in (10_001, 50_000):
        reply = fleet.get(DEVICES, offset=offset)
        assert (reply.status, reply.code) == (400, "GENERIC_INVALID_PARAMETER_ERROR")
        assert "bookmarkId" in reply.body["message"]


def test_a_bookmark_outside_of_a_sorted_list_is_refused(fleet: Client) -> None:
    assert fleet.get(DEVICES, sort="name", bookmarkId=urn(77)).status == 400


def test_what_an_offset_skips_is_not_read(fleet: Client) -> None:
    assert numbers(fleet, offset=3) == [3, 4]
    assert numbers(fleet, offset=3, sort="-id") == [1, 0]
    assert numbers(fleet, offset=1, bookmarkId=urn(1)) == [3, 4]
    assert numbers(fleet, offset=1, tags="even") == [2, 4]
    assert numbers(fleet, offset=1, tags="even", name="*a*") == [4]
    assert [numbers(fleet, offset=offset) for offset in (5, 6, 10_000)] == [[], [], []]


class SlowClock(SetClock):
    """Ten seconds pass from one look to the next."""

    def now(self) -> int:
        return self.advance(seconds=10)


def test_a_platform_that_is_too_slow_says_so_and_blames_nobody(fleet: Client) -> None:
    fleet.ports.clock = SlowClock(fleet.ports.clock.at)
    reply = fleet.get(DEVICES, name="*zulu", limit=1)
    assert (reply.status, reply.code) == (503, "GENERIC_SERVICE_UNAVAILABLE_ERROR")
    assert f"bookmarkId={urn(0)}" in reply.body["message"]
    # What was seen to its end in one go is an answer, however late.
    assert numbers(fleet, name="*zulu") == []


def test_resources_are_among_the_fields(fleet: Client) -> None:
    assert fleet.get(DEVICES, fields="resources,firmwares,config", limit=1).body == [{"id": urn(0)}]


class TestHugeFleet:
    """More devices than one list looks at."""

    @pytest.fixture
    def huge(self, client: Client) -> Client:
        interface = Interface("mqtt", "", "live_objects", 1, 1)
        for number in range(searching.SCANNED + 100):
            one = replace(interface, node=f"n{number}")
            tags = ("last",) if number >= searching.SCANNED else ("x",) if number % 2500 == 0 else ()
            device = Device(client.tenant.id, urn(number), 1, 1, tags=tags, interfaces=(one,), name=f"n{number}")
            client.ports.devices.rows[device.tenant, device.id] = device
            client.ports.mailboxes.rows[device.tenant, device.id] = Mailbox(device.tenant, device.id)
        return client

    def test_a_filter_that_would_look_at_too_many_says_how_to_go_on(self, huge: Client) -> None:
        reply = huge.get(DEVICES, id="11000$")
        assert (reply.status, reply.code) == (400, "GENERIC_INVALID_PARAMETER_ERROR")
        assert f"bookmarkId={urn(searching.SCANNED - 1)}" in reply.body["message"]
        assert numbers(huge, id="11000$", bookmarkId=urn(searching.SCANNED - 1)) == [11_000]

    def test_texts_are_found_beyond_that(self, huge: Client) -> None:
        assert numbers(huge, name="n11000") == numbers(huge, name="*1000*", id="1100") == [11_000]
        assert huge.call("GET", DEVICES, headers=WITH_TOTAL, name="n1105*").headers["X-Total-Count"] == "11"

    def test_texts_have_an_end_too(self, client: Client) -> None:
        looked: list[int] = []

        def saying(*_: Any, limit: int, **_others: Any) -> Page[Device]:
            looked.append(limit)
            return Page([], urn(sum(looked) - 1))

        client.ports.devices.saying = saying  # type: ignore[method-assign]  # a fleet without an end
        reply = client.get(DEVICES, name="n11000")
        assert (reply.status, reply.code) == (400, "GENERIC_INVALID_PARAMETER_ERROR")
        assert f"bookmarkId={urn(searching.SCANNED_BY_TEXT - 1)}" in reply.body["message"]
        assert (sum(looked), max(looked)) == (searching.SCANNED_BY_TEXT, 1_000)

    def test_who_is_not_online_is_counted_without_reading_mailboxes(self, huge: Client) -> None:
        rows = huge.ports.mailboxes.rows
        for number in (0, 7, 2_500, 11_099):
            box = rows[huge.tenant.id, urn(number)]
            seen = Presence("live_objects", f"n{number}", "s", since=1)
            rows[huge.tenant.id, urn(number)] = box.with_presence(f"mqtt:n{number}", seen)
        asked: list[int] = []
        some = huge.ports.mailboxes.some

        def counted(tenant: str, devices: Sequence[str]) -> dict[str, Mailbox]:
            asked.append(len(devices))
            return some(tenant, devices)

        huge.ports.mailboxes.some = counted  # type: ignore[method-assign]  # to count what is read
        absent: dict[str, Any] = {"interfaces.status": "OFFLINE,REGISTERED"}
        reply = huge.call("GET", DEVICES, headers=WITH_TOTAL, **absent, limit=2)
        assert [device["id"] for device in reply.body] == [urn(1), urn(2)]
        assert reply.headers["X-Total-Count"] == str(searching.SCANNED - 3)
        assert sum(asked) < 20
        tagged = {"interfaces.status": "ONLINE", "tags": "x"}
        assert numbers(huge, **tagged) == [0, 2_500]

    def test_the_last_page_by_offset_is_a_whole_one(self, huge: Client) -> None:
        assert numbers(huge, offset=10_000, limit=1000) == list(range(10_000, 11_000))
        assert numbers(huge, offset=10_000, limit=1, sort="name", tags="x") == []

    def test_what_was_found_until_then_can_be_asked_for(self, huge: Client) -> None:
        reply = huge.get(DEVICES, id=".2500$")
        assert "ask for 1 items" in reply.body["message"]
        assert numbers(huge, id=".2500$", limit=1) == [2500]

    def test_no_order_is_made_of_what_took_too_long_to_read(self, huge: Client) -> None:
        huge.ports.clock = SlowClock(huge.ports.clock.at)
        assert huge.get(DEVICES, sort="name").status == 503

    def test_an_index_finds_what_a_scan_would_not_reach(self, huge: Client) -> None:
        assert len(numbers(huge, tags="last", limit=1000)) == 100
        assert huge.call("GET", DEVICES, headers=WITH_TOTAL, tags="last").headers["X-Total-Count"] == "100"

    def test_only_the_order_of_ids_has_no_end(self, huge: Client) -> None:
        assert "narrow" in huge.get(DEVICES, sort="name").body["message"]
        assert numbers(huge, sort="-id", limit=1) == [searching.SCANNED + 99]
        assert numbers(huge, sort="-name", tags="last", limit=1) == [searching.SCANNED + 99]
