import base64
import json
from typing import Any

import pytest

from chalicelib.dialects import registry
from chalicelib.dialects.topics import Direction
from chalicelib.fleet.access import keys, tenants
from chalicelib.fleet.access.roles import Role
from chalicelib.fleet.inventory import devices
from chalicelib.fleet.inventory.records import Device, Interface
from chalicelib.fleet.tenancy import settings
from chalicelib.fleet.tenancy.records import Cause, Stored
from chalicelib.triggers import authorizer
from tests.fakes import MemoryPorts

ARN = "arn:aws:lambda:eu-west-1:123456789012:function:homeport-dev-authorizer"
CLIENT = "urn:lo:nsid:sensor:s1"


@pytest.fixture
def ports() -> MemoryPorts:
    return MemoryPorts()


def key_of(ports: MemoryPorts, name: str = "acme", *roles: Role) -> tuple[str, str]:
    """A new tenant's id and the secret of a key with these roles."""
    tenant, _, master = tenants.create(ports, name)
    if not roles:
        return tenant.id, master
    return tenant.id, keys.mint(ports, tenant.id, roles=roles)[1]


def knock(
    ports: MemoryPorts, password: str, client: str = CLIENT, username: str = "json+device", *, secured: bool = True
) -> dict[str, Any]:
    mqtt = {"username": username, "password": base64.b64encode(password.encode()).decode(), "clientId": client}
    tls = {"tls": {"serverName": "mqtt.example"}} if secured else {}
    event = {"protocols": [*tls, "mqtt"], "protocolData": {**tls, "mqtt": mqtt}}
    return authorizer.handle(ports, event, ARN)


def reasons(ports: MemoryPorts, tenant: str) -> list[str]:
    now = ports.clock.now()
    return [e.reason for e in ports.audit.page(tenant, start=0, end=now + 1, descending=True)]


def test_a_good_key_is_let_in_and_its_device_registered(ports: MemoryPorts) -> None:
    tenant, secret = key_of(ports, "acme", Role.DEVICE_ACCESS)
    answer = knock(ports, secret)
    assert answer["isAuthenticated"] is True
    assert devices.get(ports, tenant, CLIENT).interface("mqtt", CLIENT)


@pytest.mark.parametrize("secured", [True, False])
def test_the_claim_tells_whether_tls_protects_the_connection(ports: MemoryPorts, *, secured: bool) -> None:
    assert knock(ports, key_of(ports, "acme", Role.DEVICE_ACCESS)[1], secured=secured)["isAuthenticated"]
    claim = ports.claims.get(CLIENT)
    assert claim is not None
    assert claim.secured is secured


def test_a_client_that_comes_back_without_tls_counts_as_unsecured(ports: MemoryPorts) -> None:
    _, secret = key_of(ports, "acme", Role.DEVICE_ACCESS)
    for secured in (True, False):
        knock(ports, secret, secured=secured)
    claim = ports.claims.get(CLIENT)
    assert claim is not None
    assert not claim.secured


@pytest.mark.parametrize("username", ["connector", "application"])
def test_only_devices_may_come_without_tls(ports: MemoryPorts, username: str) -> None:
    tenant, secret = key_of(ports)
    answer = knock(ports, secret, client="one", username=username, secured=False)
    assert answer == {"isAuthenticated": False, "connackCode": 5}
    assert "without TLS" in reasons(ports, tenant)[0]


def test_the_answer_is_within_what_iot_core_allows(ports: MemoryPorts) -> None:
    answer = knock(ports, key_of(ports)[1])
    assert answer["principalId"].isalnum()
    assert len(answer["principalId"]) <= 128
    assert 300 <= answer["disconnectAfterInSeconds"] <= 86_400
    assert all(len(document) <= 2_048 for document in answer["policyDocuments"])


