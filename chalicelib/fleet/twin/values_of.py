"""What a device reported last, by path: a record an object, so that a report costs what its objects weigh."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import NamedTuple

from chalicelib.fleet.ports import Ports
from chalicelib.fleet.shapes import Kind
from chalicelib.fleet.twin import paths, values
from chalicelib.fleet.twin.paths import Path
from chalicelib.fleet.twin.records import ObjectValues, Reported, Twin
from chalicelib.fleet.twin.values import Value
from chalicelib.fleet.typed_records import TypedRecords

VALUES = Kind(ObjectValues)
REPORTED = TypedRecords("twin/values", VALUES)
LARGEST = 300_000
"""Bytes that the values of one object may have together, as they are kept: they fit into an item of the store."""
_AROUND = 50
"""Bytes that are kept around each value, beside its path."""
_FEW = 10
"""Beyond so many objects it is looked which ones have values before those are dropped."""
_INSTANCE = 2


class Measured(NamedTuple):
    """One value as a device reported it, measured at `at` (ms)."""

    path: Path
    value: Value
    at: int


def report(ports: Ports, tenant: str, device: str, measured: Iterable[Measured]) -> list[str]:
    """Show these from now on, unless newer ones are known. Answers what could not be kept, and why.

    No value is newer than its arrival: one that was measured by a clock that is ahead would hide all that follow.
    """
    now = ports.clock.now()
    by_object: dict[int, dict[str, Reported]] = {}
    for each in measured:
        known = by_object.setdefault(each.path[0], {})
        path, latest = paths.write(each.path), Reported(values.write(each.value), each.at)
        if path not in known or known[path].at <= latest.at:
            known[path] = latest
    records, complaints = REPORTED.of(device), list[str]()
    for number, fresh in by_object.items():
        too_large = [path for path, each in fresh.items() if _weight(path, each) > LARGEST]
        complaints += [f"{path}: a value of more than {LARGEST} bytes is not kept" for path in too_large]
        taken = {p: replace(each, at=min(each.at, now)) for p, each in fresh.items() if p not in too_large}

        def merged(present: ObjectValues, taken: Mapping[str, Reported] = taken) -> ObjectValues:
            return replace(present, values=_merged(present.values, taken, now))

        # What is older than what it knew a moment ago is older than what it knows now.
        records.change(ports, tenant, _key(number), merged, ObjectValues, glancing=True)
    return complaints


def of_object(ports: Ports, tenant: str, device: str, number: int) -> Mapping[str, Reported]:
    found = REPORTED.of(device).get(ports, tenant, _key(number))
    return found.values if found is not None else {}


def named(tenant: str, device: str, number: int) -> tuple[str, str, str]:
    """The record of an object's values, as the ports name it."""
    return REPORTED.of(device).named(tenant, _key(number))


def keep_only(ports: Ports, tenant: str, device: str, before: Twin, after: Twin) -> None:
    """Drop the values of instances that the device does not list any more."""
    gone = {paths.parse(path) for path in before.instances} - {paths.parse(path) for path in after.instances}
    left_over = {paths.parse(path)[0] for path in after.instances}
    records, numbers = REPORTED.of(device), sorted({path[0] for path in gone})
    if len(numbers) > _FEW:
        known = {record for record, _ in records.items(ports, tenant)}
        numbers = [number for number in numbers if _key(number) in known]
    for number in numbers:
        if number not in left_over:
            records.delete(ports, tenant, _key(number))
            continue

        def kept(present: ObjectValues) -> ObjectValues:
            left = {k: v for k, v in present.values.items() if paths.parse(k)[:_INSTANCE] not in gone}
            return replace(present, values=left)

        records.change(ports, tenant, _key(number), kept)


def clear(ports: Ports, tenant: str, device: str) -> None:
    records = REPORTED.of(device)
    for number, _ in list(records.items(ports, tenant)):
        records.delete(ports, tenant, number)


def _merged(present: Mapping[str, Reported], fresh: Mapping[str, Reported], now: int) -> dict[str, Reported]:
    """An older value never takes the place of a newer one; what does not fit beside it makes the oldest go."""
    both = {**present, **{p: r for p, r in fresh.items() if p not in present or min(present[p].at, now) <= r.at}}
    size = sum(_weight(path, each) for path, each in both.items())
    for path in sorted(both, key=lambda path: both[path].at):
        if size <= LARGEST:
            break
        size -= _weight(path, both.pop(path))
    return both


def _weight(path: str, reported: Reported) -> int:
    """Bytes, as JSON has it: what cannot be printed is longer there."""
    return len(json.dumps(reported.value, ensure_ascii=False).encode()) + len(path) + _AROUND


def _key(number: int) -> str:
    return f"{number:05}"
