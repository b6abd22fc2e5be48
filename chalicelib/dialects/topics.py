"""The form in which every dialect writes down its topics; policies, rules and capabilities are derived from it."""

from collections.abc import Collection, Iterable
from enum import Enum

from chalicelib.fleet.access.roles import Role
from chalicelib.fleet.frozen import dataclass
from chalicelib.fleet.presence.records import Capability, named_filter

OWN = "${iot:ClientId}"
"""What stands in policies for the client's own name."""
_BASIC_INGEST = "$aws/rules/"
_IN_FRONT = 3
"""Levels of a topic of Basic Ingest that name the rule."""


class Direction(Enum):
    UP = "client to platform"
    DOWN = "platform to client"


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic (or filter) of one mode.

    `handler` names what receives an uplink; a subscription to a downlink topic announces `capability`. Where `queues`,
    the last level names a queue, and whoever subscribes to one is its consumer. `role` is what a key needs to be told
    what passes there, where the mode alone does not say. Of a `named` one the very filters that a client subscribes to
    are remembered, behind the capability that they announce: on which of several topics it is told depends on them.
    Of one that names the client, `own` is which level does so: others than its own it may not use.
    """

    filter: str
    direction: Direction
    mode: str
    handler: str | None = None
    capability: Capability | None = None
    queues: bool = False
    role: Role | None = None
    named: bool = False
    own: int | None = None

    @property
    def resource(self) -> str:
        """As a resource of an IoT policy."""
        levels = resource(self.filter).split("/")
        return "/".join(OWN if place == self.own else level for place, level in enumerate(levels))

    @property
    def root(self) -> str | None:
        """What begins with the client's own name, as such a resource; None where it does not name the client."""
        return None if self.own is None else "/".join(self.resource.split("/")[: self.own + 1])


@dataclass(frozen=True, slots=True)
class Downlink:
    """What MQTT carries: a message as a client will see it; `answerable` is False where it has no way to answer it.

    `response` is the topic on which MQTT 5 asks for an answer. `beside` says the same on other topics that the client
    listens to: what it acknowledges first counts.
    """

    topic: str
    payload: bytes
    answerable: bool = True
    response: str = ""
    beside: tuple["Downlink", ...] = ()


@dataclass(frozen=True, slots=True)
class Uplink:
    """A message as a client sent it: `at` is when the broker took it (ms), `event` names it, `sender` its key."""

    topic: str
    payload: bytes
    at: int
    event: str
    sender: str | None = None


def rule(topic: str) -> str:
    """The topic rule, without application and stage, that takes what clients publish on it."""
    return f"uplink_{topic.partition('/')[0].replace('-', '_')}"


def ingested(rules: str, topic: str) -> str:
    """The same topic by Basic Ingest; `rules` is what names of topic rules begin with in that stage.

    The client names the rule itself: nobody else is told, and IoT Core bills no message (AWS IoT developer guide,
    "Basic Ingest").
    """
    return f"{_BASIC_INGEST}{rules}{rule(topic)}/{topic}"


def bare(topic: str) -> str:
    """A message's topic as its client means it, whether or not the broker took off what Basic Ingest puts before it."""
    levels = topic.split("/", _IN_FRONT)
    return levels[_IN_FRONT] if topic.startswith(_BASIC_INGEST) and len(levels) > _IN_FRONT else topic


def overlap(one: str, other: str) -> bool:
    """Whether a topic name exists that both filters match."""
    for a, b in zip(one.split("/"), other.split("/"), strict=False):
        if "#" in (a, b):
            return True
        if a != b and "+" not in (a, b):
            return False
    return one.count("/") == other.count("/")


def announced(topics: Iterable[Topic], filters: Collection[str], mode: str | None = None) -> frozenset[str]:
    """What subscribing to these filters makes a client of that mode (or of any) capable of, or a consumer of."""
    every = tuple(topics)
    named = frozenset(
        named_filter(topic.capability, name) for topic in every for name in filters if _is_named(topic, name, mode)
    )
    return (
        named
        | consumed(every, filters, mode)
        | frozenset(
            topic.capability
            for topic in every
            if topic.capability
            and topic.direction is Direction.DOWN
            and mode in (None, topic.mode)
            and any(overlap(topic.filter, subscribed) for subscribed in filters)
        )
    )


def _is_named(topic: Topic, filter_: str, mode: str | None) -> bool:
    return topic.named and mode in (None, topic.mode) and overlap(topic.filter, filter_)


def consumed(topics: Iterable[Topic], filters: Collection[str], mode: str | None = None) -> frozenset[str]:
    """The queues that these filters name; one with a wildcard names none."""
    return frozenset(
        name.rpartition("/")[2]
        for topic in topics
        if topic.queues and mode in (None, topic.mode)
        for name in filters
        if matches(topic.filter, name) and not name.endswith("/") and not {"+", "#"} & set(name)
    )


def resource(pattern: str) -> str:
    """A filter as a resource of an IoT policy, where `*` stands for any characters and `+` and `#` for themselves."""
    return "/".join("*" if level in ("+", "#") else level for level in pattern.split("/"))


def matches(pattern: str, topic: str) -> bool:
    """MQTT 3.1.1 chapter 4.7."""
    levels, names = pattern.split("/"), topic.split("/")
    for position, level in enumerate(levels):
        if level == "#":
            return True
        if position >= len(names) or level not in ("+", names[position]):
            return False
    return len(levels) == len(names)
