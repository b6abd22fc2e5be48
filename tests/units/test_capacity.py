"""DynamoDB's rules of what a read and a write cost, by the examples of its developer guide."""

import pytest

from bench.units.capacity import index_units, item_size, read_units, write_units

INDEX = {
    "KeySchema": [{"AttributeName": "shard", "KeyType": "HASH"}, {"AttributeName": "at", "KeyType": "RANGE"}],
    "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["device"]},
}
WAITING = {"pk": {"S": "a"}, "shard": {"N": "1"}, "at": {"N": "5"}, "device": {"S": "d"}, "doc": {"S": "old"}}
DONE = {"pk": {"S": "a"}, "device": {"S": "d"}, "doc": {"S": "new"}}


def sized(size: int) -> dict[str, dict[str, str]]:
    return {"pk": {"S": "x" * (size - 2)}}


def test_names_count_as_much_as_values() -> None:
    assert item_size({"pk": {"S": "abc"}, "flag": {"BOOL": True}}) == 2 + 3 + 4 + 1


@pytest.mark.parametrize(("number", "size"), [("0", 1), ("7", 2), ("-7", 3), ("1234", 3), ("100000", 2)])
def test_a_number_takes_a_byte_for_two_digits_and_one_more(number: str, size: int) -> None:
    assert item_size({"n": {"N": number}}) == 1 + size


@pytest.mark.parametrize(("size", "units"), [(3, 1), (1024, 1), (1025, 2), (3500, 4)])
def test_a_write_takes_a_unit_for_every_kilobyte_begun(size: int, units: int) -> None:
    assert write_units(None, sized(size)) == units


def test_a_write_is_as_big_as_what_it_replaces() -> None:
    assert write_units(sized(3000), sized(10)) == 3
    assert write_units(sized(3000), None) == 3


@pytest.mark.parametrize(("size", "consistent", "units"), [(4096, True, 1), (4096, False, 0.5), (4097, False, 1)])
def test_a_read_takes_a_unit_for_every_four_kilobytes_and_half_if_it_may_be_old(
    size: int, *, consistent: bool, units: float
) -> None:
    assert read_units([sized(size)], consistent=consistent) == units


def test_a_query_adds_its_items_up_before_it_rounds() -> None:
    assert read_units([sized(1000)] * 4, consistent=True) == 1


def test_finding_nothing_costs_a_read() -> None:
    assert read_units([], consistent=True) == 1


def test_entering_an_index_costs_a_write_and_leaving_it_another() -> None:
    assert index_units(INDEX, ["pk"], None, WAITING) == 1
    assert index_units(INDEX, ["pk"], WAITING, DONE) == 1


def test_moving_within_an_index_costs_two_writes() -> None:
    assert index_units(INDEX, ["pk"], WAITING, {**WAITING, "at": {"N": "6"}}) == 2


def test_what_an_index_does_not_hold_costs_it_nothing() -> None:
    assert index_units(INDEX, ["pk"], WAITING, {**WAITING, "doc": {"S": "other"}}) == 0
    assert index_units(INDEX, ["pk"], DONE, {**DONE, "doc": {"S": "other"}}) == 0
