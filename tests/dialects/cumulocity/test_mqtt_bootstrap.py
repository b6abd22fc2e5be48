"""A device that has asked for credentials over MQTT is given them when somebody accepts it."""

import pytest

from tests.dialects.cumulocity.broker import Broker

REQUESTS = "/devicecontrol/newDeviceRequests"


@pytest.fixture
def broker() -> Broker:
    found = Broker()
    found.client.made(REQUESTS, {"id": "pump"})
    return found


def accept(broker: Broker, **more: str) -> None:
    assert broker.client.call("PUT", f"{REQUESTS}/pump", {"status": "ACCEPTED", **more}).status == 200


def given(broker: Broker, client: str) -> list[str]:
    return [row for topic, row in broker.received(client) if topic == "s/dcr"]


@pytest.mark.parametrize("name", ["pump", "d:pump", "d:pump:x"])
def test_it_need_not_ask_again(broker: Broker, name: str) -> None:
    client = broker.bootstrap(name)
    broker.publish(client, "", "s/ucr")
    accept(broker)
    broker.later()
    (row,) = given(broker, client)
    code, tenant, user, password = row.split(",")
    assert (code, tenant, user) == ("70", broker.tenant, "device_pump")
    # It may ask all the same, and is told the same.
    broker.publish(client, "", "s/ucr")
    assert given(broker, client) == [row]
    assert broker.knock("pump", f"{tenant}/{user}", password)["isAuthenticated"]


def test_all_at_once(broker: Broker) -> None:
    broker.client.made(REQUESTS, {"id": "fan"})
    for client in ("pump", "fan"):
        broker.publish(broker.bootstrap(client), "", "s/ucr")
    assert broker.client.call("POST", f"{REQUESTS}/acceptAll").status == 200
    broker.later()
    assert [len(given(broker, client)) for client in ("pump", "fan")] == [1, 1]


def test_twice_tells_it_once(broker: Broker) -> None:
    client = broker.bootstrap("pump")
    broker.publish(client, "", "s/ucr")
    accept(broker)
    accept(broker)
    assert len(broker.ports.background.matters) == 2
    broker.later()
    assert len(given(broker, client)) == 1


def test_one_that_asked_meanwhile_is_answered_once(broker: Broker) -> None:
    client = broker.bootstrap("pump")
    broker.publish(client, "", "s/ucr")
    accept(broker)
    broker.ports.clock.advance(seconds=5)
    broker.publish(client, "", "s/ucr")
    broker.later()
    assert len(given(broker, client)) == 1


def test_one_that_is_deleted_meanwhile_is_given_nothing(broker: Broker) -> None:
    client = broker.bootstrap("pump")
    broker.publish(client, "", "s/ucr")
    accept(broker)
    assert broker.client.call("DELETE", f"{REQUESTS}/pump").status in (200, 204)
    broker.later()
    assert given(broker, client) == []


def test_one_that_left_is_given_nothing_until_it_asks(broker: Broker) -> None:
    client = broker.bootstrap("pump")
    broker.publish(client, "", "s/ucr")
    broker.disconnect(client)
    accept(broker)
    broker.later()
    assert given(broker, client) == []
    assert broker.client.get(f"{REQUESTS}/pump").body["status"] == "ACCEPTED"
    broker.publish(broker.bootstrap("pump"), "", "s/ucr")
    assert len(given(broker, client)) == 1


def test_one_that_does_not_listen_is_given_nothing(broker: Broker) -> None:
    client = broker.bootstrap("pump")
    broker.publish(client, "", "s/ucr")
    broker.ports.delivery.sessions[client] = ["s/e"]
    accept(broker)
    broker.later()
    assert given(broker, client) == []


def test_one_that_never_asked_costs_nothing(broker: Broker) -> None:
    broker.bootstrap("pump")
    accept(broker)
    assert broker.ports.background.matters == []


def test_one_that_has_to_show_a_token_is_given_nothing_here(broker: Broker) -> None:
    accept(broker, securityToken="s3same")
    client = broker.bootstrap("pump")
    broker.publish(client, "", "s/ucr")
    broker.later()
    assert given(broker, client) == []


def test_asking_again_and_again_writes_nothing(broker: Broker) -> None:
    client = broker.bootstrap("pump")
    broker.publish(client, "", "s/ucr")
    before = broker.ports.records.page(broker.tenant, "cumulocity.request", after=None, limit=9).items
    broker.ports.clock.advance(seconds=5)
    broker.publish(client, "", "s/ucr")
    assert broker.ports.records.page(broker.tenant, "cumulocity.request", after=None, limit=9).items == before
