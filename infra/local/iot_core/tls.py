"""TLS for devices: identities, contexts and the server name a client asks for.

AWS IoT Core picks the authentication by the host name of the domain configuration (SNI). So does this server: on a host
whose first label is `mtls` a client certificate is required, elsewhere none is asked for. In lenient mode it may be
shown there too, as the original platforms had one host for both. The name is read from the ClientHello before the
handshake begins, because OpenSSL does not change the verification of a handshake under way.
"""

import asyncio
import asyncio.sslproto
import socket
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from .authorizer import Certificate

MTLS_LABEL: Final = "mtls"
# asyncio reserves 256 KiB a connection for reading; a TLS record has at most 16 KiB. It is no published setting, so a
# test watches that it still has its effect.
_READ_BUFFER: Final = 16 * 1024
# What Live Objects (manual 6.2) and IBM (5.2.1) document. Python leaves some of these out, because they have no forward
# secrecy or use SHA-1, but firmware may know no others. The best that both sides know is taken.
_LENIENT_SUITES: Final = (
    "ECDHE+AESGCM:ECDHE+CHACHA20:ECDHE+AES:AES128-GCM-SHA256:AES256-GCM-SHA384:AES128-SHA:AES256-SHA:!aNULL:!eNULL:!PSK"
)
_HANDSHAKE: Final = 22
_CLIENT_HELLO: Final = 1
_SERVER_NAME: Final = 0
_HEADER: Final = 5
_RECORD_MAX: Final = 16 * 1024 + _HEADER


@dataclass(frozen=True, slots=True)
class TlsIdentity:
    """`client_ca_path`: PEM of what client certificates must chain to; a device's own certificate may stand there too.

    Without it the `mtls` hosts accept nobody.
    """

    cert_path: Path
    key_path: Path
    client_ca_path: Path | None = None

    def context(self, *, lenient: bool = False) -> ssl.SSLContext:
        """For hosts whose clients log in with user name and password."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if lenient:
            context.set_ciphers(_LENIENT_SUITES)
        context.load_cert_chain(self.cert_path, self.key_path)
        context.num_tickets = 0  # every connection is verified anew
        # What AWS documents for port 443; a client that offers none of them, or nothing, is served all the same.
        context.set_alpn_protocols(["mqtt", "x-amzn-mqtt-ca", "http/1.1"])
        return context

    def mtls_context(self, *, lenient: bool = False, required: bool = True) -> ssl.SSLContext:
        """For hosts whose clients must show a certificate, or may."""
        context = self.context(lenient=lenient)
        context.verify_mode = ssl.CERT_REQUIRED if required else ssl.CERT_OPTIONAL
        # A certificate that is registered itself is trusted without its issuer, as IoT Core does without a CA.
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        if self.client_ca_path is not None:
            context.load_verify_locations(self.client_ca_path)
        return context


def shrink_read_buffers() -> None:
    """Let asyncio's TLS connections of this process keep 16 KiB each for reading instead of 256."""
    asyncio.sslproto.SSLProtocol.max_size = _READ_BUFFER


class Contexts:
    """The contexts of one listening port, chosen by server name. What changes here concerns the next handshakes."""

    def __init__(self, identity: TlsIdentity, *, lenient: bool = False) -> None:
        shrink_read_buffers()
        self._identity = identity
        self._lenient = lenient
        self._trusted: dict[str, None] = {}
        self._password, self._mtls = self._made()

    def _made(self) -> tuple[ssl.SSLContext, ssl.SSLContext]:
        identity, lenient = self._identity, self._lenient
        mtls = identity.mtls_context(lenient=lenient)
        # Without anybody to vouch for it every certificate would be refused, and with it a client that needs none.
        anchored = bool(self._trusted) or identity.client_ca_path is not None
        if not lenient or not anchored:
            password = identity.context(lenient=lenient)
        else:
            password = identity.mtls_context(lenient=True, required=False)
        for pem in self._trusted:
            mtls.load_verify_locations(cadata=pem)
            if lenient:
                password.load_verify_locations(cadata=pem)
        return password, mtls

    def choose(self, server_name: str | None) -> ssl.SSLContext:
        label = (server_name or "").partition(".")[0].lower()
        return self._mtls if label == MTLS_LABEL else self._password

    def trust(self, pem: str) -> None:
        """Accept client certificates that are, or chain to, these from now on."""
        self._mtls.load_verify_locations(cadata=pem)  # raises for what is no certificate
        self._trusted[pem] = None
        if self._lenient:
            self.renew()

    def distrust(self, pem: str) -> None:
        """Take back what `trust` was told. What the identity's own files name stays."""
        self._trusted.pop(pem, None)
        self.renew()

    def renew(self) -> None:
        """Read the identity's files again. OSError (ssl.SSLError is one) leaves everything as it was."""
        # OpenSSL cannot take a certificate out of a context.
        self._password, self._mtls = self._made()


def client_certificate(transport: asyncio.BaseTransport) -> Certificate | None:
    """The certificate that the client showed and the handshake accepted."""
    session = transport.get_extra_info("ssl_object")
    der = session.getpeercert(binary_form=True) if session is not None else None
    if der is None:
        return None
    subject = session.getpeercert().get("subject", ())
    return Certificate(der, tuple((name, value) for group in subject for name, value in group))


class NoClientHello(Exception):
    """The client does not begin with a TLS ClientHello."""


async def peek_server_name(sock: socket.socket) -> str | None:
    """The server name in the ClientHello that waits in the socket, which stays there for the handshake."""
    loop = asyncio.get_running_loop()
    need = _HEADER
    try:
        while True:
            # The kernel reports the socket readable only when that much is there, or its end.
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, need)
            await _readable(loop, sock)
            hello = sock.recv(_RECORD_MAX, socket.MSG_PEEK)
            if len(hello) < _HEADER or hello[0] != _HANDSHAKE:
                raise NoClientHello
            length = _HEADER + int.from_bytes(hello[3:5])
            if len(hello) >= length:
                return server_name(hello[_HEADER:length])
            if length > _RECORD_MAX or len(hello) >= need > _HEADER:
                raise NoClientHello
            need = length
    finally:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, 1)


async def _readable(loop: asyncio.AbstractEventLoop, sock: socket.socket) -> None:
    ready: asyncio.Future[None] = loop.create_future()

    def report() -> None:
        if not ready.done():
            ready.set_result(None)

    loop.add_reader(sock, report)
    try:
        await ready
    finally:
        loop.remove_reader(sock)


def server_name(handshake: bytes) -> str | None:
    """The host name in a ClientHello (RFC 8446 4.1.2, RFC 6066 3); None without one."""
    try:
        return _server_name(handshake)
    except (IndexError, UnicodeDecodeError):
        raise NoClientHello from None


def _server_name(hello: bytes) -> str | None:
    if hello[0] != _CLIENT_HELLO:
        raise NoClientHello
    position = 4 + 2 + 32  # type and length, version, random
    position += 1 + hello[position]  # session id
    position += 2 + int.from_bytes(hello[position : position + 2])  # cipher suites
    position += 1 + hello[position]  # compression methods
    end = position + 2 + int.from_bytes(hello[position : position + 2])
    position += 2
    while position + 4 <= min(end, len(hello)):
        kind = int.from_bytes(hello[position : position + 2])
        length = int.from_bytes(hello[position + 2 : position + 4])
        if kind == _SERVER_NAME:
            # list length (2), name type (1), name length (2), name
            size = int.from_bytes(hello[position + 7 : position + 9])
            return hello[position + 9 : position + 9 + size].decode("ascii") or None
        position += 4 + length
    return None
