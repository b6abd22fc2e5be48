"""Manual 6.3.4: keys that ask for a client certificate, at the authorizer."""

import base64
import datetime as dt
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.fleet.access import callers, certificates, keys, tenants
from chalicelib.fleet.access.records import KeyRequest
from chalicelib.fleet.access.roles import ALL_ROLES
from chalicelib.triggers import authorizer
from tests import pki
from tests.fakes import START, MemoryPorts
from tests.pki import Identity

ARN = "arn:aws:lambda:eu-west-1:123456789012:function:homeport-dev-authorizer"
CLIENT = "urn:lo:nsid:sensor:s1"
NOW = dt.datetime.fromtimestamp(START / 1000, dt.UTC)
CERTIFICATE_ID = "c0ffee" * 10 + "abcd"
REFUSED = {"isAuthenticated": False, "connackCode": 5}


class Gate:
    """A tenant whose key asks for certificates of `ca`, at the door that asks clients for one."""

    def __init__(self, *, required: bool = True) -> None:
        self.ports = MemoryPorts()
        self.ca = pki.authority(now=NOW)
        self.tenant, self.master, _ = tenants.create(self.ports, "acme")
        known = certificates.add(self.ports, self.tenant.id, self.ca.pem, "")
        self.authority = known.id
        request = KeyRequest(
            roles=ALL_ROLES, ca_certificates=(known.id,), client_certificate_required=required, label="device"
        )
        self.key, self.secret = keys.create_child(self.ports, callers.of_key(self.master), self.master.id, request)

    def knock(self, shown: Identity | None, client: str = CLIENT, username: str = "json+device") -> dict[str, Any]:
        password = base64.b64encode(self.secret.encode()).decode()
        tls = {"serverName": "mtls.example"}
        if shown is not None:
            tls |= {"x509CertificatePem": shown.pem, "principalId": CERTIFICATE_ID}
        mqtt = {"username": username, "password": password, "clientId": client}
        event = {"protocols": ["tls", "mqtt"], "protocolData": {"tls": tls, "mqtt": mqtt}}
        return authorizer.handle(self.ports, event, ARN)

    def reason(self) -> str:
        (entry,) = self.ports.audit.page(self.tenant.id, start=0, end=START + 1, descending=True)
        return entry.reason.removeprefix("connection refused: ")


@pytest.fixture
def gate() -> Gate:
    return Gate()


def test_the_right_certificate_is_let_in_under_its_own_id(gate: Gate) -> None:
    answer = gate.knock(pki.make(CLIENT, gate.ca, now=NOW))
    assert answer["isAuthenticated"] is True
    assert answer["principalId"] == CERTIFICATE_ID
    claim = gate.ports.claims.get(CLIENT)
    assert claim is not None
    assert claim.certificate
    assert claim.key == gate.key.id


def test_a_certificate_without_basic_constraints_is_a_clients(gate: Gate) -> None:
    assert gate.knock(pki.make(CLIENT, gate.ca, now=NOW, ca=None))["isAuthenticated"]


def test_without_a_certificate_nobody_comes_in(gate: Gate) -> None:
    assert gate.knock(None) == REFUSED
    assert gate.reason() == "the API key requires a client certificate"


def test_another_common_name_is_refused(gate: Gate) -> None:
    assert gate.knock(pki.make(CLIENT + "x", gate.ca, now=NOW)) == REFUSED
    assert gate.reason() == "the common name of the client certificate is not the client id"


@pytest.mark.parametrize("names", [(CLIENT, CLIENT + "x"), (CLIENT + "x", CLIENT), (CLIENT, CLIENT)])
def test_a_certificate_with_several_common_names_is_refused_for_each(gate: Gate, names: tuple[str, str]) -> None:
    shown = pki.make(names[0], gate.ca, now=NOW, further=names[1:])
    for client in set(names):
        assert gate.knock(shown, client) == REFUSED
    assert gate.knock(shown, "app1", username="application") == REFUSED


def test_a_key_that_requires_a_certificate_and_trusts_no_ca_lets_nobody_in(gate: Gate) -> None:
    gate.ports.keys.replace(gate.key, replace(gate.key, ca_certificates=()))
    assert gate.knock(pki.make(CLIENT, gate.ca, now=NOW)) == REFUSED


def test_applications_may_bear_any_common_name(gate: Gate) -> None:
    shown = pki.make("a server", gate.ca, now=NOW)
    assert gate.knock(shown, client="app1", username="application")["isAuthenticated"]


@pytest.mark.parametrize("valid", [pki.PAST, pki.FUTURE], ids=["expired", "not yet valid"])
def test_a_certificate_out_of_its_time_is_refused(gate: Gate, valid: pki.Validity) -> None:
    assert gate.knock(pki.make(CLIENT, gate.ca, now=NOW, valid=valid)) == REFUSED
    assert gate.reason() == "the client certificate is not valid at present"


def test_another_ca_of_the_same_name_is_not_the_ca(gate: Gate) -> None:
    assert gate.knock(pki.make(CLIENT, pki.authority(now=NOW), now=NOW)) == REFUSED
    assert gate.reason() == "the client certificate is not signed by a valid CA certificate of the API key"


def test_a_ca_of_the_tenant_that_the_key_does_not_name_is_refused(gate: Gate) -> None:
    other = pki.authority("Other CA", now=NOW)
    certificates.add(gate.ports, gate.tenant.id, other.pem, "")
    assert gate.knock(pki.make(CLIENT, other, now=NOW)) == REFUSED


def test_only_what_the_ca_signed_itself_counts(gate: Gate) -> None:
    between = pki.authority("Intermediate", gate.ca, now=NOW)
    assert gate.knock(pki.make(CLIENT, between, now=NOW)) == REFUSED


def test_a_ca_certificate_is_no_client_certificate(gate: Gate) -> None:
    assert gate.knock(pki.authority(CLIENT, gate.ca, now=NOW)) == REFUSED
    assert gate.reason() == "the client certificate is that of a CA"


def test_a_ca_that_has_expired_vouches_for_nobody(gate: Gate) -> None:
    shown = pki.make(CLIENT, gate.ca, now=NOW, valid=(dt.timedelta(0), dt.timedelta(days=90)))
    gate.ports.clock.advance(seconds=31 * 86_400)
    assert gate.knock(shown) == REFUSED


def test_a_withdrawn_ca_vouches_for_nobody(gate: Gate) -> None:
    certificates.remove(gate.ports, gate.tenant.id, gate.authority)
    assert gate.knock(pki.make(CLIENT, gate.ca, now=NOW)) == REFUSED


def test_a_key_that_requires_none_is_let_in_without() -> None:
    assert Gate(required=False).knock(None)["isAuthenticated"]


def test_a_certificate_that_is_shown_has_to_be_right_even_where_none_is_required() -> None:
    gate = Gate(required=False)
    assert gate.knock(pki.make(CLIENT, pki.authority(now=NOW), now=NOW)) == REFUSED


def test_what_is_no_certificate_is_refused(gate: Gate) -> None:
    password = base64.b64encode(gate.secret.encode()).decode()
    tls = {"x509CertificatePem": "-----BEGIN CERTIFICATE-----\nMII=\n-----END CERTIFICATE-----\n", "principalId": "a"}
    mqtt = {"username": "json+device", "password": password, "clientId": CLIENT}
    assert authorizer.handle(gate.ports, {"protocolData": {"tls": tls, "mqtt": mqtt}}, ARN) == REFUSED
