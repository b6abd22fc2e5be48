"""No route and no topic of any dialect gives a stranger anything of another tenant, or lets it change anything.

Generated from the routes and topics themselves: what is added to them is walked from then on.
"""

import base64
import json
import re
from collections.abc import Mapping
from typing import Any

import pytest

from chalicelib.dialects import registry
from chalicelib.dialects.dialect import Part
from chalicelib.dialects.topics import Direction, Topic
from chalicelib.triggers import authorizer, uplink
from chalicelib.web.routes import Route
from infra.local.iot_core.policy import Policy, read_documents
from tests.dialects.ibm.client import V1
from tests.dialects.ibm.client import Client as IbmClient
from tests.dialects.live_objects.furnished import NODE, URN
from tests.dialects.walked import Login, dialects, inhabitant, routes
from tests.fakes import MemoryPorts

pytestmark = pytest.mark.row("A1")
SECRET = "of-acme"
ARN = "arn:aws:lambda:eu-west-1:123456789012:function:authorizer"
CID = 7


class World:
    """Two tenants of each dialect in one platform: `acme` has one of everything, the stranger has a device."""

    def __init__(self) -> None:
        self.ports = MemoryPorts()
        self.acme = {name: inhabitant(name, self.ports, f"acme of {name}") for name in dialects()}
        self.stranger = {name: inhabitant(name, self.ports, f"stranger of {name}") for name in dialects()}
        self.names = {name: acme.furnish(SECRET) for name, acme in self.acme.items()}
        self.ports.delivery.sent.clear()
        self.before = self.kept()

    @property
    def owners(self) -> set[str]:
        return {acme.tenant for acme in self.acme.values()}

    def kept(self) -> dict[str, dict[Any, Any]]:
        """Everything of acme in every table, by table and key."""
        owners = self.owners
        tables = {
            f"{name}.{attribute}": rows
            for name, table in vars(self.ports).items()
            if hasattr(table, "__dict__")
            for attribute, rows in vars(table).items()
            if isinstance(rows, dict)
        }
        return {
            name: {key: repr(row) for key, row in rows.items() if any(o in repr((key, row)) for o in owners)}
            for name, rows in tables.items()
        }

    def secrets(self) -> tuple[str, ...]:
        return (SECRET, *(secret for acme in self.acme.values() for secret in acme.secrets))


@pytest.fixture(scope="module")
def world() -> World:
    """One for all: nothing that a stranger does changes what the next test finds of acme."""
    return World()


def smallest(schema: Mapping[str, Any], names: Mapping[str, str], field: str = "") -> Any:
    """A body that the schema lets through, naming what acme has wherever a field can name something."""
    known = {"id": URN, "deviceId": URN, "path": f"/{SECRET}", "parentId": names.get("group_id")}
    if field in known:
        return known[field]
    if "enum" in schema:
        return schema["enum"][0]
    if "const" in schema:
        return schema["const"]
    for combined in ("anyOf", "oneOf"):
        if combined in schema:
            return smallest(schema[combined][0], names, field)
    kind = schema.get("type", "object")
    match kind if isinstance(kind, str) else kind[0]:
        case "object":
            wanted = {*schema.get("required", ()), *(known.keys() & schema.get("properties", {}).keys())}
            return {name: smallest(schema.get("properties", {}).get(name, {}), names, name) for name in sorted(wanted)}
        case "array":
            return [smallest(schema.get("items", {}), names)]
        case "integer" | "number":
            return schema.get("minimum", 1)
        case "boolean":
            return True
        case _:
            return "x" * max(1, schema.get("minLength", 1))


@pytest.mark.parametrize(
    ("dialect", "route"), routes(), ids=lambda v: v if isinstance(v, str) else f"{v.method} {v.path}"
)
def test_a_route_shows_and_changes_nothing_of_another_tenant(world: World, dialect: str, route: Route) -> None:
    names = world.names[dialect]
    path = re.sub(r"{(\w+)}", lambda m: names[m[1]], route.path)
    body = None if route.schema is None else smallest(route.schema, names)
    reply = world.stranger[dialect].client.call(route.method, path, body)
    assert reply.status < 500
    said = reply.raw.decode()
    for sent in re.findall(r"[\w:-]+", json.dumps([path, body])):
        said = said.replace(sent, "")
    assert not [secret for secret in world.secrets() if secret in said]
    world.ports.run_background()
    assert world.kept() == world.before


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
def test_the_host_of_another_organization_refuses_its_key(world: World, method: str) -> None:
    acme, stranger = (people["ibm"].client for people in (world.acme, world.stranger))
    assert isinstance(acme, IbmClient)
    assert isinstance(stranger, IbmClient)
    reply = stranger.call(method, f"{V1}/devices", {} if method != "GET" else None, host=acme.host)
    assert reply.status in (401, 403, 404, 405)
    assert world.kept() == world.before


