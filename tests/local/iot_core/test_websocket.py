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


_ASKED = b"Host: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"


def _answered(site: Site, *parts: bytes) -> bytes:
    device = site.device()
    for part in parts:
        device.send(part)
    answer = device.drain()
    device.shut()
    site.cloud.wait_until(lambda: not site.core.broker.connections)
    return answer


@pytest.mark.parametrize(
    ("head", "behind", "status"),
    [
        (b"GET /mqtt HTTP/1.1\r\n" + _ASKED + b"Sec-WebSocket-Key: x\r\n\r\n", b"\x82\xff" + b"\xff" * 8, b"400"),
        (b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n", b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n", b"404"),
        (b"GET /mqtt HTTP/1.1\r\nHost: x\r\n\r\n", b"x" * 30_000, b"426"),
    ],
)
def test_what_follows_a_refused_request_is_not_read(
    site: Site, caplog: pytest.LogCaptureFixture, head: bytes, behind: bytes, status: bytes
) -> None:
    assert _answered(site, head + behind).startswith(b"HTTP/1.1 " + status)
    assert not [record for record in caplog.records if record.exc_info]


def test_a_refused_request_may_come_in_parts(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    head = b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n"
    parts = [head[at : at + 1] for at in range(len(head) - 1)]
    assert _answered(site, *parts, head[-1:] + b"more").startswith(b"HTTP/1.1 404")
    assert not [record for record in caplog.records if record.exc_info]


@pytest.mark.parametrize("behind", [1, 0, -3, -40])
def test_frames_may_follow_the_request_at_once(site: Site, behind: int) -> None:
    head = b"GET /mqtt HTTP/1.1\r\n" + _ASKED + b"Sec-WebSocket-Protocol: mqtt\r\n"
    head += b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    packet = connect_packet("sensor-1")
    stream = head + b"\x82" + bytes([0x80 | len(packet)]) + b"\0\0\0\0" + packet
    device = site.device()
    device.send(stream[: len(head) + behind])
    device.send(stream[len(head) + behind :])
    site.cloud.wait_until(lambda: bool(site.cloud.asked))
    device.shut()


@pytest.mark.parametrize(
    "data",
    [
        b"POST /api/v0002 HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}",
        b"PUT /mqtt HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"GET /mqtt HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello",
        b"GET  /mqtt  HTTP/1.1\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\n\r\n",
    ],
)
def test_an_http_request_that_is_no_handshake_is_told_so(site: Site, data: bytes) -> None:
    head, _, body = _answered(site, data).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert b"/mqtt" in body


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
