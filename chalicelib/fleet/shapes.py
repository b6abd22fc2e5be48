"""Shapes of records: what one release writes, the releases before and after it read, change and write back.

Within one shape a release may add fields that have a default, and values of enumerations; whoever does not know them
keeps them as they came. Everything else (a field that is renamed, removed or means something new) is the next shape
of the kind, with a pure function that makes a body of it from one of the shape before. `docs/records.md` is the
checklist.
"""

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, field, fields, is_dataclass, replace
from enum import Enum, StrEnum
from functools import cache, lru_cache
from types import NoneType, UnionType
from typing import Any, Generic, TypeVar, Union, get_args, get_origin, get_type_hints

from chalicelib.fleet.errors import TemporarilyUnavailable
from chalicelib.fleet.frozen import dataclass

Body = dict[str, Any]
"""A record as JSON, without what its item holds as attributes of its own."""
Upgrade = Callable[[Body], Body]
"""Makes a body of the next shape from one of the shape before; it changes nothing that it is given."""
T = TypeVar("T")
R = TypeVar("R", bound="Extensible")
_Reader = Callable[[Any], Any]

SHAPE = "v"
"""The field that holds the number of a body's shape; it is 1 where there is none."""
_UNKNOWN = "unknown"
_PLACE = object()
_MOST_UNKNOWN = 1_000
_PLAIN = (str, int, float, bool, NoneType)


class NewerShape(TemporarilyUnavailable):
    """A newer release wrote this in a shape that ours cannot read: that release can."""


@dataclass(frozen=True, slots=True)
class Extensible:
    """What every record is, and every part of one: it keeps what a newer release wrote beside the fields it knows.

    `dataclasses.replace` takes `unknown` along; so a part is changed with `replace`, not made anew from its fields.
    """

    unknown: Mapping[str, Any] | None = field(default=None, kw_only=True, repr=False, hash=False)
    """Fields by name in the order in which they came; those that are known only hold their places."""


@dataclass(frozen=True, slots=True)
class Kind(Generic[T]):
    """How records of one kind are kept: as JSON of `of`, less the fields that are the item's `own` attributes.

    `upgrades` are from shape 1 to 2, from 2 to 3 and so on; the last one leads to the shape that is written.
    """

    of: type[T]
    own: frozenset[str] = frozenset()
    upgrades: tuple[Upgrade, ...] = ()

    @property
    def shape(self) -> int:
        return 1 + len(self.upgrades)

    def dump(self, record: T) -> str:
        """As the text of a document, whose first field is its shape."""
        body = {SHAPE: self.shape, **_record(record, self.own)}
        return json.dumps(body, separators=(",", ":"), ensure_ascii=False)

    def load(self, text: str, **known: Any) -> T:
        """The record; `known` are the fields that the document does not hold. Errors: NewerShape."""
        return self.read(json.loads(text), **known)

    def body(self, record: T) -> Body:
        """As JSON that becomes part of something else; shape 1 is not written there."""
        body = _record(record, self.own)
        return body if self.shape == 1 else {SHAPE: self.shape, **body}

    def read(self, body: Mapping[str, Any], **known: Any) -> T:
        """The record of a body, whatever its shape. Errors: NewerShape."""
        of: Any = self.of
        return _reader(of)(self.upgraded(body), **known)  # type: ignore[no-any-return]

    def upgraded(self, body: Mapping[str, Any]) -> Body:
        """The body in the shape that is written now, without the number. Errors: NewerShape."""
        shape = body.get(SHAPE, 1)
        if shape > self.shape:
            raise NewerShape(f"a newer release wrote this {self.of.__name__} (shape {shape}, ours is {self.shape})")
        return _upgraded(body, self.upgrades)


@dataclass(frozen=True, slots=True)
class Envelope:
    """How messages between our own functions are written: as JSON objects that say their shape.

    They are never written back. So one of a newer shape is read as far as it is known here: what it needs and does not
    have fails where it is read, and whoever brought the message tries again or keeps it.
    """

    upgrades: tuple[Upgrade, ...] = ()

    def seal(self, body: Mapping[str, Any]) -> Body:
        return {SHAPE: 1 + len(self.upgrades), **body}

    def open(self, message: Mapping[str, Any]) -> Body:
        """What it says, in the shape that is written now."""
        return _upgraded(message, self.upgrades)


