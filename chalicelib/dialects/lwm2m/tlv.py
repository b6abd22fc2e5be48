"""OMA TLV (LwM2M Core 1.0, 6.4.3; 1.1, 7.4.5)."""

import struct
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from chalicelib.dialects.lwm2m.entries import CannotCarry, Decoded, FormatError, Item, TypeOf
from chalicelib.fleet.twin.paths import Path
from chalicelib.fleet.twin.values import ResourceType, Value

_INSTANCE, _RESOURCE_INSTANCE, _MULTIPLE, _RESOURCE = range(4)
_LONG_ID = 0x20
_SHORT = 8
_MOST_BYTES = 3
_OBJECT, _OBJECT_INSTANCE, _ONE_RESOURCE, _ONE_INSTANCE = range(1, 5)
_INTEGERS = (1, 2, 4, 8)
_WHOLE = (ResourceType.INTEGER, ResourceType.DATETIME)
_LINK = struct.Struct(">HH")


class _Tlv(NamedTuple):
    kind: int
    id: int
    value: bytes


def decode(base: Path, payload: bytes, type_of: TypeOf) -> Decoded:
    """`base` is the path that was read; what the payload has beside it is a FormatError."""
    decoded = Decoded()
    for tlv in _read(payload):
        if tlv.kind == _INSTANCE:
            instance = (*base[:1], tlv.id)
            for inner in _read(tlv.value):
                _resource(decoded, base, instance, inner, type_of)
        elif tlv.kind == _RESOURCE_INSTANCE:
            _add(decoded, base, (*base[:_ONE_RESOURCE], tlv.id), tlv.value, type_of)
        else:
            instance = base[:_OBJECT_INSTANCE] if len(base) >= _OBJECT_INSTANCE else (*base[:1], 0)
            _resource(decoded, base, instance, tlv, type_of)
    return decoded


def _resource(decoded: Decoded, base: Path, instance: Path, tlv: _Tlv, type_of: TypeOf) -> None:
    path = (*instance, tlv.id)
    if tlv.kind == _RESOURCE:
        _add(decoded, base, path, tlv.value, type_of)
    elif tlv.kind == _MULTIPLE:
        for inner in _read(tlv.value):
            if inner.kind != _RESOURCE_INSTANCE:
                raise FormatError("a multiple resource holds something else than its instances")
            _add(decoded, base, (*path, inner.id), inner.value, type_of)
    else:
        raise FormatError("an object instance holds something else than resources")


def _add(decoded: Decoded, base: Path, path: Path, raw: bytes, type_of: TypeOf) -> None:
    if path[: len(base)] != base:
        raise FormatError("something else came than what was asked for")
    type_ = type_of(path)
    try:
        value: Value = raw if type_ is None else _value(type_, raw)
    except ValueError as error:
        decoded.complaints.append(f"/{'/'.join(map(str, path))}: {error}")
    else:
        decoded.add(path, value, type_of)


def _read(data: bytes) -> Iterator[_Tlv]:
    at, end = 0, len(data)
    while at < end:
        first = data[at]
        id_size, length_size = 2 if first & _LONG_ID else 1, first >> 3 & 3
        id_end = at + 1 + id_size
        start = id_end + length_size
        length = int.from_bytes(data[id_end:start], "big") if length_size else first & 7
        if start + length > end:
            raise FormatError("the TLV is cut off")
        yield _Tlv(first >> 6, int.from_bytes(data[at + 1 : id_end], "big"), data[start : start + length])
        at = start + length


