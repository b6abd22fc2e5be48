"""Sessions of devices that are disabled, deleted or given another password are over within 61 s, silent or not."""

import itertools
from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.dialects.cumulocity import device_users
from chalicelib.fleet.access import tenants
from chalicelib.fleet.errors import UserNotFound
from chalicelib.fleet.inventory import numbering
from chalicelib.fleet.presence import fencing
from chalicelib.fleet.presence.fencing import GRACE
from chalicelib.triggers import presence
from tests.dialects.cumulocity.broker import PASSWORD, Broker

OBJECTS, REQUESTS = "/inventory/managedObjects", "/devicecontrol/newDeviceRequests"


@pytest.fixture
def broker() -> Broker:
    return Broker()


def _user(broker: Broker, serial: str) -> str:
    return f"/inventory/managedObjects/{broker.object(serial).id}/user"


def disabled(broker: Broker) -> None:
    assert broker.client.call("PUT", _user(broker, "pump"), {"enabled": False}).status == 200


def enabled(broker: Broker) -> None:
    assert broker.client.call("PUT", _user(broker, "pump"), {"enabled": True}).status == 200


def disabled_as_a_user(broker: Broker) -> None:
    path = f"/user/{broker.tenant}/users/device_pump"
    assert broker.client.call("PUT", path, {"enabled": False}).status == 200


def deleted(broker: Broker) -> None:
    assert broker.client.call("DELETE", f"/user/{broker.tenant}/users/device_pump").status in (200, 204)


def registered_again(broker: Broker) -> None:
    assert device_users.issue(broker.ports, broker.tenant, "device_pump", "6" * 48, broker.ports.clock.advance(ms=1))


def password_chosen(broker: Broker) -> None:
    assert device_users.choose(
        broker.ports, broker.tenant, "device_pump", "n3w-secret", broker.ports.clock.advance(ms=1)
    )


WAYS = (disabled, disabled_as_a_user, deleted, registered_again, password_chosen)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("client", ["pump", "d:pump", "d:pump:x"])
def test_a_silent_session_is_closed(broker: Broker, way: Callable[[Broker], None], client: str) -> None:
    broker.device(client)
    broker.device("other")
    way(broker)
    assert broker.ports.background.disconnects == [client]


@pytest.mark.parametrize("way", WAYS)
def test_nobody_comes_in_again_though_the_door_saw_the_password_a_moment_ago(
    broker: Broker, way: Callable[[Broker], None]
) -> None:
    who = broker.user()
    assert broker.knock("pump", who)["isAuthenticated"]
    broker.connect("pump")
    way(broker)
    assert not broker.knock("pump", who)["isAuthenticated"]


@pytest.mark.parametrize("way", WAYS)
def test_a_connection_that_was_on_its_way_is_closed_too(broker: Broker, way: Callable[[Broker], None]) -> None:
    broker.device("pump")
    broker.disconnect("pump")
    assert broker.knock("pump", f"{broker.tenant}/device_pump")["isAuthenticated"]
    way(broker)
    broker.connect("pump")
    assert broker.ports.background.disconnects == []
    broker.later()
    assert broker.ports.background.disconnects == ["pump"]


def test_who_comes_with_the_new_password_stays(broker: Broker) -> None:
    who = broker.user()
    broker.device("pump", user=who)
    registered_again(broker)
    assert broker.ports.background.disconnects == ["pump"]
    broker.disconnect("pump")
    broker.ports.clock.advance(ms=GRACE)
    assert broker.knock("pump", who, "6" * 48)["isAuthenticated"]
    broker.connect("pump")
    broker.later()
    assert broker.ports.background.disconnects == ["pump"]


def test_the_same_credentials_again_close_nothing(broker: Broker) -> None:
    broker.device("pump")
    issued = device_users.get(broker.ports, broker.tenant, "device_pump").issued
    assert device_users.issue(broker.ports, broker.tenant, "device_pump", PASSWORD, issued)
    device_users.change(broker.ports, broker.tenant, "device_pump", enabled=True)
    assert (broker.ports.background.disconnects, broker.ports.background.matters) == ([], [])


def test_sessions_of_whatever_the_user_owns_are_closed_page_by_page(broker: Broker) -> None:
    who = broker.user("gateway")
    broker.device("gateway", user=who)
    kids = [f"kid{number}" for number in range(120)]
    broker.publish("gateway", "\n".join(f"101,{kid},{kid}" for kid in kids))
    for kid in ("kid0", "kid119"):
        broker.device(kid, user=who)
    device_users.change(broker.ports, broker.tenant, "device_gateway", enabled=False)
    broker.later()
    broker.later()
    assert set(broker.ports.background.disconnects) == {"gateway", "kid0", "kid119"}
    assert broker.ports.background.matters == []


