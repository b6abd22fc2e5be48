"""The back end around the broker under test: an authorizer, the functions its rules invoke, and a clock to turn."""

import base64
import threading
import time
from collections.abc import Callable
from typing import Any

from infra.local.iot_core import Rule

ARN = "arn:aws:iot:us-east-1:123456789012:"
WAIT = 60.0  # only ever reached by a failing test

RULES = (
    Rule(
        "uplink",
        "SELECT encode(*, 'base64') AS payload, clientid() AS client, topic() AS topic, timestamp() AS at,"
        " newuuid() AS id FROM 'dev/#'",
        "uplink",
    ),
    Rule("presence", "SELECT * FROM '$aws/events/presence/+/+'", "presence"),
    Rule("subscriptions", "SELECT * FROM '$aws/events/subscriptions/+/+'", "presence"),
)

Statement = dict[str, Any]


def allow(action: str | list[str], *resources: str) -> Statement:
    return {"Effect": "Allow", "Action": action, "Resource": [ARN + resource for resource in resources]}


def deny(action: str | list[str], *resources: str) -> Statement:
    return allow(action, *resources) | {"Effect": "Deny"}


def policy(*statements: Statement) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


DEVICE_POLICY = policy(
    allow("iot:Connect", "client/${iot:ClientId}"),
    allow("iot:Publish", "topic/dev/*", "topic/room/*"),
    deny("iot:Publish", "topic/dev/cmd"),
    allow("iot:Subscribe", "topicfilter/dev/cmd", "topicfilter/dev/cfg", "topicfilter/room/*"),
    allow("iot:Receive", "topic/dev/cmd", "topic/dev/cfg", "topic/room/*"),
)
EVERYTHING = policy({"Effect": "Allow", "Action": "iot:*", "Resource": "*"})


class Cloud:
    """Accepts the password `secret`; keeps every authorizer event and every invocation, in order."""

    def __init__(self) -> None:
        self.policy: dict[str, Any] = DEVICE_POLICY
        self.extra: dict[str, Any] = {}
        self.answer: Callable[[dict[str, Any]], dict[str, Any]] = self._answer
        self.before_invoke: Callable[[str, dict[str, Any]], None] = lambda _function, _event: None
        self.asked: list[dict[str, Any]] = []
        self.invoked: list[tuple[str, dict[str, Any]]] = []
        self.now = 1_700_000_000.0
        self.elapsed = 0.0
        self._changed = threading.Condition()

    # -- what the broker calls

    def authorize(self, event: dict[str, Any]) -> dict[str, Any]:
        self.asked.append(event)
        return self.answer(event)

    def _answer(self, event: dict[str, Any]) -> dict[str, Any]:
        certified = event["protocolData"].get("tls", {}).get("principalId")
        accepted = event["protocolData"]["mqtt"].get("password") == base64.b64encode(b"secret").decode()
        return {
            "isAuthenticated": accepted or certified is not None,
            "principalId": certified or "device1",
            "policyDocuments": [self.policy],
            **self.extra,
        }

    def invoke(self, function: str, event: dict[str, Any]) -> None:
        self.before_invoke(function, event)
        with self._changed:
            self.invoked.append((function, event))
            self._changed.notify_all()

    def clock(self) -> float:
        return self.now

    def monotonic(self) -> float:
        """Real time plus what the test let pass."""
        return time.monotonic() + self.elapsed

    # -- what a test asks

    def events(self, function: str) -> list[dict[str, Any]]:
        with self._changed:
            return [event for name, event in self.invoked if name == function]

    def uplinks(self) -> list[tuple[str, bytes]]:
        return [(event["topic"], base64.b64decode(event["payload"])) for event in self.events("uplink")]

    def wait_for(self, function: str, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The first such event, once it is there."""
        found: list[dict[str, Any]] = []

        def there() -> bool:
            found[:] = [event for name, event in self.invoked if name == function and wanted(event)]
            return bool(found)

        with self._changed:
            assert self._changed.wait_for(there, WAIT), f"{function} was not invoked so: {self.invoked[-3:]}"
        return found[0]

    def lifecycle(self, kind: str, client_id: str = "urn:lo:nsid:dev:1") -> dict[str, Any]:
        """The first lifecycle event of this type about the client."""
        return self.wait_for("presence", lambda event: event["eventType"] == kind and event["clientId"] == client_id)

    def wait_until(self, condition: Callable[[], bool]) -> None:
        """For effects that nothing announces."""
        deadline = time.monotonic() + WAIT
        while not condition():
            assert time.monotonic() < deadline, "it did not happen"
            time.sleep(0.002)
