"""A queue with its consumers, on the ports in memory."""

from dataclasses import dataclass, field

from chalicelib.fleet.access import keys
from chalicelib.fleet.access.roles import Role
from chalicelib.fleet.presence.claims import Claim
from chalicelib.fleet.queues import consuming, lifecycle, publishing, pumping, queues
from chalicelib.fleet.queues.records import Queue
from tests.fakes import MemoryPorts

TENANT = "tenant"
QUEUE = "alarms"


@dataclass
class QueueRig:
    """`publish` and `listen` do what a device and an application would; `pump` runs what was woken."""

    ports: MemoryPorts = field(default_factory=MemoryPorts)
    published: int = 0

    def __post_init__(self) -> None:
        lifecycle.create(self.ports, TENANT, QUEUE)
        self.key, _ = keys.mint(self.ports, TENANT, roles={Role.BUS_R})

    @property
    def queue(self) -> Queue:
        return queues.get(self.ports, TENANT, QUEUE)

    def publish(self, *payloads: str, queue: str = QUEUE) -> None:
        for payload in payloads:
            self.published += 1
            now, event = self.ports.clock.now(), f"event-{self.published}"
            publishing.publish(self.ports, TENANT, queue, payload.encode(), at=now, event=event)

    def claim(self, client: str = "app") -> Claim:
        claim = Claim(client, TENANT, "live_objects", "application", self.key.id, 0)
        self.ports.claims.put_new(claim)
        return claim

    def listen(self, client: str = "app", *names: str, session: str = "s1") -> None:
        claim, now = self.claim(client), self.ports.clock.now()
        consuming.connected(self.ports, claim, session, now)
        consuming.subscribed(self.ports, claim, session, frozenset(names or (QUEUE,)), now)

    def leave(self, client: str = "app", session: str = "s1") -> None:
        consuming.disconnected(self.ports, self.claim(client), session, self.ports.clock.now())

    def pump(self, seconds: int = 30) -> None:
        """Run every pump that was asked for, and those that these ask for."""
        while self.ports.background.pumps:
            tenant, name = self.ports.background.pumps.popleft()
            pumping.pump(self.ports, tenant, name, self.ports.clock.now() + seconds * 1000)

    def received(self, client: str | None = None) -> list[str]:
        """The payloads that were sent to a client, or to any, acknowledged or not."""
        return [payload.decode() for c, payload in self.ports.delivery.queued if client in (None, c)]

    def departures(self, client: str) -> list[int]:
        """When (ms) messages left for a client."""
        return [at for at, name in self.ports.delivery.left if name == client]

    def waiting(self) -> list[str]:
        return [m.payload.decode() for m in self.ports.queued.oldest(self.queue, self.ports.clock.now(), limit=1000)]
