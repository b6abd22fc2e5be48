import json
from typing import Any

import pytest

from chalicelib.dialects.cumulocity import bootstrap, device_users
from chalicelib.fleet.access.roles import Role
from chalicelib.fleet.inventory import objects
from chalicelib.fleet.inventory.objects import Draft
from tests.dialects.cumulocity.broker import PASSWORD, Broker
from tests.dialects.cumulocity.client import Client

REQUESTS = "/devicecontrol/newDeviceRequests"


@pytest.fixture
def broker() -> Broker:
    return Broker()


def refused(broker: Broker, *who: Any, **more: Any) -> int:
    answer = broker.knock(*who, **more)
    assert not answer["isAuthenticated"]
    return int(answer["connackCode"])


@pytest.mark.parametrize("client", ["pump", "d:pump", "d:pump:collection", "d:pump:"])
def test_a_device_comes_in_by_any_spelling_of_its_id(broker: Broker, client: str) -> None:
    broker.device(client)
    found = broker.object()
    assert (found.name, found.type, found.owner) == ("MQTT Device pump", "c8y_MQTTDevice", "device_pump")
    assert set(found.fragments) == {"c8y_IsDevice", "com_cumulocity_model_Agent"}
    assert found.device == f"urn:lo:nsid:c8y:{found.id}"


def test_another_spelling_is_the_same_device_and_closes_the_older_connection(broker: Broker) -> None:
    broker.device("pump")
    before = broker.object()
    broker.device("d:pump:x")
    assert broker.object() == before
    assert broker.ports.background.disconnects == ["pump"]


def test_a_device_whose_maker_died_before_it_was_registered_is_so_with_the_next_connection(broker: Broker) -> None:
    wanted = Draft(owner="device_pump", named=[("c8y_Serial", "pump")], namespace="c8y", undescribed=True)
    made = objects.create(broker.ports, broker.tenant, wanted)
    assert made.device is not None
    assert broker.ports.devices.get(broker.tenant, made.device) is None
    broker.device("pump", "s/ds")
    assert broker.object().device == made.device
    assert broker.ports.devices.get(broker.tenant, made.device) is not None
    broker.order("pump", {"c8y_Restart": {}})
    broker.run()
    assert broker.operations("pump") == [("s/ds", "510,pump")]


@pytest.mark.parametrize("client", ["", "a:pump", "d:", "d:a:b:c", "pu/mp", "pu+mp", "pu#mp", "x" * 101, "é" * 51])
def test_what_is_no_client_id_is_rejected(broker: Broker, client: str) -> None:
    assert refused(broker, client, broker.user()) == 2


@pytest.mark.parametrize(
    ("user", "password"),
    [("{tenant}/device_pump", "wrong"), ("{tenant}/device_other", PASSWORD), ("zzzzzz/device_pump", PASSWORD)],
)
def test_wrong_credentials_are_told_so(broker: Broker, user: str, password: str) -> None:
    broker.user()
    assert refused(broker, "pump", user.format(tenant=broker.tenant), password) == 4


def test_a_tenant_that_was_not_enabled_lets_nobody_in() -> None:
    broker = Broker(Client(enabled=False))
    assert refused(broker, "pump", broker.user()) == 4


def test_a_disabled_device_stays_outside(broker: Broker) -> None:
    user = broker.user()
    device_users.change(broker.ports, broker.tenant, "device_pump", enabled=False)
    assert refused(broker, "pump", user) == 4


def test_a_device_user_is_one_device(broker: Broker) -> None:
    user = broker.user("pump")
    broker.device("pump", user=user)
    assert refused(broker, "second", user) == 5
    broker.device("other")
    assert refused(broker, "other", user) == 5
    assert any("another device" in reason for reason in broker.complaints())


def test_an_object_made_over_rest_is_the_device_with_its_serial(broker: Broker) -> None:
    made = broker.client.made("/inventory/managedObjects", {"name": "ready", "c8y_IsDevice": {}})["id"]
    serial = {"type": "c8y_Serial", "externalId": "pump"}
    broker.client.made(f"/identity/globalIds/{made}/externalIds", serial)
    assert refused(broker, "pump", broker.user()) == 5
    person = broker.client.credentials
    assert broker.knock("pump", person[0], person[1])["isAuthenticated"]
    broker.connect("pump")
    assert broker.object().id == made
    assert broker.object().name == "ready"


def test_an_api_key_may_be_any_device_of_its_tenant(broker: Broker) -> None:
    name, secret = broker.client.credentials_with(Role.DEVICE_W)
    assert broker.knock("pump", name, secret)["isAuthenticated"]
    assert refused(broker, "pump2", *broker.client.credentials_with(Role.BUS_R)) == 5
    assert refused(broker, "pump2", name, secret, secured=False) == 5


def test_a_device_needs_no_tls_as_on_the_vendors_port_1883(broker: Broker) -> None:
    assert broker.knock("pump", broker.user(), secured=False)["isAuthenticated"]


def test_an_id_of_another_tenants_device_is_refused_and_leaves_nothing(broker: Broker) -> None:
    broker.device("pump")
    stranger = Broker(Client(broker.ports, "globex"))
    assert refused(stranger, "pump", stranger.user("pump")) == 5
    assert stranger.client.get("/inventory/managedObjects").body["managedObjects"] == []
    assert stranger.client.get("/identity/externalIds/c8y_Serial/pump").status == 404


