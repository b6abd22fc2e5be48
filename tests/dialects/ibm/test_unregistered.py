"""What applications publish for devices that are not registered: passed on to those who listen, kept nowhere."""

import pytest

from chalicelib.fleet.data import messages
from tests.dialects.ibm.client import Client
from tests.dialects.ibm.site import Site

EVENTS, COMMANDS = "iot-2/type/+/id/+/evt/+/fmt/+", "iot-2/type/+/id/+/cmd/+/fmt/+"


@pytest.fixture
def site() -> Site:
    return Site()


@pytest.mark.parametrize("kind", ["evt", "cmd"])
def test_it_is_passed_on_and_kept_nowhere(site: Site, kind: str) -> None:
    application = site.application("app", EVENTS, COMMANDS)
    topic = f"iot-2/type/pump/id/p9/{kind}/status/fmt/json"
    site.publish(application, topic, {"d": {"cpu": 1}})
    assert site.received(application) == [(topic, {"d": {"cpu": 1}})]
    ports = site.client.ports
    assert messages.read(ports, site.org, "urn:lo:nsid:pump:p9") == []
    assert ports.devices.get(site.org, "urn:lo:nsid:pump:p9") is None
    assert ports.commands.rows == {}
    assert site.complaints() == []


def test_other_organizations_hear_nothing_of_it(site: Site) -> None:
    other = Site(Client(site.client.ports, "globex"))
    theirs = other.application("app", EVENTS)
    site.publish(site.application("app"), "iot-2/type/pump/id/p9/evt/status/fmt/json", {"d": {}})
    assert other.received(theirs) == []
