"""What a device lists of itself (RFC 6690)."""

import re
from typing import NamedTuple

from chalicelib.dialects.lwm2m.entries import FormatError

MOST_LINKS = 5000
_TARGET = re.compile(r"\s*<([^<>]*)>")
_PARAMETER = re.compile(r'\s*;\s*([^\s;,="<>]+)(?:\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;,"]*)))?', re.DOTALL)
_NEXT = re.compile(r"\s*(?:,|$)")


class Link(NamedTuple):
    """A parameter without a value is the empty text."""

    target: str
    parameters: dict[str, str]


def parse(payload: bytes) -> list[Link]:
    """Raises FormatError. The first of two equal parameters counts."""
    try:
        text = payload.decode()
    except UnicodeDecodeError as error:
        raise FormatError(f"the links are no text: {error}") from error
    links: list[Link] = []
    at = 0
    while at < len(text) and text[at:].strip():
        target = _TARGET.match(text, at)
        if target is None or len(links) == MOST_LINKS:
            raise FormatError("no link, or too many")
        parameters: dict[str, str] = {}
        at = target.end()
        while (found := _PARAMETER.match(text, at)) is not None:
            name, quoted, bare = found.groups()
            parameters.setdefault(name, re.sub(r"\\(.)", r"\1", quoted) if quoted is not None else bare or "")
            at = found.end()
        end = _NEXT.match(text, at)
        if end is None:
            raise FormatError("something else than a comma follows a link")
        links.append(Link(target[1], parameters))
        at = end.end()
    return links
