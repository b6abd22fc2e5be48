"""Log lines: what clients call themselves begins no line of its own."""

import logging

import pytest

from infra.local.log_lines import OneLine


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("urn:lo:nsid:fu\nERROR forged", "urn:lo:nsid:fu\\nERROR forged"),
        ("a\r\x1b[2J", "a\\r\\x1b[2J"),
        ("a\x85\u2028b", "a\\x85\\u2028b"),
        ("é plain", "é plain"),
    ],
)
def test_control_characters_are_spelt_out(name: str, shown: str) -> None:
    record = logging.LogRecord("x", logging.INFO, "f", 1, "an event of %s", (name,), None)
    assert OneLine("%(levelname)s %(message)s").format(record) == f"INFO an event of {shown}"


def test_a_trace_keeps_its_lines() -> None:
    with pytest.raises(ValueError, match="wrong") as caught:
        int("wrong")
    told = (caught.type, caught.value, caught.tb)
    record = logging.LogRecord("x", logging.ERROR, "f", 1, "so", (), told)
    assert OneLine("%(message)s").format(record).startswith("so\nTraceback")
