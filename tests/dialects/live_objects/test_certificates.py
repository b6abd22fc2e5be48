"""Manual 6.3.4.1: the CA certificates of a tenant, and the keys that name them."""

import datetime as dt
from typing import Any

import pytest

from tests import pki
from tests.dialects.live_objects.client import Client
from tests.fakes import START
from tests.pki import Identity

pytestmark = pytest.mark.row("A5")
ALL = "/api/v0/certificates/ca"
KEYS = "/api/v0/apiKeys"
NOW = dt.datetime.fromtimestamp(START / 1000, dt.UTC)


def uploaded(client: Client, ca: Identity) -> str:
    reply = client.call("POST", ALL, {"certificate": ca.pem, "comment": "ours"})
    assert (reply.status, set(reply.body)) == (200, {"id"}), reply.raw
    identifier: str = reply.body["id"]
    return identifier


def refused(client: Client, certificate: str) -> str:
    reply = client.call("POST", ALL, {"certificate": certificate, "comment": ""})
    assert (reply.status, reply.code) == (400, "GENERIC_INVALID_PARAMETER_ERROR")
    assert client.get(ALL).body == []
    message: str = reply.body["message"]
    return message


def test_an_uploaded_certificate_is_shown_until_it_is_deleted(client: Client) -> None:
    ca = pki.authority(now=NOW)
    identifier = uploaded(client, ca)
    shown = {"id": identifier, "certificate": ca.pem, "comment": "ours", "expires": "2027-02-14T08:00:00.000Z"}
    assert client.get(f"{ALL}/{identifier}").body == shown
    assert client.get(ALL).body == [shown]
    assert client.call("DELETE", f"{ALL}/{identifier}").status == 204
    assert client.get(f"{ALL}/{identifier}").code == "CA_CERTIFICATE_NOT_FOUND"
    assert client.call("DELETE", f"{ALL}/{identifier}").status == 404


def test_the_broker_is_told_of_it(client: Client) -> None:
    ca = pki.authority(now=NOW)
    identifier = uploaded(client, ca)
    assert list(client.ports.trust.known.values()) == [ca.pem]
    client.call("DELETE", f"{ALL}/{identifier}")
    assert client.ports.trust.known == {}


def test_key_usage_may_be_left_out(client: Client) -> None:
    assert uploaded(client, pki.make("CA", now=NOW, ca=True))


def test_an_intermediate_is_a_ca_too(client: Client) -> None:
    assert uploaded(client, pki.authority("Intermediate", pki.authority(now=NOW), now=NOW))


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        ({"ca": False}, "CA:TRUE"),
        ({"ca": None}, "CA:TRUE"),
        ({"ca": True, "signs": False}, "keyCertSign"),
        ({"ca": True, "valid": pki.PAST}, "not valid at present"),
        ({"ca": True, "valid": pki.FUTURE}, "not valid at present"),
    ],
    ids=str,
)
def test_what_may_sign_no_clients_is_refused(client: Client, kind: dict[str, Any], why: str) -> None:
    assert why in refused(client, pki.make("CA", now=NOW, **kind).pem)


def test_a_chain_is_refused(client: Client) -> None:
    root = pki.authority(now=NOW)
    assert "chains" in refused(client, root.pem + pki.authority("Intermediate", root, now=NOW).pem)


@pytest.mark.parametrize(
    "text",
    ["junk", "-----BEGIN CERTIFICATE-----", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "é"],
)
def test_what_is_no_certificate_is_refused(client: Client, text: str) -> None:
    assert refused(client, text)


def test_a_damaged_certificate_is_refused_or_read_and_never_our_fault(client: Client) -> None:
    lines = pki.authority(now=NOW).pem.splitlines()
    for number in range(1, len(lines) - 1):
        damaged = [*lines[:number], lines[number][::-1], *lines[number + 1 :]]
        assert client.call("POST", ALL, {"certificate": "\n".join(damaged), "comment": ""}).status in (200, 400)


def test_what_stands_around_a_certificate_is_not_kept(client: Client, tmp_path: Any) -> None:
    ca = pki.authority(now=NOW)
    _, key = ca.write(tmp_path, "ca")
    reply = client.call("POST", ALL, {"certificate": key.read_text() + ca.pem, "comment": ""})
    assert client.get(f"{ALL}/{reply.body['id']}").body["certificate"] == ca.pem


def test_a_tenant_has_a_ca_and_its_successor_of_one_subject(client: Client) -> None:
    """IoT Core takes ten of a subject in an account: one tenant takes them from no other."""
    for _ in range(2):
        uploaded(client, pki.authority(now=NOW))
    assert client.call("POST", ALL, {"certificate": pki.authority(now=NOW).pem, "comment": ""}).status == 403
    assert len(client.ports.trust.known) == 2
    uploaded(client, pki.authority("Another CA", now=NOW))


def test_a_tenant_has_at_most_ten(client: Client) -> None:
    for number in range(10):
        uploaded(client, pki.authority(f"CA {number}", now=NOW))
    assert client.call("POST", ALL, {"certificate": pki.authority(now=NOW).pem, "comment": ""}).status == 403
    assert len(client.get(ALL).body) == 10


def test_a_key_asks_for_certificates_of_a_ca(client: Client) -> None:
    identifier = uploaded(client, pki.authority(now=NOW))
    wanted = {"required": True, "caCertIds": [identifier]}
    body = {"parentId": client.master.id, "roles": ["DEVICE_ACCESS"], "clientCert": wanted}
    key = client.call("POST", KEYS, body).body
    assert key["clientCert"] == wanted
    changed = client.call("POST", f"{KEYS}/{key['id']}", {"clientCert": {"required": False}})
    assert changed.body["clientCert"] == {"required": False, "caCertIds": [identifier]}


