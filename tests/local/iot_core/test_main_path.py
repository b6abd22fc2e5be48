"""Connect, publish, subscribe, receive: the path every device takes."""

import base64
import threading

import pytest

from infra.local.iot_core import GatewayTimeoutException, ResourceNotFoundException, packets

from .cloud import Cloud
from .conftest import MakeSite, Site


def test_a_device_with_the_right_password_is_accepted(site: Site) -> None:
    assert site.device().connect() == (False, packets.ACCEPTED)


def test_the_authorizer_gets_the_event_of_aws(site: Site) -> None:
    site.connected("sensor-1", username="json+device")
    event = site.cloud.asked[0]
    identifier = event.pop("connectionMetadata")["id"]
    assert len(identifier) == 36
    assert event == {
        "signatureVerified": False,
        "protocols": ["tls", "mqtt"],
        "protocolData": {
            "tls": {"serverName": "localhost"},
            "mqtt": {
                "username": "json+device",
                "password": base64.b64encode(b"secret").decode(),
                "clientId": "sensor-1",
            },
        },
    }


def test_a_wrong_password_is_refused_and_announced(site: Site) -> None:
    device = site.device()
    assert device.connect("sensor-1", password=b"wrong") == (False, packets.NOT_AUTHORIZED)
    assert device.closed
    assert site.cloud.lifecycle("connect_failed", "sensor-1")["connectFailureReason"] == "AUTHORIZATION_FAILED"


def test_a_publish_invokes_the_function_of_its_rule(site: Site) -> None:
    site.connected("sensor-1").publish("dev/data", b'{"t": 21}')
    event = site.cloud.wait_for("uplink", lambda _event: True)
    assert len(event.pop("id")) == 36
    assert event == {
        "payload": base64.b64encode(b'{"t": 21}').decode(),
        "client": "sensor-1",
        "topic": "dev/data",
        "at": int(site.cloud.now * 1000),
    }


def test_the_puback_comes_only_after_the_invocation_was_accepted(site: Site) -> None:
    written = threading.Event()

    def write_slowly(function: str, _event: object) -> None:
        if function == "uplink":
            assert written.wait(10)

    site.cloud.before_invoke = write_slowly
    device = site.connected()
    device.send(packets.publish(packets.Publish("dev/data", b"x", 1, packet_id=9)))
    device.ping()
    assert site.cloud.uplinks() == []
    written.set()
    assert device.expect(packets.PUBACK) == b"\0\x09"
    assert site.cloud.uplinks() == [("dev/data", b"x")]


def _fail(function: str, _event: object) -> None:
    if function == "uplink":
        raise OSError("the disk is full")


def test_a_message_that_cannot_be_kept_is_not_acknowledged(site: Site) -> None:
    site.cloud.before_invoke = _fail
    device = site.connected()
    device.send(packets.publish(packets.Publish("dev/data", b"x", 1, packet_id=9)))
    assert device.closed
    assert site.cloud.lifecycle("disconnected")["disconnectReason"] == "SERVER_ERROR"


def test_a_message_behind_one_that_failed_does_not_overtake_it(site: Site) -> None:
    first = threading.Event()

    def fail_first(function: str, _event: object) -> None:
        if function == "uplink" and not first.is_set():
            first.set()
            raise OSError("the disk is full")

    site.cloud.before_invoke = fail_first
    device = site.connected()
    device.send(*(packets.publish(packets.Publish("dev/data", b"x", 1, packet_id=n)) for n in (1, 2, 3)))
    assert device.closed
    site.cloud.lifecycle("disconnected")
    assert site.cloud.uplinks() == []


def test_a_publish_that_the_policy_denies_closes_the_connection(site: Site) -> None:
    device = site.connected()
    device.send(packets.publish(packets.Publish("dev/cmd", b"x", 1, packet_id=1)))
    assert device.closed
    assert site.cloud.lifecycle("disconnected")["disconnectReason"] == "FORBIDDEN_ACCESS"
    assert site.cloud.uplinks() == []


def test_a_subscription_that_the_policy_denies_gets_0x80(site: Site) -> None:
    device = site.connected()
    assert device.subscribe(("dev/cmd", 1), ("dev/data", 0), ("dev/cfg", 0)) == [1, 0x80, 0]
    assert site.cloud.lifecycle("subscribed")["topics"] == ["dev/cmd", "dev/cfg"]


