"""Names of objects and resources as messages have them (manual 7.8.11.2)."""

import re
from collections.abc import Mapping
from functools import lru_cache

from chalicelib.fleet.twin.definitions import ObjectDefinition

_WORDS = re.compile(r"[A-Za-z0-9]+")


def camel_case(name: str) -> str:
    """`UTC Offset` is utcOffset, `PkgName` pkgName: a word in capitals counts as a plain one, inner capitals stay."""
    words = [word.capitalize() if word.isupper() else word[:1].upper() + word[1:] for word in _WORDS.findall(name)]
    joined = "".join(words)
    return joined[:1].lower() + joined[1:]


def object_name(definition: ObjectDefinition | None, number: int) -> str:
    return (camel_case(definition.name) if definition else "") or str(number)


def resource_name(definition: ObjectDefinition | None, number: int) -> str:
    """Names that two resources of an object have are told apart by their numbers."""
    if definition is None or number not in definition.resources:
        return str(number)
    names = tuple(sorted((each.id, each.name) for each in definition.resources.values()))
    return _named(names)[number]


@lru_cache(maxsize=512)
def _named(resources: tuple[tuple[int, str], ...]) -> Mapping[int, str]:
    plain = {number: camel_case(name) or str(number) for number, name in resources}
    every = list(plain.values())
    return {number: name if every.count(name) == 1 else f"{name}_{number}" for number, name in plain.items()}
