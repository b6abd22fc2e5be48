"""Payloads in and out of values, whatever the content format; and which format to write (manual, tables 1 and 2)."""

from collections.abc import Callable, Collection, Sequence

from chalicelib.dialects.lwm2m import oma_json, plain, senml, tlv
from chalicelib.dialects.lwm2m.content_formats import ContentFormat, content_format
from chalicelib.dialects.lwm2m.entries import CannotCarry, Decoded, FormatError, Item, TypeOf, only
from chalicelib.fleet.twin.paths import Path
from chalicelib.fleet.twin.values import ResourceType

_RESOURCE = 3
_TIMED: dict[ContentFormat | None, Callable[[Path, bytes, TypeOf, float], Decoded]] = {
    ContentFormat.SENML_CBOR: senml.decode_cbor,
    ContentFormat.SENML_JSON: senml.decode_json,
    ContentFormat.JSON: oma_json.decode,
}
_TIMELESS: dict[ContentFormat | None, Callable[[Path, bytes, TypeOf], Decoded]] = {
    ContentFormat.TLV: tlv.decode,
    ContentFormat.TEXT: plain.decode_text,
    ContentFormat.OPAQUE: plain.decode_opaque,
    ContentFormat.CBOR: plain.decode_cbor,
}


def decode(number: int | None, base: Path, payload: bytes, type_of: TypeOf, *, now: float) -> Decoded:
    """What a payload with this Content-Format holds; raises FormatError.

    `base` is the path that was asked for, and the root for what a device sends by itself. `now`, in seconds since 1970,
    is what relative times count from.
    """
    format_ = content_format(number)
    timed = _TIMED.get(format_)
    if timed is not None:
        return timed(base, payload, type_of, now)
    timeless = _TIMELESS.get(format_)
    if timeless is not None:
        return timeless(base, payload, type_of)
    raise FormatError(f"content format {number} carries no values")


def encode(number: ContentFormat, base: Path, items: Sequence[Item]) -> bytes:
    """The payload that writes these values to `base`; raises CannotCarry."""
    match number:
        case ContentFormat.TLV:
            return tlv.encode(base, items)
        case ContentFormat.SENML_JSON | ContentFormat.SENML_CBOR:
            return senml.encode(items, binary=number is ContentFormat.SENML_CBOR)
        case ContentFormat.JSON:
            return oma_json.encode(base, items)
    item = only(items)
    if item.path != base:
        raise CannotCarry("the format carries the value of one resource")
    match number:
        case ContentFormat.TEXT:
            return plain.encode_text(item)
        case ContentFormat.OPAQUE:
            return plain.encode_opaque(item)
        case ContentFormat.CBOR:
            return plain.encode_cbor(item)
        case _:
            raise CannotCarry(f"{number.name} carries no values")


def encode_paths(number: ContentFormat, wanted: Sequence[Path]) -> bytes:
    """The payload of a composite read or observation; raises CannotCarry."""
    if number not in (ContentFormat.SENML_JSON, ContentFormat.SENML_CBOR):
        raise CannotCarry(f"{number.name} carries no paths")
    return senml.encode_paths(wanted, binary=number is ContentFormat.SENML_CBOR)


def is_old(version: str) -> bool:
    """LwM2M 1.0, which knows neither SenML nor composite operations."""
    return version == "1.0"


def format_to_write(
    version: str, base: Path, items: Sequence[Item], declared: Collection[int], *, composite: bool = False
) -> ContentFormat:
    """The manual's table 1; raises CannotCarry for a composite operation with a device of version 1.0."""
    opaque = len(base) >= _RESOURCE and [(item.path, item.type) for item in items] == [(base, ResourceType.BASE64)]
    if is_old(version):
        if composite:
            raise CannotCarry("a device of LwM2M 1.0 takes no composite operations")
        return ContentFormat.OPAQUE if opaque and ContentFormat.OPAQUE in declared else ContentFormat.TLV
    if composite or [item.path for item in items] != [base]:
        return _senml(declared)
    return ContentFormat.OPAQUE if opaque else ContentFormat.TEXT


def format_to_accept(version: str, declared: Collection[int], *, composite: bool = False) -> ContentFormat | None:
    """The manual's table 2: only composite operations say what they accept."""
    if not composite:
        return None
    if is_old(version):
        raise CannotCarry("a device of LwM2M 1.0 takes no composite operations")
    return _senml(declared)


def _senml(declared: Collection[int]) -> ContentFormat:
    return ContentFormat.SENML_CBOR if ContentFormat.SENML_CBOR in declared else ContentFormat.SENML_JSON
