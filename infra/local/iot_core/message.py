"""A message that the broker has accepted, on its way to rules and subscribers."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from .properties import Properties

NO_CLIENT: Final = "n/a"  # what clientid() gives for a message that came over HTTP or from AWS IoT itself
_UNPARSED: Final = object()


class NotJson(Exception):
    """The payload is not JSON."""


@dataclass(slots=True)
class Message:
    """`at`: when it was accepted, in milliseconds since the epoch; `rule_topic`: what topic() gives in a rule.

    The two topics differ for Basic Ingest, whose prefix `$aws/rules/<rule>/` rules do not see.
    """

    topic: str
    payload: bytes
    qos: int
    retain: bool
    client_id: str
    principal: str
    at: int
    new_trace_id: Callable[[], str] = str
    rule_topic: str = ""
    properties: "Properties | None" = None  # a client of MQTT 5 may give some
    _parsed: Any = field(default=_UNPARSED, repr=False)

    def __post_init__(self) -> None:
        self.rule_topic = self.rule_topic or self.topic

    def json(self) -> Any:
        """The payload as JSON, parsed once; raise `NotJson`."""
        if self._parsed is _UNPARSED:
            try:
                self._parsed = json.loads(self.payload)
            except (ValueError, RecursionError):
                raise NotJson(self.topic) from None
        return self._parsed
