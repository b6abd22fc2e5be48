"""`notifyTo`: where changes of a command, a configuration or a resource are to be told."""

from chalicelib.dialects.live_objects import topics
from chalicelib.fleet.access.callers import Caller
from chalicelib.fleet.queues import queues

NOTIFY_TO = {
    "type": ["string", "null"],
    "maxLength": 255,
    "pattern": r"^(fifo|pubsub|router)/[^\s]+$",
    "description": "is fifo/…, pubsub/… or router/…",
}


def reached(caller: Caller | None, destination: str | None) -> str | None:
    """The destination, if that caller may fill it. Errors: Forbidden (its key names queues, and not this one)."""
    kind, _, name = (destination or "").partition("/")
    if caller is not None and kind == topics.FIFO:
        queues.ensure_within(caller, name)
    return destination
