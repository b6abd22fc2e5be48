"""Template 121 says how far the profile of a device has been applied (guide "MQTT", "Set device profile")."""

from typing import Any

import pytest

from chalicelib.dialects.cumulocity.smartrest import asking, static
from chalicelib.fleet import ids
from tests.dialects.cumulocity.broker import Broker

pytestmark = pytest.mark.row("G7")
OBJECTS = "/inventory/managedObjects"
NAMED = {"profileName": "winter", "profileId": "60238"}
PROFILE = {"firmware": {"name": "fw", "version": "2", "url": "u"}}


@pytest.fixture
def broker() -> Broker:
    made = Broker()
    made.device("pump", "s/ds", "s/e")
    made.publish("pump", "114,c8y_DeviceProfile")
    return made


def order(broker: Broker, **said: Any) -> str:
    number = broker.order("pump", {**said, "c8y_DeviceProfile": PROFILE})
    broker.run()
    return number


def profile(broker: Broker) -> Any:
    return broker.client.get(f"{OBJECTS}/{broker.object().id}").body.get("c8y_Profile")


def answers(broker: Broker) -> list[str]:
    return [text for topic, text in broker.received("pump") if topic == "s/e"]


def test_it_is_that_of_the_oldest_operation_that_is_going_on(broker: Broker) -> None:
    first = order(broker, **NAMED)
    second = order(broker, profileName="summer", profileId="7")
    broker.publish("pump", f"504,{second}")
    broker.publish("pump", f"504,{first}\n121,false")
    assert profile(broker) == {**NAMED, "profileExecuted": False}
    broker.publish("pump", f"121,true\n506,{first}")
    assert profile(broker) == {**NAMED, "profileExecuted": True}
    broker.publish("pump", "121,true")
    assert profile(broker) == {"profileName": "summer", "profileId": "7", "profileExecuted": True}
    assert answers(broker) == []


def test_when_its_operation_is_over_it_is_still_that_one(broker: Broker) -> None:
    number = order(broker, **NAMED)
    broker.publish("pump", "501,c8y_DeviceProfile\n121,false")
    broker.publish("pump", "503,c8y_DeviceProfile")
    assert broker.status(number) == "SUCCESSFUL"
    broker.publish("pump", "121,true")
    assert profile(broker) == {**NAMED, "profileExecuted": True}


def test_one_that_is_named_is_that(broker: Broker) -> None:
    number = order(broker, **NAMED)
    broker.publish("pump", f"504,{number}")
    described = broker.client.made(OBJECTS, {"type": "c8y_Profile", "name": "autumn"})["id"]
    secret = broker.client.made(OBJECTS, {"type": "plan", "name": "sesame"})["id"]
    for said, found in (
        ("60238", {**NAMED, "profileExecuted": True}),
        (described, {"profileId": described, "profileName": "autumn", "profileExecuted": True}),
        (secret, {"profileId": secret, "profileExecuted": True}),
        ("mine", {"profileId": "mine", "profileExecuted": True}),
    ):
        broker.publish("pump", f"121,true,{said}")
        assert profile(broker) == found


def test_what_means_none_is_told(broker: Broker) -> None:
    for row, code in (
        ("121,true", "50,121,"),
        ("121", "45,121,Wrong number"),
        ("121,perhaps", "45,121,Value is not a"),
    ):
        broker.publish("pump", row)
        (told,) = answers(broker)
        assert told.startswith(code)
    assert profile(broker) is None


def test_a_profile_of_a_child_is_its_own(broker: Broker) -> None:
    broker.publish("pump", "101,kid,Kid")
    number = broker.order("kid", {**NAMED, "c8y_DeviceProfile": PROFILE})
    broker.run()
    broker.publish("pump", f"504,{number}", "s/us/kid")
    broker.publish("pump", "121,false", "s/us/kid")
    shown = broker.client.get(f"{OBJECTS}/{broker.object('kid').id}").body
    assert (shown["c8y_Profile"], profile(broker)) == ({**NAMED, "profileExecuted": False}, None)


def test_others_read_the_profile_as_what_is_to_be_done(broker: Broker) -> None:
    """Its name and id are said beside it, in whichever order."""
    number = order(broker, **NAMED)
    command = broker.ports.commands.get(broker.tenant, ids.of_number(number))
    assert command is not None
    assert (command.request["req"], command.request["arg"]) == ("c8y_DeviceProfile", PROFILE)


def test_every_template_that_is_said_to_be_there_is(broker: Broker) -> None:
    """106, 124, 601 and 603 are answers, 510 to 531 operations."""
    answered = {"106", "124", "601", "603"}
    assert {one for one in asking.KNOWN if not 510 <= int(one) <= 531} - answered == static.TEMPLATES.keys()
