"""Thousands of devices of lenient mode's plain port, on one thread of their own."""

import asyncio
import itertools
import json
import threading
from collections.abc import Coroutine
from typing import Any, Self, TypeVar

from infra.local.iot_core import packets
from infra.local.iot_core.packets import Publish
from tests.local.iot_core.device import connect_packet

Result = TypeVar("Result")
_AT_ONCE = 100
_AGAIN_S = 0.2
_LONGEST_S = 1_800
"""What is not done by then never is: the stack is gone, say."""


class Device:
    """Speaks as much MQTT as it takes to be connected and to publish with QoS 1, one message after another."""

    def __init__(self, port: int, urn: str, key: str) -> None:
        self._port, self.urn, self._key = port, urn, key
        self._reader: asyncio.StreamReader
        self._writer: asyncio.StreamWriter | None = None
        self.acknowledged = 0
        """How many of those that it has sent until they were."""

    async def connect(self) -> None:
        """Tries again until it is let in, as firmware does."""
        while True:
            try:
                self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
                self._writer.write(connect_packet(self.urn, password=self._key.encode(), keep_alive=0))
                answer = await self._reader.readexactly(4)
            except (OSError, asyncio.IncompleteReadError):
                answer = b""
            if answer == packets.connack(packets.ACCEPTED):
                return
            self.drop()
            await asyncio.sleep(_AGAIN_S)

    async def publish(self, stream: str, number: int) -> None:
        """Returns once it is acknowledged."""
        assert self._writer is not None
        payload = json.dumps({"s": stream, "v": {"n": number}}).encode()
        packet_id = number % 65_535 + 1
        self._writer.write(packets.publish(Publish("dev/data", payload, 1, packet_id=packet_id)))
        assert await self._reader.readexactly(4) == packets.puback(packet_id)

    async def insist(self, stream: str, number: int) -> None:
        """Publish it until it is acknowledged, over connections that end meanwhile."""
        while True:
            try:
                await self.publish(stream, number)
            except (OSError, asyncio.IncompleteReadError):
                self.drop()
                await self.connect()
            else:
                self.acknowledged += 1
                return

    def drop(self) -> None:
        """As a power cut does: nothing is said."""
        if self._writer is not None:
            self._writer.transport.abort()
            self._writer = None


class Swarm:
    """Devices with the ids `prefix:0`, `prefix:1`, …; a context manager."""

    def __init__(self, port: int, key: str, prefix: str, count: int) -> None:
        self.devices = [Device(port, f"urn:lo:nsid:{prefix}:{number}", key) for number in range(count)]
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._floods: list[asyncio.Task[None]] = []
        self.acknowledged = 0
        """Messages of floods."""

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._call(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def connect(self) -> None:
        self._call(self._each(lambda device: device.connect()))

    def drop(self) -> None:
        self._call(self._drop())

    def publish(self, stream: str) -> None:
        """One message of each device, its number in it."""
        numbers = {id(device): number for number, device in enumerate(self.devices)}
        self._call(self._each(lambda device: device.publish(stream, numbers[id(device)])))

    def flood(self, stream: str, per_second: float) -> None:
        """From now on, all together, until the end."""
        self._call(self._flood(stream, len(self.devices) / per_second))

    def insist(self, pause: float) -> None:
        """From now on until `rest`, or the end: each device on a stream called like itself, whatever is cut off."""
        self._call(self._insist(pause))

    def rest(self) -> None:
        """What is under way is over, acknowledged or not."""
        self._call(self._rest())

    async def _insist(self, pause: float) -> None:
        async def go_on(device: Device) -> None:
            while True:
                await device.insist(device.urn, device.acknowledged)
                await asyncio.sleep(pause)

        self._floods = [asyncio.create_task(go_on(device)) for device in self.devices]

    async def _rest(self) -> None:
        for flood in self._floods:
            flood.cancel()
        await asyncio.gather(*self._floods, return_exceptions=True)

    async def _flood(self, stream: str, pause: float) -> None:
        self._floods = [asyncio.create_task(self._go_on(device, stream, pause)) for device in self.devices]

    async def _go_on(self, device: Device, stream: str, pause: float) -> None:
        for number in itertools.count():
            await asyncio.gather(device.publish(stream, number), asyncio.sleep(pause))
            self.acknowledged += 1

    async def _end(self) -> None:
        await self._rest()
        await self._drop()

    async def _each(self, do: Any) -> None:
        gate = asyncio.Semaphore(_AT_ONCE)

        async def one(device: Device) -> None:
            async with gate:
                await do(device)

        await asyncio.gather(*(one(device) for device in self.devices))

    async def _drop(self) -> None:
        for device in self.devices:
            device.drop()

    def _call(self, work: Coroutine[Any, Any, Result]) -> Result:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(_LONGEST_S)
