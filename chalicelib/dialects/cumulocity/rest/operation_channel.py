"""Operations for agents that poll by Bayeux: what is open and was not given yet (reference, "Operations").

What an answer carried counts as arrived when the next request comes, unless that says that it is one of a client whose
last one failed: then it is given again. A device that has it shown so has its operations DELIVERED; whoever else looks
on is shown them, and takes none from the device.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from chalicelib.dialects.cumulocity import agents, reach
from chalicelib.dialects.cumulocity import operations as shapes
from chalicelib.dialects.cumulocity.bayeux_sessions import Session
from chalicelib.dialects.cumulocity.rest import managed_objects, operations
from chalicelib.dialects.cumulocity.rest.sources import Sources
from chalicelib.fleet import ids
from chalicelib.fleet.access.callers import Kind
from chalicelib.fleet.commands import taking
from chalicelib.fleet.commands.records import Command
from chalicelib.fleet.commands.transitions import as_of
from chalicelib.fleet.errors import Invalid, ObjectNotFound
from chalicelib.fleet.frozen import dataclass
from chalicelib.fleet.inventory.managed_objects import ManagedObject
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.presence.mailbox import Mailbox
from chalicelib.fleet.presence.records import Route as Way
from chalicelib.web.request import Request

MOST = 100
"""Operations of an answer."""
_GIVEN = 2_000
"""Operations that a session remembers to have been given; an older one may come again."""


@dataclass(frozen=True, slots=True)
class Given:
    """`messages` are for the answer; `session` is what is to be remembered of it."""

    messages: list[dict[str, Any]]
    session: Session


def ensure(ports: Ports, request: Request, channel: str) -> None:
    """Whether the caller may have operations of that agent. Errors: ObjectNotFound, Forbidden, Invalid (too many)."""
    found = reach.get(ports, request.by, channel) if ids.is_number(channel) else None
    if found is None:
        raise ObjectNotFound(f"there is no agent {channel[:64]}")
    agents.served(ports, found)


def due(ports: Ports, request: Request, session: Session, *, confirmed: bool, asked: str) -> Given:
    """What its agents have not been given yet; `asked` is the id of the message that asks."""
    boxes = _boxes(ports, request, session)
    open_ = {command: (channel, box) for channel, box in boxes for command in box.queue}
    given = tuple(one for one in session.given if one in open_)
    arrived = [one for one in session.sent if one in open_]
    now, active = ports.clock.now(), session.active
    if len(given) < len(session.given):
        # Its device has come to an end of one.
        active = now
    if not confirmed:
        given, arrived = tuple(one for one in given if one not in session.sent), []
    elif request.by.kind is Kind.DEVICE:
        _take_back(ports, request, {open_[one][1].device for one in arrived if one not in open_[one][1].flights})
        for one in arrived:
            taking.delivered(ports, request.tenant, one, _way(request).node)
    fresh = sorted(set(open_) - set(given))[:MOST]
    found = _found(ports, request, {one: open_[one][1] for one in fresh})
    sources = Sources(ports, request)
    messages = [
        {"channel": f"/{open_[one][0]}", "data": operations.view(request, sources, command)}
        for one, command in found.items()
        if command is not None and shapes.status(command) is shapes.Shown.PENDING
    ]
    made = [ids.moment(one) for one in open_]
    sent = tuple(found)
    return Given(
        messages,
        replace(
            session,
            active=max([active, *([now] if messages else []), *made]),
            given=(*given, *sent)[-_GIVEN:],
            sent=sent,
            last=asked if sent else session.last,
            again=session.again + 1 if sent and not confirmed else 0,
        ),
    )


def _boxes(ports: Ports, request: Request, session: Session) -> list[tuple[str, Mailbox]]:
    """Those of the devices that its agents do the operations of, with the channel of each."""
    found: dict[str, str] = {}
    for channel in sorted(session.channels):
        agent = ports.objects.get(request.tenant, channel)
        if agent is not None and reach.has(ports, request.by, agent):
            found |= {one.device: channel for one in _served(ports, agent) if one.device is not None}
    boxes = ports.mailboxes.some(request.tenant, list(found)) if found else {}
    return [(found[device], box) for device, box in boxes.items()]


def _served(ports: Ports, agent: ManagedObject) -> list[ManagedObject]:
    try:
        return agents.served(ports, agent)
    except Invalid:
        # It has got more children since it subscribed than are looked through: those of its own at least.
        return [agent]


def _found(ports: Ports, request: Request, fresh: Mapping[str, Mailbox]) -> dict[str, Command | None]:
    """Those of them that may be given now, as they stand; None where there is nothing to give, now or ever."""
    taken: dict[str, Command] = {}
    beyond: set[str] = set()
    way = _way(request)
    for device in dict.fromkeys(box.device for box in fresh.values()):
        if _takes(request, device):
            given = taking.take(ports, request.tenant, device, way)
            taken |= {one.id: one for one in given.commands}
            beyond |= given.beyond
    found: dict[str, Command | None] = {}
    for one in fresh:
        command = taken.get(one)
        if command is None:
            stored = ports.commands.get(request.tenant, one)
            command = as_of(stored, ports.clock.now()) if stored is not None else None
            if command is not None and command.waiting and one in beyond:
                # It goes when its device has begun others.
                continue
        found[one] = command
    return found


def _take_back(ports: Ports, request: Request, devices: set[str]) -> None:
    """What a session of those was to be sent as well, which has gone before it got it, is with who polls."""
    for device in devices:
        if _takes(request, device):
            taking.take(ports, request.tenant, device, _way(request))


def _takes(request: Request, device: str) -> bool:
    """Whether what is given counts as taken by the device: one of another dialect fetches its own."""
    named = ids.device_name(device)
    return request.by.kind is Kind.DEVICE and named is not None and named[0] == managed_objects.NAMESPACE


def _way(request: Request) -> Way:
    by = managed_objects.owner(request.by)
    return Way(managed_objects.DIALECT, by, managed_objects.NAMESPACE, by, by)
