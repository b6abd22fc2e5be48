"""What commands print: tables for people, JSON Lines for programs.

A line of JSON is one object as the API gives it, in ASCII. A table is for eyes: columns are aligned by the width that
characters have on a terminal, and what could move its cursor is shown as an escape.
"""

import functools
import json
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import click

TABLE, JSON = "table", "json"
_WIDEST = 60
_BETWEEN = "  "
_FIRST = 50

Columns = Mapping[str, Callable[[Any], Any]]


def formatted(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the option -o, as the parameter `output`."""

    @click.option(
        "-o",
        "--output",
        type=click.Choice([TABLE, JSON]),
        default=TABLE,
        envvar="HOMEPORT_OUTPUT",
        help="A table for people (default) or JSON Lines for programs.",
    )
    @functools.wraps(command)
    def printing(*args: Any, **kwargs: Any) -> Any:
        return command(*args, **kwargs)

    return printing


def show(items: Iterable[Any], columns: Columns, output: str, first: int = _FIRST) -> None:
    """Print each item: a line of JSON, or a row whose cells are what `columns` make of it.

    The `first` rows say how wide columns are and are printed together; later ones when they come.
    """
    if output == JSON:
        for item in items:
            line(item)
        return
    rows: list[list[str]] = []
    widths: list[int] | None = None
    for item in items:
        row = [cell(of(item)) for of in columns.values()]
        if widths is not None:
            click.echo(_aligned(row, widths))
            continue
        rows.append(row)
        if len(rows) == first:
            widths = _begin(list(columns), rows)
    if widths is None:
        _begin(list(columns), rows)


def show_one(item: Any, columns: Columns, output: str) -> None:
    """Print one item: a line of JSON, or a line for each column and each part of a list."""
    if output == JSON:
        line(item)
        return
    longest = max(map(len, columns))
    for name, of in columns.items():
        value = of(item)
        lines = value if value and isinstance(value, list) else [value]
        for head, each in zip([name, *[""] * (len(lines) - 1)], lines, strict=True):
            click.echo(f"{head:<{longest}}{_BETWEEN}{cell(each, most=None)}")


def line(item: Any) -> None:
    click.echo(json.dumps(item, separators=(",", ":")))


def told(sentence: str) -> None:
    """For people only, so that standard output stays for programs."""
    click.echo(sentence, err=True)


def cell(value: Any, most: int | None = _WIDEST) -> str:
    """A value as text for one line of a terminal, cut to `most` columns."""
    text = harmless(_text(value))
    if most is None or width(text) <= most:
        return text
    kept, used = "", 0
    for character in text:
        used += width(character)
        if used >= most:
            break
        kept += character
    return f"{kept}…"


def harmless(text: str) -> str:
    """Without what moves a terminal's cursor, changes its colours or turns the direction of the line."""
    return "".join(c if _shown(c) else c.encode("unicode_escape", "replace").decode() for c in text)


def width(text: str) -> int:
    return sum(_width(character) for character in text)


def moment(milliseconds: int | None) -> str | None:
    """ISO 8601 with its zone."""
    if milliseconds is None:
        return None
    return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _text(value: Any) -> str:
    if value is None or value in ([], ""):
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return ", ".join(value)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _shown(character: str) -> bool:
    # Format characters join emoji, and turn directions: only the former are harmless.
    return character.isprintable() or character in "\u200d\ufe0f"


def _width(character: str) -> int:
    if unicodedata.combining(character) or character in "\u200d\ufe0f":
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _begin(names: list[str], rows: list[list[str]]) -> list[int]:
    """Print the head and the first rows; how wide columns are."""
    heads = [name.upper() for name in names]
    widths = [max(width(row[n]) for row in [heads, *rows]) for n in range(len(heads))]
    for row in [heads, *rows]:
        click.echo(_aligned(row, widths))
    return widths


def _aligned(row: list[str], widths: list[int]) -> str:
    padded = (text + " " * max(0, wide - width(text)) for text, wide in zip(row, widths, strict=True))
    return _BETWEEN.join(padded).rstrip()
