"""What the counted platform waits for: clients of its broker, and deadlines."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass
class Device:
    """A client of IoT Core: `acknowledges` says whether it answers with PUBACK, `answer` what it publishes then."""

    client: str
    acknowledges: bool = True
    answer: Callable[[str, Any], tuple[str, Any] | None] = lambda _topic, _payload: None
    filters: tuple[str, ...] = ()


@dataclass
class Timer:
    """An execution of the state machine that waits, or a message of the queue of deadlines."""

    due: int
    subject: dict[str, Any]
    queued: bool = False
