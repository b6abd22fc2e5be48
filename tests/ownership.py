"""Two tenants and one client id, told of by a broker whose events come when a test lets them.

Everything goes through the triggers and the REST API, as in AWS; handlers run in instances that remember claims.
"""

import base64
import itertools
import json
from collections.abc import Callable
from typing import Any

from chalicelib.dialects.formats import DialectFormats
from chalicelib.dialects.live_objects.events import TYPES
from chalicelib.fleet.data import messages
from chalicelib.fleet.events import policies, pushing
from chalicelib.fleet.events.records import ActionPolicy, Filter, HttpPush, QueuePublish
from chalicelib.fleet.presence import fencing, relaying
from chalicelib.fleet.presence.claims import Claim
from chalicelib.fleet.queues import pumping
from chalicelib.store.cache import Cache, CachedClaims
from chalicelib.triggers import authorizer, deadlines, presence, queues, uplink
from tests.dialects.live_objects.client import DEVICES, Client
from tests.fakes import MemoryPorts

ARN = "arn:aws:lambda:eu-west-1:123456789012:function:homeport-dev-authorizer"
CLIENT = "urn:lo:nsid:meter:7"
USERS = {"device": "json+device", "connector": "connector", "application": "application"}
SECOND, MINUTE, HOUR = 1_000, 60_000, 3_600_000
KEPT = 60_000
"""How long (ms) an instance remembers a claim."""
Event = Callable[["Instance"], None]


class Instance:
    """A warm instance of a function: the ports, and a memory of its own."""

    def __init__(self, ports: MemoryPorts) -> None:
        self._ports = ports
        cache: Cache[Claim] = Cache(ports.clock, KEPT)
        self.claims = CachedClaims(cache, ports.claims)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ports, name)


