"""What the CoAP gateway carries: `python -m bench.coaps`.

The gateway runs in a process of its own, so that its processor time can be read; the devices are in this one, behind a
few sockets, each with a connection id. Nothing stands behind the gateway: an answer costs what the wire costs.
"""

import asyncio
import contextlib
import json
import random
import resource
import socket
import sys
import tempfile
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import Awaitable
from pathlib import Path
from typing import Any

from chalicelib.dialects.lwm2m import payloads, senml
from chalicelib.dialects.lwm2m.content_formats import ContentFormat
from chalicelib.dialects.lwm2m.entries import Item
from chalicelib.fleet.twin.definitions import Definitions
from chalicelib.fleet.twin.paths import Path as TwinPath
from chalicelib.fleet.twin.public import public_objects
from chalicelib.fleet.twin.values import ResourceType
from infra.gateway.association_file import AssociationFile
from infra.gateway.coap.message import Message, Response, decode, path_options, uint
from infra.gateway.coap.numbers import Code, Option, Type
from infra.gateway.coap.requests import Request
from infra.gateway.coap.transmissions import DeliveryError
from infra.gateway.coaps import Coaps, Settings
from infra.gateway.dtls import libssl
from infra.gateway.dtls.association import Address, Association
from infra.gateway.dtls.client import Client, Identity
from infra.gateway.dtls.contexts import Context
from infra.gateway.dtls.half_open import Credential, Refusal
from infra.gateway.dtls.server import Limits
from infra.gateway.dtls.states import Sealer

DEVICES = 10_000
REPORTS = 60_000
SOCKETS = 32
LOSSY_DEVICES, LOSSY_S = 96, 55.0
LOSS, DUPLICATES, JITTER_S = 0.2, 0.1, 0.04
CID = 4
KEY = bytes(range(16))
_LIMITS = Limits(handshakes_a_second=1_000_000)
_TEMPERATURE = Item((3303, 0, 5700), ResourceType.FLOAT, 21.5)
REPORT = senml.encode([_TEMPERATURE, _TEMPERATURE._replace(path=(3303, 1, 5700))], binary=True)
REGISTER = [*path_options(("rd",)), (int(Option.CONTENT_FORMAT), uint(40)), (int(Option.URI_QUERY), b"ep=device")]


async def everybody(identity: bytes, _: str | None) -> Credential | None:
    return Credential(KEY, identity.decode())


# -- the gateway's process


class Backend:
    """Takes everything, and decodes what is reported."""

    def __init__(self) -> None:
        self.reports = 0
        definitions = Definitions(public_objects())

        def type_of(path: TwinPath) -> ResourceType | None:
            resource = definitions.resource(path)
            return resource.type if resource else None

        self._type_of = type_of

    def request(self, _: Any, request: Message) -> Response | Awaitable[Response]:
        if request.path == ("rd",):
            return Response(Code.CREATED, options=tuple(path_options(("rd", "1"), Option.LOCATION_PATH)))
        decoded = payloads.decode(request.content_format, (), request.payload, self._type_of, now=0.0)
        self.reports += len(decoded.entries) == 2
        return Response(Code.CHANGED)

    def notification(self, _peer: Any, _message: Message) -> bool | Awaitable[bool]:
        return False

    def reset(self, peer: Any, message_id: int) -> None: ...
    def malformed(self, peer: Any, why: str) -> None: ...
    def opened(self, peer: Any) -> None: ...
    def closed(self, peer: Any) -> None: ...
    def refused(self, why: Refusal, address: Address, identity: bytes) -> None: ...


async def serve(folder: Path, port: int) -> None:
    """Commands come line by line and are answered with a line of JSON each."""
    store, backend = AssociationFile(folder / "associations.sqlite3"), Backend()
    settings = Settings(port=port, limits=_LIMITS)
    coaps = Coaps(libssl.load(), settings, backend, lookup=everybody, store=store, sealer=Sealer([bytes(32)]))
    began = time.monotonic()
    restored = await coaps.start()
    say({"port": coaps.port, "restored": restored, "seconds": time.monotonic() - began})
    lines = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    while (command := (await lines.readline()).decode().strip()) not in ("", "stop"):
        if command == "read":
            say({"answered": await read_everybody(coaps)})
        else:
            counts = coaps.server.counts
            usage = {"cpu": time.process_time(), "rss": resident(), "reports": backend.reports}
            say({**usage, "handshakes": counts.handshakes, "sessions": len(coaps.server)})
    await coaps.stop()
    store.close()


