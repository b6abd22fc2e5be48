"""Relatives that stand in the objects themselves, and how many objects there are (reference, "Managed objects")."""

from typing import Any

import pytest

from chalicelib.dialects.cumulocity.rest.relatives import MOST_SHOWN
from chalicelib.fleet.inventory import hierarchy, objects
from chalicelib.fleet.inventory.managed_objects import ChildKind
from tests.dialects.cumulocity.client import Client

PATH = "/inventory/managedObjects"


@pytest.fixture
def client() -> Client:
    return Client()


def made(client: Client, name: str, **more: Any) -> str:
    return str(client.made(PATH, {"name": name, **more})["id"])


def named(collection: Any) -> list[str | None]:
    return [one["managedObject"].get("name") for one in collection["references"]]


def family(client: Client) -> tuple[str, str, str]:
    """House, room and sensor, each the child asset of the one before; the sensor is the house's child device too."""
    house, room, sensor = (made(client, name, type="kin") for name in ("house", "room", "sensor"))
    for parent, kind, child in (
        (house, "childAssets", room),
        (room, "childAssets", sensor),
        (house, "childDevices", sensor),
    ):
        client.made(f"{PATH}/{parent}/{kind}", {"managedObject": {"id": child}})
    return house, room, sensor


def test_one_object_is_shown_with_its_children_and_their_names(client: Client) -> None:
    house, room, sensor = family(client)
    shown = client.get(f"{PATH}/{house}").body
    (asset,) = shown["childAssets"]["references"]
    assert asset["managedObject"] == {"id": room, "name": "room", "self": f"http://acme.example.com{PATH}/{room}"}
    assert asset["self"].endswith(f"{PATH}/{house}/childAssets/{room}")
    assert (named(shown["childDevices"]), named(shown["childAdditions"])) == (["sensor"], [])
    bare = client.get(f"{PATH}/{house}", skipChildrenNames="true").body
    assert named(bare["childDevices"]) == [None]
    assert bare["childDevices"]["references"][0]["managedObject"]["id"] == sensor
    assert not client.get(f"{PATH}/{house}", withChildren="false").body["childAssets"]["references"]


def test_a_list_shows_children_and_counts_where_they_are_asked_for(client: Client) -> None:
    family(client)
    house, room, sensor = client.get(PATH, type="kin").body["managedObjects"]
    assert "count" not in house["childAssets"]
    assert not house["childAssets"]["references"]
    house, room, sensor = client.get(PATH, type="kin", withChildren="true", withChildrenCount="true").body[
        "managedObjects"
    ]
    assert named(house["childAssets"]) == ["room"]
    assert [one["childAssets"]["count"] for one in (house, room, sensor)] == [1, 1, 0]


def test_parents_are_those_of_all_levels_of_one_kind(client: Client) -> None:
    _, _, sensor = family(client)
    shown = client.get(f"{PATH}/{sensor}", withParents="true").body
    assert named(shown["assetParents"]) == ["room", "house"]
    assert (named(shown["deviceParents"]), named(shown["additionParents"])) == (["house"], [])
    assert not client.get(f"{PATH}/{sensor}").body["assetParents"]["references"]
    (listed,) = client.get(PATH, ids=sensor, withGroups="true").body["managedObjects"]
    assert (named(listed["assetParents"]), named(listed["deviceParents"])) == (["room", "house"], [])


def test_of_many_children_the_first_stand_in_the_object(client: Client) -> None:
    parent, tenant = made(client, "parent"), client.tenant.id
    for _ in range(MOST_SHOWN + 1):
        child = objects.create(client.ports, tenant, objects.Draft())
        hierarchy.link(client.ports, tenant, parent, child.id, ChildKind.ADDITION)
    shown = client.get(f"{PATH}/{parent}", withChildrenCount="true").body["childAdditions"]
    assert (len(shown["references"]), shown["count"]) == (MOST_SHOWN, MOST_SHOWN + 1)


def test_several_children_are_taken_away_at_once(client: Client) -> None:
    parent, *children = (made(client, name) for name in ("parent", "a", "b", "c"))
    references = [{"managedObject": {"id": child}} for child in children]
    path = f"{PATH}/{parent}/childAssets"
    client.made(path, {"references": references})
    assert client.call("DELETE", path, {"references": references[:2]}).status == 204
    assert named(client.get(path).body) == ["c"]
    assert client.call("DELETE", path, {"references": "all"}).status == 422
    assert client.call("DELETE", path, {"references": [{"managedObject": {"id": "1"}}]}).status == 404


def test_the_count_is_a_number_alone(client: Client) -> None:
    family(client)
    assert client.get(f"{PATH}/count").body == 3
    assert client.get(f"{PATH}/count", query="name eq 'ro*'").body == 1
    assert client.get(f"{PATH}/count", query="name eq").status == 422
