"""Measurements as Cumulocity shows them, and what a client says of one (reference, "Measurements").

The fleet keeps of one what all dialects understand, `{fragment: {series: number}}`; units and whatever else was said
stand beside it. What a device said by another dialect is a measurement where it has numbers.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field
from typing import Any

from chalicelib.dialects.cumulocity import fragments, times
from chalicelib.fleet.data.records import DataMessage
from chalicelib.fleet.errors import Invalid
from chalicelib.fleet.frozen import dataclass

CONNECTOR = "c8y"
"""What messages name as their way in that came by this API."""
KIND = "data"
MANDATORY = ("source", "time", "type")
OWN = frozenset({*MANDATORY, "id", "self", "creationTime"})
LONGEST_TYPE = 256
FOREIGN = "homeport_Data"
"""Fragment, and type, of what came by another dialect and says no model."""
_NAME = re.compile(r"[^\s.,*\[\]()@$]{1,250}")
_UNITS, _REST = "units", "fragments"


@dataclass(frozen=True, slots=True)
class Measurement:
    """`numbers` by fragment and series, `units` likewise; `rest` is what else the fragments have. `time` in ms."""

    type: str
    time: int
    numbers: Mapping[str, Mapping[str, float]]
    units: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    rest: Mapping[str, Any] = field(default_factory=dict)

    @property
    def extra(self) -> dict[str, Any] | None:
        extra = {_UNITS: self.units, _REST: self.rest}
        return {name: value for name, value in extra.items() if value} or None

    def series(self) -> Iterator[tuple[str, str, float]]:
        for fragment, numbers in self.numbers.items():
            for name, number in numbers.items():
                yield fragment, name, number

    def unit(self, fragment: str, series: str) -> str | None:
        return self.units.get(fragment, {}).get(series)


def read(body: Mapping[str, Any]) -> Measurement:
    """Of a body that has what is mandatory. Errors: Invalid.

    A series that is none is left out of a fragment that has others; a fragment without any is kept as it is.
    """
    numbers: dict[str, dict[str, float]] = {}
    units: dict[str, dict[str, str]] = {}
    rest: dict[str, Any] = {}
    for fragment, said in fragments.of(body, OWN).items():
        _ensure_name(fragment)
        found = {name: one for name, one in said.items() if _is_series(one)} if isinstance(said, dict) else {}
        if not found:
            rest[fragment] = said
            continue
        for name, one in found.items():
            _ensure_name(name)
            numbers.setdefault(fragment, {})[name] = one["value"]
            if isinstance(one.get("unit"), str):
                units.setdefault(fragment, {})[name] = one["unit"]
            more = {key: value for key, value in one.items() if key not in ("value", "unit")}
            if more:
                rest.setdefault(fragment, {})[name] = more
    type_ = fragments.text(body, "type", LONGEST_TYPE)
    return Measurement(type_, times.parse(body["time"], "time"), numbers, units, rest)


def of(message: DataMessage) -> Measurement | None:
    """What a message of the fleet is here; None where it has no numbers, or is something else."""
    if message.kind != KIND:
        return None
    if is_own(message):
        extra = message.extra or {}
        numbers, units, rest = message.value, extra.get(_UNITS, {}), extra.get(_REST, {})
        return Measurement(message.model or FOREIGN, message.timestamp, numbers, units, rest)
    numbers = dict(_leaves(message.value))
    type_ = message.model or FOREIGN
    return Measurement(type_, message.timestamp, {type_: numbers}) if numbers else None


def is_own(message: DataMessage) -> bool:
    return message.metadata.get("connector") == CONNECTOR


def view(found: Measurement, number: str, source: Mapping[str, Any], itself: str) -> dict[str, Any]:
    shown: dict[str, Any] = {
        name: dict(value) if isinstance(value, dict) else value for name, value in found.rest.items()
    }
    for fragment, series, value in found.series():
        unit = found.unit(fragment, series)
        one = {"value": value, **({"unit": unit} if unit is not None else {})}
        held = shown.setdefault(fragment, {})
        held[series] = {**held.get(series, {}), **one}
    return {
        **shown,
        "id": number,
        "self": itself,
        "source": source,
        "type": found.type,
        "time": times.render(found.time),
    }


_FORMULA = ("=", "+", "-", "@", "\t", "\r")
COLUMNS = ("time", "source", "device_name", "fragment.series", "value", "unit")


def rows(every: Iterable[tuple[Measurement, Mapping[str, Any]]], most: int) -> str:
    """CSV (RFC 4180), a row for each value of measurements and what they show as their source.

    Errors: Invalid (more than `most` rows).
    """
    written = io.StringIO(newline="")
    writer = csv.writer(written)
    writer.writerow(COLUMNS)
    count = 0
    for found, source in every:
        for fragment, series, value in found.series():
            count += 1
            if count > most:
                raise Invalid(f"there are more than {most} values: ask for a shorter time", "dateFrom")
            said = (source.get("name", ""), f"{fragment}.{series}", found.unit(fragment, series) or "")
            name, path, unit = map(_harmless, said)
            writer.writerow((times.render(found.time), source["id"], name, path, value, unit))
    return written.getvalue()


def _harmless(text: str) -> str:
    """What a spreadsheet would run begins with ' instead; one sign alone, such as - of a unit, is none."""
    return f"'{text}" if len(text) > 1 and text.startswith(_FORMULA) else text


def _is_series(said: Any) -> bool:
    value = said.get("value") if isinstance(said, dict) else None
    return isinstance(value, int | float) and not isinstance(value, bool)


def _ensure_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise Invalid(f"the name of a fragment or series has no blank and none of . , * [ ] ( ) @ $: {name[:64]}", name)


def _leaves(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, float]]:
    if isinstance(value, dict):
        for name, below in value.items():
            yield from _leaves(below, (*path, name))
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield "_".join(path) or "value", value
