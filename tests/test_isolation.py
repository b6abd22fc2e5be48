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
from chalicelib.dialects.ibm import rest as ibm_rest
from chalicelib.dialects.live_objects import rest as live_objects_rest
from chalicelib.dialects.topics import Direction, Topic
from chalicelib.triggers import authorizer, uplink
from chalicelib.web.routes import Route
from infra.local.iot_core.policy import Policy, read_documents
from tests.dialects.ibm.client import V1, V2
from tests.dialects.ibm.client import Client as IbmClient
from tests.dialects.ibm.furnished import furnish as furnish_ibm
from tests.dialects.ibm.site import Site
from tests.dialects.live_objects.client import Client as LiveObjectsClient
from tests.dialects.live_objects.furnished import NODE, URN, furnish
from tests.fakes import MemoryPorts

SECRET = "of-acme"
ARN = "arn:aws:lambda:eu-west-1:123456789012:function:authorizer"
CID = 7


class World:
    """Two tenants of each dialect in one platform: `acme` has one of everything, the stranger has a device."""

    def __init__(self) -> None:
        self.ports = MemoryPorts()
        self.acme = LiveObjectsClient(self.ports, "acme")
        self.acme_ibm = IbmClient(self.ports, "acme of ibm")
        self.stranger = LiveObjectsClient(self.ports, "stranger")
        self.stranger_ibm = IbmClient(self.ports, "stranger of ibm")
        self.stranger_token = self.stranger_ibm.registered("pump", "own")
        self.stranger_ibm.call("POST", f"{V2}/device/types", {"id": "gateway", "classId": "Gateway"})
        self.gateway_token = self.stranger_ibm.registered("gateway", "own")
        self.names = {"live_objects": furnish(self.acme, SECRET), "ibm": furnish_ibm(Site(self.acme_ibm), SECRET)}
        self.ports.delivery.sent.clear()
        self.before = self.kept()

    def kept(self) -> dict[str, dict[Any, Any]]:
        """Everything of acme in every table, by table and key."""
        owners = (self.acme.tenant.id, self.acme_ibm.org)
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
        return (SECRET, self.acme.master.id, self.acme_ibm.key.id, self.acme.secret, self.acme_ibm.token)


@pytest.fixture(scope="module")
def world() -> World:
    """One for all: nothing that a stranger does changes what the next test finds of acme."""
    return World()


def routes() -> list[tuple[str, Route]]:
    walked = {"live_objects": live_objects_rest.routes(), "ibm": ibm_rest.routes()}
    assert set(walked) == set(registry.NAMES)
    return [(dialect, route) for dialect, served in walked.items() for route in served]


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
    reply = (
        world.stranger.call(route.method, path, body)
        if dialect == "live_objects"
        else world.stranger_ibm.call(route.method, path, body)
    )
    assert reply.status < 500
    said = reply.raw.decode()
    for sent in re.findall(r"[\w:-]+", json.dumps([path, body])):
        said = said.replace(sent, "")
    assert not [secret for secret in world.secrets() if secret in said]
    world.ports.run_background()
    assert world.kept() == world.before


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
def test_the_host_of_another_organization_refuses_its_key(world: World, method: str) -> None:
    reply = world.stranger_ibm.call(method, f"{V1}/devices", {} if method != "GET" else None, host=world.acme_ibm.host)
    assert reply.status in (401, 403, 404, 405)
    assert world.kept() == world.before


LOGINS = {
    ("live_objects", "device"): ("json+device", "nodeofstranger"),
    ("live_objects", "connector"): ("connector", "connectorofstranger"),
    ("live_objects", "application"): ("application", "applicationofstranger"),
    ("ibm", "device"): ("use-token-auth", "d:{org}:pump:own"),
    ("ibm", "gateway"): ("use-token-auth", "g:{org}:gateway:own"),
    ("ibm", "application"): ("{key}", "a:{org}:app"),
}
"""By dialect and mode: user name and client id."""


