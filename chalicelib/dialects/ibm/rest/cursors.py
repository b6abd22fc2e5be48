"""Positions of the historian as text that a client hands back.

A cursor goes with the query and the session that it was made for (manual 3.2.2: header `cursorId`, cookie
`iotHistorianSessionId`); it holds no secret and names nothing of any tenant.
"""

import base64
import hashlib
import json
import zlib
from dataclasses import astuple
from typing import Any

from chalicelib.dialects.ibm.historian import Position, Query, Segment
from chalicelib.fleet.errors import Invalid

_LONGEST = 6_000
_MOST_BYTES = 100_000


def written(position: Position, query: Query, session: str) -> str:
    body = [_mark(query, session), [astuple(s) for s in position.segments], position.totals]
    packed = zlib.compress(json.dumps(body, separators=(",", ":")).encode(), 9)
    return base64.urlsafe_b64encode(packed).decode().rstrip("=")


def read(text: str, query: Query, session: str, field: str) -> Position:
    """Errors: Invalid, for what was never a cursor and for one of another query or session."""
    try:
        mark, segments, totals = _unpacked(text)
        position = Position(
            tuple(Segment(*(None if p is None else str(p) for p in s)) for s in segments),
            tuple(tuple(float(n) for n in t) for t in totals),
        )
        int("".join(s.before or "" for s in position.segments) or "0", 16)
    except (ValueError, TypeError, zlib.error, RecursionError):
        raise Invalid(f"{field} is not one of ours", field) from None
    if mark != _mark(query, session) or len(position.totals) not in (0, len(query.fields)) or not position.segments:
        raise Invalid(f"{field} belongs to another query", field)
    if any(len(t) not in (0, 6) for t in position.totals):
        raise Invalid(f"{field} is not one of ours", field)
    return position


def _unpacked(text: str) -> Any:
    if len(text) > _LONGEST or not text.isascii():
        raise ValueError("too long")
    packed = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    # No more than a cursor can hold is ever unpacked.
    return json.loads(zlib.decompressobj().decompress(packed, _MOST_BYTES))


def _mark(query: Query, session: str) -> str:
    return hashlib.sha256(repr((astuple(query), session)).encode()).hexdigest()[:16]
