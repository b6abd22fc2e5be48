"""Numbers of content formats, and the names that the API gives them."""

from enum import IntEnum


class ContentFormat(IntEnum):
    TEXT = 0
    LINK_FORMAT = 40
    OPAQUE = 42
    CBOR = 60
    SENML_JSON = 110
    SENML_CBOR = 112
    TLV = 11542
    JSON = 11543


OLD_NUMBERS = {1542: ContentFormat.TLV, 1543: ContentFormat.JSON}
"""Of drafts of LwM2M 1.0; clients that have them still answer so."""


_BY_NUMBER = {int(each): each for each in ContentFormat} | OLD_NUMBERS


def content_format(number: int | None) -> ContentFormat | None:
    """None for one that carries no values here; no number means text (RFC 7252, 5.5.1)."""
    return _BY_NUMBER.get(0 if number is None else number)