def test_an_unknown_client_id_that_is_no_urn_is_registered_in_the_mqtt_namespace(ports: MemoryPorts) -> None:
    tenant, secret = key_of(ports)
    knock(ports, secret, client="pump-7")
    assert devices.get(ports, tenant, "urn:lo:nsid:mqtt:pump-7")


def test_the_device_is_the_one_that_has_the_interface_whatever_its_name(ports: MemoryPorts) -> None:
    tenant, secret = key_of(ports)
    interface = Interface("mqtt", "pump-7", "live_objects", 0, 0)
    devices.register(ports, Device(tenant, "urn:lo:nsid:plant:pump", 0, 0, interfaces=(interface,)))
    knock(ports, secret, client="pump-7")
    claim = ports.claims.get("pump-7")
    assert claim is not None
    assert claim.device == "urn:lo:nsid:plant:pump"


def test_a_known_device_without_interface_gets_it_at_its_first_connection(ports: MemoryPorts) -> None:
    tenant, secret = key_of(ports)
    devices.register(ports, Device(tenant, CLIENT, 0, 0, name="mine"))
    assert knock(ports, secret)["isAuthenticated"]
    device = devices.get(ports, tenant, CLIENT)
    assert (device.name, len(device.interfaces)) == ("mine", 1)


def test_a_client_id_of_another_tenant_is_refused_and_told_to_whoever_tried(ports: MemoryPorts) -> None:
    _, first = key_of(ports, "acme")
    other, second = key_of(ports, "umbrella")
    knock(ports, first)
    assert knock(ports, second) == {"isAuthenticated": False, "connackCode": 5}
    assert reasons(ports, other) == ["connection refused: this client id is in use by somebody else"]
    assert ports.devices.get(other, CLIENT) is None


def test_a_new_device_beyond_the_limit_is_refused_and_told_once(ports: MemoryPorts) -> None:
    tenant, secret = key_of(ports)
    settings.set_quotas(ports, tenant, {Stored.DEVICES: 1})
    assert knock(ports, secret)["isAuthenticated"]
    assert knock(ports, secret, "urn:lo:nsid:one:more") == {"isAuthenticated": False, "connackCode": 5}
    (entry,) = ports.audit.page(tenant, start=0, end=ports.clock.now() + 1, descending=True)
    assert (entry.cause, entry.source["client"]) == (Cause.QUOTA, "urn:lo:nsid:one:more")
    assert ports.claims.get("urn:lo:nsid:one:more") is None
    assert knock(ports, secret)["isAuthenticated"]


def test_a_disabled_interface_stays_out(ports: MemoryPorts) -> None:
    tenant, secret = key_of(ports)
    interface = Interface("mqtt", CLIENT, "live_objects", 0, 0, enabled=False)
    devices.register(ports, Device(tenant, CLIENT, 0, 0, interfaces=(interface,)))
    assert knock(ports, secret)["isAuthenticated"] is False


def test_an_interface_disabled_later_stays_out_too(ports: MemoryPorts) -> None:
    tenant, secret = key_of(ports)
    knock(ports, secret)
    devices.update_interface(ports, tenant, CLIENT, ("mqtt", CLIENT), enabled=False)
    assert knock(ports, secret)["isAuthenticated"] is False


@pytest.mark.parametrize("password", ["", "wrong", "x" * 79])
def test_junk_is_refused_with_bad_credentials(ports: MemoryPorts, password: str) -> None:
    assert knock(ports, password) == {"isAuthenticated": False, "connackCode": 4}


def test_an_unknown_user_name_is_refused(ports: MemoryPorts) -> None:
    assert knock(ports, key_of(ports)[1], username="JSON+device") == {"isAuthenticated": False, "connackCode": 4}


def test_what_the_aws_sdk_appends_to_the_user_name_is_ignored(ports: MemoryPorts) -> None:
    assert knock(ports, key_of(ports)[1], username="json+device?SDK=Python")["isAuthenticated"]


