"""QuickStart beside the broker (IBM manual 5.2.5 and 5.3.9): who comes in without credentials, and meets whom."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from infra.local import quickstart
from infra.local.iot_core import guests as hall
from infra.local.iot_core.packets import FAILURE, Publish

from .conftest import MakeSite, Site
from .device import Device
from .device5 import Device5

EVENT = "iot-2/evt/status/fmt/json"
TOLD = "iot-2/type/pump/id/p1/evt/status/fmt/json"
STATUS = "iot-2/type/pump/id/p1/mon"
NOT_AUTHORIZED, UNAVAILABLE, BAD_IDENTIFIER = 5, 3, 2


@dataclass
class Party:
    """A broker that lets guests in, and the plain port that they come to."""

    site: Site
    port: int

    def guest(self, client_id: str = "d:quickstart:pump:p1", code: int = 0, **options: Any) -> Device:
        device = Device(self.port, None)
        self.site.devices.append(device)
        assert device.connect(client_id, **{"username": None, "password": None, **options}) == (False, code)
        return device

    def application(self, *filters: str, name: str = "app") -> Device:
        application = self.guest(f"a:quickstart:{name}")
        assert FAILURE not in application.subscribe(*((f, 1) for f in filters))
        return application


MakeParty = Callable[[int], Party]


@pytest.fixture
def make_party(make_site: MakeSite) -> MakeParty:
    def make(most: int) -> Party:
        let_in = quickstart.guests(most, region="us-east-1", account="123456789012")
        site = make_site(lenient=True, between_clients=False, guests=let_in)
        return Party(site, site.core.listen_plain("127.0.0.1", 0))

    return make


@pytest.fixture
def party(make_party: MakeParty) -> Party:
    return make_party(10)


def no_more(application: Device, party: Party) -> None:
    """Nothing came before what is published now."""
    party.guest("d:quickstart:pump:last").publish("iot-2/evt/last/fmt/json")
    assert application.message().topic == "iot-2/type/pump/id/last/evt/last/fmt/json"


class TestEvents:
    @pytest.mark.parametrize("qos", [0, 1])
    def test_of_a_device_come_to_the_applications_that_named_it(self, party: Party, qos: int) -> None:
        application = party.application("iot-2/type/pump/id/p1/evt/+/fmt/+")
        party.guest().publish(EVENT, b'{"d": {"cpu":  1}}', qos=qos)
        message = application.message()
        assert (message.topic, message.payload) == (TOLD, b'{"d": {"cpu":  1}}')

    def test_of_another_device_do_not_come(self, party: Party) -> None:
        application = party.application(TOLD, "iot-2/type/pump/id/last/evt/last/fmt/json")
        party.guest("d:quickstart:pump:p2").publish(EVENT)
        no_more(application, party)

    def test_may_be_told_by_an_application(self, party: Party) -> None:
        application = party.application(TOLD)
        party.guest("a:quickstart:proxy").publish(TOLD, b"{}")
        assert application.message().topic == TOLD

    def test_are_not_kept_for_who_comes_later(self, party: Party) -> None:
        party.guest().publish(EVENT, retain=True)
        application = party.application(TOLD, "iot-2/type/pump/id/last/evt/last/fmt/json")
        no_more(application, party)

    def test_reach_nothing_of_the_account(self, party: Party) -> None:
        application = party.application(TOLD)
        party.guest(will=Publish(EVENT, b"will")).publish(EVENT)
        application.message()
        cloud = party.site.cloud
        assert (cloud.asked, cloud.invoked, party.site.core.list_retained_messages()) == ([], [], [])


class TestStatus:
    def test_tells_when_a_device_comes_and_goes(self, party: Party) -> None:
        application = party.application(STATUS)
        party.guest().shut()
        came, gone = (json.loads(application.message().payload) for _ in range(2))
        assert (came["Action"], came["ClientID"], came["Port"], came["Secure"]) == (
            "Connect",
            "d:quickstart:pump:p1",
            1883,
            False,
        )
        assert (gone["Action"], gone["ConnectTime"]) == ("Disconnect", came["Time"])

    def test_begins_with_a_device_that_is_there(self, party: Party) -> None:
        device = party.guest()
        device.publish(EVENT)
        message = party.application(STATUS).message()
        assert (message.retain, json.loads(message.payload)["Action"]) == (True, "Connect")

    def test_of_an_application_is_told_to_who_named_it(self, party: Party) -> None:
        application = party.application("iot-2/app/other/mon")
        party.guest("a:quickstart:other")
        assert json.loads(application.message().payload)["ClientID"] == "a:quickstart:other"


class TestRefused:
    @pytest.mark.parametrize(
        "name",
        [
            "iot-2/type/+/id/p1/evt/+/fmt/+",
            "iot-2/type/pump/id/+/evt/+/fmt/+",
            "iot-2/type/+/id/p1/mon",
            "iot-2/app/+/mon",
            "iot-2/type/pump/id/p1/cmd/+/fmt/+",
            "iot-2/type/pump/id/p1/evt/#",
            "iot-2/#",
            "#",
            "$aws/events/presence/#",
        ],
    )
    def test_is_a_subscription_to_what_is_not_served(self, party: Party, name: str) -> None:
        assert party.guest("a:quickstart:app").subscribe((name, 1)) == [FAILURE]

    @pytest.mark.parametrize("name", ["iot-2/cmd/+/fmt/+", EVENT, TOLD])
    def test_is_every_subscription_of_a_device(self, party: Party, name: str) -> None:
        assert party.guest().subscribe((name, 1)) == [FAILURE]

    @pytest.mark.parametrize("topic", ["iot-2/type/pump/id/p1/cmd/reboot/fmt/json", STATUS])
    def test_is_a_command_or_a_false_status(self, party: Party, topic: str) -> None:
        application = party.guest("a:quickstart:app")
        application.publish(topic, qos=0)
        assert application.closed

    @pytest.mark.parametrize(
        "client_id",
        [
            "d:quickstart:pump",
            "d:quickstart:pu/mp:p1",
            "g:quickstart:t:i",
            "a:quickstart:",
            f"a:quickstart:{'x' * 128}",
        ],
    )
    def test_is_a_client_id_of_another_form(self, party: Party, client_id: str) -> None:
        party.guest(client_id, BAD_IDENTIFIER)

    def test_is_a_durable_session(self, party: Party) -> None:
        first = party.guest("a:quickstart:app", clean=False)
        first.subscribe((TOLD, 1))
        first.shut()
        again = party.guest("a:quickstart:app", clean=False)
        party.guest().publish(EVENT)
        again.ping()

    def test_is_one_guest_too_many(self, make_party: MakeParty) -> None:
        party = make_party(2)
        party.guest("d:quickstart:pump:p1")
        party.guest("d:quickstart:pump:p2")
        party.guest("d:quickstart:pump:p3", UNAVAILABLE)

    def test_is_one_too_many_from_one_address(self, make_party: MakeParty) -> None:
        party = make_party(2 * hall.PER_ADDRESS)
        for number in range(hall.PER_ADDRESS):
            party.guest(f"d:quickstart:pump:p{number}")
        party.guest("d:quickstart:pump:more", UNAVAILABLE)

    def test_is_a_payload_beyond_what_a_guest_may_send(self, party: Party) -> None:
        device = party.guest()
        device.publish(EVENT, b"x" * 4097, qos=0)
        assert device.closed

    def test_is_everybody_by_default(self, make_site: MakeSite) -> None:
        site = make_site(lenient=True)
        device = Device(site.core.listen_plain("127.0.0.1", 0), None)
        site.devices.append(device)
        assert device.connect("d:quickstart:pump:p1", username=None, password=None)[1] == NOT_AUTHORIZED
        assert len(site.cloud.asked) == 1


class TestSecured:
    @pytest.mark.parametrize("level", [4, 5])
    def test_guests_meet_those_that_come_without_tls(self, party: Party, level: int) -> None:
        application = party.application(TOLD)
        if level == 5:
            newer = Device5(party.site)
            assert newer.connect("d:quickstart:pump:p1", username=None, password=None)[:2] == (False, 0)
            assert newer.publish(EVENT) == (0, {})
        else:
            device = party.site.device()
            assert device.connect("d:quickstart:pump:p1", username=None, password=None) == (False, 0)
            device.publish(EVENT)
        assert application.message().topic == TOLD
        assert party.site.cloud.asked == []


class TestOthers:
    def test_are_not_disturbed_by_a_guest_that_takes_their_client_id(self, party: Party) -> None:
        owner = party.site.connected("d:quickstart:pump:p2x".replace("quickstart", "acme01"))
        party.guest("d:quickstart:pump:p2x")
        owner.ping()

    def test_do_not_meet_guests(self, party: Party) -> None:
        application = party.application(TOLD, "iot-2/type/pump/id/last/evt/last/fmt/json")
        party.site.cloud.policy = {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Action": "iot:*", "Resource": "*"}],
        }
        tenant = party.site.connected("a:acme01:app")
        tenant.subscribe(("#", 0))
        tenant.publish(TOLD)
        no_more(application, party)
        tenant.ping()

    def test_may_publish_with_retain_where_nothing_is_retained(self, party: Party) -> None:
        device = party.site.connected()
        device.publish("dev/data", b"{}", retain=True)
        assert party.site.core.list_retained_messages() == []
