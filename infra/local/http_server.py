"""waitress with what API Gateway shows of a request and waitress hides: header names as sent, repeated headers."""

import json
import logging
import socket
from collections.abc import Callable, Iterable
from typing import Any

from waitress import wasyncore
from waitress.adjustments import Adjustments
from waitress.parser import HTTPRequestParser, ParsingError, get_header_lines
from waitress.task import ErrorTask, ThreadedTaskDispatcher, WSGITask

from infra.local.http_waiting import LOOK_EVERY_S, Patience, PeerOf, WaitingChannel, WaitingServer
from infra.local.vital import Vital

StartResponse = Callable[..., Any]
Application = Callable[[dict[str, Any], StartResponse], Iterable[bytes]]

RAW_HEADERS = "homeport.headers"
"""Environ key: the request's headers as a list of (name as sent, value) in the order of arrival."""

REQUEST_TOO_LONG = b'{"message":"Request Too Long"}'
"""API Gateway's body for 413."""
_TOO_LONG = 413


class _Parser(HTTPRequestParser):  # type: ignore[misc]  # waitress is untyped
    raw_headers: list[tuple[str, str]]

    def parse_header(self, header_plus: bytes) -> None:
        self.raw_headers = []
        super().parse_header(header_plus)
        if not self.content_length and not self.chunked:
            self.expect_continue = False  # waitress would wait for a body for ever
        for line in get_header_lines(header_plus.partition(b"\r\n")[2]):
            name, _, value = line.partition(b":")
            self.raw_headers.append((name.decode("latin-1"), _text(value.strip(b" \t"))))
        names = [name.lower() for name, _ in self.raw_headers]
        # RFC 9112 3.2: whoever stands in front may have gone by another one of them.
        if names.count("host") > 1 or (self.version == "1.1" and "host" not in names):
            raise ParsingError("a request names one Host")
        # RFC 9112 6.1: what stands behind such a body may be somebody else's, so nothing of it is a next request.
        if "transfer-encoding" in names and ("content-length" in names or self.version != "1.1"):
            self.headers["CONNECTION"] = "close"


def _text(value: bytes) -> str:
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.decode("latin-1")


class _Task(WSGITask):  # type: ignore[misc]  # waitress is untyped
    @property
    def has_body(self) -> bool:
        # RFC 9110 9.3.2: an answer to HEAD carries no content
        return self.request.command != "HEAD" and bool(super().has_body)

    def build_response_header(self) -> bytes:
        """Header names as the application gave them: waitress capitalises, and S3's user metadata is told by case."""
        given = {name.lower().encode(): name.encode() for name, _ in self.response_headers}
        head, *lines = super().build_response_header().split(b"\r\n")
        if self.request.command == "HEAD" and self.content_length is not None:
            # waitress leaves it out where there is no content, but S3's clients ask for the size in this way
            lines.insert(0, b"Content-Length: %d" % self.content_length)
        named = (line.partition(b": ") for line in lines)
        return b"\r\n".join([head, *(given.get(name.lower(), name) + colon + value for name, colon, value in named)])

    def get_environment(self) -> dict[str, Any]:
        environ: dict[str, Any] = super().get_environment()
        environ[RAW_HEADERS] = self.request.raw_headers
        return environ


class _ErrorTask(ErrorTask):  # type: ignore[misc]  # waitress is untyped
    """Answers what never reaches the application as API Gateway itself does: whose it is nobody knows."""

    def execute(self) -> None:
        error = self.request.error
        self.status = f"{error.code} {error.reason}"
        body = REQUEST_TOO_LONG
        if error.code == _TOO_LONG:
            self.response_headers.append(("x-amzn-ErrorType", "RequestTooLargeException"))
        else:
            body = json.dumps({"message": f"{error.reason}: {error.body}"}).encode()
        self.response_headers.append(("Content-Type", "application/json"))
        self.set_close_on_finish()
        self.content_length = len(body)
        self.write(body)


class _Channel(WaitingChannel):
    parser_class = _Parser
    task_class = _Task
    error_task_class = _ErrorTask


class HttpServer:
    """Serves one WSGI application on a socket that is already bound, in threads of its own."""

    def __init__(
        self,
        application: Application,
        listener: socket.socket,
        *,
        name: str,
        threads: int,
        max_body: int,
        vital: Vital | None = None,
        patience: Patience | None = None,
        peer_of: PeerOf = lambda _port: None,
    ) -> None:
        """`max_body` is the first length in bytes of a request's body that is refused, with 413."""
        logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # a full queue is no news while every thread waits
        self._map: dict[int, Any] = {}
        patience = patience or Patience()
        dispatcher = ThreadedTaskDispatcher()
        dispatcher.set_thread_count(threads)
        self._server = WaitingServer(
            application,
            map=self._map,
            _sock=listener,
            dispatcher=dispatcher,
            sockinfo=(listener.family, listener.type, listener.proto, listener.getsockname()),
            bind_socket=False,
            adj=Adjustments(
                ident="homeport",
                max_request_body_size=max_body,
                channel_request_lookahead=0,
                clear_untrusted_proxy_headers=False,
                # select() knows no descriptor above 1023, and the devices of the same process have thousands
                asyncore_use_poll=True,
                connection_limit=2 * patience.most,
                cleanup_interval=LOOK_EVERY_S,
            ),
        )
        self._server.channel_class = _Channel
        self._server.patience, self._server.peer_of = patience, peer_of
        self._thread = (vital or Vital()).thread(name, self._server.run)
        self.port: int = listener.getsockname()[1]

    def start(self) -> None:
        self._thread.start()

    def stop(self, timeout: float) -> None:
        """Close the listener and let requests that are being served end, for at most `timeout` seconds."""
        self._server.task_dispatcher.shutdown(timeout=timeout)
        if self._thread.is_alive():
            self._server.trigger.pull_trigger(self._close)
            self._thread.join(timeout)
        else:
            self._close()

    def _close(self) -> None:
        wasyncore.close_all(self._map, ignore_all=True)


def bind(host: str, port: int) -> socket.socket:
    """A TCP socket bound to `host` and `port` (0: a free one); raises OSError when it is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
    except OSError:
        listener.close()
        raise
    return listener
