"""What is told to others, written by the dialect that it is meant for."""

from chalicelib.dialects import registry
from chalicelib.fleet.events import Event

NAMING = "live_objects"
"""The dialect whose requests name where they want to be told."""


class DialectFormats:
    def event(self, dialect: str | None, event: Event) -> bytes:
        return registry.events(dialect or NAMING).render(event)

    def is_queue(self, kind: str) -> bool:
        return registry.events(NAMING).is_queue(kind)
