"""From the order of a twin operation to the request on the wire of a device that is awake: the whole local stack."""

import json
import queue
import time
from collections.abc import Awaitable
from typing import Any

from bench.quantiles import median, quantile
from infra.demo import coaps
from infra.gateway.coap.message import Message, Response, uint
from infra.gateway.coap.numbers import Code, Option
from infra.gateway.coap.requests import Request
from infra.gateway.dtls.client import Identity
from tests.clients import Rest
from tests.local.running import RunningStack

OPERATIONS = 200
_ENDPOINT, _KEY = "bench-operations", bytes(range(16))
_DEVICE = "/api/v1/deviceMgt/devices/urn:lo:nsid:bench:operations"
_ARRIVES_WITHIN_S = 60.0


class _Device:
    """`seen` has when each request came."""

    def __init__(self) -> None:
        self.seen: queue.SimpleQueue[float] = queue.SimpleQueue()

    def request(self, _: Any, request: Message) -> Response | Awaitable[Response]:
        del request
        self.seen.put(time.perf_counter())
        return Response(Code.CONTENT, b"77", ((Option.CONTENT_FORMAT, uint(0)),))

    def notification(self, peer: Any, message: Message) -> bool:
        del peer, message
        return False

    def reset(self, peer: Any, message_id: int) -> None:
        pass

    def malformed(self, peer: Any, why: str) -> None:
        pass


def run() -> dict[str, float]:
    """Milliseconds, one operation after the other."""
    with RunningStack() as stack:
        return _operations(stack)


def _operations(stack: RunningStack) -> dict[str, float]:
    rest, device = Rest(stack), _Device()
    security = {"mode": "PSK", "pskInfo": {"identity": _ENDPOINT, "secret": _KEY.hex()}}
    interface = {"connector": "lwm2m", "definition": {"endpointName": _ENDPOINT, "security": security}}
    rest.post("/api/v1/deviceMgt/devices", {"id": _DEVICE.rpartition("/")[2], "interfaces": [interface]})
    over = coaps.run(_registered(stack.coaps, device))
    times = []
    for _ in range(OPERATIONS):
        begun = time.perf_counter()
        made = rest.post(f"{_DEVICE}/twin/operations", {"type": "READ", "paths": ["/3/0/9"]})["id"]
        times.append((device.seen.get(timeout=_ARRIVES_WITHIN_S) - begun) * 1000)
        while rest.get(f"{_DEVICE}/twin/operations/{made}")["status"] != "OK":
            time.sleep(0.001)
    coaps.loop().call_soon_threadsafe(over.close)
    rest.close()
    return {"requested_p50_ms": round(median(times), 1), "requested_p95_ms": round(quantile(times, 0.95), 1)}


async def _registered(port: int, device: _Device) -> coaps.Socket:
    over = coaps.Socket(port, Identity(_ENDPOINT.encode(), _KEY, cid=b""), device)
    await over.connect()
    query = (f"ep={_ENDPOINT}", "lwm2m=1.1", "lt=86400")
    answer = await over.peer.ask(Request(Code.POST, ("rd",), b"</1/0>,</3/0>", 40, query=query))
    if answer.code != Code.CREATED:
        raise RuntimeError(f"the device was not let in: {Code(answer.code).name}")
    return over


if __name__ == "__main__":
    print(json.dumps(run(), indent=2))
