"""A client of Bayeux over long polling, as plain as one can be: it numbers its messages and reads every reply."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.dialects.cumulocity.client import Client

OPERATIONS, REALTIME = "/notification/operations", "/notification/realtime"


@dataclass
class Poller:
    client: Client
    path: str = OPERATIONS
    auth: tuple[str, str] = ("", "")
    id: str = ""
    numbers: list[int] = field(default_factory=lambda: [0])

    def send(self, *messages: dict[str, Any], path: str = "") -> list[Any]:
        reply = self.client.call("POST", path or self.path, list(messages), auth=self.auth, accept=None)
        assert reply.status == 200, reply.raw
        return list(reply.body)

    def message(self, channel: str, **said: Any) -> dict[str, Any]:
        self.numbers[0] += 1
        known = {"clientId": self.id} if self.id else {}
        return {"id": str(self.numbers[0]), "channel": channel, **known, **said}

    def handshake(self, **said: Any) -> Any:
        asked = {"version": "1.0", "supportedConnectionTypes": ["long-polling"], **said}
        (reply,) = self.send(self.message("/meta/handshake", **asked), path=f"{self.path}/handshake")
        self.id = reply.get("clientId", "")
        return reply

    def subscribe(self, *channels: str) -> list[Any]:
        named = channels[0] if len(channels) == 1 else list(channels)
        return self.send(self.message("/meta/subscribe", subscription=named), path=f"{self.path}/")

    def connect(self, **said: Any) -> tuple[list[Any], Any]:
        """What was told, and the reply."""
        asked = self.message("/meta/connect", connectionType="long-polling", **said)
        *told, reply = self.send(asked, path=f"{self.path}/connect")
        return told, reply

    def told(self, **said: Any) -> list[Any]:
        told, reply = self.connect(**said)
        assert reply["successful"], reply
        return told

    def listening(self, *channels: str) -> "Poller":
        assert self.handshake()["successful"]
        replies = self.subscribe(*channels)
        assert all(one["successful"] for one in replies), replies
        return self


def ids(told: Sequence[Any]) -> list[str]:
    return [one["data"]["id"] for one in told]
