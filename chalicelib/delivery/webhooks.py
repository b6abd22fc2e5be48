"""POST to webhooks that tenants name, and therefore to nowhere inside: addresses are checked, then connected to.

A name is resolved once and the connection goes to the address that was looked at, so that a name which resolves
differently the second time gains nothing. Redirects are answers like any other. HOMEPORT_PUSH_ALLOW lifts the
restriction of addresses and ports for the networks it names, separated by commas.
"""

import http.client
import ipaddress
import socket
import ssl
import threading
from collections.abc import Iterable, Mapping
from typing import TypeAlias
from urllib.parse import SplitResult, urlsplit

from chalicelib.fleet.events.pushing import PORTS
from chalicelib.fleet.events.records import PushFailed, PushResult, TargetRefused

MAX_ANSWER = 16_384
Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_LOW_32 = (1 << 32) - 1


def networks(text: str) -> tuple[Network, ...]:
    """What an operator allows: CIDR blocks separated by commas. ValueError for anything else."""
    return tuple(ipaddress.ip_network(part.strip()) for part in text.split(",") if part.strip())


class HttpWebhooks:
    def __init__(self, allowed: Iterable[Network] = ()) -> None:
        self._allowed = tuple(allowed)

    def post(self, url: str, headers: Mapping[str, str], body: bytes, timeout: int) -> PushResult:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        address = self._checked(parts.hostname or "", port)
        return _exchange(parts, (address, port), dict(headers), body, timeout / 1000)

    def _checked(self, host: str, port: int) -> str:
        addresses = _resolved(host, port)
        allowed = [a for a in addresses if any(a.version == n.version and a in n for n in self._allowed)]
        if allowed:
            return str(allowed[0])
        if port not in PORTS:
            raise TargetRefused(f"a webhook is on port {', '.join(str(p) for p in sorted(PORTS))}, not {port}")
        # One inner address among outer ones is enough to refuse: the choice would be the name server's.
        if not all(is_public(a) for a in addresses):
            raise TargetRefused(f"the host {host} is not on the public internet")
        return str(addresses[0])


def is_public(address: Address) -> bool:
    """Whether it is on the internet for everybody, whichever way it is written."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
        if address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & _LOW_32)
        if inner is not None:
            return is_public(inner)
        if address.is_site_local:
            return False
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified)


def _resolved(host: str, port: int) -> list[Address]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise PushFailed(f"the host {host} was not found: {error}") from error
    return [ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]


def _exchange(
    parts: SplitResult, target: tuple[str, int], headers: dict[str, str], body: bytes, timeout: float
) -> PushResult:
    connection = _Connection(parts, target, timeout)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    # Each read has its time-out, but a server that trickles could draw them out: the end is cut off for all together.
    guard = threading.Timer(timeout, connection.cut)
    guard.daemon = True
    guard.start()
    try:
        connection.request("POST", path, body, headers)
        # An answer that is not read to its end keeps the socket, whatever becomes of the connection.
        with connection.getresponse() as response:
            result = PushResult(response.status, response.read(MAX_ANSWER))
    except (OSError, http.client.HTTPException, ValueError) as error:
        if not connection.is_cut:
            raise PushFailed(f"the webhook was not reached: {error or type(error).__name__}") from error
    finally:
        guard.cancel()
        connection.close()
    # What was cut off looks like an answer that ended, or like a connection that was reset.
    if connection.is_cut:
        raise PushFailed(f"the webhook took longer than {timeout:g} s")
    return result


class _Connection(http.client.HTTPConnection):
    """Speaks to the host of the URL at an address that was chosen before."""

    def __init__(self, parts: SplitResult, target: tuple[str, int], timeout: float) -> None:
        super().__init__(parts.hostname or "", target[1], timeout=timeout)
        self._target = target
        self._secure = parts.scheme == "https"
        # `sock` is None as soon as an answer that ends with its connection has begun; its body is still to come.
        self._held: socket.socket | None = None
        self.is_cut = False
        self.default_port = 443 if self._secure else 80

    def connect(self) -> None:
        family = socket.AF_INET6 if ":" in self._target[0] else socket.AF_INET
        plain = socket.socket(family)
        plain.settimeout(self.timeout)
        # TLS takes the plain socket's place before there is a connection: from one that was reset it takes it as well,
        # but fails, and the socket is left to nobody.
        self.sock = self._held = self._secured(plain) if self._secure else plain
        self.sock.connect(self._target)
        # The cut may come before there is anything to cut: whichever of the two is second sees the other.
        if self.is_cut:
            raise TimeoutError("it took too long to connect")
        if isinstance(self.sock, ssl.SSLSocket):
            # Its handshake is part of what may be cut.
            self.sock.do_handshake()

    def _secured(self, plain: socket.socket) -> ssl.SSLSocket:
        context = ssl.create_default_context()
        return context.wrap_socket(plain, server_hostname=self.host, do_handshake_on_connect=False)

    def cut(self) -> None:
        self.is_cut = True
        if self._held is not None:
            try:
                # Not SSLSocket's, which takes the TLS state from under whoever reads.
                socket.socket.shutdown(self._held, socket.SHUT_RDWR)
            except OSError:
                # It was over anyway.
                return
