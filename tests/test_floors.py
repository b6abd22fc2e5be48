"""The rules that no linter knows: who may import whom, how tests may work, how big a file may grow."""

import ast
import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests import rows

ROOT = Path(__file__).parent.parent
PARTS = ("app.py", "chalicelib", "infra", "tests", "bench")

FLOORS = {
    "infra": 6,
    "app": 5,
    "chalicelib.wiring": 4,
    "chalicelib.triggers": 3,
    "chalicelib.delivery": 3,
    "chalicelib.aws": 3,
    "chalicelib.dialects": 2,
    "chalicelib.console": 2,
    "chalicelib.web": 1,
    "chalicelib.store": 1,
    "chalicelib.fleet": 0,
}
"""How high each part lives: it imports what is on its own floor or below."""

SERVES_PORTS = {"chalicelib.aws", "chalicelib.delivery", "chalicelib.store"}
"""What `wiring` ties to the ports; nobody below it chooses among them."""

FOREIGN_TO_FLEET = {"chalice", "boto3", "botocore", "pynamodb", "moto", "paho", "requests"}
VENDOR_NAMES = re.compile(r"orange|live.?objects|cumulocity|\bibm|xyte", re.IGNORECASE)
VENDOR_WORDS = [
    word for path in (ROOT / "tests" / "vendor_words").glob("*.txt") for word in path.read_text("utf-8").splitlines()
]
"""What only one vendor's API says, as it writes it: whoever reads or writes that stands in its dialect."""
_SAID = re.compile(
    "|".join(rf"(?<![\w-]){re.escape(word)}(?![\w-])" for word in VENDOR_WORDS) + r"|(?<!\w)c8y_\w+|CUDRS\d+E"
)

MAX_LINES = 400


def sources(*parts: str) -> list[Path]:
    found = [p for part in parts for p in ([ROOT / part] if part.endswith(".py") else (ROOT / part).rglob("*.py"))]
    return sorted(found)


