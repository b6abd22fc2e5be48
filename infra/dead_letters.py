"""The dead letters: what failed for good, as Lambda, topic rules and queues leave it, and its way back.

Handlers are idempotent, so an event that had half succeeded may run again; it is deleted only once Lambda has taken it.
"""

import base64
import binascii
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from infra import description

Invoke = Callable[[str, dict[str, Any]], None]
"""Hands an event to a function by its name in app.py, asynchronously."""
_HIDDEN = 120
"""Seconds for which a message that was taken is nobody else's."""
_LARGEST = 10


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """`function` is None for what we cannot read."""

    receipt: str
    function: str | None
    event: dict[str, Any]
    why: str


def read(body: str, receipt: str, sent: int) -> DeadLetter:
    """A message of the queue; `sent` is when it came there (ms)."""
    try:
        found = json.loads(body)
    except ValueError:
        return DeadLetter(receipt, None, {}, "it is not JSON")
    if not isinstance(found, dict):
        return DeadLetter(receipt, None, {}, "it is not an object")
    if "requestPayload" in found:
        return _of_lambda(found, receipt)
    if "base64OriginalPayload" in found:
        return _of_rule(found, receipt, sent)
    if found.keys() >= {"tenant", "policy", "action"}:
        record = {"messageId": "redriven", "body": body, "eventSource": "aws:sqs"}
        return DeadLetter(receipt, "push", {"Records": [record]}, "the webhook never took it")
    if found.keys() >= {"kind", "tenant", "device", "command"}:
        return DeadLetter(receipt, "settle", found, "the deadline could not be settled")
    return DeadLetter(receipt, None, found, "its form is unknown")


def _of_lambda(found: dict[str, Any], receipt: str) -> DeadLetter:
    """A function's failure destination (Lambda developer guide, "Invocation record")."""
    name = str(found["requestContext"]["functionArn"]).split(":function:")[-1].partition(":")[0]
    response = found.get("responsePayload") or {}
    why = f"{response.get('errorType', found['requestContext'].get('condition'))}: {response.get('errorMessage', '')}"
    return DeadLetter(receipt, name.split("-", 2)[2], found["requestPayload"], why)


def _of_rule(found: dict[str, Any], receipt: str, sent: int) -> DeadLetter:
    """A topic rule's error action (AWS IoT developer guide, "Error handling (error action)")."""
    named = {rule.name: rule.function for rule in description.rules()}
    function = named.get(str(found.get("ruleName", "")).split("_", 2)[-1])
    why = "; ".join(str(failure.get("errorMessage")) for failure in found.get("failures", ()))
    payload = str(found["base64OriginalPayload"])
    if function == "uplink":
        # The trace id names the message, so that one which was stored after all is not stored twice.
        event = {
            "payload": payload,
            "client": found.get("clientId", ""),
            "topic": found["topic"],
            "at": sent,
            "id": found["cloudwatchTraceId"],
        }
        return DeadLetter(receipt, function, event, why)
    try:
        return DeadLetter(receipt, function, json.loads(base64.b64decode(payload)), why)
    except (ValueError, binascii.Error):
        return DeadLetter(receipt, None, {}, f"its payload is not JSON; {why}")


@dataclass(frozen=True, slots=True)
class DeadLetters:
    sqs: Any
    url: str

    def listed(self) -> list[DeadLetter]:
        """All that are there, left where they are."""
        found = list(self._received())
        for letter in found:
            self.sqs.change_message_visibility(QueueUrl=self.url, ReceiptHandle=letter.receipt, VisibilityTimeout=0)
        return found

    def redrive(self, invoke: Invoke) -> list[DeadLetter]:
        """Hand each event to its function again; what cannot be read stays. Returns all that were looked at."""
        done = []
        for letter in self._received():
            if letter.function is None:
                self.sqs.change_message_visibility(
                    QueueUrl=self.url, ReceiptHandle=letter.receipt, VisibilityTimeout=_HIDDEN
                )
            else:
                invoke(letter.function, letter.event)
                self.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=letter.receipt)
            done.append(letter)
        return done

    def _received(self) -> Iterator[DeadLetter]:
        while True:
            found = self.sqs.receive_message(
                QueueUrl=self.url,
                MaxNumberOfMessages=_LARGEST,
                VisibilityTimeout=_HIDDEN,
                MessageSystemAttributeNames=["SentTimestamp"],
            )
            messages = found.get("Messages", ())
            if not messages:
                return
            for message in messages:
                sent = int(message["Attributes"]["SentTimestamp"])
                yield read(message["Body"], message["ReceiptHandle"], sent)
