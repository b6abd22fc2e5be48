import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.fleet import ids
from chalicelib.fleet.access import secrets
from tests import long_secrets

IDENTIFIER = ids.timed_id(1_800_000_000_000, b"1234567")
MOMENTS = st.integers(0, (1 << 44) - 1)
CHANCE = st.binary(min_size=7, max_size=16)


@given(MOMENTS, MOMENTS, CHANCE, CHANCE)
def test_ids_sort_by_time(first: int, second: int, one: bytes, other: bytes) -> None:
    if first < second:
        assert ids.timed_id(first, one) < ids.timed_id(second, other)


@given(MOMENTS, CHANCE)
def test_an_id_tells_its_moment(at: int, chance: bytes) -> None:
    identifier = ids.timed_id(at, chance)
    assert ids.is_id(identifier)
    assert ids.moment(identifier) == at
    assert ids.first_id(at) <= identifier


def test_the_same_event_has_the_same_id() -> None:
    assert ids.repeatable_id(5, "event") == ids.repeatable_id(5, "event")
    assert ids.repeatable_id(5, "event") != ids.repeatable_id(5, "other")


@pytest.mark.parametrize("text", ["", "x" * 24, "0" * 23, "A" * 24, "0" * 25])
def test_what_is_no_id_is_told(text: str) -> None:
    assert not ids.is_id(text)


@given(st.text())
def test_a_correlation_id_is_a_positive_int32(text: str) -> None:
    assert 0 < ids.correlation(text) < 1 << 31


@given(st.binary(min_size=13, max_size=32))
def test_a_new_secret_is_32_lower_case_hexadecimal_digits(chance: bytes) -> None:
    secret = secrets.mint(chance)
    assert re.fullmatch("[0-9a-f]{32}", secret)
    assert secrets.is_minted(secret)
    assert secrets.parse(secret) is None


@given(st.binary(min_size=13, max_size=13), st.binary(min_size=13, max_size=13))
def test_chance_is_all_in_the_secret(one: bytes, other: bytes) -> None:
    assert (secrets.mint(one) == secrets.mint(other)) is (one == other)


@given(st.integers(0, 31), st.sampled_from("0123456789abcdefg"))
def test_a_new_secret_with_a_wrong_character_is_junk(position: int, wrong: str) -> None:
    text = secrets.mint(bytes(13))
    changed = text[:position] + wrong + text[position + 1 :]
    assert secrets.is_minted(changed) is (changed == text)


@given(st.text() | st.text("0123456789abcdef", min_size=32, max_size=32))
def test_junk_is_no_secret(text: str) -> None:
    assert secrets.parse(text) is None
    assert not secrets.is_minted(text)


@given(st.binary(min_size=32, max_size=32))
def test_a_secret_of_the_long_form_carries_its_tenant_and_id(chance: bytes) -> None:
    text = long_secrets.made("tenant", IDENTIFIER, chance)
    assert secrets.parse(text) == secrets.Secret("tenant", IDENTIFIER, text)
    assert (len(text), text.isalnum()) == (79, True)


@given(st.integers(0, 78))
def test_a_long_secret_with_a_wrong_character_is_junk(position: int) -> None:
    text = long_secrets.made("tenant", IDENTIFIER, bytes(32))
    wrong = "x" if text[position] != "x" else "y"
    assert secrets.parse(text[:position] + wrong + text[position + 1 :]) is None


def test_a_digest_matches_its_secret_and_salt_only() -> None:
    digest = secrets.digest("secret", b"salt")
    assert secrets.matches("secret", b"salt", digest)
    assert not secrets.matches("Secret", b"salt", digest)
    assert not secrets.matches("secret", b"pepper", digest)
