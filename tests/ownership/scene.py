"""Two tenants and one client id, told of by a broker whose events come when a test lets them.

Everything goes through the triggers and the REST API, as in AWS; handlers run in instances that remember claims.
"""

import base64
import itertools
from collections.abc import Callable, Mapping
from typing import Any, Self

from chalicelib.dialects import registry
from chalicelib.dialects.formats import DialectFormats
from chalicelib.dialects.live_objects.events import TYPES
from chalicelib.dialects.topics import Direction, Topic
from chalicelib.fleet.data import messages
from chalicelib.fleet.events import policies
from chalicelib.fleet.events.records import ActionPolicy, Filter, HttpPush, QueuePublish
from chalicelib.fleet.ports import Clock
from chalicelib.fleet.presence import fencing, relaying
from chalicelib.fleet.presence.claims import Claim
from chalicelib.fleet.queues import pumping
from chalicelib.store.cache import Cache, CachedClaims
from chalicelib.triggers import authorizer, presence, uplink
from tests.dialects.live_objects.client import DEVICES
from tests.fakes import MemoryPorts
from tests.ownership.side import DEVICE, Side, Who

ARN = "arn:aws:lambda:eu-west-1:123456789012:function:homeport-dev-authorizer"
SECOND, MINUTE, HOUR = 1_000, 60_000, 3_600_000
KEPT = 60_000
"""How long (ms) an instance remembers a claim."""
QUEUE = "all"
OTHER = "urn:lo:nsid:meter:other"
Event = Callable[["Instance"], None]


LAG = 2_000
"""How much (ms) later than a write those hear of it who read without consistency."""


