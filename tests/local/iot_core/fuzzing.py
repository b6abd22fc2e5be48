"""Mutated conversations, and a loop that feeds them to connections without sockets."""

import asyncio
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from infra.local.iot_core import Limits, Rule, packets
from infra.local.iot_core.broker import Broker
from infra.local.iot_core.connection import Connection
from infra.local.iot_core.packets import Publish
from infra.local.iot_core.settings import Settings

from .cloud import EVERYTHING
from .device import DISCONNECT, PINGREQ, connect_packet, subscribe_packet, unsubscribe_packet
from .device5 import (
    ALIAS,
    EXPIRY,
    FORMAT,
    MAXIMUM_SIZE,
    RECEIVE_MAXIMUM,
    RESPONSE_TOPIC,
    SESSION_EXPIRY,
    USER,
    WILL_DELAY,
    Will5,
    connect5,
    props,
    publish5,
    subscribe5,
)

CLIENTS = 50
_HANDSHAKE = (
    b"GET /mqtt HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n"
)


class Mutations:
    """Conversations that begin well and go wrong somewhere, or nowhere."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng

    def conversation(self) -> Iterator[bytes]:
        """Pieces of a byte stream, cut anywhere."""
        rng = self._rng
        newest = rng.random() < 0.3
        connect = self._connect_5() if newest else self._connect()
        packet = self._packet_5 if newest else self._packet
        packets_after = b"".join(packet() for _ in range(rng.randrange(1, 6)))
        stream = (self._mutate(connect) if rng.random() < 0.2 else connect) + self._spoil(packets_after)
        if rng.random() < 0.1:
            stream = self._websocket(stream)
        while stream:
            cut = rng.randrange(1, len(stream) + 1)
            yield stream[:cut]
            stream = stream[cut:]

    def _connect(self) -> bytes:
        rng = self._rng
        level, name = rng.choice([(4, "MQTT")] * 8 + [(3, "MQIsdp"), (6, "MQTT")])
        will = Publish("dev/gone", b"gone", rng.randrange(3), retain=rng.random() < 0.5)
        return connect_packet(
            f"client-{rng.randrange(CLIENTS)}",
            clean=rng.random() < 0.7,
            level=level,
            name=name,
            will=will if rng.random() < 0.3 else None,
        )

    def _packet(self) -> bytes:
        rng = self._rng
        number = rng.randrange(1, 5)
        topic = rng.choice(["dev/a", "b/c", "dev/b/c", "$aws/rules/uplink/x", "x"])
        choices = [
            packets.publish(Publish(topic, b"payload", 0)),
            packets.publish(Publish(topic, b"payload", 1, packet_id=number)),
            packets.publish(Publish(topic, b"payload", 2, packet_id=number)),
            packets.publish(Publish(topic, b"kept", 1, retain=True, packet_id=number)),
            subscribe_packet(("dev/#", 1), ("+/c", 0), packet_id=number),
            subscribe_packet((topic, 2), packet_id=number),
            unsubscribe_packet("dev/#", "nothing", packet_id=number),
            packets.puback(number),
            packets.pubrec(number),
            packets.pubrel(number),
            packets.pubcomp(number),
            PINGREQ,
            DISCONNECT if rng.random() < 0.3 else PINGREQ,
        ]
        return rng.choice(choices)

    def _connect_5(self) -> bytes:
        rng = self._rng
        told = props((WILL_DELAY, rng.randrange(5)), (EXPIRY, rng.randrange(5)), (USER, ("a", "b")))
        given = [(SESSION_EXPIRY, rng.randrange(3)), (RECEIVE_MAXIMUM, 1 + rng.randrange(3)), (MAXIMUM_SIZE, 512)]
        return connect5(
            rng.choice(["", f"client-{rng.randrange(CLIENTS)}"]),
            *rng.sample(given, rng.randrange(4)),
            clean=rng.random() < 0.7,
            will=Will5("dev/gone", qos=rng.randrange(3), properties=told) if rng.random() < 0.3 else None,
        )

    def _packet_5(self) -> bytes:
        rng = self._rng
        number = rng.randrange(1, 5)
        topic = rng.choice(["dev/a", "b/c", "", "x"])
        given = [(ALIAS, rng.randrange(10)), (EXPIRY, 1), (USER, ("a", "b")), (FORMAT, 1), (RESPONSE_TOPIC, "b/c")]
        told = rng.sample(given, rng.randrange(len(given)))
        choices = [
            publish5(topic, b"payload", *told, qos=rng.randrange(3), packet_id=number, retain=rng.random() < 0.2),
            subscribe5(("dev/#", 1), ("+/c", rng.randrange(48)), packet_id=number),
            packets.packet(packets.UNSUBSCRIBE, 2, number.to_bytes(2) + b"\0\0\5dev/#"),
            packets.packet(rng.choice((packets.PUBACK, packets.PUBREC)), 0, number.to_bytes(2) + b"\x87\0"),
            packets.pubrel(number),
            PINGREQ,
            packets.packet(packets.DISCONNECT, 0, b"\4" + props((SESSION_EXPIRY, 1))),
        ]
        return rng.choice(choices)

    def _spoil(self, stream: bytes) -> bytes:
        rng = self._rng
        kind = rng.random()
        if kind < 0.5:
            return self._mutate(stream)
        if kind < 0.6:
            return stream[: rng.randrange(len(stream))]
        if kind < 0.7:
            return rng.randbytes(rng.randrange(1, 80))
        return stream

    def _mutate(self, stream: bytes) -> bytes:
        changed = bytearray(stream)
        for _ in range(self._rng.randrange(1, 5)):
            changed[self._rng.randrange(len(changed))] = self._rng.randrange(256)
        return bytes(changed)

    def _websocket(self, stream: bytes) -> bytes:
        """The stream in one masked frame, whose mask is zero; sometimes mutated as a whole."""
        frame = b"\x82" + bytes((0x80 | 126,)) + len(stream).to_bytes(2) + bytes(4) + stream
        framed = _HANDSHAKE + frame
        return self._mutate(framed) if self._rng.random() < 0.5 else framed


class FakeTransport(asyncio.Transport):
    """Takes what is written, and loses the connection in the next turn when it is closed."""

    def __init__(self, protocol: asyncio.Protocol) -> None:
        super().__init__()
        self._protocol = protocol
        self._closing = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        assert data

    def close(self) -> None:
        if not self._closing:
            self._closing = True
            asyncio.get_running_loop().call_soon(self._protocol.connection_lost, None)

    def abort(self) -> None:
        self.close()

    def is_closing(self) -> bool:
        return self._closing

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return ("192.0.2.1", 5) if name in ("peername", "sockname") else default

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        pass

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass


@dataclass
class Left:
    """What is left when every client has gone and every session has expired; `busy`: who got beyond CONNECT."""

    connections: int
    sessions: int
    subscriptions: bool
    busy: int


def run_on_fake_transports(seed: int, *, connections: int, lenient: bool) -> Left:
    return asyncio.run(_run(random.Random(seed), connections, lenient=lenient))


async def _run(rng: random.Random, connections: int, *, lenient: bool) -> Left:
    elapsed = [0.0]
    answer = {"isAuthenticated": True, "principalId": "fuzz", "policyDocuments": [EVERYTHING]}
    limits = Limits.lifted() if lenient else Limits()
    broker = Broker(
        lambda _event: answer,
        lambda _function, _event: None,
        [Rule("uplink", "SELECT encode(*, 'base64') AS payload FROM 'dev/#'", "uplink")],
        Settings(lenient=lenient, limits=limits, monotonic=lambda: elapsed[0], close_grace=0.0, linger=0.0),
    )
    mutations, busy = Mutations(rng), 0
    for number in range(connections):
        connection = Connection(broker)
        transport = FakeTransport(connection)
        connection.connection_made(transport)
        for data in mutations.conversation():
            if transport.is_closing():
                break
            connection.data_received(data)
            if rng.random() < 0.1:
                await asyncio.sleep(0)
        if rng.random() < 0.5:
            await _settle(connection)
        busy += connection.alive
        if rng.random() < 0.7:
            transport.close()
        elapsed[0] += 0.01
        if number % 100 == 0:
            broker.sweep()
    for connection in list(broker.connections):
        await _settle(connection)
    broker.close()
    await broker.empty.wait()
    elapsed[0] += limits.session_expiry + 1
    broker.sweep()
    assert broker.lanes.join(10.0)
    await asyncio.sleep(0)
    return Left(len(broker.connections), len(broker.sessions), bool(broker.subscriptions), busy)


async def _settle(connection: Connection) -> None:
    """Let the authorizer answer, which runs in another thread."""
    if connection._connecting is not None:
        await asyncio.wait((connection._connecting,))
