"""A broker that follows a script, timers and background work that are only listed."""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from chalicelib.dialects import registry
from chalicelib.dialects.granting import DialectTerms
from chalicelib.fleet.commands.records import Command, Terms
from chalicelib.fleet.configuration.records import Update
from chalicelib.fleet.ports import Outcome
from chalicelib.fleet.presence.records import Route
from chalicelib.fleet.queues.records import QueuedMessage
from chalicelib.fleet.resources.updates import Offer
from tests.fakes.clock import SetClock

Id = tuple[str, str]


@dataclass
class SetTerms:
    """Those of the dialects there are; `known` are those of others, the usual ones where they are not set."""

    known: dict[str, Terms] = field(default_factory=dict)

    def of(self, dialect: str, connector: str) -> Terms:
        if dialect in registry.NAMES:
            return DialectTerms().of(dialect, connector)
        return self.known.get(f"{dialect}/{connector}") or self.known.get(dialect) or Terms()


@dataclass
class ScriptedDelivery:
    """Answers with what `outcomes` holds next, else CONFIRMED; `meanwhile` runs while the downlink is under way.

    `live` are the clients that GetConnection tells of.
    `subscriptions` is what the broker would list for a client: absent = not connected. Who is in `gone` gets nothing.
    Messages of queues take the ms that `takes` gives a client, while the clock goes on; who is `mute` never
    acknowledges one. `queued` are those that left, `left` when (ms) and to whom.
    """

    clock: SetClock = field(default_factory=SetClock)
    outcomes: deque[Outcome] = field(default_factory=deque)
    subscriptions: dict[str, frozenset[str]] = field(default_factory=dict)
    sessions: dict[str, list[str]] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    sent: list[tuple[str, str, bytes]] = field(default_factory=list)
    responses: dict[str, str] = field(default_factory=dict)
    """By the topics on which messages were sent: where they are to be answered."""
    commands: list[tuple[Route, Command]] = field(default_factory=list)
    updates: list[tuple[Route, Update]] = field(default_factory=list)
    announced: list[Route] = field(default_factory=list)
    offers: list[tuple[Route, Offer]] = field(default_factory=list)
    takes: dict[str, int] = field(default_factory=dict)
    mute: set[str] = field(default_factory=set)
    queued: list[tuple[str, bytes]] = field(default_factory=list)
    left: list[tuple[int, str]] = field(default_factory=list)
    timeouts: list[int] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    disconnected: list[str] = field(default_factory=list)
    live: set[str] = field(default_factory=set)
    meanwhile: Callable[[], object] = lambda: None
    later: Callable[[], object] = lambda: None
    """Runs before time is waited away."""

    def command(self, route: Route, command: Command, timeout: int) -> Outcome:
        self.commands.append((route, command))
        return self._outcome(timeout)

    def configuration(self, route: Route, update: Update, timeout: int) -> Outcome:
        self.updates.append((route, update))
        return self._outcome(timeout)

    def resource(self, route: Route, offer: Offer, timeout: int) -> Outcome:
        self.offers.append((route, offer))
        return self._outcome(timeout)

    def announce(self, route: Route) -> None:
        self.announced.append(route)

    def dispatch(self) -> "ScriptedDispatch":
        return ScriptedDispatch(self)

    def of_queue(self, route: Route, message: QueuedMessage) -> Outcome:  # noqa: ARG002
        """What becomes of a message of a queue once its client took its time."""
        return Outcome.UNCONFIRMED if route.client in self.mute else self._outcome(0)

    def capabilities(self, route: Route) -> frozenset[str] | None:
        self.asked.append(route.client)
        return self.subscriptions.get(route.client)

    def message(self, route: Route, topic: str, payload: bytes, timeout: int, *, response: str = "") -> Outcome:
        outcome = Outcome.ABSENT if route.client in self.gone else self._outcome(timeout)
        if outcome is Outcome.CONFIRMED:
            self.sent.append((route.client, topic, payload))
            self.responses[topic] = response
        return outcome

    def filters(self, client: str) -> list[str] | None:
        return self.sessions.get(client)

    def disconnect(self, client: str) -> None:
        self.disconnected.append(client)
        self.live.discard(client)

    def connected(self, client: str) -> bool:
        return client in self.live

    def _outcome(self, timeout: int) -> Outcome:
        self.timeouts.append(timeout)
        meanwhile, self.meanwhile = self.meanwhile, lambda: None
        meanwhile()
        return self.outcomes.popleft() if self.outcomes else Outcome.CONFIRMED


