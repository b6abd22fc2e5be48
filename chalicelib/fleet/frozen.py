"""Frozen dataclasses with slots, made in a quarter of the time.

They were a quarter of what a cold function does at its start: the standard library writes six methods for each as text
and compiles them. One has to be its own, `__init__`; the others can be shared, and are here. What comes out is a
dataclass as the standard library's functions know it (`fields`, `replace`, `asdict`), which is equal, hashed, shown,
copied and refused to be changed as one of its own; tests hold both side by side.
"""

import dataclasses
from collections.abc import Callable
from operator import attrgetter
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any

__all__ = ["dataclass"]

_SHARED = ("__init__", "__eq__", "__hash__", "__repr__")
"""Those of which a class may have its own."""
_MADE = object()
"""Stands for a value that its field's factory makes."""


def _dataclass(*, frozen: bool, slots: bool, kw_only: bool = False) -> Callable[[type], type]:
    """As `dataclasses.dataclass` with these options. Errors: TypeError (what is not frozen, or has no slots)."""
    if not (frozen and slots):
        raise TypeError("what may be changed, or has no slots, is a dataclass of the standard library's own")

    def made(cls: type) -> type:
        kept = {name: vars(cls)[name] for name in _SHARED if vars(cls).get(name) is not None}
        if cls.__doc__ is None:
            # Else the standard library would write its signature down, which takes as long as all the rest.
            cls.__doc__ = cls.__name__
        new: Any = dataclasses.dataclass(init=False, repr=False, eq=False, slots=True, kw_only=kw_only)(cls)
        fields = dataclasses.fields(new)
        hashed = [field.name for field in fields if (field.compare if field.hash is None else field.hash)]
        methods = {
            "__init__": _initializer(new, fields),
            "__eq__": _equality(_values([field.name for field in fields if field.compare])),
            "__hash__": _hashing(_values(hashed)),
            "__repr__": _showing([field.name for field in fields if field.repr]),
            "__reduce__": _reduced,
            "__setattr__": _refuse_setting,
            "__delattr__": _refuse_deleting,
        }
        for name, method in (methods | kept).items():
            setattr(new, name, method)
        return new  # type: ignore[no-any-return]

    return made


if TYPE_CHECKING:
    # For a type checker it is the standard one, of which it knows more than of any other.
    from dataclasses import dataclass
else:
    dataclass = _dataclass


def _initializer(cls: type, fields: "tuple[dataclasses.Field[Any], ...]") -> Any:
    known: dict[str, Any] = {"_set": object.__setattr__, "_made": _MADE}
    by_place: list[str] = []
    by_name: list[str] = []
    body: list[str] = []
    for field in fields:
        name = given = value = field.name
        if field.default_factory is not dataclasses.MISSING:
            known[f"_of_{name}"] = field.default_factory
            given = f"{name}=_made"
            value = f"_of_{name}() if {name} is _made else {name}" if field.init else f"_of_{name}()"
        elif field.default is not dataclasses.MISSING:
            known[f"_of_{name}"] = field.default
            given = f"{name}=_of_{name}"
            value = name if field.init else f"_of_{name}"
        elif not field.init:
            continue
        if field.init:
            (by_name if field.kw_only else by_place).append(given)
        body.append(f" _set(self,{name!r},{value})")
    if hasattr(cls, "__post_init__"):
        body.append(" self.__post_init__()")
    arguments = ["self", *by_place, *(["*", *by_name] if by_name else ())]
    exec(f"def __init__({','.join(arguments)}):\n" + "\n".join(body or [" pass"]), known)  # noqa: S102 - of our names
    made = known["__init__"]
    made.__qualname__, made.__module__ = f"{cls.__qualname__}.__init__", cls.__module__
    return made


def _values(names: list[str]) -> Callable[[Any], Any]:
    """What gives the values of these attributes; several as a tuple."""
    return attrgetter(*names) if names else lambda _: ()


def _equality(values: Callable[[Any], Any]) -> Any:
    def equal(self: Any, other: Any) -> Any:
        return values(self) == values(other) if other.__class__ is self.__class__ else NotImplemented

    return equal


def _hashing(values: Callable[[Any], Any]) -> Any:
    def hashed(self: Any) -> int:
        return hash(values(self))

    return hashed


def _showing(names: list[str]) -> Any:
    @recursive_repr()
    def shown(self: Any) -> str:
        each = ", ".join([f"{name}={getattr(self, name)!r}" for name in names])
        return f"{self.__class__.__qualname__}({each})"

    return shown


def _reduced(self: Any) -> Any:
    """For `copy` and `pickle`, which would set attributes one by one."""
    return _again, (self.__class__, tuple(getattr(self, field.name) for field in dataclasses.fields(self)))


def _again(cls: Any, values: tuple[Any, ...]) -> Any:
    made = cls.__new__(cls)
    for field, value in zip(dataclasses.fields(cls), values, strict=True):
        object.__setattr__(made, field.name, value)
    return made


def _refuse_setting(self: Any, name: str, _value: Any) -> None:
    del self
    raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_deleting(self: Any, name: str) -> None:
    del self
    raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")
