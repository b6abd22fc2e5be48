"""Bytes as no client should send them, and some do: what every reader is tried with.

Messages are made by taking a good one apart: one place, at any depth, holds something odd, and the bytes around it are
spoiled in one of the ways that firmware spoils them.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

HALVES = ("\ud83d", "\ude00", "\ud83d\ude00", "a\udfffb")
TEXTS = (
    "",
    " ",
    "\0",
    "a\0",
    "²",
    "٣",
    "--5",
    "-",
    "+1",
    "1e5",
    "0x10",
    "1_0",
    "NaN",
    "null",
    "true",
    "OK",
    "BUSY",
    "$x",
    "a.b",
    "a b",
    "#",
    "../..",
    "%00",
    "x" * 300,
    "é" * 3000,
    "0" * 24,
    "f" * 32,
    "urn:lo:nsid:a:b",
    "1970-01-01T00:00:00Z",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59.999999Z",
    "9999-12-31T24:00:00Z",
    "2026-11-30T23:59:60Z",
    "2026-11-30t05:00:00z[Europe/Paris]",
    "2026-02-30T00:00:00Z",
    *HALVES,
)
NUMBERS = ("0", "-0.0", "30.0", "5e2", "1e-400", "1e400", "-1e999", "9" * 309, "9" * 400, "1E+2", "2147483648", "-1")
DEPTHS = (1, 20, 99, 101, 500, 5_000)


@dataclass(frozen=True)
class Token:
    """A number as it is to be written."""

    digits: str


def nested(depth: int, brackets: str) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value] if brackets == "[" else {"a": value}
    return value


LEAVES: st.SearchStrategy[Any] = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(TEXTS)
    | st.text(max_size=8)
    | st.sampled_from(NUMBERS).map(Token)
)
ODD: st.SearchStrategy[Any] = (
    LEAVES
    | st.lists(LEAVES, max_size=3)
    | st.dictionaries(st.sampled_from((*TEXTS[:12], *HALVES, "a")), LEAVES, max_size=3)
    | st.builds(nested, st.sampled_from(DEPTHS[:5]), st.sampled_from("[{"))
)
_REPEATED = "\x01again"


def written(value: Any, *, escaped: bool = False) -> bytes:
    """The value as JSON, in UTF-8 as far as there is any: halves of surrogate pairs are written as they are."""
    return "".join(_written(value, escaped=escaped)).encode("utf-8", "surrogatepass")


def _written(value: Any, *, escaped: bool) -> Iterator[str]:
    if isinstance(value, Token):
        yield value.digits
    elif isinstance(value, Mapping):
        yield "{"
        for n, (name, inner) in enumerate(value.items()):
            yield ("," if n else "") + json.dumps(name.removeprefix(_REPEATED), ensure_ascii=escaped) + ":"
            yield from _written(inner, escaped=escaped)
        yield "}"
    elif isinstance(value, list):
        yield "["
        for n, inner in enumerate(value):
            yield "," if n else ""
            yield from _written(inner, escaped=escaped)
        yield "]"
    else:
        yield json.dumps(value, ensure_ascii=escaped)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths to everything in a value, itself included."""
    inner = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(found for step, part in inner for found in places(part, (*path, step)))]


def _replaced(value: Any, path: tuple[Any, ...], odd: Any) -> Any:
    if not path:
        return odd
    step, *rest = path
    if isinstance(value, list):
        return [_replaced(part, tuple(rest), odd) if n == step else part for n, part in enumerate(value)]
    return {name: _replaced(part, tuple(rest), odd) if name == step else part for name, part in value.items()}


def _renamed(value: Any, path: tuple[Any, ...], name: str) -> Any:
    step, *rest = path
    if isinstance(value, list):
        return [_renamed(part, tuple(rest), name) if n == step and rest else part for n, part in enumerate(value)]
    if not rest:
        return {name if known == step else known: part for known, part in value.items()}
    return {known: _renamed(part, tuple(rest), name) if known == step else part for known, part in value.items()}


@st.composite
def spoiled(draw: st.DrawFn, good: Any) -> Any:
    """The good value with something odd in one place, or under an odd name, or with one part missing or repeated."""
    path = draw(st.sampled_from(places(good)))
    way = draw(st.sampled_from(("replaced", "replaced", "replaced", "renamed", "repeated")))
    if way == "replaced" or not path or not isinstance(path[-1], str):
        return _replaced(good, path, draw(ODD))
    if way == "renamed":
        return _renamed(good, path, draw(st.sampled_from(TEXTS)))
    return _replaced(good, path[:-1], {**_at(good, path[:-1]), _REPEATED + path[-1]: draw(LEAVES)})


def _at(value: Any, path: tuple[Any, ...]) -> Any:
    for step in path:
        value = value[step]
    return value


def _deep(depth: int, brackets: str) -> bytes:
    opening, closing = (b"[", b"]") if brackets == "[" else (b'{"v":', b"}")
    return opening * depth + b"1" + closing * depth


ENDS = (b"\0", b"\0\0 \r\n", b"\0rest of a buffer", b"\n", b"}", b",")
JUNK: st.SearchStrategy[bytes] = (
    st.binary(max_size=40)
    | st.sampled_from((b"", b"\0", b"{", b"null", b"[]", b"{}", b'""', b"\xef\xbb\xbf", b"\xff\xfe", b"\xed\xa0\xbd"))
    | st.builds(_deep, st.sampled_from(DEPTHS), st.sampled_from("[{"))
)


@st.composite
def payloads(draw: st.DrawFn, good: Any) -> bytes:
    """Bytes of a message that is nearly the good one, or nothing like it."""
    if draw(st.integers(0, 5)) == 0:
        return draw(JUNK)
    raw = written(draw(spoiled(good)), escaped=draw(st.booleans()))
    match draw(st.sampled_from(("", "", "", "end", "cut", "utf-16", "bom"))):
        case "end":
            return raw + draw(st.sampled_from(ENDS))
        case "cut":
            return raw[: draw(st.integers(0, len(raw)))]
        case "utf-16":
            return raw.decode("utf-8", "surrogatepass").encode("utf-16-le", "surrogatepass")
        case "bom":
            return b"\xef\xbb\xbf" + raw
    return raw