def test_a_person_who_speaks_for_the_device_is_not_thrown_out(broker: Broker) -> None:
    broker.device("pump")
    broker.disconnect("pump")
    name, password = broker.client.credentials
    assert broker.knock("pump", name, password)["isAuthenticated"]
    broker.connect("pump")
    disabled(broker)
    broker.later()
    assert broker.ports.background.disconnects == []


def test_a_device_that_asks_for_another_password_is_not_cut_off_before_its_answer(broker: Broker) -> None:
    broker.device("pump")
    broker.disconnect("pump")
    broker.client.made(REQUESTS, {"id": "pump"})
    client = broker.bootstrap("pump")
    broker.publish(client, "", "s/ucr")
    assert broker.client.call("PUT", f"{REQUESTS}/pump", {"status": "ACCEPTED"}).status == 200
    broker.ports.clock.advance(seconds=5)
    broker.publish(client, "", "s/ucr")
    broker.later()
    assert [topic for topic, _ in broker.received(client)] == ["s/dcr"]
    assert broker.ports.background.disconnects == []


def test_a_user_without_a_device_is_simply_deleted(broker: Broker) -> None:
    broker.user("pump")
    device_users.delete(broker.ports, broker.tenant, "device_pump")
    broker.later()
    with pytest.raises(UserNotFound):
        device_users.delete(broker.ports, broker.tenant, "device_pump")


def test_what_stands_below_it_and_is_somebody_elses_is_closed_as_well(broker: Broker) -> None:
    """A device may come in as whatever is below what it owns, whoever made that."""
    who = broker.user("gateway")
    broker.device("gateway", user=who)
    number = broker.client.made(OBJECTS, {"name": "kid", "c8y_IsDevice": {}})["id"]
    grandchild = broker.client.made(OBJECTS, {"name": "grandchild", "c8y_IsDevice": {}})["id"]
    for child, name in ((number, "kid"), (grandchild, "grandchild")):
        broker.client.made(f"/identity/globalIds/{child}/externalIds", {"type": "c8y_Serial", "externalId": name})
    broker.client.made(f"{OBJECTS}/{broker.object('gateway').id}/childDevices", {"managedObject": {"id": number}})
    broker.client.made(f"{OBJECTS}/{number}/childAdditions", {"managedObject": {"id": grandchild}})
    for name in ("kid", "grandchild"):
        broker.device(name, user=who)
    broker.device("other", user=broker.user("other"))
    device_users.change(broker.ports, broker.tenant, "device_gateway", enabled=False)
    broker.later()
    assert set(broker.ports.background.disconnects) == {"gateway", "kid", "grandchild"}


def test_a_device_of_another_name_than_its_user_is_closed(broker: Broker) -> None:
    broker.device("d:pump-7:x", user=broker.user("pump"))
    device_users.change(broker.ports, broker.tenant, "device_pump", enabled=False)
    broker.later()
    assert broker.ports.background.disconnects == ["d:pump-7:x"]


def test_who_is_enabled_again_at_once_is_thrown_out_once(broker: Broker) -> None:
    who = broker.user()
    broker.device("pump", user=who)
    disabled(broker)
    assert broker.ports.background.disconnects == ["pump"]
    broker.disconnect("pump")
    assert broker.client.call("PUT", _user(broker, "pump"), {"enabled": True}).status == 200
    assert broker.knock("pump", who)["isAuthenticated"]
    broker.connect("pump")
    broker.later()
    assert broker.ports.background.disconnects == ["pump"]


def test_who_is_enabled_again_with_another_password_is_looked_for_again(broker: Broker) -> None:
    """Somebody who was on the way with the old one is out."""
    who = broker.user()
    broker.device("pump", user=who)
    broker.disconnect("pump")
    assert broker.knock("pump", who)["isAuthenticated"]
    disabled(broker)
    registered_again(broker)
    broker.connect("pump")
    broker.later()
    assert set(broker.ports.background.disconnects) == {"pump"}


@pytest.mark.parametrize("ways", list(itertools.permutations((disabled, enabled, registered_again), 2)))
def test_two_changes_one_after_the_other_leave_nobody_in_with_what_counts_no_more(
    broker: Broker, ways: tuple[Callable[[Broker], None], ...]
) -> None:
    who = broker.user()
    broker.device("pump", user=who)
    broker.disconnect("pump")
    assert broker.knock("pump", who)["isAuthenticated"]
    for way in ways:
        way(broker)
    broker.connect("pump")
    broker.later()
    assert set(broker.ports.background.disconnects) == (set() if ways == (disabled, enabled) else {"pump"})


