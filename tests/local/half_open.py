"""Clients that open connections and leave it at that, or at half a sentence."""

import contextlib
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

HALF = {
    "nothing": b"",
    "a line": b"GET / HTTP/1.1\r\n",
    "a header": b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ",
    "half a body": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nabc",
    "half a chunk": b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n64\r\nabc",
}
HALF_A_CONNECT = bytes.fromhex("1030 0004") + b"MQTT"


@contextlib.contextmanager
def opened(port: int, count: int, said: bytes, address: str = "127.0.0.1") -> Iterator[list[socket.socket]]:
    with contextlib.ExitStack() as held:
        sockets = []
        for _ in range(count):
            sockets.append(held.enter_context(socket.create_connection(("127.0.0.1", port), 10, (address, 0))))
            # Whoever was turned away already cannot be spoken to.
            with contextlib.suppress(OSError):
                sockets[-1].sendall(said)
        yield sockets


def is_closed(sock: socket.socket) -> bool:
    sock.settimeout(0)
    try:
        return sock.recv(1) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


def client_hello() -> bytes:
    """What begins a TLS handshake."""
    outgoing = ssl.MemoryBIO()
    client = ssl.create_default_context().wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname="localhost")
    with contextlib.suppress(ssl.SSLWantReadError):
        client.do_handshake()
    return outgoing.read()


@contextlib.contextmanager
def opened_by_another(port: int, count: int, said: bytes, address: str = "127.0.0.1") -> Iterator[None]:
    """The same from a process of its own: paho, in this one, knows no descriptor above 1023."""
    command = [sys.executable, "-m", "tests.local.half_open", str(port), str(count), said.hex(), address]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=Path(__file__).resolve().parents[2]
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == b"opened\n"
        try:
            yield
        finally:
            process.stdin.close()


def _main() -> None:
    port, count, said, address = sys.argv[1:]
    with opened(int(port), int(count), bytes.fromhex(said), address):
        print("opened", flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    _main()
