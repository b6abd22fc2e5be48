"""What devices list of themselves, as they really write it."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.dialects.lwm2m.entries import FormatError
from chalicelib.dialects.lwm2m.link_format import Link, parse


@pytest.mark.parametrize(
    ("payload", "links"),
    [
        ("", []),
        ("  ", []),
        (
            '</>;rt="oma.lwm2m";ct="60 110 112",</1/0>,</3/0>,</5>',
            [("/", {"rt": "oma.lwm2m", "ct": "60 110 112"}), ("/1/0", {}), ("/3/0", {}), ("/5", {})],
        ),
        ("</>;rt=oma.lwm2m;ct=11543, </3303>;ver=1.1 , </3303/0>", None),
        ('</lwm2m>;rt="oma.lwm2m",</lwm2m/1/0>', None),
        ('</0/1>;ssid=101;uri="coaps://a,b;c"', [("/0/1", {"ssid": "101", "uri": "coaps://a,b;c"})]),
        (
            '</3/0/6>;dim=2;pmin=10,</3>;obs;title="a \\"b\\""',
            [("/3/0/6", {"dim": "2", "pmin": "10"}), ("/3", {"obs": "", "title": 'a "b"'})],
        ),
        ("</3>;ct=1;ct=2", [("/3", {"ct": "1"})]),
        ("</3/0>,", [("/3/0", {})]),
    ],
)
def test_links_are_read(payload: str, links: list[tuple[str, dict[str, str]]] | None) -> None:
    got = parse(payload.encode())
    assert links is None or got == [Link(*each) for each in links]
    assert got or not payload.strip()


@pytest.mark.parametrize(
    "payload", [b"/3/0", b"<", b"</3> </4>", b"</3>;", b"</3>;=x", b"\xff", b'</3>;a="b', b"</3>x", b",</3>"]
)
def test_what_is_no_list_of_links_says_so(payload: bytes) -> None:
    with pytest.raises(FormatError):
        parse(payload)


@given(st.text(alphabet='<>/;,="\\ abc3', max_size=60))
def test_whatever_arrives_is_links_or_a_format_error(text: str) -> None:
    with contextlib.suppress(FormatError):
        assert all("<" not in link.target for link in parse(text.encode()))


def test_a_long_list_takes_its_length() -> None:
    assert len(parse(b",".join(b"</3303/%d>" % number for number in range(2000)))) == 2000
    for hostile in (b"</3>" + b";a" * 8000, b"</3>;a=" + b'"' * 8001, b"<" * 16_000, b'</3>;a="' + b"\\\\" * 8000):
        with contextlib.suppress(FormatError):
            parse(hostile)