def _upgraded(body: Mapping[str, Any], upgrades: tuple[Upgrade, ...]) -> Body:
    present = dict(body)
    for upgrade in upgrades[present.pop(SHAPE, 1) - 1 :]:
        present = upgrade(present)
    return present


def in_place_of(known: R | None, new: R) -> R:
    """A part made anew, with what a newer release wrote into the one that it replaces."""
    return replace(new, unknown=known.unknown) if known is not None else new


def is_known(member: StrEnum) -> bool:
    """Whether this release has that value in its enumeration; others came with a record of a newer one."""
    return type(member)._value2member_map_.get(member.value) is member


def encode(value: Any) -> Any:
    """A value as JSON has it: fields at their default are left out, since an item up to 1 KB costs one write unit."""
    if type(value) in _PLAIN:
        return value
    if is_dataclass(value) and not isinstance(value, type):
        return _record(value, frozenset())
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {str(k): encode(v) for k, v in value.items()}
    if isinstance(value, (set, frozenset)):
        return sorted(encode(v) for v in value)
    if isinstance(value, (list, tuple)):
        return [encode(v) for v in value]
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return value


def _record(record: Any, own: frozenset[str]) -> Body:
    of: Any = type(record)
    body = {
        name: encode(value)
        for name, default in _defaults(of)
        if name not in own and (value := getattr(record, name)) != default
    }
    unknown = getattr(record, _UNKNOWN, None)
    return _in_order(body, unknown) if unknown else body


def _in_order(known: Body, unknown: Mapping[str, Any]) -> Body:
    """As it was read, since some are compared by their text; what was not there then comes last."""
    before = {
        name: known[name] if value is _PLACE else value
        for name, value in unknown.items()
        if value is not _PLACE or name in known
    }
    return {**before, **{name: value for name, value in known.items() if name not in before}}


@cache
def _defaults(of: Any) -> tuple[tuple[str, Any], ...]:
    return tuple((each.name, _default(each)) for each in fields(of) if each.name != _UNKNOWN)


def _default(each: "Field[Any]") -> Any:
    return each.default_factory() if each.default_factory is not MISSING else each.default


@cache
def _reader(of: Any) -> Callable[..., Any]:
    """What makes a value of that dataclass from its body."""
    hints = get_type_hints(of)
    readers = {each.name: _value(hints[each.name]) for each in fields(of) if each.name != _UNKNOWN}
    keeps = issubclass(of, Extensible)

    def read(body: Mapping[str, Any], **known: Any) -> Any:
        if not readers.keys() >= body.keys():
            if keeps:
                known[_UNKNOWN] = {k: _PLACE if k in readers else v for k, v in body.items()}
            body = {k: v for k, v in body.items() if k in readers}
        values = {name: value if (reader := readers[name]) is None else reader(value) for name, value in body.items()}
        return of(**values | known)

    return read


def _value(hint: Any) -> _Reader | None:
    """What makes a value of that type from what JSON has for it; None where that is the value itself."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        inner = [a for a in arguments if a is not NoneType]
        reader = _value(inner[0]) if len(inner) == 1 else None
        return None if reader is None else lambda value: None if value is None else reader(value)
    if origin in (tuple, frozenset, list):
        each = _value(arguments[0])
        return origin if each is None else lambda value: origin([each(v) for v in value])
    if origin is not None and issubclass(origin, Mapping):
        of = _value(arguments[1])
        return None if of is None else lambda value: {k: of(v) for k, v in value.items()}
    if not isinstance(hint, type):
        return None
    if is_dataclass(hint):
        return _reader(hint)
    if issubclass(hint, StrEnum):
        return _member(hint)
    return base64.b64decode if hint is bytes else None


def _member(of: type[StrEnum]) -> _Reader:
    members: dict[str, StrEnum] = {member.value: member for member in of}

    def read(value: Any) -> Any:
        if not isinstance(value, str):
            return value
        return members[value] if value in members else _unknown_member(of, value)

    return read


@lru_cache(_MOST_UNKNOWN)
def _unknown_member(of: type[StrEnum], value: str) -> Any:
    """A value that a newer release has in this enumeration: it equals no member of ours, and is written as it was."""
    member = str.__new__(of, value)
    member._name_ = member._value_ = value
    return member
