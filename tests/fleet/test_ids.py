"""Numbers that stand for ids, ids that name a message, and names of devices."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.fleet import ids
from tests.fakes import START


@settings(max_examples=200)
@given(st.integers(1_577_836_800_001, 3_700_000_000_000), st.binary(min_size=2, max_size=2))
def test_a_number_and_its_id_stand_for_each_other(at: int, chance: bytes) -> None:
    number = ids.number(at, chance)
    assert ids.is_number(number)
    assert ids.number_moment(number) == at
    assert ids.as_number(ids.of_number(number)) == number
    assert ids.moment(ids.of_number(number)) == at
    message = ids.ordered_id(at, at + 5, "seed", 7)
    assert ids.numbered_message(ids.message_number(number, message)) == (number, message)
    assert len(ids.message_number(number, message)) == 55
    later = ids.number(at + 1, b"\0\0")
    assert int(number) < int(later)
    assert ids.sortable(number) < ids.sortable(later)


@pytest.mark.parametrize("text", ["", "0", "01", "-1", "9007199254740992", "1" * 17, "1.0", "٣"])
def test_what_is_no_number_is_none(text: str) -> None:
    assert not ids.is_number(text)


@pytest.mark.parametrize("text", ["", "1" * 54, "0" * 55, "9" * 55, "1" * 54 + "x", "٣" * 55])
def test_what_names_no_message_does_not(text: str) -> None:
    assert ids.numbered_message(text) is None


def test_an_id_that_is_no_number_has_none() -> None:
    assert ids.as_number(ids.timed_id(START, b"\xff" * 7)) is None
    assert ids.as_number("0" * 24) is None
    assert ids.as_number("x") is None


@pytest.mark.parametrize(
    ("device_id", "names"),
    [
        ("urn:lo:nsid:a:b:c", ("a", "b:c")),
        ("urn:lo:nsid:a:", None),
        ("urn:lo:nsid::b", None),
        ("a:b", None),
        ("urn:lo:nsid:a:b.c", None),
        ("urn:lo:nsid:a:b\n", None),
    ],
)
def test_a_devices_id_names_its_namespace(device_id: str, names: tuple[str, str] | None) -> None:
    assert ids.device_name(device_id) == names
    if names:
        assert ids.device_id(*names) == device_id
