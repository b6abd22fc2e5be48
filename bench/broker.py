"""How much the IoT Core stand-in carries: `python -m bench.broker`.

The broker runs in a process of its own with the quotas on rates lifted; the load comes from this process over TLS, on
the same processors. Every message goes through the sender's policy and a rule that calls a function.
"""

import asyncio
import json
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from infra.local.iot_core import IotCore, Limits, Rule, TlsIdentity, packets
from infra.local.iot_core.packets import Publish
from infra.local.iot_core.tls import shrink_read_buffers
from tests.local.iot_core import certificates
from tests.local.iot_core.device import connect_packet, tls_client

CONNECTIONS = 200
QOS_0_MESSAGES = 400_000
QOS_1_MESSAGES = 150_000
IDLE_CONNECTIONS = 5_000
DIRECT_MESSAGES = 2_000
QOS_0_BATCH = 50
QOS_1_WINDOW = 50
PAYLOAD = b"x" * 128
MIB = 1024 * 1024
AT_ONCE = 50  # TLS handshakes
READY_WITHIN = 60.0

_POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Action": "iot:Connect", "Resource": "arn:aws:iot:*:*:client/${iot:ClientId}"},
        {"Effect": "Allow", "Action": "iot:Publish", "Resource": "arn:aws:iot:*:*:topic/dev/*"},
        {"Effect": "Deny", "Action": "iot:Publish", "Resource": "arn:aws:iot:*:*:topic/dev/cmd"},
        {"Effect": "Allow", "Action": "iot:Receive", "Resource": "arn:aws:iot:*:*:topic/dev/cmd"},
    ],
}
_UPLINK = (
    "SELECT encode(*, 'base64') AS payload, clientid() AS client, topic() AS topic, timestamp() AS at,"
    " newuuid() AS id FROM 'dev/#'"
)


# -- the broker's process


