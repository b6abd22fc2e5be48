from dataclasses import replace

import pytest

from chalicelib.fleet.access import callers, tenants
from chalicelib.fleet.access.records import ApiKey
from chalicelib.fleet.errors import Forbidden
from chalicelib.fleet.inventory import devices
from chalicelib.fleet.inventory.records import MAX_INTERFACES, Device, Interface
from chalicelib.fleet.presence.admitting import Candidate, admit
from tests.fakes import START, MemoryPorts

CLIENT = "urn:lab:sensor:1"
SENSOR = Candidate(CLIENT, "dialect", "device", connector="mqtt", device=CLIENT)


@pytest.fixture
def key(ports: MemoryPorts) -> ApiKey:
    return tenants.create(ports, "acme")[1]


def test_an_unknown_device_is_registered_as_it_connects(ports: MemoryPorts, key: ApiKey) -> None:
    claim = admit(ports, callers.of_key(key), SENSOR)
    device = devices.get(ports, key.tenant, CLIENT)
    assert (claim.device, claim.tenant, claim.connector) == (CLIENT, key.tenant, "mqtt")
    assert [i.key for i in device.interfaces] == [f"mqtt:{CLIENT}"]
    assert ports.mailboxes.get(key.tenant, CLIENT) is not None


def test_a_known_interface_belongs_to_its_device_whatever_that_is_called(ports: MemoryPorts, key: ApiKey) -> None:
    interface = Interface("mqtt", CLIENT, "dialect", START, START)
    devices.register(ports, Device(key.tenant, "another-name", START, START, interfaces=(interface,)))
    assert admit(ports, callers.of_key(key), SENSOR).device == "another-name"
    assert ports.devices.count(key.tenant) == 1


def test_a_device_registered_without_an_interface_gets_one(ports: MemoryPorts, key: ApiKey) -> None:
    devices.register(ports, Device(key.tenant, CLIENT, START, START))
    admit(ports, callers.of_key(key), SENSOR)
    assert devices.get(ports, key.tenant, CLIENT).interface("mqtt", CLIENT) is not None


def test_a_device_with_all_the_interfaces_it_may_have_gets_no_more(ports: MemoryPorts, key: ApiKey) -> None:
    others = tuple(Interface("mqtt", f"n{n}", "dialect", START, START) for n in range(MAX_INTERFACES))
    devices.register(ports, Device(key.tenant, CLIENT, START, START, interfaces=others))
    with pytest.raises(Forbidden, match="as many interfaces"):
        admit(ports, callers.of_key(key), SENSOR)


def test_an_id_belongs_to_who_came_first(ports: MemoryPorts, key: ApiKey) -> None:
    held = admit(ports, callers.of_key(key), SENSOR)
    stranger = tenants.create(ports, "other")[1]
    with pytest.raises(Forbidden):
        admit(ports, callers.of_key(stranger), SENSOR)
    assert ports.claims.get(CLIENT) == held
    assert ports.devices.count(stranger.tenant) == 0


def test_a_device_that_is_there_already_cannot_be_reached_by_somebody_elses_id(ports: MemoryPorts, key: ApiKey) -> None:
    held = admit(ports, callers.of_key(key), SENSOR)
    stranger = tenants.create(ports, "other")[1]
    own = devices.register(ports, Device(stranger.tenant, "own", START, START))
    spelt = replace(SENSOR, client=f"d:{CLIENT}", node=CLIENT, device="own")
    with pytest.raises(Forbidden, match="in use by somebody else"):
        admit(ports, callers.of_key(stranger), spelt)
    assert ports.claims.get(CLIENT) == held
    assert devices.get(ports, stranger.tenant, "own").interfaces == own.interfaces == ()


@pytest.mark.parametrize("other", [{"mode": "application"}, {"dialect": "another"}])
def test_an_id_keeps_its_mode_and_dialect(ports: MemoryPorts, key: ApiKey, other: dict[str, str]) -> None:
    admit(ports, callers.of_key(key), SENSOR)
    with pytest.raises(Forbidden):
        admit(ports, callers.of_key(key), replace(SENSOR, **other))  # type: ignore[arg-type]


def test_a_claim_keeps_up_with_the_key_of_the_last_connection(ports: MemoryPorts, key: ApiKey) -> None:
    admit(ports, callers.of_key(key), SENSOR)
    second = replace(key, id="another key")
    assert admit(ports, callers.of_key(second), SENSOR).key == "another key"


def test_a_disabled_interface_is_refused(ports: MemoryPorts, key: ApiKey) -> None:
    admit(ports, callers.of_key(key), SENSOR)
    devices.update_interface(ports, key.tenant, CLIENT, ("mqtt", CLIENT), enabled=False)
    assert ports.background.disconnects == [CLIENT]
    with pytest.raises(Forbidden):
        admit(ports, callers.of_key(key), SENSOR)
    devices.update_interface(ports, key.tenant, CLIENT, ("mqtt", CLIENT), enabled=True)
    assert admit(ports, callers.of_key(key), SENSOR).enabled


def test_an_application_claims_its_id_and_is_no_device(ports: MemoryPorts, key: ApiKey) -> None:
    claim = admit(ports, callers.of_key(key), Candidate("app-1", "dialect", "application"))
    assert claim.device is None
    assert ports.devices.count(key.tenant) == 0


def test_a_deleted_devices_id_is_free_again_once_it_has_rested(ports: MemoryPorts, key: ApiKey) -> None:
    admit(ports, callers.of_key(key), SENSOR)
    devices.delete(ports, key.tenant, CLIENT)
    stranger = tenants.create(ports, "other")[1]
    with pytest.raises(Forbidden, match="not free yet"):
        admit(ports, callers.of_key(stranger), SENSOR)
    ports.run_background()
    with pytest.raises(Forbidden, match="not free yet"):
        admit(ports, callers.of_key(stranger), SENSOR)
    ports.clock.advance(ms=ports.fence_rest)
    assert admit(ports, callers.of_key(stranger), SENSOR).tenant == stranger.tenant


def test_a_deleted_devices_id_is_its_tenants_at_once(ports: MemoryPorts, key: ApiKey) -> None:
    before = admit(ports, callers.of_key(key), SENSOR)
    devices.delete(ports, key.tenant, CLIENT)
    after = admit(ports, callers.of_key(key), SENSOR)
    assert (after.tenant, after.generation) == (key.tenant, before.generation + 1)
