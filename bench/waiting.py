"""What requests for notifications take that wait at the door: `python -m bench.waiting 5000`, memory in MB as JSON.

The door stands in a process of its own, before an API that answers at once; every client has a connection.
"""

import asyncio
import json
import multiprocessing
import resource
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from infra.local.http_server import bind
from infra.local.realtime import Door

_MOST = 5_000
_AT_ONCE = 50
_BODY = json.dumps(
    [{"id": "1", "channel": "/meta/connect", "clientId": "c", "connectionType": "long-polling"}]
).encode()
_REPLY = json.dumps([{"id": "1", "channel": "/meta/connect", "successful": True, "advice": {"interval": 0}}]).encode()
_HEAD = f"POST /notification/operations HTTP/1.1\r\nHost: x\r\nContent-Length: {len(_BODY)}\r\n\r\n".encode()


class _Api(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        return

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", str(len(_REPLY)))
        self.end_headers()
        self.wfile.write(_REPLY)


def resident() -> float:
    """MB of this process that are in memory."""
    pages = int(Path("/proc/self/statm").read_text(encoding="utf-8").split()[1])
    return pages * resource.getpagesize() / 1_048_576


def _serve(api: int, ours: Connection) -> None:
    door = Door(bind("127.0.0.1", 0), ("127.0.0.1", api), again_s=3_600)
    door.start()
    ours.send((door.port, resident()))
    while ours.recv():
        ours.send(resident())
    door.stop(10)


async def _wait(port: int, count: int, ours: Connection) -> float:
    writers = []
    for begun in range(0, count, _AT_ONCE):
        several = range(begun, min(begun + _AT_ONCE, count))
        opened = await asyncio.gather(*(asyncio.open_connection("127.0.0.1", port) for _ in several))
        for _, writer in opened:
            writer.write(_HEAD + _BODY)
            writers.append(writer)
    # All that were sent are asked for once, and wait then: the last one is through when another is answered.
    await asyncio.sleep(5)
    ours.send(True)  # noqa: FBT003 - how much is it by now
    taken = float(ours.recv())
    for writer in writers:
        writer.close()
    return taken


def run(count: int = _MOST) -> dict[str, float]:
    """For so many clients, 5,000 at most."""
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Api)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_serve, args=(server.server_address[1], theirs))
    process.start()
    port, before = ours.recv()
    after = asyncio.run(_wait(port, min(count, _MOST), ours))
    ours.send(False)  # noqa: FBT003 - that was all
    process.join(30)
    server.shutdown()
    return {"clients": min(count, _MOST), "before_mb": round(before, 1), "waiting_mb": round(after, 1)}


if __name__ == "__main__":
    print(json.dumps(run(int(sys.argv[1]) if len(sys.argv) > 1 else _MOST)))
