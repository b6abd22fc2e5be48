"""Generated secrets: 256 bits of chance with their owner and id inside, kept only as a salted digest.

A secret reads `tenant(6) id(24) chance(43) check(6)`, letters and digits only, so that it passes through every
client's password field. The check digits let junk be refused without a read.
"""

import hashlib
import hmac
from dataclasses import dataclass

from chalicelib.fleet.ids import is_id

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_TENANT, _ID, _CHANCE, _CHECK = 6, 24, 43, 6
_FOREIGN = 32
LENGTH = _TENANT + _ID + _CHANCE + _CHECK


@dataclass(frozen=True, slots=True)
class Secret:
    """A parsed secret; `text` is what the client presents."""

    tenant: str
    id: str
    text: str


def _base62(number: int, digits: int) -> str:
    out = ""
    for _ in range(digits):
        number, digit = divmod(number, 62)
        out = _ALPHABET[digit] + out
    return out


def _check(body: str) -> str:
    return _base62(int.from_bytes(hashlib.sha256(b"homeport" + body.encode()).digest()[:8]), _CHECK)


def mint(tenant: str, identifier: str, chance: bytes) -> Secret:
    """A new secret from 32 bytes of chance."""
    body = tenant + identifier + _base62(int.from_bytes(chance[:32]), _CHANCE)
    return Secret(tenant, identifier, body + _check(body))


def parse(text: str) -> Secret | None:
    """What a presented secret claims to be, or None for anything we cannot have minted."""
    if len(text) != LENGTH or not text.isascii():
        return None
    body = text[:-_CHECK]
    identifier = body[_TENANT : _TENANT + _ID]
    if not hmac.compare_digest(_check(body), text[-_CHECK:]) or not is_id(identifier):
        return None
    return Secret(body[:_TENANT], identifier, text)


def fingerprint(text: str) -> str | None:
    """Under which id a secret made elsewhere is found, or None for what cannot be one: 32 letters and digits.

    Such a secret does not name its key; its 24 hexadecimal digits of SHA-256 do. Anything else still costs no read.
    """
    if len(text) != _FOREIGN or not text.isascii() or not text.isalnum():
        return None
    return hashlib.sha256(b"imported" + text.encode()).hexdigest()[:_ID]


def digest(text: str, salt: bytes) -> bytes:
    return hashlib.sha256(salt + text.encode()).digest()


def matches(text: str, salt: bytes, expected: bytes) -> bool:
    return hmac.compare_digest(digest(text, salt), expected)
