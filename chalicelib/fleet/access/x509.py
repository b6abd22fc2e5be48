"""X.509 certificates (RFC 5280): what is asked of a CA's, and of a client's that it signed.

The library that reads them is imported when the first one comes: most clients never show any.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from chalicelib.fleet.errors import Forbidden, Invalid
from chalicelib.fleet.fields import Field
from chalicelib.fleet.frozen import dataclass

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

_BEGIN = "-----BEGIN CERTIFICATE-----"


@dataclass(frozen=True, slots=True)
class Authority:
    """A CA certificate without anything that stood around it; `expires` in ms, `subject` as RFC 4514 writes names."""

    pem: str
    expires: int
    subject: str


def authority(pem: str, now: int) -> Authority:
    """Errors: Invalid (no certificate, several, over, or one that may not sign others)."""
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    if pem.count(_BEGIN) != 1:
        raise Invalid("certificate is one X.509 certificate in PEM; chains are not allowed", Field.CERTIFICATE)
    found = _loaded(pem)
    constraints = _extension(found, x509.BasicConstraints)
    if constraints is None or not constraints.ca:
        raise Invalid("the certificate is not that of a CA: basicConstraints has to say CA:TRUE", Field.CERTIFICATE)
    usage = _extension(found, x509.KeyUsage)
    if usage is not None and not usage.key_cert_sign:
        raise Invalid("the CA may sign no certificates: its keyUsage lacks keyCertSign", Field.CERTIFICATE)
    if not _valid(found, now):
        raise Invalid("the certificate is not valid at present", Field.CERTIFICATE)
    return Authority(found.public_bytes(Encoding.PEM).decode(), _ms(found.not_valid_after_utc), _subject(found))


def subject(pem: str) -> str:
    """Whose certificate it is. Errors: Invalid."""
    return _subject(_loaded(pem))


def _subject(found: "Certificate") -> str:
    return found.subject.rfc4514_string()


def ensure_signed(pem: str, authorities: Iterable[str], now: int) -> str | None:
    """The common name of a client certificate that one of these CAs signed itself.

    Errors: Forbidden (unreadable, not valid now, a CA's, signed by somebody else, or with several common names).
    """
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    try:
        client = _loaded(pem)
        constraints = _extension(client, x509.BasicConstraints)
    except Invalid as error:
        raise Forbidden(str(error)) from error
    if not _valid(client, now):
        raise Forbidden("the client certificate is not valid at present")
    if constraints is not None and constraints.ca:
        raise Forbidden("the client certificate is that of a CA")
    issuers = [issuer for issuer in map(_loaded, authorities) if _signed(client, issuer)]
    if not any(_valid(issuer, now) for issuer in issuers):
        raise Forbidden("the client certificate is not signed by a valid CA certificate of the API key")
    names = [str(name.value) for name in client.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    # Whoever reads the first and whoever reads the last would let in two clients (RFC 6125 6.4.4).
    if len(names) > 1:
        raise Forbidden("the client certificate has several common names")
    return names[0] if names else None


def _loaded(pem: str) -> "Certificate":
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm

    try:
        found = x509.load_pem_x509_certificate(pem.encode())
        # What is wrong inside shows only when it is looked at.
        _ = found.extensions, found.subject, found.public_key()
    except (ValueError, TypeError, UnsupportedAlgorithm, x509.InvalidVersion, x509.DuplicateExtension) as error:
        raise Invalid(f"the certificate cannot be read: {str(error)[:200]}", Field.CERTIFICATE) from error
    return found


def _extension(certificate: "Certificate", kind: type) -> Any:
    return next((e.value for e in certificate.extensions if isinstance(e.value, kind)), None)


def _signed(client: "Certificate", issuer: "Certificate") -> bool:
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

    try:
        client.verify_directly_issued_by(issuer)
    except (InvalidSignature, ValueError, TypeError, UnsupportedAlgorithm):
        return False
    return True


def _valid(certificate: "Certificate", now: int) -> bool:
    return _ms(certificate.not_valid_before_utc) <= now <= _ms(certificate.not_valid_after_utc)


def _ms(moment: datetime) -> int:
    return int(moment.astimezone(UTC).timestamp() * 1000)
