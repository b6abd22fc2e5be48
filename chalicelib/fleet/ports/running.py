"""The broker, the clock, and work that goes on later."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Protocol

from chalicelib.fleet.ports.answers import Outcome

if TYPE_CHECKING:
    from chalicelib.fleet.commands.records import Command
    from chalicelib.fleet.configuration.records import Update
    from chalicelib.fleet.presence.records import Route
    from chalicelib.fleet.queues.records import QueuedMessage
    from chalicelib.fleet.resources.updates import Offer


class Clock(Protocol):
    def now(self) -> int: ...


class Carrier(Protocol):
    """One transport: it takes downlinks to devices in the form that it carries. Time-outs are in seconds."""

    def command(self, route: Route, command: Command, timeout: int) -> Outcome: ...
    def configuration(self, route: Route, update: Update, timeout: int) -> Outcome: ...
    def resource(self, route: Route, offer: Offer, timeout: int) -> Outcome: ...
    def announce(self, route: Route) -> None:
        """Something waits that the device takes by itself; where that is not heard, it finds out when it comes."""

    def capabilities(self, route: Route) -> frozenset[str] | None:
        """What the device listens to just now; None if it is not there."""


class Delivery(Carrier, Protocol):
    """Whatever is sent, by the transport of its route. Messages and connections of clients are MQTT's."""

    def dispatch(self) -> AbstractContextManager[Dispatch]:
        """For messages of a queue; leaving it waits for all that are under way."""

    def message(self, route: Route, topic: str, payload: bytes, timeout: int, *, response: str = "") -> Outcome:
        """Any message to one client; `response` is the topic on which it is to answer, for a client of MQTT 5."""

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


class Background(Protocol):
    """Work that goes on after the caller was answered."""

    def deliver(self, tenant: str, device: str) -> bool:
        """Whether it will be done. If not, what waits stands in the store all the same."""

    def wake(self, tenant: str, gateway: str) -> bool:
        """The same for the devices that wait behind a gateway."""

    def disconnect(self, client: str, tenant: str | None = None) -> None:
        """Close its connection; where a tenant is named, as long as the client id is that tenant's."""

    def fence(self, client: str, generation: int) -> None:
        """Do what the fence of that claim waits for, or see whether a client that is no device has gone."""

    def revoke(self, tenant: str, key: str, after: str | None = None) -> None:
        """Close all connections of a key, from the client `after` on."""

    def pump(self, tenant: str, queue: str) -> None: ...
    def purge(self, tenant: str, queue: str, queue_id: str) -> None: ...
    def later(self, dialect: str, matter: Mapping[str, Any], seconds: int) -> None:
        """Have the dialect look at something again after so long; it is JSON of at most 200 KB, and may come twice."""


class Postponed(Protocol):
    """Events of functions for which there was no room just now."""

    def put(self, function: str, event: Mapping[str, Any]) -> bool:
        """Whether it will come again, a little later."""

    def resume(self, until: int) -> int:
        """Let those whose time has come go on, up to `until` (ms); how many they were."""


class RunningPorts(Protocol):
    @property
    def clock(self) -> Clock: ...
    @property
    def delivery(self) -> Delivery: ...
    @property
    def background(self) -> Background: ...
    @property
    def postponed(self) -> Postponed: ...
    def new_id(self, at: int) -> str: ...
    def chance(self, count: int) -> bytes: ...
    def pause(self, ms: int) -> None:
        """Do nothing for so long."""
