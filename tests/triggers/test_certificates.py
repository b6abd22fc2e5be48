"""Client certificates that IoT Core registers at their first connection, and CAs that come and go."""

import datetime as dt
from collections.abc import Callable

import pytest

from chalicelib.fleet.access import certificates, tenants
from chalicelib.triggers import certificates as trigger
from tests import pki
from tests.fakes import START, MemoryPorts
from tests.fakes.access import ListedTrust

NOW = dt.datetime.fromtimestamp(START / 1000, dt.UTC)
CERTIFICATE = "c0ffee" * 10 + "abcd"


class Site:
    """Two tenants and one CA; `registration` is the broker's id of it."""

    def __init__(self) -> None:
        self.ports = MemoryPorts()
        self.ca = pki.authority(now=NOW)
        self.acme, self.other = (tenants.create(self.ports, name)[0].id for name in ("acme", "other"))
        self.ports.trust.pending.add(CERTIFICATE)

    def upload(self, tenant: str) -> str:
        return certificates.add(self.ports, tenant, self.ca.pem, "").id

    @property
    def registration(self) -> str:
        (found,) = self.ports.trust.known
        return found

    def show(self, registration: str) -> None:
        """As the developer guide writes the event."""
        event = {
            "certificateId": CERTIFICATE,
            "caCertificateId": registration,
            "timestamp": START,
            "certificateStatus": "PENDING_ACTIVATION",
            "awsAccountId": "111122223333",
            "certificateRegistrationTimestamp": str(START),
        }
        trigger.handle(self.ports, event)


@pytest.fixture
def site() -> Site:
    return Site()


def test_a_certificate_of_a_known_ca_is_let_in(site: Site) -> None:
    site.upload(site.acme)
    site.show(site.registration)
    assert site.ports.trust.active == {CERTIFICATE}


def test_the_same_event_again_changes_nothing(site: Site) -> None:
    site.upload(site.acme)
    for _ in range(2):
        site.show(site.registration)
    assert site.ports.trust.active == {CERTIFICATE}


def test_a_certificate_of_a_ca_that_nobody_uploaded_waits_on(site: Site) -> None:
    site.show("0" * 64)
    assert site.ports.trust.pending == {CERTIFICATE}


def test_a_certificate_of_a_withdrawn_ca_waits_on(site: Site) -> None:
    uploaded = site.upload(site.acme)
    registration = site.registration
    certificates.remove(site.ports, site.acme, uploaded)
    site.show(registration)
    assert site.ports.trust.pending == {CERTIFICATE}


def test_the_broker_forgets_a_ca_with_the_last_tenant_that_has_it(site: Site) -> None:
    mine, theirs = site.upload(site.acme), site.upload(site.other)
    certificates.remove(site.ports, site.acme, mine)
    site.show(site.registration)
    assert site.ports.trust.active == {CERTIFICATE}
    certificates.remove(site.ports, site.other, theirs)
    assert site.ports.trust.known == {}


def test_a_tenant_that_uploaded_a_ca_twice_may_withdraw_it_once(site: Site) -> None:
    first, _ = site.upload(site.acme), site.upload(site.acme)
    certificates.remove(site.ports, site.acme, first)
    assert site.registration


class Interrupted(ListedTrust):
    """A broker that lets something else happen amid the first call of each kind."""

    def __init__(self, *, accepting: Callable[[], object] | None, withdrawing: Callable[[], object] | None) -> None:
        super().__init__()
        self.accepting, self.withdrawing = accepting, withdrawing

    def accept(self, pem: str) -> str:
        identifier = super().accept(pem)
        happens, self.accepting = self.accepting, None
        if happens:
            happens()
        return identifier

    def withdraw(self, registration: str) -> None:
        happens, self.withdrawing = self.withdrawing, None
        if happens:
            happens()
        super().withdraw(registration)


def test_a_ca_uploaded_amid_its_withdrawal_by_the_last_tenant_is_known_afterwards(site: Site) -> None:
    mine = site.upload(site.acme)
    site.ports.trust = Interrupted(accepting=None, withdrawing=lambda: site.upload(site.other))
    certificates.remove(site.ports, site.acme, mine)
    assert site.registration


def test_a_ca_withdrawn_by_the_last_tenant_amid_its_upload_is_known_afterwards(site: Site) -> None:
    theirs = site.upload(site.other)
    site.ports.trust = Interrupted(
        accepting=lambda: certificates.remove(site.ports, site.other, theirs), withdrawing=None
    )
    site.upload(site.acme)
    assert site.registration
