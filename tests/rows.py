"""The tables of the README: which tests prove a row, by the marker `row`, and what follows from that for its state.

`make rows` writes it down; `tests/test_floors.py` says where the README differs.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
MISSING, WORKS = "not yet", "works"
_ROW = re.compile(r"^\| ([A-Z]\d+)(?:-([A-Z]\d+))? \| (.*) \| (.*) \| (.*) \|$", re.MULTILINE)


def marked(source: str) -> Iterator[str]:
    """The ids of the rows that a module's tests prove."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and _is_marker(node.func):
            yield from (str(ast.literal_eval(argument)) for argument in node.args)


def _is_marker(func: ast.expr) -> bool:
    """Whether it says `pytest.mark.row`."""
    mark = func.value if isinstance(func, ast.Attribute) and func.attr == "row" else None
    return (
        isinstance(mark, ast.Attribute | ast.Name) and (mark.id if isinstance(mark, ast.Name) else mark.attr) == "mark"
    )


def proofs(folder: Path = ROOT / "tests") -> dict[str, list[Path]]:
    """The files with tests of a row, by its id."""
    found: dict[str, list[Path]] = {}
    for path in sorted(folder.rglob("test_*.py")):
        source = path.read_text(encoding="utf-8")
        for row in dict.fromkeys(marked(source)) if "mark.row" in source else ():
            found.setdefault(row, []).append(path)
    return found


def ids(first: str, last: str | None) -> list[str]:
    """Of `G3`, or of `G3-G5`."""
    numbers = range(int(first[1:]), int((last or first)[1:]) + 1)
    return [f"{first[0]}{number}" for number in numbers]


def named(text: str) -> set[str]:
    """The ids of all rows of these tables."""
    return {row for first, last, *_ in _ROW.findall(text) for row in ids(first, last or None)}


def written(text: str, proven: dict[str, list[Path]]) -> str:
    """The same text with states and proofs as they are: what is missing of a row that has a test, people say."""

    def line(row: re.Match[str]) -> str:
        files = dict.fromkeys(file for each in ids(row[1], row[2]) for file in proven.get(each, ()))
        state = MISSING if not files else WORKS if row[4] == MISSING else row[4]
        links = ", ".join(_link(file) for file in files)
        name = f"{row[1]}-{row[2]}" if row[2] else row[1]
        return f"| {name} | {row[3]} | {state} | {links or 'none yet'} |"

    return _ROW.sub(line, text)


def _link(file: Path) -> str:
    return f"[{file.stem.removeprefix('test_').replace('_', ' ')}]({file.relative_to(ROOT).as_posix()})"


if __name__ == "__main__":
    README.write_text(written(README.read_text(encoding="utf-8"), proofs()), encoding="utf-8")