@pytest.mark.parametrize("client", ["pump", "d:pump", "d:pump:collection"])
def test_a_child_of_ones_own_with_the_id_of_another_tenants_device_is_refused_too(broker: Broker, client: str) -> None:
    broker.device("pump")
    stranger = Broker(Client(broker.ports, "globex"))
    user = stranger.user("gate")
    stranger.publish(stranger.device("gate", user=user), "101,pump")
    child = stranger.object("pump")
    assert refused(stranger, client, user) == 5
    assert stranger.object("pump") == child
    assert stranger.complaints()[-1].startswith("connection refused")


def test_policies_are_within_what_iot_core_allows(broker: Broker) -> None:
    bootstrap.put(broker.ports, "management/devicebootstrap", "well known")
    for who in (("d:pump:xid", broker.user()), ("new", "management/devicebootstrap", "well known")):
        documents = broker.knock(*who)["policyDocuments"]
        assert all(len(document) <= 2_048 for document in documents)
        assert len(documents) <= 10


def allowed(broker: Broker, action: str) -> set[str]:
    documents = broker.knock("pump", broker.user())["policyDocuments"]
    statements = [s for document in documents for s in json.loads(document)["Statement"]]
    return {name for s in statements if s["Action"] == action and s["Effect"] == "Allow" for name in s["Resource"]}


def test_nobody_subscribes_to_what_devices_publish(broker: Broker) -> None:
    filters = {name.partition(":topicfilter/")[2] for name in allowed(broker, "iot:Subscribe")}
    assert {"s/ds", "s/dc/*", "s/dd", "s/dt", "s/dat", "s/e", "error", "devicecontrol/notifications"} <= filters
    assert not filters & {"s/us", "s/uc/*", "s/*", "s/dcr", "event/*"}


class TestBootstrap:
    def test_a_device_gets_credentials_once_it_was_accepted(self, broker: Broker) -> None:
        broker.client.made(REQUESTS, {"id": "pump"})
        client = broker.bootstrap("pump")
        broker.publish(client, "", "s/ucr")
        assert broker.received(client) == []
        assert broker.client.get(f"{REQUESTS}/pump").body["status"] == "PENDING_ACCEPTANCE"
        assert broker.client.call("PUT", f"{REQUESTS}/pump", {"status": "ACCEPTED"}).status == 200
        given = []
        for _ in range(2):
            broker.ports.clock.advance(seconds=5)
            broker.publish(client, "", "s/ucr")
            given += broker.received(client)
        # An agent that asks once more, as the answer may be lost, is given the same.
        (topic, row), again = given
        assert (topic, row) == again
        code, tenant, user, password = row.split(",")
        assert (topic, code, tenant, user) == ("s/dcr", "70", broker.tenant, "device_pump")
        assert broker.knock("pump", f"{tenant}/{user}", password)["isAuthenticated"]

    def test_one_that_nobody_registered_waits_in_silence(self, broker: Broker) -> None:
        client = broker.bootstrap("unknown")
        broker.publish(client, "", "s/ucr")
        assert broker.received(client) == []
        # It may be registered while it is connected.
        broker.client.made(REQUESTS, {"id": "unknown"})
        assert broker.client.call("PUT", f"{REQUESTS}/unknown", {"status": "ACCEPTED"}).status == 200
        broker.ports.clock.advance(seconds=5)
        broker.publish(client, "", "s/ucr")
        assert [topic for topic, _ in broker.received(client)] == ["s/dcr"]

    def test_it_displaces_nobody_and_holds_nothing(self, broker: Broker) -> None:
        broker.device("pump")
        bootstrap.put(broker.ports, "management/devicebootstrap", "well known")
        who = ("pump", "management/devicebootstrap", "well known")
        assert refused(broker, *who) == 5
        broker.disconnect("pump")
        before = broker.ports.claims.current("pump")
        assert broker.knock(*who)["isAuthenticated"]
        assert broker.ports.claims.current("pump") == before
        assert broker.knock("pump", f"{broker.tenant}/device_pump")["isAuthenticated"]

    @pytest.mark.parametrize("topic", ["s/us", "s/uc/x", "s/uat", "event/events/create", "t/us"])
    def test_it_may_say_nothing_else(self, broker: Broker, topic: str) -> None:
        broker.client.made(REQUESTS, {"id": "pump"})
        client = broker.bootstrap("pump")
        broker.publish(client, "100,a,b", topic)
        assert broker.complaints() == [f"a bootstrap may not publish on topic {topic}"]
        assert broker.client.get("/inventory/managedObjects").body["managedObjects"] == []

    def test_asking_all_the_time_costs_no_reads(self, broker: Broker) -> None:
        broker.client.made(REQUESTS, {"id": "pump"})
        client = broker.bootstrap("pump")
        broker.client.call("PUT", f"{REQUESTS}/pump", {"status": "ACCEPTED"})
        for _ in range(5):
            broker.publish(client, "", "s/ucr")
        assert len(broker.received(client)) == 1


class TestTokens:
    def test_a_device_that_came_with_a_password_gets_a_token(self, broker: Broker) -> None:
        client = broker.device("pump", "s/dat")
        broker.publish(client, "", "s/uat")
        ((topic, row),) = broker.received(client)
        code, _, token = row.partition(",")
        assert (topic, code) == ("s/dat", "71")
        assert "=" not in token
        bearer = {"Authorization": f"Bearer {token}"}
        shown = broker.client.call("GET", f"/inventory/managedObjects/{broker.object().id}", auth=None, headers=bearer)
        assert shown.status == 200

    def test_it_is_worth_nothing_once_the_device_is_disabled(self, broker: Broker) -> None:
        client = broker.device("pump", "s/dat")
        device_users.change(broker.ports, broker.tenant, "device_pump", enabled=False)
        broker.ports.clock.advance(seconds=61)
        broker.publish(client, "", "s/uat")
        assert broker.received(client) == []
        assert set(broker.ports.background.disconnects) == {"pump"}
