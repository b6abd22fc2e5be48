"""A configuration that is one JSON object with a version, for devices that fetch it and send it back as a whole."""

import json
from collections.abc import Mapping
from dataclasses import field, replace
from typing import Any

from chalicelib.fleet.errors import IllegalTransition, TooLarge
from chalicelib.fleet.fields import Field
from chalicelib.fleet.frozen import dataclass
from chalicelib.fleet.shapes import Extensible

LARGEST = 64 * 1024
"""Bytes of its JSON."""


@dataclass(frozen=True, slots=True)
class Document(Extensible):
    """`version` counts the changes of `content`, and 0 is none; `changed` is when (ms) it became what it is.

    `fetched` and `applied` are the latest versions that the device has asked for and works by. `reported` is what it
    works by where that is not the content. `form` is what its dialect has to know to write it.
    """

    content: Mapping[str, Any] = field(default_factory=dict)
    version: int = 0
    changed: int = 0
    fetched: int = 0
    applied: int = 0
    reported: Mapping[str, Any] | None = None
    reported_at: int = 0
    form: str = ""

    @property
    def settled(self) -> bool:
        """Whether the device works by what it is to work by."""
        return self.applied >= self.version


def same(one: Any, other: Any) -> bool:
    """Whether they are the same JSON: 1 is 1.0, and not true, as other languages than ours have it."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(same(value, other[name]) for name, value in one.items())
    if isinstance(one, (list, tuple)) and isinstance(other, (list, tuple)):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


def wanted(document: Document, content: Mapping[str, Any], now: int) -> Document:
    """Its owner wants that content: one version more, unless it is what is there. Errors: TooLarge."""
    if document.version and same(content, document.content):
        return document
    reported = document.content if document.settled and document.version else document.reported
    return replace(document, content=_fitting(content), version=document.version + 1, changed=now, reported=reported)


def fetched(document: Document) -> Document:
    return replace(document, fetched=document.version)


def applied(document: Document, version: int, now: int) -> Document:
    """The device works by that version; an older one changes nothing. Errors: IllegalTransition (none is that new)."""
    if version > document.version:
        raise IllegalTransition(f"the configuration has version {document.version}, and never had {version}")
    if version < document.version or document.settled:
        return document
    return replace(document, fetched=document.version, applied=document.version, reported=None, reported_at=now)


def sent_back(document: Document, content: Mapping[str, Any], version: int | None, now: int) -> Document:
    """The device says what it works by, which is its owner's wish from now on; `version` is what it has changed.

    The same content is no change, whatever version it names: devices send back what they were given, and whoever heard
    no answer sends it again. Errors: IllegalTransition (another content has come since that version), TooLarge.
    """
    if document.version and same(content, document.content):
        return applied(document, document.version, now)
    if version is not None and version < document.version:
        raise IllegalTransition(f"the configuration has version {document.version} by now, not {version}")
    if not document.version and not content:
        return document
    later = document.version + 1
    return replace(
        document,
        content=_fitting(content),
        version=later,
        changed=now,
        fetched=later,
        applied=later,
        reported=None,
        reported_at=now,
    )


def _fitting(content: Mapping[str, Any]) -> Mapping[str, Any]:
    size = len(json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode(errors="surrogatepass"))
    if size > LARGEST:
        raise TooLarge(f"a configuration has at most {LARGEST} bytes, not {size}", Field.PARAMETERS)
    return dict(content)
