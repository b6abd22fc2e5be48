"""Devices with a client certificate, on the host name that asks for one."""

import hashlib
import socket
import ssl
from pathlib import Path
from typing import Any

import pytest

from infra.local.iot_core import packets, tls
from infra.local.iot_core.tls import NoClientHello, server_name

from .cloud import allow, policy
from .conftest import Site
from .device import tls_client

MTLS = "mtls.localhost"


def _context(site: Site, stem: str) -> ssl.SSLContext:
    return tls_client(site.pki / "ca.pem", (site.pki / f"{stem}.pem", site.pki / f"{stem}.key"))


def _id(pki: Path, stem: str) -> str:
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert((pki / f"{stem}.pem").read_text())).hexdigest()


def test_the_authorizer_gets_the_event_of_an_x509_client(site: Site) -> None:
    device = site.device(_context(site, "device"), MTLS)
    assert device.connect("sensor-7", username=None, password=None) == (False, packets.ACCEPTED)
    event = site.cloud.asked[0]["protocolData"]
    assert event["tls"] == {
        "serverName": MTLS,
        "x509CertificatePem": (site.pki / "device.pem").read_text(),
        "principalId": _id(site.pki, "device"),
    }
    assert site.cloud.lifecycle("connected", "sensor-7")["principalIdentifier"] == _id(site.pki, "device")


def test_the_subject_is_a_policy_variable(site: Site) -> None:
    site.cloud.policy = policy(allow("iot:Connect", "client/${iot:Certificate.Subject.CommonName}"))
    assert site.device(_context(site, "device"), MTLS).connect("device 7")[1] == packets.ACCEPTED
    assert site.device(_context(site, "device"), MTLS).connect("device 8")[1] == packets.NOT_AUTHORIZED


def _refused(site: Site, context: ssl.SSLContext) -> None:
    """In TLS 1.3 the client learns of it only when it reads."""
    device = site.device(context, MTLS)
    device.send(b"\x10")
    assert device.closed
    assert site.cloud.asked == []


def test_without_a_certificate_the_handshake_fails(site: Site) -> None:
    _refused(site, site.tls)


def test_a_certificate_that_nobody_vouches_for_fails(site: Site) -> None:
    _refused(site, _context(site, "stranger"))


def test_a_certificate_registered_without_its_ca_is_trusted(site: Site) -> None:
    site.core.trust((site.pki / "stranger.pem").read_text())
    assert site.device(_context(site, "stranger"), MTLS).connect("sensor-8")[1] == packets.ACCEPTED


def test_on_other_hosts_no_certificate_is_asked_for(site: Site) -> None:
    assert site.device(_context(site, "stranger"), "localhost").connect()[1] == packets.ACCEPTED
    assert "principalId" not in site.cloud.asked[0]["protocolData"]["tls"]


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_tls_1_2_and_1_3_are_spoken(site: Site, version: ssl.TLSVersion) -> None:
    context = _context(site, "device")
    context.minimum_version = context.maximum_version = version
    assert site.device(context, MTLS).connect()[1] == packets.ACCEPTED


def test_a_client_without_sni_is_served(site: Site) -> None:
    context = tls_client(site.pki / "ca.pem")
    context.check_hostname = False
    assert site.device(context, "").connect()[1] == packets.ACCEPTED
    assert site.cloud.asked[0]["protocolData"]["tls"] == {}


def _client_hello(host: str | None) -> bytes:
    """The handshake message of a real client, without its record header."""
    outgoing = ssl.MemoryBIO()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    client = context.wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname=host)
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    return outgoing.read()[5:]


@pytest.mark.parametrize("host", ["mtls.localhost", "a.example.org", None])
def test_the_server_name_is_read_from_a_client_hello(host: str | None) -> None:
    assert server_name(_client_hello(host)) == host


def test_a_damaged_client_hello_gives_a_name_or_an_outcome_and_never_another_error() -> None:
    hello = _client_hello("mtls.localhost")
    for position in range(len(hello)):
        for damaged in (hello[:position], hello[:position] + bytes((hello[position] ^ 0xFF,)) + hello[position + 1 :]):
            try:
                server_name(damaged)
            except NoClientHello:
                continue


def test_a_client_hello_may_arrive_byte_by_byte(site: Site) -> None:
    hello = _client_hello("localhost")
    raw = site.raw()
    for byte in b"\x16\x03\x01" + len(hello).to_bytes(2) + hello:
        raw.sendall(bytes((byte,)))
    record = raw.recv(5)
    assert record[0] == 22, "the server's own hello"


def test_the_read_buffer_of_a_tls_connection_stays_small(site: Site) -> None:
    """Guards an attribute of asyncio that is not published: with its default a connection costs 256 KiB."""
    site.connected()
    (connection,) = site.core.broker.connections
    transport: Any = connection.wire._transport
    assert len(transport._ssl_protocol._ssl_buffer) == tls._READ_BUFFER


def test_nagles_algorithm_is_off(site: Site) -> None:
    site.connected()
    (connection,) = site.core.broker.connections
    assert connection.wire._transport is not None
    accepted = connection.wire._transport.get_extra_info("socket")
    assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
