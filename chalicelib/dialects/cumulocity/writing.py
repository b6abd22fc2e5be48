"""Operations with what has to be looked up to write them: the templates of a collection (guide "SmartREST 2.0")."""

from collections.abc import Iterator

from chalicelib.dialects.cumulocity import codec, topics
from chalicelib.dialects.cumulocity.smartrest import collections, responses
from chalicelib.dialects.cumulocity.smartrest.collections import Collection
from chalicelib.dialects.topics import Downlink, matches
from chalicelib.fleet.commands.records import Command
from chalicelib.fleet.inventory import finding
from chalicelib.fleet.inventory.finding import Chosen
from chalicelib.fleet.inventory.managed_objects import ObjectFacet
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.presence.records import Route

MOST = 10
"""Collections of a session that listens to all of them."""


def command(ports: Ports, command: Command, route: Route) -> Downlink | None:
    return codec.together(_written(ports, command, route))


def _written(ports: Ports, command: Command, route: Route) -> Iterator[Downlink]:
    yield from codec.written(command, route)
    for topic, xid in _topics(ports, command.tenant, route):
        found = collections.find(ports, command.tenant, xid)
        rows = _rows(found[1], command, route) if found is not None else ""
        if rows:
            yield Downlink(topic, rows.encode())


def _rows(collection: Collection, command: Command, route: Route) -> str:
    return responses.render(collection, codec.whole(command, route), route.node)


def _topics(ports: Ports, tenant: str, route: Route) -> Iterator[tuple[str, str]]:
    """Each with its collection, for as many as the session listens to."""
    client = codec.collection_of(route)
    if client and topics.DEFAULT_DOWN in route.heard:
        yield topics.DEFAULT_DOWN, client
    for filter_ in sorted(route.heard):
        above, _, xid = filter_.rpartition("/")
        if above == topics.CUSTOM_DOWN and xid not in ("#", "+"):
            yield filter_, xid
    if any(matches(filter_, f"{topics.CUSTOM_DOWN}/x") for filter_ in route.heard if filter_[-1:] in ("#", "+")):
        for xid in _every(ports, tenant):
            topic = f"{topics.CUSTOM_DOWN}/{xid}"
            if topic not in route.heard:
                yield topic, xid


def _every(ports: Ports, tenant: str) -> list[str]:
    chosen = (Chosen(ObjectFacet.TYPE, collections.TYPE),)
    page = finding.page(ports, tenant, chosen, lambda one: one.type == collections.TYPE, after=None, limit=MOST)
    names = (name for one in page.items for name in ports.objects.names(tenant, one.id))
    return [name.value for name in names if name.type == collections.IDENTITY]
