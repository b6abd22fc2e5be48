"""Whether devices reach a CoAP gateway: a ClientHello as they send it, and the answer that every server owes it.

Nothing is kept of it over there (RFC 6347, 4.2.1), and no identity is told.
"""

import os
import socket

from infra.host_check import Finding

_TRIES, _WITHIN_S = 3, 2.0
_HANDSHAKE, _CLIENT_HELLO, _HELLO_VERIFY_REQUEST = 22, 1, 3
_OLD, _VERSION = b"\xfe\xff", b"\xfe\xfd"
_SUITES = bytes.fromhex("c0a8c0a900a8")
_HEADER = 13


def client_hello(random: bytes) -> bytes:
    """A record with a ClientHello of a device with a pre-shared key; `random` has 32 bytes."""
    body = _VERSION + random + b"\0\0" + len(_SUITES).to_bytes(2, "big") + _SUITES + b"\x01\0"
    length = len(body).to_bytes(3, "big")
    message = bytes((_CLIENT_HELLO,)) + length + bytes(5) + length + body
    return bytes((_HANDSHAKE,)) + _OLD + bytes(8) + len(message).to_bytes(2, "big") + message


def check(host: str, port: int, expected: str = "") -> list[Finding]:
    """`expected` is the address or name that the stack says to point to, where it is known."""
    what = f"CoAP over DTLS at {host}"
    try:
        found = socket.getaddrinfo(host, port, socket.AF_INET, socket.SOCK_DGRAM)
        wanted = {each[4][0] for each in socket.getaddrinfo(expected, port, socket.AF_INET)} if expected else set()
    except OSError as error:
        return [Finding(what, good=False, found=f"no address: {error}")]
    address = found[0][4]
    findings = [_answered(what, (str(address[0]), port))]
    if wanted and address[0] not in wanted:
        said = f"{host} is {address[0]}, the gateway is {', '.join(sorted(map(str, wanted)))}"
        findings.append(Finding("DNS of LwM2M devices", good=False, found=said))
    return findings


def _answered(what: str, address: tuple[str, int]) -> Finding:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.settimeout(_WITHIN_S)
        asking.connect(address)
        hello = client_hello(os.urandom(32))
        for _ in range(_TRIES):
            try:
                asking.send(hello)
                answer = asking.recv(2048)
            except TimeoutError:
                continue
            except OSError as error:
                return Finding(what, good=False, found=f"nobody is there: {error}")
            if _greets(answer):
                return Finding(what, good=True, found=f"{address[0]}:{address[1]} answers as a DTLS server does")
            return Finding(what, good=False, found="what answers is no DTLS server")
    return Finding(what, good=False, found=f"{address[0]}:{address[1]} is silent: a firewall, or nobody")


def answers(host: str, port: int, within: float = 1.0) -> bool:
    """Whether somebody does: one ClientHello, and so many seconds for what it owes. Errors: OSError for no address."""
    (found, *_) = socket.getaddrinfo(host, port, socket.AF_INET, socket.SOCK_DGRAM)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.settimeout(within)
        asking.connect(found[4])
        try:
            asking.send(client_hello(os.urandom(32)))
            return _greets(asking.recv(2048))
        except OSError:
            return False


def _greets(answer: bytes) -> bool:
    return answer[:1] == bytes((_HANDSHAKE,)) and answer[_HEADER : _HEADER + 1] == bytes((_HELLO_VERIFY_REQUEST,))
