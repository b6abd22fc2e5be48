"""Which route a path leads to."""

from dataclasses import replace

import pytest

from chalicelib.fleet.ports import Ports
from chalicelib.web import plain
from chalicelib.web.request import Answer, Request
from chalicelib.web.router import Router
from chalicelib.web.routes import Route


def handler(_ports: Ports, _request: Request) -> Answer:
    return Answer()


def route(path: str, method: str = "GET") -> Route:
    return Route(method, path, handler, path, public=True)


NOTHING = plain.api("nothing", ())
DEEP = "/api/a/{b}/c/{d}/e/{f}/g/{h}"
FIRST = plain.api(
    "first",
    ["/api", "/more"],
    [
        route("/api/things"),
        route("/api/things/{id}"),
        route("/api/things/{other}", "PUT"),
        route("/api/things/fixed"),
        route("/api/things/{id}/parts/{part}"),
        route("/api/things/fixed/parts"),
        route("/more/files/{path+}"),
        route("/more/files/{name}/size"),
        route(DEEP),
    ],
)
SECOND = plain.api("second", ["/api/v2"], [route("/api/v2/things"), route("/api/v2/{id}")])
ROUTER = Router([FIRST, SECOND], NOTHING)


def found(path: str, method: str = "GET") -> tuple[str, dict[str, str]] | None:
    place = ROUTER.find(path)
    served = place.routes.get(method)
    return (served.path, place.parameters(served)) if served else None


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/api/things", ("/api/things", {})),
        ("/api/things/", ("/api/things", {})),
        ("/api/things/x", ("/api/things/{id}", {"id": "x"})),
        ("/api/things/fixed", ("/api/things/fixed", {})),
        ("/api/things/fixed/parts/1", ("/api/things/{id}/parts/{part}", {"id": "fixed", "part": "1"})),
        ("/api/%74hings/x", ("/api/things/{id}", {"id": "x"})),
        ("/api/things/a%2Fb", ("/api/things/{id}", {"id": "a/b"})),
        ("/api/things/a%252Fb", ("/api/things/{id}", {"id": "a%2Fb"})),
        ("/api/things/a;b=c,d", ("/api/things/{id}", {"id": "a;b=c,d"})),
        ("/api/things/a+b%20c", ("/api/things/{id}", {"id": "a+b c"})),
        ("/api/things/urn:lo:%C3%BC", ("/api/things/{id}", {"id": "urn:lo:ü"})),
        ("/api/a/1/c/2/e/3/g/4", (DEEP, {"b": "1", "d": "2", "f": "3", "h": "4"})),
        ("/api/v2/things", ("/api/v2/things", {})),
        ("/more/files/x/y/z.js", ("/more/files/{path+}", {"path": "x/y/z.js"})),
        ("/more/files/x/size", ("/more/files/{name}/size", {"name": "x"})),
    ],
)
def test_a_path_leads_to_its_route(path: str, expected: tuple[str, dict[str, str]]) -> None:
    assert found(path) == expected


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "",
        "/api",
        "//api/things",
        "/api//things",
        "/api/things//",
        "/api/things//parts/1",
        "/api%2Fthings",
        "/API/things",
        "/api/things/x/parts",
        "/api/a/1/c/2/e/3/g/4/5",
        "/more/files",
        "/more/files/",
        "/elsewhere",
        "api",
        "/api/v2",
    ],
)
def test_a_path_leads_nowhere(path: str) -> None:
    assert found(path) is None


@pytest.mark.parametrize("path", ["/api/things/7", "/api/things/7/", "/api//things//7", "/api/things//7//"])
def test_several_slashes_are_one_where_the_api_says_so(path: str) -> None:
    router = Router([replace(FIRST, collapsing=True), SECOND], NOTHING)
    place = router.find(path)
    assert place.parameters(place.routes["GET"]) == {"id": "7"}


def test_each_route_of_a_path_has_its_own_names() -> None:
    assert found("/api/things/x", "PUT") == ("/api/things/{other}", {"other": "x"})


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/api", "first"),
        ("/api/" + "x/" * 40, "first"),
        ("/api/v2", "second"),
        ("/api/v2/a/b/c/d/e/f/g/h/i", "second"),
        ("/api/v22", "first"),
        ("/more/nothing", "first"),
        ("/apis", "nothing"),
        ("/", "nothing"),
        ("/api/v2/%ff", "second"),
    ],
)
def test_the_longest_prefix_says_who_answers(path: str, name: str) -> None:
    assert ROUTER.api(path).name == name


def test_what_another_api_has_is_not_found_below_its_prefix() -> None:
    """`/api/things/{id}` would match as well, were it one trie for all."""
    assert Router([FIRST, plain.api("third", ["/api/things"])], NOTHING).find("/api/things/x").routes == {}


def test_bytes_that_are_no_utf8_are_no_path() -> None:
    with pytest.raises(UnicodeDecodeError):
        ROUTER.find("/api/things/%ff")


def test_one_operation_is_there_once() -> None:
    with pytest.raises(ValueError, match="is there twice"):
        Router([plain.api("twice", ["/a"], [route("/a/{x}"), route("/a/{y}")])], NOTHING)


def test_what_belongs_to_no_dialect_is_open_to_all() -> None:
    with pytest.raises(ValueError, match="/a is not public"):
        plain.api("closed", ["/a"], [Route("GET", "/a", handler, "a")])


@pytest.mark.parametrize("path", ["/loose/things/x", "/loose//things///x//"])
def test_slashes_count_once_where_the_api_says_so(path: str) -> None:
    loose = replace(plain.api("loose", ["/loose"], [route("/loose/things/{id}")]), collapsing=True)
    router = Router([FIRST, loose], NOTHING)
    place = router.find(path)
    assert place.parameters(place.routes["GET"]) == {"id": "x"}
    assert not router.find("/api//things").routes
