"""How the README's tables follow from markers; that they do is among the floors."""

from pathlib import Path

import pytest

from tests import rows

TABLE = """
| row | what | state | proof |
|---|---|---|---|
| A1 | this | works; some of it | [old](tests/test_old.py) |
| A2 | that | works | none yet |
| B1-B3 | more | not yet | none yet |
"""


def test_a_row_without_a_test_does_not_work_and_one_with_a_test_keeps_what_people_say() -> None:
    proven = {"A1": [rows.ROOT / "tests/test_rows.py"], "B2": [rows.ROOT / "tests/lwm2m/test_on_the_wire.py"]}
    lines = rows.written(TABLE, proven).splitlines()
    assert lines[3:] == [
        "| A1 | this | works; some of it | [rows](tests/test_rows.py) |",
        "| A2 | that | not yet | none yet |",
        "| B1-B3 | more | works | [on the wire](tests/lwm2m/test_on_the_wire.py) |",
    ]


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ('@pytest.mark.row("A1", "C2")\ndef test_x(): ...', ["A1", "C2"]),
        ('pytestmark = [pytest.mark.conformance, pytest.mark.row("J3")]', ["J3"]),
        ('ROW = "A1"\n@pytest.mark.slow("A2")\ndef test_x(): ...', []),
    ],
)
def test_markers_are_found_wherever_they_stand(tmp_path: Path, source: str, found: list[str]) -> None:
    (tmp_path / "test_some.py").write_text(source)
    (tmp_path / "other.py").write_text('@pytest.mark.row("Z9")\ndef test_x(): ...')
    assert list(rows.proofs(tmp_path)) == found
