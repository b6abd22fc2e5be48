"""What a binary description says, once it is read."""

from typing import Literal, TypeAlias

from chalicelib.fleet.data.decoding.expression import Program
from chalicelib.fleet.frozen import dataclass

Rest = Literal["rest"]
"""As many as there are until the payload ends."""

Count: TypeAlias = "Program | Rest | None"
"""None for a single value; else how many there are."""


@dataclass(frozen=True, slots=True)
class Number:
    """A type with a fixed size: `code` is the letter of the `struct` module, `size` is in bytes."""

    code: str
    size: int


NUMBERS = {
    "bool": Number("?", 1),
    "byte": Number("b", 1),
    "ubyte": Number("B", 1),
    "short": Number("h", 2),
    "ushort": Number("H", 2),
    "int": Number("i", 4),
    "uint": Number("I", 4),
    "long": Number("q", 8),
    "float": Number("f", 4),
    "floatj": Number("f", 4),
    "double": Number("d", 8),
    "doublej": Number("d", 8),
}
TEXTS = frozenset({"asciichar", "utf8", "stringj"})
MOVES = frozenset({"skip", "align", "reset$$"})
"""They read nothing that could be kept."""

TYPES = frozenset(NUMBERS) | TEXTS | MOVES | {"bit", "val"}
REFERABLE = frozenset({"bool", "byte", "ubyte", "short", "ushort", "int", "uint", "long", "bit", "val"})
"""Types whose single values expressions may name."""


@dataclass(frozen=True, slots=True)
class Field:
    """One statement of a description. `path` is its name as expressions write it, "" for one without a name."""

    type: str
    name: str
    path: str
    little_endian: bool
    argument: Program | None
    """What follows the colon: bits, bytes to skip, a border, a computed value."""
    count: Count

    def __str__(self) -> str:
        return self.path or f"unnamed {self.type}"


@dataclass(frozen=True, slots=True)
class Structure:
    name: str
    path: str
    count: Count
    members: "tuple[Field | Structure, ...]"

    def __str__(self) -> str:
        return self.path or "unnamed structure"


Member: TypeAlias = "Field | Structure"
