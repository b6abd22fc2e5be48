"""Downlinks by the transport of their route: each goes to who carries it, in the form that this transport takes."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING

from chalicelib.fleet.commands.records import BROKER
from chalicelib.fleet.ports import Carrier, Delivery, Dispatch, Outcome, RouteTerms

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from chalicelib.fleet.commands.records import Command
    from chalicelib.fleet.configuration.records import Update
    from chalicelib.fleet.presence.records import Route
    from chalicelib.fleet.resources.updates import Offer


class TransportDelivery:
    """`broker` carries MQTT; `others` make who carries the other transports, when the first downlink goes by one."""

    def __init__(
        self, terms: RouteTerms, broker: Delivery, others: Mapping[str, Callable[[], Carrier]] | None = None
    ) -> None:
        self._terms = terms
        self._broker = broker
        self._others = {name: cache(make) for name, make in (others or {}).items()}

    def command(self, route: "Route", command: "Command", timeout: int) -> Outcome:
        carrier = self._carrier(route)
        return carrier.command(route, command, timeout) if carrier else Outcome.ABSENT

    def configuration(self, route: "Route", update: "Update", timeout: int) -> Outcome:
        carrier = self._carrier(route)
        return carrier.configuration(route, update, timeout) if carrier else Outcome.ABSENT

    def resource(self, route: "Route", offer: "Offer", timeout: int) -> Outcome:
        carrier = self._carrier(route)
        return carrier.resource(route, offer, timeout) if carrier else Outcome.ABSENT

    def announce(self, route: "Route") -> None:
        carrier = self._carrier(route)
        if carrier is not None:
            carrier.announce(route)

    def capabilities(self, route: "Route") -> frozenset[str] | None:
        carrier = self._carrier(route)
        return carrier.capabilities(route) if carrier else None

    def dispatch(self) -> "AbstractContextManager[Dispatch]":
        return self._broker.dispatch()

    def message(self, route: "Route", topic: str, payload: bytes, timeout: int, *, response: str = "") -> Outcome:
        return self._broker.message(route, topic, payload, timeout, response=response)

    def filters(self, client: str) -> list[str] | None:
        return self._broker.filters(client)

    def disconnect(self, client: str) -> None:
        self._broker.disconnect(client)

    def connected(self, client: str) -> bool:
        return self._broker.connected(client)

    def _carrier(self, route: "Route") -> Carrier | None:
        """None where nobody carries it: whoever is reached by polling alone is never there for a downlink."""
        transport = self._terms.of(route.dialect, route.connector).transport
        if transport == BROKER:
            return self._broker
        make = self._others.get(transport)
        return make() if make is not None else None
