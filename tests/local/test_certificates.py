"""The certificates of the local stack: an authority that stays, a server certificate that fits."""

import datetime as dt
import ipaddress
import stat
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.verification import PolicyBuilder, Store

from infra.local.certificates import Certificates, ensure_certificates

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


def load(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return ensure_certificates(tmp_path_factory.mktemp("data"), ["box.local", "10.0.0.7"], now=NOW)


@pytest.mark.parametrize("name", ["localhost", "box.local", "mtls.localhost", "mtls.box.local"])
def test_a_strict_verifier_accepts_every_host_name(made: Certificates, name: str) -> None:
    verifier = (
        PolicyBuilder()
        .store(Store([load(made.authority)]))
        .time(NOW.replace(tzinfo=None))
        .build_server_verifier(x509.DNSName(name))
    )

    assert verifier.verify(load(made.server), [])


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "10.0.0.7"])
def test_a_strict_verifier_accepts_every_address(made: Certificates, address: str) -> None:
    name = x509.IPAddress(ipaddress.ip_address(address))
    verifier = (
        PolicyBuilder().store(Store([load(made.authority)])).time(NOW.replace(tzinfo=None)).build_server_verifier(name)
    )

    assert verifier.verify(load(made.server), [])


def test_keys_are_rsa_and_private(made: Certificates) -> None:
    for certificate in (made.authority, made.server):
        assert isinstance(load(certificate).public_key(), rsa.RSAPublicKey)
    for key in (made.server_key, made.authority.with_name("ca.key")):
        assert stat.S_IMODE(key.stat().st_mode) == 0o600


def test_nothing_is_made_anew_while_it_fits(tmp_path: Path) -> None:
    first = ensure_certificates(tmp_path, [], now=NOW)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    ensure_certificates(tmp_path, ["localhost"], now=NOW + dt.timedelta(days=300))

    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    assert first.server_context().get_ca_certs() == []


@pytest.mark.parametrize(("hosts", "later"), [(["new.local"], 0), ([], 380)])
def test_a_new_name_or_a_near_end_renews_the_server_certificate_alone(
    tmp_path: Path, hosts: list[str], later: int
) -> None:
    first = ensure_certificates(tmp_path, [], now=NOW)
    authority, server = first.authority.read_bytes(), first.server.read_bytes()

    ensure_certificates(tmp_path, hosts, now=NOW + dt.timedelta(days=later))

    assert first.authority.read_bytes() == authority
    assert first.server.read_bytes() != server


def test_a_key_that_does_not_belong_to_its_certificate_is_replaced_with_it(tmp_path: Path) -> None:
    first = ensure_certificates(tmp_path, [], now=NOW)
    first.server_key.write_bytes((tmp_path / "ca.key").read_bytes())

    ensure_certificates(tmp_path, [], now=NOW).server_context()
