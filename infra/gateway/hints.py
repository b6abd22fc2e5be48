"""Hints that something waits for a device, or has changed about it, from the node's own queue."""

import json
import logging
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

_log = logging.getLogger(__name__)

WAIT_S = 20
"""How long SQS holds a question open while there is nothing."""
_MOST_AT_ONCE = 10
PAUSES_S = (1.0, 2.0, 5.0, 15.0, 30.0)
_SUBJECTS = ("wake", "forget")
Hint = Mapping[str, str]


class Hints:
    """Read until `stop`. `hear` is told each hint, `missed` that some may have passed while the queue was away.

    A hint is not to be trusted with anything: it names a device, and what waits is in the store. So one that comes
    twice, late, or not at all costs a question or a wait.
    """

    def __init__(
        self,
        client: Any,
        queue: str,
        hear: Callable[[Hint], object],
        missed: Callable[[], object],
        wait: int = WAIT_S,
        pauses: Sequence[float] = PAUSES_S,
    ) -> None:
        """`wait` and `pauses` in seconds: of a question, and between tries to reach a queue that is away."""
        self._pauses = pauses
        self._client, self._queue, self._hear, self._missed, self._wait = client, queue, hear, missed, wait
        self._url = ""
        self._stopping = threading.Event()
        self.failed = 0
        """Tries since the queue was last reached."""

    def run(self) -> None:
        while not self._stopping.is_set():
            try:
                found = self._received()
            except Exception as error:  # noqa: BLE001 - whatever it was, devices go on to be served
                self._url = ""  # a queue that was made anew may have another
                _log.warning("hints are not read: %r", error)
                self._stopping.wait(self._pauses[min(self.failed, len(self._pauses) - 1)])
                self.failed += 1
                continue
            if self.failed:
                self.failed = 0
                self._missed()
            for hint in distinct(found):
                self._hear(hint)

    def stop(self) -> None:
        """The question that is open is not waited for."""
        self._stopping.set()

    def _received(self) -> list[str]:
        if not self._url:
            self._url = str(self._client.get_queue_url(QueueName=self._queue)["QueueUrl"])
        answer = self._client.receive_message(
            QueueUrl=self._url, MaxNumberOfMessages=_MOST_AT_ONCE, WaitTimeSeconds=self._wait
        )
        found = answer.get("Messages", [])
        if self._stopping.is_set():
            return []  # they are the successor's, which sees them once they are no longer hidden
        if found:
            entries = [{"Id": str(n), "ReceiptHandle": each["ReceiptHandle"]} for n, each in enumerate(found)]
            self._client.delete_message_batch(QueueUrl=self._url, Entries=entries)
        return [str(each["Body"]) for each in found]


def distinct(bodies: Iterable[str]) -> list[Hint]:
    """Each hint once, in their order; what is none is left out."""
    found: dict[tuple[str, str], Hint] = {}
    for body in bodies:
        try:
            told = json.loads(body)
        except (ValueError, RecursionError):
            told = None
        subject = next((word for word in _SUBJECTS if isinstance(told, dict) and isinstance(told.get(word), str)), None)
        if subject is None:
            _log.warning("what is in the queue is no hint")
            continue
        found[subject, told[subject]] = {subject: told[subject]}
    return list(found.values())
