"""Payloads of bytes taken apart as a description says."""

import math
import struct
from collections.abc import Callable
from typing import TypeVar

from chalicelib.fleet.data.decoding import description, integers
from chalicelib.fleet.data.decoding.bits import Bits, ShortageError
from chalicelib.fleet.data.decoding.budget import MAX_PAYLOAD, Budget
from chalicelib.fleet.data.decoding.errors import PayloadError
from chalicelib.fleet.data.decoding.expression import Program
from chalicelib.fleet.data.decoding.layout import NUMBERS, REFERABLE, Field, Member, Structure
from chalicelib.fleet.data.decoding.text import character_length, decoded, java_length
from chalicelib.fleet.data.decoding.values import JsonValue
from chalicelib.fleet.frozen import dataclass

_MAX_BITS = 8
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class BinaryFormat:
    """A description in the binary description language."""

    source: str

    def validate(self) -> None:
        description.parse(self.source)

    def read(self, payload: bytes | str, budget: Budget) -> dict[str, JsonValue]:
        """The named fields of `payload`, their names in lower case; a string is taken as hexadecimal digits.

        Arrays are lists and structures are objects. Floating-point values that JSON cannot spell (NaN, infinities)
        are null. Bytes that the description does not reach are left alone.
        """
        members = description.parse(self.source)
        data = payload if isinstance(payload, bytes) else _from_hex(payload)
        if len(data) > MAX_PAYLOAD:
            raise PayloadError(f"the payload is longer than {MAX_PAYLOAD} bytes")
        return _Reading(data, budget).members(members)


def _from_hex(digits: str) -> bytes:
    if len(digits) > 2 * MAX_PAYLOAD:
        raise PayloadError(f"the payload is longer than {MAX_PAYLOAD} bytes")
    try:
        return bytes.fromhex(digits)
    except ValueError:
        raise PayloadError("the payload is not an even number of hexadecimal digits") from None


