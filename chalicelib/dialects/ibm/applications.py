"""Applications that are, or were, connected: what they subscribed to, and what waits for them (manual 5.1.5, 5.3).

A subscription of a durable session has a buffer of BUFFER messages; when it is full the oldest goes. The bounds of the
buffers (`queues/rings`) stand in the application's own record.
"""

import base64
from collections.abc import Callable, Iterator, Mapping
from dataclasses import field, replace

from chalicelib.dialects.topics import Downlink, matches
from chalicelib.fleet.compare_and_set import change_record, new_draw
from chalicelib.fleet.documents import Record
from chalicelib.fleet.frozen import dataclass
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.queues import rings
from chalicelib.fleet.queues.rings import Buffer, Ring
from chalicelib.fleet.shapes import Body, Extensible, Kind

BUFFER = 5_000
MOST = 500
"""How many applications of one organization are told of what happens."""
_KIND = "ibm.applications"
_BEFORE = "!"
"""Sorts before every client id."""


@dataclass(frozen=True, slots=True)
class Application(Extensible):
    """`session` is None while it is away; `behind` while there is something in its buffers, which goes first."""

    tenant: str
    client: str
    session: str | None = None
    since: int = 0
    ended: str | None = None
    address: str = ""
    user: str = ""
    rings: Mapping[str, Ring] = field(default_factory=dict)
    behind: bool = False
    revision: int | None = None

    @property
    def team(self) -> str | None:
        """What the instances of a scalable application have in common: each message goes to one of them."""
        kind, organization, name, *_ = self.client.split(":")
        return f"{organization}:{name}" if kind == "A" else None

    def filter_for(self, topic: str) -> str | None:
        """The subscription that a message belongs to: one that matches, so that it comes once."""
        return next((f for f in sorted(self.rings) if matches(f, topic)), None)

    def with_ring(self, name: str, ring: Ring) -> "Application":
        return replace(self, rings={**self.rings, name: ring})


def _named_bounds(body: Body) -> Body:
    """Shape 2: a ring says which of its numbers is which."""
    named = {name: {"first": first, "next": following} for name, (first, following) in body["rings"].items()}
    return {**body, "rings": named}


APPLICATION = Kind(Application, frozenset({"tenant", "client", "revision"}), (_named_bounds,))


def get(ports: Ports, tenant: str, client: str) -> Application | None:
    record = ports.records.get(tenant, _KIND, client)
    return _load(record) if record else None


def every(ports: Ports, tenant: str) -> list[Application]:
    return [_load(record) for record in ports.records.page(tenant, _KIND, after=None, limit=MOST).items]


def present(ports: Ports, tenant: str) -> list[Application]:
    """As `every`, and never from a cache: first pages alone are kept in one."""
    return [_load(record) for record in ports.records.page(tenant, _KIND, after=_BEFORE, limit=MOST).items]


def change(
    ports: Ports, tenant: str, client: str, changed: Callable[[Application], Application | None]
) -> Application | None:
    """The application after the change; `changed` answers None for one that is to be forgotten."""
    forgotten = False

    def read() -> Application:
        return get(ports, tenant, client) or Application(tenant, client)

    def change_(old: Application) -> Application | None:
        nonlocal forgotten
        new = changed(old)
        forgotten = new is None
        if forgotten:
            ports.records.delete(tenant, _KIND, client)
            for name in old.rings:
                rings.clear(ports, _buffer(old, name))
        return new

    def tell(old: Application, new: Application) -> None:
        for name in old.rings.keys() - new.rings.keys():
            rings.clear(ports, _buffer(old, name))

    def write(old: Application, new: Application) -> bool:
        # Lifecycle events and buffered messages meet here, each having read `old`: one of them writes.
        return _stored(ports, old, new)

    name = f"application {client}"
    after, _ = change_record(ports, name, read, write, change_, tell=tell, stored=_revised, touch=True)
    return None if forgotten else after


def keep(ports: Ports, application: Application, name: str, message: Downlink) -> bool:
    """Put a message into the buffer of the subscription `name`, in place of the oldest one where it is full.

    True if the application is there and nobody yet sends it what is in its buffers.
    """
    place: dict[str, Ring] = {}
    draw = new_draw(ports)
    idle = False

    def drawn(present: Application) -> Application:
        nonlocal idle
        idle = present.session is not None and not present.behind
        place["old"] = present.rings.get(name, Ring())
        place["new"] = place["old"].drawn(BUFFER, draw)
        return replace(present, behind=True).with_ring(name, place["new"])

    change(ports, application.tenant, application.client, drawn)
    body = {"topic": message.topic, "payload": base64.b64encode(message.payload).decode()}
    rings.put(ports, _buffer(application, name), place["old"], place["new"], body)
    return idle


def waiting(ports: Ports, application: Application) -> Iterator[tuple[str, str, Downlink]]:
    """What is in the buffers, oldest first: subscription, id and message."""
    for name in sorted(application.rings):
        for place, body in rings.waiting(ports, _buffer(application, name)):
            yield name, place, Downlink(body["topic"], base64.b64decode(body["payload"]))


def drop(ports: Ports, application: Application, name: str, position: str) -> None:
    """A message of a buffer has been delivered."""
    rings.drop(ports, _buffer(application, name), position)

    def past(present: Application) -> Application:
        ring = present.rings.get(name)
        return present if ring is None else present.with_ring(name, ring.past(int(position)))

    change(ports, application.tenant, application.client, past)


def _buffer(application: Application, name: str) -> Buffer:
    return Buffer(application.tenant, f"ibm.buffer {application.client} {name}")


def _revised(old: Application, new: Application) -> Application:
    """A new record's revision is 0."""
    return replace(new, revision=0 if old.revision is None else old.revision + 1)


def _stored(ports: Ports, old: Application, new: Application) -> bool:
    record = Record(new.tenant, _KIND, new.client, APPLICATION.body(new), old.revision or 0)
    if old.revision is None:
        return ports.records.create(record)
    return ports.records.replace(replace(record, body=APPLICATION.body(old)), record)


def _load(record: Record) -> Application:
    return APPLICATION.read(record.body, tenant=record.tenant, client=record.id, revision=record.revision)
