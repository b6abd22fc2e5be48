"""Arguments of templates: read by place, each of a type (guide "MQTT", "Static templates")."""

import math
from collections.abc import Sequence

from chalicelib.dialects.cumulocity import times
from chalicelib.dialects.cumulocity.smartrest.faults import ARGUMENTS, WRONG_NUMBER, Fault, wrong_value
from chalicelib.fleet.errors import Invalid
from chalicelib.fleet.frozen import dataclass

_TRUE, _FALSE = "true", "false"


@dataclass(frozen=True, slots=True)
class Arguments:
    """What follows the id of a row; what is empty, or not there, has its default."""

    values: tuple[str, ...]

    def text(self, place: int, default: str = "") -> str:
        return (self.values[place] if place < len(self.values) else "") or default

    def needed(self, place: int) -> str:
        """Errors: Fault."""
        found = self.text(place)
        if not found:
            raise Fault(ARGUMENTS, WRONG_NUMBER)
        return found

    def number(self, place: int) -> float | int | None:
        """Errors: Fault."""
        return number(self.text(place)) if self.text(place) else None

    def whole(self, place: int) -> int | None:
        """Errors: Fault."""
        return whole(self.text(place)) if self.text(place) else None

    def flag(self, place: int, *, default: bool | None = None) -> bool:
        """Errors: Fault."""
        found = self.text(place).lower() or (str(default).lower() if default is not None else "")
        if found not in (_TRUE, _FALSE):
            raise wrong_value("Boolean", self.text(place)) if found else Fault(ARGUMENTS, WRONG_NUMBER)
        return found == _TRUE

    def time(self, place: int, default: int) -> int:
        """Milliseconds. Errors: Fault."""
        return moment(self.text(place)) if self.text(place) else default

    def every(self, start: int = 0) -> list[str]:
        """What is left from a place on, without the empty."""
        return [value for value in self.values[start:] if value]

    def groups(self, start: int, width: int) -> list[Sequence[str]]:
        """What is left from a place on, so many together; what is missing of the last ones is empty. Errors: Fault."""
        left = list(self.values[start:])
        while left and not left[-1]:
            left.pop()
        padded = left + [""] * (-len(left) % width)
        return [padded[at : at + width] for at in range(0, len(padded), width)]


def number(text: str) -> float | int:
    """Errors: Fault."""
    try:
        found = float(text)
    except ValueError:
        found = math.nan
    if not math.isfinite(found) or "_" in text:
        raise wrong_value("Number", text)
    try:
        return int(text)
    except ValueError:
        return found


def whole(text: str) -> int:
    """Errors: Fault."""
    try:
        found = int(text)
    except ValueError:
        found = None
    if found is None or "_" in text or not -(1 << 63) <= found < 1 << 63:
        raise wrong_value("Integer", text)
    return found


def moment(text: str) -> int:
    """Milliseconds. Errors: Fault."""
    try:
        return times.parse(text, "time")
    except Invalid:
        raise wrong_value("Date", text) from None
