"""Which events run behind which: a device's own in order, but for its answers, which wait for no data of its own.

Lambda runs asynchronous invocations side by side. Here a device that sends faster than this machine works would
otherwise let its commands run out while its answers to them stand behind its messages.
"""

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

from chalicelib.dialects.topics import matches


class Ordering:
    """`answers` are filters of the topics on which clients answer what was sent to them."""

    def __init__(self, answers: Sequence[str] = ()) -> None:
        self._answers = answers

    def lane(self, event: Any) -> Hashable | None:
        """Events with the same lane run one after another; None stands for a lane of its own."""
        if not isinstance(event, Mapping):
            return None
        client = event.get("client") or event.get("clientId")
        if not isinstance(client, str):
            return None
        topic = event.get("topic")
        answers = isinstance(topic, str) and any(matches(known, topic) for known in self._answers)
        return (client, "answers") if answers else client
