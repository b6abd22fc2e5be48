"""MQTT over WebSocket: MQTT 3.1.1 chapter 6, framed by the `websockets` package, of which only the protocol is used."""

import logging
from collections.abc import Iterator
from http import HTTPStatus

from websockets.exceptions import InvalidMessage
from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.protocol import State
from websockets.server import ServerProtocol
from websockets.typing import Subprotocol

PATH = "/mqtt"
METHODS = frozenset(range(ord("A"), ord("Z") + 1))
"""What an HTTP request begins with; a CONNECT packet begins with 0x10."""
_END_OF_HEAD = b"\r\n\r\n"
_UNSUPPORTED_DATA = 1003
_REASON = f"MQTT over WebSocket is at {PATH}: GET, without a body\n".encode()
_BAD_REQUEST = (
    b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Type: text/plain; charset=utf-8\r\n"
    b"Content-Length: %d\r\n\r\n%s" % (len(_REASON), _REASON)
)

# Every refused handshake would be logged with a traceback at ERROR; a stranger's bytes are no error of ours.
_log = logging.getLogger(__name__ + ".frames")
_log.setLevel(logging.CRITICAL)


class WebSocket:
    """Bytes of the transport in, bytes of MQTT out; `ended` once the socket is to be closed."""

    def __init__(self, max_size: int) -> None:
        # [MQTT-6.0.0-3]: the client must offer "mqtt"; MQTT 3.1 clients offer "mqttv3.1".
        names = [Subprotocol("mqtt"), Subprotocol("mqttv3.1")]
        self._protocol = ServerProtocol(subprotocols=names, max_size=max_size, logger=_log)
        self.headers: dict[str, str] = {}
        self.query = ""
        self._before = b""
        self._refusal = b""

    @property
    def ended(self) -> bool:
        return self._protocol.close_expected()

    @property
    def left(self) -> bool:
        """Whether it was the client that ended it, with a close frame."""
        return self._protocol.close_rcvd is not None

    def receive(self, data: bytes) -> bytes:
        """Packets may be cut anywhere across frames [MQTT-6.0.0-2]."""
        if self._protocol.state is State.CONNECTING:
            data = self._greet(data)
        if self._protocol.state is State.CONNECTING:
            return b""
        self._protocol.receive_data(data)
        return b"".join(self._events())

    def _greet(self, data: bytes) -> bytes:
        """Read the request to the end of its head, and answer it; returns what stands behind.

        Frames are read only after an answer: what follows a request that is refused is none.
        """
        if self._protocol.close_expected():
            return b""
        found = (self._before + data).find(_END_OF_HEAD)
        end = len(data) if found < 0 else found + len(_END_OF_HEAD) - len(self._before)
        self._before = (self._before + data)[1 - len(_END_OF_HEAD) :]
        self._protocol.receive_data(data[:end])
        for event in self._protocol.events_received():
            if isinstance(event, Request):
                self._handshake(event)
        if isinstance(self._protocol.handshake_exc, InvalidMessage):
            # To what is no request for a WebSocket the package answers nothing.
            self._refusal = _BAD_REQUEST
        return data[end:]

    def _events(self) -> Iterator[bytes]:
        for event in self._protocol.events_received():
            if isinstance(event, Frame) and event.opcode in (Opcode.BINARY, Opcode.CONT):
                yield bytes(event.data)
            elif isinstance(event, Frame) and event.opcode is Opcode.TEXT:
                self._protocol.fail(_UNSUPPORTED_DATA, "binary frames only")  # [MQTT-6.0.0-1]

    def _handshake(self, request: Request) -> None:
        path, _, query = request.path.partition("?")
        if path != PATH:
            response = self._protocol.reject(HTTPStatus.NOT_FOUND, f"MQTT is at {PATH}\n")
        else:
            response = self._protocol.accept(request)
            if self._protocol.subprotocol is None and response.status_code == HTTPStatus.SWITCHING_PROTOCOLS:
                response = self._protocol.reject(
                    HTTPStatus.BAD_REQUEST, "the subprotocol mqtt is required\n"
                )  # [MQTT-6.0.0-3]
        self.headers = {name.lower(): value for name, value in request.headers.raw_items()}
        self.query = f"?{query}" if query else ""
        self._protocol.send_response(response)

    def wrap(self, data: bytes) -> None:
        if self._protocol.state is State.OPEN:
            self._protocol.send_binary(data)

    def close(self) -> None:
        if self._protocol.state is State.OPEN:
            self._protocol.send_close(1000)

    def pending(self) -> bytes:
        """What is to be written to the transport now."""
        refusal, self._refusal = self._refusal, b""
        return b"".join(self._protocol.data_to_send()) + refusal
