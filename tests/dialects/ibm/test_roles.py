"""What a key's roles and queues mean through this dialect: the same as through every other."""

import base64
from typing import Any

import pytest

from chalicelib.dialects.ibm.identity import api_key_name
from chalicelib.fleet.access import callers, keys
from chalicelib.fleet.access.records import KeyRequest
from chalicelib.fleet.access.roles import ALL_ROLES, Role
from chalicelib.triggers import authorizer
from infra.local.iot_core.policy import Policy, read_documents
from tests.dialects.ibm.site import ARN, Site

EVENTS = "iot-2/type/+/id/+/evt/+/fmt/+"
COMMANDS = "iot-2/type/+/id/+/cmd/+/fmt/+"
STATUS = "iot-2/type/+/id/+/mon"
APPLICATIONS = "iot-2/app/+/mon"
EVERY = (EVENTS, COMMANDS, STATUS, APPLICATIONS)


@pytest.fixture
def site() -> Site:
    return Site()


def listener(site: Site, *roles: Role, filters: tuple[str, ...] = EVERY) -> str:
    """An application with these roles that subscribed to everything, as if the broker had let it."""
    client = f"a:{site.org}:listener"
    assert site.knock(client, *site.client.credentials_with(*roles))["isAuthenticated"]
    site.connect(client)
    site.subscribe(client, *filters)
    return client


def heard(site: Site, client: str) -> set[str]:
    """The kinds of what an application is told when everything happens."""
    device = site.device()
    site.publish(device, "iot-2/evt/e/fmt/json", {"d": {"n": 1}})
    other = site.application("other")
    site.publish(other, "iot-2/type/pump/id/p1/cmd/c/fmt/json", {})
    site.disconnect(device)
    site.disconnect(other)
    return {topic for topic, _ in site.received(client)}


EVENT, COMMAND = "iot-2/type/pump/id/p1/evt/e/fmt/json", "iot-2/type/pump/id/p1/cmd/c/fmt/json"
MON, APP_MON = "iot-2/type/pump/id/p1/mon", "iot-2/app/other/mon"


def test_events_need_data_r(site: Site) -> None:
    assert heard(site, listener(site, Role.DATA_R)) == {EVENT}


def test_status_and_commands_need_device_r(site: Site) -> None:
    assert heard(site, listener(site, Role.DEVICE_R)) == {COMMAND, MON, APP_MON}


def test_both_hear_everything(site: Site) -> None:
    assert heard(site, listener(site, Role.DATA_R, Role.DEVICE_R)) == {EVENT, COMMAND, MON, APP_MON}


@pytest.mark.parametrize("role", [Role.DATA_W, Role.DEVICE_W])
def test_who_may_write_hears_nothing_for_it(site: Site, role: Role) -> None:
    assert heard(site, listener(site, role)) == set()


@pytest.mark.parametrize("role", sorted(ALL_ROLES - {Role.DATA_R, Role.DATA_W, Role.DEVICE_R, Role.DEVICE_W}))
def test_other_roles_open_no_application(site: Site, role: Role) -> None:
    """To consume FIFOs, above all, is not to hear the fleet."""
    assert not site.knock(f"a:{site.org}:app", *site.client.credentials_with(role))["isAuthenticated"]
    assert "lacks the role" in site.complaints()[0]


@pytest.mark.parametrize(
    "trick", ["iot-2/type/+/id/+/evt/+/fmt/mon", "iot-2/type/pump/id/+/#", "iot-2/type/+/id/+/+/+/fmt/+"]
)
def test_a_filter_that_would_bring_events_is_none_for_status(site: Site, trick: str) -> None:
    client = listener(site, Role.DEVICE_R, filters=(trick,))
    device = site.device()
    for format_ in ("mon", "json"):
        site.publish(device, f"iot-2/evt/e/fmt/{format_}", {"d": {"n": 1}})
    assert site.received(client) == []


