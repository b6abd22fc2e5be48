"""One CoAP request over DTLS with Mbed TLS: port, identity, key and request in hex, suite. Prints the answer in hex."""

import socket
import sys
from collections.abc import Callable
from typing import Any

from mbedtls import tls

port, identity, key, request, suite = sys.argv[1:6]
configuration = tls.DTLSConfiguration(
    pre_shared_key=(identity, bytes.fromhex(key)),
    ciphers=(suite,),
    validate_certificates=False,
)


def block(call: Callable[..., Any], *arguments: Any) -> Any:
    while True:
        try:
            return call(*arguments)
        except (tls.WantReadError, tls.WantWriteError):
            pass


connection = tls.ClientContext(configuration).wrap_socket(socket.socket(socket.AF_INET, socket.SOCK_DGRAM), None)
connection.connect(("127.0.0.1", int(port)))
block(connection.do_handshake)
block(connection.send, bytes.fromhex(request))
print(block(connection.recv, 4096).hex(), flush=True)
