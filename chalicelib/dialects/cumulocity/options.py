"""Options of a tenant: texts by category and key (reference, "Options"); few mean something to the platform itself."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from urllib.parse import quote

from chalicelib.dialects.cumulocity import fragments
from chalicelib.fleet.compare_and_set import tries
from chalicelib.fleet.documents import Record
from chalicelib.fleet.errors import Contended, Invalid, LimitReached, NotFound
from chalicelib.fleet.frozen import dataclass
from chalicelib.fleet.ports import Ports

KIND = "cumulocity.option"
MOST = 500
"""Options of a tenant."""
LONGEST_NAME, LONGEST_VALUE = 256, 10_000
SECRET = "credentials."  # noqa: S105 - what keys of secrets begin with
_PAGE = 100
_LONGEST_ID = 1_024
"""Bytes of a key."""


@dataclass(frozen=True, slots=True)
class Option:
    category: str
    key: str
    value: str

    @property
    def secret(self) -> bool:
        """Whether its value is shown to nobody."""
        return self.key.startswith(SECRET)


def get(ports: Ports, tenant: str, category: str, key: str) -> Option:
    """Errors: NotFound."""
    name = _id(category, key)
    # What is longer than a key can be is not even looked for.
    there = bool(category and key) and len(name) <= _LONGEST_ID
    found = ports.records.get(tenant, KIND, name) if there else None
    if found is None:
        raise NotFound(f"there is no option {key[:64]} in the category {category[:64]}")
    return _option(found)


def put(ports: Ports, tenant: str, option: Option) -> Option:
    """Make it, or give it that value. Errors: Invalid, LimitReached."""
    ensure(option)
    wanted = Record(tenant, KIND, _id(option.category, option.key), _body(option))
    for _ in tries(ports):
        present = ports.records.get(tenant, KIND, wanted.id)
        if present is None:
            if ports.records.count(tenant, KIND) >= MOST:
                raise LimitReached(f"a tenant has at most {MOST} options")
            if ports.records.create(wanted):
                return option
        elif ports.records.replace(present, replace(present, body=wanted.body)):
            # Somebody else may write the same option: the later one stays.
            return option
    raise Contended("this option is written by too many at once")


def put_all(ports: Ports, tenant: str, category: str, values: Mapping[str, str]) -> None:
    """Those of one category by key; none where one is wrong, or not all have room. Errors: Invalid, LimitReached."""
    wanted = [Option(category, key, value) for key, value in values.items()]
    for option in wanted:
        ensure(option)
    new = values.keys() - {option.key for option in every(ports, tenant, category)}
    if new and ports.records.count(tenant, KIND) + len(new) > MOST:
        raise LimitReached(f"a tenant has at most {MOST} options")
    for option in wanted:
        put(ports, tenant, option)


def delete(ports: Ports, tenant: str, category: str, key: str) -> None:
    """Errors: NotFound."""
    get(ports, tenant, category, key)
    ports.records.delete(tenant, KIND, _id(category, key))


def every(ports: Ports, tenant: str, category: str | None = None) -> Iterator[Option]:
    """In order of category and key."""
    after: str | None = None
    while True:
        page = ports.records.page(tenant, KIND, after=after, limit=_PAGE)
        for option in map(_option, page.items):
            if category in (None, option.category):
                yield option
        after = page.cursor
        if after is None:
            return


def ensure(option: Option) -> None:
    """Errors: Invalid."""
    for name, text in (("category", option.category), ("key", option.key)):
        if not text or len(text) > LONGEST_NAME:
            raise Invalid(f"{name} is a text of 1 to {LONGEST_NAME} characters", name)
        fragments.ensure_reachable(text, name)
    if len(_id(option.category, option.key)) > _LONGEST_ID:
        raise Invalid("category and key are too long together", "key")
    if len(option.value) > LONGEST_VALUE:
        raise Invalid(f"value has at most {LONGEST_VALUE} characters", "value")


def _body(option: Option) -> dict[str, str]:
    return {"category": option.category, "key": option.key, "value": option.value}


def _option(record: Record) -> Option:
    return Option(record.body["category"], record.body["key"], record.body["value"])


def _id(category: str, key: str) -> str:
    return f"{quote(category, safe='')}/{quote(key, safe='')}"
