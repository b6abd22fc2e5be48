from dataclasses import replace

import pytest

from chalicelib.fleet.errors import DeviceDuplicate, DeviceNotFound, InterfaceDuplicate, InterfaceNotFound
from chalicelib.fleet.inventory import devices
from chalicelib.fleet.inventory.records import Device, Interface
from chalicelib.fleet.presence import connecting
from chalicelib.fleet.presence.claims import Claim
from chalicelib.fleet.presence.records import Capability, Presence
from tests.fakes import START, MemoryPorts

TENANT = "tenant"
KEY = ("mqtt", "node")
INTERFACE = Interface("mqtt", "node", "dialect", START, START)


@pytest.fixture
def device(ports: MemoryPorts) -> Device:
    return devices.register(ports, Device(TENANT, "d1", START, START, interfaces=(INTERFACE,)))


def claimed(ports: MemoryPorts, tenant: str = TENANT) -> None:
    claim = Claim("node", tenant, "dialect", "device", "key", START, device="d1", connector="mqtt", generation=1)
    ports.claims.rows["node"] = claim


def test_a_registered_interface_holds_its_client_id(ports: MemoryPorts, device: Device) -> None:
    held = ports.claims.get("node")
    assert held is not None
    assert (held.tenant, held.device, held.mode) == (TENANT, device.id, "")
    other = replace(INTERFACE, connector="x-connector", node="behind")
    devices.add_interface(ports, TENANT, device.id, other)
    assert ports.claims.get("behind") is None


def test_a_client_id_is_used_once_whoever_registers_it(ports: MemoryPorts, device: Device) -> None:
    with pytest.raises(InterfaceDuplicate):
        devices.register(ports, replace(device, tenant="other"))
    assert ports.devices.get("other", device.id) is None
    devices.register(ports, replace(device, tenant="other", interfaces=()))
    with pytest.raises(InterfaceDuplicate):
        devices.add_interface(ports, "other", device.id, INTERFACE)
    held = ports.claims.get("node")
    assert held is not None
    assert held.tenant == TENANT


def let_go(ports: MemoryPorts) -> bool:
    held = ports.claims.get("node")
    return held is not None and held.vacant


def test_an_id_is_used_once_in_a_tenant(ports: MemoryPorts, device: Device) -> None:
    with pytest.raises(DeviceDuplicate):
        devices.register(ports, replace(device, interfaces=()))
    devices.register(ports, replace(device, tenant="other", interfaces=()))


def test_an_interface_is_used_once_in_a_tenant(ports: MemoryPorts, device: Device) -> None:
    with pytest.raises(InterfaceDuplicate):
        devices.register(ports, replace(device, id="d2"))
    devices.register(ports, replace(device, id="d2", interfaces=()))
    with pytest.raises(InterfaceDuplicate):
        devices.add_interface(ports, TENANT, "d2", INTERFACE)


def test_a_change_is_dated(ports: MemoryPorts, device: Device) -> None:
    ports.clock.advance(seconds=5)
    changed = devices.update(ports, TENANT, device.id, lambda d: replace(d, name="new"))
    assert (changed.name, changed.updated) == ("new", START + 5_000)


def test_a_change_that_changes_nothing_writes_nothing(ports: MemoryPorts, device: Device) -> None:
    devices.update(ports, TENANT, device.id, lambda d: d)
    assert ports.devices.rows[TENANT, "d1"].revision == 0


def test_two_changes_at_once_both_count(ports: MemoryPorts, device: Device) -> None:
    def slow(present: Device) -> Device:
        if present.name is None:
            devices.update(ports, TENANT, device.id, lambda d: replace(d, name="other"))
        return replace(present, description="mine")

    changed = devices.update(ports, TENANT, device.id, slow)
    assert (changed.name, changed.description) == ("other", "mine")


def test_a_data_stream_is_named_after_its_device_unless_it_has_a_name(device: Device) -> None:
    assert device.data_stream == "d1"
    assert replace(device, stream="s").data_stream == "s"


def test_a_deleted_device_takes_everything_with_it(ports: MemoryPorts, device: Device) -> None:
    claimed(ports)
    devices.delete(ports, TENANT, device.id)
    with pytest.raises(DeviceNotFound):
        devices.get(ports, TENANT, device.id)
    assert ports.mailboxes.get(TENANT, device.id) is None
    assert ports.devices.owner(TENANT, *KEY) is None
    assert let_go(ports)
    ports.run_background()
    assert ports.delivery.disconnected == ["node"]