def test_a_key_without_the_role_is_refused_with_the_role_it_lacks(ports: MemoryPorts) -> None:
    tenant, secret = key_of(ports, "acme", Role.DATA_R)
    assert knock(ports, secret) == {"isAuthenticated": False, "connackCode": 5}
    assert reasons(ports, tenant) == ["connection refused: the API key lacks the role DEVICE_ACCESS"]


@pytest.mark.parametrize("client", ["", "a b", "a/b", "a#", "a+", "a*", "é", "x" * 129])
def test_client_ids_outside_the_manual_are_refused(ports: MemoryPorts, client: str) -> None:
    assert knock(ports, key_of(ports)[1], client=client)["isAuthenticated"] is False


def test_a_device_may_never_publish_where_devices_listen(ports: MemoryPorts) -> None:
    document = json.loads(knock(ports, key_of(ports)[1])["policyDocuments"][0])
    denied = {r for s in document["Statement"] if s["Effect"] == "Deny" for r in s["Resource"]}
    down = [t.filter for t in registry.topics("live_objects").TOPICS if t.direction is Direction.DOWN]
    device_topics = [t for t in down if t.startswith("dev/")]
    assert {f"arn:aws:iot:eu-west-1:123456789012:topic/{t}" for t in device_topics} <= denied


def test_nobody_may_listen_where_devices_publish(ports: MemoryPorts) -> None:
    document = json.loads(knock(ports, key_of(ports)[1])["policyDocuments"][0])
    heard = {r.split("topicfilter/")[1] for s in document["Statement"] for r in s["Resource"] if "topicfilter/" in r}
    assert heard == {"dev/cmd", "dev/cfg/upd", "dev/rsc/upd"}


def _offered(ports: MemoryPorts, password: str, client: str | None, username: str, offered: str) -> dict[str, Any]:
    """What our own broker asks in its lenient mode."""
    mqtt = {"username": username, "password": base64.b64encode(password.encode()).decode()}
    named = {} if client is None else {"clientId": client}
    tls = {"serverName": "mqtt.example"}
    event = {"protocols": ["tls", "mqtt"], "protocolData": {"tls": tls, "mqtt": mqtt | named}}
    return authorizer.handle(ports, event | {"offeredClientId": offered}, ARN)


@pytest.mark.parametrize("client", ["app", None, CLIENT, "with + and #"])
def test_an_application_gets_a_client_id_of_its_own_where_the_broker_can_give_one(
    ports: MemoryPorts, client: str | None
) -> None:
    _, secret = key_of(ports, "acme", Role.DEVICE_ACCESS, Role.BUS_R)
    assert knock(ports, secret)["isAuthenticated"]  # the device whose id one of them uses
    for number in range(2):
        answer = _offered(ports, secret, client, "application", f"given-{number}")
        assert answer["isAuthenticated"], answer
        assert answer["clientId"] == f"given-{number}"
        claim = ports.claims.get(f"given-{number}")
        assert claim is not None
        assert claim.mode == "application"
    device = ports.claims.get(CLIENT)
    assert device is not None
    assert device.mode == "device"


@pytest.mark.parametrize("username", ["json+device", "connector"])
def test_devices_and_connectors_keep_their_client_ids(ports: MemoryPorts, username: str) -> None:
    _, secret = key_of(ports, "acme", Role.DEVICE_ACCESS, Role.CONNECTOR_ACCESS)
    answer = _offered(ports, secret, CLIENT, username, "given")
    assert answer["isAuthenticated"]
    assert "clientId" not in answer
    assert answer["cleanSession"] is True
    assert ports.claims.get("given") is None


def test_iot_core_is_told_nothing_that_it_does_not_know(ports: MemoryPorts) -> None:
    answer = knock(ports, key_of(ports, "acme", Role.BUS_R)[1], "app", "application")
    assert set(answer) == {
        "isAuthenticated",
        "principalId",
        "disconnectAfterInSeconds",
        "refreshAfterInSeconds",
        "policyDocuments",
    }
