"""The LwM2M 1.0 client that npm's `node-red-contrib-lwm2m` carries as C, built once from its sources as they are."""

import hashlib
import queue
import shutil
import subprocess
import threading
from pathlib import Path
from typing import Self

import pytest

from tests.clients import PATIENCE_S
from tests.conformance.environments import node_environment

_PACKAGE = "node-red-contrib-lwm2m@2.12.3"
_CORE = "wakaama/core"
_CLIENT = "wakaama/examples/client"
_SHARED = "wakaama/examples/shared"
_DTLS = f"{_SHARED}/tinydtls"
_DEFINES = (
    *("LWM2M_LITTLE_ENDIAN", "LWM2M_CLIENT_MODE", "LWM2M_BOOTSTRAP", "LWM2M_SUPPORT_JSON"),
    *("WITH_TINYDTLS", "DTLSv12", "WITH_SHA256"),
)
_INCLUDES = (_CORE, f"{_CORE}/er-coap-13", _SHARED, "tinydtls", _DTLS, f"{_DTLS}/aes", f"{_DTLS}/ecc", f"{_DTLS}/sha2")
_SOURCES = (
    *(f"{_CORE}/*.c", f"{_CORE}/er-coap-13/er-coap-13.c", f"{_CLIENT}/*.c"),
    *(f"{_SHARED}/{name}.c" for name in ("commandline", "platform", "memtrace", "dtlsconnection")),
    *(f"{_DTLS}/{name}.c" for name in ("dtls", "crypto", "ccm", "hmac", "dtls_debug", "netq", "peer", "session")),
    *(f"{_DTLS}/{name}.c" for name in ("dtls_time", "sha2/sha2", "aes/rijndael", "ecc/ecc")),
)
_BUILDS_WITHIN_S = 300


def built() -> Path:
    """The program. Skips where there is no compiler, or the package cannot be had."""
    if shutil.which("gcc") is None:
        pytest.skip("gcc is not installed")
    environment = node_environment("wakaama", _PACKAGE)
    sources = next(environment.glob("node_modules/**/wakatiwai/deps"), None)
    if sources is None:
        pytest.skip("the package carries no sources of the client")
    command = ["gcc", "-O1", "-w", "-std=gnu99", "-fcommon", *(f"-D{name}" for name in _DEFINES)]
    command += [f"-I{sources / folder}" for folder in _INCLUDES]
    command += [str(each) for pattern in _SOURCES for each in sorted(sources.glob(pattern))]
    program = environment / f"client-{hashlib.sha256(' '.join(command).encode()).hexdigest()[:12]}"
    if not program.exists():
        unfinished = program.with_suffix(".new")
        done = subprocess.run(
            [*command, "-o", str(unfinished)], capture_output=True, text=True, timeout=_BUILDS_WITHIN_S, check=False
        )
        assert done.returncode == 0, done.stderr[-2000:]
        unfinished.rename(program)
    return program


class Wakaama:
    """One client. It is never asked to restart, and what it ends with says nothing: it crashes when it quits."""

    def __init__(self, program: Path, *, endpoint: str, identity: str, key: str, port: int, options: str = "") -> None:
        where = ["-4", "-h", "127.0.0.1", "-p", str(port), "-l", "0", "-n", endpoint]
        self._process = subprocess.Popen(
            [str(program), *where, "-i", identity, "-s", key, *options.split()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        self.said: queue.Queue[str] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)

    def __enter__(self) -> Self:
        self._reader.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait(PATIENCE_S)
        self._reader.join(PATIENCE_S)
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()

    def type(self, line: str) -> None:
        """On its console."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.said.put(line.rstrip())

    def heard(self) -> str:
        """All that it has said so far, for whoever wonders."""
        return "\n".join(self.said.queue)
