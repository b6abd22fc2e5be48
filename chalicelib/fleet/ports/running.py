"""The broker, the clock, and work that goes on later."""

from contextlib import AbstractContextManager
from typing import Any, Protocol

from chalicelib.fleet.commands.records import Command, Terms
from chalicelib.fleet.configuration.records import Update
from chalicelib.fleet.ports.answers import Outcome
from chalicelib.fleet.presence.records import Route
from chalicelib.fleet.queues.records import QueuedMessage
from chalicelib.fleet.resources.updates import Offer


class Clock(Protocol):
    def now(self) -> int: ...


class RouteTerms(Protocol):
    def of(self, dialect: str, connector: str) -> Terms:
        """What an interface of that dialect and connector grants every command."""


class Delivery(Protocol):
    def command(self, route: Route, command: Command, timeout: int) -> Outcome: ...
    def configuration(self, route: Route, update: Update, timeout: int) -> Outcome: ...
    def resource(self, route: Route, offer: Offer, timeout: int) -> Outcome: ...
    def dispatch(self) -> AbstractContextManager["Dispatch"]:
        """For messages of a queue; leaving it waits for all that are under way."""

    def capabilities(self, route: Route) -> frozenset[str] | None:
        """What the broker says the client is subscribed to, as capabilities; None if it is not connected."""

    def message(self, route: Route, topic: str, payload: bytes, timeout: int) -> Outcome:
        """Any message to one client."""

    def filters(self, client: str) -> list[str] | None:
        """What the client's session is subscribed to, connected or kept; None if it has none."""

    def disconnect(self, client: str) -> None:
        """Without its will, and without what the broker kept of its session."""

    def connected(self, client: str) -> bool:
        """Whether the broker knows of a connection; also True where it cannot say now."""


class Dispatch(Protocol):
    """Messages under way side by side, each to be acknowledged; those to one client may overtake each other."""

    def send(self, route: Route, message: QueuedMessage) -> None:
        """Begin; what comes of it is told by `ended`."""

    def ended(self, wait_ms: int) -> list[tuple[QueuedMessage, Outcome]]:
        """Those that came to an end; waits up to `wait_ms` for the first. It takes that long where none is."""


class Deadlines(Protocol):
    def start(self, name: str, due: int, subject: dict[str, Any]) -> bool:
        """Whether it runs, now or already; starting the same twice starts one."""

    def stop(self, name: str) -> None: ...


class Background(Protocol):
    """Work that goes on after the caller was answered."""

    def deliver(self, tenant: str, device: str) -> bool:
        """Whether it will be done. If not, what waits stands in the store all the same."""

    def wake(self, tenant: str, gateway: str) -> bool:
        """The same for the devices that wait behind a gateway."""

    def disconnect(self, client: str) -> None: ...
    def fence(self, client: str, generation: int) -> None:
        """Do what the fence of that claim waits for, or see whether a client that is no device has gone."""

    def revoke(self, tenant: str, key: str, after: str | None = None) -> None:
        """Close all connections of a key, from the client `after` on."""

    def pump(self, tenant: str, queue: str) -> None: ...
    def purge(self, tenant: str, queue: str, queue_id: str) -> None: ...
