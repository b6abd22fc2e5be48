"""Turns at the rules: what one of them leaves is reported only when it has been run."""

import asyncio
from typing import Any

import pytest

from infra.local.iot_core.lanes import RUN_S, Errand, Lanes
from infra.local.iot_core.message import Message
from infra.local.vital import Vital

from .cloud import WAIT


class Rule:
    """Takes longer than a turn, by a clock that it turns itself, and notes what it has had."""

    def __init__(self) -> None:
        self.now, self.had = 0.0, list[bytes]()

    def run(self, message: Message, _invoke: Any) -> None:
        self.now += 2 * RUN_S
        self.had.append(message.payload)


@pytest.mark.parametrize("count", [1, 2, 7])
def test_each_message_is_reported_once_in_order_and_after_it_was_run(count: int) -> None:
    rule, reported = Rule(), list[tuple[bytes, bool, int]]()

    async def offer() -> None:
        loop, over = asyncio.get_running_loop(), asyncio.Event()
        lanes = Lanes(2, lambda *_: None, loop, Vital(), monotonic=lambda: rule.now)

        def done(errand: Errand) -> None:
            reported.append((errand.message.payload, errand.accepted, len(rule.had)))
            if len(reported) == count:
                over.set()

        lane = lanes.lane("device", "tenant")
        for number in range(count):
            message = Message("dev/data", b"%d" % number, 1, retain=False, client_id="device", principal="", at=0)
            lane.put(Errand(message, (rule,), done=done))  # type: ignore[arg-type]
        await asyncio.wait_for(over.wait(), WAIT)
        lanes.close()
        await asyncio.to_thread(lanes.join, WAIT)

    asyncio.run(offer())
    sent = [b"%d" % number for number in range(count)]
    assert rule.had == sent
    assert [(payload, accepted) for payload, accepted, _ in reported] == [(one, True) for one in sent]
    assert all(had > place for place, (_, _, had) in enumerate(reported))
