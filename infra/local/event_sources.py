"""What calls functions without being asked: schedules and queues, as the Chalice app declares them."""

import logging
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any

from chalice.app import Chalice, ScheduledEventConfig

from infra.local.description import ACCOUNT, REGION
from infra.local.lambda_runtime import FunctionError
from infra.local.lanes import Lanes
from infra.local.ordering import ALONE
from infra.local.vital import Vital

_log = logging.getLogger(__name__)
_WAIT_S = 1
_SCHEDULE_S = 2.0
_MOST_RECEIVED = 10  # what one ReceiveMessage gives at most
LEAST_CONCURRENCY = 5
"""Batches at a time of a mapping that does not say how many; Lambda begins with as many pollers."""
_PAUSE_AFTER_ERROR_S = 1.0
Invoke = Callable[[str, Any], Any]


def scheduled_event(name: str) -> dict[str, Any]:
    """What EventBridge hands to the target of a schedule."""
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": ACCOUNT,
        "time": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": REGION,
        "resources": [f"arn:aws:events:{REGION}:{ACCOUNT}:rule/{name}"],
        "detail": {},
    }


class Schedule:
    """Invokes `function` at once and then `interval` seconds after each return, on a thread of its own."""

    def __init__(self, function: str, invoke: Invoke, interval: float, vital: Vital | None = None) -> None:
        self._function = function
        self._invoke = invoke
        self._interval = interval
        self._stopping = threading.Event()
        self._thread = (vital or Vital()).thread(f"schedule-{function}", self._run)

    def start(self) -> None:
        self._thread.start()

    def stop(self, timeout: float) -> None:
        self._stopping.set()
        self._thread.join(timeout)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._invoke(self._function, scheduled_event(self._function))
            except FunctionError as error:
                _log.warning("%s failed: %s", self._function, error)
            self._stopping.wait(self._interval)


class QueuePoller:
    """Lambda's poller of one queue: batches, and what the function reports as failed stays in the queue.

    A function that raises fails its whole batch; one that answers `batchItemFailures` fails those it names (Lambda
    developer guide, "Implementing partial batch responses"). Failed messages come back after the visibility time-out
    and end in the queue's dead-letter queue. At most `concurrency` batches are consumed at a time.
    """

    def __init__(
        self,
        function: str,
        invoke: Invoke,
        sqs: Any,
        url: str,
        *,
        batch_size: int,
        concurrency: int,
        vital: Vital | None = None,
    ) -> None:
        self._function = function
        self._invoke = invoke
        self._sqs = sqs
        self._url = url
        self._batch_size = min(batch_size, _MOST_RECEIVED)
        self._stopping = threading.Event()
        self._thread = (vital or Vital()).thread(f"queue-{function}", self._run)
        self._workers = Lanes(f"consume-{function}", concurrency)
        self._concurrency = concurrency
        self._free = threading.Semaphore(concurrency)

    def start(self) -> None:
        self._thread.start()

    def stop(self, timeout: float) -> None:
        self._stopping.set()
        self._thread.join(timeout)
        self._workers.stop(timeout)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._poll()
            except Exception:  # noqa: BLE001  one bad poll must not end the poller
                _log.exception("polling for %s failed", self._function)
                time.sleep(_PAUSE_AFTER_ERROR_S)

    def _poll(self) -> None:
        """One batch for each worker that is free: what nobody can take up yet stays for others to overtake."""
        free = self._acquired()
        batches: list[list[dict[str, Any]]] = []
        try:
            messages = self._received(min(_MOST_RECEIVED, free * self._batch_size)) if free else []
            size = self._batch_size
            batches = [messages[start : start + size] for start in range(0, len(messages), size)]
        finally:
            if free > len(batches):
                self._free.release(free - len(batches))
        for batch in batches:
            self._workers.submit(ALONE, partial(self._work, batch))

    def _acquired(self) -> int:
        """How many workers are held for what comes now; none within a second is none."""
        if not self._free.acquire(timeout=_WAIT_S):
            return 0
        count = 1
        while count < _MOST_RECEIVED and self._free.acquire(blocking=False):
            count += 1
        return count

    def _work(self, messages: list[dict[str, Any]]) -> None:
        try:
            self._handle(messages)
        finally:
            self._free.release()

    def _received(self, most: int) -> list[dict[str, Any]]:
        received: list[dict[str, Any]] = self._sqs.receive_message(
            QueueUrl=self._url,
            MaxNumberOfMessages=most,
            WaitTimeSeconds=_WAIT_S,
            AttributeNames=["All"],
            MessageAttributeNames=["All"],
        ).get("Messages", [])
        return received

    def _handle(self, messages: list[dict[str, Any]]) -> None:
        failed = self._consume(messages)
        done = [message for message in messages if message["MessageId"] not in failed]
        if done:
            self._sqs.delete_message_batch(
                QueueUrl=self._url,
                Entries=[
                    {"Id": str(number), "ReceiptHandle": message["ReceiptHandle"]}
                    for number, message in enumerate(done)
                ],
            )

    def _consume(self, messages: list[dict[str, Any]]) -> set[str]:
        everything = {message["MessageId"] for message in messages}
        arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{self._url.rsplit('/', 1)[-1]}"
        try:
            answer = self._invoke(self._function, {"Records": [_record(message, arn) for message in messages]})
        except FunctionError as error:
            _log.warning("%s failed: %s", self._function, error)
            return everything
        if not isinstance(answer, dict) or not answer.get("batchItemFailures"):
            return set()
        failed = {str(failure.get("itemIdentifier", "")) for failure in answer["batchItemFailures"]}
        # an identifier that names nothing makes Lambda treat the whole batch as failed
        unknown = failed - everything
        return everything if unknown else failed


def _record(message: dict[str, Any], queue_arn: str) -> dict[str, Any]:
    return {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": message.get("Attributes", {}),
        "messageAttributes": {
            name: {
                "dataType": value["DataType"],
                "stringValue": value.get("StringValue"),
                "stringListValues": [],
                "binaryListValues": [],
            }
            for name, value in message.get("MessageAttributes", {}).items()
        },
        "md5OfBody": message["MD5OfBody"],
        "eventSource": "aws:sqs",
        "eventSourceARN": queue_arn,
        "awsRegion": REGION,
    }


def declared(
    app: Chalice, queues: Mapping[str, str], invoke: Invoke, sqs: Any, vital: Vital
) -> list[Schedule | QueuePoller]:
    """What the app asks for; `queues` are the addresses of those that its functions are fed from, by function."""
    mappings = {source.name: source for source in app.event_sources}
    schedules = [source.name for source in app.event_sources if isinstance(source, ScheduledEventConfig)]
    return [
        *(Schedule(name, invoke, _SCHEDULE_S, vital) for name in schedules),
        *(
            QueuePoller(
                function,
                invoke,
                sqs,
                url,
                batch_size=getattr(mappings[function], "batch_size", 1),
                concurrency=getattr(mappings[function], "maximum_concurrency", None) or LEAST_CONCURRENCY,
                vital=vital,
            )
            for function, url in queues.items()
        ),
    ]
