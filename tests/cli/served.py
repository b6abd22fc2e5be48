"""A server that answers what a test tells it to, and the command line as a program of its own."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.clients import PATIENCE_S
from tests.local.running import REPOSITORY

PROGRAM = (sys.executable, "-m", "infra.client")
KEY = "0123456789abcdef0123456789abcdef"


@dataclass
class Served:
    """`answers` by method and path without query: the status with what is sent; the last of several goes on."""

    url: str
    answers: dict[str, list[tuple[int, Any]]] = field(default_factory=dict)
    seen: list[tuple[str, str, Any]] = field(default_factory=list)
    headers: list[Mapping[str, str]] = field(default_factory=list)

    def answer(self, what: str, *bodies: Any, status: int = 200) -> None:
        self.answers[what] = [(status, body) for body in bodies]


@contextmanager
def served() -> Iterator[Served]:
    class Handler(BaseHTTPRequestHandler):
        def _serve(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            content = self.rfile.read(length)
            path = self.path.partition("?")[0]
            found.seen.append((self.command, self.path, json.loads(content) if content else None))
            found.headers.append({name.lower(): value for name, value in self.headers.items()})
            known = found.answers.get(f"{self.command} {path}", [(404, {"code": "GONE", "message": f"no {path}"})])
            status, body = known.pop(0) if len(known) > 1 else known[0]
            sent = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(status)
            for name, value in (body.get("headers", {}) if isinstance(body, dict) else {}).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(sent)))
            self.end_headers()
            self.wfile.write(sent)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve  # noqa: N815 - the names that the library calls

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found = Served(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        thread.join(PATIENCE_S)
        server.server_close()


def environment(**variables: str) -> dict[str, str]:
    """Ours, without what would lead the program to another place than the test's."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("HOMEPORT_", "XDG_"))}
    return {**kept, "XDG_CONFIG_HOME": "/nonexistent", "HOMEPORT_DATA": "/nonexistent", **variables}


def homeport(
    *arguments: str, url: str, key: str = KEY, stdin: str | None = None, **variables: str
) -> "subprocess.CompletedProcess[str]":
    return program(arguments, environment(HOMEPORT_URL=url, HOMEPORT_KEY=key, **variables), stdin)


def program(
    arguments: Sequence[str], variables: Mapping[str, str], stdin: str | None = None
) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [*PROGRAM, *arguments],
        env=variables,
        cwd=REPOSITORY,
        input=stdin or "",
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
