"""Which MQTT a device speaks, as its status tells."""

import pytest

from tests.dialects.ibm.client import Client
from tests.dialects.ibm.site import Site


@pytest.mark.parametrize(
    ("told", "protocol"), [({"mqttLevel": 3}, "mqtt3"), ({"mqttLevel": 5}, "mqtt5"), ({}, "mqtt4")]
)
def test_the_status_says_it(told: dict[str, int], protocol: str) -> None:
    site = Site(Client())
    application = site.application("app", "iot-2/type/+/id/+/mon")
    token = site.client.registered()
    device = f"d:{site.org}:pump:p1"
    assert site.knock(device, "use-token-auth", token)["isAuthenticated"]
    site.sessions[device] = "s1"
    site._tell("connected", device, ipAddress="192.0.2.7", **told)
    ((_, status),) = site.received(application)
    assert (status["Action"], status["Protocol"]) == ("Connect", protocol)
