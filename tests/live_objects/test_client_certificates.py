"""The table of manual 6.4, over real connections: the vendor's codes at the edge, IoT Core's behaviour elsewhere.

IoT Core, and what stands for it, answers every refusal of the authorizer with 5.
"""

import datetime as dt
import itertools
import ssl
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests import pki
from tests.clients import Rest, until
from tests.local.iot_core.device import Device, tls_client
from tests.local.running import RunningStack
from tests.pki import Identity

pytestmark = pytest.mark.row("A5", "C1")
CERTIFICATES, KEYS = "/api/v0/certificates/ca", "/api/v0/apiKeys"
PASSWORD_HOST, CERTIFICATE_HOST = "localhost", "mtls.localhost"
ACCEPTED, BAD_CREDENTIALS, NOT_AUTHORIZED = 0, 4, 5
CLOSED = None
"""The handshake itself failed: there is no CONNACK."""

_numbers = itertools.count(1)


@dataclass
class Entrance:
    """A stack and a tenant's CA; one key that requires certificates of it, and one that does not."""

    stack: RunningStack
    folder: Path
    lenient: bool

    def __post_init__(self) -> None:
        self.now = dt.datetime.now(dt.UTC)
        self.ca = pki.authority(f"Acme CA {next(_numbers)}", now=self.now)
        with closing(Rest(self.stack)) as rest:
            self.authority = self.upload(rest, self.ca)
            self.plain = self.key(rest, None)
            self.bare = self.key(rest, None, roles=("DEVICE_ACCESS",))
            self.strict = self.key(rest, {"required": True, "caCertIds": [self.authority]})

    def upload(self, rest: Rest, ca: Identity) -> str:
        identifier: str = rest.post(CERTIFICATES, {"certificate": ca.pem, "comment": "tests"})["id"]
        return identifier

    def key(self, rest: Rest, asked: Any, *, roles: tuple[str, ...] = ("DEVICE_ACCESS", "BUS_R")) -> str:
        master = next(k["id"] for k in rest.get(KEYS)["data"] if k["masterKey"])
        body = {"parentId": master, "roles": list(roles), "clientCert": asked}
        secret: str = rest.post(KEYS, body)["value"]
        return secret

    def code(self, *, vendor: int) -> int:
        """What a refusal of the authorizer looks like here."""
        return vendor if self.lenient else NOT_AUTHORIZED

    def knock(
        self, key: str, client: str, *, shown: Identity | None = None, host: str = "", username: str = "json+device"
    ) -> int | None:
        """The code of CONNACK, or CLOSED. With a certificate to the host that asks for one."""
        files = shown.write(self.folder, f"shown{next(_numbers)}") if shown else None
        context = tls_client(self.stack.ca, files)
        host = host or (CERTIFICATE_HOST if shown else PASSWORD_HOST)
        device = Device(self.stack.mqtts, context, host=host)
        try:
            # With TLS 1.3 a client learns only now that its certificate was refused.
            with suppress(ConnectionError, ssl.SSLError, AssertionError):
                return device.connect(client, username=username, password=key.encode())[1]
            return CLOSED
        finally:
            device.shut()


@pytest.fixture(scope="module")
def edge() -> Iterator[RunningStack]:
    with RunningStack(HOMEPORT_LENIENT="1") as stack:
        yield stack
        print(stack.log)