class _Reading:
    """One payload on its way through one description."""

    def __init__(self, data: bytes, budget: Budget) -> None:
        self._bits = Bits(data)
        self._budget = budget
        self._integers: dict[str, int] = {}

    def members(self, members: tuple[Member, ...]) -> dict[str, JsonValue]:
        result: dict[str, JsonValue] = {}
        for member in members:
            self._budget.spend_steps()
            value = self._structure(member) if isinstance(member, Structure) else self._field(member)
            if member.name:
                result[member.name] = value
        return result

    def _structure(self, structure: Structure) -> JsonValue:
        if structure.count is None:
            return self._one(structure)
        if structure.count == "rest":
            return self._until_the_end(structure)
        return [self._one(structure) for _ in range(self._count(structure, structure.count))]

    def _one(self, structure: Structure) -> JsonValue:
        self._budget.spend_elements()
        return self.members(structure.members)

    def _until_the_end(self, structure: Structure) -> JsonValue:
        result: list[JsonValue] = []
        while self._bits.left:
            before = self._bits.left
            result.append(self._one(structure))
            if self._bits.left == before:
                raise PayloadError("it reads nothing, so it never gets to the end", field=str(structure))
        return result

    def _field(self, field: Field) -> JsonValue:
        value = self._value(field)
        if field.count is None and field.path and field.type in REFERABLE and isinstance(value, int):
            self._integers[field.path] = value
        return value

    def _value(self, field: Field) -> JsonValue:
        match field.type:
            case "bit":
                return self._bit_fields(field)
            case "asciichar" | "utf8":
                return self._characters(field)
            case "stringj":
                return self._java_strings(field)
            case "val":
                return self._computed(field)
            case "skip" | "align" | "reset$$":
                self._move(field)
                return None
            case _:
                return self._numbers(field)

    def _numbers(self, field: Field) -> JsonValue:
        number = NUMBERS[field.type]
        count = self._length(field, number.size * 8)
        if field.count == "rest" and number.size == 1:
            raw = self._bits.take_rest(8)
        else:
            raw = self._taken(field, count * number.size, self._bits.take)
        self._budget.spend_elements(count)
        if field.little_endian and number.size == 1 and field.type != "bool":
            # '<' turns an array of bytes around: it is one number of many bytes to this language
            raw = raw[::-1]
        order = "<" if field.little_endian else ">"
        values: list[JsonValue] = [
            _plain(number.code, value) for value in struct.unpack(f"{order}{count}{number.code}", raw)
        ]
        return values[0] if field.count is None else values

    def _bit_fields(self, field: Field) -> JsonValue:
        width = self._argument(field)
        if not 1 <= width <= _MAX_BITS:
            raise PayloadError(f"a bit field has 1 to 8 bits, not {width}", field=str(field), offset=self._bits.offset)
        count = self._length(field, width)
        if field.count != "rest" and count * width > self._bits.left:
            raise self._too_short(field)
        self._budget.spend_elements(count)
        values: list[JsonValue] = [self._bits.take_bits(min(width, self._bits.left)) for _ in range(count)]
        return values[0] if field.count is None else values

    def _characters(self, field: Field) -> JsonValue:
        """One string, however many characters it has: `count` is in bytes."""
        if field.count is None:
            raw = self._taken(field, 1, self._bits.take)
            if field.type == "utf8":
                raw += self._taken(field, character_length(raw[0]) - 1, self._bits.take)
        else:
            raw = self._taken(field, self._length(field, 8), self._bits.take)
        return self._string(field, raw)

    def _java_strings(self, field: Field) -> JsonValue:
        if field.count is None:
            return self._java_string(field)
        if field.count != "rest":
            return [self._java_string(field) for _ in range(self._count(field, field.count))]
        values: list[JsonValue] = []
        while self._bits.left:
            values.append(self._java_string(field))
        return values

    def _java_string(self, field: Field) -> JsonValue:
        start = self._bits.offset
        length = java_length(lambda size: self._taken(field, size, self._bits.take), little_endian=field.little_endian)
        if length is None:
            self._budget.spend_elements()
            return None
        if length < 0:
            raise PayloadError("its length makes no sense", field=str(field), offset=start)
        return self._string(field, self._taken(field, length, self._bits.take))

    def _string(self, field: Field, raw: bytes) -> str:
        self._budget.spend_elements()
        self._budget.spend_text(len(raw))
        return decoded(raw, "ascii" if field.type == "asciichar" else "utf-8")

    def _computed(self, field: Field) -> JsonValue:
        self._budget.spend_elements()
        return self._argument(field)

    def _move(self, field: Field) -> None:
        amount = self._argument(field)
        if field.type == "reset$$":
            self._bits.reset_counter()
        elif field.type == "skip":
            self._taken(field, max(amount, 0), self._bits.skip)
        elif amount > 0:
            self._taken(field, amount, self._bits.align)
        else:
            raise PayloadError(f"nothing is a multiple of {amount}", field=str(field), offset=self._bits.offset)

    def _taken(self, field: Field, amount: int, take: Callable[[int], _T]) -> _T:
        try:
            return take(amount)
        except ShortageError:
            raise self._too_short(field) from None

    def _too_short(self, field: Field) -> PayloadError:
        left = self._bits.left
        have = f"{left // 8} bytes" if left % 8 == 0 else f"{left} bits"
        return PayloadError(f"the payload is too short, {have} are left", field=str(field), offset=self._bits.offset)

    def _length(self, field: Field, width: int) -> int:
        """How many values of `width` bits an array has; 1 for a single value."""
        if field.count is None:
            return 1
        if field.count == "rest":
            return -(-self._bits.left // width)
        return self._count(field, field.count)

    def _count(self, member: Member, program: Program) -> int:
        count = self._evaluated(member, program)
        if count < 0:
            raise PayloadError(f"{count} elements", field=str(member), offset=self._bits.offset)
        return count

    def _argument(self, field: Field) -> int:
        return 1 if field.argument is None else self._evaluated(field, field.argument)

    def _evaluated(self, member: Member, program: Program) -> int:
        self._budget.spend_steps(len(program))
        try:
            return integers.evaluate(program, self._looked_up)
        except ZeroDivisionError:
            raise PayloadError("division by zero", field=str(member), offset=self._bits.offset) from None

    def _looked_up(self, path: str) -> int:
        return self._bits.counter if path == description.COUNTER else self._integers[path]


def _plain(code: str, value: bool | float) -> JsonValue:  # noqa: FBT001
    if code not in "fd":
        return value
    if not math.isfinite(value):
        return None
    return _shortest(value) if code == "f" else float(value)


def _shortest(value: float) -> float:
    """The shortest decimal that means the same 32 bits: 0.1, not 0.10000000149011612."""
    packed = struct.pack(">f", value)
    for digits in (6, 7, 8):
        candidate = float(f"{value:.{digits}g}")
        if _fits(candidate) and struct.pack(">f", candidate) == packed:
            return candidate
    return float(f"{value:.9g}")


def _fits(value: float) -> bool:
    try:
        struct.pack(">f", value)
    except OverflowError:
        return False
    return True
