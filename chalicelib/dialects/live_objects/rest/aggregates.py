"""How many devices there are in each group, with each tag, on each connector and in each state (manual 8.1.1).

Beside the vendor's operations: its manual promises counting and aggregating and leaves it to the portal.
"""

from collections.abc import Iterator, Mapping
from enum import StrEnum

from chalicelib.dialects.live_objects import times
from chalicelib.fleet.access.roles import Role
from chalicelib.fleet.inventory import counting
from chalicelib.fleet.inventory.facets import Facet
from chalicelib.fleet.inventory.records import ROOT_GROUP, GroupTree
from chalicelib.fleet.ports import Ports
from chalicelib.web.parameters import Kind, Parameter
from chalicelib.web.request import Answer, Request
from chalicelib.web.routes import Route


class By(StrEnum):
    GROUP = "group"
    TAG = "tag"
    CONNECTOR = "connector"
    STATUS = "status"


_BY = Parameter("by", choices=tuple(By), default=By.GROUP.value, explained="what to count by")
_BELOW = Parameter("includeSubPath", Kind.BOOLEAN, default=False, explained="count a group with all below it")

Count = dict[str, object]


def counted(ports: Ports, request: Request) -> Answer:
    """`{total, by, counts, complete, countedAt}`; a device with several tags or connectors counts under each.

    `complete` is false where counting ended before everything was counted: at counting.MOST_VALUES values or
    MOST_COUNTED devices. A fleet of more than counting.AT_ONCE devices was counted some minutes ago at most.
    """
    by, tenant = By(request.asked["by"]), request.tenant
    match by:
        case By.GROUP:
            tree = ports.groups.tree(tenant)
            tally = counting.by_facet(ports, tenant, Facet.GROUP, len(tree.groups) + 1)
            counts = list(_groups(tree, dict(tally.counts), below=request.asked["includeSubPath"]))
        case By.STATUS:
            tally = counting.by_presence(ports, tenant)
            counts = [_count(_STATUSES[value], count) for value, count in tally.counts]
        case _:
            tally = counting.by_facet(ports, tenant, Facet(by.value))
            counts = [_count(*counted) for counted in tally.counts]
    told = {"by": by.value, "total": tally.total, "complete": tally.complete, "counts": counts}
    return Answer({**told, "countedAt": times.render(tally.at)})


_STATUSES = {counting.ONLINE: "ONLINE", counting.NOT_ONLINE: "OFFLINE"}


def _groups(tree: GroupTree, own: Mapping[str, int], *, below: bool) -> Iterator[Count]:
    for group in sorted((ROOT_GROUP, *tree.groups), key=tree.path):
        members = tree.within(group) if below else (group,)
        yield {**_count(tree.path(group), sum(own.get(one, 0) for one in members)), "id": group}


def _count(value: str, count: int) -> Count:
    return {"value": value, "count": count}


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