class LateRows(dict[str, Claim]):
    """Claims as a table has them whose replicas are late."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock
        self._written: dict[str, list[tuple[int, Claim]]] = {}

    def __setitem__(self, client: str, claim: Claim) -> None:
        super().__setitem__(client, claim)
        self._written.setdefault(client, []).append((self._clock.now(), claim))

    def __ior__(self, more: Mapping[str, Claim]) -> Self:  # type: ignore[override, misc]
        for client, claim in more.items():
            self[client] = claim
        return self

    def late(self, client: str) -> Claim | None:
        known = [claim for at, claim in self._written.get(client, ()) if at <= self._clock.now() - LAG]
        return known[-1] if known else None


class Instance:
    """A warm instance of a function: the ports, and a memory of its own."""

    def __init__(self, ports: MemoryPorts) -> None:
        self._ports = ports
        cache: Cache[Claim] = Cache(ports.clock, KEPT)
        self.claims = CachedClaims(cache, ports.claims)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ports, name)


class Scene:
    """`old` holds the client id and is connected, `new` is to have it; a broker that `vouches` tells principals.

    The id is the old one's, or with `wanted` the new one's, whose tenant it names.
    """

    def __init__(self, old: Who = DEVICE, new: Who = DEVICE, *, vouches: bool, wanted: bool = False) -> None:
        self.ports = MemoryPorts()
        self.ports.formats = DialectFormats()  # type: ignore[assignment]
        rows = LateRows(self.ports.clock)
        self.ports.claims.rows, self.ports.claims.earlier = rows, rows.late
        self.vouches = vouches
        self.old, self.new = Side(self.ports, old, "old"), Side(self.ports, new, "new")
        self.client = (self.new if wanted else self.old).login.client
        self.instances = [Instance(self.ports), Instance(self.ports)]
        self.numbers = itertools.count(1)
        self.principals: dict[str, str] = {}
        self.correlation = 0
        self.command = "0" * 24
        uplink._heard.clear()
        for side in (self.old, self.new):
            self._tell_everything(side)
        self._arrive()
        self.ports.run_background()
        self.device = self.claim.device or ""

    @property
    def claim(self) -> Claim:
        claim = self.ports.claims.get(self.client)
        assert claim is not None
        return claim

    def _arrive(self) -> None:
        if not self.knock(self.old, "s-old"):
            # It is reserved for whom it names: an operator gives it away.
            fencing.give(self.ports, self.client, self.old.tenant)
            self._until_let_in(self.old, "s-old")
        self.connect(self.old, "s-old")

    # -- clients

    def knock(self, side: Side, session: str = "") -> bool:
        """Whether the authorizer lets the tenant's client in."""
        answer = authorizer.handle(self.ports, side.event(self.client), ARN)
        if answer["isAuthenticated"]:
            self.principals[session] = answer["principalId"]
        return bool(answer["isAuthenticated"])

    def connect(self, side: Side, session: str) -> None:
        self.ports.delivery.live.add(self.client)
        for kind in ("connected", "subscribed"):
            self.lifecycle(kind, session, side=side)(self.instances[0])

    def come(self) -> None:
        """The new tenant's client, once it may."""
        self._until_let_in(self.new, "s-new")
        self.connect(self.new, "s-new")

    def _until_let_in(self, side: Side, session: str) -> None:
        for _ in range(20):
            if self.knock(side, session):
                return
            self.ports.run_background()
            self.ports.clock.advance(ms=MINUTE)
        raise AssertionError(f"the client of the {side.name} one is not let in")

    # -- events: taken by the broker now, handled when they are called

    def lifecycle(self, kind: str, session: str, *, wrong: int = 0, side: Side | None = None, **more: Any) -> Event:
        event = {
            "clientId": self.client,
            "timestamp": self.ports.clock.now() + wrong,
            "eventType": kind,
            "sessionIdentifier": session,
            "ipAddress": f"192.0.2.{2 if session.startswith('s-new') else 1}",
            **self._principal("principalIdentifier", session),
            **more,
        }
        if kind in ("subscribed", "unsubscribed"):
            event["topics"] = _filters(side or self.old)
        return lambda instance: presence.handle(instance, event)

    def message(self, topic: str, payload: bytes, session: str = "s-old", client: str = "") -> Event:
        """By the client that changes hands, or by that other one."""
        event = {
            "client": client or self.client,
            "topic": topic,
            "payload": base64.b64encode(payload).decode(),
            "at": self.ports.clock.now(),
            "id": f"e{next(self.numbers)}",
            **self._principal("principal", session),
        }
        return lambda instance: uplink.handle(instance, event)

    def _principal(self, name: str, session: str) -> dict[str, str]:
        return {name: self.principals[session[:5]]} if self.vouches else {}

    def beside(self, mode: str) -> str:
        """The session of another client of the old tenant, which is connected by now."""
        login, session = self.old.inhabitant.logins[mode], f"{mode[:4]}-beside"
        answer = authorizer.handle(self.ports, login.knocking(), ARN)
        self.principals[session[:5]] = answer["principalId"]
        self.lifecycle("connected", session, clientId=login.client)(self.instances[0])
        return session

    # -- what becomes of it

    def fill(self, word: str) -> None:
        """The old tenant's device has a command waiting or sent, and a target, with the word in them."""
        if not self.device:
            return
        request = {"connector": self.claim.connector, "value": {"req": word, "arg": {}}}
        policy = {"ackMode": "APPLICATIVE", "expirationInSeconds": 604_800}
        path = f"{DEVICES}/{self.device}"
        for _ in range(2):
            reply = self.old.rest.call("POST", f"{path}/commands", {"request": request, "policy": policy})
            assert reply.status < 300, reply.raw
        body = {"parameters": {"p": {"type": "STRING", "value": word}}}
        status = self.old.rest.call("POST", f"{path}/config", body).status
        # Devices of Cumulocity fetch none, and that is said.
        assert status == 409 if self.claim.dialect == "cumulocity" else status < 300
        self.settle()
        sent = [command for _, command in self.ports.delivery.commands]
        if sent:
            self.correlation, self.command = sent[0].correlation, sent[0].id

    def settle(self) -> None:
        self.ports.run_background()
        for tenant, queue in list(self.ports.background.pumps):
            pumping.pump(self.ports, tenant, queue, self.ports.clock.now() + 30 * SECOND)
        self.ports.background.pumps.clear()

    def kept(self, side: Side) -> list[tuple[str, str]]:
        """All that is kept for a tenant: the table, and a row as text."""
        tables = [
            (name, rows)
            for name, table in vars(self.ports).items()
            if hasattr(table, "__dict__") and name != "claims"
            for rows in vars(table).values()
            if isinstance(rows, dict)
        ]
        # The id may name a tenant itself, and that is told to nobody.
        texts = [(name, repr(row).replace(self.client, "")) for name, rows in tables for row in rows.items()]
        told = [m.body.decode() for m in self.ports.pushes.sent if m.tenant == side.tenant]
        return [*((name, text) for name, text in texts if side.tenant in text), *(("told", body) for body in told)]

    def stored(self, side: Side) -> list[Any]:
        mine = [(t, stream) for t, stream in self.ports.messages.rows if t == side.tenant]
        return [m.value for tenant, stream in sorted(mine) for m in messages.read(self.ports, tenant, stream)]

    def online(self, side: Side) -> bool:
        """Whether anything is said to be there through the client id."""
        mailboxes = {d: m for (t, d), m in self.ports.mailboxes.rows.items() if t == side.tenant}
        seen = relaying.seen_all(self.ports, mailboxes).values()
        return any(p.online and p.client == self.client for m in seen for p in m.presence.values())

    def reached(self) -> int:
        """How much was sent to the client id up to now."""
        delivery = self.ports.delivery
        lists: list[Any] = [delivery.commands, delivery.updates, delivery.offers]
        rest: list[tuple[Any, ...]] = [*delivery.queued, *delivery.sent]
        routed = [route.client for sent in lists for route, _ in sent]
        return [*routed, *(said[0] for said in rest)].count(self.client)

    def audited(self, side: Side) -> list[str]:
        end = self.ports.clock.now() + 1
        return [e.reason for e in self.ports.audit.page(side.tenant, start=0, end=end, descending=True)]

    def _tell_everything(self, side: Side) -> None:
        """To a queue, and to a webhook."""
        every: dict[str, Filter] = {kind: Filter() for kind in TYPES}
        to = (QueuePublish("q", QUEUE),), (HttpPush("p", side.webhook, retry=True),)
        policies.save(self.ports, ActionPolicy(side.tenant, "every", "live_objects", "every", 1, True, every, *to))


def downlinks(who: Who) -> list[Topic]:
    dialect, mode = who
    return [t for t in registry.topics(dialect).TOPICS if (t.direction, t.mode) == (Direction.DOWN, mode)]


def _filters(side: Side) -> list[str]:
    """All that a client of that mode may subscribe to."""
    known = downlinks((side.dialect, side.mode))
    return [t.filter.replace("+", QUEUE) if t.queues else t.filter for t in known]
