"""What devices are asked, with a platform and a wire in memory."""

import asyncio
from typing import Any, cast

from infra.gateway.coap.message import Message
from infra.gateway.coap.requests import Request
from infra.gateway.coaps import Coaps
from infra.gateway.workers import Workers

CONTENT = 2 << 5 | 5


class Wire:
    """A device that answers; what is for `/large` cannot be sent to it at all."""

    def peer(self, _principal: str) -> "Wire":
        return self

    async def ask(self, request: Request, _within: float) -> Message:
        if request.path == ("large",):
            raise OverflowError("int too big to convert")
        return Message(2, CONTENT, 1, b"")


async def test_what_cannot_be_sent_is_told_and_holds_up_nothing() -> None:
    waiting = [{"work": path, "request": {"method": "GET", "path": [path]}} for path in ("large", "small")]
    told: list[Any] = []
    over = asyncio.Event()

    async def platform(_kind: str, event: dict[str, Any]) -> dict[str, Any]:
        told.append(event.get("done"))
        if waiting:
            return waiting.pop(0)
        over.set()
        return {}

    workers = Workers(platform, "run")
    workers.serve(cast("Coaps", Wire()))
    workers.wake("device")
    await asyncio.wait_for(over.wait(), 60)
    await workers.stop()
    assert told[:2] == [None, {"work": "large", "silence": "UNACKNOWLEDGED"}]
    assert (told[2]["work"], told[2]["code"]) == ("small", "2.05")
