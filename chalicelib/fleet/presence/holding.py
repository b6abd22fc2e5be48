"""Whose an event is: whoever held its client id when the broker took it."""

import logging
from typing import Any

from chalicelib.fleet.frozen import dataclass
from chalicelib.fleet.ports import Outcome, Ports
from chalicelib.fleet.presence.claims import Claim, passing, vouched
from chalicelib.fleet.presence.records import MQTT, Route
from chalicelib.fleet.tenancy import audit

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Held:
    """`present` says whether the client id is still that holder's."""

    claim: Claim
    present: bool

    def ports(self, ports: Ports) -> Ports:
        """As this holder may use them: who holds the id no more is sent nothing under it."""
        return ports if self.present else _Absent(ports, self.claim.client)


def of(ports: Ports, client: str, at: int, principal: str = "") -> Held | None:
    """`principal` is what the broker vouches for, where it does. None where nobody held the id, or nobody known."""
    by = passing(client, principal, at)
    if by is not None:
        return Held(by, present=True)
    claim = ports.claims.get(client)
    found = claim.holder(at, principal, ports.clock.now()) if claim else None
    if claim is not None and found is None:
        # It may have changed hands since it was read last.
        claim = ports.claims.current(client)
        found = claim.holder(at, principal, ports.clock.now()) if claim else None
    return Held(found, present=found is claim) if found is not None else None


def drop(ports: Ports, client: str, principal: str, *, at: int, event: str, content: dict[str, Any]) -> None:
    """Something that is nobody's, told to the audit log of the tenant that the broker names, if it names one."""
    told = vouched(principal)
    # Strangers whom nobody let in say so too, as often as they like.
    log.info("an event of %r from %d is nobody's and was dropped", client, at)
    if told is not None:
        audit.refuse(
            ports,
            told.tenant,
            at=at,
            event=event,
            reason="the client id belonged to somebody else, or to nobody who is remembered",
            source={"client": client, "connector": MQTT},
            content=content,
        )


class _Absent:
    """Ports on which one client is not connected."""

    def __init__(self, ports: Ports, client: str) -> None:
        self._ports = ports
        self.delivery = _Delivery(ports, client)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ports, name)


class _Delivery:
    def __init__(self, ports: Ports, client: str) -> None:
        self._ports = ports
        self._client = client

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ports.delivery, name)

    def message(self, route: Route, topic: str, payload: bytes, timeout: int, *, response: str = "") -> Outcome:
        if route.client == self._client:
            return Outcome.ABSENT
        return self._ports.delivery.message(route, topic, payload, timeout, response=response)

    def filters(self, client: str) -> list[str] | None:
        return None if client == self._client else self._ports.delivery.filters(client)

    def capabilities(self, route: Route) -> frozenset[str] | None:
        return None if route.client == self._client else self._ports.delivery.capabilities(route)
