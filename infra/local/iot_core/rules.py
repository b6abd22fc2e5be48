"""Topic rules: which functions a message invokes, and with what event."""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from . import sql, topics
from .message import Message
from .settings import Settings

log = logging.getLogger(__name__)

Invoke = Callable[[str, dict[str, Any]], None]
_TOPICS_KEPT = 10_000
BASIC_INGEST = "$aws/rules/"


@dataclass(frozen=True, slots=True)
class Rule:
    """`sql` is AWS IoT SQL (see `iot_core.sql`); `function` names the Lambda function that the rule invokes."""

    name: str
    sql: str
    function: str


@dataclass(frozen=True, slots=True)
class PreparedRule:
    name: str
    function: str
    statement: sql.Statement

    def run(self, message: Message, invoke: Invoke) -> None:
        """Invoke the function when the statement selects; what `invoke` raises is the caller's to handle."""
        try:
            event = self.statement.select(message)
        except sql.Unselectable as reason:
            # On AWS the rule's error action would get it; the message itself counts as accepted all the same.
            log.warning("rule %s: %s", self.name, reason)
            return
        if event is not None:
            invoke(self.function, event)


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a client's message goes; `topic` is what rules see of its topic."""

    topic: str
    rules: tuple[PreparedRule, ...]
    reserved: bool  # a topic under `$` that nothing serves
    fits: bool  # within the quotas on length and slashes
    subscribers: bool  # Basic Ingest has none


class Rules:
    """All rules, with the destination of each topic remembered: devices repeat their few topics."""

    def __init__(self, rules: Iterable[Rule], settings: Settings) -> None:
        self._rules = tuple(
            PreparedRule(
                rule.name,
                rule.function,
                sql.parse(rule.sql, new_id=settings.new_id, account=settings.account or ""),
            )
            for rule in rules
        )
        for rule in self._rules:
            topics.check_filter(rule.statement.topic_filter)
        # IoT Core's `a/#` does not cover `a`; in MQTT it does [MQTT-4.7.1-2].
        self._parent = settings.lenient
        self._limits = settings.limits
        self._destinations: dict[str, Destination] = {}

    def matching(self, topic: str) -> tuple[PreparedRule, ...]:
        return tuple(
            rule for rule in self._rules if topics.matches(rule.statement.topic_filter, topic, parent=self._parent)
        )

    def destination(self, topic: str) -> Destination:
        """Where what a client publishes on `topic` goes."""
        found = self._destinations.get(topic)
        if found is None:
            if len(self._destinations) >= _TOPICS_KEPT:
                self._destinations.clear()
            found = self._destinations[topic] = self._destination(topic)
        return found

    def _destination(self, topic: str) -> Destination:
        if not topic.startswith("$"):
            return Destination(
                topic,
                self.matching(topic),
                reserved=False,
                fits=self._limits.topic_fits(topic),
                subscribers=True,
            )
        name, _, rest = topic.removeprefix(BASIC_INGEST).partition("/")
        served = topic.startswith(BASIC_INGEST) and bool(name) and bool(rest)
        # Basic Ingest names its rule, whatever that rule's own filter says; the prefix is free of quotas.
        return Destination(
            rest if served else topic,
            tuple(rule for rule in self._rules if rule.name == name) if served else (),
            reserved=not served,
            fits=self._limits.topic_fits(rest if served else topic),
            subscribers=False,
        )
