"""MQTT over WebSocket on the same port: MQTT 3.1.1 chapter 6."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from infra.local.iot_core import packets
from infra.local.iot_core.packets import Publish

from .conftest import Site
from .device import DISCONNECT, connect_packet

MQTT = [Subprotocol("mqtt")]


@contextmanager
def _socket(site: Site, path: str = "/mqtt", names: list[Subprotocol] | None = MQTT) -> Iterator[ClientConnection]:
    url = f"wss://localhost:{site.port}{path}"
    with connect(url, ssl=site.tls, subprotocols=names, compression=None, proxy=None) as socket:
        yield socket


def test_a_device_connects_and_publishes(site: Site) -> None:
    with _socket(site) as socket:
        assert socket.subprotocol == "mqtt"
        socket.send(connect_packet("sensor-1"))
        assert socket.recv() == b"\x20\x02\0\0"
        socket.send(packets.publish(Publish("dev/data", b"x", 1, packet_id=1)))
        assert socket.recv() == b"\x40\x02\0\1"
    assert site.cloud.uplinks() == [("dev/data", b"x")]


def test_mqtt_6_0_0_2_packets_may_be_cut_anywhere(site: Site) -> None:
    stream = connect_packet("sensor-1") + packets.publish(Publish("dev/data", b"x" * 70_000, 1, packet_id=1))
    with _socket(site) as socket:
        for start in range(0, len(stream), 30_000):
            socket.send([stream[start : start + 10], stream[start + 10 : start + 30_000]])
        assert socket.recv() == b"\x20\x02\0\0"
        assert socket.recv() == b"\x40\x02\0\1"
    assert site.cloud.uplinks() == [("dev/data", b"x" * 70_000)]


def test_a_direct_message_arrives(site: Site) -> None:
    with _socket(site) as socket:
        socket.send(connect_packet("sensor-1"))
        socket.recv()
        site.core.send_direct_message("sensor-1", "dev/cmd", b"{}")
        assert socket.recv() == packets.publish(Publish("dev/cmd", b"{}"))


def test_the_authorizer_sees_the_http_request(site: Site) -> None:
    with _socket(site, "/mqtt?x-amz-customauthorizer-name=a") as socket:
        socket.send(connect_packet("sensor-1"))
        socket.recv()
    event = site.cloud.asked[0]
    assert event["protocols"] == ["tls", "http", "mqtt"]
    assert event["protocolData"]["http"]["queryString"] == "?x-amz-customauthorizer-name=a"
    assert event["protocolData"]["http"]["headers"]["sec-websocket-protocol"] == "mqtt"


def test_mqtt_6_0_0_1_a_text_frame_ends_the_connection(site: Site) -> None:
    with _socket(site) as socket:
        socket.send(connect_packet("sensor-1"))
        socket.recv()
        socket.send("text")
        with pytest.raises(ConnectionClosed) as closed:
            socket.recv()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1003
    assert site.cloud.lifecycle("disconnected", "sensor-1")["disconnectReason"] == "CLIENT_ERROR"


def test_a_close_frame_is_the_clients_own_disconnect(site: Site) -> None:
    with _socket(site) as socket:
        socket.send(connect_packet("sensor-1", will=Publish("dev/gone", b"x")))
        socket.recv()
    assert site.cloud.lifecycle("disconnected", "sensor-1")["disconnectReason"] == "CLIENT_INITIATED_DISCONNECT"
    site.cloud.wait_for("uplink", lambda event: event["topic"] == "dev/gone")


def test_disconnect_closes_the_socket(site: Site) -> None:
    with _socket(site) as socket:
        socket.send(connect_packet("sensor-1") + DISCONNECT)
        assert socket.recv() == b"\x20\x02\0\0"
        with pytest.raises(ConnectionClosed):
            socket.recv()


def test_another_path_is_not_found(site: Site) -> None:
    with pytest.raises(InvalidStatus) as refused, _socket(site, "/"):
        pass
    assert refused.value.response.status_code == 404


@pytest.mark.parametrize("names", [None, [Subprotocol("other")]])
def test_mqtt_6_0_0_3_the_subprotocol_must_be_offered(site: Site, names: list[Subprotocol] | None) -> None:
    with pytest.raises(InvalidStatus) as refused, _socket(site, names=names):
        pass
    assert refused.value.response.status_code == 400


@pytest.mark.parametrize("data", [b"GET nonsense\r\n\r\n", b"G" * 20_000, b"GET /mqtt HTTP/1.1\r\nHost: x\r\n\r\n"])
def test_what_is_no_websocket_handshake_is_closed(site: Site, data: bytes) -> None:
    device = site.device()
    device.send(data)
    device.drain()
    device.shut()
    site.cloud.wait_until(lambda: not site.core.broker.connections)


def test_a_frame_over_the_packet_limit_is_refused(site: Site) -> None:
    with _socket(site) as socket:
        socket.send(connect_packet("sensor-1"))
        socket.recv()
        socket.send(b"x" * 300_000)
        with pytest.raises(ConnectionClosed):
            socket.recv()
    assert site.cloud.lifecycle("disconnected", "sensor-1")["disconnectReason"] == "CLIENT_ERROR"