def topics() -> list[tuple[str, Topic]]:
    return [(name, topic) for name in registry.having(Part.TOPICS) for topic in registry.topics(name).TOPICS]


def modes() -> list[tuple[str, str]]:
    return sorted({(dialect, topic.mode) for dialect, topic in topics()})


def login(world: World, asked: Login) -> dict[str, Any]:
    """What the authorizer answers."""
    return authorizer.handle(world.ports, asked.knocking(), ARN)


PAYLOAD = {
    # What any of the handlers reads, all of it about acme's device.
    "value": {"x": 1},
    "d": {"x": 1},
    "cid": CID,
    "reqId": str(CID),
    "res": {"done": True},
    "cfg": {"p": {"t": "i32", "v": 2}},
    "rsc": {"fw": {"v": "9", "m": {}}},
    "id": URN,
    "deviceId": URN,
    "nodeId": NODE,
    "status": "ONLINE",
    "streamId": "mine",
    "metadata": {"source": URN},
    "capabilities": {"command": True},
}


@pytest.mark.parametrize(
    ("dialect", "topic"), topics(), ids=lambda v: v if isinstance(v, str) else f"{v.mode} {v.filter}"
)
def test_a_topic_reaches_nothing_of_another_tenant(world: World, dialect: str, topic: Topic) -> None:
    own = world.stranger[dialect].logins[topic.mode]
    answer = login(world, own)
    assert answer["isAuthenticated"], answer
    if topic.direction is Direction.DOWN:
        upward = {t.filter for _, t in topics() if t.mode == topic.mode and t.direction is Direction.UP}
        assert not may_publish(answer, topic.filter.replace("+", "x")) or topic.filter in upward
        return
    uplink._heard.clear()
    victim = world.acme[dialect].logins[topic.mode].client
    if topic.own is not None:
        assert not may_publish(answer, topic.filter.replace("+", victim), own.client)
    for node in (NODE, "p1") if topic.own is None else (own.client, victim):
        name = topic.filter.replace("type/+", "type/pump").replace("+", node).replace("#", f"response/{node}")
        # The broker refuses what names another client: what if it did not.
        assert may_publish(answer, name, own.client) or node == victim
        payload = base64.b64encode(json.dumps(PAYLOAD).encode()).decode()
        event = {
            "payload": payload,
            "client": own.client,
            "topic": name,
            "at": world.ports.clock.now(),
            "id": f"e{node}",
        }
        uplink.handle(world.ports, event)
        world.ports.run_background()
    assert world.kept() == world.before
    owners = {c.tenant for c in world.ports.claims.rows.values() if c.client in reached(world)}
    assert not owners & world.owners


@pytest.mark.parametrize(("dialect", "mode"), modes())
def test_a_stranger_does_not_come_in_as_a_client_of_another_tenant(world: World, dialect: str, mode: str) -> None:
    acme, stranger = world.acme[dialect], world.stranger[dialect]
    assert login(world, acme.logins[mode])["isAuthenticated"]
    world.before = world.kept()
    assert login(world, stranger.posing(mode, acme.logins))["isAuthenticated"] is False
    # The attempt itself stands in the audit log of whose client it would have been, where the id says whose that is.
    assert without_audit(world.kept()) == without_audit(world.before)
    world.before = world.kept()


def without_audit(kept: dict[str, dict[Any, Any]]) -> dict[str, dict[Any, Any]]:
    return {name: rows for name, rows in kept.items() if not name.startswith("audit.")}


def may_publish(answer: dict[str, Any], topic: str, client: str = "") -> bool:
    variables = {"iot:ClientId": client}
    policy = Policy(
        read_documents(answer["policyDocuments"]), variables, ARN.replace(":lambda:", ":iot:").rsplit(":", 2)[0] + ":"
    )
    return policy.allows("iot:Publish", f"topic/{topic}")


def reached(world: World) -> set[str]:
    """Client ids that anything was delivered to."""
    delivery = world.ports.delivery
    routed = [route.client for route, _ in (*delivery.commands, *delivery.updates, *delivery.offers)]
    return {*routed, *(client for client, *_ in delivery.sent), *(client for client, _ in delivery.queued)}