class Scene:
    """`old` holds CLIENT in a mode and is connected, `new` is to have it; a broker that `vouches` tells principals."""

    def __init__(self, mode: str = "device", *, vouches: bool) -> None:
        self.ports = MemoryPorts()
        self.ports.formats = DialectFormats()  # type: ignore[assignment]
        self.vouches = vouches
        self.old, self.new = Client(self.ports, "old"), Client(self.ports, "new")
        self.instances = [Instance(self.ports), Instance(self.ports)]
        self.numbers = itertools.count(1)
        self.mode = mode
        self.principals: dict[str, str] = {}
        uplink._heard.clear()
        for tenant in (self.old, self.new):
            self._tell_everything(tenant)
        assert self.knock(self.old, mode, "s-old")
        self.connect("s-old")
        self.ports.run_background()

    # -- clients

    def knock(self, tenant: Client, mode: str = "device", session: str = "") -> bool:
        """Whether the authorizer lets the tenant's client in."""
        password = base64.b64encode(tenant.secret.encode()).decode()
        mqtt = {"username": USERS[mode], "password": password, "clientId": CLIENT}
        event = {"protocols": ["tls", "mqtt"], "protocolData": {"tls": {"serverName": "x"}, "mqtt": mqtt}}
        answer = authorizer.handle(self.ports, event, ARN)
        if answer["isAuthenticated"]:
            self.principals[session] = answer["principalId"]
        return bool(answer["isAuthenticated"])

    def connect(self, session: str) -> None:
        self.ports.delivery.live.add(CLIENT)
        for event in (self.lifecycle("connected", session), self.lifecycle("subscribed", session)):
            event(self.instances[0])

    def come(self) -> None:
        """The new tenant's client, once it may."""
        for _ in range(20):
            if self.knock(self.new, "device", "s-new"):
                self.connect("s-new")
                return
            self.ports.run_background()
            self.ports.clock.advance(ms=MINUTE)
        raise AssertionError("the new client is not let in")

    # -- events: taken by the broker now, handled when they are called

    def lifecycle(self, kind: str, session: str, *, wrong: int = 0) -> Event:
        event = {
            "clientId": CLIENT,
            "timestamp": self.ports.clock.now() + wrong,
            "eventType": kind,
            "sessionIdentifier": session,
            "ipAddress": f"192.0.2.{1 if session == 's-old' else 2}",
            **self._principal("principalIdentifier", session),
        }
        if kind in ("subscribed", "unsubscribed"):
            event["topics"] = ["fifo/all"] if self.mode == "application" else ["dev/cmd", "dev/cfg", "dev/rsc/upd"]
            if self.mode == "connector":
                event["topics"] = ["connector/v1/requests/command"]
        return lambda instance: presence.handle(instance, event)

    def message(self, topic: str, body: Any, session: str = "s-old") -> Event:
        event = {
            "client": CLIENT,
            "topic": topic,
            "payload": base64.b64encode(json.dumps(body).encode()).decode(),
            "at": self.ports.clock.now(),
            "id": f"e{next(self.numbers)}",
            **self._principal("principal", session),
        }
        return lambda instance: uplink.handle(instance, event)

    def _principal(self, name: str, session: str) -> dict[str, str]:
        return {name: self.principals[session[:5]]} if self.vouches else {}

    # -- what operators and tenants do

    def device_of(self, tenant: Client) -> str:
        claim = self.ports.claims.get(CLIENT)
        assert claim is not None
        assert (claim.tenant, bool(claim.device)) == (tenant.tenant.id, True)
        return claim.device or ""

    def delete(self) -> None:
        assert self.old.call("DELETE", f"{DEVICES}/{CLIENT}").status == 204

    def delete_interface(self) -> None:
        assert self.old.call("DELETE", f"{DEVICES}/{CLIENT}/interfaces/mqtt:{CLIENT}").status == 204

    def release(self) -> None:
        claim = self.ports.claims.get(CLIENT)
        assert claim is not None
        assert fencing.release(self.ports, claim)

    def give(self) -> None:
        fencing.give(self.ports, CLIENT, self.new.tenant.id)

    def reclaim(self) -> None:
        """By a client of the new tenant whose id names its tenant, as those of IBM do."""
        claim = self.ports.claims.get(CLIENT)
        assert claim is not None
        named = Claim(CLIENT, self.new.tenant.id, claim.dialect, "", None, self.ports.clock.now(), entitled=True)
        assert fencing.displace(self.ports, claim, named)

    def move(self) -> None:
        """To another device of the old tenant, which is deleted then."""
        other = "urn:lo:nsid:meter:other"
        assert self.old.call("POST", DEVICES, {"id": other}).status < 300
        path = f"{DEVICES}/{CLIENT}/interfaces/mqtt:{CLIENT}"
        assert self.old.call("PATCH", path, {"deviceId": other}).status < 300
        assert self.old.call("DELETE", f"{DEVICES}/{other}").status == 204

    # -- what came of it

    def settle(self) -> None:
        self.ports.run_background()
        for tenant, queue in list(self.ports.background.pumps):
            pumping.pump(self.ports, tenant, queue, self.ports.clock.now() + 30 * SECOND)
        self.ports.background.pumps.clear()

    def kept_of(self, tenant: Client, word: str) -> list[str]:
        """Where a word is found in anything that is kept for a tenant."""
        found = []
        for name, table in vars(self.ports).items():
            for rows in (v for v in vars(table).values() if isinstance(v, dict)) if hasattr(table, "__dict__") else ():
                for key, row in rows.items():
                    if name != "claims" and tenant.tenant.id in repr((key, row)) and word in repr((key, row)):
                        found.append(f"{name}: {row!r}"[:300])
        found += [f"queued: {body!r}" for body in self._told(tenant) if word in body]
        return found

    def stored(self, tenant: Client) -> list[Any]:
        return [m.value for m in messages.read(self.ports, tenant.tenant.id, CLIENT)]

    def online(self, tenant: Client) -> bool:
        mailboxes = {d: m for (t, d), m in self.ports.mailboxes.rows.items() if t == tenant.tenant.id}
        return any(m.online for m in relaying.seen_all(self.ports, mailboxes).values())

    def _told(self, tenant: Client) -> list[str]:
        rows = [m for m in self.ports.pushes.sent if m.tenant == tenant.tenant.id]
        return [m.body.decode() for m in rows]

    def _tell_everything(self, tenant: Client) -> None:
        """To a queue, and to a webhook."""
        every: dict[str, Filter] = {kind: Filter() for kind in TYPES}
        to = (QueuePublish("q", "all"),), (HttpPush("p", f"https://hooks.example/{tenant.name}", retry=True),)
        policy = ActionPolicy(tenant.tenant.id, "every", "live_objects", "every", 1, True, every, *to)
        policies.save(self.ports, policy)

    # -- more ways, and what is looked at in the end

    cid = 0

    def fill(self, word: str) -> None:
        """The old tenant has a command waiting or sent, a target and an update, all with the word in them."""
        if self.mode != "device":
            return
        command = {"connector": "mqtt", "value": {"req": word, "arg": {}}}
        policy = {"ackMode": "APPLICATIVE", "expirationInSeconds": 604_800}
        path = f"{DEVICES}/{CLIENT}"
        for _ in range(2):
            assert self.old.call("POST", f"{path}/commands", {"request": command, "policy": policy}).status < 300
        body = {"parameters": {"p": {"type": "STRING", "value": word}}}
        assert self.old.call("POST", f"{path}/config", body).status < 300
        self.settle()
        self.cid = next((c.correlation for _, c in self.ports.delivery.commands), 0)

    def leave(self) -> None:
        self.ports.delivery.live.discard(CLIENT)
        self.lifecycle("disconnected", "s-old")(self.instances[0])

    def vanish(self) -> None:
        """Its end is never told."""
        self.ports.delivery.live.discard(CLIENT)
        assert not self.knock(self.new, "application")

    def register(self) -> None:
        interface = {"connector": "mqtt", "definition": {"clientId": CLIENT}}
        assert self.new.call("POST", DEVICES, {"id": CLIENT, "interfaces": [interface]}).status < 300

    def time_out(self, instance: Instance) -> None:
        for command in [c for (t, _), c in self.ports.commands.rows.items() if t == self.old.tenant.id]:
            deadlines.settle(instance, {"tenant": command.tenant, "device": command.device, "command": command.id})

    def sweep(self, instance: Instance) -> None:
        deadlines.sweep(instance, everything=True)

    def pump(self, _: Instance) -> None:
        queues.pump(self.ports, {"tenant": self.old.tenant.id, "queue": "all"}, 60_000)

    def push(self, _: Instance) -> None:
        for each in list(self.ports.pushes.sent):
            pushing.push(self.ports, each)

    def speak(self, word: str) -> None:
        """The new device says something, which both instances hear."""
        for instance in self.instances:
            self.message("dev/data", {"v": {"is": word}}, "s-new")(instance)

    def reached(self) -> int:
        """How much the old tenant has sent to the client id up to now."""
        delivery = self.ports.delivery
        lists: list[Any] = [delivery.commands, delivery.updates, delivery.offers]
        mine: int = sum(
            route.client == CLIENT and thing.tenant == self.old.tenant.id for sent in lists for route, thing in sent
        )
        rest: list[tuple[Any, ...]] = [*delivery.queued, *delivery.sent]
        return mine + len([said for said in rest if said[0] == CLIENT])

    def audited(self, tenant: Client) -> list[str]:
        end = self.ports.clock.now() + 1
        return [e.reason for e in self.ports.audit.page(tenant.tenant.id, start=0, end=end, descending=True)]

    def check(self, old: str, new: str, reached: int, case: str) -> None:
        assert self.kept_of(self.new, old) == [], case
        assert self.kept_of(self.old, new) == [], case
        assert self.kept_of(self.new, "192.0.2.1") == [], case
        assert self.kept_of(self.new, "s-old") == [], case
        assert self.stored(self.new) == [{"is": new}, {"is": new}], case
        assert self.reached() == reached, case
        assert self.online(self.new), case
        assert not self.online(self.old), case
        posted = {
            (url, word) for url, _, body in self.ports.webhooks.posted for word in (old, new) if word in str(body)
        }
        assert not posted & {("https://hooks.example/new", old), ("https://hooks.example/old", new)}, case