@pytest.mark.parametrize("way", WAYS)
def test_what_comes_twice_or_late_throws_out_nobody_who_came_in_rightly(
    broker: Broker, way: Callable[[Broker], None]
) -> None:
    who = broker.user()
    broker.device("pump", user=who)
    way(broker)
    matters = list(broker.ports.background.matters)
    broker.disconnect("pump")
    broker.later()
    before = list(broker.ports.background.disconnects)
    broker.ports.clock.advance(ms=GRACE)
    secret = "7" * 48
    device_users.issue(broker.ports, broker.tenant, "device_pump", secret, broker.ports.clock.advance(ms=1))
    broker.ports.clock.advance(ms=GRACE)
    assert broker.knock("pump", who, secret)["isAuthenticated"]
    broker.connect("pump")
    for _ in range(2):
        broker.ports.background.matters = list(matters)
        broker.later()
    assert broker.ports.background.disconnects == before


@pytest.mark.parametrize("way", WAYS)
def test_an_id_that_is_another_tenants_by_now_stays_open(broker: Broker, way: Callable[[Broker], None]) -> None:
    """The user is called likewise there, too."""
    broker.device("pump")
    way(broker)
    assert broker.ports.background.disconnects == ["pump"]
    broker.disconnect("pump")
    other, _, _ = tenants.create(broker.ports, "other")
    numbering.enable(broker.ports, other.id)
    fencing.give(broker.ports, "pump", other.id)
    broker.ports.run_background()
    broker.ports.clock.advance(ms=broker.ports.fence_rest)
    assert broker.knock("pump", broker.user("pump", other.id))["isAuthenticated"]
    broker.connect("pump")
    broker.later()
    assert broker.ports.background.disconnects == ["pump"]


def told(broker: Broker, client: str, at: int) -> dict[str, Any]:
    """That a client has connected then."""
    broker.sessions[client] = f"late-{at}"
    return {
        "clientId": client,
        "timestamp": at,
        "eventType": "connected",
        "sessionIdentifier": broker.sessions[client],
        "principalIdentifier": broker.principals[client],
        "ipAddress": "192.0.2.7",
    }


@pytest.mark.parametrize("way", WAYS)
def test_a_connection_that_is_told_of_after_all_looks_is_closed_then(
    broker: Broker, way: Callable[[Broker], None]
) -> None:
    broker.device("pump")
    broker.disconnect("pump")
    broker.ports.clock.advance(ms=GRACE)
    assert broker.knock("pump", f"{broker.tenant}/device_pump")["isAuthenticated"]
    connected = told(broker, "pump", broker.ports.clock.advance(ms=1))
    way(broker)
    broker.later()
    broker.ports.clock.advance(seconds=600)
    assert broker.ports.background.disconnects == []
    for _ in range(2):
        presence.handle(broker.ports, connected)
    assert set(broker.ports.background.disconnects) == {"pump"}


def test_a_connection_that_is_told_of_late_stays_where_nothing_was_changed(broker: Broker) -> None:
    broker.device("pump")
    broker.disconnect("pump")
    broker.ports.clock.advance(ms=GRACE)
    assert broker.knock("pump", f"{broker.tenant}/device_pump")["isAuthenticated"]
    connected = told(broker, "pump", broker.ports.clock.advance(ms=1))
    broker.ports.clock.advance(seconds=600)
    presence.handle(broker.ports, connected)
    assert broker.ports.background.disconnects == []


def test_what_is_told_late_of_an_earlier_session_ends_no_later_one(broker: Broker) -> None:
    who = broker.user()
    broker.device("pump", user=who)
    broker.disconnect("pump")
    assert broker.knock("pump", who)["isAuthenticated"]
    connected = told(broker, "pump", broker.ports.clock.advance(ms=1))
    registered_again(broker)
    broker.ports.clock.advance(ms=GRACE)
    assert broker.knock("pump", who, "6" * 48)["isAuthenticated"]
    broker.connect("pump")
    broker.ports.clock.advance(seconds=600)
    presence.handle(broker.ports, connected)
    assert broker.ports.background.disconnects == []


def test_a_person_whose_connection_is_told_of_late_stays(broker: Broker) -> None:
    broker.device("pump")
    broker.disconnect("pump")
    assert broker.knock("pump", *broker.client.credentials)["isAuthenticated"]
    connected = told(broker, "pump", broker.ports.clock.advance(ms=1))
    deleted(broker)
    broker.ports.clock.advance(seconds=600)
    presence.handle(broker.ports, connected)
    assert broker.ports.background.disconnects == []
