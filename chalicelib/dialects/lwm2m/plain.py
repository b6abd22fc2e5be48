"""Formats of one value: text, opaque, CBOR (LwM2M Core 1.1, 7.4.2 to 7.4.4)."""

import base64
import binascii
from datetime import datetime

from chalicelib.dialects.lwm2m.cbor import dumps, loads
from chalicelib.dialects.lwm2m.entries import CannotCarry, Decoded, FormatError, Item, TypeOf
from chalicelib.fleet.twin import values
from chalicelib.fleet.twin.paths import Path
from chalicelib.fleet.twin.values import ResourceType


def decode_text(base: Path, payload: bytes, type_of: TypeOf) -> Decoded:
    """Opaque resources are base64 in text."""
    decoded = Decoded()
    try:
        text: object = payload.decode()
        if type_of(base) is ResourceType.BASE64:
            text = base64.b64decode(payload, validate=True)
    except (UnicodeDecodeError, binascii.Error) as error:
        raise FormatError(f"no text of this resource: {error}") from error
    decoded.add(base, text, type_of)
    return decoded


def encode_text(item: Item) -> bytes:
    if isinstance(item.value, bool):
        return b"1" if item.value else b"0"
    return values.write(item.value).encode()


def decode_opaque(base: Path, payload: bytes, type_of: TypeOf) -> Decoded:
    """Whatever the type: some clients send text so, and their bytes are what is known."""
    decoded = Decoded()
    type_ = type_of(base)
    try:
        decoded.add(base, payload.decode() if type_ is ResourceType.STRING else payload, type_of)
    except UnicodeDecodeError as error:
        raise FormatError(f"no text: {error}") from error
    return decoded


def encode_opaque(item: Item) -> bytes:
    if not isinstance(item.value, bytes):
        raise CannotCarry("opaque carries bytes only")
    return item.value


def decode_cbor(base: Path, payload: bytes, type_of: TypeOf) -> Decoded:
    """Moments may come with CBOR's own tags."""
    decoded = Decoded()
    value = loads(payload)
    decoded.add(base, value.timestamp() if isinstance(value, datetime) else value, type_of)
    return decoded


def encode_cbor(item: Item) -> bytes:
    return dumps(item.value)
