"""Manual 4.3: what a child key inherits goes when its parent loses it, and what a key opened closes with it."""

from typing import Any

import pytest

from chalicelib.fleet.access.records import SLACK
from chalicelib.fleet.access.roles import Role
from tests.dialects.live_objects.client import DEVICES, Client
from tests.fakes import START

pytestmark = pytest.mark.row("A2")
KEYS = "/api/v0/apiKeys"
ALL = [role.value for role in Role]


class Family:
    """A parent, its child and its grandchild, all with the same rights."""

    def __init__(self, client: Client, **fields: Any) -> None:
        self.client = client
        self.parent = self.below(client.master.id, **fields)
        self.child = self.below(self.parent["id"], **fields)
        self.grandchild = self.below(self.child["id"], **fields)

    def below(self, parent: str, **fields: Any) -> Any:
        reply = self.client.call("POST", KEYS, {"parentId": parent, "roles": ["DEVICE_R", "DATA_R"], **fields})
        assert reply.status == 200, reply.raw
        return reply.body

    def update(self, key: Any, **change: Any) -> None:
        assert self.client.call("POST", f"{KEYS}/{key['id']}", change).status == 200

    def read(self, key: Any) -> Any:
        return self.client.get(f"{KEYS}/{key['id']}").body

    def status(self, key: Any) -> int:
        return self.client.call("GET", DEVICES, key=key["value"]).status

    @property
    def revoked(self) -> list[str]:
        return [key for _, key, _ in self.client.ports.background.revocations]


@pytest.fixture
def family(client: Client) -> Family:
    return Family(client)


def test_a_disabled_parent_disables_all_below_until_it_is_enabled_again(family: Family) -> None:
    keys = (family.parent, family.child, family.grandchild)
    family.update(family.parent, active=False)
    assert [family.status(key) for key in keys] == [401, 401, 401]
    assert family.read(family.grandchild)["active"] is False
    family.update(family.parent, active=True)
    assert [family.status(key) for key in keys] == [200, 200, 200]


def test_a_child_that_was_disabled_itself_stays_so(family: Family) -> None:
    family.update(family.child, active=False)
    family.update(family.parent, active=False)
    family.update(family.parent, active=True)
    assert [family.status(key) for key in (family.parent, family.child, family.grandchild)] == [200, 401, 401]


def test_a_parent_that_loses_a_role_takes_it_from_all_below(family: Family) -> None:
    family.update(family.parent, roles=["DATA_R"])
    assert [family.read(key)["roles"] for key in (family.child, family.grandchild)] == [["DATA_R"], ["DATA_R"]]
    assert family.status(family.grandchild) == 403


def test_a_parent_that_ends_earlier_ends_all_below(family: Family) -> None:
    family.update(family.parent, to=START + 1000)
    assert family.read(family.grandchild)["to"] == START + 1000


def test_a_parent_that_begins_later_holds_back_all_below(family: Family) -> None:
    family.update(family.parent, **{"from": START + 1000})
    assert family.status(family.grandchild) == 401
    family.client.ports.clock.advance(seconds=1)
    assert family.status(family.grandchild) == 200


def test_a_parent_with_queues_restricts_all_below(family: Family) -> None:
    family.update(family.parent, scope={"fifos": ["a", "b"]})
    assert family.read(family.grandchild)["scope"] == {"fifos": ["a", "b"]}


def test_a_child_without_a_queue_left_may_do_nothing_rather_than_everything(client: Client) -> None:
    family = Family(client, scope={"fifos": ["a"]})
    family.update(family.parent, scope={"fifos": ["b"]})
    assert family.read(family.child)["roles"] == []
    assert family.read(family.grandchild)["roles"] == []


def test_a_key_below_a_disabled_one_is_born_disabled(family: Family) -> None:
    family.update(family.parent, active=False)
    born = family.below(family.child["id"])
    assert (born["active"], family.status(born)) == (False, 401)
    family.update(family.parent, active=True)
    assert family.status(born) == 200


def test_what_a_key_opened_closes_when_it_loses_rights(family: Family) -> None:
    family.update(family.parent, label="new")
    assert family.revoked == []
    family.update(family.parent, roles=["DATA_R"])
    assert set(family.revoked) == {family.parent["id"], family.child["id"], family.grandchild["id"]}


def test_what_a_key_opened_closes_when_its_secret_is_renewed(family: Family) -> None:
    family.update(family.child, regenerateValue=True)
    assert family.revoked == [family.child["id"]]


def test_what_deleted_keys_opened_closes(family: Family) -> None:
    family.client.call("DELETE", f"{KEYS}/{family.child['id']}")
    assert set(family.revoked) == {family.child["id"], family.grandchild["id"]}


def test_nobody_gives_a_key_more_than_they_have(client: Client) -> None:
    family = Family(client)
    by = family.below(client.master.id, roles=["API_KEY_W", "DEVICE_R", "DATA_R"])
    change = {"roles": ["DEVICE_W"]}
    assert client.call("POST", f"{KEYS}/{family.parent['id']}", change, key=by["value"]).status == 403


@pytest.mark.parametrize(
    "change", [{"roles": []}, {"from": START + 1}, {"to": START + 1}, {"scope": {"fifos": ["a"]}}, {"sessionTtl": 1}]
)
def test_the_master_key_keeps_its_rights(client: Client, change: Any) -> None:
    assert client.call("POST", f"{KEYS}/{client.master.id}", change).status == 403


