"""The stage key: what keyed digests are made with, so that a copy of the tables finds nobody's secret.

It has one or two generations. A new one is known before it is written with: every instance reads the key again after
MAX_AGE, and a generation is written with only SETTLED after it was made. So an instance never meets a digest of a
generation that it does not know, and what was written with the one before is still found.
"""

import base64
import binascii
import hashlib
import hmac
import json
from typing import Any

from chalicelib.fleet.errors import Conflict
from chalicelib.fleet.frozen import dataclass

LENGTH = 32
MAX_AGE = 5 * 60_000
"""How long (ms) an instance goes on with what it has read."""
SETTLED = 2 * MAX_AGE
"""How long (ms) after it was made a generation is written with: an instance's MAX_AGE, and as much for its clock."""


@dataclass(frozen=True, slots=True)
class Generation:
    """`since` is the moment (ms) from which on it is written with; `number` tells it from all others of the stage."""

    number: int
    since: int
    key: bytes

    def digest(self, purpose: str, text: str) -> bytes:
        """32 bytes: HMAC-SHA-256 (RFC 2104). Digests for one `purpose` tell nothing about those for another."""
        return hmac.digest(self.key, purpose.encode() + b"\0" + text.encode(), hashlib.sha256)


@dataclass(frozen=True, slots=True)
class StageKey:
    """`generations` has the newest first, and is never empty."""

    generations: tuple[Generation, ...]

    @property
    def newest(self) -> Generation:
        return self.generations[0]

    def writing(self, now: int) -> Generation:
        """The one that digests are stored under by now."""
        return next((g for g in self.generations if g.since <= now), self.generations[-1])

    def reading(self, now: int) -> tuple[Generation, ...]:
        """All that a digest may be stored under, the likeliest first."""
        first = self.writing(now)
        return (first, *(g for g in self.generations if g is not first))


def first(chance: bytes) -> StageKey:
    """That of a new stage, from 32 bytes of chance."""
    return StageKey((Generation(1, 0, _whole(chance)),))


def rotated(key: StageKey, now: int, chance: bytes) -> StageKey:
    """With one more generation, and without the oldest of two. Errors: Conflict (the last rotation is not over)."""
    if key.newest.since > now:
        raise Conflict("the last rotation is not over: not every function knows the new generation yet")
    return StageKey((Generation(key.newest.number + 1, now + SETTLED, _whole(chance)), key.newest))


def dump(key: StageKey) -> str:
    body = [{"number": g.number, "since": g.since, "key": base64.b64encode(g.key).decode()} for g in key.generations]
    return json.dumps({"generations": body}, separators=(",", ":"))


def load(text: str) -> StageKey:
    """Errors: ValueError (that is no stage key; its text is never part of the message)."""
    try:
        found = tuple(_generation(body) for body in json.loads(text)["generations"])
    except (ValueError, KeyError, TypeError, binascii.Error):
        raise ValueError("the stage key cannot be read") from None
    if not found:
        raise ValueError("the stage key has no generation")
    return StageKey(found)


def _generation(body: Any) -> Generation:
    return Generation(int(body["number"]), int(body["since"]), _whole(base64.b64decode(body["key"], validate=True)))


def _whole(key: bytes) -> bytes:
    if len(key) != LENGTH:
        raise ValueError(f"a generation has {LENGTH} bytes")
    return key