@pytest.mark.parametrize(
    ("roles", "granted"),
    [
        ({Role.DATA_R}, {EVENTS}),
        ({Role.DEVICE_R}, {COMMANDS, STATUS, APPLICATIONS}),
        ({Role.DATA_W}, set()),
        ({Role.DATA_R, Role.DEVICE_R}, set(EVERY)),
    ],
)
def test_the_broker_grants_what_the_roles_do(site: Site, roles: set[Role], granted: set[str]) -> None:
    answer = site.knock(f"a:{site.org}:app", *site.client.credentials_with(*roles))
    policy = Policy(read_documents(answer["policyDocuments"]), {}, "arn:aws:iot:eu-west-1:123456789012:")
    assert {name for name in EVERY if policy.allows("iot:Subscribe", f"topicfilter/{name}")} == granted


def test_a_durable_subscription_ends_with_the_role(site: Site) -> None:
    """The buffer that went on while the application was away is not handed over."""
    key, token = keys.create_child(
        site.client.ports,
        callers.of_key(site.client.key),
        site.client.key.id,
        KeyRequest(roles=frozenset({Role.DATA_R, Role.DEVICE_R})),
    )
    client, credentials = f"a:{site.org}:durable", (api_key_name(site.org, key.id), token)
    site.knock(client, *credentials)
    site.connect(client)
    site.subscribe(client, EVENTS)
    site.disconnect(client, durable=True)
    site.publish(site.device(), "iot-2/evt/e/fmt/json", {"d": {"n": 1}})
    keys.update(
        site.client.ports, callers.of_key(site.client.key), key.id, KeyRequest(roles=frozenset({Role.DEVICE_R}))
    )
    assert site.knock(client, *credentials)["isAuthenticated"]
    site.connect(client)
    assert [topic for topic, _ in site.received(client) if "/evt/" in topic] == []


@pytest.fixture
def scoped(site: Site) -> tuple[str, str]:
    """Name and token of a key that may do everything with one FIFO."""
    asked = KeyRequest(roles=ALL_ROLES, queues=frozenset({"q1"}))
    key, token = keys.create_child(site.client.ports, callers.of_key(site.client.key), site.client.key.id, asked)
    return api_key_name(site.org, key.id), token


def test_a_key_for_a_fifo_opens_no_application(site: Site, scoped: tuple[str, str]) -> None:
    assert not site.knock(f"a:{site.org}:app", *scoped)["isAuthenticated"]
    assert site.complaints() == ["connection refused: this API key is for some queues only"]


def test_a_key_that_comes_to_be_for_a_fifo_is_heard_no_more(site: Site) -> None:
    """Its connection may be open still."""
    asked = KeyRequest(roles=ALL_ROLES)
    key, token = keys.create_child(site.client.ports, callers.of_key(site.client.key), site.client.key.id, asked)
    site.client.registered()
    client = f"a:{site.org}:app"
    site.knock(client, api_key_name(site.org, key.id), token)
    keys.update(site.client.ports, callers.of_key(site.client.key), key.id, KeyRequest(queues=frozenset({"q1"})))
    assert [k for _, k, _ in site.client.ports.background.revocations] == [key.id]
    site.publish(client, "iot-2/type/pump/id/p1/cmd/c/fmt/json", {})
    assert list(site.client.ports.commands.rows) == []
    assert site.complaints() == ["this API key is for some queues only"]


def _unsecured(site: Site, client: str, username: str, password: str) -> Any:
    secret = base64.b64encode(password.encode()).decode()
    mqtt = {"username": username, "password": secret, "clientId": client}
    return authorizer.handle(site.client.ports, {"protocols": ["mqtt"], "protocolData": {"mqtt": mqtt}}, ARN)


def test_an_application_comes_by_tls_alone(site: Site) -> None:
    client = f"a:{site.org}:app"
    assert not _unsecured(site, client, *site.client.credentials)["isAuthenticated"]
    assert not _unsecured(site, client, *site.client.credentials_with(Role.DATA_R, Role.DEVICE_ACCESS))[
        "isAuthenticated"
    ]


def test_a_device_may_come_without_tls(site: Site) -> None:
    token = site.client.registered("pump", "p1")
    assert _unsecured(site, f"d:{site.org}:pump:p1", "use-token-auth", token)["isAuthenticated"]
