"""How many devices there are in each group, with each tag, on each connector and in each state (manual 8.1.1).

Beside the vendor's operations: its manual promises counting and aggregating and leaves it to the portal.
"""

from collections.abc import Iterator
from enum import StrEnum

from chalicelib.fleet.access.roles import Role
from chalicelib.fleet.inventory.facets import MOST_COUNTED, Facet
from chalicelib.fleet.inventory.records import ROOT_GROUP
from chalicelib.fleet.ports import Ports
from chalicelib.web.parameters import Kind, Parameter
from chalicelib.web.request import Answer, Request
from chalicelib.web.routes import Route

MOST_VALUES = 200
"""Each value costs two reads of an index, one after the other."""


class By(StrEnum):
    GROUP = "group"
    TAG = "tag"
    CONNECTOR = "connector"
    STATUS = "status"


_BY = Parameter("by", choices=tuple(By), default=By.GROUP.value, explained="what to count by")
_BELOW = Parameter("includeSubPath", Kind.BOOLEAN, default=False, explained="count a group with all below it")

Count = dict[str, object]


def counted(ports: Ports, request: Request) -> Answer:
    """`{total, by, counts, complete}`; a device with several tags or connectors counts under each.

    `complete` is false where counting ended before everything was counted: at MOST_VALUES values or MOST_COUNTED
    devices.
    """
    by, tenant = By(request.asked["by"]), request.tenant
    total = ports.devices.count(tenant)
    match by:
        case By.GROUP:
            counts = list(_groups(ports, tenant, below=request.asked["includeSubPath"]))
        case By.STATUS:
            online = ports.mailboxes.count_online(tenant, MOST_COUNTED)
            counts = [_count("ONLINE", online), _count("OFFLINE", max(total - online, 0))]
        case _:
            facet = Facet(by.value)
            values = ports.devices.values(tenant, facet, MOST_VALUES + 1)
            counts = [_count(value, ports.devices.count(tenant, facet, value)) for value in values[:MOST_VALUES]]
            return _answer(by, total, counts, complete=len(values) <= MOST_VALUES)
    return _answer(by, total, counts)


def _groups(ports: Ports, tenant: str, *, below: bool) -> Iterator[Count]:
    tree = ports.groups.tree(tenant)
    held = ports.devices.values(tenant, Facet.GROUP, len(tree.groups) + 1)
    own = {group: ports.devices.count(tenant, Facet.GROUP, group) for group in held}
    for group in sorted((ROOT_GROUP, *tree.groups), key=tree.path):
        members = tree.within(group) if below else (group,)
        yield {**_count(tree.path(group), sum(own.get(one, 0) for one in members)), "id": group}


def _count(value: str, count: int) -> Count:
    return {"value": value, "count": count}


def _answer(by: By, total: int, counts: list[Count], *, complete: bool = True) -> Answer:
    return Answer({"by": by.value, "total": total, "complete": complete and total < MOST_COUNTED, "counts": counts})


ROUTES = (
    Route(
        "GET",
        "/api/v1/deviceMgt/devicesCount",
        counted,
        "Count devices by group, tag, connector or status",
        frozenset({Role.DEVICE_R}),
        parameters=(_BY, _BELOW),
    ),
)
