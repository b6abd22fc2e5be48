"""A device that speaks MQTT byte by byte, so that a test can also say what no client library would."""

import socket
import ssl
import struct
from pathlib import Path

from infra.local.iot_core import packets
from infra.local.iot_core.framing import Framer
from infra.local.iot_core.packets import Publish

WAIT = 60.0  # only ever reached by a failing test


def string(text: str) -> bytes:
    data = text.encode()
    return struct.pack("!H", len(data)) + data


def connect_packet(
    client_id: str = "urn:lo:nsid:dev:1",
    *,
    username: str | None = "json+device",
    password: bytes | None = b"secret",
    clean: bool = True,
    keep_alive: int = 60,
    will: Publish | None = None,
    level: int = 4,
    name: str = "MQTT",
) -> bytes:
    flags = clean << 1 | (username is not None) << 7 | (password is not None) << 6
    tail = string(client_id)
    if will is not None:
        flags |= 0x04 | will.qos << 3 | will.retain << 5
        tail += string(will.topic) + struct.pack("!H", len(will.payload)) + will.payload
    if username is not None:
        tail += string(username)
    if password is not None:
        tail += struct.pack("!H", len(password)) + password
    head = string(name) + bytes((level, flags)) + struct.pack("!H", keep_alive)
    return packets.packet(packets.CONNECT, 0, head + (b"\0" if level == packets.MQTT_5 else b"") + tail)


def subscribe_packet(*filters: tuple[str, int], packet_id: int = 1) -> bytes:
    body = b"".join(string(topic_filter) + bytes((qos,)) for topic_filter, qos in filters)
    return packets.packet(packets.SUBSCRIBE, 2, struct.pack("!H", packet_id) + body)


def unsubscribe_packet(*filters: str, packet_id: int = 2) -> bytes:
    return packets.packet(packets.UNSUBSCRIBE, 2, struct.pack("!H", packet_id) + b"".join(map(string, filters)))


DISCONNECT = b"\xe0\x00"
PINGREQ = b"\xc0\x00"


def tls_client(ca: Path, certificate: tuple[Path, Path] | None = None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=ca)
    if certificate is not None:
        context.load_cert_chain(*certificate)
    return context


class Device:
    """`receive` gives type, flags and body of the next packet; None once the server has closed."""

    def __init__(self, port: int, context: ssl.SSLContext | None, *, host: str = "localhost") -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=WAIT)
        if context is not None:
            self._socket = context.wrap_socket(self._socket, server_hostname=host or None)
        self._framer = Framer(1 << 28)

    def send(self, *data: bytes) -> None:
        self._socket.sendall(b"".join(data))

    def receive(self) -> tuple[int, int, bytes] | None:
        while (cut := self._framer.next()) is None:
            try:
                data = self._socket.recv(65536)
            except (ConnectionError, ssl.SSLError):
                return None
            if not data:
                return None
            self._framer.feed(data)
        return cut[0] >> 4, cut[0] & 0x0F, cut[1]

    def drain(self) -> bytes:
        """Read what is not MQTT, until the server closes."""
        read = b""
        try:
            while more := self._socket.recv(65536):
                read += more
        except ConnectionError:
            pass
        return read

    def expect(self, packet_type: int) -> bytes:
        received = self.receive()
        assert received is not None, f"the server closed instead of sending packet type {packet_type}"
        assert received[0] == packet_type, received
        return received[2]

    def connect(self, client_id: str = "urn:lo:nsid:dev:1", **options: object) -> tuple[bool, int]:
        """Session Present and return code of the CONNACK."""
        self.send(connect_packet(client_id, **options))  # type: ignore[arg-type]
        body = self.expect(packets.CONNACK)
        return bool(body[0]), body[1]

    def subscribe(self, *filters: tuple[str, int], packet_id: int = 1) -> list[int]:
        self.send(subscribe_packet(*filters, packet_id=packet_id))
        body = self.expect(packets.SUBACK)
        assert body[:2] == struct.pack("!H", packet_id)
        return list(body[2:])

    def publish(
        self, topic: str, payload: bytes = b"{}", *, qos: int = 1, packet_id: int = 7, retain: bool = False
    ) -> None:
        """Publish and, for QoS 1, wait for the PUBACK."""
        self.send(packets.publish(Publish(topic, payload, qos, retain, packet_id=packet_id)))
        if qos == 1:
            assert self.expect(packets.PUBACK) == struct.pack("!H", packet_id)

    def message(self) -> Publish:
        received = self.receive()
        assert received is not None
        assert received[0] == packets.PUBLISH, received
        return packets.decode_publish(received[1], received[2])

    def ping(self) -> None:
        """Also a way to know that everything sent before has been handled."""
        self.send(PINGREQ)
        self.expect(packets.PINGRESP)

    @property
    def closed(self) -> bool:
        """Whether the server closed without another packet."""
        return self.receive() is None

    def half_close(self) -> None:
        self._socket.shutdown(socket.SHUT_WR)

    def set_timeout(self, seconds: float) -> None:
        self._socket.settimeout(seconds)

    def shut(self) -> None:
        self._socket.close()

    def leave(self) -> None:
        self.send(DISCONNECT)
        assert self.closed
        self.shut()
