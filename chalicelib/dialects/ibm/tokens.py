"""Authentication tokens of devices: shown once, kept as a salted digest (manual 2.3.3 and 3.1.6).

What was generated is digested once, what somebody may have thought of by scrypt, and not often in a minute.
"""

import base64
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from chalicelib.fleet.access import attempts, secrets
from chalicelib.fleet.access.passwords import Cost, Password
from chalicelib.fleet.errors import Invalid
from chalicelib.fleet.inventory.records import Device
from chalicelib.fleet.ports import Ports

MOST_AT_ONCE = 50
"""Tokens that take scrypt in one request: 16 MB and half a second each, as a function has them."""
TOO_MANY = f"at most {MOST_AT_ONCE} devices at once may bring tokens that somebody may have thought of"
_SHORTEST, _LONGEST = 8, 255
_CHANCE = 24
_GENERATED = 18
"""Characters of a token that IBM generated; of 70 kinds they are 110 bits of chance."""
_DIFFERENT = 11
_KINDS = (re.compile("[A-Z]"), re.compile("[a-z]"), re.compile("[0-9]"))
_THOUGHT_OF = re.compile(r"[A-Za-z][a-z]{4}|[A-Z]{5}|[0-9]{4}|(.)\1\1")
"""Words and numbers: what people choose most of the time, and a generator makes now and then too."""
_LIGHTER = 1
"""scrypt's p for tokens: a fleet that connects to a cold stage pays it for each device."""


def minted(ports: Ports) -> str:
    """A new token: 192 bits of chance, letters, digits, `-` and `_`, so that it passes through every shell."""
    return base64.urlsafe_b64encode(ports.chance(_CHANCE)).decode()


def chosen(text: Any) -> str:
    """A token that the customer brings. Errors: Invalid."""
    if not isinstance(text, str) or not _SHORTEST <= len(text) <= _LONGEST or not text.isprintable():
        raise Invalid(f"a token has {_SHORTEST} to {_LONGEST} printable characters", "authToken")
    return text


def looks_generated(text: str) -> bool:
    """Whether nobody can have thought of it, as far as one can see: long, mixed, and without words and numbers."""
    return (
        len(text) >= _GENERATED
        and len(set(text)) >= _DIFFERENT
        and all(kind.search(text) for kind in _KINDS)
        and _THOUGHT_OF.search(text) is None
    )


def is_slow(text: Any) -> bool:
    """Whether it takes scrypt to keep it, if it is a token at all."""
    return isinstance(text, str) and bool(text) and not looks_generated(text)


def kept(ports: Ports, token: str, *, generated: bool) -> dict[str, Any]:
    """What is stored of a token. Errors: RateLimitReached (too many are being digested at once)."""
    salt = ports.chance(16)
    if generated or looks_generated(token):
        return {"salt": _text(salt), "digest": _text(secrets.digest(token, salt))}
    made = ports.hasher.keep(token, salt, replace(ports.hasher.cost, p=_LIGHTER))
    cost = [made.cost.n, made.cost.r, made.cost.p]
    return {"salt": _text(salt), "digest": _text(made.digest), "scrypt": cost}


def fits(ports: Ports, device: Device, stored: Mapping[str, Any] | None, presented: str, *, address: str) -> bool:
    """Whether that is the device's token; `address` is where it comes from, empty where nobody knows.

    Errors: RateLimitReached (too many guesses from there).
    """
    if not stored:
        return False
    salt, digest = base64.b64decode(stored["salt"]), base64.b64decode(stored["digest"])
    if "scrypt" not in stored:
        return secrets.matches(presented, salt, digest)
    password = Password(salt, digest, Cost(*map(int, stored["scrypt"])))
    # A device that was here before is not kept out by whoever guesses, and costs nothing more.
    if ports.hasher.remembers(presented, password):
        return True
    attempts.guess(ports, device.tenant, f"token {device.id}", address)
    return ports.hasher.matches(presented, password, patient=True)


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
