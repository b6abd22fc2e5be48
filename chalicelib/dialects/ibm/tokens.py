"""Authentication tokens of devices: shown once, kept as a salted digest (manual 2.3.3 and 3.1.6)."""

import base64
from collections.abc import Mapping
from typing import Any

from chalicelib.fleet import secrets
from chalicelib.fleet.errors import Invalid
from chalicelib.fleet.ports import Ports

_SHORTEST, _LONGEST = 8, 255
_CHANCE = 24


def minted(ports: Ports) -> str:
    """A new token: 192 bits of chance, letters, digits, `-` and `_`, so that it passes through every shell."""
    return base64.urlsafe_b64encode(ports.chance(_CHANCE)).decode()


def chosen(text: Any) -> str:
    """A token that the customer brings. Errors: Invalid."""
    if not isinstance(text, str) or not _SHORTEST <= len(text) <= _LONGEST or not text.isprintable():
        raise Invalid(f"a token has {_SHORTEST} to {_LONGEST} printable characters", "authToken")
    return text


def kept(ports: Ports, token: str) -> dict[str, str]:
    """What is stored of a token."""
    salt = ports.chance(16)
    return {"salt": _text(salt), "digest": _text(secrets.digest(token, salt))}


def fits(stored: Mapping[str, Any] | None, presented: str) -> bool:
    if not stored:
        return False
    return secrets.matches(presented, base64.b64decode(stored["salt"]), base64.b64decode(stored["digest"]))


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
