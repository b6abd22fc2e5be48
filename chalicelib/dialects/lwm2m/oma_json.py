"""JSON of LwM2M 1.0 (Core 1.0, 6.4.4), which later versions dropped."""

import base64
import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from chalicelib.dialects.lwm2m.entries import RELATIVE_BELOW, CannotCarry, Decoded, FormatError, Item, TypeOf, path_of
from chalicelib.fleet.twin import paths
from chalicelib.fleet.twin.paths import Path
from chalicelib.fleet.twin.values import ResourceType

_VALUES = ("v", "bv", "sv", "ov")


def decode(base: Path, payload: bytes, type_of: TypeOf, now: float) -> Decoded:
    """Raises FormatError. Names are relative to `bn`, or where there is none to `base`."""
    try:
        root = json.loads(payload)
    except (ValueError, RecursionError) as error:
        raise FormatError(f"no JSON: {error}") from error
    records = root.get("e") if isinstance(root, dict) else None
    if not isinstance(records, list):
        raise FormatError("no object with an array e")
    name, time, decoded = root.get("bn", paths.write(base)), _time(root, "bt"), Decoded()
    for record in records:
        if not isinstance(record, dict):
            raise FormatError("an element of e is no object")
        path = path_of(_joined(name, record.get("n", "")))
        if not paths.is_below(path, base):
            raise FormatError("something else came than what was asked for")
        at = time + _time(record, "t")
        at_or_none = None if at == 0 else now + at if at < RELATIVE_BELOW else at
        decoded.add(path, _value(record, type_of(path)), type_of, at_or_none)
    return decoded


def _joined(base: object, name: object) -> str:
    if not isinstance(base, str) or not isinstance(name, str):
        raise FormatError("a name is no text")
    if not name or base.endswith("/") or name.startswith("/"):
        return f"{base.removesuffix('/') if name.startswith('/') else base}{name}"
    return f"{base}/{name}"


def _time(record: Mapping[str, Any], label: str) -> float:
    value = record.get(label, 0)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise FormatError(f"{label} is no number")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise FormatError(f"{label} is out of range")
    return number


def _value(record: Mapping[str, Any], type_: ResourceType | None) -> object:
    found = [label for label in _VALUES if label in record]
    if len(found) != 1:
        raise FormatError("an element has no value, or more than one")
    value = record[found[0]]
    if type_ is ResourceType.BASE64 and isinstance(value, str):
        try:
            return base64.b64decode(value, validate=True)
        except ValueError as error:  # of what is not ASCII, too
            raise FormatError(f"no base64: {error}") from error
    return value


def encode(base: Path, items: Sequence[Item]) -> bytes:
    if any(not paths.is_below(item.path, base) for item in items):
        raise CannotCarry("a value is not below the path that is written")
    records = []
    for item in items:
        name = "/".join(map(str, item.path[len(base) :]))
        records.append(({"n": name} if name else {}) | _written(item))
    prefix = paths.write(base).rstrip("/") + ("" if any(item.path == base for item in items) else "/")
    return json.dumps({"bn": prefix, "e": records}, separators=(",", ":"), ensure_ascii=False).encode()


def _written(item: Item) -> dict[str, Any]:
    value = item.value
    if isinstance(value, bool):
        return {"bv": value}
    if isinstance(value, bytes):
        return {"sv": base64.b64encode(value).decode()}
    if isinstance(value, int | float):
        return {"v": value}
    return {"ov" if item.type is ResourceType.LINK else "sv": value}
