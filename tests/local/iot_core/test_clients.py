"""Client libraries that people use, unmodified, against the broker."""

import queue
import shutil
import subprocess
import threading
from collections.abc import Iterator
from typing import Any

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from infra.local.iot_core import packets
from tests.clients import PATIENCE_S

from .conftest import Site

WAIT = 60.0  # only ever reached by a failing test
CLIENT = "urn:lo:nsid:dev:1"


class Paho:
    """A paho client whose callbacks end up in one queue."""

    def __init__(self, site: Site, transport: Any = "tcp", password: str = "secret", **options: Any) -> None:
        self.seen: queue.Queue[tuple[str, Any]] = queue.Queue()
        self.client = paho.Client(CallbackAPIVersion.VERSION2, CLIENT, transport=transport, **options)
        self.client.username_pw_set("json+device", password)
        self.client.tls_set_context(site.tls)
        self.client.on_connect = self._connected
        self.client.on_subscribe = self._subscribed
        self.client.on_message = self._message
        self.client.on_publish = self._published
        self.client.on_disconnect = self._disconnected
        self.client.connect_timeout = PATIENCE_S
        self.client.connect("localhost", site.port, keepalive=30)
        self.client.loop_start()

    def _connected(self, _client: Any, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        self.seen.put(("connected", reason.value))

    def _subscribed(self, _client: Any, _data: Any, _mid: Any, reasons: list[Any], _properties: Any) -> None:
        self.seen.put(("subscribed", [reason.value for reason in reasons]))

    def _message(self, _client: Any, _data: Any, message: paho.MQTTMessage) -> None:
        self.seen.put(("message", (message.topic, message.payload, message.qos)))

    def _published(self, _client: Any, _data: Any, mid: int, _reason: Any, _properties: Any) -> None:
        self.seen.put(("published", mid))

    def _disconnected(self, _client: Any, _data: Any, _flags: Any, _reason: Any, _properties: Any) -> None:
        self.seen.put(("disconnected", None))

    def next(self, kind: str) -> Any:
        found, value = self.seen.get(timeout=WAIT)
        assert found == kind, (found, value)
        return value

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


@pytest.fixture(params=["tcp", "websockets"])
def client(site: Site, request: pytest.FixtureRequest) -> Iterator[Paho]:
    client = Paho(site, request.param)
    assert client.next("connected") == packets.ACCEPTED
    yield client
    client.close()


class TestPaho:
    def test_publishes_and_is_acknowledged(self, client: Paho, site: Site) -> None:
        mid = client.client.publish("dev/data", b'{"t": 1}', qos=1).mid
        assert client.next("published") == mid
        assert site.cloud.uplinks() == [("dev/data", b'{"t": 1}')]

    def test_sees_which_filters_were_granted(self, client: Paho) -> None:
        client.client.subscribe([("dev/cmd", 1), ("dev/data", 0)])
        assert client.next("subscribed") == [1, 0x80]

    def test_confirms_a_direct_message_on_a_topic_it_never_subscribed(self, client: Paho, site: Site) -> None:
        assert site.core.send_direct_message(CLIENT, "dev/cmd", b"{}", confirmation=True)
        assert client.next("message") == ("dev/cmd", b"{}", 1)

    def test_is_disconnected_by_a_denied_publish(self, client: Paho) -> None:
        client.client.publish("dev/cmd", b"{}")
        assert {client.seen.get(timeout=WAIT)[0] for _ in range(2)} == {"published", "disconnected"}

    def test_learns_of_a_wrong_password(self, site: Site) -> None:
        client = Paho(site, password="wrong")
        assert client.next("connected") != packets.ACCEPTED
        client.close()

    def test_with_mqtt_5_is_told_what_was_refused(self, site: Site) -> None:
        client = Paho(site, protocol=paho.MQTTv5)
        assert client.next("connected") == packets.ACCEPTED
        client.client.subscribe([("dev/cmd", 1), ("dev/data", 0)])
        assert client.next("subscribed") == [1, 0x87]
        assert site.core.send_direct_message(CLIENT, "dev/cmd", b"{}", confirmation=True)
        assert client.next("message") == ("dev/cmd", b"{}", 1)
        client.client.publish("dev/cmd", b"{}", qos=1)
        client.next("published")
        mid = client.client.publish("dev/data", b"5", qos=1).mid
        assert client.next("published") == mid
        assert site.cloud.uplinks() == [("dev/data", b"5")]
        client.close()

    def test_with_mqtt_5_learns_of_a_wrong_password(self, site: Site) -> None:
        client = Paho(site, password="wrong", protocol=paho.MQTTv5)
        assert client.next("connected") == 0x87
        client.close()

    def test_with_mqtt_3_1_is_served_in_lenient_mode(self, lenient: Site) -> None:
        client = Paho(lenient, protocol=paho.MQTTv31)
        assert client.next("connected") == packets.ACCEPTED
        client.client.subscribe("dev/cmd", 2)
        assert client.next("subscribed") == [2]
        client.close()

    def test_with_qos_2_is_served_in_lenient_mode(self, lenient: Site) -> None:
        client = Paho(lenient)
        assert client.next("connected") == packets.ACCEPTED
        client.client.subscribe("room/1", 2)
        assert client.next("subscribed") == [2]
        client.client.publish("room/1", b"x", qos=2)
        seen = dict(client.seen.get(timeout=WAIT) for _ in range(2))
        assert seen["message"] == ("room/1", b"x", 2)
        assert "published" in seen
        client.close()


needs_mosquitto = pytest.mark.skipif(
    shutil.which("mosquitto_pub") is None,
    reason="the mosquitto clients are not installed (Debian: mosquitto-clients)",
)


@needs_mosquitto
class TestMosquitto:
    def _arguments(self, site: Site, *more: str) -> list[str]:
        ca = str(site.pki / "ca.pem")
        login = ["-u", "json+device", "-P", "secret"]
        return ["-h", "localhost", "-p", str(site.port), "--cafile", ca, "-i", CLIENT, *login, *more]

    def test_pub_is_acknowledged(self, site: Site) -> None:
        command = ["mosquitto_pub", *self._arguments(site, "-t", "dev/data", "-m", "{}", "-q", "1")]
        assert subprocess.run(command, timeout=WAIT, check=False).returncode == 0
        assert site.cloud.uplinks() == [("dev/data", b"{}")]

    def test_pub_fails_with_a_wrong_password(self, site: Site) -> None:
        command = ["mosquitto_pub", *self._arguments(site, "-t", "dev/data", "-m", "{}", "-P", "wrong")]
        result = subprocess.run(command, timeout=WAIT, check=False, capture_output=True)
        assert result.returncode != 0
        assert b"not authorised" in result.stderr

    def test_pub_fails_where_the_policy_denies(self, site: Site) -> None:
        command = ["mosquitto_pub", *self._arguments(site, "-t", "dev/cmd", "-m", "{}", "-q", "1")]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as client:
            # It would connect and try again for ever.
            site.cloud.lifecycle("disconnected")
            client.kill()
        assert site.cloud.lifecycle("disconnected")["disconnectReason"] == "FORBIDDEN_ACCESS"
        assert site.cloud.uplinks() == []

    def test_sub_prints_and_confirms_a_direct_message(self, site: Site) -> None:
        command = ["mosquitto_sub", *self._arguments(site, "-t", "dev/cfg", "-C", "1")]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as client:
            site.cloud.lifecycle("subscribed")
            sent = threading.Thread(
                target=site.core.send_direct_message,
                args=(CLIENT, "dev/cmd", b"hello"),
                kwargs={"confirmation": True},
            )
            sent.start()
            output, _ = client.communicate(timeout=WAIT)
            sent.join()
        assert output == b"hello\n"
