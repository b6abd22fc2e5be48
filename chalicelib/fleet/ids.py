"""Identifiers that sort by time: 11 hexadecimal digits of milliseconds, then 13 of chance.

Those of messages sort by more: time stamp (11 digits), arrival (11), row (3), chance (7). Where an id has to be a
number, it is one of 15 or 16 decimal digits, below 2^53: milliseconds since 2020 times 4096, and 12 bits of chance.
Devices are named by a URN.
"""

import hashlib
import re

LENGTH, ORDERED_LENGTH = 24, 32
MOST_ROWS = 1 << 12
"""How many messages that came together an id can keep in order."""
_CLOCK_DIGITS = 11
_CHANCE_DIGITS = 7
_LAST_MS = (1 << 44) - 1
_HEXADECIMAL = frozenset("0123456789abcdef")
DEVICE = re.compile(r"urn:lo:nsid:([\w-]{1,128}):([:\w-]{1,128})", re.ASCII)
"""What the ids of devices look like; those of foreign firmware may be others."""
_NUMBER = re.compile(r"[1-9][0-9]{0,15}")
_YEAR_2020 = 1_577_836_800_000
_CHANCE_BITS = 12
_NUMBER_DIGITS, _MESSAGE_DIGITS = 16, 39
_LARGEST = (1 << 53) - 1
_UNTIMED = LENGTH - _CLOCK_DIGITS - _CHANCE_BITS // 4


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


def arrival(identifier: str) -> int:
    """The millisecond of arrival inside an id made by `ordered_id`. ValueError if there is none."""
    return int(identifier[_CLOCK_DIGITS : 2 * _CLOCK_DIGITS], 16)


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


def device_id(namespace: str, name: str) -> str:
    """The id of a device that `namespace` calls `name`: ASCII letters, digits, - and _, and : in the name."""
    return f"urn:lo:nsid:{namespace}:{name}"


def device_name(device: str) -> tuple[str, str] | None:
    """Namespace and name of a device; None where its id is none of `device_id`."""
    found = DEVICE.fullmatch(device)
    return (found[1], found[2]) if found else None


def number(at: int, chance: bytes) -> str:
    """A decimal id for the moment `at` (ms); of two in one millisecond `chance` (2 bytes) tells 4095 of 4096 apart."""
    since = max(at - _YEAR_2020, 1)
    drawn = int.from_bytes(chance[:2]) & ((1 << _CHANCE_BITS) - 1)
    return str(min(since << _CHANCE_BITS | drawn, _LARGEST))


def is_number(text: str) -> bool:
    return _NUMBER.fullmatch(text) is not None and int(text) <= _LARGEST


def first_number(at: int) -> str:
    """The lowest number of the moment `at`: a bound for ranges of numbers."""
    return number(at, bytes(2))


def number_moment(numbered: str) -> int:
    """The millisecond inside an id made by `number`. ValueError for what is no number."""
    return (int(numbered) >> _CHANCE_BITS) + _YEAR_2020


def sortable(numbered: str) -> str:
    """A number with leading zeros, so that texts sort as the numbers do."""
    return numbered.zfill(_NUMBER_DIGITS)


def of_number(numbered: str) -> str:
    """The 24-digit id that stands for a number, and for no other. ValueError for what is no number."""
    drawn = int(numbered) & ((1 << _CHANCE_BITS) - 1)
    return f"{number_moment(numbered):011x}{drawn:03x}" + "0" * _UNTIMED


def as_number(identifier: str) -> str | None:
    """The number that a 24-digit id stands for; None where it stands for none."""
    if not is_id(identifier) or identifier[-_UNTIMED:].strip("0"):
        return None
    since = moment(identifier) - _YEAR_2020
    numbered = str((since << _CHANCE_BITS) | int(identifier[_CLOCK_DIGITS:-_UNTIMED], 16)) if since > 0 else ""
    return numbered if is_number(numbered) else None


def message_number(numbered: str, message: str) -> str:
    """A decimal id of 55 digits for a message of the object with that number: it names both, and needs no index.

    ValueError for what is no number, or no id of a message.
    """
    return f"{int(numbered):0{_NUMBER_DIGITS}}{rank(message):0{_MESSAGE_DIGITS}}"


def numbered_message(text: str) -> tuple[str, str] | None:
    """The number and the 32-digit id inside an id made by `message_number`; None for anything else."""
    if len(text) != _NUMBER_DIGITS + _MESSAGE_DIGITS or not (text.isascii() and text.isdigit()):
        return None
    numbered, message = str(int(text[:_NUMBER_DIGITS])), int(text[_NUMBER_DIGITS:])
    if not is_number(numbered) or message >> (4 * ORDERED_LENGTH):
        return None
    return numbered, f"{message:0{ORDERED_LENGTH}x}"