@dataclass
class ScriptedDispatch:
    """Messages under way side by side, in the time of the clock that is set."""

    delivery: ScriptedDelivery
    flying: list[tuple[int, Route, QueuedMessage]] = field(default_factory=list)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return

    def send(self, route: Route, message: QueuedMessage) -> None:
        now = self.delivery.clock.now()
        self.delivery.queued.append((route.client, message.payload))
        self.delivery.left.append((now, route.client))
        self.flying.append((now + self.delivery.takes.get(route.client, 0), route, message))

    def ended(self, wait_ms: int) -> list[tuple[QueuedMessage, Outcome]]:
        clock = self.delivery.clock
        later, self.delivery.later = self.delivery.later, lambda: None
        later()
        until = min([clock.now() + wait_ms, *(due for due, *_ in self.flying)])
        clock.at = max(clock.at, until)
        done = [flight for flight in self.flying if flight[0] <= clock.at]
        self.flying = [flight for flight in self.flying if flight[0] > clock.at]
        return [(message, self.delivery.of_queue(route, message)) for _, route, message in done]


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
    fences: deque[tuple[str, int]] = field(default_factory=deque)
    revocations: list[tuple[str, str, str | None]] = field(default_factory=list)
    pumps: deque[Id] = field(default_factory=deque)
    purges: list[tuple[str, str, str]] = field(default_factory=list)
    matters: list[tuple[str, Mapping[str, Any], int]] = field(default_factory=list)

    def deliver(self, tenant: str, device: str) -> bool:
        if not self.failing:
            self.deliveries.append((tenant, device))
        return not self.failing

    def wake(self, tenant: str, gateway: str) -> bool:
        if not self.failing:
            self.wakes.append((tenant, gateway))
        return not self.failing

    def disconnect(self, client: str, tenant: str | None = None) -> None:  # noqa: ARG002 - asked when it is done
        self.disconnects.append(client)

    def fence(self, client: str, generation: int) -> None:
        self.fences.append((client, generation))

    def revoke(self, tenant: str, key: str, after: str | None = None) -> None:
        self.revocations.append((tenant, key, after))

    def pump(self, tenant: str, queue: str) -> None:
        self.pumps.append((tenant, queue))

    def purge(self, tenant: str, queue: str, queue_id: str) -> None:
        self.purges.append((tenant, queue, queue_id))

    def later(self, dialect: str, matter: Mapping[str, Any], seconds: int) -> None:
        self.matters.append((dialect, matter, seconds))


@dataclass
class ListedCoapGateways:
    uri: str = "coaps://lwm2m.example.com:5684"
    woken: list[str] = field(default_factory=list)
    forgotten: list[str] = field(default_factory=list)

    def wake(self, principal: str) -> None:
        self.woken.append(principal)

    def forget(self, principal: str) -> None:
        self.forgotten.append(principal)


@dataclass
class ListedPostponed:
    """Those that wait; `full` takes none. `resumed` counts how often somebody let them go on."""

    waiting: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)
    full: bool = False
    resumed: int = 0

    def put(self, function: str, event: Mapping[str, Any]) -> bool:
        if not self.full:
            self.waiting.append((function, event))
        return not self.full

    def resume(self, _until: int) -> int:
        self.resumed += 1
        gone, self.waiting = len(self.waiting), []
        return gone
