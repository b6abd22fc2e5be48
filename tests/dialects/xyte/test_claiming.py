"""Claiming and giving up, with everybody who does so at the same time."""

from dataclasses import replace
from typing import Any

import pytest

from chalicelib.dialects.xyte import identities, owning
from chalicelib.fleet.inventory import devices
from chalicelib.fleet.tenancy import settings
from chalicelib.fleet.tenancy.records import Stored
from tests.dialects.xyte.client import Client, Device, Reply, send

DEVICES = "/core/v1/organization/devices"
PROOF = {"mac": "00:11:22:AA:bb:cc", "sn": "SN-1"}
CHILD = {"sn": "c1", "firmware_version": "1.0.0", "name": "Sensor"}
NOT_FOUND = "Device not found or already claimed"


@pytest.fixture
def client() -> Client:
    return Client()


@pytest.fixture
def other(client: Client) -> Client:
    return Client(client.ports, "other")


@pytest.fixture
def device(client: Client) -> Device:
    return client.register(client.model())


def claim(client: Client, **body: Any) -> Reply:
    return client.call("POST", f"{DEVICES}/claim", {**PROOF, **body})


def owner(device: Device) -> str | None:
    found = device.ports.directory.current(device.id)
    assert found is not None
    return found.owner


def had(client: Client) -> list[str]:
    """The ids of a tenant's devices, as its organization sees them."""
    return [one["id"] for one in client.call("GET", DEVICES).body["items"]]


@pytest.mark.row("I4")
def test_whoever_shows_what_is_written_on_a_device_has_it(client: Client, other: Client, device: Device) -> None:
    assert had(client) == had(other) == []
    reply = claim(other, name="Mine", mac="001122-aabbcc", sn="sn 1")
    assert reply.status == 200
    assert reply.body == {
        "id": device.id,
        "name": "Mine",
        "sn": "SN-1",
        "mac": "00:11:22:AA:bb:cc",
        "cloud_id": None,
        "status": "offline",
        "last_seen_at": None,
        "details": {},
        "model": {"id": reply.body["model"]["id"], "name": "Pump", "sub_model": None},
        "firmware": {"version": "1.2.3"},
        "space": {"id": 1, "full_path": "/"},
    }
    assert client.call("GET", f"{DEVICES}/{device.id}").status == 404
    assert other.call("GET", f"{DEVICES}/{device.id}").body == reply.body
    assert (had(client), had(other)) == ([], [device.id])


@pytest.mark.parametrize(
    "proof", [{"sn": "SN-2"}, {"mac": "00:11:22:AA:bb:cd"}, {"cloud_id": "SN-1"}, {"sn": None}, {"mac": "é" * 255}]
)
def test_a_wrong_proof_looks_like_a_device_that_somebody_has(
    client: Client, other: Client, device: Device, proof: dict[str, Any]
) -> None:
    wrong = claim(client, **proof)
    assert (wrong.status, wrong.body) == (422, {"error": NOT_FOUND})
    assert claim(client).status == 200
    for who in (client, other):
        assert (claim(who).status, claim(who).body) == (422, {"error": NOT_FOUND})
    assert owner(device) == client.tenant.id


@pytest.mark.parametrize("body", [{"mac": None}, {"mac": " :-"}, {"space_id": 9}, {"space_id": "x"}, {"sn": 5}])
def test_a_claim_that_shows_nothing_is_refused(client: Client, device: Device, body: dict[str, Any]) -> None:
    assert claim(client, **body).status == 422
    assert owner(device) is None


def test_guesses_close_the_door_of_whoever_guesses(client: Client, other: Client, device: Device) -> None:
    for number in range(10):
        assert claim(client, sn=f"wrong {number}").status == 422
    closed = claim(client)
    assert closed.status == 429
    assert 800 <= int(closed.headers["Retry-After"]) <= 900
    assert owner(device) is None
    client.ports.clock.advance(ms=14 * 60_000)
    assert claim(client).status == 429
    client.ports.clock.advance(ms=60_000)
    assert claim(client).status == 200
    assert claim(other, sn="x").status == 422


