"""What keeps the stack from listening, told with the variable that helps."""

import errno
import socket
from collections.abc import Callable
from typing import TypeVar

_NO_ADDRESS = frozenset({errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT})
_Listening = TypeVar("_Listening")


class PortTakenError(Exception):
    """Nothing can listen on a port or an address; the text names the variable that moves it."""


def or_taken(
    variable: str, host: str, port: int, listen: Callable[[], _Listening], bind: str = "HOMEPORT_BIND"
) -> _Listening:
    """What `listen` answers; raises PortTakenError where it cannot listen.

    `variable` is that of the port, `bind` that of the address.
    """
    try:
        return listen()
    except OSError as error:
        why = error.strerror or error
        if isinstance(error, socket.gaierror) or error.errno in _NO_ADDRESS:
            text = f"cannot listen on {host}: {why}; set {bind} to an address of this machine"
        else:
            text = f"cannot listen on port {port}: {why}; set {variable} to another port, or to 0 for a free one"
        raise PortTakenError(text) from error
