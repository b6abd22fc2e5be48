"""Passwords that people choose: a rule for them, and scrypt (RFC 7914), so that guessing them costs memory and time."""

import hashlib
import hmac
import unicodedata
from dataclasses import dataclass

from chalicelib.fleet.errors import Invalid

SHORTEST, LONGEST = 8, 128


@dataclass(frozen=True, slots=True)
class Cost:
    """scrypt's parameters. The default needs 16 MB, and five times the work of one pass over them."""

    n: int = 1 << 14
    r: int = 8
    p: int = 5


@dataclass(frozen=True, slots=True)
class Password:
    """Kept with what it cost, so that the cost can rise for new ones."""

    salt: bytes
    digest: bytes
    cost: Cost


def check(text: str) -> None:
    """Errors: Invalid (fewer than 8 characters, or not each of upper case, lower case, digit and special)."""
    kinds = (str.isupper, str.islower, str.isdigit, _special)
    if not SHORTEST <= len(text) <= LONGEST or not all(any(kind(c) for c in text) for kind in kinds):
        raise Invalid(
            f"a password has {SHORTEST} to {LONGEST} characters: "
            "at least one upper case letter, one lower case letter, one digit and one special character",
            "password",
        )


def _special(character: str) -> bool:
    return character.isprintable() and not character.isalnum() and not character.isspace()


def keep(text: str, salt: bytes, cost: Cost) -> Password:
    return Password(salt, _digest(text, salt, cost), cost)


def matches(text: str, kept: Password | None, cost: Cost) -> bool:
    """Whether it is that password; takes as long where there is none to compare with."""
    if kept is None:
        _digest(text, b"", cost)
        return False
    return hmac.compare_digest(_digest(text, kept.salt, kept.cost), kept.digest)


def _digest(text: str, salt: bytes, cost: Cost) -> bytes:
    # What looks the same on two keyboards is the same password (RFC 8265).
    entered = unicodedata.normalize("NFC", text).encode()
    memory = 256 * cost.r * (cost.n + cost.p + 2)
    return hashlib.scrypt(entered, salt=salt, n=cost.n, r=cost.r, p=cost.p, maxmem=memory, dklen=32)
