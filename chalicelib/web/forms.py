"""Forms with files: `multipart/form-data` (RFC 7578), as browsers, libraries and firmware write it.

Some clients name no boundary in the content type: it stands in the first line. What is in a part stays as it came.
"""

from collections.abc import Mapping
from email.errors import MessageError
from email.message import Message
from email.parser import HeaderParser

from chalicelib.fleet.errors import Invalid
from chalicelib.fleet.frozen import dataclass
from chalicelib.web import json_text, media_types

KIND = "multipart/form-data"
MOST_PARTS = 20
_LONGEST_BOUNDARY = 200
_LONGEST_HEAD = 8_192
"""Bytes of a part's header fields."""


@dataclass(frozen=True, slots=True)
class Part:
    """`filename` is None where there is none, `content_type` empty where it is not said."""

    content: bytes
    filename: str | None = None
    content_type: str = ""


def is_form(content_type: str | None) -> bool:
    return media_types.named(content_type) == KIND


def read(content_type: str | None, raw: bytes) -> Mapping[str, Part]:
    """The parts by name, the first of several with one. Errors: Invalid."""
    boundary = _boundary(content_type, raw)
    # The first delimiter may stand at the very beginning; all that comes before it says nothing (RFC 2046 5.1.1).
    pieces = (b"\r\n" + raw if b"\r\n" in raw else b"\n" + raw).split(b"\n--" + boundary)
    if len(pieces) - 2 > MOST_PARTS:
        raise Invalid(f"a form has at most {MOST_PARTS} parts", json_text.BODY)
    found: dict[str, Part] = {}
    for piece in pieces[1:]:
        if piece.startswith(b"--"):
            break
        name, part = _part(piece)
        found.setdefault(name, part)
    else:
        raise Invalid("the form has no end", json_text.BODY)
    return found


def filename(disposition: str | None) -> str | None:
    """What a Content-Disposition calls the file (RFC 6266); None where it says nothing."""
    return _named(_head(f"Content-Disposition: {disposition}")) if disposition else None


def _boundary(content_type: str | None, raw: bytes) -> bytes:
    said = _parameter(_head(f"Content-Type: {content_type}"), "boundary", "content-type") if content_type else None
    if said:
        boundary = said.encode(errors="replace")
    else:
        first = raw.lstrip(b"\r\n")[: _LONGEST_BOUNDARY + 3].partition(b"\n")[0].strip()
        if not first.startswith(b"--"):
            raise Invalid("the form has no boundary", json_text.BODY)
        boundary = first[2:]
    if not 0 < len(boundary) <= _LONGEST_BOUNDARY:
        raise Invalid(f"the boundary of a form has 1 to {_LONGEST_BOUNDARY} characters", json_text.BODY)
    return boundary


def _part(piece: bytes) -> tuple[str, Part]:
    """What stands between two delimiters: the rest of the delimiter's line, header fields, an empty line, content."""
    lines = b"\r\n" if b"\r\n" in piece[:_LONGEST_HEAD] else b"\n"
    padding, _, rest = piece.partition(lines)
    head, blank, content = (b"", lines, rest[len(lines) :]) if rest.startswith(lines) else rest.partition(lines * 2)
    if padding.strip() or not blank or len(head) > _LONGEST_HEAD:
        raise Invalid("a part of the form cannot be read", json_text.BODY)
    fields = _head(head.decode(errors="replace"))
    name = _parameter(fields, "name", "content-disposition")
    if name is None:
        raise Invalid("a part of the form has no name", json_text.BODY)
    if lines == b"\r\n":
        content = content.removesuffix(b"\r")
    return name, Part(content, _named(fields), str(fields.get("content-type") or "").strip())


def _head(text: str) -> Message:
    return HeaderParser().parsestr(text)


def _named(fields: Message) -> str | None:
    try:
        return fields.get_filename()
    except (LookupError, MessageError, TypeError, ValueError):
        return None


def _parameter(fields: Message, name: str, of: str) -> str | None:
    """The parser is made for mail, and stumbles over parameters in pieces."""
    try:
        found = fields.get_param(name, header=of)
    except (LookupError, MessageError, TypeError, ValueError):
        raise Invalid("the header fields of the form cannot be read", json_text.BODY) from None
    return found if isinstance(found, str) else None
