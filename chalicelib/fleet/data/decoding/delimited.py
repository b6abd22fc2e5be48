"""The first row of a text of separated values, its columns named and typed; empty lines before it are none."""

import math
import re
from collections.abc import Iterator
from dataclasses import field
from enum import StrEnum

from chalicelib.fleet.data.decoding.budget import MAX_PAYLOAD, Budget
from chalicelib.fleet.data.decoding.errors import DescriptionError, PayloadError
from chalicelib.fleet.data.decoding.text import is_unicode
from chalicelib.fleet.data.decoding.values import MAX_NUMBER, JsonValue, can_be_stored
from chalicelib.fleet.frozen import dataclass

MAX_COLUMNS = 256
MAX_NAME = 128
MAX_SEPARATOR = 8
_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_WHOLE = re.compile(r"[+-]?\d+", re.ASCII)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "0": "\0"}


class ColumnType(StrEnum):
    STRING = "STRING"
    NUMERIC = "NUMERIC"
    BOOLEAN = "BOOLEAN"


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    type: ColumnType


@dataclass(frozen=True, slots=True, kw_only=True)
class CsvOptions:
    """Signs are single characters; the row separator may be a few."""

    column_separator: str = ","
    quote: str = '"'
    use_escape: bool = False
    escape: str = "\\"
    skip_white_space: bool = False
    """Whether blanks around a value are left out; those within quotes never are."""
    row_separator: str = "\n"

    def validate(self) -> None:
        for name in ("column_separator", "quote", "escape"):
            if len(getattr(self, name)) != 1:
                raise DescriptionError(f"the {name.replace('_', ' ')} is not one character")
        if not 1 <= len(self.row_separator) <= MAX_SEPARATOR:
            raise DescriptionError(f"the row separator is not 1 to {MAX_SEPARATOR} characters")
        signs = [self.column_separator, self.quote, self.row_separator[0], *([self.escape] if self.use_escape else [])]
        if len(set(signs)) < len(signs):
            raise DescriptionError("two of the separators, the quote and the escape character are the same")


@dataclass(frozen=True, slots=True)
class CsvFormat:
    columns: tuple[Column, ...]
    options: CsvOptions = field(default_factory=CsvOptions)

    def validate(self) -> None:
        if not 1 <= len(self.columns) <= MAX_COLUMNS:
            raise DescriptionError(f"there are not 1 to {MAX_COLUMNS} columns")
        names = [column.name for column in self.columns]
        for name in names:
            if not 1 <= len(name) <= MAX_NAME:
                raise DescriptionError(f"the name of a column is not 1 to {MAX_NAME} characters: {name[:40]!r}")
            if not can_be_stored(name):
                raise DescriptionError(f"the name of a column begins with $ or has a dot: {name[:40]!r}")
            if not is_unicode(name):
                raise DescriptionError("the name of a column has half of a surrogate pair")
            if names.count(name) > 1:
                raise DescriptionError(f"two columns are called {name!r}")
        self.options.validate()

    def read(self, payload: bytes | str, budget: Budget) -> dict[str, JsonValue]:
        """The values of the first row by column; a number or boolean left empty is null, a missing one is left out."""
        self.validate()
        cells = list(_Row(_text(payload), self.options, budget).cells())
        if len(cells) > len(self.columns):
            place = cells[len(self.columns)].offset
            raise PayloadError(f"the row has {len(cells)} values for {len(self.columns)} columns", offset=place)
        return {column.name: _typed(column, cell) for column, cell in zip(self.columns, cells, strict=False)}


def _text(payload: bytes | str) -> str:
    try:
        text = payload.decode() if isinstance(payload, bytes) else payload.encode().decode()
    except UnicodeError:
        raise PayloadError("the payload is not text in UTF-8") from None
    if len(text) > MAX_PAYLOAD:
        raise PayloadError(f"the payload is longer than {MAX_PAYLOAD} characters")
    if not text:
        raise PayloadError("the payload has no row")
    return text


@dataclass(frozen=True, slots=True)
class _Cell:
    text: str
    offset: int


class _Row:
    """One pass over a text, from cell to cell."""

    def __init__(self, text: str, options: CsvOptions, budget: Budget) -> None:
        self._text = text
        self._options = options
        self._budget = budget
        self._at = 0
        # where lines are what separates rows, those of other systems do too (RFC 4180 section 2)
        self._row_ends = ("\n", "\r\n") if options.row_separator == "\n" else (options.row_separator,)

    def cells(self) -> Iterator[_Cell]:
        self._at = self._first_line()
        while True:
            start = self._at
            self._skip_blanks()
            quoted = self._here() == self._options.quote
            text = self._quoted() if quoted else self._bare()
            self._budget.spend_elements()
            yield _Cell(text, start)
            if self._ended():
                return
            self._at += 1

    def _first_line(self) -> int:
        """Where the first line that is not empty begins; a text of nothing else has one empty row."""
        at = 0
        while (end := next((e for e in self._row_ends if self._text.startswith(e, at)), None)) is not None:
            at += len(end)
            self._budget.spend_text(len(end))
        return at if at < len(self._text) else 0

    def _here(self) -> str:
        return self._text[self._at : self._at + 1]

    def _ended(self) -> bool:
        return self._at >= len(self._text) or self._text.startswith(self._row_ends, self._at)

    def _bare(self) -> str:
        written: list[str] = []
        while not self._ended() and self._here() != self._options.column_separator:
            written.append(self._character())
        text = "".join(written)
        return text.strip() if self._options.skip_white_space else text

    def _quoted(self) -> str:
        opened = self._at
        self._at += 1
        written: list[str] = []
        while (here := self._here()) != self._options.quote or self._doubled():
            if not here:
                raise PayloadError("a quote is never closed", offset=opened)
            self._at += here == self._options.quote
            written.append(self._character())
        self._at += 1
        self._skip_blanks()
        if not self._ended() and self._here() != self._options.column_separator:
            raise PayloadError("a value goes on after its closing quote", offset=self._at)
        return "".join(written)

    def _doubled(self) -> bool:
        return self._text.startswith(self._options.quote * 2, self._at)

    def _character(self) -> str:
        """The next character of a value, taken; an escaped one stands for itself or for a control character."""
        here = self._here()
        self._at += 1
        self._budget.spend_text(1)
        if not self._options.use_escape or here != self._options.escape:
            return here
        escaped = self._here()
        if not escaped:
            raise PayloadError("nothing follows the escape character", offset=self._at)
        self._at += 1
        return _ESCAPES.get(escaped, escaped)

    def _skip_blanks(self) -> None:
        while self._options.skip_white_space and self._here() in {" ", "\t"} - {self._options.column_separator}:
            self._at += 1


def _typed(column: Column, cell: _Cell) -> JsonValue:
    text = cell.text.strip()
    match column.type:
        case ColumnType.STRING:
            return cell.text
        case ColumnType.NUMERIC if text:
            return _number(column.name, text, cell.offset)
        case ColumnType.BOOLEAN if text:
            if text.lower() not in {"true", "false"}:
                raise PayloadError(f"{text[:40]!r} is neither true nor false", field=column.name, offset=cell.offset)
            return text.lower() == "true"
    return None


def _number(name: str, text: str, offset: int) -> int | float:
    if len(text) > MAX_NUMBER or not _NUMBER.fullmatch(text) or not math.isfinite(float(text)):
        raise PayloadError(f"{text[:40]!r} is not a number", field=name, offset=offset)
    return int(text) if _WHOLE.fullmatch(text) else float(text)