@pytest.mark.parametrize("wanted", [{"required": True}, {"required": True, "caCertIds": []}, {"caCertIds": ["5b05"]}])
def test_a_key_that_could_accept_nobody_is_refused(client: Client, wanted: Any) -> None:
    body = {"parentId": client.master.id, "roles": ["DEVICE_ACCESS"], "clientCert": wanted}
    reply = client.call("POST", KEYS, body)
    assert (reply.status, reply.code) == (400, "GENERIC_INVALID_PARAMETER_ERROR")
    assert "caCertIds" in reply.body["message"]
    kept = client.call("POST", KEYS, {**body, "clientCert": None}).body
    assert client.call("POST", f"{KEYS}/{kept['id']}", {"clientCert": wanted}).status == 400


def test_the_certificate_of_another_tenant_is_unknown(client: Client) -> None:
    identifier = uploaded(client, pki.authority(now=NOW))
    other = Client(client.ports, "other")
    wanted = {"required": True, "caCertIds": [identifier]}
    body = {"parentId": other.master.id, "roles": [], "clientCert": wanted}
    assert other.call("POST", KEYS, body).status == 400
    assert other.get(f"{ALL}/{identifier}").status == 404


class Inheriting:
    """A parent that requires certificates of one of two CAs, made by the master key; `other` is a third CA."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.first, self.second, self.other = (uploaded(client, pki.authority(n, now=NOW)) for n in ("A", "B", "C"))
        self.parent = self.made(client.master.id, {"required": True, "caCertIds": [self.first, self.second]})

    def made(self, parent: str, asked: Any = None) -> Any:
        reply = self.tried(parent, asked)
        assert reply.status == 200, reply.raw
        return reply.body

    def tried(self, parent: str, asked: Any = None) -> Any:
        body = {"parentId": parent, "roles": ["API_KEY_W", "DEVICE_R"]}
        return self.client.call("POST", KEYS, body if asked is None else {**body, "clientCert": asked})

    def shown(self, key: Any) -> Any:
        return self.client.get(f"{KEYS}/{key['id']}").body


@pytest.fixture
def inheriting(client: Client) -> Inheriting:
    return Inheriting(client)


def test_a_child_requires_what_its_parent_does(inheriting: Inheriting) -> None:
    wanted = {"required": True, "caCertIds": [inheriting.first, inheriting.second]}
    child = inheriting.made(inheriting.parent["id"])
    assert child["clientCert"] == wanted
    assert inheriting.made(child["id"])["clientCert"] == wanted


def test_a_child_may_trust_fewer_cas(inheriting: Inheriting) -> None:
    child = inheriting.made(inheriting.parent["id"], {"caCertIds": [inheriting.second]})
    assert child["clientCert"] == {"required": True, "caCertIds": [inheriting.second]}


@pytest.mark.parametrize("asked", [{"required": False}, {"caCertIds": []}, {"required": False, "caCertIds": []}])
def test_a_child_does_not_get_out_of_it(inheriting: Inheriting, asked: Any) -> None:
    assert inheriting.tried(inheriting.parent["id"], asked).status == 400
    child = inheriting.made(inheriting.parent["id"])
    assert inheriting.client.call("POST", f"{KEYS}/{child['id']}", {"clientCert": asked}).status == 400


def test_a_child_trusts_no_ca_that_its_parent_does_not(inheriting: Inheriting) -> None:
    asked = {"caCertIds": [inheriting.first, inheriting.other]}
    assert inheriting.tried(inheriting.parent["id"], asked).status == 400


def test_a_key_does_not_lift_its_own_requirement(inheriting: Inheriting) -> None:
    parent = inheriting.parent
    for asked in ({"required": False}, {"caCertIds": [inheriting.first, inheriting.other]}):
        path = f"{KEYS}/{parent['id']}"
        assert inheriting.client.call("POST", path, {"clientCert": asked}, key=parent["value"]).status == 403


def test_what_a_parent_comes_to_require_its_children_require(inheriting: Inheriting) -> None:
    """Those who trusted other CAs alone are left without rights: nobody could show what both ask for."""
    client = inheriting.client
    parent = inheriting.made(client.master.id)
    plain = inheriting.made(parent["id"])
    both = inheriting.made(parent["id"], {"caCertIds": [inheriting.first, inheriting.other]})
    apart = inheriting.made(parent["id"], {"caCertIds": [inheriting.other]})
    required = {"clientCert": {"required": True, "caCertIds": [inheriting.first]}}
    assert client.call("POST", f"{KEYS}/{parent['id']}", required).status == 200
    assert inheriting.shown(plain)["clientCert"] == {"required": True, "caCertIds": [inheriting.first]}
    assert inheriting.shown(both)["clientCert"] == {"required": True, "caCertIds": [inheriting.first]}
    assert inheriting.shown(apart)["roles"] == []
    assert {key for _, key, _ in client.ports.background.revocations} >= {plain["id"], both["id"], apart["id"]}


def test_rest_asks_for_no_client_certificate(inheriting: Inheriting) -> None:
    """The requirement is one of MQTT connections (manual 6.3.4): over HTTPS the key opens what its roles allow."""
    client = inheriting.client
    reply = client.call("GET", f"{KEYS}/current_key", key=inheriting.parent["value"])
    assert (reply.status, reply.body["clientCert"]["required"]) == (200, True)
