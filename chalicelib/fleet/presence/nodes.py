"""Devices behind a gateway: who they are, and whether they are there, as their gateway says."""

from collections.abc import Mapping
from dataclasses import field, replace

from chalicelib.fleet.errors import Forbidden
from chalicelib.fleet.events import routing
from chalicelib.fleet.events.events import DeviceStatus
from chalicelib.fleet.frozen import dataclass
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.presence import admitting
from chalicelib.fleet.presence.admitting import Candidate
from chalicelib.fleet.presence.changing import change_mailbox
from chalicelib.fleet.presence.claims import Claim
from chalicelib.fleet.presence.mailbox import Mailbox
from chalicelib.fleet.presence.records import Capability, Presence, interface_key

_NONE = -1


@dataclass(frozen=True, slots=True)
class NodeStatus:
    """What a gateway says of a node. Times in ms: `at` is when the broker took it.

    `able` says of each capability that was mentioned whether the node has it; the others stay as they were said.
    `session` and `event` are the gateway's own numbers, by which a status that comes late is told from a new one.
    """

    online: bool
    at: int
    able: Mapping[Capability, bool] = field(default_factory=dict)
    last_contact: int | None = None
    session: int | None = None
    event: int | None = None


def speaker(ports: Ports, claim: Claim, node: str, *, device: str | None, note: str | None = None) -> Claim | None:
    """The node as if it spoke itself; an unknown one is registered as `device`, described by `note`.

    None where it is unknown and there is no `device`.

    Errors: Forbidden, where its interface is disabled; QuotaReached.
    """
    owner = ports.devices.owner(claim.tenant, claim.connector, node)
    if owner is None and device is None:
        return None
    candidate = Candidate(node, claim.dialect, claim.mode, claim.connector, device or owner, note=note)
    owner, interface = admitting.provision(ports, claim.tenant, candidate)
    if not interface.enabled:
        raise Forbidden(f"interface {interface.key} is disabled")
    return replace(claim, client=node, device=owner)


def state(ports: Ports, node: Claim, gateway: str, status: NodeStatus) -> None:
    """Write down what the gateway says, unless something newer is known; what waits for the node may go."""
    key = interface_key(node.connector, node.client)
    before: list[Presence] = []

    def stated(mailbox: Mailbox) -> Mailbox:
        before[:] = [mailbox.presence.get(key) or Presence(node.dialect, gateway)]
        return mailbox.with_presence(key, after(before[0], gateway, status))

    mailbox = change_mailbox(ports, node.tenant, node.device or "", stated)
    if mailbox is None:
        return
    now = mailbox.presence[key]
    if now.online != before[0].online:
        told = DeviceStatus(mailbox.device, node.connector, node.client, now.online)
        routing.status(ports, node.tenant, told, now.session or before[0].session or "", status.at)
    if status.online and now.online and (mailbox.queue or mailbox.todo):
        ports.background.deliver(mailbox.tenant, mailbox.device)


def after(presence: Presence, gateway: str, status: NodeStatus) -> Presence:
    """The node's presence after that status; the same presence if a newer status is known.

    Numbers are compared with those of the same gateway alone: each counts for itself, and whoever takes a node over may
    be at 1 where the other was at 1000. Between two of them the broker's time decides.
    """
    known_order = presence.order
    if presence.order and presence.client != gateway:
        known_order = presence.order[0], _NONE, _NONE
    order = _order(known_order, status)
    if order is None:
        return presence
    contact = max(presence.last_contact or 0, status.last_contact or status.at)
    known = replace(presence, client=gateway, relayed=True, order=order, last_contact=contact)
    said = presence.capabilities if presence.online else presence.remembered
    able = frozenset(name for name in said if name not in status.able) | {n for n, has in status.able.items() if has}
    if not status.online:
        ended = status.at if presence.online else presence.ended or status.at
        return replace(known, session=None, ended=ended, capabilities=frozenset(), remembered=able)
    now = replace(known, capabilities=able, remembered=frozenset())
    if presence.online and presence.client == gateway:
        return now
    return replace(now, session=f"{gateway}@{status.at}", since=status.at)


def _order(known: tuple[int, ...], status: NodeStatus) -> tuple[int, ...] | None:
    """(at, session, event) of the newest status with this one; None if this one is older.

    By the gateway's numbers as far as both have them, a session's before an event's; else by the broker's time.
    """
    session = _NONE if status.session is None else status.session
    event = _NONE if status.event is None else status.event
    if not known:
        return status.at, session, event
    at, last_session, last_event = known
    if _NONE not in (session, last_session) and session != last_session:
        return (status.at, session, event) if session > last_session else None
    if _NONE not in (event, last_event) and event != last_event:
        return (status.at, max(session, last_session), event) if event > last_event else None
    if status.at < at:
        return None
    return status.at, max(session, last_session), max(event, last_event)
