"""Certificates for tests: authorities of any kind, and what they sign."""

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

Validity = tuple[dt.timedelta, dt.timedelta]
USUAL: Validity = (dt.timedelta(days=-1), dt.timedelta(days=30))
PAST: Validity = (dt.timedelta(days=-30), dt.timedelta(days=-1))
FUTURE: Validity = (dt.timedelta(days=1), dt.timedelta(days=30))


@dataclass(frozen=True)
class Identity:
    """A certificate with its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()

    def write(self, folder: Path, stem: str) -> tuple[Path, Path]:
        """The files of certificate and key."""
        certificate, key = folder / f"{stem}.pem", folder / f"{stem}.key"
        certificate.write_text(self.pem)
        key.write_bytes(
            self.key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return certificate, key


def make(
    name: str,
    issuer: Identity | None = None,
    *,
    now: dt.datetime,
    ca: bool | None = False,
    signs: bool | None = None,
    valid: Validity = USUAL,
    further: tuple[str, ...] = (),
    key_id: bytes | None = None,
) -> Identity:
    """Without an issuer it signs itself; `ca` and `signs` None leave basicConstraints and keyUsage out.

    `further` are more common names after the first, `key_id` a subject key identifier that is not the key's own.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, each) for each in (name, *further)])
    signer = issuer.key if issuer else key
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + valid[0])
        .not_valid_after(now + valid[1])
        # Two authorities of one name are told apart by these.
        .add_extension(
            x509.SubjectKeyIdentifier(key_id)
            if key_id
            else x509.SubjectKeyIdentifier.from_public_key(key.public_key()),
            critical=False,
        )
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
    )
    if ca is not None:
        builder = builder.add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    if signs is not None:
        builder = builder.add_extension(_usage(signs=signs), critical=True)
    return Identity(builder.sign(signer, hashes.SHA256()), key)


def authority(name: str = "Acme CA", issuer: Identity | None = None, *, now: dt.datetime) -> Identity:
    return make(name, issuer, now=now, ca=True, signs=True)


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs,
        crl_sign=signs,
        encipher_only=False,
        decipher_only=False,
    )
