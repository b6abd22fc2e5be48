"""What one tenant asks for by the ids, names and words of another one is not there."""

import json
from typing import Any

import pytest

from tests.dialects.cumulocity.client import Client

pytestmark = pytest.mark.row("G3")
OBJECTS = "/inventory/managedObjects"
SECRET = "sesame"


class Both:
    """Two tenants of one stage; `theirs` is the id of an object of the other one, with a child, a name and an alarm."""

    def __init__(self) -> None:
        self.client = Client()
        self.other = Client(self.client.ports, "other")
        self.mine = self.client.made(OBJECTS, {"name": "mine", "type": "t", "c8y_IsDevice": {}})["id"]
        body = {"name": SECRET, "type": "t", "c8y_IsDevice": {}, "externalIds": [{"type": "s", "externalId": SECRET}]}
        self.theirs = self.other.made(OBJECTS, body)["id"]
        self.child = self.other.made(f"{OBJECTS}/{self.theirs}/childAssets", {"name": SECRET, "type": "t"})["id"]
        self.other.made(f"/identity/globalIds/{self.theirs}/externalIds", {"type": "s", "externalId": SECRET})


@pytest.fixture(scope="module")
def both() -> Both:
    return Both()


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"ids": "{mine},{theirs},{child}"}, ["mine"]),
        ({"ids": "{theirs}"}, []),
        ({"text": SECRET}, []),
        ({"text": "{theirs}"}, []),
        ({"query": f"name eq '{SECRET}'"}, []),
        ({"query": "type eq 't' or name eq 'ses*'"}, ["mine"]),
        ({"query": "isinhierarchyof('{theirs}')"}, []),
        ({"query": "bygroupid('{theirs}')"}, []),
        ({"query": "$orderby=name asc"}, ["mine"]),
        ({"type": "t"}, ["mine"]),
    ],
    ids=str,
)
def test_lists_have_nothing_of_another_tenant(both: Both, query: dict[str, str], found: list[str]) -> None:
    asked = {name: named(both, value) for name, value in query.items()}
    body = both.client.get(OBJECTS, **asked).body
    assert [one["name"] for one in body["managedObjects"]] == found


def named(both: Both, text: str) -> str:
    for name in ("mine", "theirs", "child"):
        text = text.replace(f"{{{name}}}", getattr(both, name))
    return text


def test_a_child_that_is_asked_for_its_parents_is_not_there(both: Both) -> None:
    assert both.client.get(OBJECTS, childAssetId=both.child).status == 404


def test_an_external_id_of_another_tenant_leads_nowhere_and_is_free(both: Both) -> None:
    path = f"/identity/externalIds/s/{SECRET}"
    assert both.other.get(path).body["managedObject"]["id"] == both.theirs
    assert both.client.get(path).status == 404
    assert both.client.call("DELETE", path).status == 404
    named_ = [{"type": "s", "externalId": SECRET}]
    searched = both.client.call("POST", "/identity/search", {"externalIds": named_})
    assert searched.status == 200
    assert both.theirs not in searched.raw.decode()
    assert both.client.call("POST", f"/identity/globalIds/{both.theirs}/externalIds", named_[0]).status == 404
    made = both.client.call("POST", f"/identity/globalIds/{both.mine}/externalIds", named_[0])
    assert made.status == 201
    assert both.other.get(path).body["managedObject"]["id"] == both.theirs


def test_of_several_objects_one_of_another_tenant_changes_none(both: Both) -> None:
    several = [{"id": number, "told": {"by": "me"}} for number in (both.mine, both.theirs)]
    reply = both.client.call("PUT", OBJECTS, {"managedObjects": several})
    assert reply.status == 404
    assert all("told" not in client.get(f"{OBJECTS}/{number}").body for client, number in owners(both))


def owners(both: Both) -> list[tuple[Client, str]]:
    return [(both.client, both.mine), (both.other, both.theirs)]


@pytest.mark.parametrize("kind", ["childDevices", "childAssets", "childAdditions"])
def test_nobody_becomes_the_child_of_another_tenants_object(both: Both, kind: str) -> None:
    for parent, child in ((both.mine, both.theirs), (both.theirs, both.mine)):
        reply = both.client.call("POST", f"{OBJECTS}/{parent}/{kind}", {"managedObject": {"id": child}})
        assert reply.status in (404, 422)
        assert SECRET not in reply.raw.decode()


@pytest.mark.parametrize("path", ["/alarm/alarms", "/event/events", "/measurement/measurements"])
def test_data_of_another_tenants_source_is_neither_made_nor_shown(both: Both, path: str) -> None:
    body: dict[str, Any] = {
        "source": {"id": both.theirs},
        "type": "t",
        "text": "x",
        "severity": "MAJOR",
        "time": "2026-01-02T03:04:05Z",
        "c8y_T": {"T": {"value": 1}},
    }
    both.other.made(path, body)
    assert both.client.call("POST", path, body).status == 422
    shown = both.client.get(path, source=both.theirs)
    assert json.loads(shown.raw)[path.rpartition("/")[2]] == []


def test_pages_are_counted_for_each_tenant_alone() -> None:
    both = Both()
    one, two = both.client, both.other
    for client in (one, two):
        for n in range(6):
            client.made(OBJECTS, {"name": f"{client.name} {n}", "type": "room"})

    def page(client: Client, number: int) -> list[str]:
        reply = client.get(OBJECTS, type="room", pageSize=2, currentPage=number).body
        return [found["name"] for found in reply["managedObjects"]]

    assert page(one, 1) == ["acme 0", "acme 1"]
    first = one.get(OBJECTS, type="room", pageSize=1).body["managedObjects"][0]["id"]
    one.call("DELETE", f"{OBJECTS}/{first}")
    assert page(two, 2) == ["other 2", "other 3"]
    assert page(one, 2) == ["acme 2", "acme 3"]
