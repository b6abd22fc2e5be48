"""What calls functions without being asked: schedules and queues, as the Chalice app declares them."""

import logging
import threading
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from infra.local.description import ACCOUNT, REGION
from infra.local.lambda_runtime import FunctionError
from infra.local.vital import Vital

_log = logging.getLogger(__name__)
_WAIT_S = 1
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
    and end in the queue's dead-letter queue.
    """

    def __init__(self, function: str, invoke: Invoke, sqs: Any, url: str, batch_size: int) -> None:
        self._function = function
        self._invoke = invoke
        self._sqs = sqs
        self._url = url
        self._batch_size = min(batch_size, 10)  # what one ReceiveMessage gives at most
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"queue-{function}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, timeout: float) -> None:
        self._stopping.set()
        self._thread.join(timeout)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._poll()
            except Exception:  # noqa: BLE001  one bad poll must not end the poller
                _log.exception("polling for %s failed", self._function)
                time.sleep(_PAUSE_AFTER_ERROR_S)

    def _poll(self) -> None:
        messages = self._sqs.receive_message(
            QueueUrl=self._url,
            MaxNumberOfMessages=self._batch_size,
            WaitTimeSeconds=_WAIT_S,
            AttributeNames=["All"],
            MessageAttributeNames=["All"],
        ).get("Messages", [])
        if not messages:
            return
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
