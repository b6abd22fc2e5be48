"""A webhook on this machine that remembers what was posted to it."""

import queue
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self


@dataclass(frozen=True)
class Posted:
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Webhook:
    """Answers with the statuses of `statuses` first, then with 200; a 3xx leads to `/elsewhere`."""

    statuses: list[int] = field(default_factory=list)
    posted: "queue.Queue[Posted]" = field(default_factory=queue.Queue)

    def __enter__(self) -> Self:
        webhook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                webhook.posted.put(Posted(self.path, {k.lower(): v for k, v in self.headers.items()}, body))
                self.send_response(webhook.statuses.pop(0) if webhook.statuses else 200)
                self.send_header("Location", f"{webhook.url}/elsewhere")
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"ok")

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = False
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"
