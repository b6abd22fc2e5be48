"""The register of CA certificates on the local AWS port, as the product and any SDK see it."""

import datetime as dt
import ssl
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from chalicelib.aws.trust import IotCoreTrust
from chalicelib.fleet.errors import Invalid
from infra.local.iot_control import IotControl
from tests import pki
from tests.local.iot_core.device import Device, tls_client
from tests.local.running import RunningStack
from tests.local.test_aws_endpoint import connect

NOW = dt.datetime.now(dt.UTC)


@pytest.fixture
def client(stack: RunningStack) -> Any:
    return connect(stack, "iot")


def trust(client: Any, holder: str) -> IotCoreTrust:
    return IotCoreTrust(lambda: client, holder)


def is_registered(client: Any, registration: str) -> bool:
    try:
        return bool(client.describe_ca_certificate(certificateId=registration))
    except client.exceptions.ResourceNotFoundException:
        return False


def test_a_ca_stays_as_long_as_one_of_two_stages_relies_on_it(client: Any) -> None:
    pem = pki.authority(now=NOW).pem
    registration = trust(client, "homeport-a").accept(pem)
    assert trust(client, "homeport-b").accept(pem) == registration
    trust(client, "homeport-a").withdraw(registration)
    assert is_registered(client, registration)
    trust(client, "homeport-b").withdraw(registration)
    assert not is_registered(client, registration)


def test_a_ca_that_the_operator_registered_stays(client: Any) -> None:
    pem = pki.authority(now=NOW).pem
    registration = client.register_ca_certificate(caCertificate=pem)["certificateId"]
    assert trust(client, "homeport-a").accept(pem) == registration
    trust(client, "homeport-a").withdraw(registration)
    assert is_registered(client, registration)


def test_one_that_was_made_inactive_works_again_once_it_is_relied_upon(client: Any) -> None:
    pem = pki.authority(now=NOW).pem
    registration = trust(client, "homeport-a").accept(pem)
    client.update_ca_certificate(certificateId=registration, newStatus="INACTIVE")
    trust(client, "homeport-a").accept(pem)
    found = client.describe_ca_certificate(certificateId=registration)["certificateDescription"]
    assert found["status"] == "ACTIVE"


def test_only_what_is_inactive_can_be_deleted(client: Any) -> None:
    registration = trust(client, "homeport-a").accept(pki.authority(now=NOW).pem)
    with pytest.raises(client.exceptions.CertificateStateException):
        client.delete_ca_certificate(certificateId=registration)


def test_what_is_no_certificate_is_refused(client: Any) -> None:
    with pytest.raises(client.exceptions.CertificateValidationException):
        client.register_ca_certificate(caCertificate="junk")


class Broker:
    def __init__(self) -> None:
        self.trusted: list[str] = []

    def trust(self, pem: str) -> None:
        self.trusted.append(pem)

    def distrust(self, pem: str) -> None:
        self.trusted.remove(pem)


def test_the_broker_knows_what_is_registered() -> None:
    broker, pem = Broker(), pki.authority(now=NOW).pem
    IotControl(broker).register(pem)
    assert broker.trusted == [pem]


def test_a_ca_that_would_shut_out_anothers_clients_is_refused(client: Any) -> None:
    """Of the same name and key id, and another key: who comes second is told so, whichever tenant it is."""
    first = pki.authority("Shared CA", now=NOW)
    key_id = first.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    second = pki.make("Shared CA", now=NOW, ca=True, signs=True, key_id=key_id)
    other = trust(client, "homeport-b")
    trust(client, "homeport-a").accept(first.pem)
    with pytest.raises(Invalid, match="another key"):
        other.accept(second.pem)
    assert other.accept(first.pem)
    assert other.accept(pki.authority("Shared CA", now=NOW).pem)


class TestOneThatPretendsToBeAnother:
    """It bears the key id of another key, and was registered before that one."""

    def test_the_real_one_is_taken_and_the_other_shuts_nobody_out(self) -> None:
        broker, real = Broker(), pki.authority("Shared CA", now=NOW)
        pretending = pki.make("Shared CA", now=NOW, ca=True, signs=True, key_id=key_id_of(real))
        control = IotControl(broker)
        control.register(pretending.pem)
        control.register(real.pem)
        assert broker.trusted == [real.pem]

    def test_of_two_with_key_ids_of_their_own_making_the_first_stays(self) -> None:
        broker = Broker()
        first, second = (pki.make("Shared CA", now=NOW, ca=True, signs=True, key_id=b"\1" * 20) for _ in range(2))
        control = IotControl(broker)
        control.register(first.pem)
        with pytest.raises(Exception, match="another key"):
            control.register(second.pem)
        assert broker.trusted == [first.pem]

    def test_over_mqtt_the_clients_of_the_real_one_come_in(
        self, stack: RunningStack, client: Any, tmp_path: Path
    ) -> None:
        real = pki.authority("Contested CA", now=NOW)
        pretending = pki.make("Contested CA", now=NOW, ca=True, signs=True, key_id=key_id_of(real))
        trust(client, "homeport-b").accept(pretending.pem)
        trust(client, "homeport-a").accept(real.pem)
        assert handshake(stack, pki.make("urn:lo:nsid:pki:real", real, now=NOW), tmp_path)
        assert not handshake(stack, pki.make("urn:lo:nsid:pki:false", pretending, now=NOW), tmp_path)


def key_id_of(identity: pki.Identity) -> bytes:
    return identity.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest


def handshake(stack: RunningStack, identity: pki.Identity, folder: Path) -> bool:
    """Whether TLS lets the certificate in, so that CONNECT is answered: no key goes with it."""
    files = identity.write(folder, f"{identity.certificate.serial_number:x}")
    device = Device(stack.mqtts, tls_client(stack.ca, files), host="mtls.localhost")
    try:
        device.connect("urn:lo:nsid:pki:any", username="json+device", password=b"none")
    except (ConnectionError, ssl.SSLError, AssertionError):
        return False
    else:
        return True
    finally:
        device.shut()
