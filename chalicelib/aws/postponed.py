"""Events that AWS had no room for, in an SQS queue until there is: the sweep hands them to their functions again.

Lambda alone tries an event three times within three minutes, which is less than a storm lasts.
"""

import json
import logging
import secrets
from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.fleet.ports import Clock
from chalicelib.fleet.shapes import Envelope

QUEUE = "postponed"
SHORTEST, LONGEST = 30, 300
"""Seconds that an event waits, by chance: those that came at once do not come back at once."""
LEFT_OFF = 24 * 3_600_000
"""Milliseconds after which an event is no longer postponed: it fails, and becomes a dead letter."""
SINCE = "postponedSince"
"""The field of an event that says when (ms) it was first postponed."""
_MOST = 10
_HIDDEN = 120
MESSAGE = Envelope()
log = logging.getLogger(__name__)


class PostponedEvents:
    """`sqs` and `functions` make clients of SQS and Lambda; `named` gives the full name of queue and function."""

    def __init__(
        self, sqs: Callable[[], Any], functions: Callable[[], Any], named: Callable[[str], str], clock: Clock
    ) -> None:
        self._sqs = sqs
        self._functions = functions
        self._named = named
        self._clock = clock
        self._url = ""

    def put(self, function: str, event: Mapping[str, Any]) -> bool:
        """Whether it is there; not where it has been tried for a day, or SQS has no room either."""
        now = self._clock.now()
        since = int(event.get(SINCE, now))
        if now >= since + LEFT_OFF:
            return False
        body = MESSAGE.seal({"function": function, "event": {**event, SINCE: since}})
        waits = SHORTEST + secrets.randbelow(LONGEST - SHORTEST + 1)
        try:
            self._sqs().send_message(QueueUrl=self._address(), MessageBody=json.dumps(body), DelaySeconds=waits)
        except (ClientError, BotoCoreError) as error:
            log.warning("an event of %s could not be postponed: %s", function, error)
            return False
        return True

    def resume(self, until: int) -> int:
        """Hand those whose time has come to their functions, up to `until` (ms); how many they were.

        One is deleted only once Lambda has taken it: it may come twice, as all events may.
        """
        done = 0
        while self._clock.now() < until:
            answer = self._sqs().receive_message(
                QueueUrl=self._address(), MaxNumberOfMessages=_MOST, VisibilityTimeout=_HIDDEN
            )
            found = answer.get("Messages", ())
            if not found:
                break
            for message in found:
                body = MESSAGE.open(json.loads(message["Body"]))
                name = self._named(str(body["function"]))
                payload = json.dumps(body["event"])
                self._functions().invoke(FunctionName=name, InvocationType="Event", Payload=payload)
                self._sqs().delete_message(QueueUrl=self._address(), ReceiptHandle=message["ReceiptHandle"])
                done += 1
        return done

    def _address(self) -> str:
        if not self._url:
            self._url = self._sqs().get_queue_url(QueueName=self._named(QUEUE))["QueueUrl"]
        return self._url
