"""The files of the console: what browsers are told of them, how big they are, and what they say in two languages."""

import hashlib
import json
import re
from itertools import pairwise
from pathlib import Path
from urllib.parse import urljoin

import pytest

from chalicelib.console import files, prices, serving
from chalicelib.web.request import Headers, Request
from infra import vendored
from tests.dialects.served import Raw, Served
from tests.fakes import MemoryPorts

ROOT = Path(__file__).resolve().parents[2]
OURS = {name: text.decode() for name, text in files.files().items() if not name.startswith("vendor/")}
SCRIPTS = {name: text for name, text in OURS.items() if name.endswith(".js")}
MOST = 250_000
"""Bytes, of all that a browser may load."""
MOST_FILES = 50
"""Each is a request of whoever comes for the first time."""


@pytest.fixture(scope="module")
def served() -> Served:
    return Served([serving.api(())])


def got(served: Served, path: str, method: str = "GET") -> Raw:
    return served.send(MemoryPorts(), method, path, {}, b"", query="", safe="/")


@pytest.mark.parametrize("page", ["/console", "/console/"])
def test_the_page_finds_its_files_with_a_slash_at_its_end_and_without(served: Served, page: str) -> None:
    answer = got(served, page)
    assert (answer.status, answer.headers["Cache-Control"]) == (200, "no-cache")
    named = re.findall(r'(?:src|href)="([^"]+)"', answer.body.decode())
    assert len(named) == 5
    for name in named:
        found = got(served, urljoin(page, name))
        assert (found.status, found.headers["Cache-Control"]) == (200, "public, max-age=31536000, immutable"), name


def test_modules_name_modules_that_are_there() -> None:
    known = set(files.files())
    named = {
        urljoin(f"/{name}", imported).lstrip("/")
        for name, text in files.files().items()
        if name.endswith(".js")
        for imported in re.findall(r'from ?"([^"]+)"', text.decode())
    }
    assert named - known == set()
    scripts = {name for name in known if name.endswith(".js")}
    assert scripts - named == {"main.js", "vendor/uplot.js"}, "nobody imports these"


def test_what_is_of_another_version_is_not_there(served: Served) -> None:
    place = f"/console/{files.version()}"
    assert got(served, f"{place}/main.js").status == 200
    for path in ("/console/0123456789abcdef/main.js", f"{place}/index.html", f"{place}/nothing.js", f"{place}/vendor"):
        assert got(served, path).status == 404
    for path in (f"{place}/../main.js", f"{place}/%2e%2e/files.py", f"{place}/vendor/preact.LICENSE"):
        assert got(served, path).status in {404, 403}


def test_every_answer_says_that_nothing_but_its_own_files_is_run(served: Served) -> None:
    for path in ("/console", f"/console/{files.version()}/main.js", "/console/about.json"):
        headers = got(served, path).headers
        policy = dict(part.split(" ", 1) for part in headers["Content-Security-Policy"].split("; "))
        assert (policy["default-src"], policy["script-src"], policy["style-src"]) == ("'none'", "'self'", "'self'")
        assert (policy["require-trusted-types-for"], policy["trusted-types"]) == ("'script'", "'none'")
        assert "unsafe" not in headers["Content-Security-Policy"]
        assert (headers["X-Content-Type-Options"], headers["Referrer-Policy"]) == ("nosniff", "no-referrer")


@pytest.mark.parametrize(
    ("host", "way", "told"),
    [
        ("iot.example.org", "https", True),
        ("iot.example.org:8443", "https", True),
        ("iot.example.org", "http", False),
        ("localhost:8443", "https", False),
        ("127.0.0.1:8443", "https", False),
        ("[::1]:8443", "https", False),
    ],
)
def test_browsers_come_back_over_tls_where_the_host_is_no_machine_of_their_own(
    host: str, way: str, *, told: bool
) -> None:
    sent = Headers({"Host": host, "X-Forwarded-Proto": way})
    answer = serving.page(MemoryPorts(), Request(headers=sent))
    assert ("Strict-Transport-Security" in answer.headers) is told


def test_it_is_small() -> None:
    assert sum(map(len, files.files().values())) <= MOST
    assert len(files.files()) <= MOST_FILES


def test_it_belongs_to_no_host() -> None:
    """One package serves every account, region and host name."""
    hosts = {host for text in OURS.values() for host in re.findall(r"(?:https?|wss?)://[a-z0-9.-]+\.[a-z]+", text)}
    assert hosts == {"http://www.w3.org"}, "the name of SVG"


