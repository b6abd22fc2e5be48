"""Which route a path leads to: prefixes tell the dialects apart, and below each a trie of segments finds the route.

Paths are those of the request, still percent-encoded: they are split first and decoded once, so that an encoded slash
is part of a segment. One slash at the end counts for nothing; an empty segment is no value of a parameter. At each
place a literal goes before a parameter, and a parameter before `{name+}`, which takes all that follows.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import unquote

from chalicelib.web.routes import Api, Route

GREEDY = "+}"


@dataclass(frozen=True, slots=True)
class Place:
    """What there is at a path: its routes by method (none: nothing), and the values of the path's parameters."""

    api: Api
    routes: Mapping[str, Route]
    values: tuple[str, ...] = ()

    def parameters(self, route: Route) -> dict[str, str]:
        """By the names that this route gives them: those of one path may differ."""
        names = [part.strip("{+}") for part in route.path.split("/") if part.startswith("{")]
        return dict(zip(names, self.values, strict=True))


@dataclass(slots=True)
class _Node:
    literals: "dict[str, _Node]" = field(default_factory=dict)
    parameter: "_Node | None" = None
    rest: "_Node | None" = None
    routes: dict[str, Route] = field(default_factory=dict)


_Found = tuple[_Node, tuple[str, ...]]


class Trie:
    """The routes of one API."""

    def __init__(self, routes: Iterable[Route]) -> None:
        """ValueError where two routes have the same method and path."""
        self._root = _Node()
        for route in routes:
            node = self._root
            for part in split(route.path):
                node = _child(node, part)
            if route.method in node.routes:
                raise ValueError(f"{route.method} {route.path} is there twice")
            node.routes[route.method] = route

    def find(self, segments: Sequence[str]) -> tuple[Mapping[str, Route], tuple[str, ...]]:
        node, values = _find(self._root, segments, 0) or (_Node(), ())
        return node.routes, values


class Router:
    """The APIs of one site. What lies below none of their prefixes belongs to `otherwise`."""

    def __init__(self, apis: Iterable[Api], otherwise: Api) -> None:
        self._tries: dict[tuple[str, ...], tuple[Api, Trie]] = {}
        for api in apis:
            trie = Trie(api.routes)
            for prefix in api.prefixes:
                self._tries[tuple(split(prefix))] = api, trie
        self._deepest = max((len(prefix) for prefix in self._tries), default=0)
        self._otherwise = otherwise

    def find(self, path: str) -> Place:
        """Errors: UnicodeDecodeError, for bytes that are no UTF-8."""
        segments = split(path)
        api, trie = self._under(segments)
        if api.collapsing:
            segments = [segment for segment in segments if segment]
        routes, values = ({}, ()) if trie is None else trie.find(segments)
        return Place(api, routes, values)

    def api(self, path: str) -> Api:
        """The one that answers for this path, whether or not there is anything, or it can be read."""
        return self._under(split(path, errors="replace"))[0]

    def _under(self, segments: Sequence[str]) -> tuple[Api, Trie | None]:
        for depth in range(min(self._deepest, len(segments)), 0, -1):
            found = self._tries.get(tuple(segments[:depth]))
            if found is not None:
                return found
        return self._otherwise, None


def split(path: str, errors: str = "strict") -> list[str]:
    """The segments, each decoded once. Errors: UnicodeDecodeError."""
    parts = path.removeprefix("/").removesuffix("/").split("/")
    return [unquote(part, errors=errors) for part in parts]


def _child(node: _Node, part: str) -> _Node:
    if not part.startswith("{"):
        return node.literals.setdefault(part, _Node())
    if part.endswith(GREEDY):
        node.rest = node.rest or _Node()
        return node.rest
    node.parameter = node.parameter or _Node()
    return node.parameter


def _find(node: _Node, segments: Sequence[str], at: int) -> _Found | None:
    if at == len(segments):
        return (node, ()) if node.routes else None
    segment = segments[at]
    if segment in node.literals and (found := _find(node.literals[segment], segments, at + 1)):
        return found
    if node.parameter is not None and segment and (found := _find(node.parameter, segments, at + 1)):
        return found[0], (segment, *found[1])
    if node.rest is not None:
        return node.rest, ("/".join(segments[at:]),)
    return None
