"""The CA certificates of a tenant, and whether a client's certificate goes with its key.

A tenant's list is one record and every change of it a compare-and-set, which is how it keeps to its limit whoever
writes at the same time, and how one read answers for all CAs of a key.
"""

from collections.abc import Callable
from dataclasses import replace

from chalicelib.fleet.access import x509
from chalicelib.fleet.access.callers import Caller
from chalicelib.fleet.access.records import ApiKey, CaCertificate, CaCertificates
from chalicelib.fleet.compare_and_set import change_record
from chalicelib.fleet.errors import CertificateNotFound, Forbidden, Invalid, LimitReached
from chalicelib.fleet.fields import Field
from chalicelib.fleet.ports import Ports

MOST = 10
"""CA certificates that a tenant may have."""
MOST_OF_A_SUBJECT = 2
"""One and its successor. IoT Core takes ten of one subject in an account: no tenant takes them all from another."""


def add(ports: Ports, tenant: str, pem: str, comment: str) -> CaCertificate:
    """Errors: Invalid (not that of a CA that signs clients), LimitReached."""
    now = ports.clock.now()
    found = x509.authority(pem, now)
    made = CaCertificate(ports.new_id(now), found.pem, comment, found.expires, now)
    _ensure_room(ports.authorities.get(tenant), found.subject)
    # First the broker: who reads of a certificate may rely on it.
    made = replace(made, registration=ports.trust.accept(found.pem))

    def change(present: CaCertificates) -> CaCertificates:
        _ensure_room(present, found.subject)
        return replace(present, entries=(*present.entries, made))

    _change(ports, tenant, change)
    # Another tenant may have withdrawn the same CA in between, when nobody held it: the broker is told once more.
    ports.trust.accept(found.pem)
    return made


def _ensure_room(present: CaCertificates, subject: str) -> None:
    if len(present.entries) >= MOST:
        raise LimitReached(f"there are {MOST} CA certificates already")
    if sum(x509.subject(entry.pem) == subject for entry in present.entries) >= MOST_OF_A_SUBJECT:
        raise LimitReached(f"there are {MOST_OF_A_SUBJECT} CA certificates of this subject already")


def get(ports: Ports, tenant: str, certificate: str) -> CaCertificate:
    found = ports.authorities.get(tenant).get(certificate)
    if found is None:
        raise CertificateNotFound("no such CA certificate")
    return found


def remove(ports: Ports, tenant: str, certificate: str) -> None:
    """From now on no client comes in that it signed. Errors: CertificateNotFound."""
    withdrawn = get(ports, tenant, certificate)

    def change(present: CaCertificates) -> CaCertificates:
        if present.get(certificate) is None:
            raise CertificateNotFound("no such CA certificate")
        return replace(present, entries=tuple(e for e in present.entries if e.id != certificate))

    _change(ports, tenant, change)
    if withdrawn.registration and not ports.authorities.is_held(withdrawn.registration):
        ports.trust.withdraw(withdrawn.registration)
        # Somebody may have uploaded the same CA since we looked, and was told that the broker knows it.
        if ports.authorities.is_held(withdrawn.registration):
            ports.trust.accept(withdrawn.pem)


def activate(ports: Ports, certificate: str, registration: str) -> bool:
    """Let a client's certificate in that the broker has just come to know, by the broker's ids of it and of its CA.

    False where it stays as it is: no tenant has the CA any more, or somebody has decided about it already.
    """
    return ports.authorities.is_held(registration) and ports.trust.activate(certificate)


def ensure_fits(ports: Ports, caller: Caller, pem: str | None, name: str | None) -> None:
    """Errors: Forbidden (the key asks for a client certificate that was not shown, or shown for another `name`).

    `pem` is the certificate that the client showed; its common name is `name` where that is given.
    """
    key = caller.key
    if key is None:
        return
    if pem is None:
        if key.client_certificate_required:
            raise Forbidden("the API key requires a client certificate")
        return
    if not key.ca_certificates and not key.client_certificate_required:
        return
    known = ports.authorities.get(key.tenant)
    trusted = [e.pem for e in known.entries if e.id in key.ca_certificates]
    shown = x509.ensure_signed(pem, trusted, ports.clock.now())
    if name is not None and name != shown:
        raise Forbidden("the common name of the client certificate is not the client id")


def ensure_known(ports: Ports, key: ApiKey) -> None:
    """Errors: Invalid (a CA that the tenant has not, or none where a certificate is required)."""
    if key.client_certificate_required and not key.ca_certificates:
        raise Invalid("without CA certificates no client certificate could be accepted", Field.CA_CERTIFICATES)
    if key.ca_certificates:
        known = {entry.id for entry in ports.authorities.get(key.tenant).entries}
        for unknown in sorted(set(key.ca_certificates) - known):
            raise Invalid(f"{unknown[:24]} is no CA certificate of yours", Field.CA_CERTIFICATES)


def _change(ports: Ports, tenant: str, change: Callable[[CaCertificates], CaCertificates]) -> None:
    # Two uploads at once could otherwise lose one of them, or pass the limit together.
    write = ports.authorities.replace
    change_record(ports, "the list of CA certificates", lambda: ports.authorities.get(tenant), write, change)
