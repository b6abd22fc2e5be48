"""Topic rules: which functions a message invokes, and with what event."""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from . import sql, topics
from .message import Message

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


class Rules:
    """All rules, with the matches of each topic remembered."""

    def __init__(self, rules: Iterable[Rule], *, parent: bool, new_id: sql.NewId, account: str) -> None:
        self._rules = tuple(
            PreparedRule(rule.name, rule.function, sql.parse(rule.sql, new_id=new_id, account=account))
            for rule in rules
        )
        for rule in self._rules:
            topics.check_filter(rule.statement.topic_filter)
        self._parent = parent
        self._matches: dict[str, tuple[PreparedRule, ...]] = {}

    def matching(self, topic: str) -> tuple[PreparedRule, ...]:
        found = self._matches.get(topic)
        if found is None:
            if len(self._matches) >= _TOPICS_KEPT:
                self._matches.clear()
            found = self._matches[topic] = tuple(
                rule for rule in self._rules if topics.matches(rule.statement.topic_filter, topic, parent=self._parent)
            )
        return found

    def named(self, name: str) -> tuple[PreparedRule, ...]:
        """The rule a Basic Ingest topic names, whatever its own filter says."""
        return tuple(rule for rule in self._rules if rule.name == name)
