"""Shapes: upgrades in order, what is unknown, and what is written where."""

import json
from collections.abc import Mapping
from dataclasses import field, replace
from enum import StrEnum
from typing import Any

import pytest

from chalicelib.fleet.errors import TemporarilyUnavailable
from chalicelib.fleet.frozen import dataclass
from chalicelib.fleet.shapes import Envelope, Extensible, Kind, NewerShape, in_place_of, is_known


class Colour(StrEnum):
    RED = "red"
    GREEN = "green"


@dataclass(frozen=True, slots=True)
class Wheel(Extensible):
    size: int
    colour: Colour = Colour.RED


@dataclass(frozen=True, slots=True)
class Car(Extensible):
    tenant: str
    wheels: tuple[Wheel, ...] = ()
    colour: Colour | None = None
    spare: Wheel | None = None
    notes: Mapping[str, Wheel] = field(default_factory=dict)


def in_inches(body: dict[str, Any]) -> dict[str, Any]:
    return {**body, "wheels": [{**wheel, "size": wheel["size"] * 10} for wheel in body.get("wheels", ())]}


def without_doors(body: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if name != "doors"}


FIRST = Kind(Car, frozenset({"tenant"}))
THIRD = Kind(Car, frozenset({"tenant"}), (in_inches, without_doors))


def test_fields_at_their_default_and_those_of_the_item_are_left_out() -> None:
    assert FIRST.dump(Car("t", (Wheel(1),))) == '{"v":1,"wheels":[{"size":1}]}'


@pytest.mark.parametrize(
    ("text", "sizes"),
    [
        ('{"v":1,"wheels":[{"size":1}],"doors":4}', [10]),
        ('{"wheels":[{"size":1}],"doors":4}', [10]),
        ('{"v":2,"wheels":[{"size":1}],"doors":4}', [1]),
        ('{"v":3,"wheels":[{"size":1}]}', [1]),
    ],
)
def test_a_document_is_upgraded_from_the_shape_that_it_has(text: str, sizes: list[int]) -> None:
    car = THIRD.load(text, tenant="t")
    assert [wheel.size for wheel in car.wheels] == sizes
    assert car.unknown is None
    assert json.loads(THIRD.dump(car))["v"] == 3


def test_who_finds_a_newer_shape_asks_to_be_tried_again() -> None:
    with pytest.raises(NewerShape) as raised:
        FIRST.load('{"v":2}', tenant="t")
    assert isinstance(raised.value, TemporarilyUnavailable)


def test_a_body_inside_another_tells_its_shape_from_the_second_on() -> None:
    assert FIRST.body(Car("t")) == {}
    assert THIRD.body(Car("t")) == {"v": 3}
    assert THIRD.read({"v": 3}, tenant="t") == Car("t") == THIRD.read({}, tenant="t")


def test_a_document_never_says_whose_it_is() -> None:
    assert FIRST.load('{"v":1,"tenant":"other"}', tenant="mine").tenant == "mine"


def test_an_unknown_value_is_no_known_one_and_is_written_as_it_was() -> None:
    car = FIRST.load('{"v":1,"colour":"blue"}', tenant="t")
    assert isinstance(car.colour, Colour)
    assert car.colour not in tuple(Colour)
    assert (str(car.colour), car.colour.value, car.colour == "blue") == ("blue", "blue", True)
    assert not is_known(car.colour)
    assert is_known(Colour.RED)
    assert FIRST.dump(replace(car, wheels=(Wheel(2),))) == '{"v":1,"wheels":[{"size":2}],"colour":"blue"}'


def test_what_a_client_sends_is_still_held_to_the_enumeration() -> None:
    FIRST.load('{"v":1,"colour":"violet"}', tenant="t")
    with pytest.raises(ValueError, match="violet"):
        Colour("violet")


def test_a_part_in_place_of_another_takes_over_what_is_unknown_in_it() -> None:
    old = FIRST.load('{"v":1,"spare":{"size":1,"profile":8}}', tenant="t").spare
    assert in_place_of(old, Wheel(2, Colour.GREEN)).unknown is not None
    assert in_place_of(None, Wheel(2)) == Wheel(2)


def test_two_that_differ_in_what_is_unknown_are_two() -> None:
    one, other = (FIRST.load(f'{{"v":1,"profile":{n}}}', tenant="t") for n in (1, 2))
    assert one != other


def test_a_message_says_its_shape_and_one_that_does_not_is_of_the_first() -> None:
    envelope = Envelope((in_inches,))
    assert envelope.seal({"wheels": []}) == {"v": 2, "wheels": []}
    assert envelope.open({"wheels": [{"size": 1}]}) == {"wheels": [{"size": 10}]}
    assert envelope.open({"v": 2, "wheels": [{"size": 1}]}) == {"wheels": [{"size": 1}]}


def test_of_a_newer_message_everything_is_handed_on() -> None:
    assert Envelope().open({"v": 9, "tenant": "t", "new": 1}) == {"tenant": "t", "new": 1}
