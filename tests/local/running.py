"""A local stack in a process of its own, as a user starts it, for tests that look at the product from outside."""

import contextlib
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import IO, Any, Self

from infra.local.settings import Settings

ANY_PORTS = {f"HOMEPORT_{name.upper()}": "0" for name in Settings.__annotations__ if name.endswith("_port")}
"""Variables for a stack that opens none of the ports of its defaults, which others on this machine may have."""
REPOSITORY = Path(__file__).resolve().parents[2]
_STARTS_WITHIN_S = 240.0
_STOPS_WITHIN_S = 60.0
_NOT_INHERITED = ("HOMEPORT_", "AWS_", "COVERAGE_")
_PORTS = range(10_000, 32_768)
"""The system gives none of these to whoever connects somewhere: a stack that is down finds its own ports free again."""


class RunningStack:
    """`python -m infra.local` on free ports, with data of its own.

    Ports and credentials are those of `credentials.json`, and stay the same over `kill9` and `restart`. What the
    process wrote is in `log`, and is part of the error when the process does not come up.
    """

    def __init__(self, data: Path | None = None, *, limit_of_files: int | None = None, **variables: str) -> None:
        """`variables` are further HOMEPORT_* variables, such as HOMEPORT_LENIENT="1"."""
        self._own = tempfile.TemporaryDirectory(prefix="homeport-") if data is None else None
        self.data = Path(self._own.name) if self._own else Path(data or "")
        self._variables = variables
        self._limit_of_files = limit_of_files
        self._process: subprocess.Popen[bytes] | None = None
        self._output: IO[bytes] | None = None
        self._credentials: dict[str, Any] = {}

    def __enter__(self) -> Self:
        try:
            return self.start()
        except BaseException:
            self.close()
            raise

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def http(self) -> int:
        return int(self._credentials["http"])

    @property
    def https(self) -> int:
        return int(self._credentials["https"])

    @property
    def mqtts(self) -> int:
        return int(self._credentials["mqtts"])

    @property
    def mqtt(self) -> int:
        """The plain port of lenient mode."""
        return int(self._credentials["mqtt"])

    @property
    def realtime(self) -> int:
        """Where requests for notifications are held."""
        return int(self._credentials["realtime"])

    @property
    def aws(self) -> int:
        return int(self._credentials["aws"])

    @property
    def coaps(self) -> int:
        """CoAP over DTLS (UDP)."""
        return int(self._credentials["coaps"])

    @property
    def coaps_bootstrap(self) -> int:
        return int(self._credentials["coapsBootstrap"])

    @property
    def tenant(self) -> str:
        return str(self._credentials["tenant"])

    @property
    def api_key(self) -> str:
        return str(self._credentials["apiKey"])

    @property
    def ca(self) -> Path:
        return self.data / "ca.pem"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.http}"

    @property
    def pid(self) -> int:
        assert self._process is not None, "the stack is not running"
        return self._process.pid

    @property
    def log(self) -> str:
        path = self.data / "output.log"
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""

    def environment(self) -> dict[str, str]:
        """Ours without what would lead the stack elsewhere; ports are free ones at first, then those of before."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(_NOT_INHERITED)}
        names = {"coaps_bootstrap": "coapsBootstrap"} | {
            each: each for each in ("http", "https", "mqtts", "mqtt", "aws", "coaps", "realtime")
        }
        ports = {
            f"HOMEPORT_{port.upper()}_PORT": str(self._credentials.get(name) or unused())
            for port, name in names.items()
        }
        return {**inherited, **ports, "HOMEPORT_DATA": str(self.data), "HOMEPORT_HOSTS": "", **self._variables}

    def _limited(self) -> list[str]:
        limit = self._limit_of_files
        return [] if limit is None else ["sh", "-c", f'ulimit -n {limit}; exec "$@"', "sh"]

    def start(self) -> Self:
        """Start and wait until the stack says that it is ready."""
        credentials = self.data / "credentials.json"
        seen = credentials.stat().st_mtime_ns if credentials.exists() else 0
        self._output = (self.data / "output.log").open("ab")
        self._process = subprocess.Popen(
            [*self._limited(), sys.executable, "-W", "error::ResourceWarning", "-m", "infra.local"],
            cwd=REPOSITORY,
            env=self.environment(),
            stdout=self._output,
            stderr=subprocess.STDOUT,
        )
        ends = time.monotonic() + _STARTS_WITHIN_S
        # the file is written last, when every port is open
        while not (credentials.exists() and credentials.stat().st_mtime_ns != seen):
            if self._process.poll() is not None or time.monotonic() > ends:
                raise AssertionError(f"the stack did not come up; it wrote:\n{self.log}")
            time.sleep(0.02)
        self._credentials = json.loads(credentials.read_text(encoding="utf-8"))
        return self

    def kill9(self) -> None:
        """What the operating system does when memory runs out: no handler runs, nothing is flushed."""
        self._end(signal.SIGKILL)

    def restart(self) -> Self:
        """Start again on the same data; what still runs is stopped first."""
        if self._process is not None:
            self.stop()
        return self.start()

    def stop(self) -> int:
        """SIGTERM; returns the exit code."""
        return self._end(signal.SIGTERM)

    def wait(self) -> int:
        """Wait for the end of a process that was asked to end; returns the exit code."""
        return self._end(None)

    def close(self) -> None:
        """Stop, and delete the data unless it was given."""
        if self._process is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.stop()
        if self._process is not None:
            self.kill9()
        if self._own is not None:
            self._own.cleanup()

    def _end(self, number: signal.Signals | None) -> int:
        assert self._process is not None, "the stack is not running"
        if number is not None:
            self._process.send_signal(number)
        code = self._process.wait(_STOPS_WITHIN_S)
        self._process = None
        if self._output is not None:
            self._output.close()
        return code


def unused() -> int:
    """A port that nobody listens on, neither with TCP nor with UDP."""
    while True:
        port = secrets.choice(_PORTS)
        with socket.socket() as stream, socket.socket(type=socket.SOCK_DGRAM) as datagrams:
            try:
                stream.bind(("127.0.0.1", port))
                datagrams.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