@pytest.fixture(scope="module", params=["strict", "lenient"])
def door(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Entrance:
    lenient = request.param == "lenient"
    stack = request.getfixturevalue("edge" if lenient else "running_stack")
    return Entrance(stack, tmp_path_factory.mktemp("pki"), lenient)


@pytest.fixture
def client() -> str:
    return f"urn:lo:nsid:door:d{next(_numbers)}"


def test_bad_user_name_and_bad_key(door: Entrance, client: str) -> None:
    assert door.knock("bad", client, username="bad") == door.code(vendor=BAD_CREDENTIALS)


def test_bad_user_name_and_good_key(door: Entrance, client: str) -> None:
    assert door.knock(door.plain, client, username="bad") == door.code(vendor=BAD_CREDENTIALS)


def test_good_user_name_and_bad_key(door: Entrance, client: str) -> None:
    assert door.knock("bad", client) == door.code(vendor=BAD_CREDENTIALS)


def test_good_user_name_and_good_key(door: Entrance, client: str) -> None:
    assert door.knock(door.plain, client) == ACCEPTED


def test_good_credentials_without_tls_at_the_edge(edge: RunningStack, tmp_path: Path, client: str) -> None:
    until(lambda: "plain: localhost:" in edge.log)
    port = int(edge.log.partition("plain: localhost:")[2].split()[0])
    door = Entrance(edge, tmp_path, lenient=True)
    plain = Device(port, None)
    assert plain.connect(client, password=door.bare.encode()) == (False, ACCEPTED)
    plain.leave()


def test_a_client_that_does_not_trust_our_ca_does_not_come_this_far(door: Entrance) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        Device(door.stack.mqtts, ssl.create_default_context(), host=PASSWORD_HOST)


def test_a_key_that_requires_a_certificate_without_one(door: Entrance, client: str) -> None:
    assert door.knock(door.strict, client) == NOT_AUTHORIZED


def test_no_certificate_where_the_host_asks_for_one(door: Entrance, client: str) -> None:
    assert door.knock(door.strict, client, host=CERTIFICATE_HOST) is CLOSED


def test_a_common_name_that_is_not_the_client_id(door: Entrance, client: str) -> None:
    assert door.knock(door.strict, client, shown=pki.make("another", door.ca, now=door.now)) == NOT_AUTHORIZED


def test_a_certificate_that_an_intermediate_signed(door: Entrance, client: str) -> None:
    between = pki.authority("Intermediate", door.ca, now=door.now)
    with closing(Rest(door.stack)) as rest:
        door.upload(rest, between)
    assert door.knock(door.strict, client, shown=pki.make(client, between, now=door.now)) == NOT_AUTHORIZED


def test_a_certificate_of_a_ca_that_is_not_the_keys(door: Entrance, client: str) -> None:
    other = pki.authority("Other CA", now=door.now)
    with closing(Rest(door.stack)) as rest:
        door.upload(rest, other)
    assert door.knock(door.strict, client, shown=pki.make(client, other, now=door.now)) == NOT_AUTHORIZED


def test_a_certificate_of_a_ca_that_nobody_knows(door: Entrance, client: str) -> None:
    stranger = pki.authority("Nobody's CA", now=door.now)
    assert door.knock(door.strict, client, shown=pki.make(client, stranger, now=door.now)) is CLOSED


def test_a_certificate_that_has_expired(door: Entrance, client: str) -> None:
    expired = pki.make(client, door.ca, now=door.now, valid=pki.PAST)
    assert door.knock(door.strict, client, shown=expired) is CLOSED


def test_the_right_certificate(door: Entrance, client: str) -> None:
    right = pki.make(client, door.ca, now=door.now)
    assert door.knock(door.strict, client, shown=right) == ACCEPTED
    assert door.knock("bad", client, shown=right) == door.code(vendor=BAD_CREDENTIALS)


def test_an_application_with_a_certificate_of_any_name(door: Entrance, client: str) -> None:
    shown = pki.make("a server", door.ca, now=door.now)
    assert door.knock(door.strict, client, shown=shown, username="application") == ACCEPTED


def test_a_device_shows_how_it_came_in(door: Entrance, client: str) -> None:
    assert door.knock(door.strict, client, shown=pki.make(client, door.ca, now=door.now)) == ACCEPTED
    with closing(Rest(door.stack)) as rest:
        path = f"/api/v1/deviceMgt/devices/{client}/interfaces/mqtt:{client}"
        until(lambda: rest.get(path).get("activity", {}).get("mqttUsername") == "json+device")


def test_why_a_device_stayed_out_is_in_the_audit_log(door: Entrance, client: str) -> None:
    door.knock(door.strict, client)
    with closing(Rest(door.stack)) as rest:
        entries = rest.get("/api/v0/auditlog/messages", **{"source.nodeId": client})
    assert "requires a client certificate" in str(entries)


def test_a_ca_that_was_withdrawn_lets_nobody_in(door: Entrance, client: str) -> None:
    ca = pki.authority("Former CA", now=door.now)
    shown = pki.make(client, ca, now=door.now)
    with closing(Rest(door.stack)) as rest:
        authority = door.upload(rest, ca)
        key = door.key(rest, {"required": True, "caCertIds": [authority]})
        assert door.knock(key, client, shown=shown) == ACCEPTED
        rest.call("DELETE", f"{CERTIFICATES}/{authority}")
    assert door.knock(key, client, shown=shown) is CLOSED


def test_a_stack_that_starts_again_knows_its_tenants_cas(edge: RunningStack, tmp_path: Path, client: str) -> None:
    door = Entrance(edge, tmp_path, lenient=True)
    edge.restart()
    assert door.knock(door.strict, client, shown=pki.make(client, door.ca, now=door.now)) == ACCEPTED
