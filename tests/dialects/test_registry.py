"""How a dialect is added (docs/architecture.md), walked for each that is there."""

from importlib.util import find_spec
from pathlib import Path

import pytest

from bench.units.dialects import counted
from chalicelib.dialects import registry
from chalicelib.dialects.dialect import OVER_MQTT, Part
from chalicelib.wiring import site
from infra import uses
from infra.local import credentials
from tests.dialects.walked import Inhabitant, inhabitant
from tests.fakes import MemoryPorts

ROOT = Path(__file__).parents[2]
DIALECTS = ROOT / "chalicelib" / "dialects"
README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("dialect", registry.NAMES)
def test_a_dialect_has_the_parts_that_it_says_and_no_other(dialect: str) -> None:
    there = {part for part in Part if find_spec(f"chalicelib.dialects.{dialect}.{part}")}
    assert there == registry.described(dialect).parts


@pytest.mark.parametrize("dialect", registry.NAMES)
def test_a_dialect_speaks_mqtt_with_all_that_it_takes_or_not_at_all(dialect: str) -> None:
    assert registry.described(dialect).parts & OVER_MQTT in (OVER_MQTT, frozenset())


def test_whoever_needs_topics_asks_those_that_have_some() -> None:
    assert set(registry.having(Part.TOPICS)) == {d for d in registry.NAMES if (DIALECTS / d / "topics.py").exists()}
    with pytest.raises(ValueError, match="has no events"):
        registry.events("ibm")


@pytest.mark.parametrize("dialect", registry.having(Part.REST))
def test_the_prefixes_of_a_dialect_are_those_of_its_apis_and_hold_all_routes(dialect: str) -> None:
    apis = registry.rest(dialect).APIS
    assert {prefix for api in apis for prefix in api.prefixes} == set(registry.described(dialect).prefixes)
    for api in apis:
        assert api.name == dialect
        assert [r.path for r in api.routes if not any(f"{r.path}/".startswith(f"{p}/") for p in api.prefixes)] == []


def test_prefixes_are_no_two_dialects() -> None:
    prefixes = site.prefixes()
    assert len(prefixes) == len(set(prefixes))
    # API Gateway keeps these for itself on a host name of one's own (developer guide, "Important notes").
    assert not {"ping", "sping"} & {prefix.split("/")[1] for prefix in prefixes}


@pytest.mark.parametrize("dialect", registry.having(Part.REST))
def test_a_dialect_has_inhabitants_of_every_mode_for_the_walks(dialect: str) -> None:
    made: Inhabitant = inhabitant(dialect, MemoryPorts(), "acme")
    modes = (
        {topic.mode for topic in registry.topics(dialect).TOPICS} if registry.having(Part.TOPICS, [dialect]) else set()
    )
    assert made.logins.keys() == modes
    assert all(made.secrets)


@pytest.mark.parametrize("dialect", registry.NAMES)
def test_a_dialect_is_described(dialect: str) -> None:
    assert (ROOT / "docs" / f"{dialect.replace('_', '-')}.md").exists()
    assert f"(docs/{dialect.replace('_', '-')}.md)" in README


def test_what_is_there_beside_the_dialects_is_of_one_that_is_registered() -> None:
    known = {*registry.NAMES, "__init__"}
    assert {path.stem for path in Path(credentials.__file__).parent.glob("*.py")} <= known
    assert {path.stem for path in Path(uses.__file__).parent.glob("*.py")} <= {*known, "actions", "core"}
    expected = ROOT / "tests" / "units" / "expected"
    assert {path.stem for path in expected.glob("*.py")} == {*counted(), "__init__"}


def test_a_stage_speaks_what_its_setting_names(monkeypatch: pytest.MonkeyPatch) -> None:
    for text, chosen in (("", registry.NAMES), (" ibm ,", ("ibm",)), ("ibm,live_objects", ("live_objects", "ibm"))):
        monkeypatch.setenv(registry.SETTING, text)
        assert registry.enabled() == chosen
    monkeypatch.setenv(registry.SETTING, "ibm,klingon")
    with pytest.raises(ValueError, match="no dialect klingon"):
        registry.enabled()
