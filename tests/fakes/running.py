"""A broker that follows a script, timers and background work that are only listed."""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from chalicelib.fleet.commands import Command
from chalicelib.fleet.configuration import Update
from chalicelib.fleet.ports import Outcome
from chalicelib.fleet.presence import Route
from chalicelib.fleet.queues import QueuedMessage
from chalicelib.fleet.resources import Offer

Id = tuple[str, str]


@dataclass
class ScriptedDelivery:
    """Answers with what `outcomes` holds next, else CONFIRMED; `meanwhile` runs while the downlink is under way.

    `subscriptions` is what the broker would list for a client: absent = not connected. Who is in `gone` gets nothing.
    """

    outcomes: deque[Outcome] = field(default_factory=deque)
    subscriptions: dict[str, frozenset[str]] = field(default_factory=dict)
    sessions: dict[str, list[str]] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    sent: list[tuple[str, str, bytes]] = field(default_factory=list)
    commands: list[tuple[Route, Command]] = field(default_factory=list)
    updates: list[tuple[Route, Update]] = field(default_factory=list)
    offers: list[tuple[Route, Offer]] = field(default_factory=list)
    queued: list[tuple[str, bytes]] = field(default_factory=list)
    timeouts: list[int] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    disconnected: list[str] = field(default_factory=list)
    meanwhile: Callable[[], object] = lambda: None

    def command(self, route: Route, command: Command, timeout: int) -> Outcome:
        self.commands.append((route, command))
        return self._outcome(timeout)

    def configuration(self, route: Route, update: Update, timeout: int) -> Outcome:
        self.updates.append((route, update))
        return self._outcome(timeout)

    def resource(self, route: Route, offer: Offer, timeout: int) -> Outcome:
        self.offers.append((route, offer))
        return self._outcome(timeout)

    def messages(self, batch: Sequence[tuple[Route, QueuedMessage]], interval: int) -> list[Outcome]:
        self.queued += [(route.client, message.payload) for route, message in batch]
        return [self._outcome(interval) for _ in batch]

    def capabilities(self, route: Route) -> frozenset[str] | None:
        self.asked.append(route.client)
        return self.subscriptions.get(route.client)

    def message(self, route: Route, topic: str, payload: bytes, timeout: int) -> Outcome:
        outcome = Outcome.ABSENT if route.client in self.gone else self._outcome(timeout)
        if outcome is Outcome.CONFIRMED:
            self.sent.append((route.client, topic, payload))
        return outcome

    def filters(self, client: str) -> list[str] | None:
        return self.sessions.get(client)

    def disconnect(self, client: str) -> None:
        self.disconnected.append(client)

    def _outcome(self, timeout: int) -> Outcome:
        self.timeouts.append(timeout)
        meanwhile, self.meanwhile = self.meanwhile, lambda: None
        meanwhile()
        return self.outcomes.popleft() if self.outcomes else Outcome.CONFIRMED


@dataclass
class ListedDeadlines:
    """`running` are those started and not stopped; with `failing` none can be started."""

    running: dict[str, tuple[int, Mapping[str, Any]]] = field(default_factory=dict)
    failing: bool = False

    def start(self, name: str, due: int, subject: dict[str, Any]) -> bool:
        if not self.failing:
            self.running[name] = (due, subject)
        return not self.failing

    def stop(self, name: str) -> None:
        self.running.pop(name, None)


@dataclass
class QueuedBackground:
    """With `failing` nothing is taken on for later."""

    failing: bool = False
    wakes: deque[Id] = field(default_factory=deque)
    deliveries: deque[Id] = field(default_factory=deque)
    disconnects: list[str] = field(default_factory=list)
    revocations: list[tuple[str, str, str | None]] = field(default_factory=list)
    pumps: deque[Id] = field(default_factory=deque)
    purges: list[tuple[str, str, str]] = field(default_factory=list)

    def deliver(self, tenant: str, device: str) -> bool:
        if not self.failing:
            self.deliveries.append((tenant, device))
        return not self.failing

    def wake(self, tenant: str, gateway: str) -> bool:
        if not self.failing:
            self.wakes.append((tenant, gateway))
        return not self.failing

    def disconnect(self, client: str) -> None:
        self.disconnects.append(client)

    def revoke(self, tenant: str, key: str, after: str | None = None) -> None:
        self.revocations.append((tenant, key, after))

    def pump(self, tenant: str, queue: str) -> None:
        self.pumps.append((tenant, queue))

    def purge(self, tenant: str, queue: str, queue_id: str) -> None:
        self.purges.append((tenant, queue, queue_id))
