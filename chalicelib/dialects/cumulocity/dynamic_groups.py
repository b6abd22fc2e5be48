"""Groups without members of their own: whatever their query finds at the moment (reference, "Dynamic groups")."""

from collections.abc import Iterator

from chalicelib.dialects.cumulocity import objects as shapes
from chalicelib.dialects.cumulocity import selecting
from chalicelib.dialects.cumulocity.elsewhere import Known
from chalicelib.dialects.cumulocity.selecting import Hierarchy
from chalicelib.fleet.inventory import hierarchy
from chalicelib.fleet.inventory.managed_objects import ChildKind, ManagedObject
from chalicelib.fleet.ports import Ports


def ensure_readable(found: ManagedObject) -> None:
    """Errors: Invalid."""
    query = selecting.query_of(found)
    if query is not None:
        selecting.of_query(query, devices=True)


def devices(ports: Ports, found: ManagedObject) -> Iterator[ManagedObject]:
    """All devices of a group, and of the groups in it; those that its query finds of one that is dynamic.

    Errors: Invalid (a query that cannot be read), LimitReached (it would have to look at too many).
    """
    if selecting.query_of(found) is None:
        below = hierarchy.descendants(ports, found.tenant, found.id, (ChildKind.ASSET,))
        yield from (one for one in below if shapes.IS_DEVICE in one.fragments or one.device is not None)
        return
    known = Known(ports, found.tenant)
    yield from (
        one for one in selecting.found_by(ports, found, Hierarchy(ports, found.tenant), known) if one.device is not None
    )
