"""ClientHellos, before anything is kept of whoever sends them (RFC 6347, 4.2.1)."""

from typing import NamedTuple

from infra.gateway.dtls import records
from infra.gateway.dtls.association import Address
from infra.gateway.dtls.contexts import Connection, Context
from infra.gateway.dtls.cookies import AddressCookies
from infra.gateway.dtls.reassembly import Reassembly
from infra.gateway.dtls.records import CLIENT_HELLO, HANDSHAKE, HEADER, MESSAGE_HEADER, VERSION

_OLD_VERSION = b"\xfe\xff"
_MOST_PIECEMEAL = 64
"""Addresses whose ClientHello comes in pieces at a time: the only ones that cost memory before their cookie."""


class Hello(NamedTuple):
    """A ClientHello in one piece: its record for OpenSSL, its body, the version that its record had."""

    record: bytes
    body: bytes
    version: bytes


def is_hello(datagram: bytes) -> bool:
    """Whether a datagram (longer than a header) begins with a ClientHello or a piece of one."""
    return datagram[0] == HANDSHAKE and datagram[3:5] == b"\0\0" and datagram[HEADER] == CLIENT_HELLO


class Hellos:
    """Answers those without a good cookie from one connection that keeps nothing."""

    def __init__(self, context: Context, cookies: AddressCookies) -> None:
        self._context, self._cookies = context, cookies
        self._listener: Connection | None = None
        self._piecemeal: dict[Address, Reassembly] = {}

    def read(self, datagram: bytes, address: Address) -> Hello | None:
        """None as long as it is not whole, or never will be."""
        record = next(iter(records.read(datagram, 0)), None)
        message = next(records.messages(record.body), None) if record else None
        if record is None or message is None:
            return None
        whole, body = message.fragment, record.body
        if len(whole) < message.length:
            pieced = self._pieces(address).add(message)
            if pieced is None:
                return None
            del self._piecemeal[address]
            whole, body = pieced, records.message(CLIENT_HELLO, message.number, pieced)
        # the version of the record is in no transcript; some clients begin with one that OpenSSL would not take
        return Hello(records.plain(HANDSHAKE, record.number, body), whole, datagram[1:3])

    def _pieces(self, address: Address) -> Reassembly:
        pieces = self._piecemeal.get(address)
        if pieces is None:
            if len(self._piecemeal) >= _MOST_PIECEMEAL:
                del self._piecemeal[next(iter(self._piecemeal))]
            pieces = self._piecemeal[address] = Reassembly(CLIENT_HELLO)
        return pieces

    def answer(self, hello: Hello, address: Address) -> tuple[Connection | None, bytes]:
        """The connection that goes on with a ClientHello whose cookie is good, or the answer to one without."""
        listener = self._listener or self._context.new()
        self._listener = None
        self._cookies.address = address
        listener.write(hello.record)
        if listener.listen():
            return listener, b""
        self._listener = listener
        answer = listener.read()
        if len(answer) <= HEADER + MESSAGE_HEADER + len(VERSION):
            return None, b""
        # Old tinydtls ignores an answer whose versions are not those of its question, others want the lowest; an answer
        # is in no transcript either.
        mirrored = VERSION if hello.version == VERSION else _OLD_VERSION
        at = HEADER + MESSAGE_HEADER
        return None, answer[:1] + mirrored + answer[3:at] + mirrored + answer[at + 2 :]
