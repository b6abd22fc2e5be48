"""Our own certificate authority and the server certificate that devices and browsers see.

The authority is made once and kept, because devices are told to trust it; the server's certificate is made anew
whenever the names it must carry change or it nears its end. Keys are RSA: much firmware verifies nothing else.
"""

import datetime as dt
import ipaddress
import os
import ssl
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from infra.local.data_directory import DataError

LOCAL_NAMES = ("localhost", "127.0.0.1", "::1")
"""What every server certificate carries besides HOMEPORT_HOSTS."""

MUTUAL_PREFIX = "mtls."
"""Host names that start with this ask the device for a certificate of its own."""

_KEY_BITS = 2048
_AUTHORITY_LIFE = dt.timedelta(days=3650)
_SERVER_LIFE = dt.timedelta(days=397)  # what browsers accept at most
_RENEW_BEFORE = dt.timedelta(days=30)
_BACKDATED = dt.timedelta(days=1)  # for devices whose clock is behind


@dataclass(frozen=True)
class Certificates:
    """Paths of PEM files: what clients trust, and what the server presents (chain and private key)."""

    authority: Path
    server: Path
    server_key: Path

    def server_context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.server, self.server_key)
        return context


def ensure_certificates(folder: Path, hosts: Iterable[str], *, now: dt.datetime) -> Certificates:
    """Make what is missing, outdated or wrongly named in `folder`; an authority that is still good is never replaced.

    `hosts` are DNS names or IP addresses besides LOCAL_NAMES; `now` is aware. Errors: DataError.
    """
    files = Certificates(folder / "ca.pem", folder / "server.pem", folder / "server.key")
    authority_key_file = folder / "ca.key"
    if not _still_good(files.authority, authority_key_file, now):
        _make_authority(files.authority, authority_key_file, now)
    authority = _load(files.authority)
    names = _names(hosts)
    if not _still_good(files.server, files.server_key, now) or not _fits(files.server, authority, names):
        _issue(files, authority, _load_key(authority_key_file), names, now)
    return files


def _names(hosts: Iterable[str]) -> list[x509.GeneralName]:
    plain = list(dict.fromkeys([*LOCAL_NAMES, *hosts]))
    mutual = [MUTUAL_PREFIX + name for name in plain if not _is_address(name)]
    return [
        x509.IPAddress(ipaddress.ip_address(name)) if _is_address(name) else x509.DNSName(name)
        for name in [*plain, *mutual]
    ]


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _still_good(certificate: Path, key: Path, now: dt.datetime) -> bool:
    if not certificate.exists() or not key.exists():
        return False
    found = _load(certificate)
    # a stop between the two writes leaves a key and a certificate that do not belong together
    belongs = found.public_key() == _load_key(key).public_key()
    return belongs and now + _RENEW_BEFORE < found.not_valid_after_utc


def _fits(certificate: Path, authority: x509.Certificate, names: list[x509.GeneralName]) -> bool:
    issued = _load(certificate)
    carried = issued.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    by = issued.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier
    own = authority.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    return set(carried) == set(names) and by == own


def _make_authority(certificate: Path, key_file: Path, now: dt.datetime) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=_KEY_BITS)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Homeport local authority")])
    own = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    built = (
        _builder(name, name, key, now, _AUTHORITY_LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(own, critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(own), critical=False)
        .sign(key, hashes.SHA256())
    )
    _write_key(key_file, key)
    _write(certificate, built.public_bytes(serialization.Encoding.PEM), mode=0o644)


def _issue(
    files: Certificates,
    authority: x509.Certificate,
    authority_key: rsa.RSAPrivateKey,
    names: list[x509.GeneralName],
    now: dt.datetime,
) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=_KEY_BITS)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    own = authority.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    built = (
        _builder(subject, authority.subject, key, now, _SERVER_LIFE)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(own), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    _write_key(files.server_key, key)
    _write(files.server, built.public_bytes(serialization.Encoding.PEM), mode=0o644)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: rsa.RSAPrivateKey, now: dt.datetime, life: dt.timedelta
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACKDATED)
        .not_valid_after(now + life)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        key_encipherment=not signs_certificates,
        content_commitment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _load_key(path: Path) -> rsa.RSAPrivateKey:
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError, TypeError) as error:
        raise _unusable(path) from error
    if not isinstance(key, rsa.RSAPrivateKey):
        raise _unusable(path)
    return key


def _load(path: Path) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(path.read_bytes())
    except (OSError, ValueError) as error:
        raise _unusable(path) from error


def _unusable(path: Path) -> DataError:
    # An authority that devices trust is not replaced without a word.
    return DataError(
        f"{path} is damaged; restore a copy, or move {path.stem}.key and {path.stem}.pem away to have new ones made"
    )


def _write_key(path: Path, key: rsa.RSAPrivateKey) -> None:
    encoded = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    _write(path, encoded, mode=0o600)


def _write(path: Path, content: bytes, *, mode: int) -> None:
    part = path.with_suffix(path.suffix + ".part")
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as file:
        file.write(content)
    part.replace(path)