def test_a_key_that_is_not_used_for_long_ends(client: Client) -> None:
    key = Family(client, sessionTtl=600_000).parent
    assert key["sessionTTL"] == 600_000
    for _ in range(4):
        client.ports.clock.advance(seconds=500)
        assert client.call("GET", DEVICES, key=key["value"]).status == 200
    assert client.get(f"{KEYS}/{key['id']}").body["lastActivity"] == client.ports.clock.now()
    client.ports.clock.advance(ms=600_000 + SLACK)
    assert client.call("GET", DEVICES, key=key["value"]).status == 401
    assert client.get(f"{KEYS}/{key['id']}").body["expired"] is True


def test_the_use_of_a_key_is_written_once_a_minute_and_only_if_it_matters(client: Client) -> None:
    key, plain = Family(client, sessionTtl=600_000).parent, Family(client).parent
    rows = client.ports.keys.rows
    for _ in range(3):
        assert client.call("GET", DEVICES, key=key["value"]).status == 200
        assert client.call("GET", DEVICES, key=plain["value"]).status == 200
    assert rows[client.tenant.id, key["id"]].revision == 1
    assert rows[client.tenant.id, plain["id"]].revision == 0


class Tree:
    """`mine` is a key that may do everything but what makes a master; `above` is its parent, `beside` its sibling."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.above = self.made(client.master.id)
        self.mine = self.made(self.above["id"])
        self.beside = self.made(self.above["id"])
        self.below = self.made(self.mine["id"])
        self.far_below = self.made(self.below["id"])

    def made(self, parent: str) -> Any:
        reply = self.client.call("POST", KEYS, {"parentId": parent, "roles": ALL})
        assert reply.status == 200, reply.raw
        return reply.body

    def status(self, method: str, path: str, body: Any = None) -> int:
        return self.client.call(method, f"{KEYS}{path}", body, key=self.mine["value"]).status


@pytest.fixture
def tree(client: Client) -> Tree:
    return Tree(client)


CHANGES: list[tuple[str, str, Any]] = [
    ("POST", "/{}", {"regenerateValue": True}),
    ("POST", "/{}", {"label": "mine now"}),
    ("POST", "/{}", {"active": False}),
    ("PUT", "/{}/debugMode", {"activated": True}),
    ("DELETE", "/{}", None),
]


@pytest.mark.parametrize(("method", "path", "body"), CHANGES)
def test_nobody_changes_a_key_above_or_beside(tree: Tree, method: str, path: str, body: Any) -> None:
    for other in (tree.client.master.id, tree.above["id"], tree.beside["id"]):
        assert tree.status(method, path.format(other), body) == 403
    assert [tree.client.call("GET", DEVICES, key=k["value"]).status for k in (tree.above, tree.beside)] == [200, 200]
    assert tree.client.get(DEVICES).status == 200


@pytest.mark.parametrize(("method", "path", "body"), CHANGES)
def test_a_key_changes_those_below_it_however_far(tree: Tree, method: str, path: str, body: Any) -> None:
    for other in (tree.far_below["id"], tree.below["id"]):
        assert tree.status(method, path.format(other), body) in (200, 204)


def test_a_key_changes_itself_but_gives_itself_nothing(tree: Tree) -> None:
    mine = tree.mine["id"]
    narrow = {"roles": ["API_KEY_W", "DEVICE_R"]}
    assert tree.status("POST", f"/{mine}", narrow) == 200
    assert tree.status("POST", f"/{mine}", {"roles": ["API_KEY_W", "DEVICE_R", "DEVICE_W"]}) == 403


def test_a_key_makes_keys_below_itself_alone(tree: Tree) -> None:
    """One that stood above or beside would outlive it."""
    for parent in (tree.client.master.id, tree.above["id"], tree.beside["id"]):
        assert tree.status("POST", "", {"parentId": parent, "roles": ["DEVICE_R"]}) == 403
    for parent in (tree.mine["id"], tree.far_below["id"]):
        assert tree.status("POST", "", {"parentId": parent, "roles": ["DEVICE_R"]}) == 200


def test_the_master_key_changes_every_key(tree: Tree) -> None:
    for key in (tree.beside, tree.far_below):
        assert tree.client.call("POST", f"{KEYS}/{key['id']}", {"regenerateValue": True}).status == 200
    assert (
        len(tree.client.call("POST", f"{KEYS}/{tree.client.master.id}", {"regenerateValue": True}).body["value"]) == 32
    )


@pytest.mark.parametrize("scope", [{"fifoNames": ["a"]}, {"fifos": ["a"], "groups": ["/"]}, {"Fifos": ["a"]}], ids=str)
def test_a_scope_that_is_not_understood_makes_no_key_without_one(client: Client, family: Family, scope: Any) -> None:
    body = {"parentId": client.master.id, "roles": ["BUS_R"], "scope": scope}
    assert client.call("POST", KEYS, body).status == 400
    assert client.call("POST", f"{KEYS}/{family.child['id']}", {"scope": scope}).status == 400


@pytest.mark.parametrize("scope", [{}, None, {"fifos": None}], ids=str)
def test_an_empty_scope_restricts_nothing(client: Client, scope: Any) -> None:
    body = {"parentId": client.master.id, "roles": ["BUS_R"], "scope": scope}
    assert client.call("POST", KEYS, body).status == 200
