"""Lists of managed objects (reference, "Managed objects")."""

from typing import Any, ClassVar

import pytest

from chalicelib.fleet.inventory.managed_objects import ManagedObject
from chalicelib.fleet.ports import Page
from tests.dialects.cumulocity.client import Client
from tests.fakes.objects import MemoryObjects

pytestmark = pytest.mark.row("G3")
PATH = "/inventory/managedObjects"


@pytest.fixture(scope="module")
def client() -> Client:
    client = Client()
    for n in range(7):
        client.made(
            PATH, {"name": f"Room {n}", "type": "room" if n % 2 else "hall", "size": {"n": 7 - n}, f"only{n}": {}}
        )
    return client


def listed(client: Client, **query: Any) -> list[str]:
    reply = client.get(PATH, **query)
    assert reply.status == 200, reply.raw
    return [one["name"] for one in reply.body["managedObjects"]]


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({"type": "hall"}, "0246"),
        ({"fragmentType": "only3"}, "3"),
        ({"type": "hall", "fragmentType": "only4"}, "4"),
        ({"query": "$filter=(type eq 'hall' and size.n lt 5)"}, "46"),
        ({"query": "type eq 'room' or has(only0)"}, "0135"),
        ({"query": "name eq 'Room 5'"}, "5"),
        ({"query": "name eq '*5'"}, "5"),
        ({"query": "has(size) $orderby=size.n asc"}, "6543210"),
        ({"query": "$orderby=type asc,name desc"}, "6420531"),
        ({"text": "room 3"}, "0123456"),
        ({"onlyRoots": "true"}, "0123456"),
        ({"q": "$filter=(name eq 'Room 1')"}, ""),
        ({"owner": "nobody"}, ""),
    ],
)
def test_what_is_asked_for_is_listed(client: Client, query: dict[str, Any], names: str) -> None:
    assert listed(client, pageSize=100, **query) == [f"Room {n}" for n in names]


@pytest.mark.parametrize("size", [1, 2, 3, 5, 7, 100])
def test_pages_are_one_big_page(client: Client, size: int) -> None:
    found, page = [], 1
    while True:
        reply = client.get(PATH, pageSize=size, currentPage=page, withTotalPages="true", withTotalElements="true").body
        found += [one["name"] for one in reply["managedObjects"]]
        assert reply["statistics"]["totalPages"] == -(-7 // size)
        assert ("prev" in reply) == (page > 1)
        if "next" not in reply:
            break
        page += 1
    assert found == [f"Room {n}" for n in range(7)]
    assert client.get(PATH, pageSize=size, currentPage=page + 1).body["managedObjects"] == []


def test_several_by_their_ids_and_what_is_not_there_left_out(client: Client) -> None:
    numbers = [one["id"] for one in client.get(PATH).body["managedObjects"]]
    assert listed(client, ids=f"{numbers[1]},1,{numbers[0]}") == ["Room 1", "Room 0"]


@pytest.mark.parametrize("number", ["x", "0", "-1", "007", "1#object", "\0", "9" * 17, "é" * 1_100])
def test_what_is_no_number_is_no_object(client: Client, number: str) -> None:
    assert listed(client, ids=number) == []
    assert client.get(PATH, childAssetId=number).status == 404
    for function in ("bygroupid", "isinhierarchyof"):
        assert listed(client, query=f"{function}('{number}')") == []


@pytest.mark.parametrize(
    "query", [{"pageSize": 0}, {"pageSize": "x"}, {"currentPage": 0}, {"query": "type is x"}, {"currentPage": 20_000}]
)
def test_what_cannot_be_listed_is_refused(client: Client, query: dict[str, Any]) -> None:
    assert client.get(PATH, **query).status == 422


def test_strangers_see_nothing_of_it(client: Client) -> None:
    other = Client(client.ports, "other")
    numbers = [one["id"] for one in client.get(PATH).body["managedObjects"]]
    assert listed(other, query="has(size)") == listed(other, text="room") == listed(other, ids=",".join(numbers)) == []


class CountedObjects(MemoryObjects):
    """How many objects were read, page by page."""

    read: ClassVar[list[int]] = []

    def page(self, tenant: str, *, after: str | None, limit: int, descending: bool = False) -> Page[ManagedObject]:
        found = super().page(tenant, after=after, limit=limit, descending=descending)
        self.read.append(len(found.items))
        return found


@pytest.mark.parametrize(
    ("query", "read"), [({}, [6]), ({"pageSize": 100}, [101]), ({"pageSize": 2, "currentPage": 3}, [7])]
)
def test_a_page_reads_what_it_shows(query: dict[str, int], read: list[int]) -> None:
    client = Client()
    CountedObjects.read.clear()
    for n in range(3):
        client.call("POST", PATH, {"managedObjects": [{"name": f"{n}"}] * 50})
    client.ports.objects = CountedObjects(**vars(client.ports.objects))
    assert client.get(PATH, **query).status == 200
    assert CountedObjects.read == read