def test_subscribers_receive_what_is_published(site: Site) -> None:
    reader = site.connected("reader")
    assert reader.subscribe(("room/#", 1)) == [1]
    site.connected("writer").publish("room/1", b"hello")
    message = reader.message()
    assert (message.topic, message.payload, message.qos, message.retain) == ("room/1", b"hello", 1, False)


def test_receive_is_checked_at_each_delivery(site: Site) -> None:
    site.cloud.policy = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": "iot:*", "Resource": "*"},
            {"Effect": "Deny", "Action": "iot:Receive", "Resource": "arn:aws:iot:*:*:topic/room/secret"},
        ],
    }
    reader = site.connected("reader")
    assert reader.subscribe(("room/#", 0)) == [0]
    writer = site.connected("writer")
    writer.publish("room/secret", b"no")
    writer.publish("room/1", b"yes")
    assert reader.message().payload == b"yes"


def test_a_takeover_is_announced_in_order(site: Site) -> None:
    old = site.connected()
    new = site.connected()
    assert old.closed
    new.leave()
    site.cloud.wait_for("presence", lambda event: event.get("disconnectReason") == "CLIENT_INITIATED_DISCONNECT")
    told = [(event["eventType"], event.get("disconnectReason")) for event in site.cloud.events("presence")]
    assert told == [
        ("connected", None),
        ("disconnected", "DUPLICATE_CLIENTID"),
        ("connected", None),
        ("disconnected", "CLIENT_INITIATED_DISCONNECT"),
    ]


def test_a_wrong_password_does_not_disturb_the_connected_client(site: Site) -> None:
    victim = site.connected()
    assert victim.subscribe(("dev/cmd", 1)) == [1]
    attacker = site.device()
    assert attacker.connect(password=b"wrong")[1] == packets.NOT_AUTHORIZED
    victim.ping()
    assert site.core.list_subscriptions("urn:lo:nsid:dev:1") == [{"topicFilter": "dev/cmd", "qos": 1}]


class TestDirectMessages:
    def test_reach_a_client_that_never_subscribed(self, site: Site) -> None:
        device = site.connected("sensor-1")
        site.core.send_direct_message("sensor-1", "dev/cmd", b"{}")
        message = device.message()
        assert (message.topic, message.payload, message.qos) == ("dev/cmd", b"{}", 0)

    def test_with_confirmation_return_after_the_puback(self, site: Site) -> None:
        device = site.connected("sensor-1")
        result: list[str] = []
        sender = threading.Thread(target=lambda: result.append(_send(site, "sensor-1")))
        sender.start()
        message = device.message()
        assert message.qos == 1
        assert not result
        device.send(packets.puback(message.packet_id))
        sender.join()
        assert result

    def test_to_nobody_are_not_found(self, site: Site) -> None:
        with pytest.raises(ResourceNotFoundException):
            _send(site, "nobody")

    def test_fail_at_once_when_the_client_leaves_before_its_puback(self, site: Site) -> None:
        device = site.connected("sensor-1")
        failed: list[BaseException] = []

        def send() -> None:
            with pytest.raises(GatewayTimeoutException) as caught:
                _send(site, "sensor-1")
            failed.append(caught.value)

        sender = threading.Thread(target=send)
        sender.start()
        device.message()
        device.shut()
        sender.join()
        assert failed

    def test_do_not_run_through_rules(self, site: Site) -> None:
        site.cloud.policy = {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Action": "iot:*", "Resource": "*"}],
        }
        device = site.connected("sensor-1")
        site.core.send_direct_message("sensor-1", "dev/cmd", b"{}")
        device.message()
        device.publish("dev/data", b"after")
        assert site.cloud.uplinks() == [("dev/data", b"after")]


def _send(site: Site, client_id: str) -> str:
    return site.core.send_direct_message(client_id, "dev/cmd", b"{}", confirmation=True)


def test_stopping_tells_of_every_connection(make_site: MakeSite) -> None:
    site = make_site()
    cloud: Cloud = site.cloud
    for number in range(5):
        site.connected(f"sensor-{number}")
    site.core.stop()
    left = {event["clientId"] for event in cloud.events("presence") if event["eventType"] == "disconnected"}
    assert left == {f"sensor-{number}" for number in range(5)}
