"""What lenient mode serves because the original platforms did, and IoT Core does not."""

import datetime as dt
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from infra.local.certificates import Certificates, ensure_certificates
from infra.local.iot_core import TlsIdentity

from .conftest import Site
from .device import Device, tls_client
from .device5 import ASSIGNED_ID, SESSION_EXPIRY, Device5

CLIENT = "urn:lo:nsid:dev:1"
SUITES = [  # Live Objects manual 6.2, and IBM's 5.2.1, as OpenSSL names them
    "TLS_AES_256_GCM_SHA384",
    "TLS_AES_128_GCM_SHA256",
    "ECDHE-RSA-AES128-GCM-SHA256",
    "ECDHE-RSA-AES256-GCM-SHA384",
    "ECDHE-RSA-AES128-SHA",
    "ECDHE-RSA-AES256-SHA",
    "AES128-GCM-SHA256",
    "AES256-GCM-SHA384",
    "AES128-SHA",
    "AES256-SHA",
]


@pytest.fixture(scope="module")
def rsa(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """The product's own certificates, whose keys are RSA: the suites ask for it."""
    return ensure_certificates(tmp_path_factory.mktemp("rsa"), (), now=dt.datetime.now(dt.UTC))


@pytest.fixture
def connect(rsa: Certificates) -> Iterator[Any]:
    """Connect to a site in one suite at most; nothing but TLS 1.2 below 1.3."""
    devices: list[Device] = []

    def connecting(site: Site, suite: str | None) -> None:
        port = site.core.listen_tls("127.0.0.1", 0, TlsIdentity(rsa.server, rsa.server_key))
        context = tls_client(rsa.authority)
        if suite is None or not suite.startswith("TLS_"):
            context.maximum_version = ssl.TLSVersion.TLSv1_2
            context.set_ciphers(suite or "DEFAULT")
        devices.append(Device(port, context))
        assert devices[-1].connect() == (False, 0)

    yield connecting
    for device in devices:
        device.shut()


@pytest.mark.parametrize("suite", SUITES)
def test_every_cipher_suite_of_the_manuals_is_spoken(lenient: Site, connect: Any, suite: str) -> None:
    connect(lenient, suite)
    told = lenient.cloud.lifecycle("connected")
    if not suite.startswith("TLS_"):  # Python's clients cannot choose those of TLS 1.3
        assert told["tlsCipher"] == suite
    assert told["tlsVersion"] == ("TLSv1.3" if suite.startswith("TLS_") else "TLSv1.2")


@pytest.mark.parametrize("suite", ["AES128-SHA", "ECDHE-RSA-AES128-SHA"])
def test_suites_without_forward_secrecy_or_with_sha_1_are_the_edges_alone(site: Site, connect: Any, suite: str) -> None:
    with pytest.raises((ssl.SSLError, ConnectionError)):
        connect(site, suite)


def test_a_client_that_knows_better_suites_gets_one_of_them(lenient: Site, connect: Any) -> None:
    connect(lenient, None)
    assert lenient.cloud.lifecycle("connected")["tlsCipher"].startswith("ECDHE-RSA-AES256-GCM")


@pytest.mark.parametrize(("level", "name"), [(3, "MQIsdp"), (4, "MQTT")])
def test_the_event_tells_what_the_client_said(lenient: Site, level: int, name: str) -> None:
    lenient.device().connect(level=level, name=name, keep_alive=77)
    told = lenient.cloud.lifecycle("connected")
    assert (told["mqttLevel"], told["keepAliveDuration"]) == (level, 77)
    assert 0 < told["sourcePort"] < 65_536


def test_the_event_tells_of_mqtt_5_and_of_a_connection_without_tls(lenient: Site) -> None:
    port = lenient.core.listen_plain("127.0.0.1", 0)
    device = Device5(lenient, Device(port, None))
    device.connect(keep_alive=10)
    told = lenient.cloud.lifecycle("connected")
    device.wire.shut()
    assert (told["mqttLevel"], told["keepAliveDuration"]) == (5, 10)
    assert not {"tlsVersion", "tlsCipher"} & told.keys()


def test_iot_core_tells_none_of_that(site: Site) -> None:
    site.connected()
    assert site.cloud.lifecycle("connected").keys() == {
        "clientId",
        "timestamp",
        "eventType",
        "sessionIdentifier",
        "principalIdentifier",
        "ipAddress",
        "versionNumber",
    }


# -- client ids that mean nothing


def _renaming(event: dict[str, Any]) -> dict[str, Any]:
    answer = {"isAuthenticated": True, "principalId": "app", "policyDocuments": [], "cleanSession": True}
    allowed = {"Effect": "Allow", "Action": "iot:*", "Resource": "*"}
    answer["policyDocuments"] = [{"Version": "2012-10-17", "Statement": [allowed]}]
    return answer | {"clientId": event.get("offeredClientId", "none was offered")}


@pytest.mark.parametrize("client_id", ["app", "", "$weird", "with + and #", "x" * 500])
def test_clients_of_one_name_do_not_throw_each_other_out(lenient: Site, client_id: str) -> None:
    lenient.cloud.answer = _renaming
    one, other = lenient.device(), lenient.device()
    assert one.connect(client_id) == other.connect(client_id) == (False, 0)
    one.subscribe(("room/1", 1))
    other.publish("room/1", b"x")
    one.message()
    names = {connection.subject.client_id for connection in lenient.core.broker.connections}
    assert len(names) == 2
    assert client_id not in names
    lenient.core.send_direct_message(min(names), "room/2", b"y")


def test_an_empty_client_id_of_mqtt_5_is_told_the_one_it_got(lenient: Site) -> None:
    lenient.cloud.answer = _renaming
    device = Device5(lenient)
    assigned = device.connect("")[2][ASSIGNED_ID]
    assert {connection.subject.client_id for connection in lenient.core.broker.connections} == {assigned}
    assert ASSIGNED_ID not in Device5(lenient).connect("another")[2]


def test_nothing_is_kept_where_the_original_platform_kept_nothing(lenient: Site) -> None:
    lenient.cloud.extra = {"cleanSession": True}
    for _ in range(2):
        device = lenient.device()
        assert device.connect(CLIENT, clean=False) == (False, 0)
        device.leave()
    newer = Device5(lenient)
    assert newer.connect(CLIENT, (SESSION_EXPIRY, 600), clean=False)[2][SESSION_EXPIRY] == 0
    newer.leave()
    assert not lenient.core.broker.sessions


def test_the_authorizer_is_told_where_a_client_is(lenient: Site) -> None:
    lenient.connected()
    assert lenient.cloud.asked[0]["clientAddress"] == "127.0.0.1"


def test_iot_core_neither_offers_an_id_nor_takes_one(site: Site) -> None:
    site.cloud.extra = {"clientId": "another", "cleanSession": True}
    site.connected()
    assert not {"offeredClientId", "clientAddress"} & site.cloud.asked[0].keys()
    assert site.core.get_connection(CLIENT)["connected"]
    site.device().connect(CLIENT, clean=False)
    assert not site.core.get_connection(CLIENT)["cleanSession"]


# -- one host with and without client certificates


def _shows(site: Site, name: str) -> ssl.SSLContext:
    return tls_client(site.pki / "ca.pem", (site.pki / f"{name}.pem", site.pki / f"{name}.key"))


def test_a_client_certificate_may_be_shown_on_the_one_host(lenient: Site) -> None:
    assert lenient.device(_shows(lenient, "device")).connect() == (False, 0)
    assert "x509CertificatePem" in lenient.cloud.asked[0]["protocolData"]["tls"]


def test_and_need_not_be_shown(lenient: Site) -> None:
    assert lenient.device().connect() == (False, 0)
    assert "x509CertificatePem" not in lenient.cloud.asked[0]["protocolData"]["tls"]


def test_on_iot_core_the_host_name_decides(site: Site) -> None:
    assert site.device(_shows(site, "device")).connect() == (False, 0)
    assert "x509CertificatePem" not in site.cloud.asked[0]["protocolData"]["tls"]


def test_a_certificate_of_nobody_known_is_refused(lenient: Site) -> None:
    device = lenient.device(_shows(lenient, "stranger"))
    device.send(b"\x10")  # in TLS 1.3 the client learns of it only when it reads
    assert device.closed


def test_a_certificate_that_is_trusted_later_may_be_shown(lenient: Site) -> None:
    lenient.core.trust((lenient.pki / "stranger.pem").read_text())
    assert lenient.device(_shows(lenient, "stranger")).connect() == (False, 0)


def test_where_nobody_vouches_for_certificates_none_is_asked_for(lenient: Site, pki: Path) -> None:
    port = lenient.core.listen_tls("127.0.0.1", 0, TlsIdentity(pki / "server.pem", pki / "server.key"))
    device = Device(port, _shows(lenient, "stranger"))
    assert device.connect() == (False, 0)
    device.shut()