def test_a_claim_of_another_tenant_is_not_touched(ports: MemoryPorts, device: Device) -> None:
    claimed(ports, "other")
    devices.delete(ports, TENANT, device.id)
    held = ports.claims.get("node")
    assert held is not None
    assert held.tenant == "other"
    assert not ports.background.fences


def test_a_deleted_interface_is_free_and_forgotten(ports: MemoryPorts, device: Device) -> None:
    claimed(ports)
    mailbox = ports.mailboxes.get(TENANT, device.id)
    assert mailbox is not None
    present = mailbox.with_presence(INTERFACE.key, Presence("dialect", "node", session="s"))
    assert ports.mailboxes.replace(mailbox, present)
    devices.delete_interface(ports, TENANT, device.id, *KEY)
    after = ports.mailboxes.get(TENANT, device.id)
    assert after is not None
    assert not after.online
    assert ports.devices.owner(TENANT, *KEY) is None
    assert let_go(ports)
    with pytest.raises(InterfaceNotFound):
        devices.delete_interface(ports, TENANT, device.id, *KEY)


def test_a_moved_interface_belongs_to_the_other_device(ports: MemoryPorts, device: Device) -> None:
    claimed(ports)
    devices.register(ports, Device(TENANT, "d2", START, START))
    target = devices.move_interface(ports, TENANT, device.id, KEY, "d2")
    claim = ports.claims.get("node")
    assert target.interface(*KEY) is not None
    assert devices.get(ports, TENANT, device.id).interfaces == ()
    assert ports.devices.owner(TENANT, *KEY) == "d2"
    assert claim is not None
    assert claim.device == "d2"
    assert ports.background.disconnects == ["node"]


def test_a_moved_interface_keeps_what_is_known_of_its_presence(ports: MemoryPorts, device: Device) -> None:
    claimed(ports)
    devices.register(ports, Device(TENANT, "d2", START, START))
    presence = Presence("dialect", "node", session="s", since=START, last_contact=START)
    mailbox = ports.mailboxes.get(TENANT, device.id)
    assert mailbox is not None
    assert ports.mailboxes.replace(mailbox, mailbox.with_presence(INTERFACE.key, presence))
    devices.move_interface(ports, TENANT, device.id, KEY, "d2")
    moved, left = (ports.mailboxes.get(TENANT, name) for name in ("d2", device.id))
    assert moved is not None
    assert left is not None
    assert moved.presence == {INTERFACE.key: presence}
    assert left.presence == {INTERFACE.key: Presence("dialect", "node", fenced=1)}


def test_an_event_that_was_under_way_when_an_interface_moved_does_not_bring_it_back(
    ports: MemoryPorts, device: Device
) -> None:
    claimed(ports)
    devices.register(ports, Device(TENANT, "d2", START, START))
    before = ports.claims.get("node")
    devices.move_interface(ports, TENANT, device.id, KEY, "d2")
    assert before is not None
    connecting.connected(ports, before, "late", START)
    connecting.subscribed(ports, before, "late", frozenset({Capability.COMMAND}), START)
    left = ports.mailboxes.get(TENANT, device.id)
    assert left is not None
    assert not left.online
    assert left.route(Capability.COMMAND) is None


def test_an_interface_that_comes_back_connects_again(ports: MemoryPorts, device: Device) -> None:
    claimed(ports)
    devices.register(ports, Device(TENANT, "d2", START, START))
    held = []
    for source, target in ((device.id, "d2"), ("d2", device.id)):
        held.append(ports.claims.get("node"))
        devices.move_interface(ports, TENANT, source, KEY, target)
    held.append(ports.claims.get("node"))
    for number, claim in enumerate(held):
        assert claim is not None
        connecting.connected(ports, claim, f"s{number}", START + number)
    back, left = (ports.mailboxes.get(TENANT, name) for name in (device.id, "d2"))
    assert back is not None
    assert left is not None
    assert back.presence[INTERFACE.key].session == "s2"
    assert not left.online


def test_an_interface_that_is_not_there_cannot_be_changed(ports: MemoryPorts, device: Device) -> None:
    with pytest.raises(InterfaceNotFound):
        devices.update_interface(ports, TENANT, device.id, ("mqtt", "nobody"), enabled=False)


def test_a_definition_is_merged(ports: MemoryPorts, device: Device) -> None:
    devices.update_interface(ports, TENANT, device.id, KEY, definition={"a": 1})
    changed = devices.update_interface(ports, TENANT, device.id, KEY, definition={"b": 2})
    assert changed.interfaces[0].definition == {"a": 1, "b": 2}