def test_right_ones_are_no_guesses(client: Client) -> None:
    key = client.model()
    for number in range(12):
        client.ports.clock.advance(ms=4_000)
        client.register(key, sn=f"{number}")
        assert claim(client, sn=f"{number}").status == 200


def test_claiming_again_what_one_has_is_no_guess_and_what_another_has_is_one(
    client: Client, other: Client, device: Device
) -> None:
    assert claim(client).status == 200
    for _ in range(12):
        again = claim(client)
        assert (again.status, again.error) == (422, NOT_FOUND)
    assert owner(device) == client.tenant.id
    for _ in range(10):
        assert claim(other).status == 422
    assert claim(other).status == 429


def test_of_two_with_one_proof_the_first_that_registered_is_claimed(client: Client, other: Client) -> None:
    true = client.register(client.model())
    copy = other.register(other.model())
    assert claim(client).body["id"] == true.id
    assert claim(other).body["id"] == copy.id


def test_a_tenant_without_room_claims_nothing_and_its_devices_register(client: Client, device: Device) -> None:
    settings.set_quotas(client.ports, client.tenant.id, {Stored.DEVICES: 0})
    client.ports.clock.advance(ms=61_000)
    assert claim(client).status == 422
    assert owner(device) is None
    own = client.register(client.model(claim="automatic"), sn="2")
    assert owner(own) is None
    settings.set_quotas(client.ports, client.tenant.id, {Stored.DEVICES: None})
    assert claim(client, sn="2").status == 200


def test_a_model_may_have_its_devices_claimed_at_once(client: Client) -> None:
    own = client.register(client.model(claim="automatic"), name="Nr. 1")
    assert owner(own) == client.tenant.id
    assert client.call("GET", f"{DEVICES}/{own.id}").body["name"] == "Nr. 1"


def test_what_is_given_up_may_be_claimed_again_with_its_key(client: Client, other: Client, device: Device) -> None:
    claim(client)
    assert client.call("DELETE", f"{DEVICES}/{device.id}").body == {"success": True}
    assert (owner(device), had(client)) == (None, [])
    assert device.call("GET").status == 200
    assert client.call("DELETE", f"{DEVICES}/{device.id}").status == 404
    assert claim(other).status == 200
    assert had(other) == [device.id]
    assert client.call("DELETE", f"{DEVICES}/{device.id}").status == 404
    assert owner(device) == other.tenant.id


def test_a_name_that_its_owner_gives_it_reaches_the_device(client: Client, device: Device) -> None:
    claim(client)
    changed = client.call("PATCH", f"{DEVICES}/{device.id}", {"name": "Kitchen"})
    assert (changed.status, changed.body["name"]) == (200, "Kitchen")
    assert device.call("GET").body["name"] == "Kitchen"
    assert client.call("PATCH", f"{DEVICES}/{device.id}", {"name": ""}).status == 422
    assert client.call("PATCH", f"{DEVICES}/nothing", {"name": "x"}).status == 404


def test_a_configuration_that_its_owner_sets_is_told_to_the_device(client: Client, device: Device) -> None:
    claim(client)
    wanted = {"interval": 5, "mode": {"night": True}}
    assert client.call("PATCH", f"{DEVICES}/{device.id}", {"configuration": wanted}).status == 200
    assert device.call("POST", "/telemetry", {"status": "online"}).body["config_version"] == 1
    assert device.call("GET", "/config").body["config"] == device.call("GET").body["config"] == wanted
    assert device.call("PUT", "", {"config_version": 1}).status == 200
    assert client.call("PATCH", f"{DEVICES}/{device.id}", {"configuration": [1]}).status == 422


def test_of_two_tenants_that_claim_at_once_one_has_it(client: Client, other: Client, device: Device) -> None:
    first: list[int] = []
    client.ports.directory.meanwhile = lambda: first.append(claim(other).status)
    reply = claim(client)
    assert (first, reply.status, reply.body) == ([200], 422, {"error": NOT_FOUND})
    assert owner(device) == other.tenant.id
    assert (had(client), had(other)) == ([], [device.id])


