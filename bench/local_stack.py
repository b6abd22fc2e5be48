"""The whole stack on this machine: from a device's PUBLISH to a stored message, from an order to its answer."""

import asyncio
import json
import os
import sqlite3
import subprocess
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from botocore.session import Session

from bench.quantiles import median, quantile
from infra.local.iot_core import packets
from infra.local.iot_core.packets import Publish
from tests.clients import MqttClient, Rest
from tests.local.iot_core.device import connect_packet, tls_client
from tests.local.running import RunningStack

STARTS = 3
DEVICES = 60
MESSAGES_A_DEVICE = 100
COMMANDS = 200
PAUSE_S = 0.012
"""Between two messages of a connection: IoT Core discards what exceeds 100 a second."""

_TABLE = "homeport-local-messages"
_STORED_WITHIN_S = 300.0


def run() -> dict[str, float]:
    """Times in milliseconds unless named otherwise, rates in messages a second, memory in MiB."""
    with RunningStack() as stack:
        figures = _start(stack)
        figures["idle_memory_mib"] = _memory(stack)
        figures |= asyncio.run(_messages(stack))
        figures |= _commands(stack)
        figures["loaded_memory_mib"] = _memory(stack)
    return figures


def _start(stack: RunningStack) -> dict[str, float]:
    """Seconds from the command to being ready, with data of before; the stack runs when this returns."""
    times = []
    for _ in range(STARTS):
        stack.stop()
        begun = time.perf_counter()
        stack.start()
        times.append(time.perf_counter() - begun)
    return {"ready_s": round(median(times), 2)}


def _memory(stack: RunningStack) -> float:
    told = subprocess.run(["ps", "-o", "rss=", "-p", str(stack.pid)], capture_output=True, text=True, check=True)
    return round(int(told.stdout) / 1024, 1)


def _cpu(stack: RunningStack) -> float:
    """Seconds of CPU that the stack has used, as Linux counts them (proc(5)): user and system in clock ticks."""
    counted = Path(f"/proc/{stack.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(counted[11]) + int(counted[12])) / os.sysconf("SC_CLK_TCK")


async def _messages(stack: RunningStack) -> dict[str, float]:
    """Every device sends one message after the other, each when the one before was acknowledged."""
    clients = await asyncio.gather(*(_connect(stack, f"urn:lo:nsid:bench:{number}") for number in range(DEVICES)))
    count, wanted = _counter(stack), DEVICES * MESSAGES_A_DEVICE
    before, written = count(), _writes(stack)
    used, held = _cpu(stack), _memory(stack)
    begun = time.perf_counter()
    await asyncio.gather(*(_send(*client, number) for number, client in enumerate(clients)))
    acknowledged = time.perf_counter() - begun
    while True:
        # Only what may be all of them is counted, as counting is work of the stack.
        seen = _writes(stack)
        stored, spent = time.perf_counter() - begun, _cpu(stack) - used
        if seen >= written + wanted:
            if (kept := await asyncio.to_thread(count)) >= before + wanted:
                break
            written = seen + before - kept
        if stored > _STORED_WITHIN_S:
            raise TimeoutError(f"{count() - before} of {wanted} messages were stored in {_STORED_WITHIN_S} s")
        await asyncio.sleep(0.02)
    for _, writer in clients:
        writer.transport.abort()
    return {
        "acknowledged_messages_per_second": round(wanted / acknowledged),
        "stored_messages_per_second": round(wanted / stored),
        "stored_message_cpu_us": round(spent / wanted * 1e6),
        "stored_message_memory_kib": round((_memory(stack) - held) * 1024 / wanted, 1),
        # Everything is one process, and Python runs one thread of it at a time: what it takes bounds it.
        "stored_messages_per_second_of_a_core": round(wanted / spent),
    }


async def _connect(stack: RunningStack, client_id: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", stack.mqtts, ssl=tls_client(stack.ca), server_hostname="localhost"
    )
    writer.write(connect_packet(client_id, password=stack.api_key.encode(), keep_alive=1200))
    connack = await reader.readexactly(4)
    if connack[3] != packets.ACCEPTED:
        raise ConnectionRefusedError(f"CONNACK {connack[3]}")
    return reader, writer


async def _send(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, device: int) -> None:
    for number in range(MESSAGES_A_DEVICE):
        body = json.dumps({"s": f"bench-{device}", "v": {"n": number, "temperature": 21.5}}).encode()
        writer.write(packets.publish(Publish("dev/data", body, 1, packet_id=1)))
        await reader.readexactly(4)
        await asyncio.sleep(PAUSE_S)


def _writes(stack: RunningStack) -> int:
    """How many entries the file of the stack's AWS was ever given, one for each item at least, read past the stack."""
    with closing(sqlite3.connect(f"file:{stack.data / 'aws.sqlite3'}?mode=ro", uri=True)) as journal:
        return int(journal.execute("SELECT coalesce(max(rowid), 0) FROM entry").fetchone()[0])


def _counter(stack: RunningStack) -> Callable[[], int]:
    client = Session().create_client(
        "dynamodb",
        region_name="eu-west-1",
        endpoint_url=f"http://127.0.0.1:{stack.aws}",
        aws_access_key_id="local",
        aws_secret_access_key="local",  # noqa: S106  opens nothing
    )
    return lambda: client.describe_table(TableName=_TABLE)["Table"]["ItemCount"]


def _commands(stack: RunningStack) -> dict[str, float]:
    """One command after the other, from the POST until the device's answer is in the record."""
    urn = "urn:lo:nsid:bench:commands"
    rest = Rest(stack)
    times = []
    with MqttClient(stack, urn, "json+device", stack.api_key) as device:
        device.answer = lambda _topic, payload: ("dev/cmd/res", {"cid": json.loads(payload)["cid"], "res": {}})
        device.subscribe("dev/cmd")
        for number in range(COMMANDS):
            body = {"request": {"connector": "mqtt", "value": {"req": "do", "arg": {"n": number}}}}
            begun = time.perf_counter()
            command = rest.post(f"/api/v1/deviceMgt/devices/{urn}/commands", body)["id"]
            while rest.get(f"/api/v1/deviceMgt/commands/{command}/status")["content"] != "PROCESSED":
                time.sleep(0.001)
            times.append((time.perf_counter() - begun) * 1000)
    rest.close()
    return {"command_p50_ms": round(median(times), 1), "command_p99_ms": round(quantile(times, 0.99), 1)}
