"""Devices and their interfaces: the inventory's records and the use cases that change them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from chalicelib.fleet.commands.finishing import settle
from chalicelib.fleet.compare_and_set import AGAIN, Again, change_record, insist, unrevised
from chalicelib.fleet.documents import Record
from chalicelib.fleet.errors import DeviceNotFound, InterfaceDuplicate, InterfaceNotFound
from chalicelib.fleet.events import routing
from chalicelib.fleet.inventory import group_objects, leaving, numbering
from chalicelib.fleet.inventory.records import ROOT_GROUP, Device, Interface
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.presence import reserving
from chalicelib.fleet.presence.changing import change_mailbox
from chalicelib.fleet.presence.claims import Change, Claim, succeeded
from chalicelib.fleet.presence.mailbox import Mailbox
from chalicelib.fleet.presence.records import Presence, interface_key
from chalicelib.fleet.tenancy import quotas
from chalicelib.fleet.tenancy.records import Share, Stored, Way
from chalicelib.fleet.twin import clearing, identities
from chalicelib.fleet.twin.records import CONNECTOR as WITH_A_MODEL

CLEARED_WITHIN = 5_000
"""Milliseconds that clearing up behind the object of a device may take of a request; the sweep does the rest."""


def register(
    ports: Ports,
    device: Device,
    way: Way = Way.HTTP,
    entering: "Claim | None" = None,
    *,
    entitled: bool = False,
) -> Device:
    """The device, which holds the client ids of its interfaces from now on; `entering` is the claim of one at the door.

    Ids that name the tenant themselves are `entitled`: whoever else has one gives it back.

    Errors: DeviceDuplicate, InterfaceDuplicate, QuotaReached, which the audit log is told with the `way`.
    """
    nodes = ({"connector": i.connector, "client": i.node} for i in device.interfaces)
    asker = quotas.Asker(way, {"device": device.id, **next(nodes, {})})

    def created(claims: Sequence[Change]) -> None:
        quotas.within(ports, device.tenant, Stored.DEVICES, lambda share: stored(share, claims), asker=asker)

    def stored(share: Share | None, claims: Sequence[Change]) -> None:
        nonlocal device
        device = numbering.registered(
            ports, device, lambda numbered, known_as: ports.devices.create(numbered, share, claims, known_as)
        )

    placed = device.group != ROOT_GROUP and group_objects.enabled(ports, device.tenant)
    note = group_objects.moving(ports, device, ROOT_GROUP) if placed else None
    reserving.written(ports, None, device, created, entering, entitled=entitled)
    routing.created(ports, device)
    if note is not None:
        group_objects.moved(ports, note)
    return device


def get(ports: Ports, tenant: str, device_id: str) -> Device:
    device = ports.devices.get(tenant, device_id)
    if device is None:
        raise DeviceNotFound(f"device {device_id} not found")
    return device


def update(
    ports: Ports, tenant: str, device_id: str, change: Callable[[Device], Device], *, followed: bool = True
) -> Device:
    """The device after `change`; the object that it is goes to its group with it, unless that is not `followed`.

    Errors: DeviceNotFound, InterfaceDuplicate, and what `change` raises.
    """
    now = ports.clock.now()
    notes: list[Record] = []

    def changed(device: Device) -> Device | None:
        after = change(device)
        if followed and device.number is not None and after.group != device.group:
            # Before it is written, as nobody else would know where it has been.
            notes.append(group_objects.moving(ports, device, device.group))
        moves = device.moves + (after.group != device.group)
        return None if after == device else replace(after, updated=now, moves=moves)

    def write(old: Device, new: Device) -> bool:
        # Another client, or the device as it connects, may write at the same time: each works on what the other left.
        return reserving.written(ports, old, new, partial(ports.devices.replace, old, new))

    def read() -> Device:
        return get(ports, tenant, device_id)

    def tell(_before: Device, after: Device) -> None:
        routing.changed(ports, after)

    after, _ = change_record(ports, f"device {device_id}", read, write, changed, tell=tell)
    for note in notes:
        group_objects.moved(ports, note)
    return after


def delete(ports: Ports, tenant: str, device_id: str) -> None:
    """Remove a device with its interfaces, claims, mailbox and configuration; its data stays until it expires.

    The object that it is leaves with it. Errors: DeviceNotFound.
    """
    device = withdraw(ports, tenant, device_id)
    if device.number is not None:
        leaving.clear(ports, tenant, device.number, ports.clock.now() + CLEARED_WITHIN)


def withdraw(ports: Ports, tenant: str, device_id: str, number: str | None = None) -> Device:
    """As `delete`, but for what is left of the object that it is: that is hidden.

    With a `number` that device alone that has it: another one may have got its id since. Errors: DeviceNotFound.
    """

    def deleted() -> tuple[Device, Mailbox | None] | Again:
        device = get(ports, tenant, device_id)
        if number is not None and device.number != number:
            raise DeviceNotFound(f"device {device_id} is another one by now")
        mailbox = ports.mailboxes.get(tenant, device_id)
        share = quotas.share(ports, tenant, Stored.DEVICES)
        # An interface added since the device was read would be left behind: look again.
        gone = reserving.written(ports, device, None, partial(ports.devices.delete, device, share))
        return (device, mailbox) if gone else AGAIN

    device, mailbox = insist(ports, f"device {device_id}", deleted)
    reserving.release(ports, tenant, device.interfaces, mailbox)
    for command_id in mailbox.queue if mailbox else ():
        _settle(ports, tenant, device_id, command_id)
    _untwin(ports, device, device.interfaces)
    routing.deleted(ports, device)
    return device


def add_interface(ports: Ports, tenant: str, device_id: str, interface: Interface) -> Device:
    """Errors: DeviceNotFound, InterfaceDuplicate, Invalid (too many)."""

    def added(device: Device) -> Device:
        if device.interface(interface.connector, interface.node):
            raise InterfaceDuplicate(f"interface {interface.key} exists already")
        return device.joined_by(interface)

    return update(ports, tenant, device_id, added)


def find_interface(device: Device, connector: str, node: str) -> Interface:
    found = device.interface(connector, node)
    if found is None:
        raise InterfaceNotFound(f"interface {interface_key(connector, node)} not found")
    return found


def update_interface(
    ports: Ports,
    tenant: str,
    device_id: str,
    key: tuple[str, str],
    *,
    enabled: bool | None = None,
    definition: Mapping[str, Any] | None = None,
) -> Device:
    """Change an interface. Disabling one closes its connection. Errors: DeviceNotFound, InterfaceNotFound."""
    now = ports.clock.now()

    def changed(device: Device) -> Device:
        interface = find_interface(device, *key)
        return device.with_interface(
            replace(
                interface,
                enabled=interface.enabled if enabled is None else enabled,
                definition={**interface.definition, **(definition or {})},
                updated=now,
            )
        )

    device = update(ports, tenant, device_id, changed)
    interface = find_interface(device, *key)
    for client in _clients(ports, tenant, device_id, interface):
        claim = _change_claim(ports, tenant, interface, client, lambda c: replace(c, enabled=interface.enabled))
        if claim is not None and not interface.enabled:
            ports.background.disconnect(claim.client, tenant)
    if not interface.enabled:
        if interface.connector == WITH_A_MODEL:
            identities.forget(ports, device, interface)
        _silence(ports, tenant, device_id, interface)
    return device


def move_interface(ports: Ports, tenant: str, source_id: str, key: tuple[str, str], target_id: str) -> Device:
    """Give an interface to another device; returns that device.

    Errors: DeviceNotFound, InterfaceNotFound, Invalid (the other device has as many as it may have).
    """

    def moved() -> Interface | Again:
        source, target = get(ports, tenant, source_id), get(ports, tenant, target_id)
        interface = find_interface(source, *key)
        target.joined_by(interface)
        # Either device may be written meanwhile, or the interface be moved elsewhere.
        return interface if ports.devices.move_interface(source, target, interface) else AGAIN

    interface = insist(ports, f"interface {interface_key(*key)}", moved)
    left: Presence | None = None
    for client in _clients(ports, tenant, source_id, interface):
        claim = _change_claim(ports, tenant, interface, client, lambda c: _moved(ports, c, target_id))
        if claim is not None and claim.mode:
            # The live connection belongs to the old device's mailbox: the next one will find the new.
            ports.background.disconnect(claim.client, tenant)
            # An event that was being handled under the old claim may be written after this: it shall not bring it back.
            left = Presence(claim.dialect, claim.client, fenced=claim.generation - 1)
    _take_along(ports, tenant, source_id, interface, target_id, left)
    if interface.connector == WITH_A_MODEL and source_id != target_id:
        identities.moved(ports, tenant, interface, source_id, target_id)
        clearing.clear(ports, tenant, source_id)
    return get(ports, tenant, target_id)


def _moved(ports: Ports, claim: Claim, target_id: str) -> Claim:
    """What came before belongs to the device that had it then."""
    if claim.device == target_id:
        return claim
    if not claim.mode:
        return replace(claim, device=target_id)
    return succeeded(claim, replace(claim, device=target_id), ports.clock.now(), ports.fence_rest)


def _clients(ports: Ports, tenant: str, device_id: str, interface: Interface) -> list[str]:
    """The client ids that stand for an interface: its node, and how its last connection spelt that."""
    client = reserving.spelled(ports.mailboxes.get(tenant, device_id), interface)
    return [interface.node, client] if client is not None else [interface.node]


def _change_claim(
    ports: Ports, tenant: str, interface: Interface, client: str, change: Callable[[Claim], Claim]
) -> "Claim | None":
    """The interface's claim after `change`; None where it was never connected. A connection may renew it meanwhile."""

    def read() -> Claim | None:
        claim = ports.claims.current(client)
        return claim if claim is not None and claim.holds(tenant, interface) else None

    # A connection may renew it at the same time, or the id go to somebody else.
    name = f"the claim of {client}"
    return change_record(ports, name, read, ports.claims.replace, change, stored=unrevised)[0]


