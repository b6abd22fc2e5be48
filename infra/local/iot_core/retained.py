"""Retained messages: MQTT 3.1.1 chapter 3.3.1.3, and what AWS IoT Core makes of it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import topics
from .packets import Publish

if TYPE_CHECKING:
    from .properties import Properties


@dataclass(frozen=True, slots=True)
class Retained:
    """`at`: when it was stored, in milliseconds since the epoch; the rest as in `Publish`."""

    topic: str
    payload: bytes
    qos: int
    at: int
    properties: "Properties | None" = None
    expires: float | None = None


class RetainedMessages:
    """One message a topic. `wildcards`: whether a filter with wildcards gets them; on AWS IoT Core it does not."""

    def __init__(self, *, wildcards: bool, parent: bool) -> None:
        self._messages: dict[str, Retained] = {}
        self._expiring: set[str] = set()  # topics whose message may expire
        self._wildcards = wildcards
        self._parent = parent

    def store(self, topic: str, payload: bytes, qos: int, at: int) -> None:
        self.keep(Publish(topic, payload, qos), at)

    def keep(self, packet: Publish, at: int) -> None:
        """An empty payload removes [MQTT-3.3.1-10] and is not kept [MQTT-3.3.1-11]."""
        topic = packet.topic
        if packet.payload:
            self._messages[topic] = Retained(topic, packet.payload, packet.qos, at, packet.properties, packet.expires)
            if packet.expires is not None:
                self._expiring.add(topic)
        else:
            self._messages.pop(topic, None)

    def forget(self, now: float) -> None:
        """Remove what has expired by that monotonic time."""
        for topic in list(self._expiring):
            kept = self._messages.get(topic)
            if kept is None or kept.expires is None:
                self._expiring.discard(topic)
            elif kept.expires <= now:
                self._expiring.discard(topic)
                del self._messages[topic]

    def get(self, topic: str) -> Retained | None:
        return self._messages.get(topic)

    def listed(self) -> list[Retained]:
        return sorted(self._messages.values(), key=lambda message: message.topic)

    def matching(self, topic_filter: str) -> Iterator[Retained]:
        """What a new subscription to this filter receives [MQTT-3.3.1-6]."""
        if not topics.has_wildcard(topic_filter):
            if (message := self._messages.get(topic_filter)) is not None:
                yield message
        elif self._wildcards:
            for message in list(self._messages.values()):
                if topics.matches(topic_filter, message.topic, parent=self._parent):
                    yield message
