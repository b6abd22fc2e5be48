"""Topic names, topic filters and the tree of subscriptions: MQTT 3.1.1 chapter 4.7."""

from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from .body import ProtocolViolation

Key = TypeVar("Key", bound=Hashable)


def check_filter(topic_filter: str) -> None:
    """Raise `ProtocolViolation` for a filter that chapter 4.7.1 forbids."""
    if not topic_filter:
        raise ProtocolViolation("an empty topic filter [MQTT-4.7.3-1]")
    levels = topic_filter.split("/")
    if any("+" in level and level != "+" for level in levels):
        raise ProtocolViolation("'+' shares its level [MQTT-4.7.1-3]")
    if any("#" in level and level != "#" for level in levels) or "#" in levels[:-1]:
        raise ProtocolViolation("'#' is not the last level [MQTT-4.7.1-2]")


def has_wildcard(topic_filter: str) -> bool:
    return "+" in topic_filter or "#" in topic_filter


def matches(topic_filter: str, topic: str, *, parent: bool) -> bool:
    """Whether the filter covers the topic; `parent`: whether `a/#` covers `a` itself.

    It does in MQTT [MQTT-4.7.1-2]; AWS IoT Core's documentation says that there it does not.
    """
    if topic[:1] == "$" and topic_filter[:1] in ("+", "#"):  # [MQTT-4.7.2-1]
        return False
    wanted, levels = topic_filter.split("/"), topic.split("/")
    for index, level in enumerate(wanted):
        if level == "#":
            return index < len(levels) or parent
        if index >= len(levels) or level not in ("+", levels[index]):
            return False
    return len(wanted) == len(levels)


NO_LOCAL, RETAIN_AS_PUBLISHED, QOS_SHIFT = 1, 2, 2


def grant(qos: int, options: int = 0) -> int:
    """What a subscription gets, so that of two the one with the higher QoS is the greater; `options` as in MQTT 5."""
    return qos << QOS_SHIFT | options >> 2 & 3


@dataclass(slots=True)
class _Node(Generic[Key]):
    children: dict[str, "_Node[Key]"] = field(default_factory=dict)
    entries: dict[Key, int] = field(default_factory=dict)


class SubscriptionTree(Generic[Key]):
    """Filters by level, each with a number for each subscriber; a match costs O(levels), not O(filters).

    The number is that of `grant`, which begins with the QoS.
    """

    def __init__(self, *, parent: bool) -> None:
        self._root: _Node[Key] = _Node()
        self._parent = parent

    def add(self, topic_filter: str, key: Key, qos: int) -> None:
        node = self._root
        for level in topic_filter.split("/"):
            node = node.children.setdefault(level, _Node())
        node.entries[key] = qos

    def discard(self, topic_filter: str, key: Key) -> None:
        path = [self._root]
        levels = topic_filter.split("/")
        for level in levels:
            child = path[-1].children.get(level)
            if child is None:
                return
            path.append(child)
        path[-1].entries.pop(key, None)
        for parent, level in zip(reversed(path[:-1]), reversed(levels), strict=True):
            node = parent.children[level]
            if node.entries or node.children:
                return
            del parent.children[level]

    def match(self, topic: str, publisher: Key | None = None) -> dict[Key, int]:
        """Each subscriber once, with the highest QoS of its matching filters [MQTT-3.3.5-1].

        A subscription with No Local does not match what its holder publishes [MQTT-3.8.3-3].
        """
        found: dict[Key, int] = {}
        if not self._root.children:
            return found
        for node in self._nodes(self._root, topic.split("/"), 0, wild=topic[:1] != "$"):
            for key, qos in node.entries.items():
                if qos & NO_LOCAL and key == publisher:
                    continue
                if qos > found.get(key, -1):
                    found[key] = qos
        return found

    def _nodes(self, node: _Node[Key], levels: list[str], index: int, *, wild: bool) -> Iterator[_Node[Key]]:
        last = index == len(levels)
        if wild and (not last or self._parent) and (rest := node.children.get("#")):
            yield rest
        if last:
            yield node
            return
        if (child := node.children.get(levels[index])) is not None:
            yield from self._nodes(child, levels, index + 1, wild=True)
        if wild and (child := node.children.get("+")) is not None:
            yield from self._nodes(child, levels, index + 1, wild=True)

    def __bool__(self) -> bool:
        return bool(self._root.children)