async def read_everybody(coaps: Coaps) -> int:
    room = asyncio.Semaphore(500)

    async def read(association: Association) -> bool:
        async with room:
            with contextlib.suppress(DeliveryError):
                answer = await association.user.ask(Request(Code.GET, ("3", "0", "9")))
                return bool(answer.payload == b"100")
            return False

    return sum(await asyncio.gather(*map(read, coaps.server.all())))


def resident() -> int:
    """Bytes of memory."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * resource.getpagesize()


def say(what: dict[str, Any]) -> None:
    print(json.dumps(what), flush=True)


# -- the devices


class Devices:
    """All devices behind one socket; one at a time is in its handshake."""

    def __init__(self, lib: libssl.Libssl, number: int) -> None:
        self._context, self._number = Context(lib), number
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setblocking(False)  # noqa: FBT003 - the standard library's
        self._socket.bind(("127.0.0.1", 0))
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._socket, self._drain)
        self.server: Address = ("", 0)
        self.by_cid: dict[bytes, Client] = {}
        self._waiting: dict[bytes, asyncio.Future[None]] = {}
        self._connecting: Client | None = None

    def _drain(self) -> None:
        for _ in range(64):
            try:
                datagram = self._socket.recv(65_535)
            except OSError:
                return
            client = self.by_cid.get(datagram[11 : 11 + CID]) if datagram[0] == 25 else self._connecting
            if client is not None:
                client.datagram_received(datagram)

    async def connect(self, name: str) -> None:
        """A handshake and a Register."""
        cid = random.randbytes(CID)

        def received(data: bytes) -> None:
            self._hear(cid, data)

        client = Client(self._context, Identity(name.encode(), KEY, cid=cid), self._send, received, self.server)
        self.by_cid[cid] = self._connecting = client
        await client.connect()
        await self.exchange(cid, Message(Type.CON, Code.POST, 1, b"r", list(REGISTER), b"</1/0>,</3/0>"))

    def _send(self, datagram: bytes, _: Address) -> None:
        self._socket.sendto(datagram, self.server)

    def _hear(self, cid: bytes, data: bytes) -> None:
        message = decode(data)
        if message.code == Code.GET:
            answer = Message(Type.ACK, Code.CONTENT, message.id, message.token, payload=b"100")
            self._association(cid).send(answer.encode())
        elif (waiting := self._waiting.pop(cid, None)) is not None and not waiting.done():
            waiting.set_result(None)

    def _association(self, cid: bytes) -> Association:
        association = self.by_cid[cid].association
        if association is None:
            raise AssertionError("a device answers before it is connected")
        return association

    async def exchange(self, cid: bytes, message: Message) -> None:
        self._waiting[cid] = done = self._loop.create_future()
        self._association(cid).send(message.encode())
        await done

    async def report(self, count: int) -> None:
        """One after the other, as devices do that wait for their acknowledgement."""
        cids = list(self.by_cid)
        options = [*path_options(("dp",)), (int(Option.CONTENT_FORMAT), uint(ContentFormat.SENML_CBOR))]
        for number in range(count):
            message = Message(Type.CON, Code.POST, 2 + number // len(cids), b"s", options, REPORT)
            await self.exchange(cids[number % len(cids)], message)

    def close(self) -> None:
        self._loop.remove_reader(self._socket)
        self._socket.close()


async def ask(process: Process, command: str = "") -> Any:
    if process.stdin is None or process.stdout is None:
        raise AssertionError("the gateway's process has no pipes")
    if command:
        process.stdin.write(f"{command}\n".encode())
    return json.loads(await process.stdout.readline())


async def start(folder: Path, port: int) -> tuple[Process, Any]:
    arguments = ("-m", "bench.coaps", "--serve", str(folder), str(port))
    process = await asyncio.create_subprocess_exec(sys.executable, *arguments, stdin=PIPE, stdout=PIPE)
    return process, await ask(process)


async def stop(process: Process) -> None:
    if process.stdin is not None:
        process.stdin.write(b"stop\n")
    await process.wait()


async def measure(folder: Path) -> dict[str, float]:
    process, ready = await start(folder, 0)
    lib, port = libssl.load(), ready["port"]
    everything = [Devices(lib, number) for number in range(SOCKETS)]
    for devices in everything:
        devices.server = ("127.0.0.1", port)
    await everything[0].connect("first")
    before = await ask(process, "usage")

    async def connect(devices: Devices, first: int) -> None:
        for number in range(first, DEVICES, SOCKETS):
            await devices.connect(f"device-{number}")

    await asyncio.gather(*(connect(each, number) for number, each in enumerate(everything)))
    connected = await ask(process, "usage")
    await asyncio.gather(*(each.report(REPORTS // SOCKETS) for each in everything))
    reported = await ask(process, "usage")
    began = time.monotonic()
    await stop(process)
    process, restarted = await start(folder, port)
    gap = time.monotonic() - began
    answered = (await ask(process, "read"))["answered"]
    after = await ask(process, "usage")
    await stop(process)
    for devices in everything:
        devices.close()
    if reported["reports"] != REPORTS // SOCKETS * SOCKETS:
        raise AssertionError("reports were lost")
    return {
        "handshake_and_register_cpu_ms": round((connected["cpu"] - before["cpu"]) / DEVICES * 1000, 3),
        "report_cpu_us": round((reported["cpu"] - connected["cpu"]) / REPORTS * 1e6, 1),
        "session_bytes": round((reported["rss"] - before["rss"]) / DEVICES),
        "restored": restarted["restored"],
        "restored_in_s": round(restarted["seconds"], 2),
        "restart_gap_s": round(gap, 2),
        "read_after_restart": answered,
        "handshakes_after_restart": after["handshakes"],
    }


# -- a bad network


async def through_loss(folder: Path, seed: int = 1) -> dict[str, float]:
    """Handshakes that succeed in time where datagrams are lost, doubled and late in both directions."""
    chance, loop, lib = random.Random(seed), asyncio.get_running_loop(), libssl.load()
    store = AssociationFile(folder / "lossy.sqlite3")
    coaps = Coaps(lib, Settings(limits=_LIMITS), Backend(), lookup=everybody, store=store, sealer=Sealer([bytes(32)]))
    await coaps.start()
    clients: dict[Address, Client] = {}

    def impaired(deliver: Any, *arguments: Any) -> None:
        if chance.random() >= LOSS:
            loop.call_later(chance.random() * JITTER_S, deliver, *arguments)
            if chance.random() < DUPLICATES:
                loop.call_later(chance.random() * JITTER_S, deliver, *arguments)

    coaps.server.transmit = lambda datagram, address: impaired(clients[address].datagram_received, datagram)

    async def connect(number: int) -> bool:
        address: Address = ("127.0.0.1", number)
        client = clients[address] = Client(
            Context(lib),
            Identity(b"lossy-%d" % number, KEY),
            lambda datagram, _: impaired(coaps.server.datagram_received, datagram, address),
            lambda _: None,
        )
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(client.connect(), LOSSY_S)
            return True
        return False

    done = sum(await asyncio.gather(*map(connect, range(1, LOSSY_DEVICES + 1))))
    await coaps.stop()
    store.close()
    return {f"handshakes_of_{LOSSY_DEVICES}_through_loss": done}


def run() -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(measure(Path(folder))) | asyncio.run(through_loss(Path(folder)))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--serve"]:
        asyncio.run(serve(Path(sys.argv[2]), int(sys.argv[3])))
    else:
        print(json.dumps(run(), indent=2))
