"""Forms with files, as clients write them (RFC 7578)."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.fleet.errors import Invalid
from chalicelib.web import forms
from chalicelib.web.forms import Part

BOUNDARY = "--7971d6ae"


def form(*parts: tuple[str, bytes], boundary: str = BOUNDARY, lines: bytes = b"\r\n") -> bytes:
    head = b"--" + boundary.encode()
    body = [head + lines + fields.encode() + lines * 2 + content + lines for fields, content in parts]
    return b"".join(body) + head + b"--" + lines


FILE = 'Content-Disposition: form-data; name="file"; filename="a \\"b\\".bin"\r\nContent-Type: image/png'
OBJECT = 'Content-Disposition: form-data; name="object"'


@settings(deadline=None, max_examples=50)
@given(st.binary(max_size=200))
def test_a_file_is_what_it_was(content: bytes) -> None:
    boundary = "x" * 40
    found = forms.read(f"{forms.KIND}; boundary={boundary}", form((FILE, content), (OBJECT, b"{}"), boundary=boundary))
    assert found == {"file": Part(content, 'a "b".bin', "image/png"), "object": Part(b"{}")}


@pytest.mark.parametrize(
    "content_type",
    [
        forms.KIND,
        f"{forms.KIND};boundary={BOUNDARY}",
        f'Multipart/Form-Data; charset=utf-8; boundary="{BOUNDARY}"',
    ],
)
def test_the_boundary_is_said_or_stands_in_the_first_line(content_type: str) -> None:
    content = b"\r\nhello\n\r\n--7971d6a\r\n"
    assert forms.is_form(content_type)
    assert forms.read(content_type, form((OBJECT, b""), (FILE, content)))["file"].content == content


def test_lines_may_end_as_in_unix() -> None:
    head = 'Content-Disposition: form-data; name="file"\nContent-Type: text/plain'
    found = forms.read(forms.KIND, form((head, b"one\ntwo"), lines=b"\n"))
    assert found == {"file": Part(b"one\ntwo", None, "text/plain")}


@pytest.mark.parametrize(
    ("disposition", "name"),
    [
        ('attachment; filename="a b.txt"', "a b.txt"),
        ("attachment; filename*=UTF-8''%e2%82%ac.txt", "€.txt"),
        ("attachment", None),
        ("attachment; filename*=nowhere''%ff", "\xff"),
        (None, None),
    ],
)
def test_the_name_of_a_file(disposition: str | None, name: str | None) -> None:
    assert forms.filename(disposition) == name


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"hello",
        b"--x",
        b"--x\r\n",
        b"--x\r\n\r\nno name\r\n--x--",
        form((FILE, b"hello"))[:-6],
        form(("Content-Disposition: form-data", b"x")),
        form((FILE + "\r\nX: " + "y" * 9_000, b"x")),
        b"--" + b"x" * 300 + b"\r\n",
        form(*[(OBJECT, b"{}")] * 30),
    ],
)
def test_what_is_no_form_is_refused(raw: bytes) -> None:
    with pytest.raises(Invalid):
        forms.read(forms.KIND, raw)


@settings(deadline=None, max_examples=50)
@given(st.binary(max_size=100), st.text(max_size=60))
def test_whatever_comes_is_read_or_refused(raw: bytes, said: str) -> None:
    for content_type in (said, f"{forms.KIND}; {said}", f"{forms.KIND}; boundary={said}"):
        try:
            forms.read(content_type, b"--" + raw)
        except Invalid:
            continue
