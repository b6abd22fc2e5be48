"""Webhooks are reached at addresses on the internet, and at those that an operator allows."""

import gc
import ipaddress
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest

from chalicelib.delivery.webhooks import HttpWebhooks, _Connection, is_public, networks
from chalicelib.fleet.events.records import PushFailed, TargetRefused
from tests.clients import PATIENCE_S
from tests.live_objects.webhook import Webhook

LOOPBACK = networks("127.0.0.1/32")


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",
        "10.1.2.3",
        "100.64.0.1",
        "127.0.0.1",
        "169.254.169.254",
        "172.16.0.1",
        "192.0.0.1",
        "192.168.0.1",
        "198.18.0.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::ffff:10.0.0.1",
        "::ffff:127.0.0.1",
        "64:ff9b::10.0.0.1",
        "2002:0a00:0001::1",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "fec0::1",
        "ff02::1",
        "2001:db8::1",
    ],
)
def test_an_inner_address_is_not_public_however_it_is_written(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_an_address_on_the_internet_is_public(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("url", ["http://127.0.0.1/", "http://localhost/", "https://127.1/", "http://0x7f000001/"])
def test_this_machine_is_refused_by_any_name(url: str) -> None:
    with pytest.raises(TargetRefused, match="not on the public internet"):
        HttpWebhooks().post(url, {}, b"", 1000)


def test_a_port_that_is_not_of_the_web_is_refused() -> None:
    with pytest.raises(TargetRefused, match="port"):
        HttpWebhooks().post("http://8.8.8.8:22/", {}, b"", 1000)


def test_what_an_operator_allows_is_reached_on_any_port() -> None:
    with Webhook(statuses=[201]) as webhook:
        result = HttpWebhooks(LOOPBACK).post(f"{webhook.url}/a?b=c", {"X-A": "1"}, b"body", 5000)
        posted = webhook.posted.get(timeout=PATIENCE_S)
    assert (result.status, result.body, result.accepted) == (201, b"ok", True)
    assert (posted.path, posted.headers["x-a"], posted.body) == ("/a?b=c", "1", b"body")


def test_a_redirect_is_not_followed() -> None:
    with Webhook(statuses=[307]) as webhook:
        assert HttpWebhooks(LOOPBACK).post(webhook.url, {}, b"", 5000).status == 307
        assert webhook.posted.qsize() == 1


def test_an_answer_is_read_only_so_far() -> None:
    with talker(b"HTTP/1.0 200 OK\r\n\r\n" + b"x" * 100_000) as url:
        assert len(HttpWebhooks(LOOPBACK).post(url, {}, b"", 5000).body) == 16_384


@pytest.mark.parametrize(
    "said", [b"", b"hello\r\n", b"HTTP/1.1 abc\r\n\r\n", b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 200]
)
def test_what_is_no_answer_is_a_failure(said: bytes) -> None:
    with talker(said) as url, pytest.raises(PushFailed):
        HttpWebhooks(LOOPBACK).post(url, {}, b"", 5000)


def test_a_webhook_that_never_answers_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(PushFailed):
        HttpWebhooks(LOOPBACK).post(f"http://127.0.0.1:{silent.getsockname()[1]}/", {}, b"", 100)


def test_a_webhook_that_draws_its_answer_out_is_cut_off() -> None:
    with talker(b"HTTP/1.0 200 OK\r\nA: " + b"x" * 400_000, pause=0.05) as url, pytest.raises(PushFailed):
        HttpWebhooks(LOOPBACK).post(url, {}, b"", 200)


def test_a_webhook_that_draws_the_body_of_its_answer_out_is_cut_off() -> None:
    # Its head comes at once, so that what is cut off is the body on a busy machine, too.
    drawn_out = talker(b"x" * 300, pause=0.02, size=1, head=b"HTTP/1.0 200 OK\r\n\r\n")
    with drawn_out as url, pytest.raises(PushFailed, match=r"longer than 2 s"):
        HttpWebhooks(LOOPBACK).post(url, {}, b"", 2000)
    assert drawn_out.interrupted


def test_nobody_there_is_a_failure() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(PushFailed):
        HttpWebhooks(LOOPBACK).post(f"http://127.0.0.1:{port}/", {}, b"", 1000)


def test_a_certificate_is_asked_for() -> None:
    with talker(b"HTTP/1.0 200 OK\r\n\r\n") as url, pytest.raises(PushFailed):
        HttpWebhooks(LOOPBACK).post(url.replace("http:", "https:"), {}, b"", 1000)


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_whoever_hangs_up_at_once_leaves_nothing_open(scheme: str) -> None:
    with hangs_up() as port, pytest.raises(PushFailed):
        HttpWebhooks(LOOPBACK).post(f"{scheme}://127.0.0.1:{port}/", {}, b"", 5000)
    # What nobody has closed complains when it goes.
    gc.collect()


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_what_took_too_long_before_it_was_connected_leaves_nothing_open(scheme: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        connection = _Connection(urlsplit(f"{scheme}://example.com/"), ("127.0.0.1", port), 5)
        connection.cut()
        with pytest.raises(TimeoutError):
            connection.connect()
        connection.close()
    gc.collect()


@pytest.mark.parametrize("text", ["10.0.0.0/33", "here", "10.0.0.1/8"])
def test_an_operator_who_mistypes_is_told(text: str) -> None:
    with pytest.raises(ValueError, match=r"\d|here"):
        networks(text)


@contextmanager
def hangs_up() -> Iterator[int]:
    """A port where whoever connects is reset, and has nothing else to hear."""

    def reset() -> None:
        connection, _ = server.accept()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=reset)
        thread.start()
        yield server.getsockname()[1]
        thread.join()


class talker:  # noqa: N801 - reads as a context manager
    """A server that says this to the first who connects: `head` at once, the rest with pauses between `size` bytes."""

    def __init__(self, said: bytes, pause: float = 0, size: int = 4096, head: bytes = b"") -> None:
        self._head = head
        self._said = said
        self._pause = pause
        self._size = size
        self.interrupted = False

    def __enter__(self) -> str:
        self._server = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._talk)
        self._thread.start()
        return f"http://127.0.0.1:{self._server.getsockname()[1]}/"

    def __exit__(self, *_: object) -> None:
        self._thread.join()
        self._server.close()

    def _talk(self) -> None:
        connection, _ = self._server.accept()
        with connection:
            connection.recv(65_536)
            for part in self._parts():
                try:
                    connection.sendall(part)
                except OSError:
                    self.interrupted = True
                    return
                time.sleep(self._pause)

    def _parts(self) -> Iterator[bytes]:
        if self._head:
            yield self._head
        for start in range(0, len(self._said), self._size):
            yield self._said[start : start + self._size]
