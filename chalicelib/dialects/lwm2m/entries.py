"""What a payload holds: values by path; and why it may hold none."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from chalicelib.fleet.twin import paths, values
from chalicelib.fleet.twin.paths import Path
from chalicelib.fleet.twin.values import ResourceType, Value

MOST_ENTRIES = 1000
"""Values in one payload."""

_RESOURCE = len(("object", "instance", "resource"))

TypeOf = Callable[[Path], ResourceType | None]
"""The type of a resource, or of the one that an instance is of; None where no definition tells."""

RELATIVE_BELOW = float(1 << 28)
"""Times below this are relative to now (RFC 8428, 4.5.3)."""


class FormatError(ValueError):
    """The payload is none of its format; the text says why."""


class CannotCarry(ValueError):
    """The format cannot carry what is to be written; the text says why."""


class Entry(NamedTuple):
    """`at` is when the device measured it, in seconds since 1970; None where the payload does not say."""

    path: Path
    value: Value
    at: float | None = None


class Item(NamedTuple):
    """What is to be written."""

    path: Path
    type: ResourceType
    value: Value


@dataclass(slots=True)
class Decoded:
    """`complaints` tells of single values that made no sense; the others stand."""

    entries: list[Entry] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def add(self, path: Path, value: object, type_of: TypeOf, at: float | None = None) -> None:
        """One value as its format has it. Raises FormatError when there are too many or it is nowhere."""
        entries = self.entries
        if len(entries) + len(self.complaints) >= MOST_ENTRIES:
            raise FormatError(f"more than {MOST_ENTRIES} values")
        if len(path) < _RESOURCE:
            raise FormatError(f"a value at {paths.write(path)}, which is no resource")
        if max(path) > paths.LAST:
            # Formats with numbers of two bytes can say it; nobody could read such a path again.
            raise FormatError(f"a value at {paths.write(path)}: no number of a path is greater than {paths.LAST}")
        try:
            entries.append(Entry(path, values.fit(type_of(path), value), at))
        except ValueError as error:
            self.complaints.append(f"{paths.write(path)}: {error}")


def path_of(text: object) -> Path:
    """A name in a payload; raises FormatError."""
    if not isinstance(text, str):
        raise FormatError("a name is no text")
    try:
        return paths.parse(text if text.startswith("/") else f"/{text}")
    except ValueError as error:
        raise FormatError(str(error)) from error


def only(items: Iterable[Item]) -> Item:
    """The one value that a format for single resources can carry."""
    found = list(items)
    if len(found) != 1:
        raise CannotCarry("the format carries one value")
    return found[0]
