"""What is told to others, written by the dialect that it is meant for."""

from chalicelib.dialects import registry
from chalicelib.fleet.events.events import Event
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.presence.claims import Claim

NAMING = "live_objects"
"""The dialect whose requests name where they want to be told."""


class DialectFormats:
    def event(self, dialect: str | None, event: Event) -> bytes:
        return registry.events(dialect or NAMING).render(event)

    def is_queue(self, kind: str) -> bool:
        return registry.events(NAMING).is_queue(kind)


class DialectListeners:
    def __init__(self, ports: Ports) -> None:
        self._ports = ports

    def hear(self, dialect: str, event: Event) -> None:
        registry.listener(dialect).hear(self._ports, event)

    def fenced(self, claim: Claim, at: int) -> None:
        observer = registry.observer(claim.dialect)
        if observer is not None:
            observer.fenced(self._ports, claim, at)
