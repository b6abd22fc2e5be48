"""Connections that are opened and say nothing, or not all: they may shut nobody out."""

import contextlib
import json
import socket
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from infra.local.http_server import HttpServer, bind
from infra.local.http_waiting import Patience
from tests.clients import until
from tests.local.half_open import HALF, is_closed, opened


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    environ["wsgi.input"].read()
    start_response("200 OK", [("Content-Length", "2")])
    return [b"ok"]


@contextlib.contextmanager
def serving(**patience: float) -> Iterator[int]:
    listener = bind("127.0.0.1", 0)
    server = HttpServer(
        application,
        listener,
        name="test",
        threads=2,
        max_body=1 << 20,
        patience=Patience(**patience),  # type: ignore[arg-type]  # numbers of connections among them
    )
    server.start()
    try:
        yield server.port
    finally:
        server.stop(2)
        listener.close()


def ask(port: int, address: str = "127.0.0.1") -> bytes:
    with socket.create_connection(("127.0.0.1", port), 20, (address, 0)) as sock:
        sock.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        return sock.makefile("rb").read()


@pytest.mark.parametrize("said", HALF.values(), ids=HALF)
def test_more_connections_than_select_knows_do_not_stop_the_server(said: bytes) -> None:
    with serving(most=2000, most_an_address=2000) as port, opened(port, 1100, said):
        assert ask(port).endswith(b"ok")


@pytest.mark.parametrize("said", HALF.values(), ids=HALF)
def test_when_all_places_are_taken_the_oldest_of_the_largest_crowd_make_room(said: bytes) -> None:
    with (
        serving(most=60, most_an_address=60) as port,
        opened(port, 5, said, "127.0.0.3") as few,
        opened(port, 100, said, "127.0.0.2") as many,
    ):
        assert ask(port).endswith(b"ok")
        until(lambda: sum(map(is_closed, many)) >= 40)
        assert not any(map(is_closed, few))
        assert not is_closed(many[-1])


def test_one_address_has_its_own_limit() -> None:
    with serving(most=1000, most_an_address=20) as port, opened(port, 40, b"G", "127.0.0.2") as many:
        assert ask(port, "127.0.0.2").endswith(b"ok")
        until(lambda: sum(map(is_closed, many)) >= 20)
        with opened(port, 20, b"G", "127.0.0.3") as others:
            assert ask(port).endswith(b"ok")
            assert not any(map(is_closed, others))


@pytest.mark.parametrize("said", HALF.values(), ids=HALF)
def test_what_does_not_go_on_is_closed_in_time(said: bytes) -> None:
    with serving(head=0.2, stalled=0.2) as port, opened(port, 3, said) as some:
        until(lambda: all(map(is_closed, some)))


def test_bytes_one_at_a_time_do_not_prolong_the_head() -> None:
    with serving(head=0.5) as port, opened(port, 1, b"GET / HTTP/1.1\r\nX: ") as (slow,):

        def send() -> bool:
            try:
                slow.sendall(b"x")
            except OSError:
                return True
            return False

        until(send)


def test_a_connection_between_two_requests_stays() -> None:
    with serving(head=1.0, stalled=1.0, idle=60.0) as port, opened(port, 1, b"") as (sock,):
        for _ in range(2):
            sock.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            answer = b""
            while not answer.endswith(b"ok"):
                got = sock.recv(4096)
                assert got, "it was closed"
                answer += got
            # Longer than the other limits, and than the pause between two looks.
            time.sleep(2.3)


@pytest.mark.parametrize(
    ("said", "status"),
    [
        (b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nno colon\r\n\r\n", 400),
        (b"GET\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nTransfer-Encoding: odd\r\n\r\n", 501),
    ],
)
def test_what_is_no_request_is_answered_in_json(said: bytes, status: int) -> None:
    with serving() as port, opened(port, 1, said) as (sock,):
        head, _, body = sock.makefile("rb").read().partition(b"\r\n\r\n")
    assert head.split(b" ")[1] == str(status).encode()
    assert b"content-type: application/json" in head.lower()
    assert set(json.loads(body)) == {"message"}
