"""Registrations that meet others: in two tenants, at the same time, with tokens (reference, "Device credentials")."""

import pytest

from chalicelib.dialects.cumulocity import device_users, registration
from chalicelib.dialects.cumulocity.registration import NewDevice
from tests.dialects.cumulocity.client import Client
from tests.dialects.cumulocity.registering import BOOTSTRAP, CREDENTIALS, REQUESTS, accept, open_door, poll

pytestmark = pytest.mark.row("A1", "A6", "G1")
DEVICE = "0000000017b769d5"
ONE = f"{REQUESTS}/{DEVICE}"


@pytest.fixture
def client() -> Client:
    client = Client()
    open_door(client)
    return client


def test_an_id_waits_in_one_tenant_of_the_stage_only(client: Client) -> None:
    other = Client(client.ports, "other")
    client.made(REQUESTS, {"id": DEVICE})
    refused = other.call("POST", REQUESTS, {"id": DEVICE})
    assert refused.status == 422
    assert client.tenant.id not in refused.message
    assert other.get(ONE).status == 404
    assert accept(other, DEVICE).status == 404
    assert other.call("DELETE", ONE).status == 404
    accept(client, DEVICE)
    assert poll(client, DEVICE).body["tenantId"] == client.tenant.id


def test_an_id_that_waits_no_more_may_wait_elsewhere(client: Client) -> None:
    other = Client(client.ports, "other")
    client.made(REQUESTS, {"id": DEVICE})
    client.call("DELETE", ONE)
    # Whoever has deleted it may have been about to register it again.
    assert other.call("POST", REQUESTS, {"id": DEVICE}).status == 422
    client.ports.clock.advance(seconds=61)
    other.made(REQUESTS, {"id": DEVICE})
    assert client.call("POST", REQUESTS, {"id": DEVICE}).status == 422
    accept(other, DEVICE)
    assert poll(client, DEVICE).body["tenantId"] == other.tenant.id


def test_of_two_tenants_at_once_one_has_the_id(client: Client) -> None:
    other = Client(client.ports, "other")
    create = client.ports.records.create

    def beaten(record: object) -> bool:
        # Between the look and the write of one tenant the other one does all of it.
        client.ports.records.create = create  # type: ignore[method-assign]
        other.made(REQUESTS, {"id": DEVICE})
        return create(record)  # type: ignore[arg-type]

    client.ports.records.create = beaten  # type: ignore[method-assign]
    assert client.call("POST", REQUESTS, {"id": DEVICE}).status == 422
    assert other.get(ONE).status == 200


def test_a_host_of_one_tenant_leads_to_no_other(client: Client) -> None:
    client.made(REQUESTS, {"id": DEVICE})
    accept(client, DEVICE)
    body = {"id": DEVICE}
    client.ports.clock.advance(seconds=2)
    other = client.call("POST", CREDENTIALS, body, auth=BOOTSTRAP, headers={"Host": "abc123.example.com"})
    assert other.status == 404
    client.ports.clock.advance(seconds=2)
    own = client.call("POST", CREDENTIALS, body, auth=BOOTSTRAP, headers={"Host": f"{client.tenant.id}.example.com"})
    assert own.status == 201


def test_the_token_that_the_device_shows_is_the_one_that_is_accepted(client: Client) -> None:
    client.made(REQUESTS, {"id": DEVICE})
    poll(client, DEVICE, securityToken="on its label")
    assert accept(client, DEVICE).status == 422
    assert accept(client, DEVICE, securityToken="another").status == 422
    assert client.get(ONE).body["status"] == "PENDING_ACCEPTANCE"
    assert accept(client, DEVICE, securityToken="on its label").status == 200
    assert poll(client, DEVICE).status == 404
    assert poll(client, DEVICE, securityToken="another").status == 404
    assert poll(client, DEVICE, securityToken="on its label").status == 201
    # Whoever has seen only the id is not given them again either.
    assert poll(client, DEVICE).status == 404
    kept_ = repr(client.ports.records.rows)
    assert "on its label" not in kept_


def test_a_device_without_a_token_is_not_accepted_with_one(client: Client) -> None:
    client.made(REQUESTS, {"id": DEVICE})
    poll(client, DEVICE)
    assert accept(client, DEVICE, securityToken="any").status == 422


def test_of_two_askings_at_once_both_are_given_the_same(client: Client) -> None:
    client.made(REQUESTS, {"id": DEVICE})
    accept(client, DEVICE)
    ports, replace, given = client.ports, client.ports.records.replace, []

    def beaten(old: object, new: object) -> bool:
        ports.records.replace = replace  # type: ignore[method-assign]
        given.append(registration.poll(ports, DEVICE))
        return replace(old, new)  # type: ignore[arg-type]

    ports.records.replace = beaten  # type: ignore[method-assign]
    given.append(registration.poll(ports, DEVICE))
    assert given[0] == given[1]
    user = device_users.get(ports, client.tenant.id, given[0].user)
    assert user.fits(given[0].password)


def test_a_user_that_somebody_deleted_is_not_made_again_by_who_asks(client: Client) -> None:
    client.made(REQUESTS, {"id": DEVICE})
    accept(client, DEVICE)
    given = poll(client, DEVICE).body
    client.ports.clock.advance(ms=1)
    device_users.delete(client.ports, client.tenant.id, given["username"])
    assert poll(client, DEVICE).status == 404
    assert (
        client.call(
            "GET", "/user/currentUser", auth=(f"{client.tenant.id}/{given['username']}", given["password"])
        ).status
        == 401
    )


def test_an_acceptance_and_a_deletion_at_once_leave_no_user(client: Client) -> None:
    client.made(REQUESTS, {"id": DEVICE})
    ports, replace = client.ports, client.ports.records.replace

    def beaten(old: object, new: object) -> bool:
        ports.records.replace = replace  # type: ignore[method-assign]
        assert client.call("DELETE", ONE).status == 204
        return replace(old, new)  # type: ignore[arg-type]

    ports.records.replace = beaten  # type: ignore[method-assign]
    assert accept(client, DEVICE).status == 404
    assert poll(client, DEVICE).status == 404


def test_an_id_that_is_asked_for_once_a_day_waits_for_ever(client: Client) -> None:
    client.made(REQUESTS, {"id": DEVICE})
    for _ in range(50):
        client.ports.clock.advance(seconds=86_400)
        poll(client, DEVICE)
    found = registration.find(client.ports, client.tenant.id, DEVICE)
    claim = next(one for one in client.ports.records.rows.values() if one.kind.startswith("cumulocity.waiting"))
    assert isinstance(found, NewDevice)
    assert claim.expires is not None
    assert found.record.expires is not None
    assert claim.expires >= found.record.expires
