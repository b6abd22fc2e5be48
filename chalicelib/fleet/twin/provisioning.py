"""Interfaces of devices with a model, as they are registered and changed: their identities go with them."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace

from chalicelib.fleet.errors import DeviceDuplicate, InterfaceDuplicate, Invalid
from chalicelib.fleet.inventory import devices
from chalicelib.fleet.inventory.records import Device, Interface
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.twin import identities
from chalicelib.fleet.twin.identities import Holder, Secrets, identity_of
from chalicelib.fleet.twin.library import EVERYBODY
from chalicelib.fleet.twin.records import CONNECTOR


def register(ports: Ports, device: Device, secrets: Secrets) -> Device:
    """Errors: as `devices.register`; InterfaceDuplicate also for an identity; Invalid."""
    _ensure_one(device)
    if secrets and ports.devices.get(device.tenant, device.id) is not None:
        # Seen before anything is reserved: the device that is there keeps its secret.
        raise DeviceDuplicate(f"device {device.id} exists already")
    with _reserved(ports, device.tenant, device.id, device.interfaces, secrets):
        return devices.register(ports, device)


def add(ports: Ports, tenant: str, device: str, interface: Interface, secrets: Secrets) -> Device:
    """Errors: as `devices.add_interface`; InterfaceDuplicate also for an identity; Invalid."""
    if interface.connector != CONNECTOR:
        return devices.add_interface(ports, tenant, device, interface)
    known = devices.get(ports, tenant, device)
    if known.interface(CONNECTOR, interface.node) is not None:
        raise InterfaceDuplicate(f"interface {interface.key} exists already")
    _ensure_one(known.with_interface(interface))
    with _reserved(ports, tenant, device, (interface,), secrets):
        return devices.add_interface(ports, tenant, device, interface)


def update(
    ports: Ports,
    tenant: str,
    device: str,
    node: str,
    *,
    enabled: bool | None,
    definition: Mapping[str, object] | None,
    secret: bytes | None,
) -> Device:
    """Change the interface; another identity takes its secret along unless there is a new one.

    Errors: as `devices.update_interface`; InterfaceDuplicate for an identity, Invalid.
    """
    known = devices.get(ports, tenant, device)
    interface = devices.find_interface(known, CONNECTOR, node)
    after = replace(interface, definition={**interface.definition, **(definition or {})})
    old, new, holder = identity_of(interface), identity_of(after), Holder(tenant, device, node)
    if new is not None and (secret is not None or new != old):
        identities.reserve(ports, new, holder, _secret(ports, old) if secret is None else secret)
    changed = devices.update_interface(ports, tenant, device, (CONNECTOR, node), enabled=enabled, definition=definition)
    if old is not None and old != new:
        identities.release(ports, old, holder)
    return changed


def move(ports: Ports, tenant: str, source: str, key: tuple[str, str], target: str) -> Device:
    """Errors: as `devices.move_interface`; Invalid (the other device has such an interface)."""
    if key[0] == CONNECTOR and source != target:
        moving = devices.find_interface(devices.get(ports, tenant, source), *key)
        _ensure_one(devices.get(ports, tenant, target).with_interface(moving))
    return devices.move_interface(ports, tenant, source, key, target)


@contextmanager
def _reserved(
    ports: Ports,
    tenant: str,
    device: str,
    interfaces: tuple[Interface, ...],
    secrets: Secrets,
) -> Iterator[None]:
    """The identities of these interfaces, let go again where the interfaces are not written after all."""
    taken: list[tuple[str, Holder]] = []
    try:
        for each in interfaces:
            named = identity_of(each) if each.connector == CONNECTOR else None
            if named is None:
                continue
            holder = Holder(tenant, device, each.node)
            identities.reserve(ports, named, holder, secrets[each.node])
            taken.append((named, holder))
        yield
    except BaseException:
        for named, holder in taken:
            if not _is_written(ports, named, holder):
                identities.release(ports, named, holder)
        raise


def _is_written(ports: Ports, named: str, holder: Holder) -> bool:
    """Whether the device has it all the same: the same request came twice, and the other one was first."""
    device = ports.devices.get(holder.tenant, holder.device)
    interface = device.interface(CONNECTOR, holder.node) if device is not None else None
    return interface is not None and identity_of(interface) == named


def _secret(ports: Ports, identity: str | None) -> bytes:
    known = identities.IDENTITIES.get(ports, EVERYBODY, identity) if identity is not None else None
    if known is None:
        raise Invalid("a first identity needs a secret")
    return identities.unsealed(ports, known)


def _ensure_one(device: Device) -> None:
    if sum(each.connector == CONNECTOR for each in device.interfaces) > 1:
        raise Invalid(f"a device has at most one interface of the connector {CONNECTOR}")
