"""Whether firmware can reach a host name: what its TLS will see there."""

import socket
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography import x509
from cryptography.x509.oid import ExtensionOID

PATIENCE_S = 10.0


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at; `good` is None for what is only worth knowing."""

    what: str
    good: bool | None
    found: str


def check(host: str, port: int, *, trusted: str | None, pinned: str | None) -> list[Finding]:
    """`trusted` and `pinned` are files of certificates: the system's if None, and what the firmware has built in."""
    try:
        shown = _certificate(host, port, name=host)
    except OSError as error:
        return [Finding("reachable", good=False, found=str(error))]
    unnamed = _quietly(host, port)
    ends = shown.not_valid_after_utc
    findings = [
        Finding("reachable", good=True, found=f"TLS at {host}:{port}"),
        Finding("certificate names the host", good=_covers(shown, host), found=", ".join(_names(shown))),
        Finding("certificate is valid", good=ends > datetime.now(UTC), found=f"until {ends:%Y-%m-%d}"),
        Finding(
            "the same without SNI",
            good=None,
            found="yes" if unnamed == shown else "no: firmware whose TLS sends no SNI meets another certificate",
        ),
        _verified("trusted by a plain client", host, port, trusted),
    ]
    if pinned is not None:
        findings.append(_verified("trusted by the firmware's own CA", host, port, pinned))
    return findings


def movable(findings: list[Finding]) -> str:
    """The verdict, in a sentence."""
    bad = [finding.what for finding in findings if finding.good is False]
    if not bad:
        return "This firmware can come: point its host name here."
    if "trusted by the firmware's own CA" in bad:
        return "The firmware trusts only a CA that signs nothing here: it has to be updated before it can be moved."
    if "certificate names the host" in bad:
        return "Deploy with this name and a certificate for it; if the name is not yours, the firmware has to change."
    return f"Not yet: {', '.join(bad)}."


def _context(trusted: str | None) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=trusted)


def _certificate(host: str, port: int, *, name: str | None) -> x509.Certificate:
    """Whatever is shown, trusted or not: nothing is sent over this connection."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with (
        socket.create_connection((host, port), timeout=PATIENCE_S) as plain,
        context.wrap_socket(plain, server_hostname=name) as secured,
    ):
        shown = secured.getpeercert(binary_form=True)
    return x509.load_der_x509_certificate(shown or b"")


def _quietly(host: str, port: int) -> x509.Certificate | None:
    try:
        return _certificate(host, port, name=None)
    except OSError:
        return None


def _verified(what: str, host: str, port: int, trusted: str | None) -> Finding:
    context = _context(trusted)
    # Names are looked at by themselves.
    context.check_hostname = False
    try:
        with (
            socket.create_connection((host, port), timeout=PATIENCE_S) as plain,
            context.wrap_socket(plain, server_hostname=host),
        ):
            return Finding(what, good=True, found="yes")
    except OSError as error:
        return Finding(what, good=False, found=str(error))


def _names(certificate: x509.Certificate) -> list[str]:
    try:
        extension = certificate.extensions.get_extension_for_oid(ExtensionOID.SUBJECT_ALTERNATIVE_NAME)
    except x509.ExtensionNotFound:
        return []
    value = extension.value
    return value.get_values_for_type(x509.DNSName) if isinstance(value, x509.SubjectAlternativeName) else []


def _covers(certificate: x509.Certificate, host: str) -> bool:
    """RFC 6125: a name, or a wildcard for one label."""
    return any(n == host or (n.startswith("*.") and n[2:] == host.partition(".")[2]) for n in _names(certificate))
