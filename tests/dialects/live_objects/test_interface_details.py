"""What an interface shows of its connection, and of what its device reported (manual 5.2.1.3, 5.4.2.2 and 5.5.3.2)."""

from typing import Any

import pytest

from chalicelib.dialects.live_objects import times
from chalicelib.dialects.live_objects.suites import standard
from chalicelib.fleet.configuration import synchronizing
from chalicelib.fleet.configuration.records import ParameterType, Value
from chalicelib.fleet.data import messages
from chalicelib.fleet.data.records import DataMessage
from chalicelib.fleet.presence.claims import Claim
from chalicelib.fleet.resources import updating
from chalicelib.fleet.resources.updates import Report
from chalicelib.triggers import presence
from tests.dialects.live_objects.client import DEVICES, Client
from tests.dialects.live_objects.conftest import URN
from tests.fakes import START

pytestmark = pytest.mark.row("B3")
NODE = "node1"
KEY = f"{DEVICES}/{URN}/interfaces/mqtt:{NODE}"


@pytest.fixture
def device(client: Client) -> str:
    interfaces = [
        {"connector": "mqtt", "definition": {"clientId": NODE}},
        {"connector": "x-connector", "definition": {"nodeId": "n"}},
    ]
    assert client.call("POST", DEVICES, {"id": URN, "interfaces": interfaces}).status == 200
    claim = Claim(NODE, client.tenant.id, "live_objects", "device", "k1", 0, device=URN, connector="mqtt")
    client.ports.claims.rows[NODE] = claim
    return f"{DEVICES}/{URN}"


def heard(client: Client, kind: str, **fields: Any) -> None:
    event = {"clientId": NODE, "eventType": kind, "timestamp": START + 1, "sessionIdentifier": "s1", **fields}
    presence.handle(client.ports, event)


def test_what_the_broker_tells_of_a_connection_is_shown(client: Client, device: str) -> None:
    told = {
        "ipAddress": "217.167.1.65",
        "sourcePort": 61214,
        "keepAliveDuration": 60,
        "mqttLevel": 3,
        "tlsVersion": "TLSv1.2",
        "tlsCipher": "ECDHE-RSA-AES128-GCM-SHA256",
    }
    heard(client, "connected", **told)
    heard(client, "subscribed", topics=["dev/cmd"])
    activity = client.get(KEY).body["activity"]
    assert activity["remoteAddress"] == "217.167.1.65/61214"
    assert (activity["mqttTimeout"], activity["mqttVersion"]) == (60, 3)
    assert activity["security"]["protocol"] == "TLSv1.2"
    assert activity["security"]["cipher"] == "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"


def test_what_iot_core_does_not_tell_is_left_out(client: Client, device: str) -> None:
    heard(client, "connected", ipAddress="192.0.2.7")
    activity = client.get(KEY).body["activity"]
    assert activity["remoteAddress"] == "192.0.2.7"
    assert activity["mqttVersion"] == 4
    assert "mqttTimeout" not in activity
    assert not {"protocol", "cipher"} & activity["security"].keys()


@pytest.mark.parametrize(
    ("openssl", "iana"),
    [
        ("ECDHE-RSA-AES256-GCM-SHA384", "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"),
        ("ECDHE-RSA-AES128-SHA256", "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256"),
        ("ECDHE-RSA-AES256-SHA", "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA"),
        ("AES128-GCM-SHA256", "TLS_RSA_WITH_AES_128_GCM_SHA256"),
        ("AES256-SHA", "TLS_RSA_WITH_AES_256_CBC_SHA"),
        ("ECDHE-ECDSA-CHACHA20-POLY1305", "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"),
        ("TLS_AES_128_GCM_SHA256", "TLS_AES_128_GCM_SHA256"),
        ("PSK-AES128-CCM8", "PSK-AES128-CCM8"),
    ],
)
def test_cipher_suites_have_the_registrys_names(openssl: str, iana: str) -> None:
    assert standard(openssl) == iana


def test_reported_versions_and_parameters_are_shown_with_the_device(client: Client, device: str) -> None:
    tenant = client.tenant.id
    updating.report(client.ports, tenant, URN, {"MyFW": Report("1.0.2")}, START)
    value = Value(ParameterType.STRING, "DEBUG", START)
    synchronizing.report(client.ports, tenant, URN, {"logLevel": value}, None)
    body = client.get(device).body
    assert body["resources"] == body["firmwares"] == {"MyFW": "1.0.2"}
    assert body["config"]["logLevel"]["value"] == "DEBUG"
    assert body["config"]["logLevel"]["type"] == "STRING"
    interface = client.get(KEY).body
    assert interface["resources"] == interface["firmwares"] == {"MyFW": "1.0.2"}
    other = client.get(f"{device}/interfaces/x-connector:n").body
    assert "resources" not in other
    (listed,) = client.get(DEVICES, fields="resources,firmwares").body
    assert listed["resources"] == listed["firmwares"] == {"MyFW": "1.0.2"}


def test_a_target_that_was_never_reported_is_no_version_of_the_device(client: Client, device: str) -> None:
    client.call("POST", "/api/v0/rm", {"resourceId": "fw"})
    version = {"resourceVersionId": "2.0", "checksum": "kAFQmDzST7DWlj99KOF/cg==", "file": "YWJj"}
    client.call("POST", "/api/v0/rm/fw/version", version)
    client.call("POST", f"{device}/resources/fw", {"version": "2.0"})
    assert "resources" not in client.get(device).body


def test_the_last_place_is_that_of_the_interface(client: Client, device: str) -> None:
    for number, (connector, lat) in enumerate([("mqtt", 1.5), ("mqtt", 2.5), ("x-connector", 3.5)]):
        at = START + number
        place = {"lat": lat, "lon": 7.0, "provider": "GPS"}
        metadata = {"source": URN, "connector": connector}
        stored = DataMessage(
            client.tenant.id, f"{number:024x}", URN, at, at, {"n": number}, location=place, metadata=metadata
        )
        messages.store(client.ports, stored, device=URN)
    assert client.get(KEY).body["locations"] == [
        {"timestamp": "2027-01-15T08:00:00.001Z", "lat": 2.5, "lon": 7.0, "provider": "GPS"}
    ]
    (first, second) = client.get(f"{device}/interfaces").body
    assert (first["locations"][0]["lat"], second["locations"][0]["lat"]) == (2.5, 3.5)


@pytest.mark.parametrize(("before", "shown"), [(1_000, 0), (1, 0), (0, 0), (-1, 1), (-90_000, 90_000)])
@pytest.mark.parametrize("kind", ["subscribed", "disconnected"])
def test_the_last_contact_is_never_before_the_interface_was_made(
    client: Client, device: str, kind: str, before: int, shown: int
) -> None:
    """The broker's clock may be behind ours."""
    for event in ("connected", kind):
        heard(client, event, timestamp=START - before, topics=["dev/cmd"])
    interface = client.get(KEY).body
    assert interface["created"] == times.render(START)
    assert interface["lastContact"] == times.render(START + shown)
