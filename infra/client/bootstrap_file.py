"""CSV files of bootstrap entries (Live Objects manual 7.7.4): rows as the bodies that the API takes."""

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

ENTRIES = "/api/v1/bootstrap/lwm2m/entries"
_ENDPOINT, _IDENTITY, _SECRET = "endpointName", "pskInfo.identity", "pskInfo.secret"
_CONFIG, _SERVER = "bootstrapConfigId", "runServers.id"
_RUN_IDENTITY, _RUN_SECRET = "runServers.security.pskInfo.identity", "runServers.security.pskInfo.secret"
_REQUIRED = (_ENDPOINT, _IDENTITY, _SECRET)
_COLUMNS = (*_REQUIRED, _CONFIG, _SERVER, _RUN_IDENTITY, _RUN_SECRET)
_LABEL = "field"
"""The manual's table has a column before the first, which names rows."""
_SEPARATORS = ",;\t"
_SHORTENED = re.compile(r"\d[.,]?\d*E\+\d+")
"""What spreadsheets make of a number with many digits, such as an IMEI."""


class Unreadable(Exception):
    """The file is none of this kind; the text says why, `line` where it ends to be one."""

    def __init__(self, message: str, line: int = 1) -> None:
        super().__init__(message)
        self.line = line


@dataclass(frozen=True, slots=True)
class Row:
    """`number` is that of its first line in the file; `fault` is why it can be no entry."""

    number: int
    endpoint: str
    body: Mapping[str, Any] = field(default_factory=dict, repr=False)
    fault: str | None = None

    @property
    def has_run_secret(self) -> bool:
        return any(_info(server).get("secret") for server in _servers(self.body))


def read(content: bytes) -> Iterator[Row]:
    """The rows that are not blank. Errors: Unreadable, before the first."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Unreadable(f"it is not UTF-8 at byte {error.start}") from None
    head = text.lstrip("\r\n").partition("\n")[0]
    separator = max(_SEPARATORS, key=head.count)
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    names = [name.strip() for name in next(_rows(lines), (0, []))[1]]
    while names and not names[-1]:
        names.pop()
    unknown = [name for name in names if name not in (*_COLUMNS, _LABEL)]
    missing = [name for name in _REQUIRED if name not in names]
    if missing:
        raise Unreadable(f"its first row has no column {', '.join(missing)}")
    if unknown or len(set(names)) < len(names):
        raise Unreadable(f"its first row has unknown columns, or some twice: {', '.join(unknown or names)}")
    return _read(lines, names)


def same(found: Mapping[str, Any], body: Mapping[str, Any]) -> bool:
    """Whether an entry, with its servers' secrets, is that of a body; the one secret that is never shown aside."""
    return bool(_comparable(found) == _comparable(body))


def _rows(lines: Any) -> Iterator[tuple[int, list[str]]]:
    """Those that are not blank, each with the number of its first line. Errors: Unreadable."""
    while True:
        number = lines.line_num + 1
        try:
            cells = next(lines)
        except StopIteration:
            return
        except csv.Error as error:
            raise Unreadable(f"line {number}: {error}", number) from None
        if any(cell.strip() for cell in cells):
            yield number, cells


def _read(lines: Any, names: Sequence[str]) -> Iterator[Row]:
    first: dict[str, int] = {}
    number = lines.line_num + 1
    try:
        for number, cells in _rows(lines):
            row = _row(number, dict(zip(names, (cell.strip() for cell in cells), strict=False)))
            if any(cell.strip() for cell in cells[len(names) :]):
                row = Row(number, row.endpoint, fault=f"it has {len(cells)} cells, the first row {len(names)}")
            elif row.endpoint in first:
                row = Row(number, row.endpoint, fault=f"line {first[row.endpoint]} has this endpoint name too")
            first.setdefault(row.endpoint, number)
            yield row
    except Unreadable as error:
        # What follows is of one piece with it: a quotation mark is open.
        yield Row(error.line, "", fault=str(error))


def _row(number: int, cells: Mapping[str, str]) -> Row:
    given = {name: cells.get(name) or None for name in _COLUMNS}
    endpoint = given[_ENDPOINT] or ""
    if missing := [name for name in _REQUIRED if given[name] is None]:
        return Row(number, endpoint, fault=f"{', '.join(missing)}: empty")
    if shortened := [name for name, text in given.items() if text and _SHORTENED.fullmatch(text)]:
        return Row(number, endpoint, fault=f"{', '.join(shortened)}: a spreadsheet has shortened it")
    if (given[_RUN_IDENTITY] or given[_RUN_SECRET]) and given[_SERVER] is None:
        return Row(number, endpoint, fault=f"{_SERVER}: empty, with credentials of a server")
    body: dict[str, Any] = {
        "endpointName": endpoint,
        "security": {"mode": "PSK", "pskInfo": {"identity": given[_IDENTITY], "secret": given[_SECRET]}},
    }
    definition: dict[str, Any] = {"bootstrapConfigId": given[_CONFIG]} if given[_CONFIG] else {}
    if given[_SERVER]:
        told = {"identity": given[_RUN_IDENTITY], "secret": given[_RUN_SECRET]}
        info = {name: value for name, value in told.items() if value}
        definition["runServers"] = [{"id": given[_SERVER], **({"security": {"pskInfo": info}} if info else {})}]
    return Row(number, endpoint, {**body, "definition": definition} if definition else body)


def _comparable(entry: Mapping[str, Any]) -> Any:
    definition = entry.get("definition") or {}
    run = [(each["id"], _info(each)) for each in _servers(entry)]
    return entry["security"]["pskInfo"]["identity"], definition.get("bootstrapConfigId"), run


def _servers(entry: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    return (entry.get("definition") or {}).get("runServers") or ()


def _info(server: Mapping[str, Any]) -> Mapping[str, Any]:
    return (server.get("security") or {}).get("pskInfo") or {}