def test_a_tenant_that_claims_twice_at_once_has_it_once(client: Client, device: Device) -> None:
    first: list[int] = []
    client.ports.directory.meanwhile = lambda: first.append(claim(client).status)
    assert claim(client).status in (200, 422)
    assert first == [200]
    assert (owner(device), had(client)) == (client.tenant.id, [device.id])


def test_a_device_that_deletes_itself_while_it_is_claimed_is_gone(client: Client, device: Device) -> None:
    gone: list[int] = []
    client.ports.directory.meanwhile = lambda: gone.append(device.call("DELETE").status)
    assert claim(client).status == 422
    assert gone == [200]
    assert had(client) == []
    assert device.call("GET").status == 401


def test_a_device_that_is_claimed_while_it_deletes_itself_is_gone(client: Client, device: Device) -> None:
    claimed: list[int] = []
    client.ports.directory.meanwhile = lambda: claimed.append(claim(client).status)
    assert device.call("DELETE").status == 200
    assert claimed == [200]
    assert had(client) == []
    assert device.call("GET").status == 401


def test_a_claim_that_died_on_its_way_is_made_again(client: Client, device: Device) -> None:
    found = identities.current(client.ports, device.id)
    assert found is not None
    owning._enter(client.ports, found, client.tenant.id, None, "root")
    assert (owner(device), had(client)) == (None, [device.id])
    assert claim(client).status == 200
    assert owner(device) == client.tenant.id


def test_a_tenant_that_gives_it_up_while_another_claims_it_does_not_take_it_back(
    client: Client, other: Client, device: Device
) -> None:
    claim(client)
    late = identities.current(client.ports, device.id)
    assert late is not None
    client.call("DELETE", f"{DEVICES}/{device.id}")
    claim(other)
    owning.release(client.ports, late, client.tenant.id)
    assert (owner(device), had(other)) == (other.tenant.id, [device.id])


def test_a_device_that_its_owner_deleted_by_another_api_may_be_claimed(
    client: Client, other: Client, device: Device
) -> None:
    claim(client)
    devices.delete(client.ports, client.tenant.id, identities.device_id(device.id))
    assert claim(other).status == 200
    assert (owner(device), had(other)) == (other.tenant.id, [device.id])


def test_a_device_that_is_gone_registers_again_as_another(client: Client, device: Device) -> None:
    key = client.ports.directory.rows[device.id].attributes["model"]
    claim(client)
    assert device.call("DELETE").body == {"success": True}
    assert device.call("GET").status == device.call("DELETE").status == 401
    again = client.register(key)
    assert again.id != device.id
    assert again.key != device.key
    assert claim(client).body["id"] == again.id


def test_a_parent_is_claimed_where_there_is_no_room_for_its_children(client: Client, device: Device) -> None:
    device.call("POST", "/children", CHILD)
    settings.set_quotas(client.ports, client.tenant.id, {Stored.DEVICES: 1})
    client.ports.clock.advance(ms=61_000)
    assert claim(client).status == 200
    assert had(client) == [device.id]


