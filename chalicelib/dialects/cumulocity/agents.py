"""Which agent has an object's operations done, and for which objects an agent does."""

from collections.abc import Iterator

from chalicelib.dialects.cumulocity.objects import AGENT
from chalicelib.fleet.errors import Invalid
from chalicelib.fleet.inventory import hierarchy
from chalicelib.fleet.inventory.managed_objects import ChildKind, ManagedObject
from chalicelib.fleet.ports import Ports

MOST = 100
"""Objects that an agent is asked for at once."""
_PAGE = 100


def of(ports: Ports, found: ManagedObject) -> str:
    """The number of the nearest agent: the object itself, or one that it is a child device of; itself without any."""
    if AGENT in found.fragments:
        return found.id
    above = hierarchy.ancestors(ports, found, ChildKind.DEVICE)
    return next((one.id for one in above if AGENT in one.fragments), found.id)


def served(ports: Ports, agent: ManagedObject) -> list[ManagedObject]:
    """The agent, and all child devices that have none nearer. Errors: Invalid (too many)."""
    found = [agent]
    for parent in found:
        for child in _children(ports, parent):
            if AGENT in child.fragments or any(one.id == child.id for one in found):
                continue
            if len(found) == MOST:
                raise Invalid(f"more than {MOST} devices are below {agent.id}: ask for each by deviceId", "agentId")
            found.append(child)
    return found


def _children(ports: Ports, parent: ManagedObject) -> Iterator[ManagedObject]:
    after: str | None = None
    while parent.height:
        page = hierarchy.children(ports, parent.tenant, parent.id, ChildKind.DEVICE, after=after, limit=_PAGE)
        yield from page.items
        after = page.cursor
        if after is None:
            return