def delete_interface(ports: Ports, tenant: str, device_id: str, connector: str, node: str) -> None:
    """Errors: DeviceNotFound, InterfaceNotFound."""
    gone: list[Interface] = []

    def without(device: Device) -> Device:
        interface = find_interface(device, connector, node)
        gone[:] = [interface]
        return device.without_interface(interface)

    left = update(ports, tenant, device_id, without)
    for interface in gone:
        reserving.release(ports, tenant, [interface], ports.mailboxes.get(tenant, device_id))
        _forget(ports, tenant, device_id, interface)
    _untwin(ports, left, gone)


def _untwin(ports: Ports, device: Device, gone: Sequence[Interface]) -> None:
    """What an interface opened is closed, and nothing is shown of it any more."""
    with_a_model = [interface for interface in gone if interface.connector == WITH_A_MODEL]
    if with_a_model:
        identities.released(ports, device, with_a_model)
        clearing.clear(ports, device.tenant, device.id)


def _forget(ports: Ports, tenant: str, device_id: str, interface: Interface) -> None:

    change_mailbox(ports, tenant, device_id, lambda m: m.without_presence(interface.key))


def _silence(ports: Ports, tenant: str, device_id: str, interface: Interface) -> None:
    """A node has no connection that could be closed: it is away until its gateway says otherwise.

    A registration is over: whoever has one makes another.
    """
    now = ports.clock.now()

    def silent(mailbox: Mailbox) -> Mailbox:
        presence = mailbox.presence.get(interface.key)
        if presence is None or not presence.online:
            return mailbox
        if presence.registration is not None:
            return mailbox.with_presence(interface.key, replace(presence.lapsed_registration(), ended=now))
        if not presence.relayed:
            return mailbox
        return mailbox.with_presence(
            interface.key,
            replace(presence, session=None, ended=now, capabilities=frozenset(), remembered=presence.capabilities),
        )

    change_mailbox(ports, tenant, device_id, silent)


def _take_along(
    ports: Ports, tenant: str, source_id: str, interface: Interface, target_id: str, left: Presence | None
) -> None:
    """What is known of its presence goes with an interface; `left` is what stays behind, if anything."""
    key = interface.key
    source = ports.mailboxes.get(tenant, source_id)
    presence = source.presence.get(key) if source else None
    if presence is not None:
        change_mailbox(ports, tenant, target_id, partial(_joined, key=key, presence=presence))
        if presence.relayed:
            ports.background.deliver(tenant, target_id)
    if left is not None:
        change_mailbox(ports, tenant, source_id, lambda m: m.with_presence(key, left))
    elif presence is not None:
        _forget(ports, tenant, source_id, interface)


def _joined(mailbox: Mailbox, *, key: str, presence: Presence) -> Mailbox:
    """An interface that comes back finds what was over when it left, and that is still over."""
    before = mailbox.presence.get(key)
    fenced = max(presence.fenced, before.fenced) if before else presence.fenced
    return mailbox.with_presence(key, replace(presence, fenced=fenced))


def _settle(ports: Ports, tenant: str, device_id: str, command_id: str) -> None:

    settle(ports, tenant, device_id, command_id, wake=False)
