"""Reports that are told together: who is acknowledged, and by what."""

import asyncio
from typing import Any

import pytest

from infra.gateway.batching import Batches, NotKeptError
from infra.gateway.function import InvocationError


def notification(number: int, size: int = 4) -> dict[str, Any]:
    return {"door": "run", "kind": "notification", "number": number, "payload": "x" * size}


async def test_what_is_no_report_goes_at_once_and_reports_wait_for_each_other() -> None:
    told: list[Any] = []

    async def platform(event: dict[str, Any]) -> dict[str, Any]:
        told.append(event)
        return {"answers": [{"n": each["number"]} for each in event["events"]]} if event["kind"] == "batch" else {}

    batches = Batches(platform, linger=0.05, most=3)
    register = {"door": "run", "kind": "request", "path": ["rd"]}
    asked = [asyncio.create_task(batches(notification(number))) for number in range(5)]
    assert await batches(register) == {}
    assert await asyncio.gather(*asked) == [{"n": 0}, {"n": 1}, {"n": 2}, {"n": 3}, {"n": 4}]
    assert [len(event.get("events", ())) for event in told] == [0, 3, 2]


async def test_a_big_report_fills_a_batch() -> None:
    sizes: list[int] = []

    async def platform(event: dict[str, Any]) -> dict[str, Any]:
        sizes.append(len(event["events"]))
        return {"answers": [{}] * len(event["events"])}

    batches = Batches(platform, linger=30.0, most=1000)
    await asyncio.gather(*(batches(notification(number, 90_000)) for number in range(12)))
    assert sizes == [12]


@pytest.mark.parametrize("answer", [RuntimeError("away"), {"answers": [{}]}, {"answers": None}, {}])
async def test_a_batch_of_which_nothing_is_known_was_not_kept(answer: Any) -> None:
    async def platform(_: dict[str, Any]) -> dict[str, Any]:
        if isinstance(answer, Exception):
            raise answer
        return dict(answer)

    batches = Batches(platform, linger=0.01)
    results = await asyncio.gather(*(batches(notification(n)) for n in range(2)), return_exceptions=True)
    assert [type(result) for result in results] == [NotKeptError] * 2


async def test_one_that_ends_the_function_takes_no_other_with_it() -> None:
    async def platform(event: dict[str, Any]) -> dict[str, Any]:
        if event["kind"] == "batch" or event["number"] == 1:
            raise InvocationError("Sandbox.Timedout")
        return {"n": event["number"]}

    batches = Batches(platform, linger=0.01)
    results = await asyncio.gather(*(batches(notification(n)) for n in range(3)), return_exceptions=True)
    assert [results[0], results[2]] == [{"n": 0}, {"n": 2}]
    assert isinstance(results[1], NotKeptError)


async def test_one_that_failed_is_told_apart_and_one_that_gave_up_holds_up_nobody() -> None:
    async def platform(event: dict[str, Any]) -> dict[str, Any]:
        return {"answers": [{"failed": "Odd"} if e["number"] == 1 else {"n": e["number"]} for e in event["events"]]}

    batches = Batches(platform, linger=0.05)
    asked = [asyncio.create_task(batches(notification(number))) for number in range(4)]
    await asyncio.sleep(0)
    asked[3].cancel()
    results = await asyncio.gather(*asked, return_exceptions=True)
    assert [results[0], results[2]] == [{"n": 0}, {"n": 2}]
    assert isinstance(results[1], NotKeptError)


async def test_draining_tells_what_waits_and_waits_for_what_is_under_way() -> None:
    going = asyncio.Event()

    async def platform(event: dict[str, Any]) -> dict[str, Any]:
        await going.wait()
        return {"n": event["number"]}

    batches = Batches(platform, linger=3600.0)
    asked = asyncio.create_task(batches(notification(1)))
    await asyncio.sleep(0)
    draining = asyncio.create_task(batches.drained())
    await asyncio.sleep(0)
    assert not draining.done()
    going.set()
    await draining
    assert await asked == {"n": 1}
