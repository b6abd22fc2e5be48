"""A deployment while devices report: one process ends, the next goes on, and nothing confirmable is lost.

Both processes are in this one, beside an AWS in memory; what is measured of the gap is what the gateway itself takes.
"""

import asyncio
import time
from collections.abc import Iterator
from typing import Any

import pytest

from infra.gateway.coap.numbers import Code
from infra.gateway.coap.requests import Request
from infra.gateway.dtls.client import Identity
from tests.figures import tell
from tests.gateway.coaps_rig import KEY, SimulatedDevice
from tests.gateway.dtls.rig import LIB
from tests.gateway.nodes import MemoryPlatform, Running, aws

_AT_AN_ADDRESS = 16
_AT_ONCE = 10


@pytest.fixture
def platform() -> MemoryPlatform:
    return MemoryPlatform()


@pytest.fixture
def clients(platform: MemoryPlatform) -> Iterator[Any]:
    with aws(platform) as made:
        yield made


class Fleet:
    """Half of it with a connection id. Reports one after the other, each once the one before was answered."""

    def __init__(self, port: int, many: int) -> None:
        self.devices = [self._made(port, number) for number in range(many)]
        self.answered: list[float] = []
        self.took = 0.0, 0.0
        """The end of one process and the start of the next, in seconds."""
        self.told: list[str] = []

    @staticmethod
    def _made(port: int, number: int) -> SimulatedDevice:
        host = f"127.0.{1 + number // _AT_AN_ADDRESS // 250}.{1 + number // _AT_AN_ADDRESS % 250}"
        cid = b"d%d" % number if number % 2 else None
        return SimulatedDevice(LIB, port, Identity(b"device-%d" % number, KEY, cid=cid), host=host)

    async def connect(self) -> None:
        for first in range(0, len(self.devices), _AT_ONCE):
            await asyncio.gather(*(device.connect() for device in self.devices[first : first + _AT_ONCE]))

    async def report(self, rounds: int, pause: float) -> None:
        """`pause` between two reports of a device, which begin spread over it."""
        await asyncio.gather(*(self._of_one(n, device, rounds, pause) for n, device in enumerate(self.devices)))

    async def _of_one(self, number: int, device: SimulatedDevice, rounds: int, pause: float) -> None:
        await asyncio.sleep(pause * number / len(self.devices))
        for round_ in range(rounds):
            text = f"{number}/{round_}"
            answer = await device.peer.ask(Request(Code.POST, ("dp",), text.encode(), content_format=110))
            assert answer.code == Code.CHANGED
            self.told.append(text)
            self.answered.append(time.monotonic())
            await asyncio.sleep(pause)

    async def third(self, of: int) -> None:
        """Until so much of the whole was answered."""
        while len(self.told) < of // 3:  # noqa: ASYNC110 - whoever answers knows of no event
            await asyncio.sleep(0.01)

    def close(self) -> None:
        for device in self.devices:
            device.close()

    def gap(self) -> float:
        """The longest that nobody was answered, in seconds."""
        return max(b - a for a, b in zip(self.answered, self.answered[1:], strict=False))


async def deployed_under(clients: Any, platform: MemoryPlatform, many: int, rounds: int, pause: float) -> Fleet:
    running = Running(clients)
    await running.start()
    port = running.port
    fleet = Fleet(port, many)
    await fleet.connect()
    reporting = asyncio.create_task(fleet.report(rounds, pause))
    await fleet.third(many * rounds)
    began = time.monotonic()
    await running.stop()
    stopped = time.monotonic()
    after = Running(clients, port=port, machine="another")
    restored = await after.start()
    fleet.took = stopped - began, time.monotonic() - stopped
    await reporting
    server = after.node.served["run"][1].server
    assert restored == many
    assert server.counts.handshakes == server.counts.hellos == 0
    assert set(fleet.told) == {f"{number}/{round_}" for number in range(many) for round_ in range(rounds)}
    assert set(fleet.told) <= set(platform.kept)
    await after.stop()
    fleet.close()
    return fleet


async def test_a_deployment_under_load_loses_nothing_and_needs_no_handshake(
    clients: Any, platform: MemoryPlatform
) -> None:
    await deployed_under(clients, platform, many=16, rounds=4, pause=0.05)


@pytest.mark.soak
async def test_a_deployment_under_a_thousand_devices_loses_nothing_and_needs_no_handshake(
    clients: Any, platform: MemoryPlatform
) -> None:
    """50 reports a second: each device every 20 s."""
    fleet = await deployed_under(clients, platform, many=1_000, rounds=4, pause=20.0)
    twice = len(platform.kept) - len(set(platform.kept))
    tell(f"gateway: a deployment under 1,000 devices at 50 reports/s: nobody was answered for {fleet.gap():.1f} s")
    tell("gateway: of that the end of one process took {:.1f} s, the start of the next {:.1f} s".format(*fleet.took))
    tell(f"gateway: of {len(fleet.told)} reports {twice} came twice, none was lost")
