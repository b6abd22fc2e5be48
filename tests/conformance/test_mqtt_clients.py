"""General MQTT clients against the IoT Core stand-in: the AWS IoT Device SDK v2 for Python, mqtt.js 5 and Paho."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.local.iot_core import IotCore, Rule, TlsIdentity
from infra.local.iot_core.properties import Properties, Property
from tests.conformance.environments import node_environment, python_environment
from tests.local.iot_core import certificates
from tests.local.iot_core.cloud import RULES, Cloud

pytestmark = pytest.mark.conformance

CLIENTS = Path(__file__).parent / "clients"
WITHIN_S = 60
_TOLD = (
    "SELECT get_mqtt_property('content_type') AS kind, get_user_properties('unit') AS unit,"
    " get_mqtt_property('correlation_data') AS which FROM 'dev/#'"
)
_ASKED = Properties(
    {Property.RESPONSE_TOPIC: "dev/echo", Property.CORRELATION_DATA: b"\x17"}, [("trace", "1"), ("trace", "2")]
)


class Site:
    """A broker in strict mode on a free port, with certificates of its own."""

    def __init__(self, folder: Path) -> None:
        certificates.write(folder)
        self.ca = str(folder / "ca.pem")
        self.cloud = Cloud()
        rules = [*RULES, Rule("told", _TOLD, "told")]
        self.core = IotCore(authorize=self.cloud.authorize, invoke=self.cloud.invoke, rules=rules)
        self.core.start()
        self.port = self.core.listen_tls("127.0.0.1", 0, TlsIdentity(folder / "server.pem", folder / "server.key"))

    def drive(
        self, command: list[str], client_id: str, cwd: Path | None = None, properties: Properties | None = None
    ) -> str:
        """Run a client that publishes, repeats a direct message and leaves; what it printed."""
        with subprocess.Popen(command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as client:
            try:
                self.cloud.wait_for("uplink", lambda event: event["topic"] == "dev/data")
                self.core.send_direct_message(
                    client_id, "dev/cmd", b"a direct message", confirmation=True, timeout=15, properties=properties
                )
                output, _ = client.communicate(timeout=WITHIN_S)
            except BaseException:
                client.kill()
                print(client.communicate()[0])
                raise
        assert client.returncode == 0, output
        return output


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    site = Site(tmp_path)
    yield site
    site.core.stop()


def _check(site: Site, output: str, payload: bytes) -> None:
    assert "granted 1" in output
    assert site.cloud.uplinks() == [("dev/data", payload), ("dev/echo", b"a direct message")]
    left = site.cloud.wait_for("presence", lambda event: event["eventType"] == "disconnected")
    assert left["disconnectReason"] == "CLIENT_INITIATED_DISCONNECT"


@pytest.mark.row("C1")
def test_the_aws_iot_device_sdk_for_python(site: Site) -> None:
    python = python_environment("aws-iot-sdk", "awsiotsdk==1.31.0")
    output = site.drive([str(python), str(CLIENTS / "aws_iot_sdk.py"), str(site.port), site.ca, "sdk-1"], "sdk-1")
    _check(site, output, b"from the SDK")


@pytest.mark.row("C1")
@pytest.mark.parametrize("url", ["mqtts://localhost:{port}", "wss://localhost:{port}/mqtt"])
def test_mqtt_js_over_tcp_and_websocket(site: Site, url: str) -> None:
    folder = node_environment("mqtt-js", "mqtt@5.16.0")
    program = str(CLIENTS / "mqtt_js.mjs")
    output = site.drive(["node", program, url.format(port=site.port), site.ca, "js-1"], "js-1", cwd=folder)
    _check(site, output, b"from mqtt.js")


def _check_5(site: Site, output: str, units: list[str], *payloads: bytes) -> None:
    """What a client of MQTT 5 told reached the rules, what it was asked came back, and what was denied is known."""
    assert "session expiry 3600" in output
    assert "granted 1" in output
    assert "asked for dev/echo" in output
    assert [topic for topic, _payload in site.cloud.uplinks()] == [*("dev/data" for _ in payloads), "dev/echo"]
    assert [payload for _topic, payload in site.cloud.uplinks()] == [*payloads, b"a direct message"]
    told = site.cloud.events("told")
    assert told[0] == {"kind": "text/plain", "unit": units}
    assert told[-1] == {"which": "Fw=="}
    left = site.cloud.wait_for("presence", lambda event: event["eventType"] == "disconnected")
    assert left["disconnectReason"] == "CLIENT_INITIATED_DISCONNECT"


def test_the_aws_iot_device_sdk_for_python_in_mqtt_5(site: Site) -> None:
    python = python_environment("aws-iot-sdk", "awsiotsdk==1.31.0")
    command = [str(python), str(CLIENTS / "aws_iot_sdk_mqtt5.py"), str(site.port), site.ca, "sdk-5"]
    output = site.drive(command, "sdk-5", properties=_ASKED)
    _check_5(site, output, ["K"], b"from the SDK")
    assert "quality 1" in output
    assert "data 0" in output
    assert "denied 135" in output


@pytest.mark.parametrize("url", ["mqtts://localhost:{port}", "wss://localhost:{port}/mqtt"])
def test_mqtt_js_in_mqtt_5(site: Site, url: str) -> None:
    folder = node_environment("mqtt-js", "mqtt@5.16.0")
    command = ["node", str(CLIENTS / "mqtt_js_5.mjs"), url.format(port=site.port), site.ca, "js-5"]
    output = site.drive(command, "js-5", cwd=folder, properties=_ASKED)
    _check_5(site, output, ["K", "C"], b"from mqtt.js", b"by its alias")
    assert "topic aliases 8" in output
    assert "denied 135" in output


def test_paho_in_mqtt_5(site: Site) -> None:
    python = python_environment("paho", "paho-mqtt==2.1.0")
    command = [str(python), str(CLIENTS / "paho_mqtt5.py"), str(site.port), site.ca, "paho-5"]
    output = site.drive(command, "paho-5", properties=_ASKED)
    _check_5(site, output, ["K", "C"], b"from paho", b"by its alias")
    assert "topic aliases 8" in output
    assert "denied Not authorized" in output
