"""SenML in JSON and CBOR (RFC 8428, as LwM2M Core 1.1, 7.4.6 and 7.4.7, profiles it)."""

import base64
import binascii
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from chalicelib.dialects.lwm2m import cbor
from chalicelib.dialects.lwm2m.entries import RELATIVE_BELOW, Decoded, FormatError, Item, TypeOf, path_of
from chalicelib.fleet.twin import paths
from chalicelib.fleet.twin.paths import Path
from chalicelib.fleet.twin.values import ResourceType

_LABELS: dict[object, str] = {
    -1: "bver",
    -2: "bn",
    -3: "bt",
    -4: "bu",
    -5: "bv",
    -6: "bs",
    0: "n",
    1: "u",
    2: "v",
    3: "vs",
    4: "vb",
    5: "s",
    6: "t",
    7: "ut",
    8: "vd",
}
_NUMBERS = {name: label for label, name in _LABELS.items()}
_VALUES = frozenset({"v", "vs", "vb", "vd", "vlo"})
_COMMON = _VALUES | {"n", "t", "u"}
"""Fields of a record that changes nothing for those after it."""

_NEWEST_VERSION = 10


def decode_json(base: Path, payload: bytes, type_of: TypeOf, now: float) -> Decoded:
    """Raises FormatError. `now` in seconds resolves relative times."""
    try:
        pack = json.loads(payload)
    except (ValueError, RecursionError) as error:
        raise FormatError(f"no JSON: {error}") from error
    return _decode(base, pack, type_of, now, binary=False)


def decode_cbor(base: Path, payload: bytes, type_of: TypeOf, now: float) -> Decoded:
    """Raises FormatError. `now` in seconds resolves relative times."""
    return _decode(base, cbor.loads(payload), type_of, now, binary=True)


def _decode(base: Path, pack: object, type_of: TypeOf, now: float, *, binary: bool) -> Decoded:
    if not isinstance(pack, list):
        raise FormatError("SenML is an array of records")
    decoded, name, time, value = Decoded(), "", 0.0, 0.0
    shape_of = _cbor_shape if binary else _json_shape
    for each in pack:
        if not isinstance(each, dict):
            raise FormatError("a SenML record is a map")
        common, named, timed, valued, label = shape_of(tuple(each))
        if not common:
            record = {_LABELS.get(label, label): content for label, content in each.items()} if binary else each
            _refuse_unknown(record)
            name = record.get("bn", name)
            time, value = _number(record, "bt", time), _number(record, "bv", value)
        if label is None:
            continue
        own = each.get(named, "")
        path = path_of(own if name == "" else _joined(name, own))
        if base and path[: len(base)] != base:
            raise FormatError("something else came than what was asked for")
        at = time if timed is _NOWHERE else time + _number(each, timed, 0.0)
        found = each[valued]
        if label == "v" and value:
            found = _number(each, valued, 0.0) + value
        elif binary:
            found = cbor.plain(found)
        elif label == "vd":
            found = _base64(found)
        decoded.add(path, found, type_of, None if at == 0 else now + at if at < RELATIVE_BELOW else at)
    return decoded


class _Shape(NamedTuple):
    """Under which keys a record has what; `label` says what its value is, `common` that it has no base fields."""

    common: bool
    name: object
    time: object
    value: object
    label: object


_NOWHERE = object()


# Devices send records of the same few shapes over and over.
@lru_cache(maxsize=64)
def _cbor_shape(keys: tuple[object, ...]) -> _Shape:
    return _shape({_LABELS.get(key, key): key for key in keys})


@lru_cache(maxsize=64)
def _json_shape(keys: tuple[object, ...]) -> _Shape:
    return _shape({key: key for key in keys})


def _shape(fields: Mapping[object, object]) -> _Shape:
    labels = [label for label in fields if label in _VALUES]
    if len(labels) > 1:
        raise FormatError("a record has more than one value")
    label = labels[0] if labels else None
    at = {field: fields.get(field, _NOWHERE) for field in ("n", "t", label)}
    return _Shape(_COMMON.issuperset(fields), at["n"], at["t"], at[label], label)


def _refuse_unknown(record: Mapping[object, Any]) -> None:
    """What must be understood and is not makes the whole pack unreadable (RFC 8428, 4.4)."""
    for label in record:
        if isinstance(label, str) and label.endswith("_"):
            raise FormatError("a field that must be understood is not")
    version = record.get("bver", _NEWEST_VERSION)
    if not isinstance(version, int) or version > _NEWEST_VERSION:
        raise FormatError("a later version of SenML")


def _joined(base: object, name: object) -> str:
    if not isinstance(base, str) or not isinstance(name, str):
        raise FormatError("a name is no text")
    return base + name


def _number(record: Mapping[Any, Any], label: object, otherwise: float) -> float:
    value = cbor.plain(record.get(label, otherwise))
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise FormatError(f"{label} is no number")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise FormatError(f"{label} is out of range")
    return number


def _base64(value: object) -> bytes:
    if not isinstance(value, str):
        raise FormatError("vd is no text")
    try:
        return base64.b64decode(value + "=" * (-len(value) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise FormatError(f"vd is no base64: {error}") from error


def encode(items: Iterable[Item], *, binary: bool) -> bytes:
    return _encode([{"n": paths.write(item.path), **_written(item, binary=binary)} for item in items], binary=binary)


def encode_paths(wanted: Iterable[Path], *, binary: bool) -> bytes:
    """What a composite read or observation asks for."""
    return _encode([{"n": paths.write(path)} for path in wanted], binary=binary)


def _encode(records: Sequence[Mapping[str, Any]], *, binary: bool) -> bytes:
    if not binary:
        return json.dumps(records, separators=(",", ":"), ensure_ascii=False).encode()
    return cbor.dumps([{_NUMBERS.get(label, label): value for label, value in each.items()} for each in records])


def _written(item: Item, *, binary: bool) -> dict[str, Any]:
    value = item.value
    if isinstance(value, bool):
        return {"vb": value}
    if isinstance(value, bytes):
        return {"vd": value if binary else base64.urlsafe_b64encode(value).rstrip(b"=").decode()}
    if isinstance(value, int | float):
        return {"v": value}
    return {"vlo" if item.type is ResourceType.LINK else "vs": value}
