"""The form in which every dialect writes down its topics; policies, rules and capabilities are derived from it."""

from dataclasses import dataclass
from enum import Enum

from chalicelib.fleet.presence import Capability


class Direction(Enum):
    UP = "client to platform"
    DOWN = "platform to client"


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic (or filter) of one mode.

    `handler` names what receives an uplink; a subscription to a downlink topic announces `capability`.
    """

    filter: str
    direction: Direction
    mode: str
    handler: str | None = None
    capability: Capability | None = None


@dataclass(frozen=True, slots=True)
class Downlink:
    """A message as a client will see it."""

    topic: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class Uplink:
    """A message as a client sent it: `at` is when the broker took it (ms), `event` names it."""

    topic: str
    payload: bytes
    at: int
    event: str


def matches(pattern: str, topic: str) -> bool:
    """MQTT 3.1.1 chapter 4.7."""
    levels, names = pattern.split("/"), topic.split("/")
    for position, level in enumerate(levels):
        if level == "#":
            return True
        if position >= len(names) or level not in ("+", names[position]):
            return False
    return len(levels) == len(names)
