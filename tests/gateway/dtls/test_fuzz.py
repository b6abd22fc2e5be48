"""Datagrams that were changed on the way: nobody trips over them, nothing stays behind."""

import asyncio
import random

import pytest

from infra.gateway.dtls.server import Limits
from tests.gateway.dtls.rig import SERVER, Rig, Sent

ROUNDS = 60


def mutated(datagram: bytes, chance: random.Random) -> bytes:
    changed = bytearray(datagram)
    for _ in range(chance.randint(1, 4)):
        kind = chance.random()
        if kind < 0.6 and changed:
            changed[chance.randrange(len(changed))] = chance.randrange(256)
        elif kind < 0.8:
            del changed[chance.randrange(len(changed) + 1) :]
        else:
            changed += chance.randbytes(chance.randint(1, 40))
    return bytes(changed)


SEEDS = [*range(3), *(pytest.param(seed, marks=pytest.mark.soak) for seed in range(3, 60))]


@pytest.mark.parametrize("cid", [None, b"device"])
@pytest.mark.parametrize("seed", SEEDS)
async def test_changed_datagrams_do_no_harm(seed: int, cid: bytes | None) -> None:
    chance = random.Random(seed)
    errors: list[dict[str, object]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: errors.append(context))

    def change(sent: Sent) -> list[bytes]:
        if sent.target == SERVER and chance.random() < 0.35:
            return (
                [mutated(sent.datagram, chance), sent.datagram]
                if chance.random() < 0.5
                else [mutated(sent.datagram, chance)]
            )
        return [sent.datagram]

    async with Rig(limits=Limits(half_open=10, associations=20, sessions=15, handshakes_a_second=10_000)) as rig:
        rig.network.filter = change
        for _ in range(ROUNDS):
            device = rig.device(cid=cid)
            connecting = asyncio.create_task(device.client.connect())
            await asyncio.wait([connecting], timeout=0.02)
            if connecting.done() and connecting.exception() is None:
                connecting.result().send(b"data")
                await asyncio.sleep(0)
            connecting.cancel()
            rig.network.detach(device.address)
        for size in (0, 1, 13, 14, 25, 200, 1500):
            rig.server.datagram_received(chance.randbytes(size), ("203.0.113.1", size))
        rig.network.filter = lambda sent: [sent.datagram]
        device = rig.device(cid=cid)
        await device.connect()
        assert await device.ask(b"alive") == b"echo alive"
        assert errors == []
        assert rig.server.half_open <= 10
        assert len(rig.server) <= 20
        assert len(rig.server.sessions) <= 15
        assert len(rig.server._by_cid) <= 20 + 10
        assert len(rig.server._by_address) <= 20
