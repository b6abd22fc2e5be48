"""The client ids of a device's interfaces: reserved as an interface is registered, let go as it is removed.

Both are in the transaction that writes the device, so that no id is held for a device that is not there, and no device
waits for an id that is somebody else's.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from chalicelib.fleet.compare_and_set import AGAIN, Again, insist
from chalicelib.fleet.errors import ClientTaken, InterfaceDuplicate
from chalicelib.fleet.inventory.records import Device, Interface
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.presence import fencing
from chalicelib.fleet.presence.claims import Change, Claim, succeeded, vacated
from chalicelib.fleet.presence.mailbox import Mailbox
from chalicelib.fleet.presence.records import MQTT

T = TypeVar("T")
Known = Mapping[str, Claim | None]


def displaceable(claim: Claim) -> bool:
    """Whether the client gives way to a device: one that is none, and whose id does not name its tenant."""
    return claim.guest and not claim.entitled


def written(
    ports: Ports,
    before: "Device | None",
    after: "Device | None",
    store: Callable[[Sequence[Change]], T],
    entering: Claim | None = None,
    *,
    entitled: bool = False,
) -> T:
    """What `store` answers, given the claims that change with the device. `entering` is one of a client at the door.

    Where the client ids of the device are `entitled`, nobody else's claim counts.
    Errors: InterfaceDuplicate (an id is somebody else's), and what `store` raises.
    """
    known: dict[str, Claim | None] = {}

    def stored() -> T | Again:
        nonlocal known
        changes = _changes(ports, before, after, known, entering, entitled=entitled)
        try:
            answer = store(changes)
        except ClientTaken:
            # Only who meets somebody has to look who that is.
            known = {change.new.client: _met(ports, change.new.client) for change in changes}
            return AGAIN
        if answer is not False:
            _after(ports, changes)
        return answer

    # Whose the ids are may change at the same time: then it is decided again.
    return insist(ports, "the claim of a client id", stored)


def _changes(
    ports: Ports,
    before: "Device | None",
    after: "Device | None",
    known: Known,
    entering: Claim | None,
    *,
    entitled: bool,
) -> list[Change]:
    old = {i.key: i for i in before.interfaces if i.connector == MQTT} if before else {}
    new = {i.key: i for i in after.interfaces if i.connector == MQTT} if after else {}
    made: list[Change] = []
    if after is not None:
        added = [new[key] for key in new.keys() - old.keys()]
        made += [_reserved(ports, after, i, known.get(i.node), entering, entitled=entitled) for i in added]
    if before is not None:
        for key in old.keys() - new.keys():
            made += _let_go(ports, before, old[key], known)
    return made


def _reserved(
    ports: Ports,
    device: Device,
    interface: Interface,
    held: Claim | None,
    entering: Claim | None,
    *,
    entitled: bool,
) -> Change:
    if held is not None and not _gives_way(held, device.tenant, entitled=entitled):
        raise InterfaceDuplicate(f"the client id {interface.node} is in use already")
    now = ports.clock.now()
    new = Claim(
        interface.node,
        device.tenant,
        interface.dialect,
        "",
        None,
        now,
        device=device.id,
        connector=interface.connector,
        enabled=interface.enabled,
        entitled=entitled,
    )
    if entering is not None and entering.client == interface.node:
        new = replace(entering, device=device.id, enabled=interface.enabled)
    return Change(held, succeeded(held, new, now, ports.fence_rest))


def _gives_way(held: Claim, tenant: str, *, entitled: bool) -> bool:
    if held.vacant:
        return not held.waits_for_another(tenant)
    return held.tenant == tenant or (entitled and not held.entitled)


def _met(ports: Ports, client: str) -> Claim | None:
    """Whose the id is, after a client that gives way to devices has done so."""
    held = ports.claims.current(client)
    if held is None or not displaceable(held):
        return held
    fencing.displace(ports, held, None)
    return ports.claims.current(client)


def _let_go(ports: Ports, device: Device, interface: Interface, known: Known) -> list[Change]:
    held = known[interface.node] if interface.node in known else ports.claims.current(interface.node)
    if held is None or not held.holds(device.tenant, interface):
        return []
    return [Change(held, vacated(held, ports.clock.now()))]


def _after(ports: Ports, changes: Sequence[Change]) -> None:

    for change in changes:
        fencing.ask(ports, change.new)


def release(ports: Ports, tenant: str, interfaces: Iterable[Interface], mailbox: Mailbox | None) -> None:
    """Let go of client ids that spell nodes in another way, and close their connections."""
    for interface in interfaces:
        client = spelled(mailbox, interface)
        held = ports.claims.current(client) if client is not None else None
        if held is not None and held.holds(tenant, interface):
            vacant = vacated(held, ports.clock.now())
            # It may be connecting just now: whoever admits it finds the device gone.
            if ports.claims.replace(held, vacant):
                fencing.ask(ports, vacant)


def spelled(mailbox: Mailbox | None, interface: Interface) -> str | None:
    """The client id of the interface's last connection, where that is not its node itself."""
    presence = mailbox.presence.get(interface.key) if mailbox is not None else None
    if presence is None or presence.relayed or interface.connector != MQTT:
        return None
    return presence.client if presence.client != interface.node else None
