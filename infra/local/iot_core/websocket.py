"""MQTT over WebSocket: MQTT 3.1.1 chapter 6, framed by the `websockets` package, of which only the protocol is used."""

import logging
from collections.abc import Iterator
from http import HTTPStatus

from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.protocol import State
from websockets.server import ServerProtocol
from websockets.typing import Subprotocol

PATH = "/mqtt"
FIRST_BYTE = b"G"  # of "GET"; a CONNECT packet begins with 0x10
_UNSUPPORTED_DATA = 1003

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

    @property
    def ended(self) -> bool:
        return self._protocol.close_expected()

    @property
    def left(self) -> bool:
        """Whether it was the client that ended it, with a close frame."""
        return self._protocol.close_rcvd is not None

    def receive(self, data: bytes) -> bytes:
        """Packets may be cut anywhere across frames [MQTT-6.0.0-2]."""
        self._protocol.receive_data(data)
        return b"".join(self._events())

    def _events(self) -> Iterator[bytes]:
        for event in self._protocol.events_received():
            if isinstance(event, Request):
                self._handshake(event)
            elif isinstance(event, Frame) and event.opcode in (Opcode.BINARY, Opcode.CONT):
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
        return b"".join(self._protocol.data_to_send())