class _Served:
    """A broker that counts what its rule invokes."""

    def __init__(self, folder: Path) -> None:
        self.count = 0
        self._lock = threading.Lock()
        self.core = IotCore(
            authorize=lambda _event: {"isAuthenticated": True, "principalId": "bench", "policyDocuments": [_POLICY]},
            invoke=self._invoke,
            rules=[Rule("uplink", _UPLINK, "uplink")],
            limits=Limits(publishes_per_second=None, bytes_per_second=None),
        )
        self.core.start()
        self.port = self.core.listen_tls("127.0.0.1", 0, TlsIdentity(folder / "server.pem", folder / "server.key"))

    def _invoke(self, _function: str, _event: dict[str, Any]) -> None:
        with self._lock:
            self.count += 1

    def answer(self, command: str) -> dict[str, Any]:
        if command.startswith("count"):
            wanted = int(command.removeprefix("count"))
            while self.count < wanted:
                time.sleep(0.002)
            return {"count": self.count}
        if command == "cpu":
            return {"seconds": time.process_time()}
        if command == "memory":
            return {"mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (MIB if _MACOS else 1024)}
        return {"milliseconds": [self._direct() for _ in range(DIRECT_MESSAGES)]}

    def _direct(self) -> float:
        start = time.perf_counter()
        self.core.send_direct_message("bench-direct", "dev/cmd", PAYLOAD, confirmation=True)
        return (time.perf_counter() - start) * 1000


_MACOS = sys.platform == "darwin"  # where ru_maxrss counts bytes and not KiB


def serve(folder: Path) -> None:
    served = _Served(folder)
    print(served.port, flush=True)
    for line in sys.stdin:
        print(json.dumps(served.answer(line.strip())), flush=True)
    served.core.stop()


class Broker:
    """The broker's process, asked over its standard input and output."""

    def __init__(self, folder: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.broker", "--serve", str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        if self._process.stdin is None or self._process.stdout is None:
            raise RuntimeError("pipes were asked for")
        self._commands, self._answers = self._process.stdin, self._process.stdout
        self.port = int(self._answers.readline())

    def ask(self, command: str) -> dict[str, Any]:
        self._commands.write(command + "\n")
        self._commands.flush()
        answer: dict[str, Any] = json.loads(self._answers.readline())
        return answer

    def stop(self) -> None:
        self._process.communicate(timeout=READY_WITHIN)


# -- the load

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@asynccontextmanager
async def _clients(broker: Broker, folder: Path, names: list[str]) -> AsyncIterator[list[Streams]]:
    context = tls_client(folder / "ca.pem")
    gate = asyncio.Semaphore(AT_ONCE)

    async def connect(name: str) -> Streams:
        async with gate:
            reader, writer = await asyncio.open_connection(
                "127.0.0.1",
                broker.port,
                ssl=context,
                server_hostname="localhost",
            )
            writer.write(connect_packet(name, keep_alive=1200))
            connack = await reader.readexactly(4)
            if connack[3] != packets.ACCEPTED:
                raise ConnectionRefusedError(f"CONNACK {connack[3]}")
            return reader, writer

    clients = await asyncio.gather(*map(connect, names))
    try:
        yield clients
    finally:
        for _reader, writer in clients:
            writer.transport.abort()


Rate = tuple[float, float]
"""Messages a second, and how many microseconds of CPU the broker's process takes for one."""


@contextmanager
def _measured(broker: Broker, messages: int) -> Iterator[list[Rate]]:
    """Gives a list that has the rate in it behind the block."""
    rates: list[Rate] = []
    used, start = broker.ask("cpu")["seconds"], time.perf_counter()
    yield rates
    took = time.perf_counter() - start
    rates.append((messages / took, (broker.ask("cpu")["seconds"] - used) / messages * 1e6))


async def _qos_0(broker: Broker, folder: Path) -> Rate:
    """From the first byte sent to the last function called."""
    batch = packets.publish(Publish("dev/data", PAYLOAD)) * QOS_0_BATCH
    batches = QOS_0_MESSAGES // CONNECTIONS // QOS_0_BATCH
    sent = batches * QOS_0_BATCH * CONNECTIONS
    before = broker.ask("count 0")["count"]

    async def send(streams: Streams) -> None:
        for _ in range(batches):
            streams[1].write(batch)
            await streams[1].drain()

    async with _clients(broker, folder, [f"bench-{number}" for number in range(CONNECTIONS)]) as clients:
        with _measured(broker, sent) as rates:
            await asyncio.gather(*map(send, clients))
            await asyncio.to_thread(broker.ask, f"count {before + sent}")
    return rates[0]


async def _qos_1(broker: Broker, folder: Path) -> Rate:
    """Until the last is acknowledged; each client has a window of QOS_1_WINDOW."""
    batch = b"".join(packets.publish(Publish("dev/data", PAYLOAD, 1, packet_id=n + 1)) for n in range(QOS_1_WINDOW))
    batches = QOS_1_MESSAGES // CONNECTIONS // QOS_1_WINDOW

    async def send(streams: Streams) -> None:
        for _ in range(batches):
            streams[1].write(batch)
            await streams[0].readexactly(4 * QOS_1_WINDOW)

    async with _clients(broker, folder, [f"bench-{number}" for number in range(CONNECTIONS)]) as clients:
        with _measured(broker, batches * QOS_1_WINDOW * CONNECTIONS) as rates:
            await asyncio.gather(*map(send, clients))
    return rates[0]


async def _direct(broker: Broker, folder: Path) -> list[float]:
    """Milliseconds from the call to the client's PUBACK, in order."""

    async def acknowledge(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        size = len(packets.publish(Publish("dev/cmd", PAYLOAD, 1, packet_id=1)))
        while True:
            packet = await reader.readexactly(size)
            writer.write(b"\x40\x02" + packet[-len(PAYLOAD) - 2 : -len(PAYLOAD)])

    async with _clients(broker, folder, ["bench-direct"]) as clients:
        task = asyncio.create_task(acknowledge(*clients[0]))
        times = (await asyncio.to_thread(broker.ask, "direct"))["milliseconds"]
        task.cancel()
        return sorted(times)


async def _idle(broker: Broker, folder: Path) -> float:
    """MiB of the broker's process with all clients connected."""
    async with _clients(broker, folder, [f"bench-{number}" for number in range(IDLE_CONNECTIONS)]):
        return float(broker.ask("memory")["mib"])


def run() -> dict[str, float]:
    """Measure and print; rates in messages a second, times in milliseconds, CPU in microseconds, memory in MiB."""
    shrink_read_buffers()
    figures: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        certificates.write(folder)
        loaded = Broker(folder)
        for qos, send in enumerate((_qos_0, _qos_1)):
            rate, cpu = asyncio.run(send(loaded, folder))
            figures[f"qos{qos}_messages_per_second"] = round(rate)
            figures[f"qos{qos}_cpu_us_a_message"] = round(cpu, 1)
        times = asyncio.run(_direct(loaded, folder))
        figures["direct_message_p50_ms"] = round(times[len(times) // 2], 3)
        figures["direct_message_p99_ms"] = round(times[len(times) * 99 // 100], 3)
        loaded.stop()
        idle = Broker(folder)
        figures["idle_connections"] = IDLE_CONNECTIONS
        figures["idle_memory_mib"] = round(asyncio.run(_idle(idle, folder)), 1)
        idle.stop()
    for key, value in figures.items():
        print(f"broker {key:28} {value:>12,}")
    return figures


if __name__ == "__main__":
    if sys.argv[1:2] == ["--serve"]:
        serve(Path(sys.argv[2]))
    else:
        run()