def test_its_version_changes_with_its_files() -> None:
    digest = hashlib.sha256()
    for name, content in sorted(files.files().items()):
        digest.update(f"{name}\0{len(content)}\0".encode() + content)
    assert files.version() == digest.hexdigest()[:16]


@pytest.mark.parametrize("name", sorted(SCRIPTS))
def test_nothing_becomes_markup_or_code(name: str) -> None:
    """What is shown is text; styles and handlers in markup would not pass the policy either."""
    assert not re.search(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|localStorage", SCRIPTS[name]
    )
    assert not re.search(r"<[a-z][^>]*\sstyle=", SCRIPTS[name])


def words() -> dict[str, list[str]]:
    """The table, whose entries are JSON but for their names."""
    entries = re.findall(r"^  (\w+): (\[.*\]),$", SCRIPTS["words.js"], re.MULTILINE)
    return {name: json.loads(said) for name, said in entries}


def test_all_words_are_in_both_languages_and_fill_in_the_same() -> None:
    for name, said in words().items():
        assert len(said) == 2, name
        assert all(said), name
        assert len({frozenset(re.findall(r"\{\w+\}", each)) for each in said}) == 1, name


def test_the_table_is_in_order() -> None:
    assert [(a, b) for a, b in pairwise(words()) if a.lower() > b.lower()] == []


def test_every_word_that_is_used_is_in_the_table_and_every_one_in_it_is_used() -> None:
    rest = "\n".join(text for name, text in SCRIPTS.items() if name != "words.js")
    called = re.findall(r"\bt\(((?:[^()]|\([^()]*\))*)\)", rest)
    plain = {word for call in called for word in re.findall(r'"([A-Za-z_]+)"', call)}
    plain |= set(re.findall(r'title: "(\w+)"', rest))
    composed = {prefix for call in called for prefix in re.findall(r"`(\w+_)\$\{", call)}
    spans = set(re.findall(r"\b(for_\w+):", rest))
    known = set(words())
    assert plain - known == set()
    assert [prefix for prefix in composed if not any(word.startswith(prefix) for word in known)] == []
    spoken = set(re.findall(r'"(\w+)"', rest))
    used = spoken | spans | {word for word in known if any(word.startswith(prefix) for prefix in composed)}
    assert known - used == set()


def test_no_text_stands_beside_the_table() -> None:
    """A word between tags, or in a label, that nobody could translate."""
    beside = [
        f"{name}: {text}"
        for name, script in SCRIPTS.items()
        for text in re.findall(r"(?:>|aria-label=\")([A-Za-z][a-z]+ [a-z]+[^<$`\"]*)[<\"]", script)
    ]
    assert beside == []


@pytest.mark.parametrize("package", vendored.packages(), ids=lambda package: package.name)
def test_what_comes_from_others_is_as_it_came(package: vendored.Package) -> None:
    """`python -m infra.vendored` fetches it from npm to compare; conformance does that."""
    vendored.check(package)
    assert f"{package.name}.LICENSE" in package.files
    assert package.integrity.startswith("sha512-")


def test_nothing_else_lies_among_it() -> None:
    listed = {name for package in vendored.packages() for name in package.files}
    assert {path.name for path in vendored.FOLDER.iterdir()} == listed


def test_a_file_that_was_changed_is_noticed(tmp_path: Path) -> None:
    package = next(one for one in vendored.packages() if one.name == "htm")
    for name in package.files:
        (tmp_path / name).write_bytes((vendored.FOLDER / name).read_bytes() + b"\n")
    with pytest.raises(vendored.NotTheSameError):
        vendored.check(package, tmp_path)


def test_it_says_the_price_that_is_derived(served: Served) -> None:
    about = json.loads(got(served, "/console/about.json").body)
    table = (ROOT / "docs" / "price.md").read_text(encoding="utf-8")
    rows = {
        line.split("|")[1].strip(" *"): float(line.rsplit("**", 2)[1])
        for line in table.splitlines()
        if line.startswith("|") and line.rstrip(" |").endswith("**")
    }
    assert about["price"] == prices.A_MILLION
    every = ("one a second", "one every five minutes")
    assert prices.A_MILLION["message"] == [rows[f"a message of 1 KB, {each}"] for each in every]
    assert prices.A_MILLION["command"] == [
        rows["command, network acknowledgement"],
        rows["command, answered by the device"],
    ]


def test_the_pictures_of_the_readme_are_there_and_all_are_shown() -> None:
    """`tests/conformance/console/test_pictures.py` makes them."""
    shown = set(re.findall(r"docs/images/([\w-]+\.png)", (ROOT / "README.md").read_text(encoding="utf-8")))
    assert shown == {path.name for path in (ROOT / "docs" / "images").glob("*.png")}