def module(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def statements(node: ast.AST) -> Iterator[ast.AST]:
    """All below a node, however deep: without the expressions in them, which are most of a tree."""
    for blocks in ("body", "orelse", "finalbody", "handlers", "cases"):
        for inner in getattr(node, blocks, ()):
            yield inner
            yield from statements(inner)


@cache
def imports(path: Path) -> tuple[str, ...]:
    """Every module that is imported anywhere in a file."""
    return tuple(_imports(path))


def _imports(path: Path) -> Iterator[str]:
    for node in statements(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            package = module(path / "x").split(".")[: -node.level] if node.level else []
            yield from (".".join([*package, *filter(None, [node.module]), alias.name]) for alias in node.names)


def floor(name: str) -> int | None:
    return next((level for part, level in FLOORS.items() if name == part or name.startswith(f"{part}.")), None)


def test_imports_run_only_downward() -> None:
    upward = [
        f"{module(path)} imports {name}"
        for path in sources("app.py", "chalicelib", "infra")
        for name in imports(path)
        if (here := floor(module(path))) is not None and (there := floor(name)) is not None and there > here
    ]
    assert upward == []


def test_every_part_has_a_floor() -> None:
    homeless = [module(p) for p in sources("chalicelib") if floor(module(p)) is None and module(p) != "chalicelib"]
    assert homeless == []


def test_no_dialect_imports_another() -> None:
    rooms = {p.name for p in (ROOT / "chalicelib/dialects").iterdir() if p.is_dir() and not p.name.startswith("_")}
    crossing = [
        f"{module(path)} imports {name}"
        for room in rooms
        for path in sources(f"chalicelib/dialects/{room}")
        for name in imports(path)
        if name.startswith("chalicelib.dialects.") and name.split(".")[2] in rooms - {room}
    ]
    assert crossing == []


def test_dialects_and_the_web_meet_what_serves_the_ports_only_through_the_ports() -> None:
    direct = [
        f"{module(path)} imports {name}"
        for path in sources("chalicelib/dialects", "chalicelib/console", "chalicelib/web", "chalicelib/fleet")
        for name in imports(path)
        if any(name == part or name.startswith(f"{part}.") for part in SERVES_PORTS)
    ]
    assert direct == []


def fleet_graph() -> dict[str, set[str]]:
    """Which modules of the fleet each of them imports, wherever in the file."""
    modules = {module(path): path for path in sources("chalicelib/fleet")}

    def nearest(name: str) -> str | None:
        return name if name in modules else name.rpartition(".")[0] if name.rpartition(".")[0] in modules else None

    return {
        name: {found for other in imports(path) if (found := nearest(other)) and found != name}
        for name, path in modules.items()
    }


def below(graph: dict[str, set[str]], start: set[str]) -> set[str]:
    seen: set[str] = set()
    todo = set(start)
    while todo:
        name = todo.pop()
        seen.add(name)
        todo |= graph[name] - seen
    return seen


def test_no_module_of_the_fleet_comes_back_to_itself() -> None:
    graph = fleet_graph()
    assert [name for name in graph if name in below(graph, graph[name])] == []


def test_what_things_are_stands_below_what_happens_to_them() -> None:
    """`ports` names records, and neither those nor what they are made of know the ports."""
    graph = fleet_graph()
    ports = {name for name in graph if name.startswith("chalicelib.fleet.ports")}
    assert [name for name in below(graph, ports) - ports if graph[name] & ports] == []
    assert [name for name in graph if name.endswith(".records") and graph[name] & ports] == []


def functions(path: Path) -> Iterator[ast.AST]:
    return (node for node in statements(tree(path)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def test_the_fleet_hides_no_import_of_itself_in_a_function() -> None:
    """But for what only few need, and what takes long to import."""
    hidden = [
        f"{module(path)}:{node.lineno} {node.module}"
        for path in sources("chalicelib/fleet")
        for function in functions(path)
        for node in statements(function)
        if isinstance(node, ast.ImportFrom)
        if (node.module or "").startswith("chalicelib.fleet") and "decoding" not in (node.module or "")
    ]
    assert hidden == []


def test_the_fleet_knows_no_framework_and_no_cloud() -> None:
    foreign = [
        f"{module(path)} imports {name}"
        for path in sources("chalicelib/fleet")
        for name in imports(path)
        if name.split(".")[0] in FOREIGN_TO_FLEET
    ]
    assert foreign == []


def test_the_fleet_says_no_vendors_word() -> None:
    """Neither in names nor in strings: what is particular to a vendor stands in its dialect."""
    assert all(_SAID.search(f"it is {word} here") for word in VENDOR_WORDS)
    said = [
        f"{module(path)}:{node.lineno} {word}"
        for path in sources("chalicelib/fleet")
        for node in ast.walk(tree(path))
        for word in words(node)
        if (VENDOR_NAMES.search(word) or _SAID.search(word)) and isinstance(node, ast.expr | ast.stmt | ast.arg)
    ]
    assert said == []


def test_the_fleet_has_no_name_for_what_a_client_sent() -> None:
    """What is wrong is a `Field`, which each dialect calls by its own name."""
    named = [
        f"{module(path)}:{node.lineno} {ast.unparse(node.args[1])}"
        for path in sources("chalicelib/fleet")
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("Invalid", "TooLarge")
        if len(node.args) > 1 and isinstance(node.args[1], ast.Constant)
    ]
    assert named == []


def words(node: ast.AST) -> list[str]:
    match node:
        case ast.Name(id=name) | ast.arg(arg=name) | ast.Attribute(attr=name):
            return [name]
        case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
            return [name]
        case ast.Constant(value=str(text)):
            return [text]
    return []


def test_no_test_patches_what_it_tests() -> None:
    """Fakes of our own ports take the place of what a test cannot use; time, ids and chance are parameters."""
    patched = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in sources("tests")
        if any(word in path.read_text(encoding="utf-8") for word in _IN_PATCHES)
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Attribute | ast.ImportFrom | ast.Import) and patches(node)
    ]
    assert patched == []


_IN_PATCHES = ("mock", "patch")
"""A file whose text has neither of them has nothing of what is looked for."""


def patches(node: ast.Attribute | ast.ImportFrom | ast.Import) -> bool:
    match node:
        case ast.Attribute(value=ast.Name(id="mock"), attr="patch"):
            return True
        case ast.Attribute(value=ast.Name(id="monkeypatch" | "patch"), attr="setattr" | "object" | "dict" | "delattr"):
            return True
        case ast.ImportFrom(module="unittest.mock" | "mock"):
            return True
        case ast.ImportFrom(module="unittest", names=names):
            return any(alias.name == "mock" for alias in names)
        case ast.Import(names=names):
            return any(alias.name in ("unittest.mock", "mock") for alias in names)
    return False


def test_no_file_outgrows_its_reader() -> None:
    lengths = {str(p.relative_to(ROOT)): len(p.read_text(encoding="utf-8").splitlines()) for p in sources(*PARTS)}
    assert {name: n for name, n in lengths.items() if n > MAX_LINES} == {}


def test_the_table_of_contents_stays_one() -> None:
    assert len((ROOT / "app.py").read_text(encoding="utf-8").splitlines()) < 150


def test_no_file_is_called_after_nothing() -> None:
    assert [str(p) for p in sources(*PARTS) if p.stem in ("utils", "util", "helpers", "common", "misc")] == []


PYPROJECT = (ROOT / "pyproject.toml").read_text(encoding="utf-8")


def ignored_rules() -> list[str]:
    lint = tomllib.loads(PYPROJECT)["tool"]["ruff"]["lint"]
    per_file = [rule for rules in lint["per-file-ignores"].values() for rule in rules]
    return [*lint["ignore"], *per_file]


@pytest.mark.parametrize("rule", sorted(set(ignored_rules())))
def test_a_rule_is_ignored_for_a_reason(rule: str) -> None:
    """The reason stands on its line, or on the line of the rule before it."""
    lines = PYPROJECT.splitlines()
    named = [number for number, line in enumerate(lines) if f'"{rule}"' in line.split("#")[0]]
    assert named
    for number in named:
        block = lines[number : number + 2]
        assert any("#" in line for line in block), lines[number]


@cache
def proofs() -> dict[str, list[Path]]:
    return rows.proofs()


def test_the_readme_says_what_the_tests_prove() -> None:
    said = rows.README.read_text(encoding="utf-8")
    assert said == rows.written(said, proofs()), "`make rows` brings the README up to date"


def test_every_marker_names_a_row_of_the_readme() -> None:
    assert proofs().keys() - rows.named(rows.README.read_text(encoding="utf-8")) == set()
