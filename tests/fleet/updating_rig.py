"""A device with a resource that is updated."""

import hashlib

from chalicelib.fleet import delivering
from chalicelib.fleet.inventory import devices
from chalicelib.fleet.inventory.records import Device, Interface
from chalicelib.fleet.presence.changing import change_mailbox
from chalicelib.fleet.presence.mailbox import Mailbox
from chalicelib.fleet.presence.records import Capability, Presence
from chalicelib.fleet.resources import catalog, updating
from chalicelib.fleet.resources.records import Resource, ResourceVersion
from chalicelib.fleet.resources.updates import Report, ResourceUpdate
from tests.fakes import START, MemoryPorts

TENANT, DEVICE, FIRMWARE = "t00001", "urn:lo:nsid:a:b", "X11_firmware"
KEY = f"mqtt:{DEVICE}"
CONTENT = b"binary"
MD5 = hashlib.md5(CONTENT, usedforsecurity=False).hexdigest()


def stocked() -> MemoryPorts:
    """A device, and a resource in three versions."""
    ports = MemoryPorts()
    interface = Interface("mqtt", DEVICE, "live_objects", START, START)
    devices.register(ports, Device(TENANT, DEVICE, START, START, interfaces=(interface,)))
    catalog.create(ports, Resource(TENANT, FIRMWARE, START, START, metadata={"board": "X11"}))
    for number in ("1.0", "1.1", "1.2"):
        add(ports, number)
    return ports


def add(ports: MemoryPorts, number: str, *compatible: str) -> None:
    version = ResourceVersion(TENANT, FIRMWARE, number, START, START, MD5, 0, f"f{number}", compatible=compatible)
    catalog.add_version(ports, version, CONTENT)


def connect(ports: MemoryPorts, session: str) -> None:
    """Connected and subscribed, and whatever waits is delivered."""

    def there(mailbox: Mailbox) -> Mailbox:
        presence = mailbox.presence.get(KEY) or Presence("live_objects", DEVICE)
        at = ports.clock.advance(seconds=1)
        return mailbox.with_presence(KEY, presence.subscribed(session, frozenset({Capability.RESOURCE}), at))

    change_mailbox(ports, TENANT, DEVICE, there)
    delivering.deliver(ports, TENANT, DEVICE, ports.clock.now() + 60_000)


def ask(ports: MemoryPorts, version: str, **metadata: str) -> None:
    updating.request(ports, TENANT, DEVICE, FIRMWARE, version, metadata)
    ports.run_background()


def report(ports: MemoryPorts, version: str, at: int | None = None) -> None:
    updating.report(ports, TENANT, DEVICE, {FIRMWARE: Report(version)}, ports.clock.now() if at is None else at)
    ports.run_background()


def accept(ports: MemoryPorts) -> bool:
    known = updating.accept(ports, TENANT, DEVICE, newest(ports).correlation, ports.clock.now())
    ports.clock.advance(seconds=1)
    return known


def newest(ports: MemoryPorts) -> ResourceUpdate:
    return updating.get(ports, TENANT, DEVICE).updates[-1]


def todo(ports: MemoryPorts) -> frozenset[str]:
    mailbox = ports.mailboxes.get(TENANT, DEVICE)
    assert mailbox is not None
    return mailbox.todo
