"""Whatever crashes, gets lost or comes twice: what was published is acknowledged by somebody in the end."""

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

import pytest

from chalicelib.fleet.ports import Outcome
from chalicelib.fleet.presence.records import Route
from chalicelib.fleet.queues import consuming, publishing, pumping
from chalicelib.fleet.queues.consumers import Link
from chalicelib.fleet.queues.records import LEASE, Queue, QueuedMessage
from tests.fakes import MemoryPorts, ScriptedDelivery
from tests.fakes.queues import MemoryConsumers, MemoryQueued, MemoryQueues
from tests.fleet.queue_rig import QUEUE, TENANT, QueueRig


class Crashed(Exception):
    """The process that did this is gone."""


@dataclass
class Chaos:
    """`step` is where a process may die; once `calm` nothing goes wrong any more."""

    random: Random
    calm: bool = False

    def happens(self, chance: float) -> bool:
        return not self.calm and self.random.random() < chance

    def step(self) -> None:
        if self.happens(0.03):
            raise Crashed


class FragileQueues(MemoryQueues):
    chaos: Chaos

    def release(self, queue: Queue, holder: str) -> None:
        self.chaos.step()
        super().release(queue, holder)
        self.chaos.step()

    def attend(self, tenant: str, queue: str, *, attended: bool) -> Queue | None:
        self.chaos.step()
        return super().attend(tenant, queue, attended=attended)


class FragileQueued(MemoryQueued):
    chaos: Chaos

    def put(self, *messages: QueuedMessage) -> None:
        self.chaos.step()
        super().put(*messages)
        self.chaos.step()

    def delete(self, message: QueuedMessage) -> None:
        self.chaos.step()
        super().delete(message)


class FragileConsumers(MemoryConsumers):
    chaos: Chaos

    def link(self, link: Link) -> None:
        self.chaos.step()
        super().link(link)


@dataclass
class Broker(ScriptedDelivery):
    """Clients that are there acknowledge, mostly."""

    chaos: Chaos = field(default_factory=lambda: Chaos(Random(0)))
    there: set[str] = field(default_factory=set)
    acknowledged: list[str] = field(default_factory=list)

    def of_queue(self, route: Route, message: QueuedMessage) -> Outcome:
        self.chaos.step()
        if route.client not in self.there:
            return Outcome.ABSENT
        if self.chaos.happens(0.1):
            return self.chaos.random.choice([Outcome.BUSY, Outcome.UNCONFIRMED])
        self.acknowledged.append(message.payload.decode())
        return Outcome.UNCONFIRMED if self.chaos.happens(0.05) else Outcome.CONFIRMED

    def capabilities(self, route: Route) -> frozenset[str] | None:
        return frozenset({QUEUE}) if route.client in self.there else None


class Story:
    """Publishers and two applications that come and go, on ports that crash."""

    def __init__(self, seed: int) -> None:
        self.chaos = Chaos(Random(seed), calm=True)
        ports = MemoryPorts(seed)
        ports.queues, ports.queued, ports.consumers = FragileQueues(), FragileQueued(), FragileConsumers()
        ports.queues.chaos = ports.queued.chaos = ports.consumers.chaos = self.chaos
        self.broker = Broker(ports.clock, chaos=self.chaos)
        ports.delivery = self.broker
        self.ports, self.rig = ports, QueueRig(ports)
        self.sessions = 0
        self.published: list[str] = []
        self.chaos.calm = False

    def run(self, steps: int) -> None:
        for _ in range(steps):
            self.chaos.random.choice([self.publish, self.publish, self.come, self.go, self.pump, self.pump])()
            self.ports.clock.advance(ms=self.chaos.random.randint(0, 3000))

    def publish(self) -> None:
        text, at = str(len(self.published)), self.ports.clock.now()
        self.published.append(text)
        self._insist(lambda: publishing.publish(self.ports, TENANT, QUEUE, text.encode(), at=at, event=text))

    def come(self) -> None:
        client, at = self.chaos.random.choice(["one", "two"]), self.ports.clock.now()
        self.sessions += 1
        session, claim = f"s{self.sessions}", self.rig.claim(client)
        self.broker.there.add(client)
        self._insist(lambda: consuming.connected(self.ports, claim, session, at))
        self._insist(lambda: consuming.subscribed(self.ports, claim, session, frozenset({QUEUE}), at))

    def go(self) -> None:
        client = self.chaos.random.choice(["one", "two"])
        consumer = self.ports.consumers.get(TENANT, client)
        self.broker.there.discard(client)
        if consumer is not None and consumer.presence.session:
            session, claim, at = consumer.presence.session, self.rig.claim(client), self.ports.clock.now()
            self._insist(lambda: consuming.disconnected(self.ports, claim, session, at))

    def pump(self) -> None:
        while self.ports.background.pumps:
            self.ports.background.pumps.popleft()
            if self.chaos.happens(0.2):
                continue  # the invocation was lost
            self._try(lambda: pumping.pump(self.ports, TENANT, QUEUE, self.ports.clock.now() + 10_000))

    def settle(self) -> None:
        """An application stays, nothing fails any more, and the sweep comes by."""
        self.chaos.calm = True
        self.come()
        for _ in range(3):
            self.ports.clock.advance(ms=LEASE)
            publishing.sweep(self.ports)
            self.pump()

    def _insist(self, work: Callable[[], object]) -> None:
        """Lambda repeats what failed."""
        while not self._try(work):
            self.ports.clock.advance(ms=1)

    def _try(self, work: Callable[[], object]) -> bool:
        try:
            work()
        except Crashed:
            return False
        return True


@pytest.mark.parametrize("seed", range(60))
def test_nothing_that_was_published_is_lost(seed: int) -> None:
    story = Story(seed)
    story.run(150)
    story.settle()
    assert set(story.broker.acknowledged) == set(story.published)
    assert story.rig.waiting() == []
