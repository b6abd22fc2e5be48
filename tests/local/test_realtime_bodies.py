"""Bodies at the door that are too long, or in more pieces than they are worth."""

import socket
from collections.abc import Iterator

import pytest
import requests

from infra.local.http_server import bind
from infra.local.realtime import Door
from tests.clients import PATIENCE_S
from tests.local.test_realtime import Api


@pytest.fixture
def front() -> Iterator[tuple[Api, Door]]:
    api = Api()
    door = Door(bind("127.0.0.1", 0), api.address)
    door.start()
    yield api, door
    door.stop(PATIENCE_S)
    api.close()


HEAD = b"POST /inventory/managedObjects HTTP/1.1\r\nHost: x\r\n"
PIECES = 20_000


@pytest.mark.parametrize(
    ("head", "body"),
    [
        # Nothing of it is read, and nobody is told to go on.
        (b"Content-Length: 99999999999\r\n\r\n", b""),
        (b"Content-Length: 99999999999\r\nExpect: 100-continue\r\n\r\n", b""),
        # The answer is heard by who goes on sending.
        (b"Content-Length: 16777216\r\n\r\n", b"x" * 16_777_216),
        (b"Transfer-Encoding: chunked\r\n\r\n", b"100000\r\n" + b"x" * 0x100000 + b"\r\n"),
        # Pieces that are dearer to read than to send.
        (b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n" * PIECES),
    ],
    ids=["said", "asked", "whole", "chunks", "pieces"],
)
def test_what_is_too_long_is_told_so(front: tuple[Api, Door], head: bytes, body: bytes) -> None:
    api, door = front
    with socket.create_connection(("127.0.0.1", door.port), PATIENCE_S) as client:
        client.sendall(HEAD + head)
        for _ in range(12 if body.startswith(b"100000") else 1):
            client.sendall(body)
        heard = b""
        while part := client.recv(4_096):
            heard += part
    assert heard.startswith(b"HTTP/1.1 413 ")
    assert heard.endswith(b'{"message":"Request Too Long"}')
    assert not api.asked


@pytest.mark.parametrize("lengths", [(4, 0), (90, 1), (0, 2)])
def test_behind_a_body_of_two_lengths_comes_no_other_request(front: tuple[Api, Door], lengths: tuple[int, int]) -> None:
    api, door = front
    said, more = lengths
    fields = b"Content-Length: %d\r\nTransfer-Encoding: chunked\r\nConnection: keep-alive\r\n\r\n" % said
    body = b"2\r\n{}\r\n" * more + b"0\r\n\r\n"
    with socket.create_connection(("127.0.0.1", door.port), PATIENCE_S) as client:
        client.sendall(HEAD + fields + body + b"GET /behind HTTP/1.1\r\nHost: x\r\n\r\n")
        heard = b"".join(iter(lambda: client.recv(4_096), b""))
    assert heard.count(b"HTTP/1.1 ") == 1
    assert len(api.asked) == 1


def test_a_body_in_small_pieces_is_taken(front: tuple[Api, Door]) -> None:
    api, door = front
    url = f"http://127.0.0.1:{door.port}/inventory/managedObjects"
    pieces = [b"x"] * 2_000 + [b"y" * 100] * 5_000
    requests.post(url, data=iter(pieces), timeout=PATIENCE_S)
    assert api.asked[-1][2] == b"".join(pieces)