class TestChildren:
    def child(self, device: Device, **body: Any) -> Device:
        reply = device.call("POST", "/children", {**CHILD, **body})
        assert reply.status == 201, reply.raw
        assert sorted(reply.body) == ["access_key", "hub_url", "id"]
        return Device(device.ports, reply.body["id"], reply.body["access_key"])

    def test_a_parent_registers_and_lists_them(self, device: Device) -> None:
        child = self.child(device)
        other = self.child(device, sn=None, mac="aa")
        assert device.call("GET", "/children").body == [
            {
                "id": child.id,
                "name": "Sensor",
                "sn": "c1",
                "mac": None,
                "status": "offline",
                "firmware_version": "1.0.0",
            },
            {
                "id": other.id,
                "name": "Sensor",
                "sn": None,
                "mac": "aa",
                "status": "offline",
                "firmware_version": "1.0.0",
            },
        ]
        assert child.call("GET").status == 200
        again = device.call("POST", "/children", CHILD)
        assert (again.status, again.error) == (422, "Sn has already been taken")

    def test_only_its_parent_registers_one_and_no_child_has_any(self, client: Client, device: Device) -> None:
        child = self.child(device)
        assert child.call("POST", "/children", CHILD).status == 422
        for key in (child.key, client.secret, None):
            assert send(client.ports, "POST", f"/v1/devices/{device.id}/children", CHILD, key=key).status == 401
        assert device.call("POST", "/children", {**CHILD, "model_id": "unknown"}).status == 404
        assert device.call("POST", "/children", {**CHILD, "firmware_version": "x"}).status == 422

    def test_another_model_of_the_same_maker_is_named_by_either_name(self, client: Client, device: Device) -> None:
        key = client.model(model_id="sensor-1", api_version="1.0.2")
        self.child(device, model_id="sensor-1", firmware_version="x")
        self.child(device, model_id=key, sn="c2", firmware_version="x")
        foreign = Client(client.ports, "other").model(model_id="foreign")
        for name in (foreign, "foreign"):
            assert device.call("POST", "/children", {**CHILD, "sn": "c3", "model_id": name}).status == 404

    def test_they_go_with_their_parent(self, client: Client, other: Client, device: Device) -> None:
        early = self.child(device)
        assert claim(client).status == 200
        late = self.child(device, sn="c2")
        assert set(had(client)) == {device.id, early.id, late.id}
        client.call("DELETE", f"{DEVICES}/{device.id}")
        assert had(client) == []
        assert [owner(one) for one in (device, early, late)] == [None] * 3
        assert claim(other).status == 200
        assert set(had(other)) == {device.id, early.id, late.id}
        assert claim(client, mac=None, sn="c1").status == 422

    def test_one_that_is_deleted_is_its_parents_no_more(self, client: Client, device: Device) -> None:
        claim(client)
        child = self.child(device)
        assert child.call("DELETE").status == 200
        assert device.call("GET", "/children").body == []
        assert client.ports.directory.rows[device.id].children == ()
        assert had(client) == [device.id]
        self.child(device)

    def test_they_are_deleted_with_their_parent(self, client: Client, device: Device) -> None:
        claim(client)
        child = self.child(device)
        assert device.call("DELETE").status == 200
        assert child.call("GET").status == 401
        assert had(client) == []

    def test_one_that_registers_while_its_parent_is_claimed_goes_with_it(self, client: Client, device: Device) -> None:
        client.ports.directory.meanwhile = lambda: claim(client)
        child = self.child(device)
        assert owner(child) == client.tenant.id
        assert set(had(client)) == {device.id, child.id}

    def test_one_that_was_left_behind_follows_its_parent(self, client: Client, device: Device) -> None:
        child = self.child(device)
        rows = client.ports.directory.rows
        rows[device.id] = replace(rows[device.id], children=())
        claim(client)
        rows[device.id] = replace(rows[device.id], children=(child.id,))
        found = identities.current(client.ports, child.id)
        assert found is not None
        assert found.owner is None
        followed = owning.present(client.ports, found)
        assert followed is not None
        assert followed.owner == client.tenant.id

    def test_a_parent_that_goes_while_it_registers_one_leaves_none(self, client: Client, device: Device) -> None:
        client.ports.directory.meanwhile = lambda: device.call("DELETE")
        assert device.call("POST", "/children", CHILD).status == 401
        assert [name for name in client.ports.directory.rows if not name.startswith("model/")] == []

    def test_a_device_has_so_many(self, device: Device) -> None:
        rows = device.ports.directory.rows
        rows[device.id] = replace(rows[device.id], children=tuple(f"c{n}" for n in range(100)))
        assert device.call("POST", "/children", CHILD).status == 422
