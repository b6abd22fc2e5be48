"""`docs/records.md` as lists that are walked: what they name is there, and every table has gone through them."""

import importlib
import inspect
import pkgutil
import re
from pathlib import Path

import pytest

import chalicelib.store
from chalicelib.store.tables import Table, all_models
from tests.shapes import kinds

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs/records.md").read_text()
WITHOUT_A_DOCUMENT = {
    "ExternalIdItem": "an entry of an index",
    "FacetItem": "an entry of an index",
    "HolderItem": "an entry of an index",
    "LinkItem": "a hint, given anew",
    "LinkToFileItem": "attributes; written once",
    "LoginItem": "an entry of an index",
    "OwnerItem": "an entry of an index",
    "QueueItem": "attributes, each updated by itself: others are left alone",
    "QueuedItem": "attributes; written once",
    "SignpostItem": "an entry of an index; written once",
    "SeatItem": "attributes; who has it and since when it is free",
    "StreamItem": "counters",
    "UsageItem": "counters",
}


def stores() -> list[str]:
    return [f"chalicelib.store.{each.name}" for each in pkgutil.iter_modules(chalicelib.store.__path__)]


def models() -> dict[str, type[Table]]:
    found = {}
    for name in stores():
        for each in vars(importlib.import_module(name)).values():
            if inspect.isclass(each) and issubclass(each, Table) and each is not Table:
                found[each.__name__] = each
    return found


def test_what_the_page_names_is_there() -> None:
    named = set(re.findall(r"`((?:chalicelib|tests|infra|docs)/[\w./]+)`", TEXT))
    assert len(named) >= 8
    assert [path for path in named if not (ROOT / path).exists()] == []
    targets = set(re.findall(r"`make (\w+)`", TEXT))
    assert all(f"\n{target}:" in (ROOT / "Makefile").read_text() for target in targets)


@pytest.mark.parametrize("name", sorted(models()))
def test_the_table_of_a_model_is_among_all_models(name: str) -> None:
    """Two kinds of items may share a table."""
    assert models()[name].Meta.table_name in {model.Meta.table_name for model in all_models()}


@pytest.mark.parametrize("name", sorted(models()))
def test_a_document_of_a_table_has_a_kind(name: str) -> None:
    model = models()[name]
    documents = {each for each in model.get_attributes() if each in {"doc", "states"}}
    assert bool(documents) != (name in WITHOUT_A_DOCUMENT), "say in which module its Kind is, or why it has none"
    module = model.__module__.removeprefix("chalicelib.")
    assert not documents or any(kind.startswith(f"{module}.") for kind in kinds())
