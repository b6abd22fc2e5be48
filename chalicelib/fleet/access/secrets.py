"""Generated secrets, kept only as a digest: what they look like, and what can be said of one without a read.

Those made today read `chance(26) check(6)` in lower-case hexadecimal digits: 104 bits of chance. Firmware of Live
Objects holds a key in 32 characters, its C SDKs as two numbers of 64 bits. They name nobody: the fleet finds whose they
are by a keyed digest.

Those made earlier read `tenant(6) id(24) chance(43) check(6)`, letters and digits. They stay good.

The check digits let junk be refused without a read.
"""

import hashlib
import hmac
import re

from chalicelib.fleet.frozen import dataclass
from chalicelib.fleet.ids import is_id

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_TENANT, _ID, _CHANCE, _CHECK = 6, 24, 43, 6
_LONG = _TENANT + _ID + _CHANCE + _CHECK
LENGTH = 32
CHANCE = 13
"""Bytes that a new secret is made from."""
_MINTED = re.compile(rf"[0-9a-f]{{{LENGTH}}}")
_CHECKED = LENGTH - _CHECK


@dataclass(frozen=True, slots=True)
class Secret:
    """A secret that names its tenant and its key; `text` is what the client presents."""

    tenant: str
    id: str
    text: str


def mint(chance: bytes) -> str:
    """A new secret from CHANCE bytes."""
    body = chance[:CHANCE].hex()
    return body + _hex_check(body)


def is_minted(text: str) -> bool:
    """Whether we may have minted it: one of 17 million made-up ones passes."""
    return _MINTED.fullmatch(text) is not None and hmac.compare_digest(_hex_check(text[:_CHECKED]), text[_CHECKED:])


def is_foreign(text: str) -> bool:
    """Whether another platform may have made it an API key: 32 letters and digits."""
    return len(text) == LENGTH and text.isascii() and text.isalnum()


def parse(text: str) -> Secret | None:
    """What a presented secret of the long form claims to be, or None for anything we cannot have minted."""
    if len(text) != _LONG or not text.isascii():
        return None
    body = text[:-_CHECK]
    identifier = body[_TENANT : _TENANT + _ID]
    if not hmac.compare_digest(_check(body), text[-_CHECK:]) or not is_id(identifier):
        return None
    return Secret(body[:_TENANT], identifier, text)


def digest(text: str, salt: bytes) -> bytes:
    return hashlib.sha256(salt + text.encode()).digest()


def matches(text: str, salt: bytes, expected: bytes) -> bool:
    return hmac.compare_digest(digest(text, salt), expected)


def _hex_check(body: str) -> str:
    return hashlib.sha256(b"homeport" + body.encode()).hexdigest()[:_CHECK]


def _check(body: str) -> str:
    number, out = int.from_bytes(hashlib.sha256(b"homeport" + body.encode()).digest()[:8]), ""
    for _ in range(_CHECK):
        number, digit = divmod(number, 62)
        out = _ALPHABET[digit] + out
    return out
