"""What every kind of record keeps of what an older release wrote, and of what a newer one did."""

import json
from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.fleet.shapes import SHAPE, Extensible, Kind, NewerShape
from tests.shapes import AFTER, BEFORE, RECORDED, defaults, kinds, newer, parts, sample, unknown_in

KINDS = kinds()
EVERY = pytest.mark.parametrize("name", KINDS)
HOW = "run `make shapes` and look at what it changed: docs/records.md says what a release may change"


def recorded(name: str) -> dict[str, Any]:
    path = RECORDED / f"{name}.json"
    assert path.exists(), f"{name} is a new kind of record; {HOW}"
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def known_of(kind: Kind[Any]) -> dict[str, Any]:
    """What the item of a sample holds beside its document."""
    return {name: getattr(sample(kind.of), name) for name in kind.own}


def loaded(kind: Kind[Any], text: str) -> Any:
    return kind.load(text, **known_of(kind))


def dumped(body: dict[str, Any]) -> str:
    return json.dumps(body, separators=(",", ":"), ensure_ascii=False)


def test_every_recorded_kind_is_one_still() -> None:
    assert {path.stem for path in RECORDED.glob("*.json")} == set(KINDS)


@EVERY
def test_every_part_of_it_keeps_what_it_does_not_know(name: str) -> None:
    closed = {"_States"}
    assert {each.__name__ for each in parts(KINDS[name].of) if not issubclass(each, Extensible)} <= closed


@EVERY
def test_what_it_looks_like_now_is_recorded(name: str) -> None:
    kind = KINDS[name]
    assert recorded(name)["documents"][-1] == kind.dump(sample(kind.of)), HOW


@EVERY
def test_what_a_document_leaves_out_means_what_it_meant(name: str) -> None:
    assert recorded(name)["defaults"] == defaults(KINDS[name].of), HOW


@EVERY
def test_every_document_that_was_ever_written_is_understood_whole(name: str) -> None:
    kind = KINDS[name]
    for text in recorded(name)["documents"]:
        record = loaded(kind, text)
        assert not unknown_in(record), f"a field was removed or renamed within one shape: {text}"
        if json.loads(text)[SHAPE] == kind.shape:
            assert kind.dump(record) == text
        else:
            assert json.loads(kind.dump(record))[SHAPE] == kind.shape


@EVERY
def test_a_shape_in_between_has_a_document_of_its_own(name: str) -> None:
    written = {json.loads(text)[SHAPE] for text in recorded(name)["documents"]}
    assert written == set(range(1, KINDS[name].shape + 1)), "each shape that was ever written is a literal document"


@EVERY
def test_an_upgrade_changes_nothing_that_it_is_given(name: str) -> None:
    for text in recorded(name)["documents"]:
        body = json.loads(text)
        KINDS[name].upgraded(body)
        assert body == json.loads(text)


@EVERY
def test_what_a_newer_release_wrote_comes_back_byte_for_byte(name: str) -> None:
    kind = KINDS[name]
    text = dumped(newer(kind, json.loads(kind.dump(sample(kind.of)))))
    assert text.count(BEFORE) == text.count(AFTER) >= 1
    record = loaded(kind, text)
    assert kind.dump(record) == text
    assert kind.dump(kind.load(kind.dump(record), **known_of(kind))) == text


@EVERY
def test_a_change_of_one_field_changes_that_alone(name: str) -> None:
    kind = KINDS[name]
    body = newer(kind, json.loads(kind.dump(sample(kind.of))))
    record = loaded(kind, dumped(body))
    before, beside = sample(kind.of), kind.own | {"unknown"}
    for each in (one.name for one in fields(kind.of) if one.name not in beside):
        fresh = getattr(before, each)
        plain = json.loads(kind.dump(before))[each]
        assert kind.dump(replace(record, **{each: fresh})) == dumped({**body, each: plain})


@EVERY
def test_a_newer_shape_is_refused_by_name(name: str) -> None:
    kind = KINDS[name]
    body = json.loads(kind.dump(sample(kind.of))) | {SHAPE: kind.shape + 1}
    with pytest.raises(NewerShape, match=f"shape {kind.shape + 1}, ours is {kind.shape}"):
        loaded(kind, dumped(body))


@pytest.mark.parametrize("name", ["store.claims.CLAIM", "store.policies.STATES"])
def test_what_is_compared_by_its_text_has_one_shape(name: str) -> None:
    """What is upgraded as it is read would never be the text that is stored: give it a revision first."""
    assert KINDS[name].shape == 1


NAMES = st.text(min_size=1, max_size=8).filter(lambda name: name != SHAPE)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(st.sampled_from(sorted(KINDS)), st.dictionaries(NAMES, JSON, max_size=4), st.randoms(use_true_random=False))
def test_any_field_anywhere_among_the_others_comes_back(name: str, more: dict[str, Any], chance: Any) -> None:
    kind = KINDS[name]
    body = json.loads(kind.dump(sample(kind.of)))
    shape = body.pop(SHAPE)
    fresh = {field: value for field, value in more.items() if field not in {each.name for each in fields(kind.of)}}
    mixed = [*body.items(), *fresh.items()]
    chance.shuffle(mixed)
    text = dumped({SHAPE: shape, **dict(mixed)})
    record = loaded(kind, text)
    # Without anything unknown fields have one order: nothing is held for it.
    assert kind.dump(record) == text if fresh else json.loads(kind.dump(record)) == json.loads(text)
