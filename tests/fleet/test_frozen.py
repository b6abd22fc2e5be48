"""Our frozen dataclasses behave as the standard library's own, side by side."""

import copy
import dataclasses
import math
import pickle
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.fleet import frozen

Decorator = Callable[..., Any]


def _classes(decorate: Decorator) -> dict[str, Any]:
    @decorate(frozen=True, slots=True)
    class Empty:
        pass

    @decorate(frozen=True, slots=True)
    class One:
        """Has a sentence of its own."""

        n: float

    @decorate(frozen=True, slots=True)
    class Base:
        unknown: Any = dataclasses.field(default=None, kw_only=True, repr=False, hash=False)

    @decorate(frozen=True, slots=True)
    class Several(Base):
        a: int
        b: str = "b"
        c: tuple[int, ...] = ()
        d: list[int] = dataclasses.field(default_factory=list)
        silent: Any = dataclasses.field(default=None, repr=False, compare=False)

    @decorate(frozen=True, slots=True, kw_only=True)
    class Named:
        a: int
        derived: int = dataclasses.field(init=False, default=7)
        made: list[int] = dataclasses.field(init=False, default_factory=list)

        def __post_init__(self) -> None:
            if self.a < 0:
                raise ValueError("negative")

    @decorate(frozen=True, slots=True)
    class Own:
        a: int

        def __repr__(self) -> str:
            return "own"

        def __eq__(self, other: object) -> bool:
            return True

        def __hash__(self) -> int:
            return 1

    return {each.__name__: each for each in (Empty, One, Base, Several, Named, Own)}


OURS, STANDARD = _classes(frozen.dataclass), _classes(dataclasses.dataclass)
BOTH = [pytest.param(OURS, id="ours"), pytest.param(STANDARD, id="standard")]


@frozen.dataclass(frozen=True, slots=True)
class Kept:
    """One that `pickle` finds by its name."""

    a: int
    b: list[int]


def _outcome(make: Callable[[], Any]) -> Any:
    try:
        return make()
    except Exception as error:  # noqa: BLE001 - what it was is compared
        return type(error).__name__, str(error)


def _used(use: Callable[[Any], Any], make: Callable[[], Any]) -> Any:
    return use(make())


ARGUMENTS: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = [
    ("Empty", (), {}),
    ("Empty", (1,), {}),
    ("One", (1.5,), {}),
    ("One", (), {}),
    ("One", (math.nan,), {}),
    ("Several", (1,), {}),
    ("Several", (1, "x", (2,), [3], 4), {}),
    ("Several", (1,), {"unknown": {"k": 1}, "d": []}),
    ("Several", (1, "x", (2,), [3], 4, 5), {}),
    ("Several", (), {"b": "x"}),
    ("Several", (1,), {"e": 1}),
    ("Named", (), {"a": 1}),
    ("Named", (1,), {}),
    ("Named", (), {"a": -1}),
    ("Named", (), {"a": 1, "derived": 2}),
    ("Own", (1,), {}),
]


@pytest.mark.parametrize(("name", "places", "names"), ARGUMENTS)
def test_it_is_made_shown_and_taken_apart_as_the_standard_one(
    name: str, places: tuple[Any, ...], names: dict[str, Any]
) -> None:
    made = [partial(of[name], *places, **names) for of in (OURS, STANDARD)]
    for use in (repr, dataclasses.asdict):
        told = [str(_outcome(partial(_used, use, make))).replace("._classes.<locals>", "") for make in made]
        assert told[0] == told[1]


_SEVERAL = st.tuples(
    st.integers(0, 1), st.sampled_from("ab"), st.tuples(st.integers(0, 1)), st.just(()), st.integers(0, 1)
)


@given(_SEVERAL, _SEVERAL, st.integers(0, 1), st.integers(0, 1))
def test_it_is_equal_and_hashed_as_the_standard_one(one: Any, other: Any, kept: int, others: int) -> None:
    outcomes = []
    for of in (OURS, STANDARD):
        left, right = of["Several"](*one, unknown=kept), of["Several"](*other, unknown=others)
        outcomes.append((left == right, left != right, hash(left) == hash(right), len({left, right})))
    assert outcomes[0] == outcomes[1]


@pytest.mark.parametrize("of", BOTH)
def test_only_what_is_of_one_class_is_equal(of: dict[str, Any]) -> None:
    assert of["Empty"]() == of["Empty"]()
    assert of["Base"]() != of["Empty"]()
    assert of["One"](1) != 1
    assert of["One"](1).__eq__(1) is NotImplemented


@pytest.mark.parametrize("of", BOTH)
def test_nothing_of_it_changes(of: dict[str, Any]) -> None:
    one = of["Several"](1)
    with pytest.raises(dataclasses.FrozenInstanceError, match="cannot assign to field 'a'"):
        one.a = 2
    with pytest.raises(dataclasses.FrozenInstanceError, match="cannot delete field 'a'"):
        del one.a
    with pytest.raises((dataclasses.FrozenInstanceError, AttributeError, TypeError)):
        one.other = 2
    assert not hasattr(one, "__dict__")
    assert one.a == 1


@pytest.mark.parametrize("of", BOTH)
def test_a_changed_copy_is_another(of: dict[str, Any]) -> None:
    one = of["Several"](1, unknown={"k": 1})
    other = dataclasses.replace(one, a=2)
    assert (other.a, other.unknown, one.a) == (2, {"k": 1}, 1)
    assert copy.copy(one) == one
    deep = copy.deepcopy(one)
    assert deep == one
    assert deep.d is not one.d


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_it_is_pickled(protocol: int) -> None:
    again = pickle.loads(pickle.dumps(Kept(1, [2]), protocol))  # noqa: S301 - ours
    assert again == Kept(1, [2])


@pytest.mark.parametrize("of", BOTH)
def test_each_one_has_what_its_factory_makes_for_itself(of: dict[str, Any]) -> None:
    assert of["Several"](1).d is not of["Several"](1).d
    assert of["Named"](a=1).made is not of["Named"](a=1).made


def test_one_that_holds_itself_is_shown() -> None:
    shown = []
    for of in (OURS, STANDARD):
        inner: list[Any] = []
        one = of["Several"](1, d=inner)
        inner.append(one)
        shown.append(repr(one).replace("_classes.<locals>.", ""))
    assert shown[0] == shown[1]


@pytest.mark.parametrize("options", [{"frozen": False, "slots": True}, {"frozen": True, "slots": False}])
def test_what_it_cannot_make_is_refused(options: dict[str, bool]) -> None:
    decorate: Decorator = frozen.dataclass
    with pytest.raises(TypeError):
        decorate(**options)


def test_a_sentence_stays() -> None:
    assert OURS["One"].__doc__ == "Has a sentence of its own."
    assert OURS["Several"].__match_args__ == STANDARD["Several"].__match_args__