def topics() -> list[tuple[str, Topic]]:
    found = [(dialect, topic) for dialect in registry.NAMES for topic in registry.topics(dialect).TOPICS]
    assert {(dialect, topic.mode) for dialect, topic in found} == set(LOGINS)
    return found


def connected(world: World, dialect: str, mode: str) -> tuple[str, dict[str, Any]]:
    """A client of the stranger, admitted by the authorizer: its id, and what it was answered."""
    username, client = LOGINS[dialect, mode]
    org = world.stranger_ibm.org
    if dialect == "live_objects":
        password = world.stranger.secret
    elif mode == "device":
        password = world.stranger_token
    elif mode == "gateway":
        password = world.gateway_token
    else:
        password = world.stranger_ibm.token
    username = username.format(key=world.stranger_ibm.credentials[0])
    return client.format(org=org), login(world, username, client.format(org=org), password)


def login(world: World, username: str, client: str, password: str) -> dict[str, Any]:
    encoded = base64.b64encode(password.encode()).decode()
    mqtt = {"username": username, "password": encoded, "clientId": client}
    return authorizer.handle(world.ports, {"protocolData": {"mqtt": mqtt}, "protocols": ["tls", "mqtt"]}, ARN)


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
    client, answer = connected(world, dialect, topic.mode)
    assert answer["isAuthenticated"], answer
    if topic.direction is Direction.DOWN:
        upward = {t.filter for _, t in topics() if t.mode == topic.mode and t.direction is Direction.UP}
        assert not may_publish(answer, topic.filter.replace("+", "x")) or topic.filter in upward
        return
    uplink._heard.clear()
    for node in (NODE, "p1"):
        name = topic.filter.replace("type/+", "type/pump").replace("+", node).replace("#", f"response/{node}")
        assert may_publish(answer, name)
        payload = base64.b64encode(json.dumps(PAYLOAD).encode()).decode()
        event = {"payload": payload, "client": client, "topic": name, "at": world.ports.clock.now(), "id": f"e{node}"}
        uplink.handle(world.ports, event)
        world.ports.run_background()
    assert world.kept() == world.before
    owners = {c.tenant for c in world.ports.claims.rows.values() if c.client in reached(world)}
    assert not owners & {world.acme.tenant.id, world.acme_ibm.org}


@pytest.mark.parametrize(("dialect", "mode"), sorted(LOGINS))
def test_a_stranger_does_not_come_in_as_a_client_of_another_tenant(world: World, dialect: str, mode: str) -> None:
    if dialect == "live_objects":
        username, _ = LOGINS[dialect, mode]
        own = f"{mode}ofacme"
        assert login(world, username, own, world.acme.secret)["isAuthenticated"]
        world.before = world.kept()
        refused = login(world, username, own, world.stranger.secret)
        assert world.kept() == world.before
    elif mode == "device":
        refused = login(world, "use-token-auth", f"d:{world.acme_ibm.org}:pump:p1", world.stranger_token)
    elif mode == "gateway":
        refused = login(world, "use-token-auth", f"g:{world.acme_ibm.org}:pump:p1", world.gateway_token)
    else:
        name, token = world.stranger_ibm.credentials
        refused = login(world, name, f"a:{world.acme_ibm.org}:app", token)
    assert refused["isAuthenticated"] is False


def may_publish(answer: dict[str, Any], topic: str) -> bool:
    policy = Policy(
        read_documents(answer["policyDocuments"]), {}, ARN.replace(":lambda:", ":iot:").rsplit(":", 2)[0] + ":"
    )
    return policy.allows("iot:Publish", f"topic/{topic}")


def reached(world: World) -> set[str]:
    """Client ids that anything was delivered to."""
    delivery = world.ports.delivery
    routed = [route.client for route, _ in (*delivery.commands, *delivery.updates, *delivery.offers)]
    return {*routed, *(client for client, *_ in delivery.sent), *(client for client, _ in delivery.queued)}
