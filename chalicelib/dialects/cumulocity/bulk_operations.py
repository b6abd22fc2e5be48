"""Bulk operations: one for each device of a group, or each that failed before (reference, "Bulk operations")."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from chalicelib.dialects.cumulocity import dynamic_groups, operations, ordering
from chalicelib.dialects.cumulocity.operations import Shown
from chalicelib.fleet.commands import campaigns
from chalicelib.fleet.commands.campaigns import Campaign, Member, Program, State
from chalicelib.fleet.commands.records import Command
from chalicelib.fleet.commands.transitions import as_of
from chalicelib.fleet.due import Matter
from chalicelib.fleet.errors import ObjectNotFound
from chalicelib.fleet.inventory import objects
from chalicelib.fleet.ports import Ports

GROUP, PARENT, PROTOTYPE = "groupId", "failedParentId", "operationPrototype"
_FAILED = Shown.FAILED


def members(ports: Ports, tenant: str, campaign: Campaign) -> Iterator[str]:
    """Numbers of the objects that are meant just now; of a group that is gone there are none."""
    parent, group = campaign.order.get(PARENT), campaign.order.get(GROUP)
    if parent is not None:
        yield from (member.target for member, shown in progress(ports, tenant, parent) if shown is _FAILED)
    if group is None:
        return
    try:
        found = objects.get(ports, tenant, group)
    except ObjectNotFound:
        return
    yield from (one.id for one in dynamic_groups.devices(ports, found))


def make(ports: Ports, tenant: str, campaign: Campaign, target: str, command: str) -> None:
    """Errors: FleetError, as of an operation that somebody posts."""
    found = objects.get(ports, tenant, target)
    ordering.order(ports, found, campaign.order[PROTOTYPE], bulk=campaign.id, command=command)


PROGRAM = Program("cumulocity.bulk", members, make)


def on_due(ports: Ports, matter: Matter, until: int) -> None:
    campaigns.work(ports, PROGRAM, matter.tenant, str(int(matter.id)), until)


def progress(ports: Ports, tenant: str, campaign: str) -> Iterator[tuple[Member, Shown | None]]:
    """Each that is meant, and how his operation stands; None of one whose turn has not come."""
    for member in campaigns.members(ports, PROGRAM, tenant, campaign):
        yield member, _stands(ports, tenant, campaign, member)


def commands(ports: Ports, tenant: str, campaign: str) -> list[Command]:
    """Its operations, the oldest first."""
    every = campaigns.members(ports, PROGRAM, tenant, campaign)
    found = (ports.commands.get(tenant, member.command) for member in every if member.made)
    now = ports.clock.now()
    return sorted((as_of(one, now) for one in found if one is not None), key=lambda one: one.id)


def counts(ports: Ports, tenant: str, campaign: Campaign) -> Mapping[str, int]:
    """`progress` as the vendor shows it."""
    stand = Counter(shown for _, shown in progress(ports, tenant, campaign.id) if shown is not None)
    each = {str(status).lower(): stand[status] for status in Shown}
    return {**each, "all": sum(each.values())}


def status(campaign: Campaign, counted: Mapping[str, int]) -> tuple[str, str]:
    """`status` and `generalStatus`."""
    open_ = counted["pending"] + counted["executing"]
    match campaign.state:
        case State.MADE if campaign.failed is not None:
            return "COMPLETED", "FAILED"
        case State.WAITING:
            return "ACTIVE", "SCHEDULED"
        case State.CANCELED:
            return "DELETED", "CANCELED"
        case State.MADE if not open_:
            return "COMPLETED", "FAILED" if counted["failed"] else "SUCCESSFUL"
        case _:
            return "IN_PROGRESS", "EXECUTING_WITH_ERRORS" if counted["failed"] else "EXECUTING"


def _stands(ports: Ports, tenant: str, campaign: str, member: Member) -> Shown | None:
    if member.failed is not None:
        return _FAILED
    if member.outcome is not None:
        return Shown(member.outcome)
    if not member.made:
        return None
    found = ports.commands.get(tenant, member.command)
    if found is None:
        # Somebody has deleted it, or it is too old to be kept.
        return _FAILED
    shown = operations.status(as_of(found, ports.clock.now()))
    if shown not in operations.OPEN:
        campaigns.note(ports, PROGRAM, tenant, campaign, member, str(shown))
    return shown


def prototype(body: Any) -> dict[str, Any]:
    """What each device is to do. Errors: Invalid."""
    return operations.read(body)
