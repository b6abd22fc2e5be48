"""The six cipher suites with plain PSK that devices offer (RFC 5487, 6655), and their keys (RFC 5246, 5 and 6.3)."""

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from cryptography.hazmat.primitives.ciphers.aead import AESCCM, AESGCM

IV = 4
"""Bytes of the nonce that the handshake agrees on; the other eight travel with each record."""


class Aead(Protocol):
    def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None, /) -> bytes: ...
    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None, /) -> bytes: ...


@dataclass(frozen=True)
class Suite:
    """`number` is IANA's; `key` and `tag` are bytes."""

    name: str
    number: int
    key: int
    tag: int
    digest: str
    aead: Callable[[bytes], Aead]


def _ccm(tag: int) -> Callable[[bytes], Aead]:
    return lambda key: AESCCM(key, tag)


_SUITES = (
    Suite("PSK-AES128-CCM8", 0xC0A8, 16, 8, "sha256", _ccm(8)),
    Suite("PSK-AES256-CCM8", 0xC0A9, 32, 8, "sha256", _ccm(8)),
    Suite("PSK-AES128-CCM", 0xC0A4, 16, 16, "sha256", _ccm(16)),
    Suite("PSK-AES256-CCM", 0xC0A5, 32, 16, "sha256", _ccm(16)),
    Suite("PSK-AES128-GCM-SHA256", 0x00A8, 16, 16, "sha256", AESGCM),
    Suite("PSK-AES256-GCM-SHA384", 0x00A9, 32, 16, "sha384", AESGCM),
)
SUITES = {suite.name: suite for suite in _SUITES}
"""By OpenSSL's names."""


class Secrets(NamedTuple):
    """What a handshake agreed on."""

    suite: Suite
    master: bytes
    client_random: bytes
    server_random: bytes


class Keys(NamedTuple):
    client: bytes
    server: bytes
    client_iv: bytes
    server_iv: bytes


def keys(secrets: Secrets) -> Keys:
    """The key block; an AEAD has no MAC keys."""
    size = secrets.suite.key
    seed = secrets.server_random + secrets.client_random
    block = prf(secrets.suite.digest, secrets.master, b"key expansion" + seed, 2 * (size + IV))
    ivs = block[2 * size :]
    return Keys(block[:size], block[size : 2 * size], ivs[:IV], ivs[IV:])


def prf(digest: str, secret: bytes, seed: bytes, length: int) -> bytes:
    """P_hash of RFC 5246, section 5; `seed` begins with the label."""
    a, out = seed, b""
    while len(out) < length:
        a = hmac.digest(secret, a, digest)
        out += hmac.digest(secret, a + seed, digest)
    return out[:length]
