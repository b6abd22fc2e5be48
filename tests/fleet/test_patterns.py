"""Regular expressions of clients."""

import pytest

from chalicelib.fleet.errors import Invalid
from chalicelib.fleet.patterns import compiled, is_plain


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("temp", "urn:lo:nsid:sensor:temp001"),
        ("^urn:lo:nsid:sensor:", "urn:lo:nsid:sensor:temp001"),
        (r"temp\d+$", "urn:lo:nsid:sensor:temp001"),
        ("[a-z*+]*00[12]", "temp001"),
        ("sensor|meter", "urn:lo:nsid:meter:1"),
        (r"(a\+|b)c", "a+c"),
    ],
)
def test_what_matches_is_found(pattern: str, text: str) -> None:
    assert compiled(pattern, "id").search(text)


@pytest.mark.parametrize(
    "pattern",
    ["(a+)+$", "(a|a)*b", ".*.*.*x", "(?=a)", r"(a)\1", "[", "a{9999999999999}", "a**", "(" * 200, "(a){9}", "*", "\\"],
)
def test_what_could_take_for_ever_or_is_none_is_refused(pattern: str) -> None:
    with pytest.raises(Invalid):
        compiled(pattern, "id")


def test_what_stands_for_itself_is_told_from_what_does_not() -> None:
    assert is_plain("urn:lo:nsid:a-b_c:1")
    assert not is_plain("urn:.*")
