"""What a client learns, and what becomes of its messages, when the broker ends its connection."""

import socket
import threading

import pytest

from infra.local.iot_core import packets
from infra.local.iot_core.packets import Publish

from .conftest import Site
from .device import WAIT, Device, connect_packet, tls_client

_MANY = 50


def publish(number: int, topic: str = "dev/data", qos: int = 1) -> bytes:
    return packets.publish(Publish(topic, b"%d" % number, qos, packet_id=number))


def read_to_the_end(peer: socket.socket) -> bytes:
    """A reset raises ConnectionResetError, as it makes other systems throw away what was not read."""
    read = bytearray()
    while data := peer.recv(65536):
        read += data
    return bytes(read)


@pytest.mark.parametrize("tls", [True, False])
def test_a_client_that_still_sends_reads_its_acknowledgements_and_no_reset(lenient: Site, tls: bool) -> None:  # noqa: FBT001
    site = lenient
    port = site.port if tls else site.core.listen_plain("127.0.0.1", 0)
    peer = socket.create_connection(("127.0.0.1", port), timeout=WAIT)
    if tls:
        peer = tls_client(site.pki / "ca.pem").wrap_socket(peer, server_hostname="localhost")
    with peer:
        peer.sendall(connect_packet() + b"".join(publish(number) for number in range(1, _MANY)))
        site.cloud.wait_for("uplink", lambda _event: len(site.cloud.uplinks()) == _MANY - 1)
        peer.sendall(publish(_MANY, "forbidden") + publish(1) * 20_000)
        answered = read_to_the_end(peer)
    acknowledged = b"".join(packets.puback(number) for number in range(1, _MANY))
    assert answered == packets.connack(packets.ACCEPTED) + acknowledged
    assert site.cloud.lifecycle("disconnected")["disconnectReason"] == "FORBIDDEN_ACCESS"
    assert len(site.cloud.uplinks()) == _MANY - 1


def test_a_refused_client_that_did_not_wait_reads_why(lenient: Site) -> None:
    port = lenient.core.listen_plain("127.0.0.1", 0)
    with socket.create_connection(("127.0.0.1", port), timeout=WAIT) as peer:
        peer.sendall(connect_packet(password=b"wrong") + publish(1) * 20_000)
        assert read_to_the_end(peer) == packets.connack(packets.NOT_AUTHORIZED)


def test_a_client_that_never_stops_sending_is_read_for_a_while_only(site: Site) -> None:
    device = site.connected()
    device.send(publish(1, "forbidden"))

    def send_on() -> None:
        while True:
            device.send(publish(2))

    with pytest.raises(OSError, match=r".*"):
        send_on()


@pytest.mark.parametrize("qos", [1, 2])
def test_what_a_taken_over_connection_did_not_acknowledge_is_stored_once(lenient: Site, qos: int) -> None:
    site = lenient
    first_runs, go_on = threading.Event(), threading.Event()

    def hold_the_first(function: str, event: dict[str, object]) -> None:
        if function == "uplink" and not first_runs.is_set():
            first_runs.set()
            assert go_on.wait(WAIT)

    site.cloud.before_invoke = hold_the_first
    old = site.connected()
    old.send(publish(1, qos=qos))
    assert first_runs.wait(WAIT)
    old.send(publish(2, qos=qos))
    old.ping()
    new = site.connected()
    new.send(publish(2, qos=qos))
    new.ping()
    go_on.set()
    new.expect(packets.PUBACK if qos == 1 else packets.PUBREC)
    assert [payload for _, payload in site.cloud.uplinks()] == [b"1", b"2"]


def test_what_a_client_sent_before_it_took_its_leave_is_stored(site: Site) -> None:
    device: Device = site.connected()
    device.send(publish(1), publish(2), b"\xe0\x00")
    site.cloud.lifecycle("disconnected")
    assert [payload for _, payload in site.cloud.uplinks()] == [b"1", b"2"]