def _value(type_: ResourceType, raw: bytes) -> Value:
    if type_ in _WHOLE or type_ is ResourceType.UNSIGNED_INTEGER:
        if len(raw) not in _INTEGERS:
            raise ValueError("a whole number has 1, 2, 4 or 8 bytes")
        return int.from_bytes(raw, "big", signed=type_ in _WHOLE)
    if type_ is ResourceType.BOOLEAN:
        if raw not in (b"\0", b"\1"):
            raise ValueError("a boolean is a byte 0 or 1")
        return raw == b"\1"
    if type_ is ResourceType.FLOAT:
        kind = {4: ">f", 8: ">d"}.get(len(raw))
        if kind is None:
            raise ValueError("a float has 4 or 8 bytes")
        return float(struct.unpack(kind, raw)[0])
    if type_ is ResourceType.LINK:
        if len(raw) != _LINK.size:
            raise ValueError("a link has 4 bytes")
        return "{}:{}".format(*_LINK.unpack(raw))
    return raw if type_ is ResourceType.BASE64 else raw.decode()


def encode(base: Path, items: Sequence[Item]) -> bytes:
    """What is written to `base`: an object (in instances), an object instance, a resource or an instance of one."""
    if any(item.path[: len(base)] != base or len(item.path) < _ONE_RESOURCE for item in items):
        raise CannotCarry("a value is not below the path that is written")
    if len(base) == _OBJECT:
        instances = sorted({item.path[1] for item in items})
        return b"".join(_tlv(_INSTANCE, id_, _resources(_of(items, (*base, id_)))) for id_ in instances)
    if len(base) == _ONE_INSTANCE:
        return b"".join(_tlv(_RESOURCE_INSTANCE, item.path[3], _raw(item)) for item in items)
    if not base:
        raise CannotCarry("TLV writes below one object")
    return _resources(items)


def encode_instance(items: Sequence[Item]) -> bytes:
    """The resources of one instance that the device is to number itself."""
    return _resources(items)


def _of(items: Iterable[Item], base: Path) -> list[Item]:
    return [item for item in items if item.path[: len(base)] == base]


def _resources(items: Sequence[Item]) -> bytes:
    out = b""
    for id_ in sorted({item.path[2] for item in items}):
        mine = sorted((item for item in items if item.path[2] == id_), key=lambda item: item.path)
        if len(mine[0].path) == _ONE_RESOURCE:
            out += _tlv(_RESOURCE, id_, _raw(mine[0]))
        else:
            out += _tlv(_MULTIPLE, id_, b"".join(_tlv(_RESOURCE_INSTANCE, item.path[3], _raw(item)) for item in mine))
    return out


def _tlv(kind: int, id_: int, value: bytes) -> bytes:
    first, length = kind << 6, len(value)
    if id_ > 0xFF:  # noqa: PLR2004 - what fits a byte
        first |= _LONG_ID
    id_bytes = id_.to_bytes(2 if first & _LONG_ID else 1, "big")
    if length < _SHORT:
        return bytes((first | length,)) + id_bytes + value
    size = (length.bit_length() + 7) // 8
    if size > _MOST_BYTES:
        raise CannotCarry("a TLV has at most 16 MiB")
    return bytes((first | size << 3,)) + id_bytes + length.to_bytes(size, "big") + value


def _raw(item: Item) -> bytes:
    type_, value = item.type, item.value
    if isinstance(value, bool):
        return b"\1" if value else b"\0"
    if isinstance(value, bytes):
        return value
    if isinstance(value, int) and type_ is not ResourceType.FLOAT:
        return _integer(value, signed=type_ in _WHOLE)
    if isinstance(value, int | float):
        short = _as_short_float(float(value))
        return struct.pack(">d", value) if short is None else short
    return _LINK.pack(*map(int, value.split(":"))) if type_ is ResourceType.LINK else value.encode()


def _integer(value: int, *, signed: bool) -> bytes:
    for size in _INTEGERS:
        try:
            return value.to_bytes(size, "big", signed=signed)
        except OverflowError:
            continue
    raise CannotCarry("a number out of range")


def _as_short_float(value: float) -> bytes | None:
    try:
        packed = struct.pack(">f", value)
    except OverflowError:
        return None
    return packed if struct.unpack(">f", packed)[0] == value else None
