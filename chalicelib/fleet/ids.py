"""Identifiers that sort by time: 11 hexadecimal digits of milliseconds, then 13 of chance."""

import hashlib

LENGTH = 24
_CLOCK_DIGITS = 11
_LAST_MS = (1 << 44) - 1


def timed_id(at: int, chance: bytes) -> str:
    """A 24-digit hexadecimal id for the moment `at` (ms); `chance` (7 bytes or more) tells equal moments apart."""
    return f"{min(max(at, 0), _LAST_MS):011x}{chance.hex()[:13]}"


def repeatable_id(at: int, seed: str) -> str:
    """The id that the same event gets however often it arrives: the chance is a digest of `seed`."""
    return timed_id(at, hashlib.sha256(seed.encode()).digest())


def moment(identifier: str) -> int:
    """The millisecond inside an id made by `timed_id`; ValueError if there is none."""
    return int(identifier[:_CLOCK_DIGITS], 16)


def first_id(at: int) -> str:
    """The lowest id of the moment `at`: a bound for ranges of ids."""
    return timed_id(at, bytes(7))


def is_id(text: str) -> bool:
    return len(text) == LENGTH and all(c in "0123456789abcdef" for c in text)


def correlation(identifier: str) -> int:
    """A non-zero signed 32-bit number that stands for an id towards devices whose correlation ids are int32."""
    return int.from_bytes(hashlib.sha256(identifier.encode()).digest()[:4]) % 0x7FFFFFFF + 1
