"""CBOR (RFC 8949) as far as payloads need it, and as safely."""

from decimal import Decimal
from typing import Any

from chalicelib.dialects.lwm2m.entries import FormatError

_DEEPEST = 8


def loads(payload: bytes) -> Any:
    """One data item; raises FormatError. Decimal fractions become floats (RFC 8428, 6)."""
    import cbor2

    try:
        value = cbor2.loads(payload, max_depth=_DEEPEST, strict_hashable_types=False)
    except (cbor2.CBORError, ValueError, TypeError, ArithmeticError, MemoryError, RuntimeError) as error:
        raise FormatError(f"no CBOR: {error}") from error
    return plain(value)


def plain(value: Any) -> Any:
    """Numbers as floats where CBOR has exact fractions."""
    if isinstance(value, Decimal):
        return float(value)
    return value


def dumps(value: Any) -> bytes:
    import cbor2

    return cbor2.dumps(value)
