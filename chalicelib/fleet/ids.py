"""Identifiers that sort by time: 11 hexadecimal digits of milliseconds, then 13 of chance.

Those of messages sort by more: time stamp (11 digits), arrival (11), row (3), chance (7).
"""

import hashlib

LENGTH, ORDERED_LENGTH = 24, 32
MOST_ROWS = 1 << 12
"""How many messages that came together an id can keep in order."""
_CLOCK_DIGITS = 11
_CHANCE_DIGITS = 7
_LAST_MS = (1 << 44) - 1
_HEXADECIMAL = frozenset("0123456789abcdef")


def timed_id(at: int, chance: bytes) -> str:
    """A 24-digit hexadecimal id for the moment `at` (ms); `chance` (7 bytes or more) tells equal moments apart."""
    return f"{min(max(at, 0), _LAST_MS):011x}{chance.hex()[:13]}"


def repeatable_id(at: int, seed: str) -> str:
    """The id that the same event gets however often it arrives: the chance is a digest of `seed`."""
    return timed_id(at, hashlib.sha256(seed.encode()).digest())


def ordered_id(at: int, arrived: int, seed: str, row: int = 0) -> str:
    """An id for the moment `at` (ms) that sorts equal moments by arrival (ms), and what came together by its row.

    The same seed and row have the same id however often they arrive. ValueError for a row beyond MOST_ROWS.
    """
    if not 0 <= row < MOST_ROWS:
        raise ValueError(f"row {row} is not among {MOST_ROWS}")
    clock, arrival = (min(max(moment_, 0), _LAST_MS) for moment_ in (at, arrived))
    return f"{clock:011x}{arrival:011x}{row:03x}{hashlib.sha256(seed.encode()).hexdigest()[:_CHANCE_DIGITS]}"


def moment(identifier: str) -> int:
    """The millisecond inside an id made by `timed_id`; ValueError if there is none."""
    return int(identifier[:_CLOCK_DIGITS], 16)


def first_id(at: int) -> str:
    """The lowest id of the moment `at`: a bound for ranges of ids."""
    return timed_id(at, bytes(7))


def is_id(text: str) -> bool:
    return len(text) == LENGTH and set(text) <= _HEXADECIMAL


def is_ordered_id(text: str) -> bool:
    """Also one of `timed_id`, which messages had before they had ids of their own."""
    return len(text) in (LENGTH, ORDERED_LENGTH) and set(text) <= _HEXADECIMAL


def rank(identifier: str) -> int:
    """What ids of either length compare by. ValueError for what is no id."""
    return int(identifier.ljust(ORDERED_LENGTH, "0"), 16)


def correlation(identifier: str) -> int:
    """A non-zero signed 32-bit number that stands for an id towards devices whose correlation ids are int32."""
    return int.from_bytes(hashlib.sha256(identifier.encode()).digest()[:4]) % 0x7FFFFFFF + 1
